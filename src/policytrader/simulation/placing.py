"""Placing orders: all of a request or nothing, unless the account's best execution is off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.model.snapshot import OrderStatus
from policytrader.simulation.codes import InstructionCode, PlacedStatus, ReportCode, ReportStatus
from policytrader.simulation.drafts import Draft, Refusal, examine
from policytrader.simulation.reports import PlaceReport, PlaceResult

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from policytrader.simulation.bets import SimulatedBet
    from policytrader.simulation.desk import Desk
    from policytrader.simulation.market import Market
    from policytrader.simulation.reports import PlaceInstruction


def place(  # noqa: PLR0913 - one request has this many parts
    desk: Desk,
    market_id: str,
    instructions: Sequence[PlaceInstruction],
    at: datetime,
    *,
    customer_ref: str | None,
    market_version: int | None,
    strategy_ref: str | None,
    as_async: bool,
) -> PlaceReport:
    """Place orders; every rule's code as in ``docs/reactions.md``."""
    refusal = desk.refusal_of(
        "place", market_id, len(instructions), at, customer_ref=customer_ref, market_version=market_version
    )
    if refusal is not None:
        results = tuple(_failed(order, InstructionCode.ERROR_IN_ORDER) for order in instructions)
        return PlaceReport(
            status=ReportStatus.FAILURE,
            market_id=market_id,
            error_code=refusal,
            customer_ref=customer_ref,
            results=results,
        )
    market = desk.markets[market_id]
    examined = _examine_all(desk, market, instructions, market_version)
    refusals = [outcome for outcome in examined if not isinstance(outcome, Draft)]
    if refusals and (desk.best_execution or len(refusals) == len(examined)):
        return PlaceReport(
            status=ReportStatus.FAILURE,
            market_id=market_id,
            error_code=refusals[0] if isinstance(refusals[0], ReportCode) else ReportCode.BET_ACTION_ERROR,
            customer_ref=customer_ref,
            results=tuple(_refused(*pair) for pair in zip(instructions, examined, strict=True)),
        )
    references = {"strategy_ref": strategy_ref, "customer_ref": customer_ref}
    results = tuple(
        placed_result(
            order,
            desk.open_bet(market, outcome, at, market_version=market_version, **references),
            as_async=as_async,
        )
        if isinstance(outcome, Draft)
        else _refused(order, outcome)
        for order, outcome in zip(instructions, examined, strict=True)
    )
    return PlaceReport(
        status=ReportStatus.PROCESSED_WITH_ERRORS if refusals else ReportStatus.SUCCESS,
        market_id=market_id,
        error_code=ReportCode.PROCESSED_WITH_ERRORS if refusals else None,
        customer_ref=customer_ref,
        results=results,
    )


def placed_result(order: PlaceInstruction, bet: SimulatedBet, *, as_async: bool = False) -> PlaceResult:
    """The result of an order that became a bet."""
    if as_async:
        return PlaceResult(status=ReportStatus.SUCCESS, instruction=order, order_status=PlacedStatus.PENDING)
    if bet.status is OrderStatus.EXECUTABLE:
        status = PlacedStatus.EXECUTABLE
    elif bet.is_fill_or_kill and not bet.pennies_matched:
        status = PlacedStatus.EXPIRED
    else:
        status = PlacedStatus.EXECUTION_COMPLETE
    return PlaceResult(
        status=ReportStatus.SUCCESS,
        instruction=order,
        bet_id=bet.bet_id,
        placed_at=bet.placed_at,
        size_matched=bet.size_matched,
        average_price_matched=bet.average_price_matched,
        order_status=status,
    )


def _examine_all(
    desk: Desk, market: Market, instructions: Sequence[PlaceInstruction], market_version: int | None
) -> list[Draft | Refusal]:
    examined: list[Draft | Refusal] = []
    reserved: list[Draft] = []
    for order in instructions:
        outcome = examine(market, order, desk.minimum)
        if isinstance(outcome, Draft):
            refusal = desk.refusal_of_draft(market, outcome, reserved, market_version)
            if refusal is None:
                reserved.append(outcome)
            else:
                outcome = refusal
        examined.append(outcome)
    desk.release(market, reserved)
    return examined


def _failed(order: PlaceInstruction, code: InstructionCode) -> PlaceResult:
    return PlaceResult(status=ReportStatus.FAILURE, instruction=order, error_code=code)


def _refused(order: PlaceInstruction, outcome: Draft | Refusal) -> PlaceResult:
    if isinstance(outcome, Draft):
        return _failed(order, InstructionCode.RELATED_ACTION_FAILED)
    return _failed(order, outcome if isinstance(outcome, InstructionCode) else InstructionCode.ERROR_IN_ORDER)
