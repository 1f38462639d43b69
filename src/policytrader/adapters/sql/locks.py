"""Locks that end with whoever holds them: the operating system's beside a file, PostgreSQL's on a connection."""

from __future__ import annotations

import fcntl
import hashlib
import os
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, Protocol

from sqlalchemy import exc, text

from policytrader.adapters.sql.problems import mapped
from policytrader.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from policytrader.adapters.sql.database import Database


class Lock(Protocol):
    """At most one holder, over all processes."""

    def take(self) -> bool:
        """Whether it is ours now. Does not wait."""
        ...

    def is_held(self) -> bool:
        """Whether it is still ours; asks, does not remember."""
        ...

    def give_back(self) -> None:
        """Let another have it."""
        ...


def lock_for(database: Database, account: str) -> Lock:
    """The lock of an account in this store."""
    if database.dialect == "postgresql":
        return _ConnectionLock(database, account)
    if database.file is None:
        return _ProcessLock((id(database), account))
    return _FileLock(database.file, account)


class _FileLock:
    """``flock`` on a file beside the database, which stays there; ends with the process."""

    def __init__(self, database: Path, account: str) -> None:
        file = database.resolve()
        self._path = file.with_name(f"{file.name}-{_digest(account).hex()}.lock")
        self._descriptor: int | None = None

    def take(self) -> bool:
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            message = f"store: the lock file {self._path} cannot be opened: {error.strerror}"
            raise StoreError(message, "denied") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def is_held(self) -> bool:
        if self._descriptor is None:
            return False
        # Somebody may have deleted or replaced the file: another process would then lock another one.
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._path.stat())
        except OSError:
            return False

    def give_back(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class _ConnectionLock:
    """An advisory lock of a session of its own: it ends with the connection, also when the server does.

    Needs a direct connection or a pooler in session mode.
    """

    def __init__(self, database: Database, account: str) -> None:
        self._database = database
        self._key = int.from_bytes(_digest(account), signed=True)
        self._connection: Connection | None = None

    def take(self) -> bool:
        connection = self._database.dedicated()
        try:
            with mapped(self._database.place):
                is_ours = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key}))
        except StoreError:
            _end(connection)
            raise
        if not is_ours:
            _end(connection)
            return False
        self._connection = connection
        return True

    def is_held(self) -> bool:
        if self._connection is None:
            return False
        try:
            self._connection.execute(text("SELECT 1"))
        except exc.SQLAlchemyError:
            self.give_back()
            return False
        return True

    def give_back(self) -> None:
        if self._connection is not None:
            _end(self._connection)
            self._connection = None


class _ProcessLock:
    """For a database in memory, which no other process sees."""

    _held: ClassVar[set[tuple[int, str]]] = set()

    def __init__(self, key: tuple[int, str]) -> None:
        self._key = key

    def take(self) -> bool:
        if self._key in self._held:
            return False
        self._held.add(self._key)
        return True

    def is_held(self) -> bool:
        return self._key in self._held

    def give_back(self) -> None:
        self._held.discard(self._key)


def _digest(account: str) -> bytes:
    return hashlib.sha256(f"policytrader:{account}".encode()).digest()[:8]


def _end(connection: Connection) -> None:
    with suppress(exc.SQLAlchemyError):
        connection.invalidate()
    with suppress(exc.SQLAlchemyError):
        connection.close()
