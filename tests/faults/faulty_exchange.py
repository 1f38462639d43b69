"""The exchange's ports with everything that can happen to a request on its way, and to its answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

from policytrader.errors import ExchangeError
from policytrader.model.orders import CancelAnswer, Fate, OrderAnswer
from policytrader.model.reactions import Operation, Source, Transport, outcome
from policytrader.model.snapshot import RunnerStatus
from tests.faults.injected import Crash, Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from policytrader.model.bets import Bet
    from policytrader.model.books import CatalogueMarket, LiveMarket, MarketFilter
    from policytrader.model.orders import OrderRequest
    from policytrader.ports import ClearedBet, ClearedMarket, ClearedStatus, Funds
    from tests.faults.day import FaultyDay

_LAGS = {Fault.LAG_4: 4, Fault.LAG_15: 15, Fault.LAG_45: 45, Fault.LAG_120: 120}
_ORDERS = frozenset({"place", "cancel"})
_SERVICE_CODES = (
    (Source.REPORT, "A_CODE_NOBODY_LISTED"),
    (Source.REPORT, "SERVICE_UNAVAILABLE"),
    (Source.EXCEPTION, "TOO_MANY_REQUESTS"),
    (Source.EXCEPTION, "SERVICE_BUSY"),
    (Source.TRANSPORT, "CONNECTION_REFUSED"),
)


def answer_of(source: Source, code: str) -> OrderAnswer:
    """What the port answers for a code, by the table of reactions."""
    found = outcome(source, code, Operation.PLACE)
    assert found.fate is not None
    return OrderAnswer(fate=found.fate, code=code, reactions=found.reactions)


class _Wire:
    """What every call to the exchange has: it takes time, may fail, and the process may end at it."""

    def __init__(self, day: FaultyDay) -> None:
        self._day = day
        self._faults = day.faults

    def _maybe_crash_before(self, name: str) -> None:
        if self._faults.hits(Fault.CRASH_ORDER if name in _ORDERS else Fault.CRASH_EXCHANGE):
            self._crash(f"crash before {name}")

    def _travel(self) -> None:
        day, faults = self._day, self._faults
        day.let_pass(faults.chance.between(0.01, 0.4))
        if faults.hits(Fault.SLOW_ANSWER):
            day.let_pass(faults.chance.between(16, 40))

    def _read(self, name: str) -> None:
        self._maybe_crash_before(name)
        self._travel()
        if self._faults.hits(Fault.READ_FAILS):
            self._day.note(f"{name}: no answer")
            message = f"{name}: no answer"
            raise ExchangeError(message, "READ_TIMEOUT")

    def _maybe_crash_after(self, name: str) -> None:
        if self._faults.hits(Fault.CRASH_ORDER if name in _ORDERS else Fault.CRASH_EXCHANGE):
            self._crash(f"crash after {name}")

    def _crash(self, why: str) -> NoReturn:
        self._day.note(why)
        raise Crash


class FaultyPrices(_Wire):
    """The PriceFeed port."""

    def catalogue(self, wanted: MarketFilter) -> tuple[CatalogueMarket, ...]:
        self._read("catalogue")
        listed = self._day.prices.catalogue(wanted)
        self._day.checks.on_catalogue(listed)
        return listed

    def starting_prices(self, market_ids: Sequence[str]) -> Mapping[tuple[str, int], Decimal]:
        self._read("starting_prices")
        return self._day.prices.starting_prices(market_ids)

    def books(self, market_ids: Sequence[str]) -> tuple[LiveMarket, ...]:
        self._read("books")
        shown = tuple(map(self._disturbed, self._day.prices.books(market_ids)))
        self._day.checks.on_books(shown)
        self._maybe_crash_after("books")
        return shown

    def _disturbed(self, book: LiveMarket) -> LiveMarket:
        if self._faults.hits(Fault.STALE_PRICES):
            book = replace(book, published_at=book.published_at - timedelta(seconds=60))
        if self._faults.hits(Fault.HIDDEN_RUNNER):
            at = self._faults.chance.whole(0, len(book.runners) - 1)
            hidden = replace(book.runners[at], status=RunnerStatus.HIDDEN, back=(), lay=(), last_traded=None)
            book = replace(book, runners=(*book.runners[:at], hidden, *book.runners[at + 1 :]))
        return book


class FaultyExchange(_Wire):
    """The Exchange port. ``visible_at`` tells from when on a bet is listed."""

    def __init__(self, day: FaultyDay) -> None:
        super().__init__(day)
        self.visible_at: dict[str, datetime] = {}
        self.missing: frozenset[str] = frozenset()
        """Ids of bets that the last complete reading should have had and had not."""

    # --- Orders -----------------------------------------------------------------------------------------------------

    def place(self, order: OrderRequest) -> OrderAnswer:
        day, faults = self._day, self._faults
        self._maybe_crash_before("place")
        day.checks.on_send(order)
        self._travel()
        day.interfere(order)
        happens = faults.first_of(
            Fault.ANSWER_LOST_BEFORE,
            Fault.ANSWER_LOST_AFTER,
            Fault.TIMEOUT_LATE,
            Fault.TIMEOUT_NEVER,
            Fault.SERVICE_CODE,
        )
        answer = self._answer(order, happens)
        day.note(f"place {order.order_ref} {order.side} {order.size} @ {order.price}: {happens} -> {answer.code}")
        self._maybe_crash_after("place")
        return answer

    def _answer(self, order: OrderRequest, happens: Fault | None) -> OrderAnswer:
        lost = answer_of(Source.TRANSPORT, Transport.READ_TIMEOUT)
        match happens:
            case Fault.ANSWER_LOST_BEFORE:
                return lost
            case Fault.ANSWER_LOST_AFTER:
                self.process(order)
                return lost
            case Fault.TIMEOUT_LATE:
                self._day.send_later(order, self._faults.chance.between(0, 120))
                return answer_of(Source.REPORT, "TIMEOUT")
            case Fault.TIMEOUT_NEVER:
                return answer_of(Source.REPORT, "TIMEOUT")
            case Fault.SERVICE_CODE:
                source, code = self._faults.chance.pick(_SERVICE_CODES)
                answer = answer_of(source, code)
                if answer.fate is Fate.UNKNOWN and self._faults.chance.happens(0.3):
                    self.process(order)
                return answer
            case _:
                return self.process(order)

    def process(self, order: OrderRequest) -> OrderAnswer:
        """The exchange has the order now."""
        day = self._day
        known = set(day.world.bets)
        before = day.checks.position(order.market_id, order.selection_id)
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
        self._maybe_crash_before("cancel")
        self._travel()
        is_lost = self._faults.hits(Fault.CANCEL_LOST)
        if is_lost and self._faults.chance.happens(0.5):
            answers: tuple[CancelAnswer, ...] = ()
        else:
            answers = self._day.port.cancel(market_id, bet_ids, request_ref)
        self._day.note(f"cancel {market_id} {','.join(bet_ids)}: {'lost' if is_lost else 'told'}")
        self._maybe_crash_after("cancel")
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
        self._read("current_bets")
        markets = tuple(market_ids)
        listed = self._day.port.current_bets(market_ids=markets, order_refs=order_refs, bet_ids=bet_ids)
        listed = tuple(bet for bet in listed if self.is_visible(bet.bet_id))
        told = list(self.pages(listed))
        if told and self._faults.hits(Fault.LISTED_TWICE):
            told.append(self._faults.chance.pick(told))
        if told and self._faults.hits(Fault.VIEW_LOSES_BET_CLOSING if markets else Fault.VIEW_LOSES_BET):
            gone = self._faults.chance.pick(told)
            told = [bet for bet in told if bet.bet_id != gone.bet_id]
            self._day.note(f"current_bets without {gone.bet_id}")
        elif not markets:
            # Fault 21 is the exchange's own lie; whatever else is missing was left out on our side.
            self.missing = frozenset(bet.bet_id for bet in listed) - {bet.bet_id for bet in told}
        self._day.checks.on_current(told, is_whole=not markets)
        self._maybe_crash_after("current_bets")
        return tuple(told)

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
        self._day.checks.on_cleared(status, is_whole=not markets)
        return self._day.port.cleared_bets(status, since=since, market_ids=markets, order_refs=order_refs)

    def cleared_markets(
        self, *, since: datetime | None = None, market_ids: Iterable[str] = ()
    ) -> tuple[ClearedMarket, ...]:
        self._read("cleared_markets")
        return self._day.port.cleared_markets(since=since, market_ids=market_ids)

    def funds(self) -> Funds:
        return self._day.port.funds()
