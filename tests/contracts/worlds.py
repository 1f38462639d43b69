"""The world behind a port, as a contract suite drives it: the same race in memory, and behind the server.

Both play the same simulated exchange. The served one is reached as Betfair is: HTTP over a socket, the real client
library, our adapter; and its world is driven through the server's control.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

import requests

from policytrader.adapters.betfair.endpoints import parse_exchange_line, with_stream_certificate
from policytrader.adapters.betfair.exchange import BetfairExchange
from policytrader.adapters.betfair.prices import BetfairPrices
from policytrader.adapters.betfair.wire import Wire
from policytrader.adapters.exchange_server.server import ExchangeServer
from policytrader.adapters.simulated.exchange import InMemoryExchange
from policytrader.adapters.simulated.prices import InMemoryPrices
from policytrader.model.price import TICK_OF
from policytrader.simulation.definition import MarketDefinition, RunnerDefinition
from policytrader.simulation.events import Quote, Redefine, Reopen, Settle, Suspend, TurnInPlay
from policytrader.simulation.exchange import SimulatedExchange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from policytrader.ports import Exchange, PriceFeed

NOW = datetime(2026, 5, 2, 12, 0, tzinfo=UTC)
OFF = datetime(2026, 5, 2, 14, 0, tzinfo=UTC)
WIN, PLACE, LATER = "1.100000001", "1.100000002", "1.100000003"
RUNNERS = (11, 12, 13, 14)

Levels = tuple[tuple[str, str], ...]


class World(Protocol):
    """One race, and what may happen to it."""

    exchange: Exchange
    prices: PriceFeed

    def advance(self, seconds: int) -> None: ...
    def book(self, market_id: str, selection_id: int, *, back: Levels = (), lay: Levels = ()) -> None: ...
    def suspend(self, market_id: str) -> None: ...
    def reopen(self, market_id: str) -> None: ...
    def remove(self, market_id: str, selection_id: int, factor: str) -> None: ...
    def turn_in_play(self, market_id: str) -> None: ...
    def settle(self, market_id: str, winners: Sequence[int]) -> None: ...


def simulated_race() -> SimulatedExchange:
    """A WIN and a PLACE market of one race, and a later race; nothing in them moves by itself."""
    win = MarketDefinition(
        market_id=WIN,
        event_id="30000001",
        event_name="Ascot 2nd May",
        event_type_id="7",
        market_type="WIN",
        name="6f Hcap",
        start=OFF,
        venue="Ascot",
        country_code="GB",
        timezone="Europe/London",
        number_of_winners=1,
        runners=tuple(
            RunnerDefinition(
                selection_id=selection_id,
                name=f"Runner {selection_id}",
                sort_priority=number,
                adjustment_factor=Decimal(factor),
            )
            for number, (selection_id, factor) in enumerate(zip(RUNNERS, (40, 30, 20, 10), strict=True), 1)
        ),
        version=100,
        base_rate=Decimal(5),
    )
    place = replace(win, market_id=PLACE, market_type="PLACE", name="To Be Placed", number_of_winners=2)
    later = replace(
        win,
        market_id=LATER,
        event_id="30000002",
        event_name="Cork 2nd May",
        start=OFF + timedelta(minutes=30),
        venue="Cork",
        country_code="IE",
    )
    exchange = SimulatedExchange(NOW, [Redefine(NOW, later), Redefine(NOW, win), Redefine(NOW, place)])
    for market_id in (WIN, PLACE):
        for selection_id in RUNNERS:
            quote = _quote(
                NOW, market_id, selection_id, (("4.0", "20"), ("3.95", "30")), (("4.2", "20"), ("4.3", "30"))
            )
            exchange.apply(quote)
    return exchange


def _quote(at: datetime, market_id: str, selection_id: int, back: Levels, lay: Levels) -> Quote:
    def levels(side: Levels) -> tuple[tuple[int, int], ...]:
        return tuple((TICK_OF[Decimal(price)], int(Decimal(size) * 100)) for price, size in side)

    return Quote(at, market_id, selection_id, back=levels(back), lay=levels(lay), replaces=True)


@dataclass
class InMemoryWorld:
    """The simulated exchange, called."""

    simulated: SimulatedExchange
    exchange: Exchange
    prices: PriceFeed

    def advance(self, seconds: int) -> None:
        self.simulated.advance(self.simulated.now + timedelta(seconds=seconds))

    def book(self, market_id: str, selection_id: int, *, back: Levels = (), lay: Levels = ()) -> None:
        self.simulated.apply(_quote(self.simulated.now, market_id, selection_id, back, lay))

    def suspend(self, market_id: str) -> None:
        self.simulated.apply(Suspend(self.simulated.now, market_id))

    def reopen(self, market_id: str) -> None:
        self.simulated.apply(Reopen(self.simulated.now, market_id))

    def remove(self, market_id: str, selection_id: int, factor: str) -> None:
        self.simulated.withdraw(market_id, selection_id, Decimal(factor))

    def turn_in_play(self, market_id: str) -> None:
        self.simulated.apply(TurnInPlay(self.simulated.now, market_id))

    def settle(self, market_id: str, winners: Sequence[int]) -> None:
        self.simulated.apply(Settle(self.simulated.now, market_id, tuple(winners)))


@dataclass
class ServedWorld:
    """The same behind the server, told what to do through its control."""

    control: str
    http: requests.Session
    exchange: Exchange
    prices: PriceFeed

    def tell(self, **command: Any) -> None:
        answer = self.http.post(self.control, data=json.dumps(command), timeout=10)
        assert answer.status_code == 200, answer.text

    def advance(self, seconds: int) -> None:
        self.tell(advance=seconds)

    def book(self, market_id: str, selection_id: int, *, back: Levels = (), lay: Levels = ()) -> None:
        def levels(side: Levels) -> list[list[float]]:
            return [[float(price), float(size)] for price, size in side]

        self.tell(book={"market": market_id, "selection": selection_id, "back": levels(back), "lay": levels(lay)})

    def suspend(self, market_id: str) -> None:
        self.tell(suspend=market_id)

    def reopen(self, market_id: str) -> None:
        self.tell(reopen=market_id)

    def remove(self, market_id: str, selection_id: int, factor: str) -> None:
        self.tell(remove={"market": market_id, "selection": selection_id, "factor": float(factor)})

    def turn_in_play(self, market_id: str) -> None:
        self.tell(turn_in_play=market_id)

    def settle(self, market_id: str, winners: Sequence[int]) -> None:
        self.tell(settle={"market": market_id, "winners": list(winners)})


class HostClock:
    """The simulated time, for the adapter's keep-alive."""

    def __init__(self, simulated: SimulatedExchange) -> None:
        self._simulated = simulated

    def now(self) -> datetime:
        return self._simulated.now

    def wait(self, seconds: float) -> None:
        raise NotImplementedError(seconds)


@contextmanager
def in_memory() -> Iterator[InMemoryWorld]:
    simulated = simulated_race()
    yield InMemoryWorld(simulated, InMemoryExchange(simulated), InMemoryPrices(simulated))


@contextmanager
def served() -> Iterator[ServedWorld]:
    simulated = simulated_race()
    server = ExchangeServer(simulated, seed="contract")
    server.start()
    try:
        line = with_stream_certificate(parse_exchange_line(json.dumps(server.announcement)))
        assert line.control is not None
        with (
            Wire(line.endpoints, line.credentials, HostClock(simulated)) as wire,
            requests.Session() as http,
        ):
            http.trust_env = False
            yield ServedWorld(line.control, http, BetfairExchange(wire), BetfairPrices(wire))
    finally:
        server.stop()


WORLDS: dict[str, Callable[[], AbstractContextManager[World]]] = {"in memory": in_memory, "served": served}
