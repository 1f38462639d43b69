"""The nearest name, for errors that ask ``did you mean``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``; did you mean `x`?`` when a known name is near, otherwise nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 - only needed on the way to an error

    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean `{near[0]}`?" if near else ""
