"""A replay in words: the rows and lines that the terminal and the HTML page share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from policytrader.cli.report_words import NOTHING, percent_text, signed_text
from policytrader.cli.words import counted
from policytrader.model.journal import Purpose
from policytrader.model.money import ZERO, divide, money_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime, tzinfo
    from decimal import Decimal

    from policytrader.app.replay.bootstrap import Interval
    from policytrader.app.replay.causes import Cause, ConditionSeen
    from policytrader.app.replay.compare import Did, Difference
    from policytrader.app.replay.report import ReplayReport
    from policytrader.app.replay.summary import Result, Totals
    from policytrader.app.replay.why import Explained
    from policytrader.engine.explain import LeafSeen
    from policytrader.model.replay import ReplayedOrder, ReplayedSelection

LETTERS = ("A", "B")
FEW_RACES = "no interval: fewer than 2 races"
_HUNDRED = 100

PICK_HEAD = (
    "Off", "Course", "Runner", "Bet", "Price", "Orders", "Sent", "Matched", "Average", "SP", "Outcome", "Net",
    "Why invalid",
)  # fmt: skip
PICK_NUMBERS = frozenset({4, 5, 6, 7, 8, 9, 11})
"""The columns of numbers."""
DIFFERENCE_HEAD = ("Off", "Course", "Runner", "Bet", "At", "A", "B", "Net B - A", "Because of")
DIFFERENCE_NUMBERS = frozenset({7})


class Row(NamedTuple):
    """A total under each policy, and how much more it is under B (empty for one policy, or where it is no number)."""

    name: str
    values: tuple[str, ...]
    more: str


def headline(report: ReplayReport) -> str:
    """What was replayed."""
    first = report.results[0]
    replay = first.replay
    return (
        f"REPLAY  cadence {replay.cadence}  {counted(first.races, 'race')}  {counted(replay.markets, 'market')}  "
        f"{counted(first.totals.picks, 'selection')}  {counted(replay.ticks, 'tick')}"
    )


def policy_lines(report: ReplayReport) -> Iterator[str]:
    """``A  9f3c2a1  rules``; one policy has no letter."""
    for letter, name, result in zip(LETTERS, report.names, report.results, strict=False):
        shown = f"{letter}  " if len(report.names) > 1 else "policy "
        yield f"{shown}{result.replay.policy_hash[:7]}  {name}"


def total_rows(report: ReplayReport) -> Iterator[Row]:
    """The totals, one row each."""
    totals = [result.totals for result in report.results]
    for name, read in _COUNTS:
        counts = [read(one) for one in totals]
        more = f"{counts[-1] - counts[0]:+}" if counts[-1] != counts[0] else "0"
        yield Row(name, tuple(map(str, counts)), more if len(counts) > 1 else "")
    for name, money in _AMOUNTS:
        yield _row(name, [money(one) for one in totals])
    nets = [signed_text(one.net) for one in totals]
    yield Row("net profit", tuple(nets), "" if report.comparison is None else signed_text(report.comparison.net))
    shown = tuple(interval_text(result.net_interval, result.races) for result in report.results)
    more = "" if report.comparison is None else interval_text(report.comparison.net_interval, report.results[0].races)
    yield Row("net, 95 % of resamples", shown, more)
    beats = [one.beat_percent for one in totals]
    yield Row("SP beat", tuple(map(_percent, beats)), _more_percent(beats))
    intervals = tuple(interval_text(result.beat_interval, 2, " %") for result in report.results)
    yield Row("SP beat, 95 %", intervals, "")
    yield _row("largest drawdown", [one.drawdown for one in totals])


_COUNTS: tuple[tuple[str, Callable[[Totals], int]], ...] = (
    ("decisions", lambda one: one.decisions),
    ("selections with orders", lambda one: one.picks_with_orders),
    ("selections matched", lambda one: one.picks_matched),
    ("selections invalidated", lambda one: one.invalidated),
    ("orders", lambda one: one.orders),
    ("hedges", lambda one: one.hedges),
)
_AMOUNTS: tuple[tuple[str, Callable[[Totals], Decimal]], ...] = (
    ("stake sent", lambda one: one.size_sent),
    ("risk sent", lambda one: one.risk_sent),
    ("stake matched", lambda one: one.size_matched),
    ("risk matched", lambda one: one.risk_matched),
    ("profit before commission", lambda one: one.profit),
    ("commission", lambda one: one.commission),
)
DEFINITIONS = (
    "Stake is the size of opening orders, risk the stake of a back and the liability of a lay; hedges are in the "
    "profit alone. SP beat: of a back average / SP - 1, of a lay SP / average - 1, weighted by the size matched. "
    "Drawdown: the largest fall of the net profit, by the off. Intervals: the middle 95 % of resamples of whole races."
)


def _row(name: str, values: Sequence[Decimal]) -> Row:
    return Row(name, tuple(map(money_text, values)), signed_text(values[1] - values[0]) if len(values) > 1 else "")


def _percent(percent: Decimal | None) -> str:
    return NOTHING if percent is None else percent_text(percent)


def _more_percent(values: Sequence[Decimal | None]) -> str:
    one, two = (values[0], values[-1]) if len(values) > 1 else (None, None)
    return "" if one is None or two is None else percent_text(two - one)


def interval_text(interval: Interval | None, races: int, unit: str = "") -> str:
    """``-1.20 to +8.40``; says so where there are too few races for one."""
    if interval is None:
        return FEW_RACES if races < 2 else NOTHING  # noqa: PLR2004 - as it says
    return f"{signed_text(interval.low)} to {signed_text(interval.high)}{unit}"


def verdict_line(report: ReplayReport) -> str:
    """What the comparison comes to, in one sentence."""
    comparison = report.comparison
    assert comparison is not None, "asked of two policies"
    picks = comparison.before.totals.picks
    line = f"{len(comparison.differences)} of {counted(picks, 'selection')} differ"
    if not comparison.differences:
        return f"{line}: the two policies do the same"
    line += f"; B makes {signed_text(comparison.net)} more than A"
    interval = comparison.net_interval
    if interval is None:
        return f"{line}; {FEW_RACES}"
    told = "chance may explain it" if interval.holds_zero else "more than chance explains"
    return f"{line}, 95 % of resamples {interval_text(interval, picks)}: {told}"


def single_lines(result: Result) -> Iterator[tuple[str, str]]:
    """Of one policy what has no total: a name and a line each."""
    for name, counts in (("decided", result.actions), ("refused", result.refused)):
        if counts:
            yield name, ", ".join(f"{what} {count}" for what, count in counts.items())
    for reason, count in result.reasons:
        yield "invalid", f"{count} {reason}"


# --- Selections -----------------------------------------------------------------------------------------------------


def pick_cells(pick: ReplayedSelection, zone: tzinfo) -> tuple[str, ...]:
    """A pick's row, as ``PICK_HEAD`` names the columns."""
    size, value = pick.matched
    sent = sum((one.size for one in pick.orders if one.purpose is Purpose.OPENING), ZERO)
    return (
        *_named(pick, zone),
        money_text(pick.selection.price_requested),
        str(len(pick.orders)) if pick.orders else NOTHING,
        money_text(sent) if sent else NOTHING,
        money_text(size) if size else NOTHING,
        money_text(divide(value, size)) if size else NOTHING,
        NOTHING if pick.starting_price is None else money_text(pick.starting_price),
        pick.outcome or "no result",
        signed_text(pick.net) if pick.orders else NOTHING,
        "" if pick.invalidated_at is None else pick.reason or pick.rule or "",
    )


