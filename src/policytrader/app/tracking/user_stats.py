"""The public statistics of a user: fourteen numbers, and bets.

The numbers are the store's sums, and take no time however many bets there are. Documents do: whoever shows five of a
hundred thousand bets asks for five.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from policytrader.app.tracking.documents import bet_document
from policytrader.app.tracking.statistics import Statistics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policytrader.model.tracked import TrackedBet
    from policytrader.ports.bet_store import BetFilter, BetStore, Owner


def user_stats(
    store: BetStore, owner: Owner, wanted: BetFilter | None = None, limit: int | None = None
) -> dict[str, Any]:
    """The statistics of all bets, or of those that a filter lets through: the latter are added up one by one.

    ``limit`` is how many of the newest bets are shown, None for all; the numbers are of all of them.
    """
    if wanted is not None:
        bets = list(store.bets(owner, wanted))
        return _document(Statistics.of_bets(bets), islice(bets, limit))
    return _document(Statistics.of(store.totals(owner)), store.bets(owner, limit=limit))


def no_stats() -> dict[str, Any]:
    """Of somebody who has no bets."""
    return _document(Statistics.of(()), ())


def _document(numbers: Statistics, bets: Iterable[TrackedBet]) -> dict[str, Any]:
    return {**numbers.document(), "bets": [bet_document(bet) for bet in bets]}
