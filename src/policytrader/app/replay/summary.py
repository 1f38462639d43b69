"""What one replay came to: totals, the way of the profit, starting-price beat, stakes by time, what stopped picks.

Amounts are in the account's currency. Risk is the stake of a back and the liability of a lay.

Starting-price beat of a pick: by how much its matched average is better than the starting price: average / SP - 1 of a
back, SP / average - 1 of a lay. Over picks it is the mean weighted by the size matched: what a unit of stake is worth
if starting prices are fair. Hedges are left out, and so are picks without a starting price.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from policytrader.app.replay.bootstrap import RESAMPLES, SEED, Interval, Resamples
from policytrader.app.replay.breakdown import breakdowns_of
from policytrader.model.money import ONE, ZERO, divide, percent_or_none
from policytrader.model.snapshot import Side
from policytrader.model.times import microseconds_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime, tzinfo
    from decimal import Decimal

    from policytrader.app.replay.breakdown import Breakdown
    from policytrader.model.replay import Replay, ReplayedOrder, ReplayedSelection

_MINUTE = 60_000_000
_BANDS: tuple[tuple[str, int | None], ...] = (
    ("8h or more", 480), ("4h to 8h", 240), ("2h to 4h", 120), ("1h to 2h", 60), ("30m to 1h", 30),
    ("15m to 30m", 15), ("5m to 15m", 5), ("under 5m", None),
)  # fmt: skip
"""Time to the off: the least minutes of each band; an edge belongs to the band of more time."""


_PERIODS = (("Off", "%Y-%m-%d %H:%M"), ("Day", "%Y-%m-%d"), ("Month", "%Y-%m"), ("Year", "%Y"))


class Moment(NamedTuple):
    """What the picks of one off made, net, and how things stood after them; ``drawdown`` is how far below the peak."""

    at: datetime
    picks: int
    net: Decimal
    total: Decimal
    drawdown: Decimal


class Period(NamedTuple):
    """Some offs together: ``drawdown`` is the largest within, ``total`` how things stood after them."""

    name: str
    picks: int
    net: Decimal
    total: Decimal
    drawdown: Decimal


class Band(NamedTuple):
    """The opening orders that were sent with so much time left: how many, what they risked, what of it was matched."""

    label: str
    orders: int
    risk_sent: Decimal
    risk_matched: Decimal


class Refusal(NamedTuple):
    """Orders that a limit refused: at how many ticks (those worked out), of how many picks, on how many London days."""

    code: str
    ticks: int
    picks: int
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The sums of a replay. ``orders`` open positions, ``hedges`` close them; sizes and risks are of ``orders``.

    ``drawdown`` is the largest fall of the net profit from a peak (or from nothing, at the start), by the time of the
    off. ``beat_percent`` is over the ``beat_picks`` with something matched and a starting price; None without any.
    """

    picks: int
    decisions: int
    picks_with_orders: int
    picks_matched: int
    invalidated: int
    orders: int
    hedges: int
    size_sent: Decimal
    risk_sent: Decimal
    size_matched: Decimal
    risk_matched: Decimal
    profit: Decimal
    commission: Decimal
    beat_percent: Decimal | None
    beat_picks: int
    drawdown: Decimal

    @property
    def net(self) -> Decimal:
        """Profit after commission."""
        return self.profit - self.commission

    @property
    def return_percent(self) -> Decimal | None:
        """Return on turnover: the net profit in percent of the risk matched; None where nothing was."""
        return percent_or_none(self.net, self.risk_matched)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A replay and what it came to. ``days`` are the London days of its picks' offs.

    The intervals are None where there are too few races.
    """

    replay: Replay
    races: int
    totals: Totals
    moments: tuple[Moment, ...]
    bands: tuple[Band, ...]
    breakdowns: tuple[Breakdown, ...]
    days: tuple[date, ...]
    actions: Mapping[str, int]
    refusals: tuple[Refusal, ...]
    reasons: tuple[tuple[str, int], ...]
    net_interval: Interval | None
    beat_interval: Interval | None


def summarise(replay: Replay, *, resamples: int = RESAMPLES, seed: int = SEED) -> Result:
    """What the replay came to, with its intervals. Pure: the same replay gives the same result."""
    picks = replay.selections
    moments = moments_of(picks)
    races = races_of(picks)
    draws = Resamples(len(races), resamples, seed)
    beats = [_race_beat(group) for group in races.values()]
    return Result(
        replay=replay,
        races=len(races),
        totals=_totals(replay, moments),
        moments=moments,
        bands=bands_of(picks),
        breakdowns=breakdowns_of(picks),
        days=tuple(sorted({one.day for one in picks})),
        actions=_added(one.actions for one in picks),
        refusals=refusals_of(picks),
        reasons=reasons_of(picks),
        net_interval=draws.of_sum(nets_of(races)),
        beat_interval=draws.of_ratio([part for part, _ in beats], [weight for _, weight in beats]),
    )


def races_of(picks: Sequence[ReplayedSelection]) -> dict[str, list[ReplayedSelection]]:
    """The picks of each race, in the order of the race's first pick."""
    races: dict[str, list[ReplayedSelection]] = {}
    for one in picks:
        races.setdefault(one.selection.race_id, []).append(one)
    return races


