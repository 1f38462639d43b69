"""A runner is removed: its bets are void, the others' prices are reduced, lays that are now too good are cancelled.

The rules are those of ``docs/exchange-rules.md`` section 6: in a WIN market the factor reduces the price and
factors below 2.5 % do nothing; in every other market it reduces the winnings, however small it is.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from policytrader.model.money import ONE, half_up
from policytrader.model.snapshot import Side
from policytrader.simulation import parts
from policytrader.simulation.bets import Adjustment
from policytrader.simulation.units import to_pennies

if TYPE_CHECKING:
    from datetime import datetime

    from policytrader.simulation.bets import SimulatedBet
    from policytrader.simulation.market import Market

_WIN = "WIN"
_WIN_THRESHOLD, _OTHER_THRESHOLD = Decimal("2.5"), Decimal("4.0")
_HUNDRED = Decimal(100)
_LOWEST = Decimal("1.01")


def reduced_price(price: Decimal, factor: Decimal, market_type: str) -> Decimal:
    """A matched price after the removal of a runner with ``factor`` percent, half up to 0.01, never below 1.01."""
    keeps = ONE - factor / _HUNDRED
    if market_type != _WIN:
        reduced = half_up(ONE + (price - ONE) * keeps)
    elif factor >= _WIN_THRESHOLD:
        reduced = half_up(price * keeps)
    else:
        return price
    return min(price, max(_LOWEST, reduced))


def cancels_lays(factor: Decimal, market_type: str) -> bool:
    """True if unmatched lays on the other runners go."""
    return factor >= (_WIN_THRESHOLD if market_type == _WIN else _OTHER_THRESHOLD)


def remove_runner(market: Market, selection_id: int, factor: Decimal | None, at: datetime) -> None:
    """All that a removal does to the bets of one market. Without a factor nobody's price is reduced."""
    for bet in market.bets.values():
        if bet.selection_id == selection_id:
            if bet.is_open:
                parts.lapse(market, bet, at)
            parts.void(market, bet, at)
        elif factor is not None:
            _reduce(market, bet, selection_id, factor, at)
    if factor is not None and cancels_lays(factor, market.definition.market_type):
        for bet in list(market.open_bets.values()):
            if bet.side is Side.LAY and bet.pennies_remaining:
                parts.cancel(market, bet, bet.pennies_remaining, at)
    # A runner may come back and be removed again: what was reduced for it once is not reduced for it twice.
    market.adjusted_until[selection_id] = at
    market.books[selection_id].clear()
    market.moved.update(dict.fromkeys(market.books))


def clear_others(market: Market, selection_id: int, factor: Decimal) -> None:
    """What a removal does to what others display on the runners that are left; a recording tells it by itself."""
    market_type = market.definition.market_type
    for other, book in market.books.items():
        if other == selection_id:
            continue
        if cancels_lays(factor, market_type):
            book.clear_back()
        if book.last_traded is not None:
            book.last_traded = reduced_price(book.last_traded, factor, market_type)


def _reduce(market: Market, bet: SimulatedBet, selection_id: int, factor: Decimal, at: datetime) -> None:
    until = market.adjusted_until.get(selection_id)
    for match in bet.matches if bet.pennies_matched else ():
        if until is not None and match.at <= until:
            continue
        old = match.price_now
        new = reduced_price(old, factor, market.definition.market_type)
        if new != old:
            parts.reprice(market, bet, match, to_pennies(new))
            bet.adjustments.append(Adjustment(at, selection_id, factor, old, new, match.size))
