"""Small pools of values for random policies and snapshots: shared, so that equalities and edges really occur."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from policytrader.policy.fields import FieldType

PRICES_NOW = tuple(Decimal(one) for one in ("1.01", "1.02", "2", "3.50", "7.8", "8", "8.20", "12", "100", "980"))
"""On the exchange's ladder, written in several ways."""

REFERENCE_PRICES = tuple(Decimal(one) for one in ("1.01", "7.99", "8", "11.99", "12.00", "12.01", "1000"))
SIZES = tuple(Decimal(one) for one in ("0", "0.01", "0.99", "1", "2.37", "5", "10.00", "112.5", "1000"))
LARGEST_SIZE = Decimal(10_000_000)
"""The largest that the readers let in: at a long price its liability is far beyond 64 bits of the smallest unit."""

STAKE_POINTS = tuple(Decimal(one) for one in ("1", "1", "1", "0.5", "0.3333", "2.0", "0.0001", "1000"))
AVERAGES = tuple(Decimal(one) for one in ("5.12345678", "1.00000001", "7.00"))
FACTORS = tuple(Decimal(one) for one in ("0", "2.5", "11.40", "11.39999"))
STEPS = ("8h", "4h", "90m", "60m", "30m", "300s", "30s")
REASONS = ("Invalid Runner Removed", "Invalid Short Price Removed", "It's off")
SELECTION_IDS = (7, 11, 12, 19, 999_999_937, 2**63 - 1)
WRITTEN_IDS = (*SELECTION_IDS[:-1], 8)
"""Those that a rule may name, and one that no race has."""

COURSES = ("Ascot", "ascot", "Lord's", "York")

LITERALS: dict[str, tuple[Any, ...]] = {
    "selection.stake_points": (Decimal("0.5"), 1, Decimal("0.3333"), Decimal("0.33335")),
    "selection.time_to_off": ("0s", *STEPS, "999999h"),
    "market.price_age": ("0s", "15s", "20s", "1m"),
    "market.number_of_winners": (1, 2, 3, Decimal("2.5")),
    "runner.adjustment_factor": (*FACTORS, Decimal("11.399995")),
    "runner.selection_id": WRITTEN_IDS,
    "reference.number_of_runners": (2, 3, 4, 8),
    "reference.age": ("0s", "1h", "8h", "18h"),
    "position.size_matched": (0, 1, Decimal("2.37"), 10, Decimal("9.995")),
    "position.size_unmatched": (0, 1, Decimal("2.37"), 10),
    "position.exposure": (
        *(0, 1, 10, Decimal("17.5"), 1_000_000_000, -1_000_000_000),
        *(Decimal("9.9999999999"), Decimal("9.99999999999"), Decimal("99999999.0000000001")),
    ),
}
"""Literals by field; other fields take those of their type. Some lie between any two values that occur."""

TYPE_LITERALS: dict[FieldType, tuple[Any, ...]] = {
    FieldType.NUMBER: (0, 1, 2, 3, 4, Decimal("2.5"), -1, 1000),
    FieldType.MONEY: (0, 1, Decimal("2.37"), 10, Decimal("0.995")),
    FieldType.PRICE: (*PRICES_NOW, *REFERENCE_PRICES, Decimal("11.995"), 1, 0, 1001),
    FieldType.TEXT: (*COURSES, "Epsom"),
    FieldType.LIST: WRITTEN_IDS,
}


def in_order(literal: Any) -> Decimal:
    """What a literal is sorted by: its value, or its seconds."""
    if isinstance(literal, str):
        return Decimal(literal[:-1]) * {"h": 3600, "m": 60, "s": 1}[literal[-1]]
    return Decimal(literal)
