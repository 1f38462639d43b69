"""The store in memory keeps the contract of the stores on a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.store_contract import OpenStore, StoreContract
from tests.faults.memory_base import MemoryDatabase
from tests.faults.memory_store import MemoryStore

if TYPE_CHECKING:
    from policytrader.ports.store import Store


class TestMemoryStore(StoreContract):
    """Everything that is asked of a store."""

    @pytest.fixture
    def open_store(self) -> OpenStore:
        database = MemoryDatabase()
        MemoryStore(database, "paper").migrate()
        return lambda mode="paper": MemoryStore(database, mode)

    @pytest.fixture
    def store(self, open_store: OpenStore) -> Store:
        return open_store()
