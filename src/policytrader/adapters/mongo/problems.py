"""The driver's errors, told as ours: what cannot be done, and what to do about it.

No message holds an address's user or password, a document or a value. Which errors leave it open whether a write
happened is decided here.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from pymongo import errors

from policytrader.errors import StoreConflictError, StoreError, StoreUnknownError

if TYPE_CHECKING:
    from collections.abc import Iterator

START = "Start it (`mongod --dbpath FOLDER`), or name another; sqlite:///FILE in its place needs no server."

_NOTHING = " Nothing was stored."
"""Of writes alone: a read that fails has nothing to say of that."""
_BUSY = ("busy", "is busy.{nothing} Trying again is safe.")
_DENIED = ("denied", "refuses this user. Check the user, the password and the user's rights.")
_BY_CODE = {
    8000: _DENIED,  # Atlas
    13: _DENIED,
    18: _DENIED,
    24: _BUSY,
    46: _BUSY,
    50: _BUSY,
    85: ("schema", "has an index of ours with other options. Drop that index; it is made again when next used."),
    86: ("schema", "has an index of ours with other options. Drop that index; it is made again when next used."),
    112: _BUSY,
    121: ("schema", "refuses a document by its validator.{nothing} Is another version of policytrader in use?"),
    14031: ("full", "has no room left.{nothing} Make room on its disk."),
    10334: ("failed", "refuses a document of that size.{nothing}"),
    263: ("failed", "cannot do this in a transaction.{nothing}"),
}
DUPLICATE = 11000
_OPEN_ENDS = frozenset({"UnknownTransactionCommitResult", "RetryableWriteError"})
_OPEN_CODES = frozenset({50, 64, 79, 89, 91, 100, 262, 11600, 11602})
"""Interrupted, perhaps half-way through many writes; or written, but not known to be on enough members."""


@contextmanager
def mapped(place: str, *, is_write: bool = False) -> Iterator[None]:
    """Raise ours for whatever the driver raises inside.

    ``is_write``: something that others can see may be on its way, so a lost connection leaves it open.
    """
    try:
        yield
    except errors.PyMongoError as error:
        _raise(error, place, is_write=is_write)


def is_duplicate(error: errors.PyMongoError) -> bool:
    """Whether a unique index refused it."""
    return isinstance(error, errors.OperationFailure) and DUPLICATE in _codes(error)


def _raise(error: errors.PyMongoError, place: str, *, is_write: bool) -> NoReturn:
    if is_write and _leaves_it_open(error):
        raise unknown(place) from None
    nothing = _NOTHING if is_write else ""
    if isinstance(error, errors.ConfigurationError):
        message = f"store {place}: its name is not known, or this driver cannot use what it finds there. {START}"
        raise StoreError(message, "unreachable") from None
    if isinstance(error, errors.OperationFailure):
        _raise_for_code(error, place, nothing)
    if not isinstance(error, errors.ConnectionFailure) and not error.timeout:
        message = f"store {place}: it failed ({type(error).__name__}).{nothing}"
        raise StoreError(message, "failed") from None
    message = f"store {place}: it does not answer. {START}"
    raise StoreError(message, "unreachable") from None


def unknown(place: str) -> StoreUnknownError:
    """Nobody knows whether a write happened."""
    return StoreUnknownError(
        f"store {place}: the answer to a write was lost: it happened, or it did not. Read the bet first."
    )


def _raise_for_code(error: errors.OperationFailure, place: str, nothing: str) -> NoReturn:
    codes = _codes(error)
    if DUPLICATE in codes:
        message = f"store {place}: what was to be stored contradicts what is there (a unique index); nothing was stored"
        raise StoreConflictError(message) from None
    known = next((_BY_CODE[code] for code in codes if code in _BY_CODE), None)
    if known is None:
        name = (error.details or {}).get("codeName") or error.code
        message = f"store {place}: it failed ({name}).{nothing}"
        raise StoreError(message, "failed") from None
    code, what = known
    message = f"store {place}: it {what.format(nothing=nothing)}"
    raise StoreError(message, code) from None


def _leaves_it_open(error: errors.PyMongoError) -> bool:
    # The driver raises this one only where no server was found for the first attempt.
    if isinstance(error, errors.ServerSelectionTimeoutError):
        return False
    if error.has_error_label("TransientTransactionError") and not error.has_error_label(
        "UnknownTransactionCommitResult"
    ):
        # Of a transaction that was not committed: the server undoes it.
        return False
    if any(error.has_error_label(label) for label in _OPEN_ENDS):
        return True
    if isinstance(error, errors.OperationFailure):
        return bool(_OPEN_CODES.intersection(_codes(error)))
    return isinstance(error, errors.ConnectionFailure) or error.timeout


def _codes(error: errors.OperationFailure) -> tuple[int, ...]:
    """The error's own code, and those of the writes and of the write concern in it."""
    details = error.details or {}
    parts = [*details.get("writeErrors", ()), *details.get("writeConcernErrors", ())]
    if concern := details.get("writeConcernError"):
        parts.append(concern)
    found = [error.code, *(part.get("code") for part in parts)]
    return tuple(code for code in found if isinstance(code, int))
