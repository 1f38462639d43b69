"""Which bets a reader wants, from words and times as a caller gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from policytrader.app.tracking import values
from policytrader.ports.bet_store import BetFilter

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from policytrader.model.outcomes import Outcome


class Wanted(TypedDict, total=False):
    """``status``: one word or several. ``tags`` must all be there. Kick-offs have a zone, the second one excluded."""

    status: str | Collection[str] | None
    tags: Collection[str]
    market: str | None
    bookmaker: str | None
    match: str | None
    kickoff_from: datetime | None
    kickoff_to: datetime | None


def bet_filter(**wanted: Unpack[Wanted]) -> BetFilter | None:
    """The filter; None where nothing is left out. Raises ``Refusal``."""
    unknown = next((name for name in wanted if name not in Wanted.__annotations__), None)
    if unknown is not None:
        message = f"{unknown}: bets are not chosen by this; known: {', '.join(Wanted.__annotations__)}"
        raise values.Refusal(message)
    earliest, latest = wanted.get("kickoff_from"), wanted.get("kickoff_to")
    found = BetFilter(
        statuses=_statuses(wanted.get("status")),
        tags=values.tags("tags", wanted.get("tags", ())),
        market=values.text("market", wanted.get("market")),
        bookmaker=values.text("bookmaker", wanted.get("bookmaker")),
        match=values.text("match", wanted.get("match")),
        kickoff_from=None if earliest is None else values.moment("kickoff_from", earliest),
        kickoff_to=None if latest is None else values.moment("kickoff_to", latest),
    )
    return None if found == BetFilter() else found


def _statuses(status: object) -> tuple[Outcome, ...] | None:
    if status is None:
        return None
    words = status if isinstance(status, (list, tuple, set, frozenset)) else (status,)
    return tuple(values.outcome("status", word) for word in words)
