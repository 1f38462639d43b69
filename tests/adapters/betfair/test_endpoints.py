"""Addresses and the exchange's first line: what is taken, and how a wrong one is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.adapters.betfair.endpoints import (
    Endpoints,
    parse_exchange_line,
    read_exchange_line,
    with_stream_certificate,
)
from policytrader.errors import ConfigError, ExchangeError

if TYPE_CHECKING:
    from pathlib import Path

LINE: dict[str, Any] = {
    "schema": "policytrader/exchange/1",
    "identity": "http://127.0.0.1:1234/identity/api/",
    "identity_cert": "http://127.0.0.1:1234/identity-cert/api/",
    "api": "http://127.0.0.1:1234/exchange/",
    "stream": "127.0.0.1:1235",
    "control": "http://127.0.0.1:1234/control/",
    "username": "u",
    "password": "the-password",
    "app_key": "the-app-key",
    "now": "2026-05-02T08:00:00Z",
}


def test_the_line_gives_addresses_and_credentials(tmp_path: Path) -> None:
    file = tmp_path / "exchange.json"
    file.write_text(json.dumps(LINE) + "\nand more\n", encoding="utf-8")
    line = read_exchange_line(file)
    assert line.endpoints == Endpoints(
        identity=LINE["identity"],
        identity_cert=LINE["identity_cert"],
        api=LINE["api"],
        stream_host="127.0.0.1",
        stream_port=1235,
    )
    assert line.credentials.password.get_secret_value() == "the-password"
    assert line.control == LINE["control"]
    assert "the-password" not in repr(line)
    assert "the-app-key" not in repr(line)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"schema": "policytrader/exchange/2"}, r':1:1  not an object with "schema"'),
        ({"api": None}, r':1:\d+  "api" is missing'),
        ({"api": 5}, r':1:\d+  "api" must be a text'),
        ({"api": "ftp://127.0.0.1/"}, r":1:1  api 'ftp://127.0.0.1/': it must be an address"),
        ({"api": "http://127.0.0.1:1234/exchange"}, "/ at its end"),
        ({"api": "http://127.0.0.1:99999/"}, "it must be an address"),
        ({"api": "http://example.com/"}, "plain http is for this machine only"),
        ({"identity": "https://user:the-password@example.com/"}, "with a user or a password in it"),
        ({"identity": "https://user:the-password@example.com:99999/"}, "with a user or a password in it"),
        ({"stream": "127.0.0.1"}, r':1:\d+  "stream" must be host:port'),
        ({"stream": "127.0.0.1:0"}, "a port from 1 to 65535"),
        ({"password": ""}, r':1:\d+  "password" must be a text'),
        ({"now": "2026-05-02 08:00"}, r':1:\d+  "now" is not an ISO 8601 time'),
    ],
    ids=str,
)
def test_a_wrong_line_is_told_with_its_place(change: dict[str, Any], told: str, tmp_path: Path) -> None:
    file = tmp_path / "exchange.json"
    file.write_text(json.dumps(LINE | change), encoding="utf-8")
    with pytest.raises(ConfigError, match=told) as raised:
        read_exchange_line(file)
    assert str(file) in str(raised.value)
    assert "exchange serve" in str(raised.value)
    assert "the-password" not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", ":1:1  not JSON"),
        (b'{"a": }', ":1:7  not JSON"),
        (b"\xff", ":1:1  not UTF-8"),
        (b"[" * 99999, "not JSON"),
    ],
)
def test_what_is_no_line_is_told(content: bytes, told: str, tmp_path: Path) -> None:
    file = tmp_path / "exchange.json"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=told):
        read_exchange_line(file)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.json: No such file or directory; write the first line"):
        read_exchange_line(tmp_path / "none.json")


def test_a_control_that_is_gone_is_told() -> None:
    line = parse_exchange_line(json.dumps(LINE | {"control": "http://127.0.0.1:9/control/"}))
    with pytest.raises(ExchangeError, match="no answer"):
        with_stream_certificate(line)
