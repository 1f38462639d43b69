"""The morning of a replay: what was asked for, made into selections, with a capture of the race at that moment."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from policytrader.app.capture import capture_of
from policytrader.app.race_names import without_number
from policytrader.app.replay.select import RaceAt, RunnerAt, pick_runners, picking_time
from policytrader.model.replay import PicksMade, Problem
from policytrader.model.snapshot import MarketStatus, MarketType, RunnerStatus, Selection
from policytrader.model.times import EPOCH, LONDON, format_utc, from_microseconds, microseconds_between
from policytrader.policy.values import duration
from policytrader.ports.races import MISSING, MarketRecord, RaceRecord, runner_of
from policytrader.simulation.units import from_pennies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from policytrader.errors import Place
    from policytrader.model.money import MinimumSize
    from policytrader.model.snapshot import ReferenceRunner, Side
    from policytrader.policy.selections import SelectionsPolicy
    from policytrader.ports import Exchange, PriceFeed
    from policytrader.simulation.exchange import SimulatedExchange

_MOST_MOVED = timedelta(minutes=30)
"""Offs are moved by minutes: a time that is further from all of a market's offs means another race."""
_COUNTRY = re.compile(r"\s*\([A-Za-z]{2,3}\)\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPick:
    """A pick as it is written down, and where: the recording supplies what is None, and must not say otherwise."""

    selection_ref: str
    market_id: str
    selection_id: int
    side: Side
    price_requested: Decimal
    stake_points: Decimal
    market_type: MarketType | None = None
    race_id: str | None = None
    race_time: datetime | None = None
    runner_name: str | None = None
    place: Place | None = None

    def problem(self, text: str, group: str = "") -> Problem:
        """Why it cannot be replayed, with file and line."""
        where = f"pick {self.selection_ref}" if self.place is None else f"{self.place.file}:{self.place.line}"
        return Problem(f"{where}: {text}", group)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayTerms:
    """How a replay is made.

    ``cadence`` is a duration such as ``15s``, ``change`` or ``schedule``; ``capture`` how long before the off as first
    recorded the picks are made and their race captured, or a moment (UTC) for all of them. ``select`` picks by rule, in
    races without picks of their own; then its time is the capture's. ``ports`` makes the ports of an exchange.
    """

    cadence: str
    capture: str | datetime
    select: SelectionsPolicy | None = None
    minimum: MinimumSize
    ports: Callable[[SimulatedExchange], tuple[Exchange, PriceFeed]]


class Made(NamedTuple):
    """The picks of a race, their capture, when it was taken, which could not be made, and how they were made.

    ``rules`` names the rule of each pick that a rule made.
    """

    at: int
    selections: tuple[Selection, ...]
    captures: tuple[ReferenceRunner, ...]
    problems: tuple[Problem, ...] = ()
    made: PicksMade = PicksMade()
    rules: tuple[str, ...] = ()


def split_misnamed(
    picks: Iterable[ReplayPick], races: Mapping[str, str]
) -> tuple[tuple[ReplayPick, ...], tuple[Problem, ...]]:
    """The picks whose ``race_id`` names one race alone, and why others cannot be told apart.

    ``races`` has for each recorded market the recording's name of its race.
    """
    names: dict[str, str] = {}
    owners = {race_id: race_id for race_id in races.values()}
    clear: list[ReplayPick] = []
    problems: list[Problem] = []
    for pick in picks:
        race_id = races.get(pick.market_id)
        if race_id is None or pick.race_id is None:
            clear.append(pick)
        elif (owner := owners.setdefault(pick.race_id, race_id)) != race_id:
            text = f"market {pick.market_id} is of race {race_id}, and the race_id {pick.race_id} that of {owner}"
            problems.append(pick.problem(text, "picks have the race_id of another race"))
        elif (name := names.setdefault(race_id, pick.race_id)) != pick.race_id:
            text = f"race {race_id} is named {pick.race_id} here and {name} before: give its picks one race_id, or none"
            problems.append(pick.problem(text, "picks have a second race_id for a race"))
        else:
            clear.append(pick)
    return tuple(clear), tuple(problems)


def make_picks(race: RaceRecord, chosen: Sequence[ReplayPick], terms: ReplayTerms) -> tuple[Made, ...]:
    """The picks of a race as selections, with its capture: once, and again for markets that appear later."""
    if terms.select is not None and not chosen:
        return (_picked(race, terms.select),)
    wanted = _wanted_capture(race, terms.capture)
    race_id = next((one.race_id for one in chosen if one.race_id is not None), race.race_id)
    moments: dict[int, list[ReplayPick]] = defaultdict(list)
    for pick in chosen:
        moments[max(wanted, _there_at(race, pick.market_id))].append(pick)
    made = []
    for at, picks in sorted(moments.items()):
        captures = _capture(race, race_id, at)
        found = [_selection(pick, race, race_id, at, captures) for pick in picks]
        selections = tuple(one for one in found if isinstance(one, Selection))
        problems = tuple(one for one in found if isinstance(one, Problem))
        captured = 1 if selections else 0
        told = PicksMade(captures=captured, moved=captured if at > wanted else 0)
        made.append(Made(at, selections, captures, problems, told))
    return tuple(made)


def _picked(race: RaceRecord, policy: SelectionsPolicy) -> Made:
    """What a rule picks, in the markets that are there at its moment."""
    at = microseconds_between(EPOCH, picking_time(policy, race.off))
    if at < race.first_at:
        known = race_at(race, race.first_at)
        return Made(at, (), (), (_not_recorded_yet(race, policy.at),), _seen(known))
    asked = {kind for rule in policy.picks for kind in rule.market_type}
    absent = [one for one in race.markets.values() if at < one.times[0] and one.market_type in asked]
    late = f"not recorded {policy.at} before"
    problems = tuple(
        Problem(
            f"market {one.market_id} of race {race.race_id} is {late} its off: nothing is picked in it",
            f"markets are {late} their off",
        )
        for one in absent
    )
    seen = race_at(race, at)
    picked = pick_runners(policy, seen)
    made = replace(_seen(seen), captures=1 if picked.selections else 0, rules=picked.told)
    return Made(at, picked.selections, picked.capture, problems, made, picked.rules)


def _seen(race: RaceAt) -> PicksMade:
    """Where a race is, which a rule may name."""
    return PicksMade(
        countries=frozenset(filter(None, [race.country_code])), courses=frozenset(filter(None, [race.course]))
    )


def _there_at(race: RaceRecord, market_id: str) -> int:
    """From when a pick can be made: its market, and the WIN market that shows who runs, are there to be found."""
    wins = (one.times[0] for one in race.markets.values() if one.market_type is MarketType.WIN)
    first_at = race.markets[market_id].times[0]
    return max(first_at, min(wins, default=first_at))


def _not_recorded_yet(race: RaceRecord, wanted: str) -> Problem:
    """What to tell of a race that is not recorded so long before its off."""
    begin = from_microseconds(race.first_at)
    lead = race.off - begin
    text = f"race {race.race_id} is not recorded {wanted} before its off"
    text += f": recorded from {begin.astimezone(LONDON):%H:%M} in London, "
    if lead >= timedelta(seconds=1):
        shown, rounded = _parts(lead)
        text += f"{shown} before its off; write at: {rounded} or less"
    else:
        text += "and not before its off"
    return Problem(text, f"races are not recorded {wanted} before their off", microseconds_between(begin, race.off))


def _parts(span: timedelta) -> tuple[str, str]:
    """A span in hours and minutes, ``4h35m``, and the longest round one in it: ``4h``."""
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    shown = [f"{count}{unit}" for count, unit in ((hours, "h"), (minutes, "m"), (seconds, "s")) if count]
    return "".join(shown[:2]), shown[0]


def _wanted_capture(race: RaceRecord, capture: str | datetime) -> int:
    """When the race is to be captured; it is recorded then, or not yet."""
    return microseconds_between(EPOCH, race.off - duration(capture) if isinstance(capture, str) else capture)


def _capture(race: RaceRecord, race_id: str, at: int) -> tuple[ReferenceRunner, ...]:
    """The runners that take part, as the WIN market shows them; where only PLACE was recorded, without prices."""
    markets = sorted(race.markets.values(), key=lambda one: (one.market_type is not MarketType.WIN, one.market_id))
    market = next((one for one in markets if one.definition_at(at) is not None), None)
    definition = None if market is None else market.definition_at(at)
    if market is None or definition is None:
        return ()
    has_prices = market.market_type is MarketType.WIN
    return capture_of(
        race_id,
        from_microseconds(at),
        (
            (one.selection_id, one.name, _reference_price(market, one.selection_id, at) if has_prices else None)
            for one in definition.runners
            if one.status is RunnerStatus.ACTIVE
        ),
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
) -> Selection | Problem:
    """The pick as a selection, or why it is none."""
    market = race.markets[pick.market_id]
    definition = market.definition_at(at) or market.definitions[0][2]
    runner = runner_of(definition, pick.selection_id)
    if problem := _contradiction(pick, market) or _too_late(pick, race, at):
        return problem
    if runner is None or not captures:
        there = ", ".join(str(one.selection_id) for one in definition.runners)
        text = f"market {pick.market_id} has no runner {pick.selection_id} at its capture; it has {there}"
        return pick.problem(text, "picks are on runners that their markets do not have")
    return Selection(
        pick.selection_ref,
        race_id,
        definition.start,
        pick.market_id,
        market.market_type,
        pick.selection_id,
        _name_of(market, pick.selection_id) or runner.name,
        pick.side,
        pick.price_requested,
        pick.stake_points,
        captures[0].capture_id,
        valid=True,
        invalidated_reason=None,
        closed=False,
    )


def _contradiction(pick: ReplayPick, market: MarketRecord) -> Problem | None:
    """What a pick says otherwise than the recording: another bet than the one that would be replayed is meant."""
    recorded = market.market_type
    if pick.market_type not in (None, recorded):
        text = f"market {pick.market_id} is a {recorded} market in the recording, and the pick says {pick.market_type}"
        return pick.problem(text, "picks name another market_type than the recording")
    offs = [definition.start for _, _, definition in market.definitions]
    if pick.race_time is not None and all(abs(off - pick.race_time) > _MOST_MOVED for off in offs):
        said = f"the pick says {format_utc(pick.race_time)}"
        text = f"market {pick.market_id} is off at {format_utc(offs[0])} in the recording, and {said}"
        return pick.problem(text, "picks name another race_time than the recording")
    name = _name_of(market, pick.selection_id)
    if pick.runner_name is not None and name is not None and _key(pick.runner_name) != _key(name):
        what = f"runner {pick.selection_id} of market {pick.market_id}"
        text = f"{what} is {name} in the recording, and the pick says {pick.runner_name}"
        return pick.problem(text, "picks name another runner_name than the recording")
    return None


def _name_of(market: MarketRecord, selection_id: int) -> str | None:
    """The runner's name, where the recording tells it: with some, long after the market appeared."""
    runner = runner_of(market.last, selection_id)
    return runner.name if runner is not None and runner.is_named else None


def _key(name: str) -> str:
    """A horse's name as it is compared: sources differ in case, in signs, and in the country behind it."""
    bare = _COUNTRY.sub("", without_number(name) or "")
    return "".join(filter(str.isalnum, bare.casefold()))


def _too_late(pick: ReplayPick, race: RaceRecord, at: int) -> Problem | None:
    """A capture after the off: nothing can be asked for any more."""
    captured = from_microseconds(at)
    if captured < race.off:
        return None
    when = f"captured at {format_utc(captured)}, and its off was at {format_utc(race.off)}"
    if at > _there_at(race, pick.market_id):
        text = f"the race of market {pick.market_id} was over then: {when}; write an earlier --capture"
    else:
        text = f"market {pick.market_id} is not recorded before its off: {when}"
    return pick.problem(text, "picks are captured after the off of their race")
