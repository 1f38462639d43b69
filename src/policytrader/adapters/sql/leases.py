"""Who leads: a lock that ends with the process, and an epoch that rises with every lease."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select, update

from policytrader.adapters.sql import tables
from policytrader.adapters.sql.locks import Lock, lock_for
from policytrader.adapters.sql.part import Part
from policytrader.errors import StaleEpochError
from policytrader.model.journal import Lease

if TYPE_CHECKING:
    from datetime import datetime

    from policytrader.adapters.sql.database import Database

_LEASES = tables.leases


class LeasePart(Part):
    """The lock keeps a second leader out; the epoch keeps out one that lost its lock and does not know it yet."""

    def __init__(self, database: Database, mode: str) -> None:
        """No lease at first."""
        super().__init__(database, mode)
        self._locks: dict[str, Lock] = {}

    def acquire(self, account: str, holder: str, at: datetime) -> Lease | None:
        """Lock, then raise the epoch."""
        with self._reading():
            pass  # a store that cannot be used is told before anything is locked
        held = self._locks.get(account)
        if held is not None and held.is_held():
            return None
        lock = lock_for(self._database, account)
        if not lock.take():
            return None
        try:
            lease = self._raise_epoch(account, holder, at)
        except BaseException:
            lock.give_back()
            raise
        self._locks[account] = lock
        return lease

    def renew(self, lease: Lease, at: datetime) -> Lease:
        """Ask the lock, then the epoch."""
        self._require_lock(lease)
        with self._writing() as connection:
            mine = (_LEASES.c.account == lease.account) & (_LEASES.c.epoch == lease.epoch)
            if connection.execute(update(_LEASES).where(mine).values(renewed_at=at)).rowcount != 1:
                raise _stale(lease)
        return replace(lease, renewed_at=at)

    def release(self, lease: Lease, at: datetime) -> None:
        """Say so, then unlock; unlock also where it cannot be said."""
        lock = self._locks.pop(lease.account, None)
        try:
            if lock is not None and lock.is_held():
                with self._writing() as connection:
                    mine = (_LEASES.c.account == lease.account) & (_LEASES.c.epoch == lease.epoch)
                    connection.execute(update(_LEASES).where(mine).values(released_at=at))
        finally:
            if lock is not None:
                lock.give_back()

    def leader(self, account: str) -> Lease | None:
        """The newest lease."""
        with self._reading() as connection:
            row = connection.execute(select(_LEASES).where(_LEASES.c.account == account)).one_or_none()
        return None if row is None else _lease(row)

    def close(self) -> None:
        """Unlock, and close all connections."""
        for lock in self._locks.values():
            lock.give_back()
        self._locks.clear()
        self._database.dispose()

    def _require_lock(self, lease: Lease) -> None:
        lock = self._locks.get(lease.account)
        if lock is None or not lock.is_held():
            raise _stale(lease)

    def _raise_epoch(self, account: str, holder: str, at: datetime) -> Lease:
        values = {"account": account, "epoch": 1, "holder": holder, "acquired_at": at, "renewed_at": at}
        statement = self._upsert(_LEASES).values(values | {"released_at": None})
        anew: dict[str, Any] = {name: value for name, value in values.items() if name not in {"account", "epoch"}}
        statement = statement.on_conflict_do_update(
            index_elements=[_LEASES.c.account], set_=anew | {"epoch": _LEASES.c.epoch + 1, "released_at": None}
        ).returning(_LEASES)
        with self._writing() as connection:
            return _lease(connection.execute(statement).one())


def require_epoch(connection: Connection, lease: Lease) -> None:
    """Raise ``StaleEpochError`` unless this epoch is the current one; it stays so until the transaction ends."""
    query = select(_LEASES.c.epoch).where(_LEASES.c.account == lease.account).with_for_update(read=True)
    if connection.scalar(query) != lease.epoch:
        raise _stale(lease)


def _stale(lease: Lease) -> StaleEpochError:
    return StaleEpochError(
        f"the lease on account {lease.account} (epoch {lease.epoch}) is lost or taken over: send nothing, acquire again"
    )


def _lease(row: Any) -> Lease:
    return Lease(**row._mapping)  # noqa: SLF001 - a Row's public face
