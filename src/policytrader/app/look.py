"""A look at the day as it stands: what a tick would decide on, read and not touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.app.assemble import AccountView
from policytrader.app.world import WorldReader
from policytrader.model.times import london_day

if TYPE_CHECKING:
    from datetime import datetime

    from policytrader.model.journal import JournalEntry
    from policytrader.model.snapshot import Snapshot
    from policytrader.ports import Clock, Exchange, PriceFeed
    from policytrader.ports.store import Store


def live_snapshot(
    exchange: Exchange, prices: PriceFeed, store: Store, clock: Clock, *, account: str, strategy_ref: str
) -> Snapshot:
    """Today's picks with the prices and orders of this moment; nothing is written and nothing sent.

    An order that the journal has as open and the exchange does not list any more counts in full here, until the daemon
    has read what became of it. Raises ``ExchangeError`` or ``StoreError``.
    """
    world = WorldReader(exchange, prices, store, clock)
    traded = world.read_markets()
    entries = _entries(store, account, traded.now)
    reading = world.read_account(traded, entries, is_complete=False)
    return traded.snapshot(AccountView(bets=reading.current, entries=entries, strategy_ref=strategy_ref))


def _entries(store: Store, account: str, now: datetime) -> tuple[JournalEntry, ...]:
    """The day's intents, and whatever is open from before, oldest first."""
    day = store.intents(london_day(now), account)
    known = {entry.intent.ref for entry in day}
    return (*(entry for entry in store.open_intents(account) if entry.intent.ref not in known), *day)
