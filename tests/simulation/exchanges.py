"""Small exchanges for the tests of its rules: one race with a WIN and a PLACE market, and short words for orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from policytrader.model.bets import OrderType
from policytrader.model.money import PENNY
from policytrader.model.price import TICK_OF
from policytrader.model.snapshot import Side
from policytrader.simulation.definition import MarketDefinition, RunnerDefinition
from policytrader.simulation.events import Event, Quote, Redefine
from policytrader.simulation.exchange import SimulatedExchange
from policytrader.simulation.reports import PlaceInstruction
from policytrader.simulation.units import to_pennies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policytrader.simulation.bets import SimulatedBet
    from policytrader.simulation.codes import InstructionCode, ReportCode
    from policytrader.simulation.reports import PlaceReport

NOW = datetime(2026, 5, 2, 12, 0, tzinfo=UTC)
WIN, PLACE = "1.101", "1.102"
Levels = tuple[tuple[str, str], ...]


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def tick(price: str | Decimal) -> int:
    return TICK_OF[Decimal(price).quantize(PENNY)]


def levels(pairs: Levels) -> tuple[tuple[int, int], ...]:
    return tuple((tick(price), to_pennies(Decimal(size))) for price, size in pairs)


def define(market_id: str = WIN, runners: int = 5, **facts: Any) -> MarketDefinition:
    is_win = market_id == WIN
    defaults: dict[str, Any] = {
        "event_id": "31",
        "event_name": "Ascot 2nd May",
        "event_type_id": "7",
        "market_type": "WIN" if is_win else "PLACE",
        "name": "1m Hcap" if is_win else "To Be Placed",
        "start": after(3600),
        "venue": "Ascot",
        "country_code": "GB",
        "timezone": "Europe/London",
        "number_of_winners": 1 if is_win else 3,
        "version": 1000,
        "base_rate": Decimal(5),
        "runners": tuple(
            RunnerDefinition(
                selection_id=11 + number,
                name=f"Horse {number}",
                sort_priority=number + 1,
                adjustment_factor=Decimal(20) if is_win else Decimal(60),
            )
            for number in range(runners)
        ),
    }
    return MarketDefinition(market_id=market_id, **(defaults | facts))


def race(runners: int = 5, **facts: Any) -> list[Event]:
    return [Redefine(NOW, define(WIN, runners, **facts)), Redefine(NOW, define(PLACE, runners, **facts))]


def new_exchange(feed: Iterable[Event] = (), runners: int = 5, **options: Any) -> SimulatedExchange:
    return SimulatedExchange(NOW, [*race(runners), *feed], **options)


def quote(
    back: Levels | None = None,
    lay: Levels | None = None,
    traded: Levels | None = None,
    selection_id: int = 11,
    market_id: str = WIN,
    at: datetime = NOW,
    **others: Any,
) -> Quote:
    return Quote(
        at,
        market_id,
        selection_id,
        back=None if back is None else levels(back),
        lay=None if lay is None else levels(lay),
        traded=None if traded is None else levels(traded),
        **others,
    )


def back(price: str, size: str | None = "10", selection_id: int = 11, **others: Any) -> PlaceInstruction:
    return _limit(Side.BACK, price, size, selection_id, others)


def lay(price: str, size: str | None = "10", selection_id: int = 11, **others: Any) -> PlaceInstruction:
    return _limit(Side.LAY, price, size, selection_id, others)


def on_close(side: Side, liability: str, price: str | None = None, selection_id: int = 11) -> PlaceInstruction:
    return PlaceInstruction(
        selection_id,
        side,
        OrderType.MARKET_ON_CLOSE if price is None else OrderType.LIMIT_ON_CLOSE,
        liability=Decimal(liability),
        price=None if price is None else Decimal(price),
    )


def _limit(side: Side, price: str, size: str | None, selection_id: int, others: dict[str, Any]) -> PlaceInstruction:
    return PlaceInstruction(
        selection_id,
        side,
        OrderType.LIMIT,
        price=Decimal(price),
        size=None if size is None else Decimal(size),
        **others,
    )


def place(exchange: SimulatedExchange, order: PlaceInstruction, market_id: str = WIN) -> SimulatedBet:
    """Place one order that must be taken; its bet."""
    report = exchange.place(market_id, [order])
    assert report.error_code is None, report
    bet_id = report.results[0].bet_id
    assert bet_id is not None
    return exchange.bets[bet_id]


def matched(exchange: SimulatedExchange, order: PlaceInstruction, market_id: str = WIN) -> SimulatedBet:
    """A bet that is wholly matched at its own price."""
    assert order.price is not None
    assert order.size is not None
    levels_of_others = ((str(order.price), str(order.size)),)
    exchange.apply(
        quote(
            levels_of_others if order.side is Side.BACK else None,
            levels_of_others if order.side is Side.LAY else None,
            selection_id=order.selection_id,
            market_id=market_id,
        )
    )
    bet = place(exchange, order, market_id)
    assert bet.size_remaining == 0
    return bet


def codes(report: PlaceReport) -> tuple[ReportCode | None, list[InstructionCode | None]]:
    return report.error_code, [result.error_code for result in report.results]


def sums_up(bet: SimulatedBet) -> bool:
    parts = bet.size_matched + bet.size_remaining + bet.size_lapsed + bet.size_cancelled + bet.size_voided
    return parts == bet.size
