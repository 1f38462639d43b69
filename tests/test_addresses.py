"""What is this machine, and where something may be sent: one rule for all who send."""

from __future__ import annotations

import pytest

from policytrader.addresses import is_loopback, is_safe


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


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com", "https://example.com:1/a/b", "https://example.com:65535/", "HTTPS://example.com/@me",
        "http://localhost", "http://127.0.0.1:8080/x?y#z", "http://[::1]:9/", "https://[2001:db8::1]/",
    ],
)  # fmt: skip
def test_what_is_safe(address: str) -> None:
    assert is_safe(address)


@pytest.mark.parametrize(
    "address",
    [
        "", "example.com", "//example.com", "https://", "https:///path", "https://:443/", "http://example.com",
        "http://10.0.0.1/", "ftp://127.0.0.1/", "https://user@example.com", "https://:word@example.com",
        "https://user:word@example.com", "https://@example.com", "http://user@127.0.0.1/", "https://example.com:0",
        "https://example.com:65536", "https://example.com:99999", "https://example.com:-1", "https://example.com:x",
        "https://[::1",
    ],
)  # fmt: skip
def test_what_is_not(address: str) -> None:
    assert not is_safe(address)
