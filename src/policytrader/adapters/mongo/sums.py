"""What the server adds up and groups."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from policytrader.adapters.mongo.filters import LOOKED_AT, is_owners
from policytrader.adapters.mongo.reading import readable
from policytrader.model.outcomes import Outcome
from policytrader.model.tracked_checks import units_of
from policytrader.ports.bet_store import PendingFixture, SettledFixture, Totals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pymongo.collection import Collection

    from policytrader.ports.bet_store import Owner

_BETS: dict[str, Any] = {"_id": "$fixture_id", "number": {"$sum": 1}}
_IS_LOOKED_AT = {"$eq": [{"$type": f"${LOOKED_AT}"}, "date"]}
_PENDING_BETS = _BETS | {
    "kickoff_at": {"$max": "$kickoff_at"},
    "checked_at": {"$min": f"${LOOKED_AT}"},
    "checked": {"$sum": {"$cond": [_IS_LOOKED_AT, 1, 0]}},
}
_SETTLED_BETS = _BETS | {"checked_at": {"$min": {"$cond": [_IS_LOOKED_AT, f"${LOOKED_AT}", "$settled_at"]}}}


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


def pending_by_fixture(bets: Collection[Any], query: Mapping[str, Any]) -> tuple[PendingFixture, ...]:
    """The pending bets that are asked for, by fixture."""
    return tuple(
        PendingFixture(
            fixture_id=fixture_id,
            bet_count=_number(groups),
            kickoff_at=max(_times(groups, "kickoff_at"), default=None),
            # One bet that was never looked at is enough.
            last_checked_at=(
                min(_times(groups, "checked_at"), default=None)
                if all(group["checked"] == group["number"] for group in groups)
                else None
            ),
        )
        for fixture_id, groups in _by_fixture(bets, query, _PENDING_BETS).items()
    )


def settled_by_fixture(bets: Collection[Any], query: Mapping[str, Any]) -> tuple[SettledFixture, ...]:
    """The settled bets that are asked for, by fixture; all have a time at which they were settled."""
    return tuple(
        SettledFixture(
            fixture_id=fixture_id, bet_count=_number(groups), last_checked_at=min(_times(groups, "checked_at"))
        )
        for fixture_id, groups in _by_fixture(bets, query, _SETTLED_BETS).items()
    )


def _by_fixture(
    bets: Collection[Any], query: Mapping[str, Any], group: Mapping[str, Any]
) -> dict[str, list[dict[str, Any]]]:
    """A fixture's id is a whole number in some documents and a text in others: each of the two is a group."""
    parts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for found in bets.aggregate([{"$match": {"fixture_id": {"$ne": None}} | dict(query)}, {"$group": dict(group)}]):
        parts[str(found["_id"])].append(found)
    return parts


def _sums(owner: Owner) -> list[dict[str, Any]]:
    match = {"user_id": owner.user_id, "bot_type": str(owner.bot_type), "is_deleted": False}
    group = {
        "_id": "$status",
        "number": {"$sum": 1},
        "staked": {"$sum": "$units_staked"},
        "returned": {"$sum": "$units_returned"},
    }
    return [{"$match": match}, {"$group": group}]


def _number(groups: list[dict[str, Any]]) -> int:
    return sum(group["number"] for group in groups)


def _times(groups: list[dict[str, Any]], name: str) -> Iterator[Any]:
    return (group[name] for group in groups if group[name] is not None)
