"""Numbers as people write them in alerts: odds of five forms, and the lines of bets."""

from __future__ import annotations

import re
from decimal import Decimal

from policytrader.model.money import ONE, ZERO, divide, half_up

EVENS = Decimal(2)
LARGEST_ODDS = Decimal(10_000)
"""What is longer than this is no price but a slip."""
_ODDS_UNIT = Decimal("0.0001")
_LINE_STEP = Decimal("0.25")
_LARGEST_LINE = Decimal(2000)
_HUNDRED = Decimal(100)

DECIMAL = r"[0-9]{1,5}(?:[.,][0-9]{1,4})?"
FRACTION = r"[0-9]{1,4}/[0-9]{1,4}"
AMERICAN = r"[+\-\u2212][1-9][0-9]{2,5}"
CENTS = r"[0-9]{1,2}(?:\.[0-9]{1,3})?\s?(?:\u00a2|cents?\b)"
EVENS_WORDS = r"evens?|evs"
ODDS = rf"(?:{AMERICAN}|{CENTS}|{FRACTION}|{DECIMAL}|(?:{EVENS_WORDS})\b)"
"""A pattern for odds of any form; what is matched is read by ``read_odds``, which may still refuse it."""

_DECIMAL, _FRACTION, _AMERICAN, _CENTS, _EVENS = (
    re.compile(pattern, re.ASCII | re.IGNORECASE) for pattern in (DECIMAL, FRACTION, AMERICAN, CENTS, EVENS_WORDS)
)
_CENTS_WORD = re.compile(r"\s?(?:\u00a2|cents?)$", re.IGNORECASE)


def read_odds(text: str) -> Decimal | None:
    """Decimal odds from 2.10, 11/10, +110, 47.6¢ (a price of 0.476) or evens; None for what is none of them.

    American odds have a sign and at least three digits: a bare 25, 50 or 100 is a decimal price. Odds are above 1.
    """
    text = text.strip()
    if _EVENS.fullmatch(text):
        return EVENS
    if _AMERICAN.fullmatch(text):
        return _fitting(_from_american(text))
    if _CENTS.fullmatch(text):
        cents = Decimal(_CENTS_WORD.sub("", text))
        return _fitting(half_up(divide(_HUNDRED, cents), _ODDS_UNIT)) if cents else None
    if _FRACTION.fullmatch(text):
        top, bottom = map(Decimal, text.split("/"))
        return _fitting(half_up(divide(top, bottom) + ONE, _ODDS_UNIT)) if bottom else None
    number = read_decimal(text)
    return _fitting(number) if number is not None else None


def _from_american(text: str) -> Decimal:
    """+150 wins 150 on 100; -150 wins 100 on 150."""
    amount = Decimal(text[1:])
    profit = divide(amount, _HUNDRED) if text[0] == "+" else divide(_HUNDRED, amount)
    return half_up(profit + ONE, _ODDS_UNIT)


def _fitting(odds: Decimal) -> Decimal | None:
    return odds if ONE < odds <= LARGEST_ODDS else None


def read_decimal(text: str) -> Decimal | None:
    """A plain number without a sign, with a point or a comma before its decimals; None for anything else.

    Three digits after a comma may be thousands: that is nobody's to guess.
    """
    if not _DECIMAL.fullmatch(text):
        return None
    whole, comma, decimals = text.partition(",")
    return None if comma and len(decimals) > 2 else Decimal(f"{whole}.{decimals}" if comma else text)  # noqa: PLR2004 - told above


def read_line(text: str) -> Decimal | None:
    """A bet's line, with or without a sign: a multiple of 0.25; None for anything else."""
    text = text.strip().replace("\N{MINUS SIGN}", "-")
    number = read_decimal(text.lstrip("+-")) if len(text) - len(text.lstrip("+-")) <= 1 else None
    if number is None or number > _LARGEST_LINE or number % _LINE_STEP != ZERO:
        return None
    return ZERO - number if text.startswith("-") else number
