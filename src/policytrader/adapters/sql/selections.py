"""Picks and the captures that they were made on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, insert, or_, select, update

from policytrader.adapters.sql import tables
from policytrader.adapters.sql.part import Part, executed, race_number
from policytrader.adapters.sql.tables import NAME_LENGTH, REASON_LENGTH
from policytrader.errors import StoreConflictError
from policytrader.model.journal import EventKind
from policytrader.model.money import ZERO, half_up
from policytrader.model.records import BetOutcome, NewSelection, StoredSelection
from policytrader.model.snapshot import MarketType, ReferenceRunner, RunnerStatus, Selection, Side
from policytrader.model.times import london_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from sqlalchemy import Connection, Row, Select, Table

    from policytrader.model.records import PositionUpdate

_PICKS = tables.selections
_CAPTURES = tables.market_state
_UPCOMING = tables.upcoming_bets
_TO_BE_RUN = {"bet_outcome": BetOutcome.TO_BE_RUN, "profit": None, "commission": None}
_MANY = 400
"""Keys in one query: SQLite takes 32,766 variables, and three go into each."""


class SelectionPart(Part):
    """``selections`` and ``market_state``; ``upcoming_bets`` follows in the same transaction."""

    def add_selections(self, picks: Sequence[NewSelection], at: datetime) -> None:
        """All of them or none."""
        with self._writing() as connection:
            _refuse_duplicates(connection, picks)
            executed(connection, insert(_PICKS), [self._row(pick, at) for pick in picks])
            executed(connection, insert(_CAPTURES), [row for pick in picks for row in _capture_rows(pick, at)])
            rows = _rows(connection, [pick.selection.selection_ref for pick in picks])
            executed(connection, insert(_UPCOMING), [bet_row(row) | _TO_BE_RUN for row in rows])

    def selections(self, day: date) -> tuple[StoredSelection, ...]:
        """The picks of a day."""
        query = of_day(_PICKS, day)
        with self._reading() as connection:
            return tuple(map(_stored, connection.execute(query)))

    def captures(self, day: date) -> tuple[ReferenceRunner, ...]:
        """Each capture's rows, once."""
        c = _CAPTURES.c
        query = (
            select(
                c.capture_id, c.race_ref, c.created_at, c.number_of_runners, c.selection_id, c.runner_name,
                c.runner_status, c.back_price_win,
            )
            .where(c.race_date == day, c.selection_ref.is_not(None))
            .distinct()
            .order_by(c.capture_id, c.selection_id)
        )  # fmt: skip
        with self._reading() as connection:
            return tuple(
                ReferenceRunner(*row[:6], None if row[6] is None else RunnerStatus(row[6]), row[7])
                for row in connection.execute(query)
            )

    def invalidate(self, selection_ref: str, at: datetime, reason: str) -> bool:
        """The first reason stays."""
        with self._writing() as connection:
            if not locked_pick(connection, selection_ref).valid:
                return False
            change = {"valid": False, "invalidated_at": at, "invalidated_reason": reason, "processed_at": at}
            _change(connection, selection_ref, change)
            _note(connection, at, EventKind.INVALIDATED, f"{selection_ref}: {reason}")
            return True

    def revalidate(self, selection_ref: str, at: datetime, who: str, why: str) -> bool:
        """A person's act."""
        if not who.strip() or not why.strip():
            message = "revalidate needs a name and a reason"
            raise ValueError(message)
        with self._writing() as connection:
            before = locked_pick(connection, selection_ref)
            if before.valid:
                return False
            change = {"valid": True, "invalidated_at": None, "invalidated_reason": None, "processed_at": at}
            _change(connection, selection_ref, change)
            _note(
                connection, at, EventKind.REVALIDATED, f"{selection_ref}: {why} (was: {before.invalidated_reason})", who
            )
            return True

    def update_positions(self, positions: Sequence[PositionUpdate], at: datetime) -> None:
        """``closed`` once true stays."""
        wanted = {position.selection_ref: position for position in positions}
        with self._writing() as connection:
            rows = {row.selection_ref: row for row in _rows(connection, list(wanted), is_locking=True)}
            if missing := sorted(wanted.keys() - rows.keys()):
                message = f"selection {', '.join(missing)} is not in the store"
                raise StoreConflictError(message)
            changes = [
                {"of_ref": ref, **change, "processed_at": at}
                for ref, position in wanted.items()
                if (change := _position_change(rows[ref], position))
            ]
            executed(connection, update(_PICKS).where(_PICKS.c.selection_ref == bindparam("of_ref")), changes)
            shown = [change | {"price_matched": change["average_price_matched"]} for change in changes]
            executed(connection, update(_UPCOMING).where(_UPCOMING.c.selection_ref == bindparam("of_ref")), shown)

    def move_race(self, race_id: str, race_time: datetime, at: datetime) -> int:
        """Another off for the race's picks."""
        c = _PICKS.c
        when = {"race_time": race_time, "race_date": london_day(race_time)}
        moved = select(c.selection_ref).where(
            c.race_ref == race_id, c.selection_ref.is_not(None), c.race_time != race_time
        )
        with self._writing() as connection:
            refs = connection.scalars(moved.with_for_update()).all()
            if refs:
                connection.execute(update(_PICKS).where(c.selection_ref.in_(refs)).values(when | {"processed_at": at}))
                connection.execute(update(_CAPTURES).where(_CAPTURES.c.selection_ref.in_(refs)).values(when))
                connection.execute(update(_UPCOMING).where(_UPCOMING.c.selection_ref.in_(refs)).values(when))
            return len(refs)

    def _row(self, pick: NewSelection, at: datetime) -> dict[str, Any]:
        one = pick.selection
        return {
            "unique_id": pick.unique_id,
            "race_id": race_number(one.race_id),
            "race_time": one.race_time,
            "race_date": london_day(one.race_time),
            "horse_id": horse_id_of(pick),
            # The seed's column is never empty.
            "horse_name": one.runner_name or f"runner {one.selection_id}",
            "selection_type": one.side,
            "market_type": one.market_type,
            "market_id": one.market_id,
            "selection_id": one.selection_id,
            "requested_odds": one.price_requested,
            "stake_points": one.stake_points,
            "valid": one.valid,
            "invalidated_at": None if one.valid else at,
            "invalidated_reason": one.invalidated_reason,
            "size_matched": ZERO,
            "average_price_matched": None,
            "average_price_exact": None,
            "fully_matched": False,
            "cashed_out": one.closed,
            "customer_strategy_ref": pick.strategy_ref,
            "created_at": at,
            "processed_at": at,
            "selection_ref": one.selection_ref,
            "race_ref": one.race_id,
            "course": pick.course,
            "runner_name": one.runner_name,
            "capture_id": one.capture_id,
            "mode": self._mode,
        }


