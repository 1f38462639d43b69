"""Where people are told."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from policytrader.ports import Say


@contextmanager
def open_notifications(header: str, tell: Say) -> Iterator[Callable[[str], None] | None]:
    """Where lines for people go, as the environment says; None where it names nothing. The end sends what waits.

    ``header`` is each message's first line; ``tell`` hears of what could not be sent. Raises ``ConfigError``.
    """
    from policytrader.config.secret_values import telegram_secrets

    secrets = telegram_secrets(os.environ)
    if secrets is None:
        yield None
        return
    from policytrader.adapters.telegram import Telegram

    telegram = Telegram(secrets, header, tell)
    try:
        yield telegram.send
    finally:
        telegram.close()
