"""The off: starting prices are reconciled, orders at the starting price match, and LAPSE orders lapse."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from policytrader.model.bets import OrderType, Persistence
from policytrader.model.money import divide, half_up
from policytrader.model.price import PRICES
from policytrader.model.snapshot import Side
from policytrader.simulation import parts
from policytrader.simulation.units import HUNDREDTHS, to_pennies

if TYPE_CHECKING:
    from datetime import datetime

    from policytrader.model.money import MinimumSize
    from policytrader.simulation.bets import SimulatedBet
    from policytrader.simulation.book import RunnerBook
    from policytrader.simulation.market import Market

_LEAST_LIABILITY = {"GBP": 1000, "EUR": 1000, "USD": 2000, "AUD": 3000}


def least_pennies(side: Side, minimum: MinimumSize) -> int:
    """The smallest order at the starting price: a back's stake, a lay's liability."""
    return to_pennies(minimum.size) if side is Side.BACK else _LEAST_LIABILITY[minimum.currency]


def starting_price_of(book: RunnerBook) -> Decimal | None:
    """A starting price for a market that nobody reconciled: as projected, else between the best prices, else last."""
    if book.near is not None and book.near.is_finite() and book.near > 1:
        return half_up(book.near)
    back, lay = book.back_levels(), book.lay_levels()
    if back and lay:
        return half_up(divide(PRICES[back[0][0]] + PRICES[lay[0][0]], Decimal(2)))
    return half_up(book.last_traded) if book.last_traded is not None else None


def reconcile(market: Market, at: datetime, minimum: MinimumSize) -> None:
    """Match all orders at the starting price, of the definition if it has one, else from the book."""
    market.is_reconciled = True
    for bet in list(market.open_bets.values()):
        if bet.order_type is OrderType.LIMIT and bet.persistence is not Persistence.MARKET_ON_CLOSE:
            continue
        runner = market.runner(bet.selection_id)
        price = runner.starting_price if runner else None
        if price is None or not price.is_finite():
            price = starting_price_of(market.books[bet.selection_id])
        _match_or_lapse(market, bet, None if price is None else to_pennies(half_up(price)), at, minimum)


def lapse_at_the_off(market: Market, at: datetime) -> None:
    """What was not told to persist lapses when the market turns in-play."""
    for bet in list(market.open_bets.values()):
        if bet.persistence is not Persistence.PERSIST:
            parts.lapse(market, bet, at)


def _match_or_lapse(
    market: Market, bet: SimulatedBet, hundredths: int | None, at: datetime, minimum: MinimumSize
) -> None:
    if hundredths is None or hundredths <= 100 or not _accepts(bet, hundredths):  # noqa: PLR2004 - a price of 1
        parts.lapse(market, bet, at)
        return
    if bet.order_type is OrderType.LIMIT:
        limit = HUNDREDTHS[bet.tick or 0]
        units = bet.pennies_remaining * (100 if bet.side is Side.BACK else limit - 100)
    else:
        units = 100 * bet.liability_pennies
    pennies = units // (100 if bet.side is Side.BACK else hundredths - 100)
    is_too_small = bet.order_type is OrderType.LIMIT and units < 100 * least_pennies(bet.side, minimum)
    if is_too_small or not pennies:
        parts.lapse(market, bet, at)
    else:
        parts.match_at_starting_price(market, bet, pennies, hundredths, at)


def _accepts(bet: SimulatedBet, hundredths: int) -> bool:
    if bet.order_type is not OrderType.LIMIT_ON_CLOSE:
        return True
    limit = HUNDREDTHS[bet.tick or 0]
    return hundredths >= limit if bet.side is Side.BACK else hundredths <= limit
