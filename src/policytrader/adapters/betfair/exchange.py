"""The Exchange port on Betfair: one order in one request, sent once."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from policytrader.adapters.betfair.reads import AccountReads
from policytrader.adapters.betfair.reports import (
    judge_cancel_report,
    judge_place_report,
    not_understood,
    place_instruction,
)
from policytrader.adapters.betfair.wire import RequestFailedError
from policytrader.errors import ExchangeError, printable
from policytrader.model.order_checks import cancel_requests, check_cancel, check_order
from policytrader.model.orders import CancelAnswer, Fate, OrderAnswer, Reaction
from policytrader.model.reactions import Operation, Verdict, outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policytrader.model.orders import OrderRequest

T = TypeVar("T")

_SHOWN = 300


class BetfairExchange(AccountReads):
    """Orders and the account over a wire."""

    def place(self, order: OrderRequest) -> OrderAnswer:
        """Send one order, once. Nothing here ever sends it again."""
        check_order(order)

        def ask(client: Any) -> Any:
            return client.betting.place_orders(
                market_id=order.market_id,
                instructions=[place_instruction(order)],
                customer_ref=order.request_ref,
                market_version={"version": order.market_version},
                customer_strategy_ref=order.strategy_ref,
            )

        answer = self._judge(Operation.PLACE, ask, partial(judge_place_report, order))
        if isinstance(answer, OrderAnswer):
            return replace(answer, code=self._shown(answer.code), detail=self._shown(answer.detail))
        verdict, detail = answer
        return OrderAnswer(fate=verdict.fate, code=verdict.code, reactions=verdict.reactions, detail=detail)

    def cancel(self, market_id: str, bet_ids: Sequence[str], request_ref: str) -> tuple[CancelAnswer, ...]:
        """Cancel what is unmatched of these bets; one answer each, in their order."""
        check_cancel(market_id, bet_ids, request_ref)
        answers: list[CancelAnswer] = []
        for batch, batch_ref in cancel_requests(bet_ids, request_ref):
            answers += self._cancel(market_id, batch, batch_ref)
        return tuple(answers)

    def _cancel(self, market_id: str, bet_ids: Sequence[str], request_ref: str) -> list[CancelAnswer]:
        def ask(client: Any) -> Any:
            return client.betting.cancel_orders(
                market_id=market_id,
                instructions=[{"betId": bet_id} for bet_id in bet_ids],
                customer_ref=request_ref,
            )

        answer = self._judge(Operation.CANCEL, ask, partial(judge_cancel_report, market_id, bet_ids, request_ref))
        if isinstance(answer, list):
            return [replace(one, code=self._shown(one.code), detail=self._shown(one.detail)) for one in answer]
        verdict, detail = answer
        return [
            CancelAnswer(
                bet_id=bet_id, fate=verdict.fate, code=verdict.code, reactions=verdict.reactions, detail=detail
            )
            for bet_id in bet_ids
        ]

    def _judge(
        self, operation: Operation, ask: Callable[[Any], Any], judge: Callable[[Any], T]
    ) -> T | tuple[Verdict, str]:
        """Send once, and judge the report; or the verdict on what happened instead, and its detail."""
        try:
            report = self._wire.send(ask)
        except ExchangeError as error:
            # There is no session: the exchange let nothing in.
            reactions = frozenset(Reaction(one) for one in error.reactions)
            return Verdict(Fate.DEAD, error.code, reactions), str(error)
        except RequestFailedError as error:
            failure = error.failure
            found = outcome(failure.source, failure.code, operation)
            assert found.fate is not None
            return Verdict(found.fate, failure.code, found.reactions), failure.detail
        try:
            return judge(report)
        except ExchangeError as error:
            return not_understood(operation), self._shown(str(error))
        except Exception as error:  # noqa: BLE001 - the bytes have left: whatever the report did to us, there is an answer
            return not_understood(operation), type(error).__name__

    def _shown(self, text: str) -> str:
        """What the exchange said, as it may be shown: its words are usually codes, and could be anything."""
        clean = printable(self._wire.secrets.strike(text))
        return clean if len(clean) <= _SHOWN else clean[: _SHOWN - 1] + "…"
