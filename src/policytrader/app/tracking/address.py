"""Where bets are kept, as a caller names it."""

from __future__ import annotations

from policytrader.addresses import MONGO, database_problem
from policytrader.errors import UsageError

SQLITE = "sqlite:///"
_REMEDY = (
    "start MongoDB (`mongod --dbpath FOLDER`) and give its address, mongodb://HOST:27017, or give sqlite:///FILE, "
    "which needs no server"
)


def checked_address(address: object) -> str:
    """The address of a store of bets. Raises ``UsageError``, which says what to start and repeats no password."""
    if not isinstance(address, str) or not address.strip():
        message = f"no store for bets was named: {_REMEDY}"
        raise UsageError(message)
    found = address.strip()
    if found.startswith(SQLITE):
        file = found.removeprefix(SQLITE)
        if not file or file.startswith((":", "file:")):
            message = "sqlite:/// needs the name of a file, as in sqlite:///bets.db"
            raise UsageError(message)
    elif not found.startswith(MONGO):
        message = f"not the address of a store for bets: {_REMEDY}"
        raise UsageError(message)
    return found


def check_database(address: str, database: object) -> None:
    """Raises ``UsageError`` where a MongoDB's address comes with what is no name of a database; a file needs none."""
    problem = database_problem(database) if address.startswith(MONGO) else None
    if problem is not None:
        message = f"database_name: {problem}"
        raise UsageError(message)
