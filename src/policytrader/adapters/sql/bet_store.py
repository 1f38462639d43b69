"""Tracked bets in a SQLite file: each call is one transaction.

One store object may be used by several threads: each call has a connection of its own, and writers take turns.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, UnaryExpression, bindparam, func, insert, literal, literal_column, select, tuple_, update
from sqlalchemy.sql.operators import custom_op

from policytrader.adapters.sql.bet_rows import bet_of, bet_row, entry_of, entry_row
from policytrader.adapters.sql.bet_schema import prepare
from policytrader.adapters.sql.bet_tables import bet_history, bets
from policytrader.adapters.sql.database import Database
from policytrader.adapters.sql.part import executed
from policytrader.errors import StoreConflictError
from policytrader.model.outcomes import Outcome
from policytrader.model.tracked import BotType, By
from policytrader.model.tracked_checks import UNIT_STEP, is_done, kept_step, kept_time
from policytrader.ports.bet_store import (
    Added,
    BetFilter,
    Owner,
    PendingFixture,
    PlayerChoice,
    SettledFixture,
    Totals,
    in_rotation,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Select

    from policytrader.model.tracked import HistoryEntry, TrackedBet
    from policytrader.ports.bet_store import BetStore, Check, Recheck

_PAGE = 500
_UNIT_STEPS = int(1 / UNIT_STEP)
_STANDS = bets.c.deleted_at.is_(None)
_CHANGE = update(bets).where(bets.c.bet_id == bindparam("of_bet"))
_VERSION = (bets.c.bet_id, bets.c.user_id, bets.c.bot_type, bets.c.version)
_STAMPED = ("last_checked_at", "reason", "first_seen_value", "first_seen_at")
_IS_AUTOMATIC = _STANDS & bets.c.manual_override.is_(False)
_IS_PENDING = (bets.c.status == Outcome.PENDING) & _IS_AUTOMATIC
_IS_SETTLED = (bets.c.status != Outcome.PENDING) & _IS_AUTOMATIC


class SqliteBetStore:
    """``policytrader.ports.bet_store.BetStore`` on SQLite."""

    def __init__(self, path: str | Path) -> None:
        """Opens nothing before the first call, which makes the file where there is none."""
        self._database = Database(URL.create("sqlite", database=str(Path(path).absolute())))
        self._is_prepared = False
        self._preparing = threading.Lock()

    def add(self, bet: TrackedBet, entry: HistoryEntry) -> Added:
        """Insert both rows, unless the key or the id is there."""
        bet, entry = kept_step(bet, entry)
        with self._writing() as connection:
            if (there := _stored(connection, bet.bet_id)) is not None:
                if is_done(there, _entry(connection, entry), bet, entry):
                    return Added(is_stored=True)
                message = f"bet {bet.bet_id} is there already, with other content; nothing was stored"
                raise StoreConflictError(message)
            if bet.dedup_key and bet.duplicate_of is None:
                holds_key = (bets.c.dedup_key == bet.dedup_key) & bets.c.duplicate_of.is_(None)
                query = select(bets).where(_is_owners(bet), holds_key)
                if (row := connection.execute(query).one_or_none()) is not None:
                    return Added(is_stored=False, existing=bet_of(row))
            connection.execute(insert(bets).values(bet_row(bet)))
            connection.execute(insert(bet_history).values(entry_row(entry)))
        return Added(is_stored=True)

    def bet(self, owner: Owner, bet_id: str) -> TrackedBet | None:
        """By its id."""
        with self._reading() as connection:
            row = connection.execute(select(bets).where(_of(owner), bets.c.bet_id == bet_id)).one_or_none()
        return None if row is None else bet_of(row)

    def bets(self, owner: Owner, wanted: BetFilter | None = None, *, limit: int | None = None) -> Iterator[TrackedBet]:
        """Page by page: what is added meanwhile is newer than what is still to come."""
        query = select(bets).where(_of(owner), *_conditions(wanted or BetFilter()))
        place = tuple_(bets.c.tracked_at, bets.c.bet_id)
        query = query.order_by(bets.c.tracked_at.desc(), bets.c.bet_id.desc())
        last: TrackedBet | None = None
        left = limit
        while left is None or left > 0:
            size = _PAGE if left is None else min(_PAGE, left)
            page = query if last is None else query.where(place < _place(last.tracked_at, last.bet_id))
            found = self._page(page, size)
            yield from found
            if len(found) < size:
                return
            last = found[-1]
            left = None if left is None else left - size

    def pending(self, owner: Owner) -> Iterator[TrackedBet]:
        """Page by page, too: whoever settles them meanwhile is in nobody's way."""
        waiting = select(bets).where(_of(owner), bets.c.status == Outcome.PENDING, _STANDS)
        place = tuple_(bets.c.kickoff_at, bets.c.bet_id)
        timed = waiting.where(bets.c.kickoff_at.is_not(None)).order_by(bets.c.kickoff_at, bets.c.bet_id)
        page = timed
        while found := self._page(page, _PAGE):
            yield from found
            page = timed.where(place > _place(found[-1].kickoff_at, found[-1].bet_id))
        untimed = waiting.where(bets.c.kickoff_at.is_(None)).order_by(bets.c.bet_id)
        page = untimed
        while found := self._page(page, _PAGE):
            yield from found
            page = untimed.where(bets.c.bet_id > found[-1].bet_id)

    def totals(self, owner: Owner) -> tuple[Totals, ...]:
        """From an index alone."""
        sums = (*_exact_sum(bets.c.units_staked_e10), *_exact_sum(bets.c.units_returned_e10))
        query = select(bets.c.status, func.count(), *sums).where(_of(owner), _STANDS).group_by(bets.c.status)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return tuple(
            Totals(
                status=Outcome(status),
                count=number,
                staked_units=(staked * _UNIT_STEPS + staked_rest) * UNIT_STEP,
                returns_units=(returned * _UNIT_STEPS + returned_rest) * UNIT_STEP,
            )
            for status, number, staked, staked_rest, returned, returned_rest in rows
        )

    def replace(self, changed: TrackedBet, entry: HistoryEntry) -> bool:
        """One step."""
        return self.replace_all([(changed, entry)])[0]

    def replace_all(self, steps: Sequence[tuple[TrackedBet, HistoryEntry]]) -> tuple[bool, ...]:
        """All steps in one transaction: those on a version that is no longer there are left out."""
        checked = [kept_step(changed, entry) for changed, entry in steps]
        if not checked:
            return ()
        with self._writing() as connection:
            fresh = _fresh(connection, checked)
            changes = [step for step, is_fresh in zip(checked, fresh, strict=True) if is_fresh]
            executed(connection, _CHANGE, [bet_row(changed) | {"of_bet": changed.bet_id} for changed, _ in changes])
            executed(connection, insert(bet_history), [entry_row(entry) for _, entry in changes])
            return tuple(
                is_fresh or _was_done(connection, *step) for step, is_fresh in zip(checked, fresh, strict=True)
            )

    def history(self, owner: Owner, bet_id: str) -> tuple[HistoryEntry, ...]:
        """By version."""
        query = (
            select(bet_history)
            .join(bets, bets.c.bet_id == bet_history.c.bet_id)
            .where(_of(owner), bet_history.c.bet_id == bet_id)
            .order_by(bet_history.c.version)
        )
        with self._reading() as connection:
            return tuple(map(entry_of, connection.execute(query)))

    def pending_fixtures(self, before: datetime, owner: Owner | None = None) -> tuple[PendingFixture, ...]:
        """Grouped by the database."""
        c = bets.c
        is_due = c.kickoff_at.is_(None) | (c.kickoff_at < kept_time(before))
        query = _by_fixture(
            func.max(c.kickoff_at).label("kickoff_at"),
            func.min(c.last_checked_at).label("checked_at"),
            func.count(c.last_checked_at).label("checked"),
        ).where(_IS_PENDING, is_due, *_whose(owner))
        with self._reading() as connection:
            rows = connection.execute(query).all()
        found = (
            PendingFixture(
                fixture_id=row.fixture_id,
                bet_count=row.number,
                kickoff_at=row.kickoff_at,
                # One bet that was never looked at is enough.
                last_checked_at=row.checked_at if row.checked == row.number else None,
            )
            for row in rows
        )
        return in_rotation(found)

    def fixture_bets(self, fixture_id: str, owner: Owner | None = None) -> tuple[TrackedBet, ...]:
        """By id."""
        query = select(bets).where(bets.c.fixture_id == fixture_id, _STANDS).order_by(bets.c.bet_id)
        if owner is not None:
            query = query.where(_of(owner))
        with self._reading() as connection:
            return tuple(map(bet_of, connection.execute(query)))

    def without_fixture(
        self, before: datetime, since: datetime | None = None, owner: Owner | None = None
    ) -> tuple[TrackedBet, ...]:
        """By the index of fixtures: no fixture is one of them."""
        c = bets.c
        asked: list[ColumnElement[bool]] = [
            _IS_PENDING,
            c.fixture_id.is_(None),
            c.kickoff_at.is_(None) | (c.kickoff_at < kept_time(before)),
            *_whose(owner),
        ]
        if since is not None:
            is_new = c.kickoff_at.is_(None) | (c.kickoff_at >= kept_time(since))
            asked.append(c.last_checked_at.is_(None) | is_new)
        query = select(bets).where(*asked).order_by(c.last_checked_at.asc().nulls_first(), c.bet_id)
        with self._reading() as connection:
            return tuple(map(bet_of, connection.execute(query)))

    def choices(self, owner: Owner) -> tuple[PlayerChoice, ...]:
        """From an index of chosen bets alone."""
        c = bets.c
        # Written out, as the index has it: a parameter would not use it.
        is_chosen = c.matched_by == literal_column(f"'{By.PERSON}'")
        has_both = c.player_name.is_not(None) & c.player_id.is_not(None)
        query = select(c.bet_id, c.player_name, c.player_id, c.team_id)
        query = query.where(_of(owner), is_chosen, has_both, _STANDS).order_by(c.bet_id)
        with self._reading() as connection:
            return tuple(PlayerChoice(**row) for row in connection.execute(query).mappings())

    def stamp(self, checks: Sequence[Check], at: datetime) -> None:
        """One statement for each bet, one transaction."""
        statement = (
            update(bets)
            .where(bets.c.bet_id == bindparam("of_bet"), _IS_PENDING)
            .values({name: bindparam(f"new_{name}") for name in _STAMPED})
        )
        rows = [
            {
                "of_bet": check.bet_id,
                "new_last_checked_at": kept_time(at),
                "new_reason": check.reason,
                "new_first_seen_value": check.first_seen_value,
                "new_first_seen_at": None if check.first_seen_at is None else kept_time(check.first_seen_at),
            }
            for check in checks
        ]
        if rows:
            with self._writing() as connection:
                executed(connection, statement, rows)

    def settled_fixtures(
        self, wanted: Recheck, owner: Owner | None = None, *, limit: int | None = None
    ) -> tuple[SettledFixture, ...]:
        """From the index of what was settled of late, whoever's it is: that is less than all bets of a user."""
        c = bets.c
        looked_at = func.coalesce(c.last_checked_at, c.settled_at)
        is_open = c.reason.is_(None) | c.reason.not_in(sorted(wanted.final))
        whose = [] if owner is None else [_unindexed(c.user_id) == owner.user_id, c.bot_type == owner.bot_type]
        since = c.settled_at >= kept_time(wanted.settled_since)
        is_due = looked_at < kept_time(wanted.checked_before)
        query = _by_fixture(func.min(looked_at).label("looked_at")).where(since, _IS_SETTLED, is_due, is_open, *whose)
        with self._reading() as connection:
            rows = connection.execute(query).all()
        found = (
            SettledFixture(fixture_id=row.fixture_id, bet_count=row.number, last_checked_at=row.looked_at)
            for row in rows
        )
        return in_rotation(found)[:limit]

    def stamp_settled(self, fixture_id: str, at: datetime, owner: Owner | None = None) -> None:
        """One statement."""
        there = (bets.c.fixture_id == fixture_id, _IS_SETTLED, *_whose(owner))
        with self._writing() as connection:
            connection.execute(update(bets).where(*there).values(last_checked_at=kept_time(at)))

    def owners(self) -> tuple[Owner, ...]:
        """By user, then bot."""
        query = select(bets.c.user_id, bets.c.bot_type).distinct().order_by(bets.c.user_id, bets.c.bot_type)
        with self._reading() as connection:
            return tuple(Owner(user_id=user, bot_type=BotType(bot)) for user, bot in connection.execute(query))

    def close(self) -> None:
        """Close all connections; the next call opens new ones."""
        self._database.dispose()

    def _page(self, query: Select[Any], size: int) -> list[TrackedBet]:
        with self._reading() as connection:
            return [bet_of(row) for row in connection.execute(query.limit(size))]

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        self._prepare()
        with self._database.read() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        self._prepare()
        with self._database.write() as connection:
            yield connection

    def _prepare(self) -> None:
        if not self._is_prepared:
            with self._preparing:
                prepare(self._database)
                self._is_prepared = True


