"""Keeping passwords, app keys, tokens and the store's password out of logs and error texts.

The client library logs what its stream sends at DEBUG, the token with it. Our stream does not use that line; this is
the second wall: it drops the library's DEBUG records, and strikes every known secret from whatever anybody logs.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

STRUCK = "[secret]"
_SHORTEST = 4

FAMILIES = (
    "alembic",
    "betfairlightweight",
    "httpcore",
    "httpx",
    "policytrader",
    "psycopg",
    "pymongo",
    "requests",
    "sqlalchemy",
    "urllib3",
)
"""A filter sees only what is logged through its own logger, so each one of these and below them has it, too."""


class Secrets:
    """What one connection may not tell anybody."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets: set[str] = set()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """One more, such as a new session's token. Very short ones are left: striking them would garble any text."""
        if len(secret) >= _SHORTEST:
            # As it is, and as it looks in an address, a form, a JSON text or a repr.
            self._secrets |= {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}
            self._secrets |= {
                json.dumps(secret)[1:-1],
                json.dumps(secret, ensure_ascii=False)[1:-1],
                repr(secret)[1:-1],
            }

    def strike(self, text: str) -> str:
        """The text without them, longest first, for one may contain another."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, STRUCK)
        return text


class _Filter(logging.Filter):
    def __init__(self) -> None:
        super().__init__()
        self.known: WeakSet[Secrets] = WeakSet()

    def filter(self, record: logging.LogRecord) -> bool:
        self.clean(record)
        return not (record.name.startswith("betfairlightweight") and record.levelno < logging.INFO)

    def clean(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - logging would print the arguments to show that they do not fit
            record.msg, record.args = "a line that cannot be put together", None
            return
        clean = self.strike(message)
        if clean != message:
            record.msg, record.args = clean, None
        if record.exc_info:
            # A library that cannot read an answer shows it.
            text = _FORMATTER.formatException(record.exc_info)
            clean = self.strike(text)
            if clean != text:
                record.exc_text, record.exc_info = clean, None

    def strike(self, text: str) -> str:
        for secrets in list(self.known):
            text = secrets.strike(text)
        return text


class _CleanRecords:
    """Makes records as before, without any known secret."""

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self._make(*args, **kwargs)
        _FILTER.clean(record)
        return record


_FORMATTER = logging.Formatter()
_FILTER = _Filter()
_FOR_GOOD = Secrets(())


def keep_out_of_logs(secrets: Secrets) -> None:
    """From now on, as long as ``secrets`` lives, none of them appears in a log record of this process."""
    _FILTER.known.add(secrets)
    known = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in FAMILIES]
    for name in (*FAMILIES, *known):
        logging.getLogger(name).addFilter(_FILTER)  # adding it twice does nothing
    # Loggers that are made later, or that are nobody's we know, have no filter; every record is made by this.
    if not isinstance(logging.getLogRecordFactory(), _CleanRecords):
        logging.setLogRecordFactory(_CleanRecords(logging.getLogRecordFactory()))


def keep_out_for_good(secret: str) -> None:
    """The same for one secret, as long as this process lives."""
    _FOR_GOOD.add(secret)
    keep_out_of_logs(_FOR_GOOD)


def strike_known(text: str) -> str:
    """A text without any secret that is to be kept out of logs now: for what does not go through a logger's message."""
    return _FILTER.strike(text)
