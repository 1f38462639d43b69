"""An order examined on its own: every rule that needs no look at the account, and the order in whole numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.model.bets import OrderType, Persistence
from policytrader.model.money import ZERO
from policytrader.model.price import PRICES, TICK_OF
from policytrader.model.snapshot import RunnerStatus, Side
from policytrader.simulation.codes import InstructionCode, ReportCode
from policytrader.simulation.parts import size_of_target
from policytrader.simulation.position import limit_units
from policytrader.simulation.starting_price import least_pennies
from policytrader.simulation.units import HUNDREDTHS, from_pennies, is_whole_pennies, to_pennies

if TYPE_CHECKING:
    from decimal import Decimal

    from policytrader.model.money import MinimumSize
    from policytrader.simulation.market import Market
    from policytrader.simulation.reports import PlaceInstruction

Refusal = InstructionCode | ReportCode

_REFERENCE = re.compile(r"[A-Za-z0-9:\-._+*;~]{1,32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An order that may be placed, in pennies and ticks."""

    instruction: PlaceInstruction
    tick: int | None = None
    pennies: int = 0
    liability_pennies: int = 0
    persistence: Persistence | None = None
    is_fill_or_kill: bool = False
    min_fill_pennies: int | None = None
    target_units: int = 0

    @property
    def risk_units(self) -> int:
        """What it can lose at worst, pennies x hundredths."""
        if self.tick is None or self.liability_pennies:
            return 100 * self.liability_pennies
        order = self.instruction
        return limit_units(order.side, self.pennies, self.tick, order.bet_target_type, self.target_units)


def examine(market: Market, order: PlaceInstruction, minimum: MinimumSize) -> Draft | Refusal:
    """The order as a draft, or the code of the first rule that it breaks."""
    runner = market.runner(order.selection_id)
    if runner is None or not order.handicap.is_finite() or runner.handicap != order.handicap:
        return InstructionCode.INVALID_RUNNER
    if runner.status is RunnerStatus.REMOVED:
        return InstructionCode.RUNNER_REMOVED
    if runner.status is not RunnerStatus.ACTIVE:
        return InstructionCode.INVALID_RUNNER
    if order.order_ref is not None and not _REFERENCE.fullmatch(order.order_ref):
        return InstructionCode.INVALID_CUSTOMER_ORDER_REF
    if order.order_type is OrderType.LIMIT:
        return _examine_limit(market, order, minimum)
    return _examine_on_close(market, order, minimum)


def profit_ratio_is_valid(pennies: int, tick: int) -> bool:
    """False where rounding to the penny would pay less than 80 % or more than 125 % of the exact profit."""
    exact = pennies * (HUNDREDTHS[tick] - 100)
    rounded = (exact + 50) // 100 * 100
    return 80 * exact <= 100 * rounded <= 125 * exact


def _examine_limit(market: Market, order: PlaceInstruction, minimum: MinimumSize) -> Draft | Refusal:
    tick = _tick_of(order.price)
    if tick is None:
        return InstructionCode.INVALID_ODDS
    if order.liability is not None:
        return InstructionCode.INVALID_ORDER_TYPE
    persistence = _persistence_of(market, order)
    if isinstance(persistence, InstructionCode):
        return persistence
    sized = _size_of(order, tick)
    if isinstance(sized, InstructionCode):
        return sized
    pennies, target_units = sized
    if not profit_ratio_is_valid(pennies, tick):
        return ReportCode.INVALID_PROFIT_RATIO
    if not minimum.allows(from_pennies(pennies), PRICES[tick]):
        return InstructionCode.INVALID_BET_SIZE
    min_fill = _min_fill_of(order, pennies, minimum)
    if isinstance(min_fill, InstructionCode):
        return min_fill
    return Draft(
        instruction=order,
        tick=tick,
        pennies=pennies,
        persistence=persistence,
        is_fill_or_kill=order.time_in_force is not None,
        min_fill_pennies=min_fill,
        target_units=target_units,
    )


def _examine_on_close(market: Market, order: PlaceInstruction, minimum: MinimumSize) -> Draft | Refusal:
    if not market.definition.is_bsp or market.is_reconciled:
        return InstructionCode.MARKET_NOT_OPEN_FOR_BSP_BETTING
    if order.persistence is not None or order.time_in_force is not None or order.min_fill_size is not None:
        return InstructionCode.UNEXPECTED_PERSISTENCE_TYPE if order.persistence else InstructionCode.INVALID_ORDER_TYPE
    if order.size is not None or order.bet_target_type is not None or order.bet_target_size is not None:
        return InstructionCode.INVALID_ORDER_TYPE
    is_limited = order.order_type is OrderType.LIMIT_ON_CLOSE
    tick = _tick_of(order.price)
    if is_limited is (tick is None):
        return InstructionCode.INVALID_ODDS if is_limited else InstructionCode.INVALID_ORDER_TYPE
    liability = order.liability
    if liability is None or not is_whole_pennies(liability):
        return InstructionCode.INVALID_BET_SIZE
    pennies = to_pennies(liability)
    if pennies < least_pennies(order.side, minimum):
        return InstructionCode.INVALID_BET_SIZE
    return Draft(instruction=order, tick=tick, liability_pennies=pennies)


def _tick_of(price: Decimal | None) -> int | None:
    return None if price is None or not price.is_finite() else TICK_OF.get(price)


def can_persist(market: Market, persistence: Persistence) -> bool:
    """False where a bet cannot wait for a starting price any more."""
    if persistence is not Persistence.MARKET_ON_CLOSE:
        return True
    return market.definition.is_bsp and not market.is_reconciled


def _persistence_of(market: Market, order: PlaceInstruction) -> Persistence | InstructionCode | None:
    if order.time_in_force is not None:
        if order.persistence is not None:
            return InstructionCode.UNEXPECTED_PERSISTENCE_TYPE
        return InstructionCode.TIME_IN_FORCE_CONFLICT if order.bet_target_type is not None else None
    if order.min_fill_size is not None:
        return InstructionCode.UNEXPECTED_MIN_FILL_SIZE
    persistence = order.persistence or Persistence.LAPSE
    return persistence if can_persist(market, persistence) else InstructionCode.INVALID_PERSISTENCE_TYPE


def _size_of(order: PlaceInstruction, tick: int) -> tuple[int, int] | InstructionCode:
    target, amount = order.bet_target_type, order.bet_target_size
    given = amount if order.size is None else order.size
    if given is None or (order.size is not None and amount is not None) or (target is None) is not (amount is None):
        return InstructionCode.INVALID_BET_SIZE
    if not is_whole_pennies(given) or given <= ZERO:
        return InstructionCode.INVALID_BET_SIZE
    pennies = to_pennies(given)
    if target is None:
        return pennies, 0
    return size_of_target(target, 100 * pennies, tick), 100 * pennies


def _min_fill_of(order: PlaceInstruction, pennies: int, minimum: MinimumSize) -> int | InstructionCode | None:
    if order.min_fill_size is None:
        return None
    if not is_whole_pennies(order.min_fill_size):
        return InstructionCode.INVALID_MIN_FILL_SIZE
    fill = to_pennies(order.min_fill_size)
    if fill > pennies or order.min_fill_size < min(minimum.size, from_pennies(pennies)):
        return InstructionCode.INVALID_MIN_FILL_SIZE
    return fill


def crosses(side: Side, tick: int, other_tick: int) -> bool:
    """True if an order at ``tick`` would match one of ours on the other side at ``other_tick``."""
    return tick <= other_tick if side is Side.BACK else tick >= other_tick
