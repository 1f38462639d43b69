"""What hypothesis draws: prices on the ladder, amounts, times, orders."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import strategies as st

from policytrader.model.price import PRICES
from policytrader.model.snapshot import Order, OrderStatus, Side

ladder_prices = st.sampled_from(PRICES)
sides = st.sampled_from(Side)


def amounts(low: str = "0", high: str = "100000", places: int = 2) -> st.SearchStrategy[Decimal]:
    """Exact amounts with at most so many decimals."""
    unit = Decimal(1).scaleb(-places)
    return st.integers(int(Decimal(low) / unit), int(Decimal(high) / unit)).map(lambda units: units * unit)


moments = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 28), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis puts the zone in


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """An order on one runner, as the exchange keeps it: matched and open sizes add up to at most its size."""
    size = draw(amounts("0.01", "5000"))
    status = draw(st.sampled_from(OrderStatus))
    matched = draw(amounts("0", str(size))) if status is not OrderStatus.UNKNOWN else Decimal(0)
    open_ = size - matched if status is OrderStatus.EXECUTABLE else Decimal(0)
    average = draw(amounts("1.01", "1000", places=8)) if matched else None
    ref = draw(st.sampled_from([None, "ours"]))
    return Order(ref, "1.101", 11, draw(sides), draw(ladder_prices), size, matched, average, open_, status, None)
