"""Keeping passwords, app keys and session tokens out of logs and error texts.

The client library logs what its stream sends at DEBUG, the token with it. Our stream does not use that line; this
filter is the second wall: it drops the library's DEBUG records and strikes every known secret from those that remain.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Iterable

STRUCK = "[secret]"
_SHORTEST = 4

FAMILIES = ("betfairlightweight", "requests", "urllib3", "policytrader")
"""A filter sees only what is logged through its own logger, so each one of these and below them has it."""


class Secrets:
    """What one connection may not tell anybody."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets: set[str] = set()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """One more, such as a new session's token. Very short ones are left: striking them would garble any text."""
        if len(secret) >= _SHORTEST:
            self._secrets.add(secret)

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
        if record.name.startswith("betfairlightweight") and record.levelno < logging.INFO:
            return False
        message = record.getMessage()
        clean = self._strike(message)
        if clean != message:
            record.msg, record.args = clean, None
        if record.exc_info:
            # A library that cannot read an answer shows it.
            record.exc_text = self._strike(_FORMATTER.formatException(record.exc_info))
            record.exc_info = None
        return True

    def _strike(self, text: str) -> str:
        for secrets in list(self.known):
            text = secrets.strike(text)
        return text


_FORMATTER = logging.Formatter()
_FILTER = _Filter()


def keep_out_of_logs(secrets: Secrets) -> None:
    """From now on, as long as ``secrets`` lives, none of them appears in a record of this adapter or its libraries."""
    _FILTER.known.add(secrets)
    known = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in FAMILIES]
    for name in (*FAMILIES, *known):
        logging.getLogger(name).addFilter(_FILTER)  # adding it twice does nothing
