"""Bets and their history changed together: in a transaction, or, on a server that knows none, by claims.

Without transactions a step goes so, each part for many bets at once:

1. claim: the bet gets the name of this call (``claimed_by``) and a number that rises (``claim``), if its version is the
   one that the step stands on;
2. history: the entry of the new version is written, unless one of a higher claim is there;
3. change: the bet becomes the new version, if it is still claimed by this call.

Whoever claims later wins, and the earlier one finds out at 2 or 3. A crash leaves a claim, which stops nobody, and
perhaps an entry of a version that the bet never had: readers leave it out, and the next step writes over it. An entry
of a version that the bet had is never written again: its claim is the highest that there was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pymongo import ReplaceOne, UpdateOne, errors
from pymongo.read_concern import ReadConcern

from policytrader.adapters.mongo.documents import bet_document, entry_document
from policytrader.adapters.mongo.filters import is_still, stands_on
from policytrader.adapters.mongo.problems import DUPLICATE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pymongo import MongoClient
    from pymongo.client_session import ClientSession
    from pymongo.collection import Collection

    from policytrader.model.tracked import HistoryEntry, TrackedBet

Step = tuple["TrackedBet", "HistoryEntry"]
"""A bet as it shall be, and what is told of it."""

_VERSION = {"bet_id": 1, "user_id": 1, "bot_type": 1, "version": 1}
_CLAIM = {"bet_id": 1, "version": 1, "claim": 1, "claimed_by": 1}


class InTransactions:
    """On a replica set or behind mongos."""

    def __init__(self, client: MongoClient[Any], bets: Collection[Any], history: Collection[Any]) -> None:
        self._client = client
        self._bets = bets
        self._history = history

    def add(self, bet: TrackedBet, entry: HistoryEntry) -> None:
        """Insert both. Raises ``DuplicateKeyError``."""

        def insert(session: ClientSession) -> None:
            self._bets.insert_one(bet_document(bet) | {"_id": bet.bet_id}, session=session)
            self._history.bulk_write([_put(entry)], session=session)

        self._run(insert)

    def replace(self, steps: Sequence[Step]) -> set[str]:
        """The ids of the bets that were changed; each bet occurs once."""
        changed: set[str] = set()

        def change(session: ClientSession) -> None:
            changed.clear()
            found = fresh(self._bets, steps, session)
            if not found:
                return
            writes = [ReplaceOne(is_still(there), bet_document(bet)) for (bet, _), there in found]
            done = self._bets.bulk_write(writes, session=session)
            # Whoever came between would have had the transaction undone.
            assert done.matched_count == len(found)
            self._history.bulk_write([_put(entry) for (_, entry), _ in found], session=session)
            changed.update(bet.bet_id for (bet, _), _ in found)

        self._run(change)
        return changed

    def _run(self, work: Callable[[ClientSession], None]) -> None:
        with self._client.start_session() as session:
            session.with_transaction(work, read_concern=ReadConcern("snapshot"))


class ByClaims:
    """On a server of its own, which has no transactions."""

    def __init__(self, bets: Collection[Any], history: Collection[Any]) -> None:
        self._bets = bets
        self._history = history

    def add(self, bet: TrackedBet, entry: HistoryEntry) -> None:
        """History first, then the bet. Raises ``DuplicateKeyError``; nobody sees an entry without a bet."""
        self._history.bulk_write([_put(entry)])
        self._bets.insert_one(bet_document(bet) | {"_id": bet.bet_id})

    def replace(self, steps: Sequence[Step]) -> set[str]:
        """The ids of the bets that were changed; each bet occurs once."""
        token = uuid4().hex
        found = fresh(self._bets, steps)
        claims = self._claim(found, token)
        told = self._tell([step for step, _ in found if step[0].bet_id in claims], claims)
        return self._change(found, told, claims, token)

    def _claim(self, found: Sequence[tuple[Step, dict[str, Any]]], token: str) -> dict[str, int]:
        """The numbers of the claims that hold: of the bets that still have the version that was read."""
        if not found:
            return {}
        claim = {"$inc": {"claim": 1}, "$set": {"claimed_by": token}}
        self._bets.bulk_write([UpdateOne(is_still(there), claim) for _, there in found], ordered=False)
        claimed = self._bets.find({"bet_id": {"$in": [there["bet_id"] for _, there in found]}}, _CLAIM)
        return {one["bet_id"]: one["claim"] for one in claimed if one.get("claimed_by") == token}

    def _tell(self, steps: Sequence[Step], claims: dict[str, int]) -> list[Step]:
        """Write the entries; the steps left are those whose entry no later claim wrote."""
        if not steps:
            return []
        writes = [_put(entry, claims[bet.bet_id]) for bet, entry in steps]
        try:
            self._history.bulk_write(writes, ordered=False)
        except errors.BulkWriteError as error:
            failed = error.details["writeErrors"]
            if any(one["code"] != DUPLICATE for one in failed):
                raise
            late = {one["index"] for one in failed}
            return [step for index, step in enumerate(steps) if index not in late]
        return list(steps)

    def _change(
        self, found: Sequence[tuple[Step, dict[str, Any]]], told: Sequence[Step], claims: dict[str, int], token: str
    ) -> set[str]:
        """Replace the bets that this call still claims; their ids."""
        if not told:
            return set()
        still = {there["bet_id"]: is_still(there) for _, there in found}
        mark = {"claimed_by": token}
        writes = [
            ReplaceOne(still[bet.bet_id] | mark, bet_document(bet) | mark | {"claim": claims[bet.bet_id]})
            for bet, _ in told
        ]
        done = self._bets.bulk_write(writes, ordered=False)
        return {bet.bet_id for bet, _ in told} if done.matched_count == len(told) else self._changed(told, token)

    def _changed(self, steps: Sequence[Step], token: str) -> set[str]:
        versions = {bet.bet_id: bet.version for bet, _ in steps}
        found = self._bets.find({"bet_id": {"$in": list(versions)}}, _CLAIM)
        return {
            one["bet_id"]
            for one in found
            if (one.get("claimed_by"), one.get("version")) == (token, versions[one["bet_id"]])
        }


def fresh(
    bets: Collection[Any], steps: Sequence[Step], session: ClientSession | None = None
) -> list[tuple[Step, dict[str, Any]]]:
    """The steps that stand on what is stored, with that: id, owner and version."""
    query = {"bet_id": {"$in": [bet.bet_id for bet, _ in steps]}}
    found = {one["bet_id"]: one for one in bets.find(query, _VERSION, session=session)}
    return [
        (step, there)
        for step in steps
        if (there := found.get(step[0].bet_id)) is not None and stands_on(step[0], there)
    ]


def _put(entry: HistoryEntry, claim: int = 0) -> ReplaceOne[Any]:
    """Write the entry in place of one that no bet came to; ``claim`` is higher than that one's."""
    key: dict[str, Any] = {"bet_id": entry.bet_id, "version": entry.version}
    document = entry_document(entry)
    if claim:
        # Where a later claim wrote already, this finds none, inserts, and is refused by the key.
        return ReplaceOne(key | {"claim": {"$not": {"$gt": claim}}}, document | {"claim": claim}, upsert=True)
    return ReplaceOne(key, document, upsert=True)
