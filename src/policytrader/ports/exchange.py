"""The exchange: orders and the account, markets and prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from policytrader.model.bets import Bet, ClearedStatus
    from policytrader.model.books import CatalogueMarket, LiveMarket, MarketFilter
    from policytrader.model.orders import CancelAnswer, OrderAnswer, OrderRequest
    from policytrader.model.snapshot import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearedBet:
    """A bet, or a part of one, that is over. ``profit`` before commission; ``outcome`` WON, LOST, VOID or None."""

    bet_id: str
    market_id: str
    selection_id: int
    side: Side
    status: ClearedStatus
    order_ref: str | None
    strategy_ref: str | None
    size: Decimal
    price: Decimal | None
    profit: Decimal
    outcome: str | None
    settled_at: datetime | None
    placed_at: datetime | None
    is_price_reduced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearedMarket:
    """What a settled market made: profit over all of the account's bets in it, and the commission charged on it."""

    market_id: str
    profit: Decimal
    commission: Decimal
    bet_count: int
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Funds:
    """The account: an independent cross-check, not the ledger. ``exposure`` is zero or negative."""

    available: Decimal
    exposure: Decimal
    exposure_limit: Decimal | None


class Exchange(Protocol):
    """Orders and the account. Reads raise ``ExchangeError``; ``place`` and ``cancel`` never do: they answer.

    Money is checked before anything is sent: a price off the ladder, a size with a fraction of a penny or a reference
    of the wrong form raises ``ValueError``, for it is a defect of the caller and nothing may reach the exchange.
    """

    def place(self, order: OrderRequest) -> OrderAnswer:
        """Send one order, once. Nothing here ever sends it again."""
        ...

    def cancel(self, market_id: str, bet_ids: Sequence[str], request_ref: str) -> tuple[CancelAnswer, ...]:
        """Cancel what is unmatched of these bets; one answer each, in their order.

        Raises ``ValueError`` without a market or without bets: the exchange would take that for "everything".
        """
        ...

    def current_bets(
        self, *, market_ids: Iterable[str] = (), order_refs: Iterable[str] = (), bet_ids: Iterable[str] = ()
    ) -> tuple[Bet, ...]:
        """The account's bets in markets that are not settled, ours and foreign, whatever their status, by bet id.

        All pages, read until two passes agree. Empty filters mean everything.
        """
        ...

    def cleared_bets(
        self,
        status: ClearedStatus,
        *,
        since: datetime | None = None,
        market_ids: Iterable[str] = (),
        order_refs: Iterable[str] = (),
    ) -> tuple[ClearedBet, ...]:
        """Bets that are over, all pages."""
        ...

    def cleared_markets(
        self, *, since: datetime | None = None, market_ids: Iterable[str] = ()
    ) -> tuple[ClearedMarket, ...]:
        """Profit and commission by market; commission exists at no finer grain."""
        ...

    def funds(self) -> Funds:
        """The account's money."""
        ...


class PriceFeed(Protocol):
    """Markets and their prices. Everything raises ``ExchangeError`` where there is no answer: no data in this tick."""

    def catalogue(self, wanted: MarketFilter) -> tuple[CatalogueMarket, ...]:
        """The catalogue's markets, by start and id."""
        ...

    def books(self, market_ids: Sequence[str]) -> tuple[LiveMarket, ...]:
        """The books of these markets, in their order; a market that the exchange does not know is left out."""
        ...

    def starting_prices(self, market_ids: Sequence[str]) -> Mapping[tuple[str, int], Decimal]:
        """Starting prices, by market and runner, as far as there are any: a market has them once it turned in play."""
        ...


class LiveFeed(Protocol):
    """Prices that come by themselves."""

    def wait_for_change(self, seconds: float) -> bool:
        """Wait, at most so long by the wall, until something is new since this was last asked."""
        ...

    def describe(self) -> str:
        """How it is, for the log."""
        ...