def nets_of(races: Mapping[str, Sequence[ReplayedSelection]]) -> list[Decimal]:
    """What each race made, net."""
    return [sum((one.net for one in group), ZERO) for group in races.values()]


def beat_of(pick: ReplayedSelection) -> tuple[Decimal, Decimal] | None:
    """Starting-price beat (a share: 0.05 is 5 %) and its weight; None where nothing was matched, or no price known."""
    size, value = pick.matched
    starting = pick.starting_price
    if not size or not value or not starting:
        return None
    average = divide(value, size)
    better, worse = (average, starting) if pick.selection.side is Side.BACK else (starting, average)
    return divide(better, worse) - ONE, size


def moments_of(picks: Sequence[ReplayedSelection]) -> tuple[Moment, ...]:
    """The way of the net profit: one moment for each off, in order."""
    found: list[Moment] = []
    total = peak = ZERO
    ordered = sorted(picks, key=_off)
    for at, group in groupby(ordered, key=_off):
        own = list(group)
        net = sum((one.net for one in own), ZERO)
        total += net
        peak = max(peak, total)
        found.append(Moment(at, len(own), net, total, peak - total))
    return tuple(found)


def bands_of(picks: Sequence[ReplayedSelection]) -> tuple[Band, ...]:
    """Opening orders by the time that was left to the pick's off; bands without an order are there too."""
    orders: dict[str, list[ReplayedOrder]] = {label: [] for label, _ in _BANDS}
    for pick in picks:
        for order in pick.opening:
            left = microseconds_between(order.at, pick.selection.race_time)
            label = next(name for name, least in _BANDS if least is None or left >= least * _MINUTE)
            orders[label].append(order)
    return tuple(
        Band(label, len(own), sum((one.risk_sent for one in own), ZERO), sum((one.risk_matched for one in own), ZERO))
        for label, own in orders.items()
    )


def refusals_of(picks: Iterable[ReplayedSelection]) -> tuple[Refusal, ...]:
    """What each limit refused, that of the most picks first."""
    counts: dict[str, list[tuple[int, date]]] = {}
    for pick in picks:
        for code, ticks in pick.refused.items():
            counts.setdefault(code, []).append((ticks, pick.day))
    found = [
        Refusal(code, sum(ticks for ticks, _ in own), len(own), len({day for _, day in own}))
        for code, own in counts.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.picks, -one.ticks, one.code)))


def by_period(moments: Sequence[Moment], zone: tzinfo, most: int) -> tuple[str, tuple[Period, ...]]:
    """By off, day, month or year (the first word says which), in at most so many rows as far as years allow."""
    named = {unit: [f"{one.at.astimezone(zone):{form}}" for one in moments] for unit, form in _PERIODS}
    unit = next((unit for unit, names in named.items() if len(set(names)) <= most), _PERIODS[-1][0])
    periods = []
    for name, group in groupby(zip(named[unit], moments, strict=True), key=itemgetter(0)):
        own = [one for _, one in group]
        net, drawdown = sum((one.net for one in own), ZERO), max(one.drawdown for one in own)
        periods.append(Period(name, sum(one.picks for one in own), net, own[-1].total, drawdown))
    return unit, tuple(periods)


def reasons_of(picks: Iterable[ReplayedSelection]) -> tuple[tuple[str, int], ...]:
    """How many picks each reason stopped, most first."""
    counts = Counter(one.reason or "no reason given" for one in picks if one.invalidated_at is not None)
    return tuple(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _totals(replay: Replay, moments: Sequence[Moment]) -> Totals:
    picks = replay.selections
    opening = [order for pick in picks for order in pick.opening]
    beats = [beat for pick in picks if (beat := beat_of(pick)) is not None]
    weight = sum((size for _, size in beats), ZERO)
    weighted = sum((share * size for share, size in beats), ZERO)
    return Totals(
        picks=len(picks),
        decisions=replay.decisions,
        picks_with_orders=sum(bool(pick.orders) for pick in picks),
        picks_matched=sum(pick.matched[0] > ZERO for pick in picks),
        invalidated=sum(pick.invalidated_at is not None for pick in picks),
        orders=len(opening),
        hedges=sum(len(pick.orders) for pick in picks) - len(opening),
        size_sent=sum((one.size for one in opening), ZERO),
        risk_sent=sum((one.risk_sent for one in opening), ZERO),
        size_matched=sum((one.size_matched for one in opening), ZERO),
        risk_matched=sum((one.risk_matched for one in opening), ZERO),
        profit=sum((pick.profit for pick in picks), ZERO),
        commission=sum((pick.commission for pick in picks), ZERO),
        beat_percent=percent_or_none(weighted, weight),
        beat_picks=len(beats),
        drawdown=max((one.drawdown for one in moments), default=ZERO),
    )


def _race_beat(group: Iterable[ReplayedSelection]) -> tuple[Decimal, Decimal]:
    """Sum of beat x weight, and of weights."""
    beats = [beat for pick in group if (beat := beat_of(pick)) is not None]
    return sum((share * size for share, size in beats), ZERO), sum((size for _, size in beats), ZERO)


def _off(pick: ReplayedSelection) -> datetime:
    return pick.selection.race_time


def _added(counts: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for one in counts:
        found.update(one)
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))
