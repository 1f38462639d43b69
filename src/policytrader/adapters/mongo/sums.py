"""What the server adds up and groups."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from policytrader.adapters.mongo.filters import is_owners
from policytrader.adapters.mongo.reading import readable
from policytrader.model.outcomes import Outcome
from policytrader.model.tracked_checks import units_of
from policytrader.ports.bet_store import PendingFixture, Totals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pymongo.collection import Collection

    from policytrader.ports.bet_store import Owner

_PENDING_BETS = {
    "_id": "$fixture_id",
    "number": {"$sum": 1},
    "kickoff_at": {"$max": "$kickoff_at"},
    "checked_at": {"$min": "$result_tracking.last_checked_at"},
    "checked": {"$sum": {"$cond": [{"$eq": [{"$type": "$result_tracking.last_checked_at"}, "date"]}, 1, 0]}},
}


def added_up(bets: Collection[Any], owner: Owner) -> tuple[Totals, ...]:
    """Counts and sums by status: of our documents from the index alone, of others' by reading them."""
    counts: dict[Outcome, int] = defaultdict(int)
    staked: dict[Outcome, Decimal] = defaultdict(Decimal)
    returned: dict[Outcome, Decimal] = defaultdict(Decimal)
    for group in bets.aggregate(_sums(owner)):
        status = Outcome(group["_id"])
        counts[status] = group["number"]
        staked[status] = group["staked"].to_decimal()
        returned[status] = group["returned"].to_decimal()
    # Others' documents have no such field: null means that, too.
    for bet in readable(bets.find(is_owners(owner) | {"is_deleted": None, "deleted_at": None})):
        counts[bet.status] += 1
        staked[bet.status] += units_of(bet, bet.actual_stake)
        returned[bet.status] += units_of(bet, bet.returns)
    return tuple(
        Totals(status=status, count=count, staked_units=staked[status], returns_units=returned[status])
        for status, count in counts.items()
    )


def grouped_by_fixture(bets: Collection[Any], query: Mapping[str, Any]) -> tuple[PendingFixture, ...]:
    """One for each fixture, whose id is a whole number in some documents and a text in others."""
    stages = [{"$match": {"fixture_id": {"$ne": None}} | dict(query)}, {"$group": _PENDING_BETS}]
    parts: dict[str, list[Any]] = defaultdict(list)
    for group in bets.aggregate(stages):
        parts[str(group["_id"])].append(group)
    return tuple(_one(fixture_id, groups) for fixture_id, groups in parts.items())


def _sums(owner: Owner) -> list[dict[str, Any]]:
    match = {"user_id": owner.user_id, "bot_type": str(owner.bot_type), "is_deleted": False}
    group = {
        "_id": "$status",
        "number": {"$sum": 1},
        "staked": {"$sum": "$units_staked"},
        "returned": {"$sum": "$units_returned"},
    }
    return [{"$match": match}, {"$group": group}]


def _one(fixture_id: str, groups: list[Any]) -> PendingFixture:
    is_checked = all(group["checked"] == group["number"] for group in groups)
    return PendingFixture(
        fixture_id=fixture_id,
        bet_count=sum(group["number"] for group in groups),
        kickoff_at=_earliest(groups, "kickoff_at"),
        # One bet that was never looked at is enough.
        last_checked_at=_earliest(groups, "checked_at") if is_checked else None,
    )


def _earliest(groups: list[Any], name: str) -> Any:
    return min(_times(groups, name), default=None)


def _times(groups: list[Any], name: str) -> Iterator[Any]:
    return (group[name] for group in groups if group[name] is not None)