def horse_id_of(pick: NewSelection) -> int:
    """The trader's number for the horse, else the exchange's."""
    return pick.selection.selection_id if pick.horse_id is None else pick.horse_id


def bet_row(row: Row[Any]) -> dict[str, Any]:
    """A row of ``selections`` as one of ``upcoming_bets`` or ``live_results``, without outcome and money."""
    columns = {column.name for column in _UPCOMING.columns}
    copied = {name: value for name, value in row._mapping.items() if name in columns}  # noqa: SLF001 - a Row's public face
    return copied | {
        "race_id": str(row.race_id),
        "horse_name": _cut(row.horse_name, NAME_LENGTH),
        "invalidated_reason": _cut(row.invalidated_reason, REASON_LENGTH),
        "price_matched": row.average_price_matched,
        "side": row.selection_type,
    }


def of_day(table: Table, day: date) -> Select[Any]:
    """The picks of a day, or their bets, by start, market and runner; rows that others wrote have no reference."""
    c = table.c
    return (
        select(table)
        .where(c.race_date == day, c.selection_ref.is_not(None))
        .order_by(c.race_time, c.market_id, c.selection_id, c.selection_type)
    )


def locked_pick(connection: Connection, selection_ref: str) -> Row[Any]:
    """A pick's row, held until the transaction ends. Raises ``StoreConflictError`` for a pick that is not there."""
    query = select(_PICKS).where(_PICKS.c.selection_ref == selection_ref).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        message = f"selection {selection_ref} is not in the store"
        raise StoreConflictError(message)
    return row


def rounded(average: Any) -> Any:
    """An average as the seed's column with two decimals shows it; the exact one stands beside it."""
    return None if average is None else half_up(average)


def _position_change(before: Row[Any], position: PositionUpdate) -> dict[str, Any] | None:
    change = {
        "size_matched": position.size_matched,
        "average_price_matched": rounded(position.average_price_matched),
        "average_price_exact": position.average_price_matched,
        "fully_matched": position.fully_matched,
        "cashed_out": position.closed or bool(before.cashed_out),
    }
    return change if any(getattr(before, name) != value for name, value in change.items()) else None


def _change(connection: Connection, selection_ref: str, change: dict[str, Any]) -> None:
    c = _PICKS.c
    connection.execute(update(_PICKS).where(c.selection_ref == selection_ref).values(change))
    (row,) = _rows(connection, [selection_ref])
    connection.execute(update(_UPCOMING).where(_UPCOMING.c.selection_ref == selection_ref).values(bet_row(row)))


