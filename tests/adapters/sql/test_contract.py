"""The contract of stores, on both databases."""

from __future__ import annotations

import pytest

from tests.contracts.store_contract import StoreContract

ON_SQLITE = pytest.param("sqlite")
ON_POSTGRESQL = pytest.param("postgres", marks=pytest.mark.xdist_group("postgres"))


@pytest.mark.parametrize("url", [ON_SQLITE, ON_POSTGRESQL], indirect=True)
class TestStore(StoreContract):
    """Everything in ``StoreContract``."""
