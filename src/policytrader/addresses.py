"""Which addresses are this machine's: the one place for a rule of safety.

What speaks in the clear, or makes an exchange's time move, may do so to this machine alone.
"""

from __future__ import annotations

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or its number; never by asking what a name stands for."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
