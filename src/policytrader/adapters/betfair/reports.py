"""What is sent for an order, and what a report says of it: pure, and suspicious.

A report counts only if it is about what was sent: the same market, the same references, the same instruction. Else the
order's fate is unknown, whatever the report says.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from policytrader.adapters.betfair import parsing
from policytrader.errors import ExchangeError
from policytrader.model.bets import BetTarget, OrderType, Persistence
from policytrader.model.orders import CancelAnswer, Fate, OrderAnswer
from policytrader.model.reactions import Operation, Source, Transport, Verdict, Word, both, judge, judge_status, outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policytrader.adapters.betfair.fields import Node
    from policytrader.model.orders import OrderRequest


def place_instruction(order: OrderRequest) -> dict[str, Any]:
    """The order as the exchange takes it. A payout replaces the size: the exchange takes no two of them.

    Floats, for the sake of JSON: of a checked amount their text is the amount's own, two decimals at most.
    """
    limit: dict[str, Any] = {"price": float(order.price), "persistenceType": Persistence.LAPSE.value}
    if order.payout is None:
        limit["size"] = float(order.size)
    else:
        limit |= {"betTargetType": BetTarget.PAYOUT.value, "betTargetSize": float(order.payout)}
    return {
        "orderType": OrderType.LIMIT.value,
        "selectionId": order.selection_id,
        "handicap": 0,
        "side": order.side.value,
        "limitOrder": limit,
        "customerOrderRef": order.order_ref,
    }


def judge_place_report(order: OrderRequest, answer: object) -> OrderAnswer:
    """What a report says of our order. Raises ``ExchangeError`` where it is broken, or about something else."""
    report = parsing.parse_place_report(answer)
    _check_about(report, order.market_id, order.request_ref)
    word = parsing.parse_word(report.order) if report.order is not None else None
    verdict = judge(Operation.PLACE, report.word, word)
    detail = both(report.word, word)
    if report.order is not None and (verdict.fate is Fate.SEEN or report.order.has("instruction")):
        _check_same(report.order.node("instruction"), place_instruction(order))
    if verdict.fate is Fate.DEAD and report.order is not None and report.order.size_or_zero("sizeMatched"):
        report.order.refuse("sizeMatched", "0, as it must be of an order that failed")
    if verdict.fate is not Fate.SEEN or report.order is None:
        return OrderAnswer(fate=verdict.fate, code=verdict.code, reactions=verdict.reactions, detail=detail)
    placed = parsing.parse_placed(report.order)
    if placed.size_matched > order.size:
        report.order.refuse("sizeMatched", f"at most the size that was asked for, {order.size}")
    verdict = judge_status(verdict, placed.order_status, placed.size_matched)
    return OrderAnswer(
        fate=verdict.fate,
        code=verdict.code,
        reactions=verdict.reactions,
        detail=detail,
        bet_id=placed.bet_id,
        placed_at=placed.placed_at,
        size_matched=placed.size_matched,
        average_price_matched=placed.average_price_matched,
    )


def judge_cancel_report(market_id: str, bet_ids: Sequence[str], request_ref: str, answer: object) -> list[CancelAnswer]:
    """What a report says of each bet. Raises ``ExchangeError`` where it is broken, or about something else."""
    report, bets = parsing.parse_cancel_report(answer)
    _check_about(report, market_id, request_ref)
    return [_judge_cancelled(bet_id, report.word, bets.get(bet_id)) for bet_id in bet_ids]


def not_understood(operation: Operation) -> Verdict:
    """The verdict on a report that cannot be read, or that is about something else."""
    found = outcome(Source.TRANSPORT, Transport.BROKEN_ANSWER, operation)
    return Verdict(Fate.UNKNOWN, Transport.BROKEN_ANSWER, found.reactions)


def _judge_cancelled(bet_id: str, report: Word, node: Node | None) -> CancelAnswer:
    word = parsing.parse_word(node) if node is not None else None
    verdict = judge(Operation.CANCEL, report, word)
    return CancelAnswer(
        bet_id=bet_id,
        fate=verdict.fate,
        code=verdict.code,
        reactions=verdict.reactions,
        detail=both(report, word),
        size_cancelled=node.size("sizeCancelled")
        if node is not None and verdict.fate is Fate.SEEN and word == Word("SUCCESS")
        else Decimal(0),
    )


def _check_about(report: parsing.Report, market_id: str, request_ref: str) -> None:
    for told, sent, what in ((report.market_id, market_id, "market"), (report.request_ref, request_ref, "reference")):
        if told is not None and told != sent:
            message = f"the report is about another {what}"
            raise ExchangeError(message, Transport.BROKEN_ANSWER)


def _check_same(told: Node, sent: dict[str, Any]) -> None:
    """Each field that was sent, against its echo."""
    for key, value in sent.items():
        if isinstance(value, dict):
            _check_same(told.node(key), value)
        elif isinstance(value, float):
            if told.amount(key) != Decimal(repr(value)):
                told.refuse(key, f"what was sent, {value}")
        elif key == "handicap":
            if told.has(key) and told.amount(key) != value:
                told.refuse(key, "0, as it was sent")
        elif (told.whole(key) if isinstance(value, int) else told.text(key)) != value:
            told.refuse(key, f"what was sent, {value}")
