"""Collections, their validators and their indexes: made when first used, by however many programs at once.

Validators are "moderate": documents that were there before them, such as the seed's, may still be changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, DESCENDING, IndexModel, errors

from policytrader.adapters.mongo.problems import is_duplicate
from policytrader.errors import StoreError
from policytrader.model.outcomes import Outcome
from policytrader.model.tracked import BotType, By

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pymongo.collection import Collection
    from pymongo.database import Database

BETS = "bets"
HISTORY = "bet_history"

_EXISTS = 48
_TEXT, _WHOLE, _TIME, _AMOUNT, _FLAG = "string", ["int", "long"], "date", "decimal", "bool"
_STATUSES = [str(one) for one in Outcome]


def _or_null(kind: str | list[str]) -> dict[str, Any]:
    return {"bsonType": [*([kind] if isinstance(kind, str) else kind), "null"]}


def _all(kind: str | list[str], *names: str) -> dict[str, Any]:
    return {name: {"bsonType": kind} for name in names}


def _all_or_null(kind: str | list[str], *names: str) -> dict[str, Any]:
    return {name: _or_null(kind) for name in names}


def _object(required: Iterable[str], properties: dict[str, Any]) -> dict[str, Any]:
    return {"bsonType": "object", "required": sorted(required), "properties": properties}


_RESULT = (
    _all_or_null(_TEXT, "api_location", "stat_type", "market_direction", "reason", "rule_id", "policy_hash")
    | _all_or_null(_TEXT, "stat_source", "snapshot_hash", "quality")
    | _all_or_null(_WHOLE, "api_type_id", "first_seen_value")
    | _all_or_null(_TIME, "graded_at", "last_checked_at", "first_seen_at")
    | _all_or_null(_AMOUNT, "expected_threshold", "actual_value")
    | {"result_status": {"enum": _STATUSES}, "graded_immediately": {"bsonType": _FLAG}}
)
_BET_ALWAYS = (
    _all(_TEXT, "bet_id", "market", "period", "note", "dedup_key")
    | _all(_AMOUNT, "odds", "actual_stake", "unit_size", "units_staked", "units_returned", "returns", "profit_loss")
    | _all(_WHOLE, "user_id", "version")
    | _all(_FLAG, "manual_override", "is_lay", "is_deleted")
    | _all(_TIME, "tracked_at")
    | {
        "bot_type": {"enum": [str(one) for one in BotType]},
        "status": {"enum": _STATUSES},
        "tags": {"bsonType": "array", "items": {"bsonType": _TEXT}},
        "result_tracking": _object(["result_status"], _RESULT),
    }
)
_BET = (
    _BET_ALWAYS
    | _all_or_null(_TEXT, "alert_id", "player_name", "team", "market_key", "match", "date", "time", "market_direction")
    | _all_or_null(_TEXT, "bookmaker", "duplicate_of", "matched_by")
    | _all_or_null([*_WHOLE, _TEXT], "player_id", "team_id", "fixture_id")
    | _all_or_null(_TIME, "kickoff_at", "settled_at", "deleted_at")
    | _all_or_null(_AMOUNT, "threshold", "actual_value", "closing_odds", "clv")
)
_ENTRY_ALWAYS = (
    _all(_TEXT, "bet_id", "reason", "note")
    | _all(_WHOLE, "user_id", "version")
    | _all(_TIME, "at")
    | _all("object", "evidence", "before", "after")
    | {"by": {"enum": [str(one) for one in By]}, "from": {"enum": _STATUSES}, "to": {"enum": _STATUSES}}
)
_ENTRY = (
    _ENTRY_ALWAYS | _all_or_null(_TEXT, "rule_id", "policy_hash") | _all_or_null(_AMOUNT, "actual_from", "actual_to")
)
VALIDATORS = {
    BETS: {"$jsonSchema": _object(_BET_ALWAYS, _BET)},
    HISTORY: {"$jsonSchema": _object(_ENTRY_ALWAYS, _ENTRY)},
}

# A filter knows no "does not exist", but equality with null means that, too. An empty key is none.
_HOLDS_KEY = {"duplicate_of": None, "dedup_key": {"$gt": ""}}
INDEXES = {
    BETS: (
        # Not of documents without the field, which the seed's may be.
        IndexModel([("bet_id", ASCENDING)], name="bet_id", unique=True, sparse=True),
        IndexModel(
            [(name, ASCENDING) for name in ("user_id", "bot_type", "status", "kickoff_at", "bet_id")], name="pending"
        ),
        IndexModel(
            [(name, ASCENDING) for name in ("user_id", "bot_type", "dedup_key")],
            name="dedup_key",
            unique=True,
            partialFilterExpression=_HOLDS_KEY,
        ),
        IndexModel([("fixture_id", ASCENDING), ("status", ASCENDING)], name="fixture"),
        IndexModel([("status", ASCENDING), ("result_tracking.last_checked_at", ASCENDING)], name="rotation"),
        # For the second rotation: what was settled of late.
        IndexModel([("settled_at", ASCENDING), ("fixture_id", ASCENDING)], name="settled"),
        IndexModel(
            [("user_id", ASCENDING), ("bot_type", ASCENDING), ("tracked_at", DESCENDING), ("bet_id", DESCENDING)],
            name="newest",
        ),
        IndexModel(
            [(name, ASCENDING) for name in ("user_id", "bot_type", "bet_id")],
            name="chosen",
            partialFilterExpression={"matched_by": str(By.PERSON)},
        ),
        # Holds all that the statistics add up, so that no document is read.
        IndexModel(
            [
                (name, ASCENDING)
                for name in ("user_id", "bot_type", "is_deleted", "status", "units_staked", "units_returned")
            ],
            name="totals",
        ),
    ),
    HISTORY: (
        IndexModel([("bet_id", ASCENDING), ("version", ASCENDING)], name="version", unique=True),
        IndexModel([("bet_id", ASCENDING), ("at", ASCENDING)], name="at"),
    ),
}


def prepare(database: Database[Any], place: str) -> None:
    """Make what is missing. Raises ``StoreError`` where what is there stands in the way, and the driver's errors."""
    there = {one["name"]: one.get("options", {}) for one in database.list_collections()}
    for name, validator in VALIDATORS.items():
        if name not in there:
            _create(database, name, validator)
        elif there[name].get("validator") != validator:
            database.command("collMod", name, validator=validator, validationLevel="moderate", validationAction="error")
        try:
            _index(database[name], INDEXES[name])
        except errors.OperationFailure as error:
            if not is_duplicate(error):
                raise
            message = (
                f"store {place}: two documents in its collection {name} have what only one may have (bet_id, or a key "
                "against duplicates), so its index cannot be made. Remove one of them."
            )
            raise StoreError(message, "schema") from None


def _create(database: Database[Any], name: str, validator: dict[str, Any]) -> None:
    try:
        database.create_collection(name, validator=validator, validationLevel="moderate", validationAction="error")
    except (errors.CollectionInvalid, errors.OperationFailure) as error:
        # Another program was quicker, with the same validator.
        if isinstance(error, errors.OperationFailure) and error.code != _EXISTS:
            raise


def _index(collection: Collection[Any], wanted: Sequence[IndexModel]) -> None:
    # An index of a user's own may serve as well, by another name.
    there = [_kind(about) for about in collection.index_information().values()]
    missing = [index for index in wanted if _kind(index.document) not in there]
    if missing:
        collection.create_indexes(missing)


def _kind(index: Any) -> tuple[Any, ...]:
    key = index["key"]
    keys = list(key.items()) if hasattr(key, "items") else list(key)
    return (
        [tuple(one) for one in keys],
        bool(index.get("unique")),
        bool(index.get("sparse")),
        index.get("partialFilterExpression"),
    )
