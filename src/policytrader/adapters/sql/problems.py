"""Drivers' errors, told as ours: what cannot be done with the store, and what to do about it.

No message holds a DSN, a password, a statement or its values. Which answers leave it open whether a commit happened is
decided here too.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from sqlalchemy import exc

from policytrader.errors import StoreConflictError, StoreError, StoreUnknownError

if TYPE_CHECKING:
    from collections.abc import Iterator


READ_ONLY = "read_only"


class _Problem(NamedTuple):
    code: str
    what: str
    help: str


_UNREACHABLE = _Problem(
    "unreachable", "it does not answer", "Nothing was stored. Is the server running, and the address right?"
)
_READ_ONLY = _Problem(READ_ONLY, "it is read-only", "Nothing was stored. Make the file, or the server, writable again.")
_FULL = _Problem("full", "it has no room left", "Nothing was stored. Make room on its disk.")
_BUSY = _Problem("busy", "another process holds it", "Nothing was stored; trying again is safe.")
_SCHEMA = _Problem("schema", "its tables are not those of this version", "Run `policytrader db migrate`.")
_DENIED = _Problem("denied", "it refuses this user", "Check the user, the password and the user's rights.")
_DAMAGED = _Problem(
    "damaged", "its file is damaged, or is no database", "Restore it from a backup; do not trade on it."
)
_FAILED = _Problem("failed", "it failed", "Nothing was stored.")
_ABORTED = _Problem("busy", "it took too long", "Nothing was stored; trying again is safe.")

# By the beginning of the SQLSTATE, the longer first.
_BY_SQLSTATE: dict[str, _Problem] = {
    "25006": _READ_ONLY,
    "28": _DENIED,
    "3D": _Problem("unreachable", "there is no such database", "Make it first: `createdb NAME`."),
    "3F": _SCHEMA,
    "40": _BUSY,
    "42501": _DENIED,
    "42P01": _SCHEMA,
    "42703": _SCHEMA,
    "53100": _FULL,
    "53": _Problem("busy", "the server has no connections or memory left", "Nothing was stored."),
    "55": _BUSY,
    "57014": _ABORTED,
    "57": _UNREACHABLE,
    "08": _UNREACHABLE,
    "XX": _DAMAGED,
}
_BY_SQLITE: dict[int, _Problem] = {
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_CANTOPEN: _Problem("unreachable", "its file cannot be opened", "Check the folder and its rights."),
    sqlite3.SQLITE_PERM: _DENIED,
    sqlite3.SQLITE_AUTH: _DENIED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_IOERR: _Problem("failed", "its disk failed", "Nothing was stored. Look at the disk."),
}
_CONSTRAINT = "23"
# Lost connections, a server that ends, its internal and system errors: the commit may have happened all the same.
_OPEN_ENDS = ("", "08", "57", "58", "XX")


@contextmanager
def mapped(place: str, *, is_commit: bool = False) -> Iterator[None]:
    """Raise ours for whatever SQLAlchemy or a driver raises inside."""
    try:
        yield
    except exc.DBAPIError as error:
        _raise(error.orig, place, is_commit=is_commit)
    except exc.StatementError as error:
        # A value that our own types refused: told as it was.
        if isinstance(error.orig, ValueError):
            raise error.orig from None
        raise
    except exc.TimeoutError:
        raise store_error(place, _BUSY) from None
    except sqlite3.Error as error:
        _raise(error, place, is_commit=is_commit)


def store_error(place: str, problem: _Problem, detail: str = "") -> StoreError:
    """The problem in one sentence or two."""
    said = f" ({detail})" if detail else ""
    return StoreError(f"store {place}: {problem.what}{said}. {problem.help}", problem.code)


def schema_error(place: str, what: str) -> StoreError:
    """Tables that are missing, or of another version."""
    return StoreError(f"store {place}: {what}", "schema")


def _raise(error: BaseException | None, place: str, *, is_commit: bool) -> NoReturn:
    if isinstance(error, sqlite3.Error):
        _raise_for_sqlite(error, place, is_commit=is_commit)
    state = getattr(error, "sqlstate", None) or ""
    primary = getattr(getattr(error, "diag", None), "message_primary", None) or ""
    if is_commit and state[:2] in _OPEN_ENDS:
        raise _unknown(place) from None
    if state.startswith(_CONSTRAINT):
        constraint = getattr(getattr(error, "diag", None), "constraint_name", None)
        raise _conflict(place, constraint or "a rule of its tables") from None
    problem = next(
        (_BY_SQLSTATE[state[:n]] for n in (5, 2) if state[:n] in _BY_SQLSTATE), _FAILED if state else _UNREACHABLE
    )
    raise store_error(place, problem, primary) from None


def _raise_for_sqlite(error: sqlite3.Error, place: str, *, is_commit: bool) -> NoReturn:
    primary = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if primary == sqlite3.SQLITE_CONSTRAINT:
        raise _conflict(place, str(error).rpartition(": ")[2] or "a rule of its tables") from None
    if is_commit and primary == sqlite3.SQLITE_IOERR:
        raise _unknown(place) from None
    is_schema = primary == sqlite3.SQLITE_ERROR and str(error).startswith("no such ")
    raise store_error(place, _SCHEMA if is_schema else _BY_SQLITE.get(primary, _FAILED), str(error)) from None


def _conflict(place: str, rule: str) -> StoreConflictError:
    return StoreConflictError(
        f"store {place}: what was to be stored contradicts what is there ({rule}); nothing was stored"
    )


def _unknown(place: str) -> StoreUnknownError:
    return StoreUnknownError(
        f"store {place}: the answer to a commit was lost: it happened, or it did not. Read the row first."
    )
