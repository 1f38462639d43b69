"""Which addresses are this machine's, and which are safe: the one place for a rule of safety.

What speaks in the clear, or makes an exchange's time move, may do so to this machine alone.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

MONGO = ("mongodb://", "mongodb+srv://")
"""How the address of a MongoDB server begins."""


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
