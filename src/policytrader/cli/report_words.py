"""The day's report in words: the cells and lines that the terminal and the HTML page share, the JSON document, CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.cli.csv_text import csv_text
from policytrader.cli.documents import exact_or_null, money_or_null, time_or_null
from policytrader.cli.words import counted
from policytrader.model.journal import ControlKind
from policytrader.model.money import ZERO, half_up, money_text
from policytrader.model.times import format_utc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo
    from decimal import Decimal

    from policytrader.app.report import DayReport, PickReport
    from policytrader.model.journal import Control

REPORT_SCHEMA = "policytrader/report/1"
NOTHING = "-"
UNSETTLED = "to be run"
CASHED_OUT = "cashed out"

HEAD = (
    "Off", "Course", "Runner", "Bet", "Price", "Want", "Staked", "Matched", "Average", "SP", "Beat", "Outcome",
    "Profit", "Comm.", "Why invalid",
)  # fmt: skip
RUNNER = 2
"""The column that names a row."""
RIGHT = frozenset({4, 5, 6, 7, 8, 9, 10, 12, 13})
"""The columns of numbers."""


def cells_of(pick: PickReport, zone: tzinfo) -> tuple[str, ...]:
    """A pick's row, as ``HEAD`` names the columns; ``-`` is nothing."""
    return (
        f"{pick.race_time.astimezone(zone):%H:%M}",
        pick.course,
        pick.runner,
        pick.bet,
        money_text(pick.price_requested),
        _or_nothing(pick.wanted),
        _or_nothing(pick.at_risk or None),
        _or_nothing(pick.size_matched or None),
        _or_nothing(pick.average_price_matched),
        _or_nothing(pick.starting_price),
        NOTHING if pick.beat_percent is None else percent_text(pick.beat_percent),
        (str(pick.outcome) if pick.is_settled else UNSETTLED) + (f", {CASHED_OUT}" if pick.closed else ""),
        NOTHING if pick.profit is None else signed_text(pick.profit),
        _or_nothing(pick.commission),
        pick.reason or "",
    )


def summary_of(report: DayReport) -> tuple[tuple[str, str], ...]:
    """The day's totals, as a name and a line each."""
    orders, fill, mean = report.orders, report.fill_percent, report.mean_beat_percent
    net = f"{signed_text(report.net)}: profit {signed_text(report.profit)}, commission {money_text(report.commission)}"
    stopped = sum(count for _, count in report.reasons)
    filled = (
        "nothing was wanted"
        if fill is None
        else f"{percent_text(fill, is_signed=False)}: {money_text(report.filled)} of {money_text(report.wanted)}"
    )
    beat = (
        "not known yet"
        if mean is None
        else f"{percent_text(mean)} on average over {counted(len(report.beats), 'selection')}"
    )
    fates = f"{orders.seen} seen, {orders.dead} dead, {orders.unknown} unknown; {counted(orders.hedges, 'hedge')}"
    return (
        ("net", net),
        ("selections", f"{len(report.picks)}, {report.settled} settled, {stopped} invalid"),
        ("staked", f"{money_text(report.staked)} in stakes of backs and liabilities of lays"),
        ("filled", filled),
        ("SP beat", beat),
        ("orders", f"{orders.sent} sent of {orders.decided} decided: {fates}"),
    )


def control_text(control: Control, zone: tzinfo) -> str:
    """A lever that was pulled: when, what, who, why."""
    what = str(control.kind)
    if control.kind is ControlKind.LATCH:
        what = " ".join(word for word in (what, control.cause, control.subject) if word)
    elif control.cancels_open:
        what += " and cancel what is open"
    return f"{control.at.astimezone(zone):%H:%M:%S}  {what}  by {control.who}: {control.why}"


def signed_text(amount: Decimal) -> str:
    """Money with its sign: ``+12.30``, ``-5.00``, ``0.00``."""
    text = money_text(amount)
    return f"+{text}" if half_up(amount) > ZERO else text


def percent_text(percent: Decimal, *, is_signed: bool = True) -> str:
    """``+2.50 %``."""
    return f"{signed_text(percent) if is_signed else money_text(percent)} %"


def _or_nothing(amount: Decimal | None) -> str:
    return NOTHING if amount is None else money_text(amount)


