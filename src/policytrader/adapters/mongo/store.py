"""Tracked bets in MongoDB.

One store object may be used by several threads: the driver's client keeps connections for all of them.
"""

from __future__ import annotations

import heapq
import threading
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import pymongo
from bson.codec_options import CodecOptions
from pymongo import ASCENDING, DESCENDING, UpdateMany

from policytrader.adapters.mongo.address import client_of, place_of
from policytrader.adapters.mongo.filters import (
    CAN_BE_STAMPED,
    IS_PENDING,
    IS_SETTLED,
    LOOKED_AT,
    STANDS,
    belongs_to,
    holds_key,
    is_due_again,
    is_on_fixture,
    is_owners,
    wanted_bets,
)
from policytrader.adapters.mongo.problems import mapped
from policytrader.adapters.mongo.reading import asked_for, bet_of, entry_of, readable
from policytrader.adapters.mongo.schema import BETS, HISTORY, prepare
from policytrader.adapters.mongo.steps import ByClaims, InTransactions
from policytrader.adapters.mongo.sums import added_up, pending_by_fixture, settled_by_fixture
from policytrader.errors import StoreConflictError
from policytrader.model.outcomes import Outcome
from policytrader.model.tracked import BotType, By
from policytrader.model.tracked_checks import is_done, kept_step, kept_time
from policytrader.ports.bet_store import Added, BetFilter, Owner, PlayerChoice, in_rotation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from policytrader.adapters.mongo.steps import Step
    from policytrader.model.tracked import HistoryEntry, TrackedBet
    from policytrader.ports.bet_store import BetStore, Check, PendingFixture, Recheck, SettledFixture, Totals

CALL_SECONDS = 20
"""How long one write may take with all that the driver tries again."""

_SETTINGS: dict[str, Any] = {"retryWrites": True, "retryReads": True, "w": "majority", "journal": True}
_CODECS: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
_PAGE, _STEPS = 200, 200
_NEWEST = [("tracked_at", DESCENDING), ("bet_id", DESCENDING)]
# By other programs, as text or not at all; the server sorts them apart. Each part is a range of an index.
_TIMED_OTHERWISE = {"$or": [{"tracked_at": None}, {"tracked_at": {"$gte": ""}}, {"tracked_at": {"$type": "number"}}]}
_KICK_OFF = [("kickoff_at", ASCENDING), ("bet_id", ASCENDING)]