def open_sqlite_bets(path: str | Path) -> BetStore:
    """The bets in a file, which is made when it is first used."""
    return SqliteBetStore(path)


def _of(owner: Owner) -> ColumnElement[bool]:
    return (bets.c.user_id == owner.user_id) & (bets.c.bot_type == owner.bot_type)


def _whose(owner: Owner | None) -> list[ColumnElement[bool]]:
    return [] if owner is None else [_of(owner)]


def _by_fixture(*more: ColumnElement[Any]) -> Select[Any]:
    fixture_id = bets.c.fixture_id
    query = select(fixture_id, func.count().label("number"), *more)
    return query.where(fixture_id.is_not(None)).group_by(_unindexed(fixture_id))


def _unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The column with a sign before it: SQLite goes through no index of it, which would hold the bets of all years."""
    return UnaryExpression(column, operator=custom_op("+"), type_=column.type)


def _is_owners(bet: TrackedBet) -> ColumnElement[bool]:
    return _of(Owner(user_id=bet.user_id, bot_type=bet.bot_type))


def _conditions(wanted: BetFilter) -> Iterator[ColumnElement[bool]]:
    if not wanted.with_deleted:
        yield _STANDS
    if wanted.statuses is not None:
        yield bets.c.status.in_(wanted.statuses)
    for name in ("market", "bookmaker", "match"):
        if (value := getattr(wanted, name)) is not None:
            yield bets.c[name] == value
    for tag in wanted.tags:
        yield literal(tag).in_(select(func.json_each(bets.c.tags).table_valued("value").c.value))
    if wanted.kickoff_from is not None:
        yield bets.c.kickoff_at >= kept_time(wanted.kickoff_from)
    if wanted.kickoff_to is not None:
        yield bets.c.kickoff_at < kept_time(wanted.kickoff_to)


def _place(moment: datetime | None, bet_id: str) -> Any:
    """A place in an order, as the columns' own types write it."""
    return tuple_(literal(moment, bets.c.tracked_at.type), literal(bet_id, bets.c.bet_id.type))


