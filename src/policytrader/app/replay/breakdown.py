"""What a replay came to by day, course, bet, price and rule: picks, opening orders, risk matched and net of each group.

Every pick is in one group of each breakdown, so that the groups of one add up to the totals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from policytrader.model.money import ZERO, percent_or_none
from policytrader.model.snapshot import MarketType, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from decimal import Decimal

    from policytrader.model.replay import ReplayedSelection

_PRICES = (
    ("under 2", 2),
    ("2 to 3", 3),
    ("3 to 5", 5),
    ("5 to 8", 8),
    ("8 to 12", 12),
    ("12 to 20", 20),
    ("20 to 50", 50),
)
"""Requested prices: each band ends before its number, which belongs to the next one."""
_HIGHEST = "50 or more"
_UNKNOWN = "not known"


class Group(NamedTuple):
    """Some picks together: how many, their opening orders, what of these was matched (as risk), and the net profit."""

    label: str
    picks: int
    orders: int
    risk_matched: Decimal
    net: Decimal

    @property
    def return_percent(self) -> Decimal | None:
        """Net profit in percent of the risk matched; None where nothing was."""
        return percent_or_none(self.net, self.risk_matched)


class Breakdown(NamedTuple):
    """All picks, by ``by``: ``day``, ``course``, ``bet``, ``price`` or ``rule``."""

    by: str
    groups: tuple[Group, ...]


def breakdowns_of(picks: Sequence[ReplayedSelection]) -> tuple[Breakdown, ...]:
    """Each breakdown, its groups in order of day, name, bet or price; by rule only where rules made the picks."""
    known = [(by, read) for by, read in _READS if by != "rule" or any(one.picked_by is not None for one in picks)]
    return tuple(Breakdown(by, _groups(picks, read)) for by, read in known)


def largest(rows: Sequence[tuple[Group, ...]], most: int) -> tuple[tuple[Group, ...], ...]:
    """At most so many rows, in their order: those with the most matched, and one in which the others are added up.

    A row has one group for each policy, all of the same picks.
    """
    if len(rows) <= most:
        return tuple(rows)
    size = [max(group.risk_matched for group in row) for row in rows]
    kept = set(sorted(range(len(rows)), key=lambda place: (-size[place], place))[: most - 1])
    others = [row for place, row in enumerate(rows) if place not in kept]
    label = f"{len(others)} others"
    return (
        *(row for place, row in enumerate(rows) if place in kept),
        tuple(_added(label, groups) for groups in zip(*others, strict=True)),
    )


def _groups(
    picks: Iterable[ReplayedSelection], read: Callable[[ReplayedSelection], tuple[int, str]]
) -> tuple[Group, ...]:
    found: dict[tuple[int, str], list[Group]] = {}
    for pick in picks:
        key = read(pick)
        matched = sum((one.risk_matched for one in pick.opening), ZERO)
        found.setdefault(key, []).append(Group(key[1], 1, len(pick.opening), matched, pick.net))
    return tuple(_added(key[1], found[key]) for key in sorted(found))


def _added(label: str, groups: Sequence[Group]) -> Group:
    return Group(
        label,
        sum(one.picks for one in groups),
        sum(one.orders for one in groups),
        sum((one.risk_matched for one in groups), ZERO),
        sum((one.net for one in groups), ZERO),
    )


def _bet(pick: ReplayedSelection) -> tuple[int, str]:
    one = pick.selection
    return 2 * list(Side).index(one.side) + list(MarketType).index(one.market_type), f"{one.side} {one.market_type}"


def _price(pick: ReplayedSelection) -> tuple[int, str]:
    asked = pick.selection.price_requested
    bands = enumerate(_PRICES)
    return next(((place, label) for place, (label, end) in bands if asked < end), (len(_PRICES), _HIGHEST))


_READS: tuple[tuple[str, Callable[[ReplayedSelection], tuple[int, str]]], ...] = (
    ("day", lambda one: (0, one.day.isoformat())),
    ("bet", _bet),
    ("price", _price),
    ("course", lambda one: (one.course is None, one.course or _UNKNOWN)),
    ("rule", lambda one: (0, one.picked_by or _UNKNOWN)),
)
"""What each is by: in which place, and under which name, a pick's group stands."""
