"""Every contract test runs in every world."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contracts.worlds import WORLDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contracts.worlds import World


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with WORLDS[request.param]() as made:
        yield made
