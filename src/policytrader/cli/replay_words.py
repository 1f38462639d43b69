"""A replay in words: the rows and lines that the terminal and the HTML page share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from policytrader.app.replay.breakdown import largest
from policytrader.cli.report_words import NOTHING, percent_text, signed_text
from policytrader.cli.words import counted
from policytrader.model.journal import Purpose
from policytrader.model.money import ZERO, divide, money_text, percent_of, shown_difference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime, tzinfo
    from decimal import Decimal

    from policytrader.app.replay.bootstrap import Interval
    from policytrader.app.replay.breakdown import Group
    from policytrader.app.replay.causes import Cause, ConditionSeen
    from policytrader.app.replay.report import ReplayReport, Source
    from policytrader.app.replay.summary import Refusal, Result, Totals
    from policytrader.app.replay.why import Explained
    from policytrader.engine.explain import LeafSeen
    from policytrader.model.replay import ReplayedOrder, ReplayedSelection

LETTERS = ("A", "B")
FEW_RACES = "no interval: fewer than 2 races"

PICK_HEAD = (
    "Off", "Course", "Runner", "Bet", "Price", "Orders", "Hedges", "Sent", "Matched", "Average", "SP", "Outcome", "Net",
    "Why invalid",
)  # fmt: skip
PICK_NUMBERS = frozenset({4, 5, 6, 7, 8, 9, 10, 12})
"""The columns of numbers."""
DIFFERENCE_HEAD = ("Off", "Course", "Runner", "Bet", "At", "A", "B", "Net B - A", "Because of")
DIFFERENCE_NUMBERS = frozenset({7})


class Row(NamedTuple):
    """A total under each policy, and how much more it is under B (empty for one policy, or where it is no number)."""

    name: str
    values: tuple[str, ...]
    more: str


def head_lines(report: ReplayReport, zone: tzinfo) -> Iterator[str]:
    """What was replayed, in words: days, races, where the picks come from, when is decided."""
    first = report.results[0]
    replay, days = first.replay, first.days
    when = "" if not days else f" of {days[0]}" if len(days) == 1 else f" of {len(days)} days, {days[0]} to {days[-1]}"
    lost = f", {len(report.problems)} not replayed" if report.problems else ""
    yield (
        f"Replay{when}: {counted(first.races, 'race')}, {counted(replay.markets, 'market')}, "
        f"{counted(first.totals.picks, 'selection')}{lost}"
    )
    if report.source is not None:
        yield _source_text(report.source, zone)
    ticks = " and ".join(dict.fromkeys(counted(one.replay.ticks, "tick") for one in report.results))
    yield f"Decided {_CADENCES.get(replay.cadence, f'every {replay.cadence}')}: {ticks}"


_CADENCES = {"schedule": "at the times of each policy's schedule", "change": "at every change of a race"}


def _source_text(source: Source, zone: tzinfo) -> str:
    what = f"Selections by the rules of {source.name}" if source.is_rules else f"Selections from {source.name}"
    at = f"{source.at} before the off" if isinstance(source.at, str) else f"at {moment_text(source.at, zone)}"
    return f"{what}, made and captured {at}"


def policy_lines(report: ReplayReport) -> Iterator[str]:
    """``Policy A: rules (9f3c2a1)``; one policy has no letter."""
    for who, name, result in zip(heads(report, "Policy"), report.names, report.results, strict=True):
        yield f"{who}: {name} ({result.replay.policy_hash[:7]})"


def total_rows(report: ReplayReport) -> Iterator[Row]:
    """The totals, one row each, what a reader asks first in front."""
    results = report.results
    totals = [result.totals for result in results]
    more = "" if report.comparison is None else interval_text(report.comparison.net_interval, results[0].races)
    yield _amounts("net profit", [one.net for one in totals], signed_text)
    yield Row(NET_INTERVAL, tuple(interval_text(one.net_interval, one.races) for one in results), more)
    yield _percents("return on turnover", [one.return_percent for one in totals])
    yield _counts("orders", [one.orders for one in totals])
    yield _amounts("risk matched", [one.risk_matched for one in totals])
    yield _percents("SP beat", [one.beat_percent for one in totals])
    yield Row(BEAT_INTERVAL, tuple(interval_text(one.beat_interval, 2, " %") for one in results), "")
    for name, money in _AMOUNTS:
        yield _amounts(name, [money(one) for one in totals])
    for name, read in _COUNTS:
        yield _counts(name, [read(one) for one in totals])


INTERVAL = "95 % interval"
NET_INTERVAL = f"net profit, {INTERVAL}"
BEAT_INTERVAL = f"SP beat, {INTERVAL}"
_AMOUNTS: tuple[tuple[str, Callable[[Totals], Decimal]], ...] = (
    ("largest drawdown", lambda one: one.drawdown),
    ("profit before commission", lambda one: one.profit),
    ("commission", lambda one: one.commission),
    ("risk sent", lambda one: one.risk_sent),
    ("stake sent", lambda one: one.size_sent),
    ("stake matched", lambda one: one.size_matched),
)
_COUNTS: tuple[tuple[str, Callable[[Totals], int]], ...] = (
    ("hedges", lambda one: one.hedges),
    ("selections with orders", lambda one: one.picks_with_orders),
    ("selections matched", lambda one: one.picks_matched),
    ("selections invalidated", lambda one: one.invalidated),
    ("decisions", lambda one: one.decisions),
)
DEFINITIONS = (
    "Return on turnover: the net profit in percent of the risk matched. Orders open positions, hedges close them; "
    "stakes and risks are of orders, the profit has the hedges in it. Risk is the stake of a back and the liability of "
    "a lay. SP beat: of a back average / SP - 1, of a lay SP / average - 1, weighted by the size matched. "
    "Drawdown: the largest fall of the net profit, by the off. 95 % interval: the middle of resamples of whole races. "
    "Each amount is rounded by itself; B - A is of the amounts as they are shown, of percentages in points."
)


def _counts(name: str, counts: Sequence[int]) -> Row:
    more = "" if len(counts) == 1 else f"{counts[1] - counts[0]:+}" if counts[1] != counts[0] else "0"
    return Row(name, tuple(map(str, counts)), more)


def _amounts(name: str, amounts: Sequence[Decimal], shown: Callable[[Decimal], str] = money_text) -> Row:
    return Row(name, tuple(map(shown, amounts)), _more(amounts))


def _percents(name: str, percents: Sequence[Decimal | None]) -> Row:
    known = [one for one in percents if one is not None]
    more = _more(known)
    return Row(name, tuple(map(_percent, percents)), f"{more} %" if more else "")


def _more(amounts: Sequence[Decimal]) -> str:
    return signed_text(shown_difference(*amounts)) if len(amounts) > 1 else ""


def _percent(percent: Decimal | None) -> str:
    return NOTHING if percent is None else percent_text(percent)


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
    line += f"; {_more_text(comparison.net_shown)}"
    interval = comparison.net_interval
    if interval is None:
        return f"{line}; {FEW_RACES}"
    told = "chance may explain it" if interval.holds_zero else "more than chance explains"
    return f"{line}, {INTERVAL} {interval_text(interval, picks)}: {told}"


def _more_text(net: Decimal) -> str:
    """``B makes 18.95 less than A``."""
    amount = money_text(abs(net))
    if amount == money_text(ZERO):
        return "B makes as much as A"
    return f"B makes {amount} {'more' if net > ZERO else 'less'} than A"


def single_lines(result: Result) -> Iterator[tuple[str, str]]:
    """Of one policy what has no total: a name and a line each."""
    if result.actions:
        yield "decided", decided_text(result)
    for one in result.refusals:
        picks, days = refused_texts(one, result)
        yield "refused", f"{one.code}: orders of {picks} selections on {days} days, at {counted(one.ticks, 'tick')}"
    for reason, count in result.reasons:
        yield "invalid", f"{count} {reason}"


def decided_text(result: Result) -> str:
    """``WAIT 297, PLACE 3``."""
    return ", ".join(f"{what} {count}" for what, count in result.actions.items())


def refused_texts(refusal: Refusal, result: Result) -> tuple[str, str]:
    """``658 of 864`` selections, and ``6 of 6`` days."""
    return f"{refusal.picks} of {result.totals.picks}", f"{refusal.days} of {len(result.days)}"


# --- Breakdowns -----------------------------------------------------------------------------------------------------

_BY = {"day": "Day", "bet": "Bet", "price": "Price requested", "course": "Course", "rule": "Rule"}


def letters_of(report: ReplayReport) -> tuple[str, ...]:
    """What each policy is called; one alone has no letter."""
    return LETTERS if len(report.results) > 1 else ("",)


def heads(report: ReplayReport, what: str) -> list[str]:
    """``what`` for each policy."""
    return [f"{what} {letter}".strip() for letter in letters_of(report)]


def breakdown_tables(report: ReplayReport, most: int) -> Iterator[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    """Each breakdown: what it is by, head, and at most so many rows. Only the first column is no number."""
    more = ["Net B - A"] if report.comparison is not None else []
    for each in zip(*(result.breakdowns for result in report.results), strict=True):
        head = (
            _BY[each[0].by], *heads(report, "Net"), *more, *heads(report, "Return"), "Selections",
            *heads(report, "Orders"), *heads(report, "Risk matched"),
        )  # fmt: skip
        rows = largest(list(zip(*(one.groups for one in each), strict=True)), most)
        if rows:
            yield each[0].by, head, [_group_cells(row) for row in rows]


def _group_cells(row: Sequence[Group]) -> tuple[str, ...]:
    nets = [one.net for one in row]
    return (
        row[0].label, *map(signed_text, nets), *([_more(nets)] if len(nets) > 1 else []),
        *(_percent(one.return_percent) for one in row), str(row[0].picks), *(str(one.orders) for one in row),
        *(money_text(one.risk_matched) for one in row),
    )  # fmt: skip


# --- Selections -----------------------------------------------------------------------------------------------------


def pick_cells(pick: ReplayedSelection, zone: tzinfo) -> tuple[str, ...]:
    """A pick's row, as ``PICK_HEAD`` names the columns."""
    size, value = pick.matched
    sent = sum((one.size for one in pick.opening), ZERO)
    hedges = len(pick.orders) - len(pick.opening)
    return (
        *_named(pick, zone),
        money_text(pick.selection.price_requested),
        str(len(pick.opening)) if pick.orders else NOTHING,
        str(hedges) if hedges else NOTHING,
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
    did = [did_text(explained, number) for number in (0, 1)]
    return (*_named(one.before, zone), at, *did, signed_text(one.net), ", ".join(explained.names))


def _named(pick: ReplayedSelection, zone: tzinfo) -> tuple[str, str, str, str]:
    one = pick.selection
    off = f"{one.race_time.astimezone(zone):%Y-%m-%d %H:%M}"
    return off, pick.course or "", one.runner_name or str(one.selection_id), f"{one.side} {one.market_type}"


def did_text(explained: Explained, number: int) -> str:
    """What policy A (0) or B (1) did at the first moment, with what became of its order; or why it did nothing."""
    difference = explained.difference
    did = difference.did[number]
    if did.invalidated:
        return f"invalid: {did.reason or did.rule or 'no reason'}"
    if did.orders:
        return "; ".join(map(_order_text, did.orders))
    if difference.at is None:
        return f"{money_text((difference.before, difference.after)[number].commission)} commission"
    code = explained.refused[number]
    return "nothing" if code is None else f"refused: {code}"


def _order_text(order: ReplayedOrder) -> str:
    """``back 8.00 @ 5.00, 6.00 matched, 2.00 lapsed``; ``(CODE)`` where the exchange did not take it."""
    what = "close: " if order.purpose is Purpose.HEDGE else ""
    text = f"{what}{order.side.lower()} {money_text(order.size)} @ {money_text(order.price)}"
    return f"{text}, {_fate_text(order)}" if order.is_taken else f"{text} ({order.code})"


def _fate_text(order: ReplayedOrder) -> str:
    """What became of an order's size: ``matched`` where it is all of one kind, with amounts where it is not."""
    parts = {
        "matched": order.size_matched,
        "cancelled": order.size_cancelled,
        "lapsed": order.size_lapsed,
        "voided": order.size_voided,
    }
    kinds = {name: size for name, size in parts.items() if size}
    if list(kinds.values()) == [order.size]:
        return next(iter(kinds))
    return ", ".join(f"{money_text(size)} {name}" for name, size in kinds.items()) or "nothing matched"


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
    return percent_text(percent_of(part, whole), is_signed=False) if whole else NOTHING
