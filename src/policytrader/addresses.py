"""Which addresses are this machine's, and which are safe: the one place for a rule of safety.

What speaks in the clear, or makes an exchange's time move, may do so to this machine alone.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

MONGO = ("mongodb://", "mongodb+srv://")
"""How the address of a MongoDB server begins."""
_DATABASE = re.compile(r'[^/\\. "$*<>:|?\0]{1,63}')
_MOST_BYTES = 63
_SHOWN = 40


def database_problem(name: object) -> str | None:
    """Why this cannot be the name of a MongoDB database, and what to give instead; None for a name."""
    if isinstance(name, str) and name.isprintable() and _DATABASE.fullmatch(name) and len(name.encode()) <= _MOST_BYTES:
        return None
    shown = repr(name[:_SHOWN]) if isinstance(name, str) else type(name).__name__
    return (
        f"{shown} cannot be the name of a MongoDB database: give a text of 1 to {_MOST_BYTES} bytes, none of "
        '/ \\ . " $ * < > : | ? or space, for example bets'
    )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or its number; never by asking what a name stands for."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def is_safe(address: str) -> bool:
    """Whether something may be sent there: https to a host, or http to this machine; never with a user or password."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    # Not `@` in the host alone: an empty user is one, too.
    if not host or port == 0 or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
