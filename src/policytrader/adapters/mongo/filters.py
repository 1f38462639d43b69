"""Questions put to the bets' collection; documents of the seed's, where fields are missing, are meant as well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.model.ids import id_value
from policytrader.model.outcomes import Outcome
from policytrader.model.tracked import BotType
from policytrader.model.tracked_checks import kept_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policytrader.model.tracked import TrackedBet
    from policytrader.ports.bet_store import BetFilter, Owner, Recheck

LOOKED_AT = "result_tracking.last_checked_at"
STANDS: dict[str, Any] = {"deleted_at": None}
_IS_AUTOMATIC: dict[str, Any] = {"manual_override": {"$ne": True}} | STANDS
IS_PENDING: dict[str, Any] = {"status": str(Outcome.PENDING)} | _IS_AUTOMATIC
"""Waits for a result, and no person gave it one."""
IS_SETTLED: dict[str, Any] = {"status": {"$nin": [str(Outcome.PENDING), None]}} | _IS_AUTOMATIC
"""Has a result, and no person gave it."""
CAN_BE_STAMPED: dict[str, Any] = {"result_tracking": {"$not": {"$type": "null"}}}
"""Where another program wrote null, nothing can be put inside."""


def is_owners(owner: Owner | TrackedBet) -> dict[str, Any]:
    """Bets of a user and bot."""
    return {"user_id": owner.user_id, "bot_type": _bot(owner.bot_type)}


def belongs_to(owner: Owner | TrackedBet, found: Mapping[str, Any]) -> bool:
    """The same, of a document that was read."""
    return (found.get("user_id"), found.get("bot_type") or BotType.PLAYER) == (owner.user_id, owner.bot_type)


def stands_on(changed: TrackedBet, found: Mapping[str, Any]) -> bool:
    """Whether ``changed`` follows the version that was read."""
    return belongs_to(changed, found) and (found.get("version") or 1) == changed.version - 1


def is_still(found: Mapping[str, Any]) -> dict[str, Any]:
    """The document that was read, if it has that version yet."""
    return {"_id": found["_id"], "version": found.get("version")}


def is_on_fixture(fixture_id: str) -> dict[str, Any]:
    """Bets on a fixture, whose id may be a whole number or a text."""
    return {"fixture_id": {"$in": list({id_value(fixture_id), fixture_id})}}


def is_due_again(wanted: Recheck) -> dict[str, Any]:
    """Settled bets that are to be looked at again; those that cannot be stamped would be so for ever."""
    before = {"$lt": kept_time(wanted.checked_before)}
    was_looked_at = {LOOKED_AT: before}
    was_never = {LOOKED_AT: {"$not": {"$type": "date"}}, "settled_at": before}
    return (
        {"settled_at": {"$gte": kept_time(wanted.settled_since)}}
        | IS_SETTLED
        | CAN_BE_STAMPED
        | {"result_tracking.reason": {"$nin": sorted(str(reason) for reason in wanted.final)}}
        | {"$or": [was_looked_at, was_never]}
    )


def holds_key(bet: TrackedBet) -> dict[str, Any]:
    """The bet that stands in the way of a second one with this key."""
    key = {"user_id": bet.user_id, "bot_type": str(bet.bot_type), "dedup_key": bet.dedup_key}
    return key | {"duplicate_of": None}


def wanted_bets(wanted: BetFilter) -> dict[str, Any]:
    """What a filter asks for."""
    query: dict[str, Any] = {} if wanted.with_deleted else dict(STANDS)
    if wanted.statuses is not None:
        query["status"] = {"$in": [str(status) for status in wanted.statuses]}
    for name in ("market", "bookmaker", "match"):
        if (value := getattr(wanted, name)) is not None:
            query[name] = value
    if wanted.tags:
        query["tags"] = {"$all": list(wanted.tags)}
    times = {}
    if wanted.kickoff_from is not None:
        times["$gte"] = kept_time(wanted.kickoff_from)
    if wanted.kickoff_to is not None:
        times["$lt"] = kept_time(wanted.kickoff_to)
    return query | ({"kickoff_at": times} if times else {})


def _bot(bot_type: BotType) -> Any:
    # The seed's default.
    return {"$in": [str(bot_type), None]} if bot_type is BotType.PLAYER else str(bot_type)