def _exact_sum(column: ColumnElement[int]) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Whole units and the rest, apart: together they would leave SQLite's 64 bits."""
    steps: ColumnElement[int] = literal_column(str(_UNIT_STEPS))
    return func.sum(column.op("/")(steps)), func.sum(column.op("%")(steps))


def _stored(connection: Connection, bet_id: str) -> TrackedBet | None:
    row = connection.execute(select(bets).where(bets.c.bet_id == bet_id)).one_or_none()
    return None if row is None else bet_of(row)


def _entry(connection: Connection, like: HistoryEntry) -> HistoryEntry | None:
    c = bet_history.c
    query = select(bet_history).where(c.bet_id == like.bet_id, c.version == like.version)
    row = connection.execute(query).one_or_none()
    return None if row is None else entry_of(row)


def _key(bet: TrackedBet) -> tuple[str, int, str]:
    return (bet.bet_id, bet.user_id, bet.bot_type)


def _fresh(connection: Connection, steps: Sequence[tuple[TrackedBet, HistoryEntry]]) -> list[bool]:
    """Which steps stand on the stored version, or on the step before them."""
    versions: dict[tuple[str, int, str], int] = {}
    for start in range(0, len(steps), _PAGE):
        ids = [changed.bet_id for changed, _ in steps[start : start + _PAGE]]
        rows = connection.execute(select(*_VERSION).where(bets.c.bet_id.in_(ids)))
        versions |= {(bet_id, user, bot): version for bet_id, user, bot, version in rows}
    fresh = []
    for changed, _ in steps:
        key = _key(changed)
        fresh.append(versions.get(key) == changed.version - 1)
        if fresh[-1]:
            versions[key] = changed.version
    return fresh


def _was_done(connection: Connection, changed: TrackedBet, entry: HistoryEntry) -> bool:
    there = _stored(connection, changed.bet_id)
    if there is None or _key(there) != _key(changed):
        return False
    return is_done(there, _entry(connection, entry), changed, entry)
