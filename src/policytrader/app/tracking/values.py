"""What callers hand over, checked and exact: a value, or a refusal that names the field.

Code written for bots gives floats; each is read as it is printed, so that 2.1 is 2.1. Nothing is guessed: ``True`` is
no number, ``"1,5"`` is no line, and a stake of two millions is a slip.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import TypeVar

from policytrader.app.csv_rows import plain_number
from policytrader.model.ids import LARGEST_ID
from policytrader.model.money import ONE, PENNY, ZERO, half_up
from policytrader.model.outcomes import OUTCOME_ALIASES, Outcome
from policytrader.model.tracked_checks import kept_time

MOST_ODDS = Decimal(10_000)
MOST_MONEY = Decimal(1_000_000)
MOST_COUNT = Decimal(10_000)
"""Above any line, and any count of anything in a match."""
LINE_STEP = Decimal("0.25")
LONGEST_TEXT = 200
LONGEST_NOTE = 2_000
MOST_TAGS = 50
_SHOWN = 40
_WRITTEN_NUMBER = re.compile(r"0*(0|[1-9][0-9]*)(?:\.0+)?")
_FEED_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_:-]*")

T = TypeVar("T")


class Refusal(ValueError):  # noqa: N818 - it is an answer, told to the caller, and never raised to one
    """A value that cannot be used; the text names the field."""


def user_id(value: object) -> int:
    """A user's number, as Telegram gives it."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST_ID:
        raise Refusal(_told("user_id", value, "a whole number"))
    return value


def number(name: str, value: object) -> Decimal:
    """A finite number from a float, an int, a ``Decimal``, or a text that is written with a point."""
    if isinstance(value, str):
        found = plain_number(value.strip())
        if found is None:
            hint = "a plain number, decimals after a point as in 1.5" if "," in value else "a plain number"
            raise Refusal(_told(name, value, hint))
        return found
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise Refusal(_told(name, value, "a number"))
    if isinstance(value, int) and abs(value) > LARGEST_ID:
        raise Refusal(_told(name, value, "a smaller number"))
    found = value if isinstance(value, Decimal) else Decimal(str(value))
    if not found.is_finite():
        raise Refusal(_told(name, value, "a finite number"))
    return found or ZERO  # -0.0 is zero, too


def odds(name: str, value: object) -> Decimal:
    """Decimal odds: above 1."""
    found = number(name, value)
    if not ONE < found <= MOST_ODDS:
        raise Refusal(_told(name, value, f"decimal odds above 1 and at most {MOST_ODDS:,}"))
    return found


def money(name: str, value: object) -> Decimal:
    """The size of a unit: above 0."""
    found = number(name, value)
    if not ZERO < found <= MOST_MONEY:
        raise Refusal(_told(name, value, f"an amount above 0 and at most {MOST_MONEY:,}"))
    return found


def stake(name: str, value: object) -> Decimal:
    """Money that was staked: above 0, to the nearest penny, a half up.

    Whole pennies, so that what comes back, which is rounded once, less the stake is what was won or lost. Programs work
    stakes out as floats (0.1 * 3), so that further decimals are no mistake.
    """
    given = money(name, value)
    found = half_up(given)
    if not found:
        raise Refusal(_told(name, value, f"an amount of at least {PENNY}"))
    return given if given == found else found


def count(name: str, value: object) -> Decimal:
    """A line, or what a statistic came to; below zero for handicaps."""
    found = number(name, value)
    if abs(found) > MOST_COUNT:
        raise Refusal(_told(name, value, f"a number up to {MOST_COUNT:,}"))
    return found


def text(name: str, value: object, longest: int = LONGEST_TEXT) -> str | None:
    """A text in one line, without the spaces around it; None for none and for an empty one."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise Refusal(_told(name, value, "a text"))
    found = " ".join(value.split())
    if len(found) > longest:
        raise Refusal(_told(name, found, f"at most {longest:,} characters"))
    if not found.isprintable():
        raise Refusal(_told(name, found, "a text of characters that can be shown"))
    return found or None


def identifier(name: str, value: object) -> str | None:
    """An id of another system, as a text: 12345, 12345.0, "12345", " 012345" and "12345.0" are the same one."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST_ID:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 <= value <= LARGEST_ID:
            raise Refusal(_told(name, value, "an id"))
        return str(value)
    found = text(name, value)
    number_in = _WRITTEN_NUMBER.fullmatch(found or "")
    return number_in[1] if number_in else found


def feed_id(name: str, value: object) -> str | None:
    """The id of a feed's match, team or player: one that no feed can have is refused, and not asked for day by day."""
    found = identifier(name, value)
    if found is not None and not _FEED_ID.fullmatch(found):
        raise Refusal(_told(name, found, "an id: digits, or letters and digits without spaces"))
    return found


def outcome(name: str, value: object) -> Outcome:
    """One of the six status words, as they are written."""
    if not isinstance(value, str) or value not in tuple(Outcome):
        raise Refusal(_told(name, value, f"one of {', '.join(Outcome)}"))
    return Outcome(value)


def imported_outcome(name: str, value: str) -> Outcome:
    """The same in a file: without regard to case, and with the words of other trackers."""
    word = value.strip().casefold()
    return OUTCOME_ALIASES.get(word) or outcome(name, word)


def flag(name: str, value: object) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise Refusal(_told(name, value, "True or False"))
    return value


def tags(name: str, value: object) -> tuple[str, ...]:
    """Tags, each once, in the order given."""
    if isinstance(value, str) or not isinstance(value, (list, tuple, set, frozenset)):
        raise Refusal(_told(name, value, "a list of texts"))
    found = [one for item in value if (one := text(name, item)) is not None]
    unique = tuple(sorted(set(found)) if isinstance(value, (set, frozenset)) else dict.fromkeys(found))
    if len(unique) > MOST_TAGS:
        raise Refusal(_told(name, len(unique), f"at most {MOST_TAGS} tags"))
    return unique


def note(name: str, value: object) -> str:
    """A remark, or the empty text."""
    return text(name, value, LONGEST_NOTE) or ""


def day(name: str, value: object) -> str | None:
    """A day as it was written; a ``date`` as 2024-03-10."""
    if isinstance(value, datetime):
        value = value.date()
    return text(name, value.isoformat() if isinstance(value, date) else value)


def time_of_day(name: str, value: object) -> str | None:
    """A time as it was written; a ``time`` as 16:30."""
    return text(name, value.isoformat("minutes") if isinstance(value, time) else value)


def moment(name: str, value: object) -> datetime:
    """A time with a zone, in UTC, as stores keep it."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise Refusal(_told(name, value, "a time with a zone"))
    try:
        return kept_time(value)
    except OverflowError:
        raise Refusal(_told(name, value, "a time inside of the calendar")) from None


def _told(name: str, value: object, wanted: str) -> str:
    try:
        shown = str(value) if isinstance(value, (str, int, float, Decimal)) else type(value).__name__
    except ValueError:
        shown = "…"  # Python writes out no number of thousands of digits
    shown = shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"
    printable = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in shown)
    return f"{name}: `{printable}` is not {wanted}" if printable else f"{name}: is empty, and must be {wanted}"
