"""The kill switch as a file: it works while the store is down. One that exists, or cannot be read, means kill."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from policytrader.files import read_at_most
from policytrader.model.journal import Control, ControlKind
from policytrader.model.times import format_utc

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

_MOST_BYTES = 4096


def read_kill_file(path: Path, now: datetime) -> Control | None:
    """The kill that a file stands for; None only where there is certainly no such file.

    Whatever it holds, it is a kill: what is not written in our form names nobody and cancels nothing.
    """
    try:
        path.lstat()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "not a usable name"
        return _kill(now, "nobody", f"the kill file {path} cannot be read: {said}")
    try:
        document = json.loads(read_at_most(path, _MOST_BYTES))
        who, why = str(document["who"]).strip(), str(document["why"]).strip()
        if who and why:
            return _kill(now, who, why, cancels_open=document.get("cancel_open") is True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    return _kill(now, "nobody", f"the kill file {path} is there")


def write_kill_file(path: Path, kill: Control) -> None:
    """Write it. Raises ``OSError`` where that cannot be."""
    document = {"who": kill.who, "why": kill.why, "at": format_utc(kill.at), "cancel_open": kill.cancels_open}
    path.write_text(json.dumps(document) + "\n", "utf-8")


def _kill(at: datetime, who: str, why: str, *, cancels_open: bool = False) -> Control:
    return Control(kind=ControlKind.KILL, at=at, who=who, why=why, cancels_open=cancels_open)
