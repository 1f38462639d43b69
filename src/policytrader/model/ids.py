"""Ids of other systems: texts inside, whole numbers outside wherever they are written as such."""

from __future__ import annotations

LARGEST_ID = 2**63 - 1
"""Databases keep whole numbers in eight bytes: a larger one is nobody's id, and drivers refuse to ask for it."""
_MOST_DIGITS = len(str(LARGEST_ID))


def whole_id(text: str) -> int | None:
    """The whole number that an id is, in ASCII digits and at most ``LARGEST_ID``; None for every other text."""
    # The length first: Python refuses to read numbers of thousands of digits.
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        return None
    number = int(text)
    return number if number <= LARGEST_ID else None


def id_value(text: str | None) -> int | str | None:
    """An id as other programs know it: a whole number where it is written as one (``007`` is a text)."""
    number = None if text is None else whole_id(text)
    return text if number is None or str(number) != text else number
