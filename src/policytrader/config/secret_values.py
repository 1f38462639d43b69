"""Secrets: from the environment, or from files that nobody else may read. Their names may be told, never they."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from policytrader.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

PASSWORD = "POLICYTRADER_BETFAIR_PASSWORD"  # noqa: S105 - the variable's name
APP_KEY = "POLICYTRADER_BETFAIR_APP_KEY"
CERTIFICATES = "POLICYTRADER_BETFAIR_CERTS"
"""A folder with ``client-2048.crt`` and ``client-2048.key``; without it the login is interactive."""
TELEGRAM_TOKEN = "POLICYTRADER_TELEGRAM_TOKEN"  # noqa: S105 - the variable's name
TELEGRAM_CHAT = "POLICYTRADER_TELEGRAM_CHAT"
TELEGRAM_URL = "POLICYTRADER_TELEGRAM_URL"

CERTIFICATE_FILE, CERTIFICATE_KEY_FILE = "client-2048.crt", "client-2048.key"
FILE_SUFFIX = "_FILE"
MAX_SECRET_BYTES = 4096
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSecrets:
    """What it takes to log in. With a certificate the login is a bot's, else interactive."""

    password: SecretStr
    app_key: SecretStr
    certificate: Path | None = None
    certificate_key: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramSecrets:
    """Where notifications go. ``url`` None means Telegram's own address."""

    token: SecretStr
    chat: str
    url: str | None = None


def account_secrets(environment: Mapping[str, str], account: str) -> AccountSecrets:
    """What the environment says. Raises ``ConfigError`` that names whatever is missing or wrong, all at once."""
    found, problems = _read_all(environment, (PASSWORD, APP_KEY))
    folder = None
    try:
        folder = _certificates(environment)
    except ConfigError as error:
        problems.append(error.render())
    missing = [name for name in (PASSWORD, APP_KEY) if name not in found]
    _refuse(missing, problems, f"account {account}")
    return AccountSecrets(
        password=found[PASSWORD],
        app_key=found[APP_KEY],
        certificate=folder / CERTIFICATE_FILE if folder is not None else None,
        certificate_key=folder / CERTIFICATE_KEY_FILE if folder is not None else None,
    )


def telegram_secrets(environment: Mapping[str, str]) -> TelegramSecrets | None:
    """Where notifications go; None where the environment names neither token nor chat. Raises ``ConfigError``."""
    found, problems = _read_all(environment, (TELEGRAM_TOKEN,))
    chat = environment.get(TELEGRAM_CHAT, "").strip()
    if TELEGRAM_TOKEN not in found and not chat and not problems:
        return None
    missing = [TELEGRAM_TOKEN] * (TELEGRAM_TOKEN not in found) + [TELEGRAM_CHAT] * (not chat)
    _refuse(missing, problems, "notifications")
    url = environment.get(TELEGRAM_URL, "").strip()
    return TelegramSecrets(token=found[TELEGRAM_TOKEN], chat=chat, url=url or None)


def read_secret(environment: Mapping[str, str], name: str) -> SecretStr | None:
    """The secret of a variable, or of the file that ``NAME_FILE`` names; None where there is neither.

    Raises ``ConfigError`` for both at once, and for a file that is not readable, not text, empty, or others' to read.
    """
    value, file = environment.get(name, ""), environment.get(name + FILE_SUFFIX, "")
    if value and file:
        message = f"{name} and {name}{FILE_SUFFIX} are both set; unset one of them"
        raise ConfigError(message)
    if not file:
        return _checked(value, name) if value else None
    about = f"{name}{FILE_SUFFIX}: {file}"
    return _checked(_read_file(Path(file), about), about)


def told(environment: Mapping[str, str], name: str) -> str:
    """Where a secret comes from, in words, without a look into it."""
    if environment.get(name + FILE_SUFFIX):
        return "set, by file"
    return "set" if environment.get(name) else "not set"


def _read_all(environment: Mapping[str, str], names: tuple[str, ...]) -> tuple[dict[str, SecretStr], list[str]]:
    found: dict[str, SecretStr] = {}
    problems: list[str] = []
    for name in names:
        try:
            secret = read_secret(environment, name)
        except ConfigError as error:
            problems.append(error.render())
        else:
            if secret is not None:
                found[name] = secret
    return found, problems


def _refuse(missing: list[str], problems: list[str], what: str) -> None:
    said = problems.copy()
    told_already = " ".join(problems)
    absent = [name for name in missing if name not in told_already]
    if absent:
        said.append(
            f"{what}: not set: {', '.join(absent)}; set each in the environment, "
            f"or NAME{FILE_SUFFIX} to a file of mode 600 that holds it"
        )
    if said:
        raise ConfigError("\n".join(said))


def _checked(value: str, about: str) -> SecretStr:
    if not value.isprintable() or value != value.strip():
        message = f"{about}: a secret is one line without blanks around it"
        raise ConfigError(message)
    return SecretStr(value)


def _read_file(path: Path, about: str) -> str:
    try:
        # Opened first and asked afterwards, so that what is asked about is what is read; a pipe is not waited for.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123 - by its descriptor
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                message = f"{about}: this is not a regular file"
                raise ConfigError(message)
            if found.st_mode & _OTHERS:
                message = f"{about}: others may read this file; `chmod 600` it"
                raise ConfigError(message)
            data = file.read(MAX_SECRET_BYTES + 1)
    except OSError as error:
        message = f"{about}: {error.strerror or error}"
        raise ConfigError(message) from None
    except ValueError:
        message = f"{about}: not a usable file name"
        raise ConfigError(message) from None
    try:
        text = data.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        text = ""
    if not text or len(data) > MAX_SECRET_BYTES:
        message = f"{about}: it must hold the secret, one line of text"
        raise ConfigError(message)
    return text


def _certificates(environment: Mapping[str, str]) -> Path | None:
    """The folder, checked as far as its own rights go; the key's are checked where it is used."""
    given = environment.get(CERTIFICATES, "")
    if not given:
        return None
    folder = Path(given)
    if not folder.is_dir():
        message = f"{CERTIFICATES}: {folder}: no such folder"
        raise ConfigError(message)
    if folder.stat().st_mode & _OTHERS:
        message = f"{CERTIFICATES}: {folder}: others may look into this folder; `chmod 700` it"
        raise ConfigError(message)
    return folder
