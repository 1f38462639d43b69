"""Words that follow a number."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """``1 tick``, ``2 ticks``; for nouns whose plural takes an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
