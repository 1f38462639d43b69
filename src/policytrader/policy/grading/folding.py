"""How names and words are compared; apart from the models, for those who are imported without them."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)  # the same few names and words stand in bet after bet
def fold(text: str) -> str:
    """As names (of markets, bookmakers, teams) and words are compared: without case, runs of blanks as one."""
    return " ".join(text.casefold().split())
