"""Profiles: ``config/NAME.yaml``. Policy does not belong there, secrets neither."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from policytrader.authoring.suggest import did_you_mean
from policytrader.authoring.yaml import YamlDocument, read_yaml_file
from policytrader.errors import ConfigError, Diagnostic, PolicyError, UsageError
from policytrader.model.money import MINIMUM_SIZES, MinimumSize

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEFAULT_PROFILE = "paper"
EXAMPLE_ACCOUNT = "your-user-name"
"""In the live profile that is shipped: it stands for an account that is still to be named."""
MODES = ("paper", "live")
EXCHANGES = ("betfair",)
COUNTRIES = ("uk", "ireland", "italy", "new_zealand", "romania", "spain", "sweden")
"""Where an account was opened; the client library's names, and two for the addresses that have none there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Other addresses than the exchange's own, for a program on this machine that speaks its protocols."""

    identity: str
    identity_cert: str
    api: str
    stream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RealAccount:
    """An account at Betfair: its user name and where it was opened. What it takes to log in stands nowhere here.

    ``wants_stream``: prices may come from the Exchange Stream.
    """

    account: str
    country: str = COUNTRIES[0]
    wants_stream: bool = False
    addresses: Addresses | None = None


@dataclass(frozen=True)
class Profile:
    """One deployment: ``mode`` is paper or live, ``currency`` the account's.

    ``kill_file`` is where the kill switch is looked for, from the project's folder; each mode has its own unless the
    profile names one. ``real`` is the account to trade on; None where ``--exchange`` names the exchange.
    """

    name: str = DEFAULT_PROFILE
    mode: str = "paper"
    currency: str = "GBP"
    kill_file: str | None = None
    real: RealAccount | None = None

    def kill_path(self, project: Path) -> Path:
        """The kill switch: exists, or cannot be read, means kill."""
        return project / (self.kill_file or f"policytrader-{self.mode}.kill")

    @property
    def minimum(self) -> MinimumSize:
        """The exchange's smallest order in the account's currency."""
        return MINIMUM_SIZES[self.currency]


_ALLOWED = {"mode": MODES, "currency": tuple(MINIMUM_SIZES)}
_OPTIONAL = {"exchange": EXCHANGES, "country": COUNTRIES}
_OF_EXCHANGE = ("account", "country", "stream", "addresses")
_ADDRESSES = ("identity", "identity_cert", "api", "stream")
_KEYS = ("profile", *_ALLOWED, "kill_file", "exchange", *_OF_EXCHANGE, "end")
_SECRET_WORDS = ("password", "app_key", "key", "token", "secret", "cert", "dsn")


def load_profile(project: Path, name: str) -> Profile:
    """The profile ``config/NAME.yaml`` of a project; without such a file, ``paper`` has defaults.

    Raises ``ConfigError`` with every error of the file, ``UsageError`` when there is no such profile.
    """
    path = project / "config" / f"{name}.yaml"
    if not path.is_file():
        if name == DEFAULT_PROFILE:
            return Profile()
        known = sorted(file.stem for file in path.parent.glob("*.yaml")) if path.parent.is_dir() else []
        message = f"--profile {name}: there is no {path}" + (f"; profiles: {', '.join(known)}" if known else "")
        raise UsageError(message)
    try:
        document = read_yaml_file(path)
    except PolicyError as error:
        raise ConfigError([replace(one, source="") for one in error.diagnostics]) from None
    found = list(_problems(document, name))
    if found:
        # The line at fault may hold a secret that stands in the wrong place: it is named, never shown.
        raise ConfigError([replace(one, source="") for one in found])
    values = document.value
    assert isinstance(values, dict)
    return Profile(name, values["mode"], values["currency"], values.get("kill_file"), _real_account(values))


def _real_account(values: dict[str, Any]) -> RealAccount | None:
    if "exchange" not in values:
        return None
    addresses = values.get("addresses")
    return RealAccount(
        account=values["account"].strip(),
        country=values.get("country", COUNTRIES[0]),
        wants_stream=values.get("stream", False),
        addresses=Addresses(**addresses) if addresses is not None else None,
    )


def _problems(document: YamlDocument, name: str) -> list[Diagnostic]:
    values = document.value
    if not isinstance(values, dict):
        return [document.diagnostic((), "C101", "a profile is a mapping", "Begin with `profile: " + name + "`.")]
    found = [_unknown_key(document, (), key, _KEYS) for key in values if key not in _KEYS]
    for key in ("profile", "end"):
        if (key in values and values[key] != name) or (key not in values and key == "profile"):
            message = f"`{key}` must be `{name}`, the file's name"
            found.append(document.diagnostic((key,), "C103", message, "It guards against a file copied by mistake."))
    if "kill_file" in values and not _is_text(values["kill_file"]):
        found.append(document.diagnostic(("kill_file",), "C103", "`kill_file` must be a file's name"))
    for key, allowed in (_ALLOWED | _OPTIONAL).items():
        if (key in _ALLOWED or key in values) and values.get(key) not in allowed:
            message = f"`{key}` must be one of {', '.join(allowed)}"
            found.append(document.diagnostic((key,), "C103", message + did_you_mean(str(values.get(key)), allowed)))
    found += _account_problems(document, values)
    return sorted(found, key=lambda one: one.place)


def _account_problems(document: YamlDocument, values: dict[str, Any]) -> Iterator[Diagnostic]:
    if "exchange" not in values:
        for key in _OF_EXCHANGE:
            if key in values:
                message = f"`{key}` says nothing without `exchange: betfair`"
                yield document.diagnostic((key,), "C103", message, at_key=True)
        return
    if not _is_text(values.get("account")):
        help_ = "A number must be quoted. The password does not belong here."
        yield document.diagnostic(("account",), "C103", "`account` must be the account's user name", help_)
    if not isinstance(values.get("stream", False), bool):
        yield document.diagnostic(("stream",), "C103", "`stream` must be true or false")
    if "addresses" in values:
        yield from _address_problems(document, values)


def _address_problems(document: YamlDocument, values: dict[str, Any]) -> Iterator[Diagnostic]:
    """Form alone; that they lie on this machine is checked where they are used, before anything is sent."""
    addresses = values["addresses"]
    if values.get("mode") == "live":
        message = "a live profile has no `addresses`: it trades at the exchange itself"
        help_ = "Use a paper profile for a simulated exchange."
        yield document.diagnostic(("addresses",), "C103", message, help_, at_key=True)
    if not isinstance(addresses, dict):
        yield document.diagnostic(("addresses",), "C103", f"`addresses` must be a mapping of {', '.join(_ADDRESSES)}")
        return
    for key in addresses:
        if key not in _ADDRESSES:
            yield _unknown_key(document, ("addresses",), key, _ADDRESSES)
    for key in _ADDRESSES:
        if not _is_text(addresses.get(key)):
            yield document.diagnostic(("addresses", key), "C103", f"`{key}` must be an address")


def _unknown_key(document: YamlDocument, above: tuple[str, ...], key: str, keys: tuple[str, ...]) -> Diagnostic:
    allowed = "Allowed: " + ", ".join(keys) + "."
    if any(word in str(key).lower() for word in _SECRET_WORDS):
        allowed = "Secrets come from the environment alone; `policytrader doctor` tells which."
    message = f"unknown key `{key}`{did_you_mean(str(key), keys)}"
    return document.diagnostic((*above, key), "C102", message, allowed, at_key=True)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
