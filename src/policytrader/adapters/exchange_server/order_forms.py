"""Reports on orders in the form in which the exchange sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.adapters.exchange_server.wire import seconds_time
from policytrader.model.bets import OrderType
from policytrader.model.money import ZERO
from policytrader.simulation.codes import InstructionCode, ReportStatus

if TYPE_CHECKING:
    from policytrader.simulation.reports import (
        CancelInstruction,
        CancelReport,
        CancelResult,
        PlaceInstruction,
        PlaceReport,
        PlaceResult,
        ReplaceInstruction,
        ReplaceReport,
        ReplaceResult,
        UpdateInstruction,
        UpdateReport,
        UpdateResult,
    )

    AnyReport = PlaceReport | CancelReport | ReplaceReport | UpdateReport
    AnyResult = PlaceResult | CancelResult | ReplaceResult | UpdateResult

TIMEOUT = ReportStatus.TIMEOUT.value


def timeout_report(market_id: str | None, customer_ref: str | None, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """The answer when the exchange does not know in time what became of a request."""
    return _without_missing(
        {"customerRef": customer_ref, "status": TIMEOUT, "marketId": market_id, "instructionReports": parts}
    )


def place_report(report: PlaceReport) -> dict[str, Any]:
    """The answer to ``placeOrders``."""
    return _report(report, [_place_result(result) for result in report.results])


def cancel_report(report: CancelReport) -> dict[str, Any]:
    """The answer to ``cancelOrders``."""
    return _report(report, [_cancel_result(result) for result in report.results])


def replace_report(report: ReplaceReport) -> dict[str, Any]:
    """The answer to ``replaceOrders``."""
    return _report(report, [_replace_result(result) for result in report.results])


def update_report(report: UpdateReport) -> dict[str, Any]:
    """The answer to ``updateOrders``."""
    parts = [_head(result) | {"instruction": update_instruction(result.instruction)} for result in report.results]
    return _report(report, parts)


def place_instruction(instruction: PlaceInstruction) -> dict[str, Any]:
    """An order as it was asked for."""
    answer: dict[str, Any] = {"selectionId": instruction.selection_id, "handicap": instruction.handicap}
    match instruction.order_type:
        case OrderType.LIMIT:
            answer["limitOrder"] = _without_missing(
                {
                    "size": instruction.size,
                    "price": instruction.price,
                    "persistenceType": instruction.persistence.value if instruction.persistence else None,
                    "timeInForce": instruction.time_in_force,
                    "minFillSize": instruction.min_fill_size,
                    "betTargetType": instruction.bet_target_type.value if instruction.bet_target_type else None,
                    "betTargetSize": instruction.bet_target_size,
                }
            )
        case OrderType.LIMIT_ON_CLOSE:
            answer["limitOnCloseOrder"] = {"liability": instruction.liability, "price": instruction.price}
        case OrderType.MARKET_ON_CLOSE:
            answer["marketOnCloseOrder"] = {"liability": instruction.liability}
    if instruction.order_ref is not None:
        answer["customerOrderRef"] = instruction.order_ref
    return answer | {"orderType": instruction.order_type.value, "side": instruction.side.value}


def cancel_instruction(instruction: CancelInstruction) -> dict[str, Any]:
    """A cancellation as it was asked for."""
    return _without_missing({"betId": instruction.bet_id, "sizeReduction": instruction.size_reduction})


def update_instruction(instruction: UpdateInstruction) -> dict[str, Any]:
    """A change of persistence as it was asked for."""
    return {"betId": instruction.bet_id, "newPersistenceType": instruction.persistence.value}


def replace_timeout(instruction: ReplaceInstruction) -> dict[str, Any]:
    """Both halves of a replacement of which nothing is known."""
    return {
        "status": TIMEOUT,
        "cancelInstructionReport": {"status": TIMEOUT, "instruction": {"betId": instruction.bet_id}},
        "placeInstructionReport": {"status": TIMEOUT},
    }


def _report(report: AnyReport, parts: list[dict[str, Any]]) -> dict[str, Any]:
    return _without_missing(
        {
            "customerRef": report.customer_ref,
            "status": report.status.value,
            "errorCode": report.error_code.value if report.error_code else None,
            "marketId": report.market_id,
            "instructionReports": parts,
        }
    )


def _head(result: AnyResult) -> dict[str, Any]:
    return _without_missing(
        {"status": result.status.value, "errorCode": result.error_code.value if result.error_code else None}
    )


def _place_result(result: PlaceResult) -> dict[str, Any]:
    answer = _head(result) | {"instruction": place_instruction(result.instruction)}
    if result.bet_id is not None:
        answer["betId"] = result.bet_id
    if result.placed_at is not None:
        answer |= {
            "placedDate": seconds_time(result.placed_at),
            "averagePriceMatched": result.average_price_matched or ZERO,
            "sizeMatched": result.size_matched,
        }
    if result.order_status is not None:
        answer["orderStatus"] = result.order_status.value
    return answer


def _cancel_result(result: CancelResult) -> dict[str, Any]:
    answer = _head(result) | {"instruction": cancel_instruction(result.instruction)}
    if result.status is ReportStatus.SUCCESS:
        answer["sizeCancelled"] = result.size_cancelled
    if result.cancelled_at is not None:
        answer["cancelledDate"] = seconds_time(result.cancelled_at)
    return answer


def _replace_result(result: ReplaceResult) -> dict[str, Any]:
    """Both halves are always told: the client library reads them unasked."""
    bet_id = result.instruction.bet_id
    failed: dict[str, Any] = {
        "status": ReportStatus.FAILURE.value,
        "errorCode": (result.error_code or InstructionCode.RELATED_ACTION_FAILED).value,
    }
    cancelled = failed | {"instruction": {"betId": bet_id}} if result.cancel is None else _cancel_result(result.cancel)
    related = {"status": ReportStatus.FAILURE.value, "errorCode": InstructionCode.RELATED_ACTION_FAILED.value}
    placed = related if result.place is None else _place_result(result.place)
    return _head(result) | {"cancelInstructionReport": cancelled, "placeInstructionReport": placed}


def _without_missing(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
