"""Words that follow a number."""

from __future__ import annotations

import pytest

from policytrader.cli.words import counted


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 ticks"), (1, "1 tick"), (2, "2 ticks"), (11, "11 ticks"), (21, "21 ticks")]
)
def test_one_alone_is_singular(number: int, text: str) -> None:
    assert counted(number, "tick") == text