class MongoBetStore:
    """``policytrader.ports.bet_store.BetStore`` on MongoDB."""

    def __init__(self, address: str, database: str) -> None:
        """Connects when first used. Raises ``UsageError`` for what is no address or no name of a database."""
        self._place = place_of(address, database)
        self._client = client_of(address, self._place, **_SETTINGS)
        self._database = self._client.get_database(database, codec_options=_CODECS)
        self._bets = self._database[BETS]
        self._history = self._database[HISTORY]
        self._steps: ByClaims | InTransactions | None = None
        self._preparing = threading.Lock()

    def add(self, bet: TrackedBet, entry: HistoryEntry) -> Added:
        """Insert both, unless the key or the id is there; what an index refuses is looked up again."""
        bet, entry = kept_step(bet, entry)
        if (found := self._known(bet, entry)) is not None:
            return found
        try:
            with self._writing() as steps:
                steps.add(bet, entry)
        except StoreConflictError:
            if (found := self._known(bet, entry)) is not None:
                return found
            raise
        return Added(is_stored=True)

    def bet(self, owner: Owner, bet_id: str) -> TrackedBet | None:
        """By its id."""
        with self._reading():
            document = self._bets.find_one({"bet_id": bet_id})
        return self._bet_of(document) if document is not None and belongs_to(owner, document) else None

    def bets(self, owner: Owner, wanted: BetFilter | None = None, *, limit: int | None = None) -> Iterator[TrackedBet]:
        """As the server sends them, some hundred at a time."""
        if limit == 0:
            return
        query = is_owners(owner) | wanted_bets(wanted or BetFilter())
        timed = readable(self._found(query | {"tracked_at": {"$type": "date"}}, _NEWEST, limit or 0))
        with self._reading():
            others = sorted(readable(self._bets.find(query | _TIMED_OTHERWISE)), key=_age, reverse=True)
        newest = heapq.merge(timed, others, key=_age, reverse=True) if others else timed
        yield from islice(newest, limit)

    def pending(self, owner: Owner) -> Iterator[TrackedBet]:
        """As the server sends them; what has no kick-off, last."""
        waiting = is_owners(owner) | STANDS | {"status": str(Outcome.PENDING)}
        yield from readable(self._found(waiting | {"kickoff_at": {"$ne": None}}, _KICK_OFF))
        yield from readable(self._found(waiting | {"kickoff_at": None}, [("bet_id", ASCENDING)]))

    def totals(self, owner: Owner) -> tuple[Totals, ...]:
        """Added up by the server."""
        with self._reading():
            return added_up(self._bets, owner)

    def replace(self, changed: TrackedBet, entry: HistoryEntry) -> bool:
        """One step."""
        return self.replace_all([(changed, entry)])[0]

    def replace_all(self, steps: Sequence[tuple[TrackedBet, HistoryEntry]]) -> tuple[bool, ...]:
        """Some hundred bets at a time, each time all or none where the server has transactions."""
        checked = [kept_step(changed, entry) for changed, entry in steps]
        answers: list[bool] = []
        for page in _pages(checked):
            with self._writing() as doing:
                changed = doing.replace(page)
            answers += [bet.bet_id in changed or self._was_done(bet, entry, is_after_write=True) for bet, entry in page]
        return tuple(answers)

    def history(self, owner: Owner, bet_id: str) -> tuple[HistoryEntry, ...]:
        """By version; without the entry of a version that the bet never had."""
        if (bet := self.bet(owner, bet_id)) is None:
            return ()
        query = {"bet_id": bet_id, "version": {"$lte": bet.version}}
        with self._reading():
            return tuple(map(self._entry_of, self._history.find(query).sort("version", ASCENDING)))

    def pending_fixtures(self, before: datetime, owner: Owner | None = None) -> tuple[PendingFixture, ...]:
        """Grouped by the server."""
        due = {"$or": [{"kickoff_at": None}, {"kickoff_at": {"$lt": kept_time(before)}}]}
        with self._reading():
            return in_rotation(pending_by_fixture(self._bets, IS_PENDING | due | _of(owner)))

    def fixture_bets(self, fixture_id: str, owner: Owner | None = None) -> tuple[TrackedBet, ...]:
        """By id."""
        query = is_on_fixture(fixture_id) | STANDS | ({} if owner is None else is_owners(owner))
        return tuple(readable(self._found(query, [("bet_id", ASCENDING)])))

    def without_fixture(
        self, before: datetime, since: datetime | None = None, owner: Owner | None = None
    ) -> tuple[TrackedBet, ...]:
        """By the index of fixtures: no fixture is one of them."""
        due: list[dict[str, Any]] = [{"$or": [{"kickoff_at": None}, {"kickoff_at": {"$lt": kept_time(before)}}]}]
        if since is not None:
            is_new = [{"kickoff_at": None}, {"kickoff_at": {"$gte": kept_time(since)}}]
            due.append({"$or": [{LOOKED_AT: None}, *is_new]})
        query = IS_PENDING | _of(owner) | {"fixture_id": None, "$and": due}
        return tuple(readable(self._found(query, [(LOOKED_AT, ASCENDING), ("bet_id", ASCENDING)])))

    def choices(self, owner: Owner) -> tuple[PlayerChoice, ...]:
        """From the documents that an index of chosen bets names."""
        query = is_owners(owner) | STANDS | {"matched_by": str(By.PERSON), "player_id": {"$ne": None}}
        found = readable(self._found(query, [("bet_id", ASCENDING)]))
        return tuple(
            PlayerChoice(bet_id=bet.bet_id, player_name=bet.player_name, player_id=bet.player_id, team_id=bet.team_id)
            for bet in found
            if bet.player_name is not None and bet.player_id is not None
        )

    def stamp(self, checks: Sequence[Check], at: datetime) -> None:
        """One round trip for many bets."""
        writes = [
            UpdateMany(
                IS_PENDING | CAN_BE_STAMPED | {"bet_id": check.bet_id},
                {"$set": {f"result_tracking.{name}": value for name, value in _stamped(check, at).items()}},
            )
            for check in checks
        ]
        if writes:
            with self._writing():
                self._bets.bulk_write(writes, ordered=False)

    def settled_fixtures(
        self, wanted: Recheck, owner: Owner | None = None, *, limit: int | None = None
    ) -> tuple[SettledFixture, ...]:
        """Grouped by the server, from the index of what was settled of late."""
        with self._reading():
            return in_rotation(settled_by_fixture(self._bets, is_due_again(wanted) | _of(owner)))[:limit]

    def stamp_settled(self, fixture_id: str, at: datetime, owner: Owner | None = None) -> None:
        """One call."""
        there = is_on_fixture(fixture_id) | IS_SETTLED | CAN_BE_STAMPED | _of(owner)
        with self._writing():
            self._bets.update_many(there, {"$set": {LOOKED_AT: kept_time(at)}})

    def owners(self) -> tuple[Owner, ...]:
        """By user, then bot."""
        stages = [{"$group": {"_id": {"user_id": "$user_id", "bot_type": "$bot_type"}}}]
        with self._reading():
            found = [group["_id"] for group in self._bets.aggregate(stages)]
        pairs = {(one.get("user_id"), one.get("bot_type") or BotType.PLAYER) for one in found}
        known = [(user, bot) for user, bot in pairs if isinstance(user, int) and bot in set(BotType)]
        return tuple(Owner(user_id=user, bot_type=BotType(bot)) for user, bot in sorted(known))

    def close(self) -> None:
        """Close all connections, for good."""
        self._client.close()

    def _known(self, bet: TrackedBet, entry: HistoryEntry) -> Added | None:
        """What stands in the way of a new bet."""
        with self._reading():
            there = self._bets.find_one({"bet_id": bet.bet_id})
        if there is not None:
            if self._was_done(bet, entry):
                return Added(is_stored=True)
            message = f"bet {bet.bet_id} is there already, with other content; nothing was stored"
            raise StoreConflictError(message)
        if not bet.dedup_key or bet.duplicate_of is not None:
            return None
        with self._reading():
            there = self._bets.find_one(holds_key(bet))
        return None if there is None else Added(is_stored=False, existing=self._bet_of(there))

    def _was_done(self, changed: TrackedBet, entry: HistoryEntry, *, is_after_write: bool = False) -> bool:
        with self._reading(is_after_write=is_after_write):
            there = self._bets.find_one({"bet_id": changed.bet_id})
            known = self._history.find_one({"bet_id": entry.bet_id, "version": entry.version})
        if there is None or known is None or not belongs_to(changed, there):
            return False
        return is_done(self._bet_of(there), self._entry_of(known), changed, entry)

    def _bet_of(self, document: Mapping[str, Any]) -> TrackedBet:
        with asked_for(document, self._place):
            return bet_of(document)

    def _entry_of(self, document: Mapping[str, Any]) -> HistoryEntry:
        with asked_for(document, self._place):
            return entry_of(document)

    def _found(
        self, query: Mapping[str, Any], order: list[tuple[str, int]], limit: int = 0
    ) -> Iterator[dict[str, Any]]:
        with self._reading(), self._bets.find(query, sort=order, limit=limit, batch_size=_PAGE) as cursor:
            yield from cursor

    @contextmanager
    def _reading(self, *, is_after_write: bool = False) -> Iterator[None]:
        self._prepare()
        with mapped(self._place, is_write=is_after_write):
            yield

    @contextmanager
    def _writing(self) -> Iterator[ByClaims | InTransactions]:
        steps = self._prepare()
        with mapped(self._place, is_write=True), pymongo.timeout(CALL_SECONDS):
            yield steps

    def _prepare(self) -> ByClaims | InTransactions:
        if self._steps is None:
            with self._preparing, mapped(self._place):
                hello = self._client.admin.command("hello")
                prepare(self._database, self._place)
                has_transactions = "setName" in hello or hello.get("msg") == "isdbgrid"
                self._steps = (
                    InTransactions(self._client, self._bets, self._history)
                    if has_transactions
                    else ByClaims(self._bets, self._history)
                )
        return self._steps


def open_mongo_bets(address: str, database: str) -> BetStore:
    """The bets in a MongoDB database; connects when first used. Raises ``UsageError`` for what is no address."""
    return MongoBetStore(address, database)


def _of(owner: Owner | None) -> dict[str, Any]:
    return {"user_id": {"$ne": None}} if owner is None else is_owners(owner)


def _age(bet: TrackedBet) -> tuple[datetime, str]:
    return (bet.tracked_at, bet.bet_id)


def _stamped(check: Check, at: datetime) -> dict[str, Any]:
    return {
        "last_checked_at": kept_time(at),
        "reason": str(check.reason),
        "first_seen_value": check.first_seen_value,
        "first_seen_at": None if check.first_seen_at is None else kept_time(check.first_seen_at),
    }


def _pages(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Each bet at most once in a page: its next step stands on the one before."""
    page: dict[str, Step] = {}
    for step in steps:
        if step[0].bet_id in page or len(page) == _STEPS:
            yield list(page.values())
            page = {}
        page[step[0].bet_id] = step
    if page:
        yield list(page.values())
