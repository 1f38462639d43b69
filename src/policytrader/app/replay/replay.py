"""A policy over recorded races: picks and captures as of the morning, ticks, judgement, the fold, what it came to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from policytrader.app.replay.fold import DayFold
from policytrader.app.replay.rows import HistoryRows, RacePicks, catalogue_ticks
from policytrader.app.replay.run import PickRun
from policytrader.app.replay.select import RaceAt, RunnerAt, pick_runners, picking_time
from policytrader.app.timetable import next_tick
from policytrader.engine.evaluate import Engine, decision_order
from policytrader.engine.history import HistoryEngine
from policytrader.model.money import ZERO
from policytrader.model.replay import ReplayedOrder, ReplayedSelection
from policytrader.model.snapshot import MarketStatus, MarketType, ReferenceRunner, RunnerStatus, Selection
from policytrader.model.times import EPOCH, LONDON, format_utc, from_microseconds, london_day, microseconds_between
from policytrader.policy.values import duration
from policytrader.ports.races import MISSING, MarketRecord, RaceRecord, runner_of
from policytrader.simulation.units import from_pennies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date
    from decimal import Decimal

    from policytrader.model.journal import JournalEntry
    from policytrader.model.money import MinimumSize
    from policytrader.model.snapshot import Side
    from policytrader.policy.policy_set import PolicySet
    from policytrader.policy.selections import SelectionsPolicy
    from policytrader.ports import Exchange, PriceFeed
    from policytrader.simulation.bets import SimulatedBet
    from policytrader.simulation.exchange import SimulatedExchange
    from policytrader.simulation.tape import Whole

CHANGE, SCHEDULE = "change", "schedule"
"""Cadences that are no durations: a tick at every change of a race's prices, or as the policy's schedule has it."""
DEFAULT_CAPTURE = "8h"
_DAY = timedelta(days=1)
_ROWS_TOGETHER = 400_000
"""Rows that are judged in one statement: days are put together up to here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPick:
    """A pick as it is written down: the recording supplies the rest. ``race_id`` None takes the recording's."""

    selection_ref: str
    market_id: str
    selection_id: int
    side: Side
    price_requested: Decimal
    stake_points: Decimal
    race_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayTerms:
    """How a replay is made.

    ``cadence`` is a duration such as ``15s``, ``change`` or ``schedule``; ``capture`` how long before the off as first
    recorded the picks are made and their race captured, or a moment (UTC) for all of them. ``select`` picks by rule, in
    races without picks of their own; then its time is the capture's. ``ports`` makes the ports of an exchange.
    """

    cadence: str = SCHEDULE
    capture: str | datetime = DEFAULT_CAPTURE
    select: SelectionsPolicy | None = None
    minimum: MinimumSize
    ports: Callable[[SimulatedExchange], tuple[Exchange, PriceFeed]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayReplay:
    """What became of the picks of one London day; counts as in ``model.replay.Replay``."""

    day: date
    selections: tuple[ReplayedSelection, ...]
    markets: int
    ticks: int
    decisions: int
    evaluated: int
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DayPicks:
    """The picks of one London day, with their races."""

    day: date
    races: tuple[tuple[RaceRecord, tuple[ReplayPick, ...]], ...]


class Replayer:
    """One policy, compiled once, over any number of days. Close it, or use it in ``with``."""

    def __init__(self, policy: PolicySet, terms: ReplayTerms) -> None:
        """Compile."""
        self.policy = policy
        self._terms = terms
        self._history = HistoryEngine(policy)
        self._engine = Engine(policy, protections=False, minimum=terms.minimum)

    def __enter__(self) -> Self:
        """The replayer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the engines."""
        self.close()

    def close(self) -> None:
        """Release DuckDB's memory."""
        self._history.close()
        self._engine.close()

    def replay(self, days: Iterable[DayPicks]) -> Iterable[DayReplay]:
        """Replay days, one after the other; what is judged together does not change what comes of it."""
        waiting: list[_Day] = []
        rows = HistoryRows(self.policy, self._history.reads, self._history.wanted)
        for picks in days:
            day = _Day(picks, self._terms, self.policy)
            day.first = len(rows.histories)
            for race in day.races:
                rows.add(race)
            day.last = len(rows.histories)
            waiting.append(day)
            if rows.count >= _ROWS_TOGETHER:
                yield from self._fold(waiting, rows)
                waiting, rows = [], HistoryRows(self.policy, self._history.reads, self._history.wanted)
        if waiting:
            yield from self._fold(waiting, rows)

    def _fold(self, days: Sequence[_Day], rows: HistoryRows) -> Iterable[DayReplay]:
        judged = self._history.judge(rows.picks, rows.reference, rows.runners, rows.captures) if rows.picks else None
        for day in days:
            histories = rows.histories[day.first : day.last]
            if judged is None or not histories:
                yield day.nothing()
                continue
            runs = [PickRun.of(history, judged) for history in histories]
            captures = {race.selections[0].race_id: race.captures for race in day.races}
            fold = DayFold(
                self._engine, self._history.reads, runs, captures, minimum=self._terms.minimum, ports=self._terms.ports
            )
            fold.run()
            yield day.told(fold, runs)


class _Day:
    """One day on its way."""

    def __init__(self, picks: DayPicks, terms: ReplayTerms, policy: PolicySet) -> None:
        self.day = picks.day
        self.first = self.last = 0
        self.problems: list[str] = []
        prepared = [(race, self._prepare(race, chosen, terms)) for race, chosen in picks.races]
        spans = [(race, *found) for race, found in prepared if found is not None]
        grid = _grid(picks.day, [(begin, end) for _, _, _, begin, end in spans], terms.cadence, policy)
        tomorrow = microseconds_between(EPOCH, _midnight(picks.day + _DAY))
        asked = None if grid is None else catalogue_ticks(grid, [begin for _, _, _, begin, _ in spans])
        self.races = []
        for race, selections, captures, begin, end in spans:
            if grid is None or asked is None:
                ticks = _changes(race, begin, end)
                own = catalogue_ticks(ticks)
            else:
                place = slice(int(np.searchsorted(grid, begin, "left")), int(np.searchsorted(grid, end, "left")) + 1)
                ticks, own = grid[place], asked[place]
                is_today = ticks < tomorrow
                ticks, own = ticks[is_today], own[is_today]
            if len(ticks):
                self.races.append(
                    RacePicks(race=race, selections=selections, captures=captures, ticks=ticks, asked=own)
                )

    def _prepare(
        self, race: RaceRecord, chosen: Sequence[ReplayPick], terms: ReplayTerms
    ) -> tuple[tuple[Selection, ...], tuple[ReferenceRunner, ...], int, int] | None:
        """The picks as selections, their capture, and from when to when they are decided."""
        made = make_picks(race, chosen, terms)
        self.problems += made.problems
        begin = max(made.at, microseconds_between(EPOCH, _midnight(self.day)))
        end = min(race.until, microseconds_between(EPOCH, _midnight(self.day + _DAY)) - 1)
        if made.selections and (begin > end or from_microseconds(made.at) >= race.off):
            late = f"captured at {format_utc(from_microseconds(made.at))}, which is after its off or its recording"
            self.problems.append(f"race {race.race_id} is {late}: nothing is decided")
            return None
        if not made.selections:
            return None
        return tuple(sorted(made.selections, key=decision_order)), made.captures, begin, end

    def nothing(self) -> DayReplay:
        return DayReplay(
            day=self.day, selections=(), markets=0, ticks=0, decisions=0, evaluated=0, problems=tuple(self.problems)
        )

    def told(self, fold: DayFold, runs: Sequence[PickRun]) -> DayReplay:
        markets = {key for run in runs for key in run.history.race.markets}
        ticks = np.unique(np.concatenate([race.ticks for race in self.races]))
        orders = _orders(fold)
        told = [_told(fold, run, tuple(orders[run.selection.selection_ref])) for run in runs]
        return DayReplay(
            day=self.day,
            selections=tuple(sorted(told, key=lambda one: decision_order(one.selection))),
            markets=len(markets),
            ticks=len(ticks),
            decisions=sum(len(run.history.ticks) for run in runs),
            evaluated=sum(len(run.history.tick) for run in runs),
            problems=tuple(self.problems),
        )


# --- The morning ------------------------------------------------------------------------------------------------------


class Made(NamedTuple):
    """The picks of a race, their capture, when it was taken, and which picks could not be made."""

    at: int
    selections: tuple[Selection, ...]
    captures: tuple[ReferenceRunner, ...]
    problems: tuple[str, ...] = ()


def make_picks(race: RaceRecord, chosen: Sequence[ReplayPick], terms: ReplayTerms) -> Made:
    """The picks of a race as selections, with its capture."""
    if terms.select is not None and not chosen:
        at = microseconds_between(EPOCH, picking_time(terms.select, race.off))
        if at < race.first_at:
            return Made(at, (), (), (f"race {race.race_id} is not recorded {terms.select.at} before its off",))
        picked = pick_runners(terms.select, race_at(race, at))
        return Made(at, picked.selections, picked.capture)
    at = _captured_at(race, terms.capture)
    race_id = next((one.race_id for one in chosen if one.race_id is not None), race.race_id)
    captures = _capture(race, race_id, at)
    found = [_selection(pick, race, race_id, at, captures) for pick in chosen]
    return Made(
        at,
        tuple(one for one in found if not isinstance(one, str)),
        captures,
        tuple(one for one in found if isinstance(one, str)),
    )


def _captured_at(race: RaceRecord, capture: str | datetime) -> int:
    """When the race is captured: not before it appears."""
    wanted = race.off - duration(capture) if isinstance(capture, str) else capture
    return max(race.first_at, microseconds_between(EPOCH, wanted))


def _capture(race: RaceRecord, race_id: str, at: int) -> tuple[ReferenceRunner, ...]:
    """The runners that take part, as the WIN market shows them; where only PLACE was recorded, without prices."""
    markets = sorted(race.markets.values(), key=lambda one: (one.market_type is not MarketType.WIN, one.market_id))
    market = next((one for one in markets if one.definition_at(at) is not None), None)
    definition = None if market is None else market.definition_at(at)
    if market is None or definition is None:
        return ()
    active = [one for one in definition.runners if one.status is RunnerStatus.ACTIVE]
    capture_id = f"{race_id}@{from_microseconds(at):%Y%m%dT%H%M%S%fZ}"
    has_prices = market.market_type is MarketType.WIN
    return tuple(
        ReferenceRunner(
            capture_id,
            race_id,
            from_microseconds(at),
            len(active),
            one.selection_id,
            one.name,
            RunnerStatus.ACTIVE,
            _reference_price(market, one.selection_id, at) if has_prices else None,
        )
        for one in active
    )


def race_at(race: RaceRecord, at: int) -> RaceAt:
    """A recorded race at one moment, for whoever picks by rule: its open markets and what they show."""
    runners: list[RunnerAt] = []
    newest = None
    for market in race.markets.values():
        definition = market.definition_at(at)
        if definition is None or definition.status is not MarketStatus.OPEN or definition.in_play:
            continue
        newest = newest or definition
        for one in definition.runners:
            best = market.runners[one.selection_id].best
            row = best.row_at(at)
            shown = (None, None, None) if row < 0 else (best.back[row], best.lay[row], best.last_traded[row])
            prices = (None if price is None or price == MISSING else from_pennies(int(price)) for price in shown)
            runners.append(
                RunnerAt(market.market_id, market.market_type, one.selection_id, one.name, one.status, *prices)
            )
    return RaceAt(
        race_id=race.race_id,
        race_time=race.off if newest is None else newest.start,
        course=None if newest is None else newest.venue,
        country_code=None if newest is None else newest.country_code,
        at=from_microseconds(at),
        runners=tuple(runners),
    )


def _reference_price(market: MarketRecord, selection_id: int, at: int) -> Decimal | None:
    best = market.runners[selection_id].best
    row = best.row_at(at)
    if row < 0:
        return None
    price = best.back[row] if best.back[row] != MISSING else best.last_traded[row]
    return None if price == MISSING else from_pennies(int(price))


def _selection(
    pick: ReplayPick, race: RaceRecord, race_id: str, at: int, captures: Sequence[ReferenceRunner]
) -> Selection | str:
    """The pick as a selection, or why it is none."""
    market = race.markets[pick.market_id]
    definition = market.definition_at(at) or market.definitions[0][2]
    runner = runner_of(definition, pick.selection_id)
    if runner is None or not captures:
        return f"pick {pick.selection_ref}: market {pick.market_id} has no runner {pick.selection_id} at its capture"
    return Selection(
        pick.selection_ref,
        race_id,
        definition.start,
        pick.market_id,
        market.market_type,
        pick.selection_id,
        runner.name,
        pick.side,
        pick.price_requested,
        pick.stake_points,
        captures[0].capture_id,
        valid=True,
        invalidated_reason=None,
        closed=False,
    )


def _midnight(day: date) -> datetime:
    """When a London day begins, in UTC."""
    return datetime.combine(day, time(), LONDON).astimezone(UTC)


# --- Ticks ------------------------------------------------------------------------------------------------------------


def _grid(day: date, spans: Sequence[tuple[int, int]], cadence: str, policy: PolicySet) -> Whole | None:
    """The day's ticks, from the first pick to the end of the last race; None where each race has its own."""
    if cadence == CHANGE or not spans:
        return None
    midnight = _midnight(day)
    origin = microseconds_between(EPOCH, midnight)
    begin, end = min(first for first, _ in spans), max(last for _, last in spans)
    if cadence != SCHEDULE:
        every = duration(cadence) // timedelta(microseconds=1)
        first = origin + -((origin - begin) // every) * every
        return np.arange(first, end + every, every, dtype=np.int64)
    ticks: list[int] = []
    due = midnight
    while not ticks or ticks[-1] < end:
        at = microseconds_between(EPOCH, due)
        if at >= begin:
            ticks.append(at)
        due, _ = next_tick(policy.schedule, due, due)
    return np.array(ticks, np.int64)


def _changes(race: RaceRecord, begin: int, end: int) -> Whole:
    """A tick wherever a price or a definition of the race changes, and one at the beginning."""
    moments = [np.array([begin], np.int64)]
    for market in race.markets.values():
        moments.append(np.array(market.times, np.int64))
        moments += [runner.best.at for runner in market.runners.values()]
    found = np.unique(np.concatenate(moments))
    return found[(found >= begin) & (found <= end)]


# --- What it came to --------------------------------------------------------------------------------------------------


def _told(fold: DayFold, run: PickRun, orders: tuple[ReplayedOrder, ...]) -> ReplayedSelection:
    selection = run.selection
    pick = fold.store.picks[selection.selection_ref]
    result = fold.store.results.get(selection.selection_ref)
    last = run.history.race.markets[selection.market_id].last
    runner = runner_of(last, selection.selection_id)
    return ReplayedSelection(
        selection=selection,
        course=last.venue,
        decisions=len(run.history.ticks),
        actions=dict(sorted(run.actions.items())),
        refused=dict(sorted(run.refused.items())),
        invalidated_at=pick.invalidated_at,
        reason=pick.selection.invalidated_reason,
        rule=run.rule,
        orders=orders,
        starting_price=None if runner is None else runner.starting_price,
        outcome=None if result is None else str(result[0].outcome),
        profit=ZERO if result is None else result[0].profit,
        commission=ZERO if result is None else result[0].commission,
    )


def _orders(fold: DayFold) -> Mapping[str, list[ReplayedOrder]]:
    """The day's orders by pick, in the order in which they were sent."""
    bets = {bet.order_ref: bet for bet in fold.world.exchange.bets.values()}
    found: dict[str, list[ReplayedOrder]] = defaultdict(list)
    for entry in fold.store.entries.values():
        bet = bets.get(entry.intent.ref)
        found[entry.intent.selection_ref].append(_order(entry, bet) if bet is not None else _refused(entry))
    return found


def _refused(entry: JournalEntry) -> ReplayedOrder:
    """An order that the exchange did not take."""
    intent = entry.intent
    return ReplayedOrder(
        at=intent.created_at,
        selection_ref=intent.selection_ref,
        purpose=intent.purpose,
        market_id=intent.market_id,
        selection_id=intent.selection_id,
        side=intent.side,
        price=intent.price,
        size=intent.size,
        code=entry.code,
    )


def _order(entry: JournalEntry, bet: SimulatedBet) -> ReplayedOrder:
    return replace(
        _refused(entry),
        size_matched=bet.size_matched,
        average_price_matched=bet.average_price_matched,
        size_cancelled=bet.size_cancelled,
        size_lapsed=bet.size_lapsed,
        size_voided=bet.size_voided,
        profit=ZERO if bet.settled is None else bet.settled.profit,
    )


def day_of(race: RaceRecord) -> date:
    """The London day of a race's off as first recorded: the day on which it is traded."""
    return london_day(race.off)


def by_day(races: Iterable[tuple[RaceRecord, Sequence[ReplayPick]]]) -> list[DayPicks]:
    """Races with their picks, day by day."""
    days: dict[date, list[tuple[RaceRecord, tuple[ReplayPick, ...]]]] = defaultdict(list)
    for race, picks in races:
        days[day_of(race)].append((race, tuple(picks)))
    return [
        DayPicks(day, tuple(sorted(found, key=lambda one: (one[0].off, one[0].race_id))))
        for day, found in sorted(days.items())
    ]
