"""Where the exchange is and who logs in: configuration, so that the same adapter talks to Betfair or to ours."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn
from urllib.parse import urlsplit

import requests
from pydantic import SecretStr

from policytrader.addresses import is_loopback, is_safe
from policytrader.errors import ConfigError, ExchangeError
from policytrader.model.times import parse_utc

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from policytrader.config import Addresses

LINE_SCHEMA = "policytrader/exchange/1"
MAX_PORT = 65535
_MAX_LINE = 1_000_000
_CONTROL_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Base addresses, each ending in ``/``; plain http only on this machine. Raises ``ConfigError``.

    ``certificate_pem`` is the only issuer that the stream then trusts; None means the machine's authorities.
    """

    identity: str = "https://identitysso.betfair.com/api/"
    identity_cert: str = "https://identitysso-cert.betfair.com/api/"
    api: str = "https://api.betfair.com/exchange/"
    stream_host: str = "stream-api.betfair.com"
    stream_port: int = 443
    certificate_pem: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse addresses over which a password or an order would travel in the clear, or to nobody."""
        for name in ("identity", "identity_cert", "api"):
            _check_address(name, getattr(self, name))
        if not self.stream_host or not 0 < self.stream_port <= MAX_PORT:
            message = f"stream {self.stream_host}:{self.stream_port}: it must be a host and a port from 1 to {MAX_PORT}"
            raise ConfigError(message)

    @property
    def is_on_this_machine(self) -> bool:
        """Whether all of it is here, and so no exchange with real money."""
        hosts = [urlsplit(address).hostname or "" for address in (self.identity, self.identity_cert, self.api)]
        return all(is_loopback(host) for host in (*hosts, self.stream_host))


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who logs in. With a certificate (two files, or one that holds both) the login is a bot's, else interactive."""

    username: str = field(repr=False)
    password: SecretStr
    app_key: SecretStr
    certificate: Path | None = None
    certificate_key: Path | None = None

    def check_files(self) -> None:
        """Raise ``ConfigError`` unless the certificate's files are there and nobody else can read the key."""
        for file in (self.certificate, self.certificate_key):
            if file is not None and not file.is_file():
                message = f"{file}: no such certificate file; the login needs it"
                raise ConfigError(message)
        key = self.certificate_key or self.certificate
        if key is not None and key.stat().st_mode & 0o077:
            message = f"{key}: others may read this key; `chmod 600` it"
            raise ConfigError(message)


def betfair_endpoints(country: str) -> Endpoints:
    """The exchange's own addresses for an account of that country (``policytrader.config.COUNTRIES``)."""
    from betfairlightweight.baseclient import BaseClient  # noqa: PLC0415 - only a real account needs its tables

    return Endpoints(
        identity=BaseClient.IDENTITY_URLS[country],
        identity_cert=BaseClient.IDENTITY_CERT_URLS[country],
        api=BaseClient.API_URLS[country],
    )


def local_endpoints(addresses: Addresses) -> Endpoints:
    """A program on this machine that speaks the exchange's protocols. Raises ``ConfigError`` for any other place."""
    host, _, port = addresses.stream.rpartition(":")
    if not host or not port.isascii() or not port.isdecimal():
        message = f"addresses: stream {addresses.stream!r}: it must be host:port"
        raise ConfigError(message)
    endpoints = Endpoints(
        identity=addresses.identity,
        identity_cert=addresses.identity_cert,
        api=addresses.api,
        stream_host=host.strip("[]"),
        stream_port=int(port),
    )
    if not endpoints.is_on_this_machine:
        message = (
            "addresses: only addresses on this machine may replace the exchange's own, "
            "for whoever answers there is sent the password"
        )
        raise ConfigError(message)
    return endpoints


class ExchangeLine(NamedTuple):
    """What ``policytrader exchange serve`` prints first. ``control`` is None where the exchange has none."""

    endpoints: Endpoints
    credentials: Credentials
    control: str | None
    now: datetime


