"""A MongoDB address, and what may be said of it: hosts and database, never user or password."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from pymongo import MongoClient, errors

from policytrader.addresses import MONGO, database_problem
from policytrader.config.redaction import keep_out_for_good
from policytrader.errors import UsageError

_WAIT = "serverSelectionTimeoutMS"
_SETTINGS: dict[str, Any] = {
    "appname": "policytrader",
    "connect": False,
    _WAIT: 5_000,
    "connectTimeoutMS": 5_000,
    "socketTimeoutMS": 30_000,
    "waitQueueTimeoutMS": 5_000,
}
_HOST = r"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\]|%2[Ff][A-Za-z0-9._~%-]+)(?::\d{1,5})?"
_HOSTS = re.compile(rf"{_HOST}(?:,{_HOST})*")


def client_of(address: str, place: str, **settings: Any) -> MongoClient[dict[str, Any]]:
    """A client that connects when first used; ``settings`` are added to those that all have.

    ``place`` is what ``place_of`` says of the address. Raises ``UsageError`` for a port or an option that cannot be.
    """
    # Settings win over the address; only how long to look for a server is left to it.
    is_said = f"{_WAIT}=".casefold() in address.rpartition("?")[2].casefold()
    common = {name: value for name, value in _SETTINGS.items() if not (is_said and name == _WAIT)}
    try:
        return MongoClient(address, **(common | settings))
    except (errors.PyMongoError, ValueError):
        # The driver's sentence may repeat what it was given.
        message = f"{place}: a port or an option of this MongoDB address cannot be used"
        raise UsageError(message) from None


def place_of(address: str, database: str) -> str:
    """``mongodb://HOST/DATABASE``; from now on the address's password is in no log.

    Raises ``UsageError``, which does not repeat what it was given.
    """
    scheme = next((one for one in MONGO if address.startswith(one)), None)
    if scheme is None:
        message = "not a MongoDB address; write mongodb://HOST:27017 or mongodb+srv://HOST"
        raise UsageError(message)
    # A password may hold anything, so what is no list of hosts is not shown, nor sent anywhere.
    authority, at, after = address.removeprefix(scheme).rpartition("@")
    hosts = re.split(r"[/?]", after, maxsplit=1)[0]
    if not _HOSTS.fullmatch(hosts) or (at and re.search(r"[/?@]", authority)):
        message = (
            "a MongoDB address that cannot be read; write mongodb://USER:PASSWORD@HOST:27017, with : / ? # [ ] @ in "
            "user and password as %3A %2F %3F %23 %5B %5D %40"
        )
        raise UsageError(message)
    if (problem := database_problem(database)) is not None:
        raise UsageError(problem)
    _, colon, password = authority.partition(":")
    if at and colon:
        keep_out_for_good(unquote(password))
    return f"{scheme}{hosts}/{database}"
