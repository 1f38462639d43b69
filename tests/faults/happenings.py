"""What happens at the exchange, on the account and to the clock, between two ticks and while an order travels."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from policytrader.model.bets import OrderType, Persistence
from policytrader.model.journal import Control, ControlKind, Evidence, IntentState
from policytrader.model.price import PRICES
from policytrader.model.snapshot import MarketStatus, RunnerStatus, Side
from policytrader.simulation.events import Quote, Redefine, Reopen, Reschedule, Suspend, TurnInPlay
from policytrader.simulation.exchange import SimulationError
from policytrader.simulation.reports import PlaceInstruction
from tests.faults.injected import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policytrader.model.orders import OrderRequest
    from tests.faults.day import FaultyDay

_HOUR = timedelta(hours=1)
_SHORT_PRICE, _FEWEST_RUNNERS = 12, 3
_PLENTY_PENNIES = 100_000
_THIN = 0.3


class Happenings:
    """Everybody but the trader."""

    def __init__(self, day: FaultyDay) -> None:
        self._day = day
        self._faults = day.faults
        self._world = day.world
        self._foreign_count = 0

    # --- While an order or a cancel is on its way ---------------------------------------------------------------------

    def interfere(self, order: OrderRequest) -> None:
        """What happens between the reading and the order."""
        faults, now, market_id = self._faults, self._world.now, order.market_id
        if faults.hits(Fault.PRICE_MOVES):
            self._move_price(order)
        if faults.hits(Fault.VERSION_CHANGES):
            self.act(Suspend(now, market_id))
            self.act(Reopen(now, market_id))
        if faults.hits(Fault.WITHDRAWN_BEFORE_ORDER):
            self.withdraw(market_id)
        if faults.hits(Fault.SUSPENDED_BEFORE_ORDER):
            self.act(Suspend(now, market_id))
        if faults.hits(Fault.IN_PLAY_BEFORE_ORDER):
            self.act(TurnInPlay(now, market_id))
        if faults.hits(Fault.CLOSED_BEFORE_ORDER):
            self._abandon(market_id)

    def fill(self, bet_ids: Iterable[str]) -> None:
        """The prices come to what rests: it is matched before the cancel is there."""
        for bet_id in bet_ids:
            bet = self._world.bets.get(bet_id)
            if bet is None or bet.price is None or not bet.is_open:
                continue
            tick = PRICES.index(bet.price)
            above, below = min(len(PRICES) - 1, tick + 1), max(0, tick - 1)
            back, lay = (tick, above) if bet.side is Side.BACK else (below, tick)
            self._quote(bet.market_id, bet.selection_id, (back, _PLENTY_PENNIES), (lay, _PLENTY_PENNIES))

    def _move_price(self, order: OrderRequest) -> None:
        """The price goes away from the order, or little is left at it: some of the order rests."""
        tick = PRICES.index(order.price)
        away = 0 if self._faults.chance.happens(0.5) else 3
        pennies = self._faults.chance.whole(100, 900)
        low, high = max(0, tick - away), min(len(PRICES) - 1, tick + away)
        if order.side is Side.BACK:
            back, lay = low, min(len(PRICES) - 1, tick + 2)
        else:
            back, lay = max(0, tick - 2), high
        self._quote(order.market_id, order.selection_id, (back, pennies), (lay, pennies))

    def _quote(self, market_id: str, selection_id: int, back: tuple[int, int], lay: tuple[int, int]) -> None:
        self.act(Quote(self._world.now, market_id, selection_id, back=(back,), lay=(lay,), replaces=True))

    # --- Between two ticks --------------------------------------------------------------------------------------------

    def happen(self) -> None:
        """Everything that may have changed before the next tick."""
        self._change_markets()
        self._change_races()
        if self._faults.chance.happens(_THIN):
            self._thin()
        if self._faults.hits(Fault.FOREIGN_BET):
            self._bet(None)
        if self._faults.hits(Fault.FOREIGN_BOT):
            self._bet("another bot")
        self._turn_the_clock()
        if self._faults.hits(Fault.TIME_PASSES):
            self._day.let_pass(self._faults.chance.between(120, 600))
        self._a_person_looks()

    def _change_markets(self) -> None:
        faults, chance, now = self._faults, self._faults.chance, self._world.now
        if faults.hits(Fault.WITHDRAWAL):
            self.withdraw(self._some_market())
        for market_id, market in sorted(self._world.markets.items()):
            if market.definition.status is MarketStatus.SUSPENDED and chance.happens(0.4):
                self.act(Reopen(now, market_id))
        if faults.hits(Fault.SUSPENSION):
            self.act(Suspend(now, self._some_market()))

    def _change_races(self) -> None:
        faults, chance, now = self._faults, self._faults.chance, self._world.now
        if faults.hits(Fault.IN_PLAY_EARLY):
            for market_id in chance.pick(self._day.races):
                self.act(TurnInPlay(now, market_id))
        if faults.hits(Fault.ABANDONED):
            for market_id in chance.pick(self._day.races):
                self._abandon(market_id)
        if faults.hits(Fault.RACE_MOVED):
            minutes = chance.pick((-5, -2, 3, 10, 20))
            for market_id in chance.pick(self._day.races):
                start = self._world.markets[market_id].definition.start + timedelta(minutes=minutes)
                self.act(Reschedule(now, market_id, start))

    def _thin(self) -> None:
        """Little money stands at the prices of one pick: what is wanted comes in many small orders."""
        pick = self._faults.chance.pick(self._day.picks)
        book = self._world.markets[pick.market_id].books[pick.selection_id]
        backs, lays = book.available_to_back(), book.available_to_lay()
        if backs and lays:
            pennies = self._faults.chance.whole(200, 900)
            back, lay = (PRICES.index(Decimal(side[0][0])) for side in (backs, lays))
            self._quote(pick.market_id, pick.selection_id, (back, pennies), (lay, pennies))

    def _turn_the_clock(self) -> None:
        day, faults, chance = self._day, self._faults, self._faults.chance
        clock = day.clock
        if clock.offset and chance.happens(0.5):
            clock.offset, day.has_jumped = timedelta(0), True
        elif not clock.offset and faults.hits(Fault.CLOCK_JUMP):
            clock.offset, day.has_jumped = chance.pick((_HOUR, -_HOUR)), True
        elif not clock.offset and faults.hits(Fault.CLOCK_BACK):
            clock.offset, day.has_jumped = -timedelta(seconds=chance.whole(3, 90)), True

    def _abandon(self, market_id: str) -> None:
        """The market closes without a result; every bet in it is void."""
        now, definition = self._world.now, self._world.markets[market_id].definition
        if definition.status is MarketStatus.CLOSED:
            return
        runners = tuple(
            replace(one, status=RunnerStatus.REMOVED, removed_at=one.removed_at or now) for one in definition.runners
        )
        closed = replace(
            definition, status=MarketStatus.CLOSED, settled_at=now, version=definition.version + 1, runners=runners
        )
        self.act(Redefine(now, closed))

    def withdraw(self, market_id: str) -> None:
        """A runner is a non-runner: mostly one whose removal tells, and that nobody picked."""
        runners = self._world.markets[market_id].definition.runners
        left = [one.selection_id for one in runners if one.status is RunnerStatus.ACTIVE]
        picked = {pick.selection_id for pick in self._day.picks}
        prices = {one.selection_id: one.reference_price for one in self._day.captures}
        short = {runner for runner, price in prices.items() if price is not None and price < _SHORT_PRICE}
        telling = [one for one in left if one in short and one not in picked]
        if len(left) > _FEWEST_RUNNERS:
            chance = self._faults.chance
            gone = chance.pick(telling if telling and chance.happens(0.6) else left)
            with suppress(SimulationError):
                self._world.withdraw(market_id, gone)
                self._day.note(f"world: {gone} withdrawn")

    def _bet(self, strategy_ref: str | None) -> None:
        """A bet of a person, or of another program."""
        day, chance = self._day, self._faults.chance
        pick = chance.pick(day.picks)
        self._foreign_count += 1
        runner = self._world.markets[pick.market_id].books[pick.selection_id]
        side = pick.side if chance.happens(0.8) else Side.LAY if pick.side is Side.BACK else Side.BACK
        offers = runner.available_to_back() if side is Side.BACK else runner.available_to_lay()
        if not offers:
            return
        price, size = Decimal(offers[0][0]), Decimal(chance.whole(2, 9))
        order = PlaceInstruction(
            pick.selection_id, side, OrderType.LIMIT, size=size, price=price, persistence=Persistence.LAPSE
        )
        report = self._world.place(
            pick.market_id, [order], customer_ref=f"hand{self._foreign_count}", strategy_ref=strategy_ref
        )
        day.note(f"{strategy_ref or 'by hand'}: {side} {size} @ {price} {report.status}")

    def _a_person_looks(self) -> None:
        """Levers, and the intents that a person knows the truth of."""
        day, chance = self._day, self._faults.chance
        store, now = day.store, day.clock.now()
        controls = store.control_state()
        if not controls.may_open and chance.happens(0.3):
            store.pull(Control(kind=ControlKind.RESUME, at=now, who="a person", why="looked"))
            day.checks.on_resume()
        elif self._faults.hits(Fault.LEVER):
            kind = chance.pick((ControlKind.KILL, ControlKind.PAUSE))
            cancels = kind is ControlKind.KILL and chance.happens(0.5)
            store.pull(Control(kind=kind, at=now, who="a person", why="to see", cancels_open=cancels))
        living = {bet.order_ref for bet in self._world.bets.values()} | {one.order_ref for one in day.late_orders()}
        for entry in store.open_intents(day.account):
            is_lost = entry.state in {IntentState.SENT, IntentState.UNKNOWN} and entry.intent.ref not in living
            if is_lost and chance.happens(0.15):
                evidence = Evidence(state=IntentState.DEAD, code="PERSON", detail="not at the exchange", who="a person")
                store.resolve(entry.intent.ref, evidence, now)

    def act(self, event: Any) -> None:
        """Let it happen, where it can."""
        with suppress(SimulationError):
            self._world.apply(event)
            self._day.note(f"world: {type(event).__name__}")

    def _some_market(self) -> str:
        return self._faults.chance.pick(sorted(self._world.markets))
