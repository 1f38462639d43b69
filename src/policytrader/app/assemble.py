"""The snapshot of a tick: picks from the store, prices and bets from the exchange, reservations from the journal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.model.journal import IntentState
from policytrader.model.money import ZERO
from policytrader.model.snapshot import Market, MarketType, Order, OrderStatus, Runner, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from policytrader.model.bets import Bet
    from policytrader.model.books import CatalogueMarket, LiveMarket, LiveRunner
    from policytrader.model.journal import JournalEntry
    from policytrader.model.records import StoredSelection
    from policytrader.model.snapshot import ReferenceRunner


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceMarket:
    """One market of a race that is traded, as the catalogue lists it now."""

    race_id: str
    market_type: MarketType
    start: datetime
    course: str | None
    names: Mapping[int, str]

    @classmethod
    def of(cls, race_id: str, market: CatalogueMarket) -> RaceMarket:
        """From the catalogue. Raises ``ValueError`` for a market that is neither WIN nor PLACE."""
        names = {runner.selection_id: runner.runner_name for runner in market.runners}
        return cls(
            race_id=race_id,
            market_type=MarketType(market.market_type),
            start=market.start,
            course=market.venue,
            names=names,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """The account as it was read, and the journal beside it.

    ``bets`` are all of the account's in markets that are not settled, ``entries`` the journal's of the day and whatever
    is still open from before. ``strategy_ref`` tells ours from a person's.
    """

    bets: tuple[Bet, ...]
    entries: tuple[JournalEntry, ...]
    strategy_ref: str

    def orders(self) -> tuple[Order, ...]:
        """Every order that counts, once.

        What the exchange lists counts as it lists it. An intent that it does not list (yet) has its whole size
        reserved, whatever was known of it; one that is done stays in the day's totals with what was matched.
        """
        listed = {bet.order_ref for bet in self.bets if bet.order_ref is not None}
        rows = [bet.as_order(is_ours=bet.strategy_ref == self.strategy_ref) for bet in self.bets]
        for entry in self.entries:
            if entry.intent.ref in listed or entry.state is IntentState.DEAD:
                continue
            if entry.state is not IntentState.DONE:
                rows.append(entry.as_order())
            elif entry.sizes is not None and entry.sizes.matched > ZERO:
                rows.append(_finished(entry))
        return tuple(rows)

    def unexplained_bets(self) -> tuple[Bet, ...]:
        """What a person or another program placed on the account, and bets of ours that no living intent explains."""
        explained = {entry.intent.ref for entry in self.entries if entry.state is not IntentState.DEAD}
        return tuple(
            bet for bet in self.bets if bet.strategy_ref != self.strategy_ref or bet.order_ref not in explained
        )


def _finished(entry: JournalEntry) -> Order:
    intent, sizes = entry.intent, entry.sizes
    assert sizes is not None, "the caller looked"
    return Order(
        intent.ref,
        intent.market_id,
        intent.selection_id,
        intent.side,
        intent.price,
        intent.size,
        sizes.matched,
        sizes.average_price_matched,
        ZERO,
        OrderStatus.EXECUTION_COMPLETE,
        entry.sent_at,
    )


def assemble_snapshot(
    now: datetime,
    picks: Iterable[StoredSelection],
    captures: Iterable[ReferenceRunner],
    races: Mapping[str, RaceMarket],
    books: Sequence[LiveMarket],
    account: AccountView,
) -> Snapshot:
    """Everything a decision depends on, in one value.

    Args:
        now: The clock.
        picks: The day's picks as stored; their off is replaced by the one that the catalogue lists now.
        captures: The rows of their captures.
        races: Market id -> its race; a market that is not in it is left out.
        books: The markets as read.
        account: The account, read after the markets.

    """
    selections = tuple(
        pick.selection._replace(race_time=races[pick.selection.market_id].start)
        if pick.selection.market_id in races
        else pick.selection
        for pick in picks
    )
    known = [book for book in books if book.market_id in races]
    markets = tuple(_market(book, races[book.market_id]) for book in known)
    runners = tuple(
        _runner(book.market_id, runner, races[book.market_id].names) for book in known for runner in book.runners
    )
    return Snapshot(now, selections, tuple(captures), markets, runners, account.orders())


def _market(book: LiveMarket, race: RaceMarket) -> Market:
    return Market(
        book.market_id,
        race.race_id,
        race.market_type,
        book.status,
        # A bet delay is the in-play market's; whoever shows one is not a market before the off.
        book.in_play or book.bet_delay > 0,
        book.version,
        book.number_of_winners,
        None if book.is_delayed else book.published_at,
        race.course,
    )


def _runner(market_id: str, runner: LiveRunner, names: Mapping[int, str]) -> Runner:
    back, lay = (levels[0] if levels else None for levels in (runner.back, runner.lay))
    return Runner(
        market_id,
        runner.selection_id,
        names.get(runner.selection_id),
        runner.status,
        back.price if back else None,
        back.size if back else None,
        lay.price if lay else None,
        lay.size if lay else None,
        runner.last_traded,
        runner.adjustment_factor,
        runner.removed_at,
    )
