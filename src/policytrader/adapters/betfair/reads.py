"""The account on Betfair as it can be read: complete or refused. Nothing here can send an order."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from policytrader.adapters.betfair import parsing
from policytrader.adapters.betfair.pages import PAGE_SIZE, ParsedPage, Rows, filters, read_all, read_page
from policytrader.model.times import format_utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from policytrader.adapters.betfair.wire import Wire
    from policytrader.model.bets import Bet
    from policytrader.model.orders import OrderRequest
    from policytrader.ports import ClearedBet, ClearedMarket, ClearedStatus, Funds

T = TypeVar("T")


class AccountReads:
    """Bets, what is over, and funds, over a wire."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def current_bets(
        self, *, market_ids: Iterable[str] = (), order_refs: Iterable[str] = (), bet_ids: Iterable[str] = ()
    ) -> tuple[Bet, ...]:
        """The account's bets in markets that are not settled, ours and foreign, whatever their status, by bet id."""
        rows = Rows("listCurrentOrders", "currentOrders", parsing.parse_bet, "betId")
        found: dict[str, Bet] = {}
        for markets, refs, bets in filters(market_ids, order_refs, bet_ids):
            found |= self._read_all(
                rows,
                "list_current_orders",
                market_ids=markets,
                customer_order_refs=refs,
                bet_ids=bets,
                order_projection="ALL",
                date_range=None,
                order_by="BY_PLACE_TIME",
                sort_dir="EARLIEST_TO_LATEST",
            )
        return tuple(found[bet_id] for bet_id in sorted(found, key=_by_number))

    def cleared_bets(
        self,
        status: ClearedStatus,
        *,
        since: datetime | None = None,
        market_ids: Iterable[str] = (),
        order_refs: Iterable[str] = (),
    ) -> tuple[ClearedBet, ...]:
        """Bets that are over, all pages, by bet id."""
        rows = Rows("listClearedOrders", "clearedOrders", partial(parsing.parse_cleared_bet, status=status), "betId")
        found: dict[str, ClearedBet] = {}
        for markets, refs in filters(market_ids, order_refs):
            found |= self._read_all(
                rows,
                "list_cleared_orders",
                bet_status=status.value,
                group_by="BET",
                market_ids=markets,
                customer_order_refs=refs,
                settled_date_range=_from(since),
            )
        return tuple(found[bet_id] for bet_id in sorted(found, key=_by_number))

    def cleared_markets(
        self, *, since: datetime | None = None, market_ids: Iterable[str] = ()
    ) -> tuple[ClearedMarket, ...]:
        """Profit and commission by market, by market id; commission exists at no finer grain."""
        rows = Rows("listClearedOrders", "clearedOrders", parsing.parse_cleared_market, "marketId")
        found: dict[str, ClearedMarket] = {}
        for (markets,) in filters(market_ids):
            found |= self._read_all(
                rows,
                "list_cleared_orders",
                bet_status="SETTLED",
                group_by="MARKET",
                market_ids=markets,
                settled_date_range=_from(since),
            )
        return tuple(found[market_id] for market_id in sorted(found))

    def funds(self) -> Funds:
        """The account's money."""
        return self._wire.read(lambda client: client.account.get_account_funds(), parsing.parse_funds)

    def _read_all(self, rows: Rows[T], operation: str, **parameters: Any) -> dict[str, T]:
        def page_from(start: int) -> ParsedPage[T]:
            return self._wire.read(
                lambda client: getattr(client.betting, operation)(
                    **parameters, from_record=start, record_count=PAGE_SIZE
                ),
                partial(read_page, rows),
            )

        return read_all(page_from, rows)


class ReadingExchange(AccountReads):
    """The Exchange port of a dry run: it reads, and whoever asks it for more has a defect."""

    def place(self, order: OrderRequest) -> NoReturn:
        """Raise ``RuntimeError``: a dry run sends nothing."""
        message = f"a dry run was asked to place order {order.order_ref}; nothing was sent"
        raise RuntimeError(message)

    def cancel(self, market_id: str, bet_ids: Sequence[str], request_ref: str) -> NoReturn:  # noqa: ARG002 - the port's
        """Raise ``RuntimeError``: a dry run sends nothing."""
        message = f"a dry run was asked to cancel in market {market_id}; nothing was sent"
        raise RuntimeError(message)


def _by_number(bet_id: str) -> tuple[int, str]:
    return len(bet_id), bet_id


def _from(since: datetime | None) -> dict[str, str] | None:
    return None if since is None else {"from": format_utc(since)}
