"""Money: the one place where policytrader divides or rounds.

Amounts are exact ``Decimal`` everywhere else. Whatever is sent to the exchange is floored to the penny:
half-even rounding of a lay stake breaks the liability cap in 46 % of cases (``docs/exchange-rules.md`` section 3) and
rounding a hedge flips the position's sign in 49 % (8.3). Whatever is only shown is rounded half up.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

PENNY = Decimal("0.01")
AVERAGE_UNIT = Decimal("0.00000001")
"""Prices that are averages or starting prices are kept to eight decimals, as a snapshot's are."""
ZERO = Decimal(0)
ONE = Decimal(1)

# 50 digits: a product of any two amounts that the readers let in is exact, a quotient is cut far
# beyond the penny. Flooring a quotient first rounded at 50 digits could only differ where the exact
# quotient lies within 1e-40 below a penny, which terminating inputs of 20 digits cannot reach.
_EXACT = Context(prec=50)


def floor_to_penny(amount: Decimal) -> Decimal:
    """Down to 0.01, towards minus infinity; the result has two decimals."""
    return amount.quantize(PENNY, rounding=ROUND_FLOOR, context=_EXACT)


def half_up(amount: Decimal, unit: Decimal = PENNY) -> Decimal:
    """To the nearest ``unit``, a half away from zero: for showing, and for stakes that users type; never for orders."""
    return amount.quantize(unit, rounding=ROUND_HALF_UP, context=_EXACT)


def nearest_penny(amount: Fraction) -> Decimal:
    """An exact amount to the nearest 0.01, a half away from zero: what a settled bet returns."""
    pennies = (abs(amount.numerator) * 200 + amount.denominator) // (2 * amount.denominator)
    return _EXACT.scaleb(Decimal(-pennies if amount < 0 else pennies), -2)


def money_text(amount: Decimal) -> str:
    """As files and screens show it: two decimals, half up, and nothing less than nothing: zero has no sign."""
    return format(half_up(amount) + ZERO, "f")


def divide(amount: Decimal, by: Decimal) -> Decimal:
    """Quotient at 50 digits. ``by`` must not be zero."""
    return _EXACT.divide(amount, by)


def percent_of(part: Decimal, whole: Decimal) -> Decimal:
    """``part`` in percent of ``whole``, which must not be zero."""
    return divide(part * 100, whole)


def percent_or_none(part: Decimal, whole: Decimal) -> Decimal | None:
    """The same; None of nothing."""
    return percent_of(part, whole) if whole else None


def shown_difference(before: Decimal, after: Decimal) -> Decimal:
    """By how much the amounts differ as ``money_text`` shows them: what a reader gets who subtracts them."""
    return half_up(after) - half_up(before)


def average(value: Decimal, size: Decimal) -> Decimal | None:
    """The average price as it is kept; ``value`` is the sum of size x price. None where ``size`` is zero."""
    return half_up(divide(value, size), AVERAGE_UNIT) if size else None


def liability(size: Decimal, price: Decimal) -> Decimal:
    """What a layer of ``size`` at ``price`` can lose: size x (price - 1), exact."""
    return _EXACT.multiply(size, price - ONE)


def size_for_liability(amount: Decimal, price: Decimal) -> Decimal:
    """The lay size whose liability at ``price`` never exceeds ``amount``, floored to the penny."""
    return floor_to_penny(divide(amount, price - ONE))


@dataclass(frozen=True, slots=True)
class MinimumSize:
    """The exchange's smallest LIMIT order in one currency (``docs/exchange-rules.md`` section 3)."""

    currency: str
    size: Decimal
    payout: Decimal

    def allows(self, size: Decimal, price: Decimal) -> bool:
        """At least ``size``, or less when size x price reaches ``payout``."""
        return size >= self.size or (size > ZERO and size * price >= self.payout)


MINIMUM_SIZES: dict[str, MinimumSize] = {
    minimum.currency: minimum
    for minimum in (
        MinimumSize("GBP", Decimal(1), Decimal(10)),
        MinimumSize("EUR", Decimal(1), Decimal(20)),
        MinimumSize("USD", Decimal(1), Decimal(20)),
        MinimumSize("AUD", Decimal(5), Decimal(30)),
    )
}
"""Minimum order per account currency; older pages of the exchange say GBP 2, so it is a setting."""
