"""The store: its parts together, on one database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.adapters.sql.controls import ControlPart
from policytrader.adapters.sql.database import Database
from policytrader.adapters.sql.journal import JournalPart
from policytrader.adapters.sql.prices import PricePart
from policytrader.adapters.sql.results import ResultPart
from policytrader.adapters.sql.rules import RulePart
from policytrader.adapters.sql.schema import migrate, status
from policytrader.adapters.sql.selections import SelectionPart

if TYPE_CHECKING:
    from policytrader.model.records import StoreStatus
    from policytrader.ports.store import Store


class SqlStore(SelectionPart, PricePart, ResultPart, JournalPart, RulePart, ControlPart):
    """``policytrader.ports.Store`` on SQLite or PostgreSQL."""

    def __init__(self, url: str, mode: str) -> None:
        """``mode`` is paper or live: a store made for one refuses the other. Connects when first used."""
        super().__init__(Database(url), mode)

    def migrate(self) -> tuple[str, ...]:
        """Bring the schema up to date."""
        self._is_checked = False
        return migrate(self._database, self._mode)

    def status(self) -> StoreStatus:
        """What it is."""
        return status(self._database)


def open_store(url: str, mode: str) -> Store:
    """The store at a URL. Raises ``UsageError`` for one that is none; connects when first used."""
    return SqlStore(url, mode)
