"""The bots' alert collections in MongoDB: only read."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from policytrader.adapters.mongo.address import client_of, place_of
from policytrader.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pymongo.collection import Collection

COLLECTIONS = {"player": "player_alerts", "team": "team_alerts"}
"""Bot type -> the name of its collection."""


@contextmanager
def open_alert_collections(address: str) -> Iterator[Mapping[str, Collection[dict[str, Any]]]]:
    """The collections of ``mongodb://HOST/DATABASE``, by bot type; it is connected to when they are first asked.

    Raises ``UsageError`` for an address that names no database or cannot be read.
    """
    _, _, database = address.partition("://")[2].partition("?")[0].rpartition("@")[2].partition("/")
    if not database:
        message = "a MongoDB address without a database: write mongodb://HOST:27017/DATABASE"
        raise UsageError(message)
    with client_of(address, place_of(address, database), tz_aware=True) as client:
        yield {bot_type: client[database][name] for bot_type, name in COLLECTIONS.items()}
