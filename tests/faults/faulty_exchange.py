"""The Exchange port with everything that can happen to a request on its way, and to its answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from policytrader.model.journal import Purpose
from policytrader.model.money import ZERO
from policytrader.model.orders import CancelAnswer, Fate, OrderAnswer
from policytrader.model.reactions import Operation, Source, Transport, outcome
from policytrader.model.snapshot import OrderStatus
from tests.faults.faulty_prices import Wire
from tests.faults.injected import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from policytrader.model.bets import Bet
    from policytrader.model.orders import OrderRequest
    from policytrader.ports import ClearedBet, ClearedMarket, ClearedStatus, Funds
    from tests.faults.day import FaultyDay

_LAGS = {Fault.LAG_4: 4, Fault.LAG_15: 15, Fault.LAG_45: 45, Fault.LAG_120: 120}
_SERVICE_CODES = (
    (Source.REPORT, "A_CODE_NOBODY_LISTED"),
    (Source.REPORT, "SERVICE_UNAVAILABLE"),
    (Source.EXCEPTION, "TOO_MANY_REQUESTS"),
    (Source.EXCEPTION, "TOO_MUCH_DATA"),
    (Source.EXCEPTION, "SERVICE_BUSY"),
    (Source.EXCEPTION, "NO_SESSION"),
    (Source.TRANSPORT, "CONNECTION_REFUSED"),
)
_BROKEN = (Transport.CONNECTION_LOST, Transport.BROKEN_ANSWER, Transport.SERVER_ERROR, Transport.WRONG_ID)
_LATE_SECONDS = (60, 900)


def answer_of(source: Source, code: str) -> OrderAnswer:
    """What the port answers for a code, by the table of reactions."""
    found = outcome(source, code, Operation.PLACE)
    assert found.fate is not None
    return OrderAnswer(fate=found.fate, code=code, reactions=found.reactions)


class FaultyExchange(Wire):
    """The Exchange port. ``visible_at`` tells from when on a bet is listed."""

    def __init__(self, day: FaultyDay) -> None:
        super().__init__(day)
        self.visible_at: dict[str, datetime] = {}
        self.missing: frozenset[str] = frozenset()
        """Ids of bets that the last complete reading should have had and had not."""

    # --- Orders -----------------------------------------------------------------------------------------------------

    def place(self, order: OrderRequest) -> OrderAnswer:
        day, faults = self._day, self._faults
        entry = day.store.intent(order.order_ref)
        crash = self._crash_of("place", is_closing=entry is not None and entry.intent.purpose is Purpose.HEDGE)
        self._maybe_crash("before place", crash)
        day.checks.on_send(order)
        self._travel()
        day.happenings.interfere(order)
        happens = faults.first_of(
            Fault.ANSWER_LOST_BEFORE,
            Fault.ANSWER_LOST_AFTER,
            Fault.ANSWER_BROKEN,
            Fault.TIMEOUT_LATE,
            Fault.TIMEOUT_NEVER,
            Fault.SERVICE_CODE,
            Fault.ANSWER_LATE,
        )
        answer = self._answer(order, happens)
        day.note(f"place {order.order_ref} {order.side} {order.size} @ {order.price}: {happens} -> {answer.code}")
        self._maybe_crash("after place", crash)
        day.checks.on_answer(order, answer)
        return answer

    def _answer(self, order: OrderRequest, happens: Fault | None) -> OrderAnswer:
        chance = self._faults.chance
        lost = answer_of(Source.TRANSPORT, Transport.READ_TIMEOUT)
        match happens:
            case Fault.ANSWER_LOST_BEFORE:
                return lost
            case Fault.ANSWER_LOST_AFTER:
                self.process(order)
                return lost
            case Fault.ANSWER_BROKEN:
                if chance.happens(0.5):
                    self.process(order)
                return answer_of(Source.TRANSPORT, chance.pick(_BROKEN))
            case Fault.TIMEOUT_LATE:
                self._day.send_later(order, chance.between(0, 120))
                return answer_of(Source.REPORT, "TIMEOUT")
            case Fault.TIMEOUT_NEVER:
                return answer_of(Source.REPORT, "TIMEOUT")
            case Fault.SERVICE_CODE:
                answer = answer_of(*chance.pick(_SERVICE_CODES))
                if answer.fate is Fate.UNKNOWN and chance.happens(0.3):
                    self.process(order)
                return answer
            case Fault.ANSWER_LATE:
                answer = self.process(order)
                self._day.let_pass(chance.between(*_LATE_SECONDS))
                return answer
            case _:
                return self.process(order)

    def process(self, order: OrderRequest) -> OrderAnswer:
        """The exchange has the order now."""
        day = self._day
        known = set(day.world.bets)
        before = day.checks.position(order)
        is_current = order.market_version in day.world.markets[order.market_id].versions
        answer = day.port.place(self.as_received(order))
        if not is_current and len(day.world.bets) > len(known):
            day.checks.broken("I3", f"{order.order_ref} is taken on a market version that was not shown")
        lag = self._faults.first_of(*_LAGS)
        for bet_id in day.world.bets.keys() - known:
            self.visible_at[bet_id] = day.world.now + timedelta(seconds=_LAGS[lag] if lag is not None else 0)
        day.checks.on_processed(order, before)
        return answer

    def as_received(self, order: OrderRequest) -> OrderRequest:
        """What reaches the exchange; a mutant leaves something out."""
        return order

    def cancel(self, market_id: str, bet_ids: Sequence[str], request_ref: str) -> tuple[CancelAnswer, ...]:
        self._maybe_crash("before cancel", Fault.CRASH_ORDER)
        self._travel()
        if self._faults.hits(Fault.FILLED_IN_CANCEL):
            self._day.happenings.fill(bet_ids)
        is_lost = self._faults.hits(Fault.CANCEL_LOST)
        if is_lost and self._faults.chance.happens(0.5):
            answers: tuple[CancelAnswer, ...] = ()
        else:
            answers = self._day.port.cancel(market_id, bet_ids, request_ref)
        self._day.note(f"cancel {market_id} {','.join(bet_ids)}: {'lost' if is_lost else 'told'}")
        self._maybe_crash("after cancel", Fault.CRASH_ORDER)
        if is_lost:
            found = outcome(Source.TRANSPORT, Transport.READ_TIMEOUT, Operation.CANCEL)
            return tuple(
                CancelAnswer(bet_id=one, fate=Fate.UNKNOWN, code="READ_TIMEOUT", reactions=found.reactions)
                for one in bet_ids
            )
        return answers

    # --- Reads ------------------------------------------------------------------------------------------------------

    def current_bets(
        self, *, market_ids: Iterable[str] = (), order_refs: Iterable[str] = (), bet_ids: Iterable[str] = ()
    ) -> tuple[Bet, ...]:
        markets = tuple(market_ids)
        is_closing = bool(markets)
        self._read("current_bets", is_closing=is_closing)
        listed = self._day.port.current_bets(market_ids=markets, order_refs=order_refs, bet_ids=bet_ids)
        listed = tuple(bet for bet in listed if self.is_visible(bet.bet_id))
        told = self._disturbed(list(self.pages(listed)))
        if told and self._faults.hits(Fault.VIEW_LOSES_BET_CLOSING if is_closing else Fault.VIEW_LOSES_BET):
            gone = self._faults.chance.pick(told)
            told = [bet for bet in told if bet.bet_id != gone.bet_id]
            self._day.note(f"current_bets without {gone.bet_id}")
        elif not is_closing:
            # Fault 21 is the exchange's own lie; whatever else is missing was left out on our side.
            self.missing = frozenset(bet.bet_id for bet in listed) - {bet.bet_id for bet in told}
        self._day.checks.on_current(told, is_whole=not is_closing)
        self._maybe_crash("after current_bets", self._crash_of("current_bets", is_closing=is_closing))
        return tuple(told)

    def _disturbed(self, told: list[Bet]) -> list[Bet]:
        """Pages of a list that moved while it was read."""
        if not told:
            return told
        faults = self._faults
        if faults.hits(Fault.LISTED_TWICE):
            told.append(faults.chance.pick(told))
        if faults.hits(Fault.LISTED_OLD):
            told.insert(faults.chance.whole(0, len(told)), _before_it_matched(faults.chance.pick(told)))
        if faults.hits(Fault.LISTED_SHUFFLED):
            told = faults.chance.shuffled(told)
        return told

    def pages(self, listed: tuple[Bet, ...]) -> tuple[Bet, ...]:
        """All pages; a mutant stops after the first."""
        return listed

    def is_visible(self, bet_id: str) -> bool:
        """Whether the exchange lists the bet already."""
        seen_from = self.visible_at.get(bet_id)
        return seen_from is None or seen_from <= self._day.world.now

    def cleared_bets(
        self,
        status: ClearedStatus,
        *,
        since: datetime | None = None,
        market_ids: Iterable[str] = (),
        order_refs: Iterable[str] = (),
    ) -> tuple[ClearedBet, ...]:
        self._read("cleared_bets")
        markets = tuple(market_ids)
        found = self._day.port.cleared_bets(status, since=since, market_ids=markets, order_refs=order_refs)
        self._day.checks.on_cleared(status, is_whole=not markets)
        self._maybe_crash("after cleared_bets", Fault.CRASH_EXCHANGE)
        return found

    def cleared_markets(
        self, *, since: datetime | None = None, market_ids: Iterable[str] = ()
    ) -> tuple[ClearedMarket, ...]:
        self._read("cleared_markets")
        return self._day.port.cleared_markets(since=since, market_ids=market_ids)

    def funds(self) -> Funds:
        return self._day.port.funds()


def _before_it_matched(bet: Bet) -> Bet:
    """The bet as it was listed before anything of it was matched, cancelled or lapsed."""
    return replace(
        bet,
        status=OrderStatus.EXECUTABLE,
        average_price_matched=None,
        matched_at=None,
        size_matched=ZERO,
        size_remaining=bet.size,
        size_lapsed=ZERO,
        size_cancelled=ZERO,
        size_voided=ZERO,
    )
