"""Bets on the screen: a line each, why one has its result, how the bankroll went."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from policytrader.app.tracking.documents import history_document
from policytrader.model.money import ZERO, half_up, money_text
from policytrader.model.times import format_utc

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal
    from zoneinfo import ZoneInfo

    from policytrader.app.tracking.curve import ClosingLine, Curve
    from policytrader.model.tracked import HistoryEntry, TrackedBet

_NOTHING = "-"
_SHORT = 12


def bet_line(bet: TrackedBet, zone: ZoneInfo) -> str:
    """Id, kick-off, selection, price and stake, status, profit, tags."""
    profit = f"{money_text(bet.profit_loss):>9}" if bet.status.is_settled else " " * 9
    hand = " by hand" if bet.manual_override else ""
    tags = "".join(f"  #{tag}" for tag in bet.tags)
    selection = f"{bet.player_name or bet.team} {_selection(bet)}"
    return (
        f"{bet.bet_id}  {_time(bet.kickoff_at, zone)}  {selection:<44} @{bet.odds} x {money_text(bet.actual_stake)}"
        f"  {bet.status:<9} {profit}{hand}{tags}"
    )


def explained(bet: TrackedBet, entries: Sequence[HistoryEntry], zone: ZoneInfo) -> list[str]:
    """What was bet, what came of it and by which rule, where the number was read, and every step."""
    result = bet.result
    evidence = (
        next((entry.evidence for entry in reversed(entries) if entry.evidence), {}) if bet.status.is_settled else {}
    )
    lines = [
        f"{bet.bet_id}  {bet.player_name or bet.team}  {_selection(bet)}  {bet.match or _NOTHING}",
        f"status    {bet.status}{' (by hand: no automatic step changes it)' if bet.manual_override else ''}",
        f"reason    {result.reason or _NOTHING}",
        f"rule      {result.rule_id or _NOTHING}",
        f"line      {_number(bet.threshold)} {bet.market_direction or _NOTHING}",
        f"value     {_number(bet.actual_value)}{f' ({result.quality})' if result.quality else ''}",
        f"returns   {money_text(bet.returns)}, profit {money_text(bet.profit_loss)}",
        f"policy    {(result.policy_hash or _NOTHING)[:_SHORT]}",
        f"feed      {result.stat_source or _NOTHING}, answer {(result.snapshot_hash or _NOTHING)[:_SHORT]}",
    ]
    lines += [f"read at   {path}" for path in evidence.get("source_paths", ())]
    return [*lines, "history", *(f"  {line}" for line in history_lines(entries, zone))]


def history_lines(entries: Sequence[HistoryEntry], zone: ZoneInfo) -> list[str]:
    """A line for each change."""
    return [_step(entry, zone) for entry in entries]


def history_json(entry: HistoryEntry) -> dict[str, Any]:
    """A change as JSON: its time as text."""
    return history_document(entry) | {"at": format_utc(entry.at)}


def curve_lines(curve: Curve, line: ClosingLine, zone: ZoneInfo) -> list[str]:
    """A line for each settled bet, then what it came to."""
    lines = [
        f"{_time(one.at, zone)}  {_signed(one.profit_units)}u  total {_signed(one.total_units)}u  "
        f"below the height {money_text(one.drawdown_units)}u  {one.bet_id}"
        for one in curve.points
    ]
    worst = money_text(curve.worst_drawdown_units)
    lines.append(f"profit {_signed(curve.total_units)}u  yield {_signed(curve.yield_percent)}%  worst fall {worst}u")
    mean = f", on average {_signed(line.mean * 100)}%" if line.mean is not None else ""
    lines.append(
        f"closing price: {line.known_count} of {line.bet_count} bets have one, {line.better_count} beat it{mean}"
    )
    return lines


def _step(entry: HistoryEntry, zone: ZoneInfo) -> str:
    changed = "" if entry.from_status == entry.to_status else f"  {entry.from_status} -> {entry.to_status}"
    fields = "".join(
        f"  {name} {entry.before.get(name) or _NOTHING} -> {value or _NOTHING}"
        for name, value in entry.after.items()
        if name in entry.before
    )
    rule = f"  [{entry.rule_id}, policy {(entry.policy_hash or _NOTHING)[:_SHORT]}]" if entry.rule_id else ""
    note = f"  {json.dumps(entry.note, ensure_ascii=False)}" if entry.note else ""
    return f"{_time(entry.at, zone)}  {entry.by:<6}  {entry.reason}{changed}{fields}{rule}{note}"


def _selection(bet: TrackedBet) -> str:
    return f"{bet.market} {bet.market_direction or ''} {_number(bet.threshold)}"


def _signed(amount: Decimal) -> str:
    return f"{half_up(amount) + ZERO:+.2f}"


def _number(value: Decimal | None) -> str:
    return _NOTHING if value is None else format(value, "f")


def _time(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{_NOTHING:<16}" if moment is None else f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
