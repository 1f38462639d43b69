"""A replay in parts that know nothing of each other: London days, the results put together in one fixed order.

Limits, positions and ledgers of the daemon end with the London day, and every market of a race belongs to one: so a day
is what can be replayed alone, and a result does not tell how the days were handed out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from policytrader.engine.evaluate import decision_order
from policytrader.errors import UsageError
from policytrader.model.replay import PicksMade, Replay, RulePicks
from policytrader.model.times import london_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime
    from pathlib import Path


class OfMarket(Protocol):
    """A pick: whatever names its market."""

    @property
    def market_id(self) -> str:
        """The exchange's id."""
        ...


PickT = TypeVar("PickT", bound=OfMarket)


class RecordedMarket(NamedTuple):
    """One imported market: ``start`` is its first known start, aware UTC, ``folder`` where its tables lie."""

    market_id: str
    start: datetime
    folder: Path

    @property
    def day(self) -> date:
        """The London day of its race, whatever became of the start later."""
        return london_day(self.start)


@dataclass(frozen=True, slots=True)
class Part(Generic[PickT]):
    """Days to be replayed together, in order. ``markets`` by day, start and id; ``picks`` as they were given.

    All markets of a day belong to it: a pick on a PLACE market is judged by its race's WIN market too.
    """

    days: tuple[date, ...]
    markets: tuple[RecordedMarket, ...]
    picks: tuple[PickT, ...]

    @property
    def name(self) -> str:
        """``2026-05-01``, or ``2026-05-01 to 2026-05-07``."""
        first, last = self.days[0].isoformat(), self.days[-1].isoformat()
        return first if first == last else f"{first} to {last}"


@dataclass(frozen=True, slots=True)
class Split(Generic[PickT]):
    """Parts in order of their days, and the picks whose market is not among the recorded ones."""

    parts: tuple[Part[PickT], ...]
    unknown: tuple[PickT, ...]


def split_replay(
    markets: Iterable[RecordedMarket],
    picks: Iterable[PickT],
    parts: int | None = None,
    *,
    every_day: bool = False,
) -> Split[PickT]:
    """Days with picks, one a part, or in ``parts`` runs of days with about as many markets each; never more than days.

    ``every_day`` also takes those without: what is picked there is not known yet.

    Raises ``UsageError`` for a market that is there twice: it would be bet on twice.
    """
    of_day: dict[date, list[RecordedMarket]] = defaultdict(list)
    by_id: dict[str, RecordedMarket] = {}
    for market in markets:
        if (known := by_id.setdefault(market.market_id, market)) is not market:
            message = f"market {market.market_id} is there twice: {known.folder} and {market.folder}; name one of them"
            raise UsageError(message)
        of_day[market.day].append(market)
    picked: dict[date, list[PickT]] = defaultdict(list)
    unknown = []
    for pick in picks:
        found = by_id.get(pick.market_id)
        if found is None:
            unknown.append(pick)
        else:
            picked[found.day].append(pick)
    days = sorted(of_day if every_day else picked)
    runs = [[day] for day in days] if parts is None else _runs(days, [len(of_day[day]) for day in days], parts)
    return Split(
        tuple(
            Part(
                tuple(run),
                tuple(sorted(chain.from_iterable(of_day[day] for day in run), key=_market_order)),
                tuple(chain.from_iterable(picked[day] for day in run)),
            )
            for run in runs
        ),
        tuple(unknown),
    )


def merge_replays(replays: Sequence[Replay]) -> Replay:
    """One replay of many parts, at least one, in the order in which one replay of all of them would have it.

    Raises ``ValueError`` for parts of different policies or cadences.
    """
    first = replays[0]
    if len({(one.policy_hash, one.cadence) for one in replays}) > 1:
        message = "parts of one replay have one policy and one cadence"
        raise ValueError(message)
    return Replay(
        policy_hash=first.policy_hash,
        cadence=first.cadence,
        selections=tuple(
            sorted(
                chain.from_iterable(one.selections for one in replays), key=lambda one: decision_order(one.selection)
            )
        ),
        markets=sum(one.markets for one in replays),
        ticks=sum(one.ticks for one in replays),
        decisions=sum(one.decisions for one in replays),
        evaluated=sum(one.evaluated for one in replays),
        problems=tuple(chain.from_iterable(one.problems for one in replays)),
        made=merge_made([one.made for one in replays]),
    )


def merge_made(parts: Sequence[PicksMade]) -> PicksMade:
    """How the picks of many parts came about; the rules in the order of their file."""
    of_rule: dict[str, list[RulePicks]] = defaultdict(list)
    for rule in chain.from_iterable(one.rules for one in parts):
        of_rule[rule.rule].append(rule)
    return PicksMade(
        captures=sum(one.captures for one in parts),
        moved=sum(one.moved for one in parts),
        rules=tuple(
            RulePicks(
                rule=name,
                picked=sum(one.picked for one in told),
                races_left_out=_sums(one.races_left_out for one in told),
                runners_left_out=_sums(one.runners_left_out for one in told),
            )
            for name, told in of_rule.items()
        ),
        countries=frozenset().union(*(one.countries for one in parts)),
        courses=frozenset().union(*(one.courses for one in parts)),
    )


def _sums(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The largest first, then by name."""
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(sorted(((what, count) for what, count in total.items() if count), key=lambda one: (-one[1], one[0])))


def _market_order(market: RecordedMarket) -> tuple[object, ...]:
    return (market.day, market.start, market.market_id)


def _runs(days: Sequence[date], sizes: Sequence[int], count: int) -> list[list[date]]:
    """Days in order, cut into ``count`` runs where the share of what is behind comes nearest to even."""
    total, behind = sum(sizes), 0
    runs: dict[int, list[date]] = defaultdict(list)
    for day, size in zip(days, sizes, strict=True):
        # By the middle of the day: whole numbers alone, so that it is the same everywhere.
        runs[min(count - 1, (2 * behind + size) * count // (2 * total))].append(day)
        behind += size
    return [runs[number] for number in sorted(runs)]
