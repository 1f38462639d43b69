"""Stores by their URLs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.ports.store import Store


def store_url(given: str | None, project: Path, mode: str) -> str:
    """The URL that was given, else that of the project's own SQLite file for the mode.

    A relative ``sqlite:///FILE`` is meant from the project's folder.
    """
    prefix, name = "sqlite:///", f"policytrader-{mode}.db"
    if given is None:
        return f"{prefix}{project / name}"
    file = given.removeprefix(prefix)
    is_relative = given.startswith(prefix) and file and not file.startswith(("/", ":", "file:"))
    return f"{prefix}{project / file}" if is_relative else given


def open_store(url: str, mode: str = "paper") -> Store:
    """A store by its URL; it connects when it is first used. Raises ``UsageError`` for what is no store's URL."""
    from policytrader.adapters.sql.store import open_store as open_

    store = open_(url, mode)
    _keep_password_out_of_logs(url)
    return store


def _keep_password_out_of_logs(url: str) -> None:
    from sqlalchemy import make_url

    from policytrader.config.redaction import keep_out_for_good

    made = make_url(url)
    for secret in (made.password, made.query.get("password"), os.environ.get("PGPASSWORD")):
        if isinstance(secret, str):
            keep_out_for_good(secret)


def export_schema(dialect: str) -> str:
    """A store's schema as SQL text, for postgresql or sqlite."""
    from policytrader.adapters.sql.schema import export_schema as export

    return export(dialect)
