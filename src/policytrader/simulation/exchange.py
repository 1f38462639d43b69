"""The simulated exchange: one account's orders against a world that a feed of events plays.

Time is what ``advance`` says. Everything happens in order of time, and a step told to listeners is complete.
"""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from policytrader.model.money import MINIMUM_SIZES, MinimumSize
from policytrader.model.snapshot import MarketStatus, RunnerStatus
from policytrader.simulation import acts, changing, placing, removal, settlement
from policytrader.simulation.account import Account
from policytrader.simulation.desk import Desk
from policytrader.simulation.effects import redefine
from policytrader.simulation.events import (
    Event,
    Quote,
    Redefine,
    Remove,
    Reopen,
    Reschedule,
    Settle,
    Suspend,
    TurnInPlay,
)
from policytrader.simulation.market import Market
from policytrader.simulation.matching import play_quote
from policytrader.simulation.problems import SimulationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from fractions import Fraction

    from policytrader.simulation.bets import SimulatedBet
    from policytrader.simulation.definition import MarketDefinition
    from policytrader.simulation.position import ProfitAndLoss
    from policytrader.simulation.reports import (
        CancelInstruction,
        CancelReport,
        PlaceInstruction,
        PlaceReport,
        ReplaceInstruction,
        ReplaceReport,
        UpdateInstruction,
        UpdateReport,
    )

__all__ = ["Change", "SimulatedExchange", "SimulationError"]

_BALANCE, _EXPOSURE_LIMIT = Decimal(10000), Decimal(5000)


class Change(NamedTuple):
    """One step of one market: runners whose shown prices changed, whether its definition is new, the bets changed.

    ``selections`` has no order; sort it before it goes anywhere that has.
    """

    at: datetime
    market_id: str
    selections: frozenset[int]
    is_definition: bool
    bets: tuple[str, ...]


