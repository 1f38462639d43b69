"""What is this machine: one rule, by which plain connections are allowed."""

from __future__ import annotations

import pytest

from policytrader.addresses import is_loopback


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.255.0.9", "::1"])
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "", "::", "128.0.0.1", "10.0.0.1", "api.betfair.com", "localhost.example.com", "127.0.0.1.example.com",
        "127.1", "2130706433", "0177.0.0.1", " 127.0.0.1", "[::1]",
        "0.0.0.0",  # noqa: S104 - nothing is bound
    ],
)  # fmt: skip
def test_elsewhere_or_in_doubt(host: str) -> None:
    """What a resolver might take for this machine is not believed."""
    assert not is_loopback(host)
