"""The daemon's log on stderr: one line for each thing that happened, as text or as JSON, the mode on every one."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING, Any

from policytrader.config.redaction import strike_known
from policytrader.errors import printable
from policytrader.model.times import format_utc

if TYPE_CHECKING:
    from datetime import datetime

    from policytrader.ports import Say

LOG_SCHEMA = "policytrader/log/1"
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class _Lines(logging.Formatter):
    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        # The filters of the loggers see messages; what a line shows beside it is cleaned here.
        fields: dict[str, Any] = {key: _clean(value) for key, value in getattr(record, "fields", {}).items()}
        if self._as_json:
            document = {"schema": LOG_SCHEMA, "level": record.levelname.lower(), "event": record.getMessage(), **fields}
            return json.dumps(document, ensure_ascii=True, default=str)
        shown = {key: value for key, value in fields.items() if key not in {"at", "mode"} and value not in {None, ""}}
        values = "  ".join(f"{key}={_text(value)}" for key, value in shown.items())
        head = f"{fields.get('at') or '-'}  {str(fields['mode']).upper():<8} {record.getMessage():<13}"
        return f"{head} {values}".rstrip()


def open_log(mode: str, *, as_json: bool, verbosity: int) -> Say:
    """Lines on stderr. ``verbosity``: 0 warnings and errors, 1 what happened, 2 everything."""
    logger = logging.getLogger("policytrader.daemon")
    logger.propagate = False
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines(as_json=as_json))
    logger.addHandler(handler)
    logger.setLevel({0: logging.WARNING, 1: logging.INFO}.get(verbosity, logging.DEBUG))

    def say(level: str, event: str, at: datetime | None, **fields: Any) -> None:
        told = {"at": format_utc(at) if at is not None else None, "mode": mode, **fields}
        logger.log(_LEVELS[level], "%s", event, extra={"fields": told})

    return say


def _clean(value: Any) -> Any:
    return value if value is None or isinstance(value, (bool, int)) else strike_known(str(value))


def _text(value: object) -> str:
    text = printable(str(value).replace("\n", " | "))
    return json.dumps(text, ensure_ascii=False) if " " in text or not text else text