class SimulatedExchange:
    """Markets, one account and a clock that only ``advance`` moves. Not thread-safe: who shares it, locks it."""

    def __init__(
        self,
        now: datetime,
        feed: Iterable[Event] = (),
        *,
        balance: Decimal = _BALANCE,
        exposure_limit: Decimal = _EXPOSURE_LIMIT,
        minimum: MinimumSize = MINIMUM_SIZES["GBP"],
        best_execution: bool = True,
    ) -> None:
        self.now = now
        self.account = Account(balance, exposure_limit)
        self._desk = Desk(self.account, minimum, best_execution=best_execution)
        self.markets: Mapping[str, Market] = MappingProxyType(self._desk.markets)
        self.bets: Mapping[str, SimulatedBet] = MappingProxyType(self._desk.bets)
        self._listeners: dict[int, Callable[[Change], None]] = {}
        self._listener_count = 0
        self._feed = iter(feed)
        self._upcoming = next(self._feed, None)
        self.advance(now)

    # --- time ---------------------------------------------------------------------------------------------------------

    def advance(self, to: datetime) -> None:
        """Play the feed and let bet delays pass, in order of time, up to and including ``to``.

        Raises ``SimulationError`` for a time that has passed.
        """
        if to < self.now:
            message = f"the exchange's time is {self.now.isoformat()}, it does not go back to {to.isoformat()}"
            raise SimulationError(message)
        delays = self._desk.delays
        while True:
            event = self._upcoming
            if delays and delays[0][0] <= to and (event is None or delays[0][0] <= event.at):
                self.now = max(self.now, delays[0][0])
                self._tell(self._desk.end_delay())
            elif event is not None and event.at <= to:
                self._upcoming = next(self._feed, None)
                self.play(event)
            else:
                break
        self.now = to

    def play(self, event: Event) -> None:
        """Let one event of the world happen, as the feed's do: for whoever hands them over one by one, in order."""
        self.now = max(self.now, event.at)
        if type(event) is Quote:
            self._play_quote(event)
        else:
            self._play_from_feed(event)

    def open_market(self, definitions: Sequence[tuple[datetime, MarketDefinition]]) -> Market:
        """Take up a market that nobody has bet on with all its definitions so far, each as of its own time.

        What a definition does to bets and to what they are worth is left out, there being none; books are empty.
        """
        (_, first), *later = definitions
        market = self._desk.markets[first.market_id] = Market(first)
        for at, definition in later:
            redefine(market, definition, at, self._desk.minimum)
        market.touched.clear()
        market.moved.clear()
        return market

    def apply(self, event: Event) -> None:
        """Act now, as a person does. Where that cannot be, ``SimulationError`` says why and nothing has happened.

        A quote sets what others display: what was taken of the levels it names is forgotten. A market that a person
        suspends stays so until a person reopens it, or it turns in-play, whatever a recording tells.
        """
        if isinstance(event, Quote):
            market = self._market(event.market_id)
            acts.refuse_without_book(market.definition, event.selection_id)
            market.books[event.selection_id].adopt(event)
            self._play_quote(event)
            return
        self._act(event)
        if not isinstance(event, Redefine):
            self._market(event.market_id).people.remember(event)

    def withdraw(self, market_id: str, selection_id: int, factor: Decimal | None = None) -> None:
        """Remove a runner from every market of the race, each by the whole sequence that recordings show.

        Suspended with a new version, the runner's ladder gone, removed, open with a newer version.
        Raises ``SimulationError`` where the named market has no such runner, or it is removed already.
        """
        named = self._market(market_id)
        acts.removed(named.definition, selection_id, factor, self.now)
        race = (named.definition.event_id, named.definition.start)
        for market in list(self._desk.markets.values()):
            definition = market.definition
            runner = market.runner(selection_id)
            if (definition.event_id, definition.start) != race or definition.status is MarketStatus.CLOSED:
                continue
            if runner is None or runner.status is RunnerStatus.REMOVED:
                continue
            self._withdraw_from(market, selection_id, factor)

    def _withdraw_from(self, market: Market, selection_id: int, factor: Decimal | None) -> None:
        market_id = market.definition.market_id
        was_open = market.is_open
        if was_open:
            self._act(Suspend(self.now, market_id))
        market.books[selection_id].clear()
        market.moved[selection_id] = None
        self._tell(market)
        removed = Remove(self.now, market_id, selection_id, factor)
        self._act(removed)
        market.people.remember(removed)
        if was_open:
            self._act(Reopen(self.now, market_id))

    # --- orders -------------------------------------------------------------------------------------------------------

    def place(
        self,
        market_id: str,
        instructions: Sequence[PlaceInstruction],
        *,
        customer_ref: str | None = None,
        market_version: int | None = None,
        strategy_ref: str | None = None,
        as_async: bool = False,
    ) -> PlaceReport:
        """Place orders: all or none of them, unless the account's best execution is off."""
        report = placing.place(
            self._desk,
            market_id,
            instructions,
            self.now,
            customer_ref=customer_ref,
            market_version=market_version,
            strategy_ref=strategy_ref,
            as_async=as_async,
        )
        self._tell_of(market_id)
        return report

    def cancel(
        self,
        market_id: str | None,
        instructions: Sequence[CancelInstruction] = (),
        *,
        customer_ref: str | None = None,
    ) -> CancelReport:
        """Cancel bets. No instructions: all of the market. No market either: every bet of the account."""
        report = changing.cancel(self._desk, market_id, instructions, self.now, customer_ref)
        for market in list(self._desk.markets.values()) if market_id is None else ():
            self._tell(market)
        if market_id is not None:
            self._tell_of(market_id)
        return report

    def replace(
        self,
        market_id: str,
        instructions: Sequence[ReplaceInstruction],
        *,
        customer_ref: str | None = None,
        market_version: int | None = None,
    ) -> ReplaceReport:
        """Cancel, then place at another price; the cancel is not rolled back."""
        report = changing.replace(
            self._desk,
            market_id,
            instructions,
            self.now,
            customer_ref=customer_ref,
            market_version=market_version,
        )
        self._tell_of(market_id)
        return report

    def update(
        self, market_id: str, instructions: Sequence[UpdateInstruction], *, customer_ref: str | None = None
    ) -> UpdateReport:
        """Change the persistence of bets, nothing else."""
        report = changing.update(self._desk, market_id, instructions, self.now, customer_ref)
        self._tell_of(market_id)
        return report

    def profit_and_loss(self, market_id: str) -> dict[int, ProfitAndLoss]:
        """Per runner that is left: matched bets only, before commission. ``SimulationError`` for an unknown market."""
        return self._market(market_id).profit_and_loss()

    # --- listening ----------------------------------------------------------------------------------------------------

    def subscribe(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Call ``listener`` after each step, in order of subscription; the answer ends the subscription."""
        self._listener_count += 1
        number = self._listener_count
        self._listeners[number] = listener

        def unsubscribe() -> None:
            self._listeners.pop(number, None)

        return unsubscribe

    def _tell_of(self, market_id: str) -> None:
        market = self._desk.markets.get(market_id)
        if market is not None:
            self._tell(market)

    def _tell(self, market: Market, *, is_definition: bool = False) -> None:
        if not (is_definition or market.touched or market.moved):
            return
        if self._listeners:
            change = Change(
                self.now,
                market.definition.market_id,
                frozenset(market.moved),
                is_definition,
                tuple(market.touched),
            )
        else:
            change = None
        market.touched.clear()
        market.moved.clear()
        if change is not None:
            for listener in list(self._listeners.values()):
                listener(change)

    # --- what happens -------------------------------------------------------------------------------------------------

    def _market(self, market_id: str) -> Market:
        market = self._desk.markets.get(market_id)
        if market is None:
            message = f"there is no market {market_id}"
            raise SimulationError(message)
        return market

    def _play_quote(self, quote: Quote) -> None:
        market = self._desk.markets.get(quote.market_id)
        if market is None or market.definition.status is MarketStatus.CLOSED:
            return
        runner = market.runner(quote.selection_id)
        if runner is None or runner.status is RunnerStatus.REMOVED:
            return
        book = market.books[quote.selection_id]
        if book.own_backs or book.own_lays:
            play_quote(market, book, quote, self.now)
        else:
            book.apply(quote)
        if self._listeners:
            market.moved[quote.selection_id] = None
        if market.moved:
            self._tell(market)

    def _play_from_feed(self, event: Event) -> None:
        # A person may have been there before: the runner is gone, the market closed. The day goes on from what is.
        with suppress(SimulationError):
            if isinstance(event, Reopen | TurnInPlay | Settle):
                market = self._market(event.market_id)
                if isinstance(event, Settle):
                    event = event._replace(finishers=acts.first_home(market.definition, event.finishers))
                elif isinstance(event, TurnInPlay) and market.definition.in_play:
                    # The day suspended for an off that has been: it only has to open again.
                    event = Reopen(event.at, event.market_id)
                if isinstance(event, Reopen) and market.people.is_held:
                    return
            elif isinstance(event, Redefine):
                known = self._desk.markets.get(event.definition.market_id)
                if known is not None:
                    event = Redefine(event.at, known.people.kept(known.definition, event.definition))
            self._act(event)

    def _act(self, event: Event) -> None:
        match event:
            case Quote():
                self._play_quote(event)
            case Redefine():
                self._redefine(event.definition)
            case Suspend():
                market = self._market(event.market_id)
                self._change(market, acts.suspended(market.definition, is_new_version=event.is_new_version))
            case Reopen():
                market = self._market(event.market_id)
                self._change(market, acts.reopened(market.definition))
            case Reschedule():
                market = self._market(event.market_id)
                self._change(market, acts.rescheduled(market.definition, event.start))
            case Remove():
                self._remove(event)
            case TurnInPlay():
                self._turn_in_play(self._market(event.market_id))
            case Settle():
                market = self._market(event.market_id)
                definition, left = acts.settled(market.definition, event.finishers, self.now)
                places = max(1, definition.number_of_winners)
                self._change(market, definition, settlement.shares_of_finishers(left, places))

    def _redefine(self, definition: MarketDefinition) -> None:
        market = self._desk.markets.get(definition.market_id)
        if market is None:
            market = self._desk.markets[definition.market_id] = Market(definition)
            self._tell(market, is_definition=True)
        elif definition != market.definition:
            if market.is_settled:
                acts.refuse_to_reopen(market.definition, definition)
            self._change(market, definition)

    def _change(
        self, market: Market, definition: MarketDefinition, shares: Mapping[int, Fraction] | None = None
    ) -> None:
        was_settled = market.is_settled
        redefine(market, definition, self.now, self._desk.minimum, shares)
        if market.is_settled and not was_settled and market.net is not None and market.commission is not None:
            self.account.book(market.net, market.commission)
        self._tell(market, is_definition=True)

    def _remove(self, event: Remove) -> None:
        market = self._market(event.market_id)
        definition, factor = acts.removed(market.definition, event.selection_id, event.factor, self.now)
        if factor is not None:
            removal.clear_others(market, event.selection_id, factor)
        self._change(market, definition)

    def _turn_in_play(self, market: Market) -> None:
        definition = acts.turned_in_play(market.definition, market.books)
        if market.is_open:
            self._change(market, acts.suspended(market.definition, is_new_version=True))
            definition = acts.turned_in_play(market.definition, market.books)
        self._change(market, definition)
        self._change(market, acts.reopened(market.definition))
        market.people.is_held = False
