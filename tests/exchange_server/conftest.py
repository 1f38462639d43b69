"""The served exchange, logged in to with the real client library."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.exchange_server.http_world import Served, open_served

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def served() -> Iterator[Served]:
    """Two markets of one race, time standing still, a client with a session."""
    with open_served() as one:
        one.log_in()
        yield one