def difference_cells(explained: Explained, zone: tzinfo) -> tuple[str, ...]:
    """A differing pick's row, as ``DIFFERENCE_HEAD`` names the columns."""
    one = explained.difference
    at = NOTHING if one.at is None else moment_text(one.at, zone)
    did = [did_text(one, number) for number in (0, 1)]
    return (*_named(one.before, zone), at, *did, signed_text(one.net), ", ".join(explained.names))


def _named(pick: ReplayedSelection, zone: tzinfo) -> tuple[str, str, str, str]:
    one = pick.selection
    off = f"{one.race_time.astimezone(zone):%Y-%m-%d %H:%M}"
    return off, pick.course or "", one.runner_name or str(one.selection_id), f"{one.side} {one.market_type}"


def did_text(difference: Difference, number: int) -> str:
    """What policy A (0) or B (1) did at the first moment, or made of the order that was sent then."""
    did: Did = difference.did[number]
    if did.invalidated:
        return f"invalid: {did.reason or did.rule or 'no reason'}"
    if did.orders:
        is_fate = difference.first == "matched"
        return "; ".join(_order_text(order, is_fate=is_fate) for order in did.orders)
    pick = (difference.before, difference.after)[number]
    return "other share of commission" if difference.at is None and pick.orders else "nothing"


def _order_text(order: ReplayedOrder, *, is_fate: bool) -> str:
    what = "close: " if order.purpose is Purpose.HEDGE else ""
    text = f"{what}{order.side.lower()} {money_text(order.size)} @ {money_text(order.price)}"
    if order.code != "SUCCESS":
        text += f" ({order.code})"
    return f"{text}, {money_text(order.size_matched)} matched" if is_fate else text


def moment_text(at: datetime, zone: tzinfo) -> str:
    """``2026-05-02 14:42:15``."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def cause_lines(cause: Cause) -> Iterator[str]:
    """What each policy makes of a cause, and the comparisons within."""
    if cause.before or cause.after:
        yield f"{cause.label}: A {cause.before or NOTHING} | B {cause.after or NOTHING}"
    else:
        yield cause.label
    for one in cause.conditions:
        yield f"  {condition_text(one)}"


def condition_text(one: ConditionSeen) -> str:
    """``fact.active_runners: A 7 <= 7 true | B 7 <= 6 false``."""
    leaves = (one.before, one.after)
    field = next((leaf.field for leaf in leaves if leaf is not None and leaf.field), "")
    both = " | ".join(f"{letter} {_leaf_text(leaf)}" for letter, leaf in zip(LETTERS, leaves, strict=True))
    return f"{field}: {both}" if field else both


def _leaf_text(leaf: LeafSeen | None) -> str:
    if leaf is None:
        return "has none"
    if not leaf.truth:
        return f"asks {leaf.text}"
    seen = leaf.seen or leaf.note or "missing"
    return f"{seen} {leaf.text} {leaf.truth}" if leaf.field else f"{leaf.text} {leaf.truth}"


def share_percent(part: Decimal, whole: Decimal) -> str:
    """``88.52 %``; a dash of nothing."""
    return percent_text(divide(part * _HUNDRED, whole), is_signed=False) if whole else NOTHING
