"""The life of an order: reserved durably, marked as sent, sent once, and what is known of it recorded.

Whatever goes wrong, one of three things is true afterwards: no intent stands in the journal and nothing was sent; the
intent stands as reserved or dead and nothing was sent; or it stands as sent, seen or unknown and counts in full.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.errors import StoreError, StoreUnknownError
from policytrader.model.journal import NOT_SENT, Evidence, IntentState
from policytrader.model.orders import Fate, OrderAnswer, OrderRequest, Reaction

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from policytrader.model.journal import Intent, JournalEntry, Lease
    from policytrader.ports import Clock, Exchange
    from policytrader.ports.store import JournalStore

_TOO_LATE = frozenset({Reaction.BACK_OFF})
"""Whatever else was decided on the same prices is too late as well."""

_STATES = {Fate.SEEN: IntentState.SEEN, Fate.DEAD: IntentState.DEAD, Fate.UNKNOWN: IntentState.UNKNOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """An intent after its order was sent: what the journal knows, and the exchange's answer."""

    entry: JournalEntry
    answer: OrderAnswer


class Executor:
    """Sends intents, each at most once."""

    def __init__(
        self,
        exchange: Exchange,
        journal: JournalStore,
        clock: Clock,
        heed: Callable[[Intent, OrderAnswer], None] = lambda _intent, _answer: None,
    ) -> None:
        """The journal's methods are durable when they return. ``heed`` is told each answer before the journal is."""
        self._heed = heed
        self._exchange = exchange
        self._journal = journal
        self._clock = clock

    def execute(self, intent: Intent, lease: Lease, latest: datetime | None = None) -> Executed:
        """Reserve, mark, send, record. After ``latest`` it is not sent any more: the store took too long.

        Raises ``StaleEpochError`` where another process leads and ``StoreError`` where the journal cannot be written:
        before the order is sent, then nothing was sent; after it, the intent stays ``sent`` and the next reconciliation
        finds out. The caller sends nothing more in either case.
        """
        self._reserve(intent, lease)
        self._mark_sent(intent, lease)
        if latest is not None and self._clock.now() > latest:
            answer = OrderAnswer(fate=Fate.DEAD, code=NOT_SENT, reactions=_TOO_LATE)
        else:
            answer = self._exchange.place(request_of(intent))
            self._heed(intent, answer)
        evidence = Evidence(
            state=_STATES[answer.fate], code=answer.code, detail=answer.detail, bet_id=answer.bet_id
        )  # sizes stay unknown until the exchange lists the bet
        return Executed(entry=self._journal.resolve(intent.ref, evidence, self._clock.now()), answer=answer)

    def _reserve(self, intent: Intent, lease: Lease) -> None:
        try:
            self._journal.reserve((intent,), lease, self._clock.now())
        except StoreUnknownError as error:
            # The commit's answer was lost: the row tells whether it happened.
            if not self._stands_as(intent, IntentState.RESERVED):
                self._withdraw(intent, error)
                raise

    def _mark_sent(self, intent: Intent, lease: Lease) -> None:
        try:
            self._journal.mark_sent((intent.ref,), lease, self._clock.now())
        except StoreError as error:
            if isinstance(error, StoreUnknownError) and self._stands_as(intent, IntentState.SENT):
                return
            self._withdraw(intent, error)
            raise

    def _stands_as(self, intent: Intent, state: IntentState) -> bool:
        with suppress(StoreError):
            entry = self._journal.intent(intent.ref)
            return entry is not None and entry.state is state
        return False

    def _withdraw(self, intent: Intent, error: StoreError) -> None:
        """Nothing was sent and nothing will be. Where the store does not take that either, the reservation stays."""
        evidence = Evidence(state=IntentState.DEAD, code=NOT_SENT, detail=error.code)
        with suppress(StoreError):
            self._journal.resolve(intent.ref, evidence, self._clock.now())


def request_of(intent: Intent) -> OrderRequest:
    """What is sent for an intent."""
    return OrderRequest.on(
        intent,
        intent,
        ref=intent.ref,
        strategy_ref=intent.strategy_ref,
        market_version=intent.market_version,
        payout=intent.payout,
    )
