"""The morning of a replay: what was asked for, made into selections, with a capture of the race at that moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from policytrader.app.capture import capture_of
from policytrader.app.replay.select import RaceAt, RunnerAt, pick_runners, picking_time
from policytrader.model.snapshot import MarketStatus, MarketType, RunnerStatus, Selection
from policytrader.model.times import EPOCH, from_microseconds, microseconds_between
from policytrader.policy.values import duration
from policytrader.ports.races import MISSING, MarketRecord, RaceRecord, runner_of
from policytrader.simulation.units import from_pennies

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from decimal import Decimal

    from policytrader.model.money import MinimumSize
    from policytrader.model.snapshot import ReferenceRunner, Side
    from policytrader.policy.selections import SelectionsPolicy
    from policytrader.ports import Exchange, PriceFeed
    from policytrader.simulation.exchange import SimulatedExchange


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

    cadence: str
    capture: str | datetime
    select: SelectionsPolicy | None = None
    minimum: MinimumSize
    ports: Callable[[SimulatedExchange], tuple[Exchange, PriceFeed]]


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