def _rows(connection: Connection, refs: Sequence[str], *, is_locking: bool = False) -> list[Row[Any]]:
    queries = (
        select(_PICKS).where(_PICKS.c.selection_ref.in_(some)).order_by(_PICKS.c.selection_ref)
        for some in _parted(refs)
    )
    return [row for query in queries for row in connection.execute(query.with_for_update() if is_locking else query)]


def _refuse_duplicates(connection: Connection, picks: Sequence[NewSelection]) -> None:
    c = _PICKS.c
    found: dict[str, None] = {}
    refs: set[str] = set()
    keys: set[tuple[str, int, str]] = set()
    for pick in picks:
        ref, key = pick.selection.selection_ref, _key(pick)
        if ref in refs or key in keys:
            found[_told(pick)] = None
        refs.add(ref)
        keys.add(key)
    for some in _parted(picks):
        same = [
            and_(c.market_id == key[0], c.selection_id == key[1], c.selection_type == key[2]) for key in map(_key, some)
        ]
        query = select(c.selection_ref, c.market_id, c.selection_id, c.selection_type).where(
            c.selection_ref.is_not(None),
            or_(c.selection_ref.in_([pick.selection.selection_ref for pick in some]), *same),
        )
        rows = connection.execute(query).all()
        there = {row[0] for row in rows} | {tuple(row[1:]) for row in rows}
        found |= {_told(one): None for one in some if one.selection.selection_ref in there or _key(one) in there}
    if found:
        message = f"already selected: {'; '.join(found)}; nothing was stored"
        raise StoreConflictError(message)


def _parted(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + _MANY] for start in range(0, len(items), _MANY))


def _key(pick: NewSelection) -> tuple[str, int, str]:
    one = pick.selection
    return one.market_id, one.selection_id, str(one.side)


def _told(pick: NewSelection) -> str:
    one = pick.selection
    name = one.runner_name or f"runner {one.selection_id}"
    return f"{one.selection_ref} ({name}, {one.side} {one.market_type}, market {one.market_id})"


def _capture_rows(pick: NewSelection, at: datetime) -> Iterator[dict[str, Any]]:
    one = pick.selection
    for runner in pick.capture:
        yield {
            "selection_id": runner.selection_id,
            "back_price_win": runner.reference_price,
            "race_id": race_number(one.race_id),
            "race_date": london_day(one.race_time),
            "race_time": one.race_time,
            # A race without one of the markets: an empty text is no market's id.
            "market_id_win": pick.market_id_win or "",
            "market_id_place": pick.market_id_place or "",
            "number_of_runners": len(pick.capture) if runner.number_of_runners is None else runner.number_of_runners,
            "created_at": runner.captured_at or at,
            "unique_id": pick.unique_id,
            "bet_selection_id": one.selection_id,
            "bet_type": one.side,
            "market_type": one.market_type,
            "horse_id": horse_id_of(pick) if runner.selection_id == one.selection_id else runner.selection_id,
            "selection_ref": one.selection_ref,
            "race_ref": one.race_id,
            "capture_id": runner.capture_id,
            "runner_name": runner.runner_name,
            "runner_status": runner.status,
        }


def _stored(row: Row[Any]) -> StoredSelection:
    return StoredSelection(
        selection=Selection(
            selection_ref=row.selection_ref,
            race_id=row.race_ref,
            race_time=row.race_time,
            market_id=row.market_id,
            market_type=MarketType(row.market_type),
            selection_id=row.selection_id,
            runner_name=row.runner_name,
            side=Side(row.selection_type),
            price_requested=row.requested_odds,
            stake_points=row.stake_points,
            capture_id=row.capture_id,
            valid=row.valid is not False,
            invalidated_reason=row.invalidated_reason,
            closed=bool(row.cashed_out),
        ),
        unique_id=row.unique_id,
        course=row.course,
        horse_id=row.horse_id,
        mode=row.mode,
        strategy_ref=row.customer_strategy_ref,
        invalidated_at=row.invalidated_at,
        size_matched=row.size_matched or ZERO,
        average_price_matched=row.average_price_exact,
        fully_matched=bool(row.fully_matched),
        created_at=row.created_at,
        processed_at=row.processed_at,
    )


def _note(connection: Connection, at: datetime, kind: str, detail: str, who: str = "") -> None:
    event = {"at": at, "kind": kind, "ref": None, "code": "", "detail": detail, "who": who, "epoch": None}
    connection.execute(insert(tables.journal_events).values(event))


def _cut(text: str | None, length: int) -> str | None:
    return text if text is None or len(text) <= length else text[: length - 1] + "…"
