"""Prices that cannot be are no prices: whatever feed they come from, nothing is decided on them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from policytrader.model.money import PENNY, ZERO
from policytrader.model.price import MAX_PRICE, is_on_ladder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from policytrader.model.books import CatalogueMarket, LiveMarket, LiveRunner, MarketFilter, PriceSize
    from policytrader.ports import PriceFeed

_NOTHING_WON = 1
_ENDLESS = 1_000_000_000
"""More than any market holds."""


class CheckedPrices:
    """A ``PriceFeed`` over another: a side with an impossible level is empty, and so are both of a crossed book."""

    def __init__(self, prices: PriceFeed) -> None:
        """Nothing is read yet."""
        self._prices = prices

    def catalogue(self, wanted: MarketFilter) -> tuple[CatalogueMarket, ...]:
        """Straight through."""
        return self._prices.catalogue(wanted)

    def books(self, market_ids: Sequence[str]) -> tuple[LiveMarket, ...]:
        """The books, without what cannot be."""
        return tuple(
            replace(book, runners=tuple(map(checked, book.runners))) for book in self._prices.books(market_ids)
        )

    def starting_prices(self, market_ids: Sequence[str]) -> Mapping[tuple[str, int], Decimal]:
        """Straight through."""
        return self._prices.starting_prices(market_ids)


def checked(runner: LiveRunner) -> LiveRunner:
    """The runner without prices that cannot be; the same object where all of them can."""
    back = runner.back if all(map(_is_possible, runner.back)) else ()
    lay = runner.lay if all(map(_is_possible, runner.lay)) else ()
    if back and lay and back[0].price >= lay[0].price:
        back = lay = ()
    last = checked_last(runner.last_traded)
    if back is runner.back and lay is runner.lay and last is runner.last_traded:
        return runner
    return replace(runner, back=back, lay=lay, last_traded=last)


def checked_last(price: Decimal | None) -> Decimal | None:
    """The last traded price; None where no price can be so.

    A removal reduces it off the ladder, but to hundredths.
    """
    is_price = price is not None and price.is_finite() and _NOTHING_WON < price <= MAX_PRICE and _has_pennies(price)
    return price if is_price else None


def _is_possible(level: PriceSize) -> bool:
    price, size = level
    return (
        price.is_finite() and is_on_ladder(price) and size.is_finite() and ZERO < size < _ENDLESS and _has_pennies(size)
    )


def _has_pennies(amount: Decimal) -> bool:
    return not amount % PENNY
