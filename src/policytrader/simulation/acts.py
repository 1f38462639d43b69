"""Acts as new definitions: what a suspension, a removal, the off or a result makes of a market's definition.

Pure: each function gives the next definition, or raises ``SimulationError`` where the act cannot be.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, NoReturn

from policytrader.model.money import ZERO, divide, half_up
from policytrader.model.snapshot import MarketStatus, RunnerStatus
from policytrader.simulation.problems import SimulationError
from policytrader.simulation.starting_price import starting_price_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from policytrader.simulation.book import RunnerBook
    from policytrader.simulation.definition import MarketDefinition, RunnerDefinition

IN_PLAY_DELAY = 5
_HIGHEST_FACTOR = Decimal(95)
_HUNDRED = Decimal(100)


def suspended(definition: MarketDefinition, *, is_new_version: bool) -> MarketDefinition:
    """The market stops taking orders."""
    if definition.status is not MarketStatus.OPEN:
        _refuse(f"market {definition.market_id} is {definition.status}, only an OPEN one can be suspended")
    return replace(definition, status=MarketStatus.SUSPENDED, version=definition.version + is_new_version)


def reopened(definition: MarketDefinition) -> MarketDefinition:
    """The market takes orders again, with a newer version."""
    if definition.status is not MarketStatus.SUSPENDED:
        _refuse(f"market {definition.market_id} is {definition.status}, only a SUSPENDED one can be reopened")
    return replace(definition, status=MarketStatus.OPEN, version=definition.version + 1)


def rescheduled(definition: MarketDefinition, start: datetime) -> MarketDefinition:
    """Another scheduled off."""
    _refuse_closed(definition)
    return replace(definition, start=start, version=definition.version + 1)


def removed(
    definition: MarketDefinition, selection_id: int, factor: Decimal | None, at: datetime
) -> tuple[MarketDefinition, Decimal | None]:
    """The market without a runner, and the factor that counts. The factors of those left grow to the same sum."""
    _refuse_closed(definition)
    runner = _runner(definition, selection_id)
    if runner.status is RunnerStatus.REMOVED:
        _refuse(f"runner {selection_id} is already removed from market {definition.market_id}")
    if factor is not None and not (factor.is_finite() and ZERO <= factor < _HUNDRED):
        _refuse(f"a reduction factor of {factor} is no percentage from 0 to below 100")
    counts = runner.adjustment_factor if factor is None else factor
    grows = _growth_without(definition, runner)
    return (
        replace(
            definition,
            # An open market gets a newer version by itself; a suspended one when it reopens.
            version=definition.version + (definition.status is MarketStatus.OPEN),
            runners=tuple(
                replace(
                    one,
                    status=RunnerStatus.REMOVED,
                    adjustment_factor=counts,
                    removed_at=at.replace(microsecond=0),
                )
                if one is runner
                else _with_factor(one, grows)
                for one in definition.runners
            ),
        ),
        counts,
    )


def turned_in_play(definition: MarketDefinition, books: Mapping[int, RunnerBook]) -> MarketDefinition:
    """The off, still suspended: starting prices stand, what comes now is in play."""
    _refuse_closed(definition)
    if definition.in_play:
        _refuse(f"market {definition.market_id} is already in play")
    if not definition.turns_in_play:
        _refuse(f"market {definition.market_id} does not turn in play")
    return replace(
        definition,
        status=MarketStatus.SUSPENDED,
        in_play=True,
        bet_delay=definition.bet_delay or IN_PLAY_DELAY,
        bsp_reconciled=definition.is_bsp,
        runners=tuple(
            replace(runner, starting_price=starting_price_of(books[runner.selection_id]))
            if definition.is_bsp and runner.status is RunnerStatus.ACTIVE and runner.starting_price is None
            else runner
            for runner in definition.runners
        ),
    )


def settled(
    definition: MarketDefinition, finishers: Sequence[int], at: datetime
) -> tuple[MarketDefinition, tuple[int, ...]]:
    """The market closed, and those of the finishers that are left in it."""
    _refuse_closed(definition)
    if len(set(finishers)) < len(finishers):
        _refuse(f"a winner of market {definition.market_id} is named twice")
    left = tuple(one for one in finishers if _runner(definition, one).status is not RunnerStatus.REMOVED)
    if not left:
        _refuse(f"market {definition.market_id} needs a winner that is left in it")
    result = replace(
        definition,
        status=MarketStatus.CLOSED,
        settled_at=at,
        version=definition.version + 1,
        runners=tuple(_with_result(runner, left) for runner in definition.runners),
    )
    return result, left


def first_home(definition: MarketDefinition, finishers: Sequence[int]) -> tuple[int, ...]:
    """The winners of a result that a feed tells: of a whole field in its order, those that are left and placed.

    A list that does not name everybody who is left names winners; more of them than places are a dead heat.
    """
    left = [runner.selection_id for runner in definition.active_runners]
    if not set(left) <= set(finishers):
        return tuple(finishers)
    home = [selection_id for selection_id in finishers if selection_id in left]
    return tuple(home[: max(1, definition.number_of_winners)])


def refuse_without_book(definition: MarketDefinition, selection_id: int) -> None:
    """Raise ``SimulationError`` for a runner that nobody can bet on any more."""
    _refuse_closed(definition)
    if _runner(definition, selection_id).status is RunnerStatus.REMOVED:
        _refuse(f"runner {selection_id} is removed from market {definition.market_id}")


def refuse_to_reopen(definition: MarketDefinition, told: MarketDefinition) -> None:
    """Raise ``SimulationError`` for a definition that reopens a settled market: no bet would be settled again."""
    if told.status is not MarketStatus.CLOSED:
        _refuse(f"market {definition.market_id} is settled, it stays closed")


def _with_result(runner: RunnerDefinition, winners: Sequence[int]) -> RunnerDefinition:
    if runner.status is RunnerStatus.REMOVED:
        return runner
    return replace(runner, status=RunnerStatus.WINNER if runner.selection_id in winners else RunnerStatus.LOSER)


def _growth_without(definition: MarketDefinition, gone: RunnerDefinition) -> Decimal | None:
    # Measured: the factors of those left are re-scaled at once, to the same sum (docs/exchange-rules.md section 6).
    factors = [runner.adjustment_factor or ZERO for runner in definition.active_runners]
    left = sum(factors, ZERO) - (gone.adjustment_factor or ZERO)
    return divide(sum(factors, ZERO), left) if left > ZERO else None


def _with_factor(runner: RunnerDefinition, grows: Decimal | None) -> RunnerDefinition:
    if grows is None or runner.adjustment_factor is None or runner.status is RunnerStatus.REMOVED:
        return runner
    return replace(runner, adjustment_factor=min(_HIGHEST_FACTOR, half_up(runner.adjustment_factor * grows)))


def _runner(definition: MarketDefinition, selection_id: int) -> RunnerDefinition:
    for runner in definition.runners:
        if runner.selection_id == selection_id:
            return runner
    return _refuse(f"runner {selection_id} is not in market {definition.market_id}")


def _refuse_closed(definition: MarketDefinition) -> None:
    if definition.status is MarketStatus.CLOSED:
        _refuse(f"market {definition.market_id} is closed")


def _refuse(sentence: str) -> NoReturn:
    raise SimulationError(sentence)
