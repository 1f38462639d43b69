"""The life of an order: reserved durably, marked as sent, sent once, and what is known of it recorded.

Whatever goes wrong, one of three things is true afterwards: no intent stands in the journal and nothing was sent; the
intent stands as reserved or dead and nothing was sent; or it stands as sent, seen or unknown and counts in full.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.errors import StoreUnknownError
from policytrader.model.journal import Evidence, IntentState
from policytrader.model.orders import Fate, OrderAnswer, OrderRequest

if TYPE_CHECKING:
    from policytrader.model.journal import Intent, JournalEntry, Lease
    from policytrader.ports import Clock, Exchange
    from policytrader.ports.store import JournalStore

_STATES = {Fate.SEEN: IntentState.SEEN, Fate.DEAD: IntentState.DEAD, Fate.UNKNOWN: IntentState.UNKNOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """An intent after its order was sent: what the journal knows, and the exchange's answer."""

    entry: JournalEntry
    answer: OrderAnswer


class Executor:
    """Sends intents, each at most once."""

    def __init__(self, exchange: Exchange, journal: JournalStore, clock: Clock) -> None:
        """The journal's methods are durable when they return."""
        self._exchange = exchange
        self._journal = journal
        self._clock = clock

    def execute(self, intent: Intent, lease: Lease) -> Executed:
        """Reserve, mark, send, record.

        Raises ``StaleEpochError`` where another process leads and ``StoreError`` where the journal cannot be written:
        before the order is sent, then nothing was sent; after it, the intent stays ``sent`` and the next reconciliation
        finds out. The caller sends nothing more in either case.
        """
        self._reserve(intent, lease)
        self._mark_sent(intent, lease)
        answer = self._exchange.place(_request(intent))
        evidence = Evidence(
            state=_STATES[answer.fate], code=answer.code, detail=answer.detail, bet_id=answer.bet_id
        )  # sizes stay unknown until the exchange lists the bet
        return Executed(entry=self._journal.resolve(intent.ref, evidence, self._clock.now()), answer=answer)

    def _reserve(self, intent: Intent, lease: Lease) -> None:
        try:
            self._journal.reserve((intent,), lease, self._clock.now())
        except StoreUnknownError:
            # The commit's answer was lost: the row tells whether it happened.
            if self._journal.intent(intent.ref) is None:
                raise

    def _mark_sent(self, intent: Intent, lease: Lease) -> None:
        try:
            self._journal.mark_sent((intent.ref,), lease, self._clock.now())
        except StoreUnknownError:
            entry = self._journal.intent(intent.ref)
            if entry is None or entry.state is not IntentState.SENT:
                raise


def _request(intent: Intent) -> OrderRequest:
    return OrderRequest(
        market_id=intent.market_id,
        selection_id=intent.selection_id,
        side=intent.side,
        price=intent.price,
        size=intent.size,
        order_ref=intent.ref,
        request_ref=intent.ref,
        strategy_ref=intent.strategy_ref,
        market_version=intent.market_version,
    )
