"""Cancelling, replacing and updating bets: each instruction by itself; a replacement's cancel is never undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.model.bets import OrderType
from policytrader.model.money import ZERO
from policytrader.model.price import TICK_OF
from policytrader.simulation import parts
from policytrader.simulation.codes import InstructionCode, ReportCode, ReportStatus
from policytrader.simulation.drafts import Draft, can_persist, examine
from policytrader.simulation.placing import placed_result
from policytrader.simulation.reports import (
    CancelInstruction,
    CancelReport,
    CancelResult,
    PlaceInstruction,
    PlaceResult,
    ReplaceInstruction,
    ReplaceReport,
    ReplaceResult,
    UpdateInstruction,
    UpdateReport,
    UpdateResult,
)
from policytrader.simulation.units import from_pennies, is_whole_pennies, to_pennies

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from policytrader.simulation.bets import SimulatedBet
    from policytrader.simulation.desk import Desk
    from policytrader.simulation.market import Market

_OK, _FAILURE = ReportStatus.SUCCESS, ReportStatus.FAILURE


def cancel(
    desk: Desk,
    market_id: str | None,
    instructions: Sequence[CancelInstruction],
    at: datetime,
    customer_ref: str | None,
) -> CancelReport:
    """Cancel bets of one market; without instructions all of them, without a market every bet of the account."""
    if market_id is None:
        return _cancel_everything(desk, instructions, at, customer_ref)
    refusal = desk.refusal_of("cancel", market_id, len(instructions), at, customer_ref=customer_ref)
    if refusal is None and len({order.bet_id for order in instructions}) < len(instructions):
        refusal = ReportCode.DUPLICATE_BETIDS
    if refusal is not None:
        return CancelReport(status=_FAILURE, market_id=market_id, error_code=refusal, customer_ref=customer_ref)
    market = desk.markets[market_id]
    orders = instructions or _all_of(market)
    return _cancel_report(market_id, customer_ref, tuple(_cancel_one(market, order, at) for order in orders))


def _cancel_everything(
    desk: Desk, instructions: Sequence[CancelInstruction], at: datetime, customer_ref: str | None
) -> CancelReport:
    refusal = ReportCode.DUPLICATE_TRANSACTION if desk.is_repeated("cancel", customer_ref, at) else None
    if refusal is None and instructions:
        refusal = ReportCode.INVALID_MARKET_ID
    if refusal is not None:
        return CancelReport(status=_FAILURE, market_id=None, error_code=refusal, customer_ref=customer_ref)
    results: list[CancelResult] = []
    for market in desk.markets.values():
        for order in _all_of(market):
            if market.is_open:
                results.append(_cancel_one(market, order, at))
            else:
                results.append(_not_cancelled(order, InstructionCode.ERROR_IN_ORDER))
    return _cancel_report(None, customer_ref, tuple(results))


def _all_of(market: Market) -> list[CancelInstruction]:
    return [CancelInstruction(bet.bet_id) for bet in market.open_bets.values() if bet.order_type is OrderType.LIMIT]


def _cancel_report(market_id: str | None, customer_ref: str | None, results: tuple[CancelResult, ...]) -> CancelReport:
    failures = sum(result.status is _FAILURE for result in results)
    is_mixed = 0 < failures < len(results)
    # As recorded: where every instruction failed, the report itself is still a success.
    return CancelReport(
        status=ReportStatus.PROCESSED_WITH_ERRORS if is_mixed else _OK,
        market_id=market_id,
        error_code=ReportCode.PROCESSED_WITH_ERRORS if is_mixed else None,
        customer_ref=customer_ref,
        results=results,
    )


def _cancel_one(market: Market, order: CancelInstruction, at: datetime) -> CancelResult:
    bet = market.bets.get(order.bet_id)
    problem = _why_untouchable(bet)
    reduction = order.size_reduction
    if problem is None and reduction is not None and (not is_whole_pennies(reduction) or reduction <= ZERO):
        problem = InstructionCode.INVALID_BET_SIZE
    if problem is not None or bet is None:
        return _not_cancelled(order, problem or InstructionCode.INVALID_BET_ID)
    open_pennies = bet.pennies_remaining
    pennies = open_pennies if reduction is None else min(open_pennies, to_pennies(reduction))
    parts.cancel(market, bet, pennies, at)
    return CancelResult(status=_OK, instruction=order, size_cancelled=from_pennies(pennies), cancelled_at=at)


def _not_cancelled(order: CancelInstruction, code: InstructionCode) -> CancelResult:
    return CancelResult(status=_FAILURE, instruction=order, error_code=code)


def _why_untouchable(bet: SimulatedBet | None) -> InstructionCode | None:
    if bet is None:
        return InstructionCode.INVALID_BET_ID
    if not bet.is_open:
        return InstructionCode.BET_TAKEN_OR_LAPSED
    if bet.order_type is not OrderType.LIMIT:
        return InstructionCode.INVALID_ORDER_TYPE
    return InstructionCode.BET_IN_PROGRESS if bet.delayed_until is not None else None


def replace(
    desk: Desk,
    market_id: str,
    instructions: Sequence[ReplaceInstruction],
    at: datetime,
    *,
    customer_ref: str | None,
    market_version: int | None,
) -> ReplaceReport:
    """Cancel each bet, then place what was open of it at another price under a new bet id."""
    refusal = desk.refusal_of(
        "replace", market_id, len(instructions), at, customer_ref=customer_ref, market_version=market_version
    )
    if refusal is None and len({order.bet_id for order in instructions}) < len(instructions):
        refusal = ReportCode.DUPLICATE_BETIDS
    if refusal is not None:
        return ReplaceReport(status=_FAILURE, market_id=market_id, error_code=refusal, customer_ref=customer_ref)
    market = desk.markets[market_id]
    results = tuple(_replace_one(desk, market, order, at, market_version, customer_ref) for order in instructions)
    status, code = _summary([result.status for result in results])
    return ReplaceReport(
        status=status, market_id=market_id, error_code=code, customer_ref=customer_ref, results=results
    )


def _replace_one(
    desk: Desk,
    market: Market,
    order: ReplaceInstruction,
    at: datetime,
    market_version: int | None,
    customer_ref: str | None,
) -> ReplaceResult:
    bet = market.bets.get(order.bet_id)
    problem = _why_untouchable(bet)
    if problem is None and bet is not None:
        if not order.new_price.is_finite() or order.new_price not in TICK_OF:
            problem = InstructionCode.INVALID_ODDS
        elif order.new_price == bet.price:
            problem = InstructionCode.INVALID_PRICE_EDIT
    cancellation = CancelInstruction(order.bet_id)
    if problem is not None or bet is None:
        return ReplaceResult(
            status=_FAILURE,
            instruction=order,
            error_code=problem,
            cancel=_not_cancelled(cancellation, problem or InstructionCode.INVALID_BET_ID),
        )
    again = _order_again(bet, order)
    cancelled = _cancel_one(market, cancellation, at)
    drafted = examine(market, again, desk.minimum)
    refusal = desk.refusal_of_draft(market, drafted, [], market_version) if isinstance(drafted, Draft) else drafted
    if refusal is not None or not isinstance(drafted, Draft):
        code = refusal if isinstance(refusal, InstructionCode) else InstructionCode.ERROR_IN_ORDER
        placed = PlaceResult(status=_FAILURE, instruction=again, error_code=code)
        return ReplaceResult(
            status=_FAILURE,
            instruction=order,
            error_code=InstructionCode.CANCELLED_NOT_PLACED,
            cancel=cancelled,
            place=placed,
        )
    desk.release(market, [drafted])
    new = desk.open_bet(
        market,
        drafted,
        at,
        strategy_ref=bet.strategy_ref,
        customer_ref=customer_ref,
        market_version=market_version,
    )
    return ReplaceResult(status=_OK, instruction=order, cancel=cancelled, place=placed_result(again, new))


def _order_again(bet: SimulatedBet, order: ReplaceInstruction) -> PlaceInstruction:
    target = bet.bet_target_type
    return PlaceInstruction(
        selection_id=bet.selection_id,
        side=bet.side,
        order_type=bet.order_type,
        handicap=bet.handicap,
        size=bet.size_remaining if target is None else None,
        price=order.new_price,
        persistence=bet.persistence,
        bet_target_type=target,
        bet_target_size=None if target is None else from_pennies(bet.target_units // 100),
        order_ref=bet.order_ref,
    )


def update(
    desk: Desk,
    market_id: str,
    instructions: Sequence[UpdateInstruction],
    at: datetime,
    customer_ref: str | None,
) -> UpdateReport:
    """Change what becomes of bets when the market turns in-play."""
    refusal = desk.refusal_of("update", market_id, len(instructions), at, customer_ref=customer_ref)
    if refusal is not None:
        return UpdateReport(status=_FAILURE, market_id=market_id, error_code=refusal, customer_ref=customer_ref)
    market = desk.markets[market_id]
    results = tuple(_update_one(market, order) for order in instructions)
    status, code = _summary([result.status for result in results])
    return UpdateReport(status=status, market_id=market_id, error_code=code, customer_ref=customer_ref, results=results)


def _update_one(market: Market, order: UpdateInstruction) -> UpdateResult:
    bet = market.bets.get(order.bet_id)
    problem = _why_untouchable(bet)
    if problem is None and bet is not None:
        if bet.persistence is order.persistence:
            problem = InstructionCode.NO_ACTION_REQUIRED
        elif bet.is_fill_or_kill or not can_persist(market, order.persistence):
            problem = InstructionCode.INVALID_PERSISTENCE_TYPE
        else:
            bet.persistence = order.persistence
            market.touched[bet.bet_id] = None
    return UpdateResult(status=_FAILURE if problem else _OK, instruction=order, error_code=problem)


def _summary(statuses: list[ReportStatus]) -> tuple[ReportStatus, ReportCode | None]:
    failures = statuses.count(_FAILURE)
    if not failures:
        return _OK, None
    if failures == len(statuses):
        return _FAILURE, ReportCode.BET_ACTION_ERROR
    return ReportStatus.PROCESSED_WITH_ERRORS, ReportCode.PROCESSED_WITH_ERRORS