# --- JSON -----------------------------------------------------------------------------------------------------------


def document_of(report: DayReport, profile: str) -> dict[str, Any]:
    """The report as one document (``policytrader/report/1``): money, prices and percentages as texts."""
    return {
        "schema": REPORT_SCHEMA,
        "mode": report.mode,
        "profile": profile,
        "day": report.day.isoformat(),
        "picks": [_pick_document(pick) for pick in report.picks],
        "totals": {
            "picks": len(report.picks),
            "settled": report.settled,
            "profit": money_text(report.profit),
            "commission": money_text(report.commission),
            "net": money_text(report.net),
            "staked": money_text(report.staked),
            "wanted": money_text(report.wanted),
            "filled": money_text(report.filled),
            "fill_percent": money_or_null(report.fill_percent),
            "beat_percent": money_or_null(report.mean_beat_percent),
            "beat_picks": len(report.beats),
        },
        "orders": {
            "decided": report.orders.decided,
            "sent": report.orders.sent,
            "seen": report.orders.seen,
            "dead": report.orders.dead,
            "unknown": report.orders.unknown,
            "hedges": report.orders.hedges,
        },
        "invalidated": [{"reason": reason, "picks": count} for reason, count in report.reasons],
        "controls": [_control_document(one) for one in report.controls],
        "races": [
            {
                "race_time": format_utc(race.race_time),
                "course": race.course,
                "picks": race.picks,
                "net": money_text(race.net),
                "total": money_text(race.total),
            }
            for race in report.races
        ],
    }


def _pick_document(pick: PickReport) -> dict[str, Any]:
    return {
        "selection_ref": pick.selection_ref,
        "race_id": pick.race_id,
        "race_time": format_utc(pick.race_time),
        "course": pick.course,
        "runner_name": pick.runner_name,
        "market_id": pick.market_id,
        "market_type": str(pick.market_type),
        "selection_id": pick.selection_id,
        "side": str(pick.side),
        "price_requested": money_text(pick.price_requested),
        "stake_points": format(pick.stake_points, "f"),
        "target": money_or_null(pick.target),
        "sent": money_text(pick.sent),
        "wanted": money_or_null(pick.wanted),
        "size_matched": money_text(pick.size_matched),
        # Exact, as the journal shows it.
        "average_price_matched": exact_or_null(pick.average_price_matched),
        "at_risk": money_text(pick.at_risk),
        "fill_percent": money_or_null(pick.fill_percent),
        "starting_price": money_or_null(pick.starting_price),
        "beat_percent": money_or_null(pick.beat_percent),
        "outcome": str(pick.outcome),
        "profit": money_or_null(pick.profit),
        "commission": money_or_null(pick.commission),
        "net": money_or_null(pick.net),
        "valid": pick.valid,
        "invalidated_reason": pick.reason,
        "invalidated_at": time_or_null(pick.invalidated_at),
        "closed": pick.closed,
        "orders": pick.orders,
        "hedges": pick.hedges,
    }


def _control_document(control: Control) -> dict[str, Any]:
    return {
        "kind": str(control.kind),
        "at": format_utc(control.at),
        "who": control.who,
        "why": control.why,
        "cause": control.cause or None,
        "subject": control.subject or None,
        "cancels_open": control.cancels_open,
    }


# --- Rows ------------------------------------------------------------------------------------------------------------

COLUMNS = (
    "mode", "day", "race_time", "course", "runner_name", "side", "market_type", "price_requested", "stake_points",
    "target", "sent", "wanted", "size_matched", "average_price_matched", "at_risk", "fill_percent", "starting_price",
    "beat_percent", "outcome", "profit", "commission", "net", "valid", "invalidated_reason", "invalidated_at", "closed",
    "orders", "hedges", "selection_ref", "race_id", "market_id", "selection_id",
)  # fmt: skip


def csv_of(report: DayReport) -> str:
    """One row a pick, as in the document; a missing value is an empty cell, the mode the first cell of each row."""
    return csv_text(COLUMNS, rows_of(report))


def rows_of(report: DayReport) -> Iterator[dict[str, Any]]:
    """A row a pick, with ``COLUMNS`` among its keys: values as in the document."""
    for pick in report.picks:
        yield {"mode": report.mode, "day": report.day.isoformat(), **_pick_document(pick)}
