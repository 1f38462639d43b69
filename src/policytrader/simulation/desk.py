"""What the operations on orders share: the account's bets, bet ids, bet delays, and what refuses a whole request."""

from __future__ import annotations

import heapq
from datetime import timedelta
from typing import TYPE_CHECKING

from policytrader.model.snapshot import MarketStatus, RunnerStatus, Side
from policytrader.simulation import parts
from policytrader.simulation.bets import SimulatedBet
from policytrader.simulation.codes import InstructionCode, LapseCode, ReportCode
from policytrader.simulation.drafts import Draft, Refusal, crosses
from policytrader.simulation.matching import match_incoming

if TYPE_CHECKING:
    from datetime import datetime

    from policytrader.model.money import MinimumSize
    from policytrader.simulation.account import Account
    from policytrader.simulation.market import Market

REFERENCE_WINDOW = timedelta(seconds=60)
MOST_PLACED, MOST_CHANGED = 200, 60
_LONGEST_VERSION = 10**12
_FIRST_BET_ID = 300_000_000_001
_MANY_REFERENCES = 10_000


class Desk:
    """Takes orders for one account. ``delays`` is a heap of (due, number, market, bet)."""

    def __init__(self, account: Account, minimum: MinimumSize, *, best_execution: bool) -> None:
        self.account = account
        self.minimum = minimum
        self.best_execution = best_execution
        self.markets: dict[str, Market] = {}
        self.bets: dict[str, SimulatedBet] = {}
        self.delays: list[tuple[datetime, int, Market, SimulatedBet]] = []
        self._references: dict[tuple[str, str], datetime] = {}

    def refusal_of(
        self,
        operation: str,
        market_id: str,
        count: int,
        at: datetime,
        *,
        customer_ref: str | None,
        market_version: int | None = None,
    ) -> ReportCode | None:
        """Why a whole request is refused, None if it is not. Remembers its reference either way."""
        if self.is_repeated(operation, customer_ref, at):
            return ReportCode.DUPLICATE_TRANSACTION
        market = self.markets.get(market_id)
        if market is None:
            return ReportCode.INVALID_MARKET_ID
        if count > (MOST_PLACED if operation == "place" else MOST_CHANGED):
            return ReportCode.TOO_MANY_INSTRUCTIONS
        if count == 0 and operation != "cancel":
            return ReportCode.INVALID_ORDER
        if market_version is not None and not 0 <= market_version < _LONGEST_VERSION:
            return ReportCode.INVALID_MARKET_VERSION
        match market.definition.status:
            case MarketStatus.OPEN:
                return None
            case MarketStatus.SUSPENDED:
                return ReportCode.MARKET_SUSPENDED
            case _:
                return ReportCode.MARKET_NOT_OPEN_FOR_BETTING

    def is_repeated(self, operation: str, customer_ref: str | None, at: datetime) -> bool:
        """True for a customer reference that was sent within the last 60 seconds; remembers a new one."""
        if customer_ref is None:
            return False
        if len(self._references) > _MANY_REFERENCES:
            self._references = {key: sent for key, sent in self._references.items() if at - sent < REFERENCE_WINDOW}
        key = (operation, customer_ref)
        sent = self._references.get(key)
        if sent is not None and at - sent < REFERENCE_WINDOW:
            return True
        self._references[key] = at
        return False

    def refusal_of_draft(
        self, market: Market, draft: Draft, before: list[Draft], market_version: int | None
    ) -> Refusal | None:
        """Why an order that is right in itself is refused: version, our own opposite orders, funds."""
        if market_version is not None and market_version not in market.versions:
            return InstructionCode.BET_TAKEN_OR_LAPSED
        if crosses_own(market, draft, before):
            return InstructionCode.INVALID_BACK_LAY_COMBINATION
        order = draft.instruction
        self.account.add_market(market)
        worst = market.worst_units()
        market.reserve(order.selection_id, order.side, draft.risk_units)
        if market.worst_units() < worst and not self.account.can_afford():
            market.reserve(order.selection_id, order.side, -draft.risk_units)
            return InstructionCode.INSUFFICIENT_FUNDS
        return None

    def release(self, market: Market, drafts: list[Draft]) -> None:
        """Take back what ``refusal_of_draft`` reserved."""
        for draft in drafts:
            market.reserve(draft.instruction.selection_id, draft.instruction.side, -draft.risk_units)

    def open_bet(
        self,
        market: Market,
        draft: Draft,
        at: datetime,
        *,
        strategy_ref: str | None = None,
        customer_ref: str | None = None,
        market_version: int | None = None,
    ) -> SimulatedBet:
        """A draft becomes a bet: it matches, rests, waits for the off or for the bet delay to pass."""
        order = draft.instruction
        bet = SimulatedBet(
            bet_id=str(_FIRST_BET_ID + len(self.bets)),
            market_id=market.definition.market_id,
            selection_id=order.selection_id,
            side=order.side,
            order_type=order.order_type,
            placed_at=at,
            persistence=draft.persistence,
            handicap=order.handicap,
            tick=draft.tick,
            price=order.price,
            pennies=draft.pennies,
            pennies_remaining=draft.pennies,
            liability_pennies=draft.liability_pennies,
            is_on_close_open=draft.liability_pennies > 0,
            is_fill_or_kill=draft.is_fill_or_kill,
            min_fill_pennies=draft.min_fill_pennies,
            bet_target_type=order.bet_target_type,
            bet_target_size=order.bet_target_size,
            target_units=draft.target_units,
            order_ref=order.order_ref,
            strategy_ref=strategy_ref,
            customer_ref=customer_ref,
            market_version=market_version,
        )
        self.bets[bet.bet_id] = bet
        parts.enter(market, bet)
        if bet.is_on_close_open:
            return bet
        if market.definition.bet_delay > 0:
            bet.delayed_until = at + timedelta(seconds=market.definition.bet_delay)
            market.delayed[bet.bet_id] = bet
            heapq.heappush(self.delays, (bet.delayed_until, len(self.bets), market, bet))
        else:
            match_incoming(market, bet, at)
        return bet

    def end_delay(self) -> Market:
        """The earliest bet delay has passed: its bet reaches the matcher, which takes it or lets it lapse."""
        due, _, market, bet = heapq.heappop(self.delays)
        bet.delayed_until = None
        market.delayed.pop(bet.bet_id, None)
        if not bet.pennies_remaining:
            return market
        runner = market.runner(bet.selection_id)
        if not market.is_open:
            parts.lapse(market, bet, due, LapseCode.MKT_SUSPENDED)
        elif bet.market_version is not None and bet.market_version not in market.versions:
            parts.lapse(market, bet, due, LapseCode.MKT_VERSION)
        elif runner is None or runner.status is not RunnerStatus.ACTIVE:
            parts.lapse(market, bet, due, LapseCode.RNR_UNKNOWN)
        else:
            match_incoming(market, bet, due)
        return market


def crosses_own(market: Market, draft: Draft, before: list[Draft]) -> bool:
    """True if a draft would match an opposite order of ours: resting, delayed, or before it in the same request."""
    order = draft.instruction
    if draft.tick is None or draft.liability_pennies:
        return False
    opposite = Side.LAY if order.side is Side.BACK else Side.BACK
    ticks = [bet.tick for bet in market.books[order.selection_id].resting(opposite)]
    ticks += [
        bet.tick
        for bet in market.delayed.values()
        if bet.pennies_remaining and bet.side is opposite and bet.selection_id == order.selection_id
    ]
    ticks += [
        other.tick
        for other in before
        if not other.liability_pennies
        and other.instruction.side is opposite
        and other.instruction.selection_id == order.selection_id
    ]
    return any(tick is not None and crosses(order.side, draft.tick, tick) for tick in ticks)
