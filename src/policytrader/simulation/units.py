"""Whole numbers inside, decimals outside: sizes in pennies, prices in hundredths, their product in 1/10,000.

Everything that is added up while time runs is an ``int``: exact, and cheap where millions of quotes pass.
"""

from __future__ import annotations

from decimal import Decimal

from policytrader.model.money import ZERO, divide, half_up
from policytrader.model.price import PRICES

HUNDREDTHS: tuple[int, ...] = tuple(int(price * 100) for price in PRICES)
"""The 350 prices of the ladder in hundredths, by tick."""

_AVERAGE = Decimal("1e-8")
_MOST_DIGITS = 20


def to_pennies(amount: Decimal) -> int:
    """Pennies of an amount that is known to have two decimals at most."""
    return int(amount.scaleb(2))


def is_whole_pennies(amount: Decimal) -> bool:
    """True for a finite amount without fractions of a penny, and not beyond all that anybody owns."""
    return amount.is_finite() and amount.adjusted() < _MOST_DIGITS and amount.scaleb(2) == int(amount.scaleb(2))


def from_pennies(pennies: int) -> Decimal:
    """Pennies as an amount with two decimals."""
    return Decimal(pennies).scaleb(-2) if pennies else ZERO


def from_units(units: int) -> Decimal:
    """Pennies times hundredths as an amount, exact."""
    return Decimal(units).scaleb(-4) if units else ZERO


def pennies_of_units(units: int) -> int:
    """Pennies times hundredths to the nearest penny, a half away from zero."""
    whole, rest = divmod(abs(units), 100)
    pennies = whole + (rest >= 50)  # noqa: PLR2004 - half of the hundred above
    return pennies if units >= 0 else -pennies


def average_price(payout: int, pennies: int) -> Decimal | None:
    """Average of what is matched: payout (pennies x hundredths) by pennies, eight decimals, None where nothing is."""
    if not pennies:
        return None
    if payout % pennies == 0:
        return Decimal(payout // pennies).scaleb(-2)
    return half_up(divide(Decimal(payout), Decimal(pennies * 100)), _AVERAGE)
