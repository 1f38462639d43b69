"""The Exchange port over a simulated exchange in memory: no request, no session, and no doubt about an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.model.bets import BetTarget, OrderType, Persistence
from policytrader.model.money import ZERO
from policytrader.model.order_checks import cancel_requests, check_cancel, check_order
from policytrader.model.orders import CancelAnswer, Fate, OrderAnswer
from policytrader.model.reactions import Operation, Word, both, judge, judge_status
from policytrader.ports import ClearedBet, ClearedMarket, ClearedStatus, Funds
from policytrader.simulation.cleared import cleared_part
from policytrader.simulation.codes import BetOutcome
from policytrader.simulation.reports import CancelInstruction, PlaceInstruction

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from policytrader.model.bets import Bet
    from policytrader.model.orders import OrderRequest
    from policytrader.simulation.bets import SimulatedBet
    from policytrader.simulation.exchange import SimulatedExchange
    from policytrader.simulation.market import Market
    from policytrader.simulation.reports import CancelReport, CancelResult, PlaceReport, PlaceResult


class InMemoryExchange:
    """Orders and the account of a simulated exchange."""

    def __init__(self, exchange: SimulatedExchange) -> None:
        self._exchange = exchange

    # --- Orders -----------------------------------------------------------------------------------------------------

    def place(self, order: OrderRequest) -> OrderAnswer:
        """Place one order."""
        check_order(order)
        report = self._exchange.place(
            order.market_id,
            [_instruction(order)],
            customer_ref=order.request_ref,
            market_version=order.market_version,
            strategy_ref=order.strategy_ref,
        )
        result = report.results[0] if report.results else None
        word = _word(result) if result is not None else None
        verdict = judge(Operation.PLACE, _word(report), word)
        if verdict.fate is not Fate.SEEN or result is None:
            return OrderAnswer(
                fate=verdict.fate, code=verdict.code, reactions=verdict.reactions, detail=both(_word(report), word)
            )
        verdict = judge_status(verdict, result.order_status, result.size_matched)
        return OrderAnswer(
            fate=verdict.fate,
            code=verdict.code,
            reactions=verdict.reactions,
            detail=both(_word(report), word),
            bet_id=result.bet_id,
            placed_at=result.placed_at,
            size_matched=result.size_matched,
            average_price_matched=result.average_price_matched,
        )

    def cancel(self, market_id: str, bet_ids: Sequence[str], request_ref: str) -> tuple[CancelAnswer, ...]:
        """Cancel what is unmatched of these bets; one answer each, in their order."""
        check_cancel(market_id, bet_ids, request_ref)
        answers: list[CancelAnswer] = []
        for batch, batch_ref in cancel_requests(bet_ids, request_ref):
            instructions = [CancelInstruction(bet_id) for bet_id in batch]
            report = self._exchange.cancel(market_id, instructions, customer_ref=batch_ref)
            results = {result.instruction.bet_id: result for result in report.results}
            answers += [_cancel_answer(bet_id, report, results.get(bet_id)) for bet_id in batch]
        return tuple(answers)

    # --- Reads ------------------------------------------------------------------------------------------------------

    def current_bets(
        self, *, market_ids: Iterable[str] = (), order_refs: Iterable[str] = (), bet_ids: Iterable[str] = ()
    ) -> tuple[Bet, ...]:
        """The account's bets in markets that are not settled, by bet id."""
        markets, refs, ids = frozenset(market_ids), frozenset(order_refs), frozenset(bet_ids)
        return tuple(
            bet.as_bet()
            for bet in self._bets(markets)
            if not self._exchange.markets[bet.market_id].is_settled
            and (not refs or bet.order_ref in refs)
            and (not ids or bet.bet_id in ids)
        )

    def cleared_bets(
        self,
        status: ClearedStatus,
        *,
        since: datetime | None = None,
        market_ids: Iterable[str] = (),
        order_refs: Iterable[str] = (),
    ) -> tuple[ClearedBet, ...]:
        """Bets that ended in this way, wholly or in part, by bet id."""
        markets, refs = frozenset(market_ids), frozenset(order_refs)
        return tuple(
            cleared
            for bet in self._bets(markets)
            if not refs or bet.order_ref in refs
            if (cleared := self._cleared(bet, status)) is not None
            if since is None or (cleared.settled_at is not None and cleared.settled_at >= since)
        )

    def cleared_markets(
        self, *, since: datetime | None = None, market_ids: Iterable[str] = ()
    ) -> tuple[ClearedMarket, ...]:
        """Settled markets with matched bets, by market id."""
        wanted = frozenset(market_ids)
        found = []
        for market_id, market in sorted(self._exchange.markets.items()):
            bets = [bet for bet in market.bets.values() if bet.size_matched]
            settled_at = self._settled_at(market)
            if not market.is_settled or not bets or (wanted and market_id not in wanted):
                continue
            if since is not None and settled_at < since:
                continue
            profit = sum((bet.settled.profit for bet in bets if bet.settled is not None), ZERO)
            found.append(
                ClearedMarket(
                    market_id=market_id,
                    profit=profit,
                    commission=market.commission or ZERO,
                    bet_count=len(bets),
                    settled_at=settled_at,
                )
            )
        return tuple(found)

    def funds(self) -> Funds:
        """The account's money."""
        account = self._exchange.account
        return Funds(available=account.available, exposure=account.exposure, exposure_limit=account.exposure_limit)

    def _bets(self, market_ids: Collection[str]) -> list[SimulatedBet]:
        """Those of some markets, of all where none is named, by bet id."""
        markets = self._exchange.markets
        named = [markets[market_id] for market_id in market_ids if market_id in markets]
        bets = [bet for market in (named if market_ids else markets.values()) for bet in market.bets.values()]
        return sorted(bets, key=lambda bet: (len(bet.bet_id), bet.bet_id))

    def _cleared(self, bet: SimulatedBet, status: ClearedStatus) -> ClearedBet | None:
        market = self._exchange.markets[bet.market_id]
        part = cleared_part(bet, market, status)
        if part is None:
            return None
        settled = bet.settled if status is ClearedStatus.SETTLED else None
        outcome_word: str | None = settled.outcome if settled is not None else None
        if status is ClearedStatus.VOIDED:
            outcome_word = BetOutcome.VOID
        has_price = status in {ClearedStatus.SETTLED, ClearedStatus.VOIDED}
        return ClearedBet(
            bet_id=bet.bet_id,
            market_id=bet.market_id,
            selection_id=bet.selection_id,
            side=bet.side,
            status=status,
            order_ref=bet.order_ref,
            strategy_ref=bet.strategy_ref,
            size=part.size,
            price=bet.average_price_matched if has_price else None,
            profit=settled.profit if settled is not None else ZERO,
            outcome=str(outcome_word) if outcome_word is not None else None,
            settled_at=part.at,
            placed_at=bet.placed_at,
            is_price_reduced=has_price and bet.settled is not None and bet.settled.price_reduced,
        )

    def _settled_at(self, market: Market) -> datetime:
        return market.definition.settled_at or self._exchange.now


def _instruction(order: OrderRequest) -> PlaceInstruction:
    return PlaceInstruction(
        selection_id=order.selection_id,
        side=order.side,
        order_type=OrderType.LIMIT,
        size=order.size if order.payout is None else None,
        price=order.price,
        persistence=Persistence.LAPSE,
        bet_target_type=BetTarget.PAYOUT if order.payout is not None else None,
        bet_target_size=order.payout,
        order_ref=order.order_ref,
    )


def _word(report: PlaceReport | CancelReport | PlaceResult | CancelResult) -> Word:
    return Word(report.status.value, report.error_code.value if report.error_code is not None else None)


def _cancel_answer(bet_id: str, report: CancelReport, result: CancelResult | None) -> CancelAnswer:
    word = _word(result) if result is not None else None
    verdict = judge(Operation.CANCEL, _word(report), word)
    return CancelAnswer(
        bet_id=bet_id,
        fate=verdict.fate,
        code=verdict.code,
        reactions=verdict.reactions,
        detail=both(_word(report), word),
        size_cancelled=result.size_cancelled if result is not None and verdict.fate is Fate.SEEN else ZERO,
    )
