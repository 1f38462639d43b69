"""The store in memory, on which tests of tracking stand, keeps the contract of bet stores."""

from __future__ import annotations

import pytest

from tests.contracts.bet_store_contract import BetStoreContract, OpenBets
from tests.memory_bet_store import MemoryBetStore


@pytest.fixture
def store() -> MemoryBetStore:
    return MemoryBetStore()


@pytest.fixture
def open_store(store: MemoryBetStore) -> OpenBets:
    """Further stores on the same bets: memory has no other process."""
    return lambda: store


@pytest.fixture
def filled_store() -> MemoryBetStore:
    """The one test that asks for it is about what is not held in memory."""
    pytest.skip("a store in memory holds all bets at once")


class TestMemoryBetStore(BetStoreContract):
    """Everything in ``BetStoreContract``."""