def read_exchange_line(path: Path) -> ExchangeLine:
    """The exchange that a file describes: the first line that ``policytrader exchange serve`` printed.

    Raises ``ConfigError`` with the place (file:line:column) and what to do; a password is never part of it.
    """
    try:
        with path.open(encoding="utf-8") as file:
            text = file.readline(_MAX_LINE)
    except OSError as error:
        message = f"{path}: {error.strerror or error}; write the first line of `policytrader exchange serve` there"
        raise ConfigError(message) from None
    except UnicodeDecodeError:
        raise _wrong(path, 1, "not UTF-8 text") from None
    return parse_exchange_line(text, path)


def parse_exchange_line(text: str, path: Path | str = "exchange serve") -> ExchangeLine:
    """The same from the line itself."""
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise _wrong(path, error.colno, f"not JSON: {error.msg}") from None
    except (RecursionError, ValueError):
        raise _wrong(path, 1, "not JSON") from None
    if not isinstance(values, dict) or values.get("schema") != LINE_SCHEMA:
        raise _wrong(path, 1, f'not an object with "schema": "{LINE_SCHEMA}"')
    line = _Line(values, text, path)
    host, _, port = line.text("stream").rpartition(":")
    if not host or not port.isascii() or not port.isdecimal():
        line.refuse("stream", "must be host:port")
    try:
        endpoints = Endpoints(
            identity=line.text("identity"),
            identity_cert=line.text("identity_cert"),
            api=line.text("api"),
            stream_host=host.strip("[]"),
            stream_port=int(port),
            certificate_pem=line.text("certificate") if values.get("certificate") is not None else None,
        )
    except ConfigError as error:
        raise _wrong(path, 1, str(error)) from None
    try:
        now = parse_utc(line.text("now"))
    except ValueError as error:
        line.refuse("now", f"is {error}")
    return ExchangeLine(
        endpoints,
        Credentials(
            username=line.text("username"),
            password=SecretStr(line.text("password")),
            app_key=SecretStr(line.text("app_key")),
        ),
        line.text("control") if values.get("control") is not None else None,
        now,
    )


def with_stream_certificate(line: ExchangeLine) -> ExchangeLine:
    """The same exchange, its stream's certificate asked from its control, which is on this machine.

    Raises ``ExchangeError`` where the control does not give it.
    """
    if line.control is None:
        return line
    _check_address("control", line.control)
    try:
        with requests.Session() as http:
            http.trust_env = False
            answer = http.get(f"{line.control}certificate", timeout=_CONTROL_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        message = (
            f"{line.control}certificate: no answer ({type(error).__name__}); is `policytrader exchange serve` running?"
        )
        raise ExchangeError(message) from None
    if answer.status_code != HTTPStatus.OK or "BEGIN CERTIFICATE" not in answer.text:
        message = f"{line.control}certificate: no certificate in the answer; is this `policytrader exchange serve`?"
        raise ExchangeError(message)
    return line._replace(endpoints=replace(line.endpoints, certificate_pem=answer.text))


class _Line:
    def __init__(self, values: dict[str, Any], text: str, path: Path | str) -> None:
        self._values = values
        self._text = text
        self._path = path

    def text(self, key: str) -> str:
        value = self._values.get(key)
        if not isinstance(value, str) or not value:
            self.refuse(key, "is missing" if value is None else "must be a text")
        return value

    def refuse(self, key: str, what: str) -> NoReturn:
        raise _wrong(self._path, self._text.find(f'"{key}"') + 1, f'"{key}" {what}') from None


def _wrong(path: Path | str, column: int, what: str) -> ConfigError:
    message = f"{path}:1:{max(1, column)}  {what}; it must be the first line that `policytrader exchange serve` printed"
    return ConfigError(message)


def _check_address(name: str, address: str) -> None:
    ends_well = address.endswith("/")
    if is_safe(address) and ends_well:
        return
    if "@" in address:
        # Whatever else is wrong: what may hold a password is not shown.
        message = f"{name}: an address with a user or a password in it; they belong into the credentials"
        raise ConfigError(message)
    if ends_well and is_safe(f"https{address.removeprefix('http')}"):
        message = f"{name} {address!r}: plain http is for this machine only; use https"
        raise ConfigError(message)
    message = f"{name} {address!r}: it must be an address such as https://api.betfair.com/exchange/, / at its end"
    raise ConfigError(message)
