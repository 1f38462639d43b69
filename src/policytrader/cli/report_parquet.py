"""The day's report as a Parquet table: the rows of its CSV, with types."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from policytrader.cli.report_words import COLUMNS, rows_of
from policytrader.model.times import parse_utc

if TYPE_CHECKING:
    from policytrader.app.report import DayReport

_MONEY = pa.decimal128(18, 2)
_EXACT = pa.decimal128(38, 24)
"""An average of matched prices has as many places as Python's decimals carry."""
_TIME = pa.timestamp("us", tz="UTC")
_TYPES = {
    **dict.fromkeys(("stake_points", "average_price_matched"), _EXACT),
    **dict.fromkeys(("race_time", "invalidated_at"), _TIME),
    **dict.fromkeys(("orders", "hedges", "selection_id"), pa.int64()),
    **dict.fromkeys(("valid", "closed"), pa.bool_()),
    **dict.fromkeys(
        (
            "price_requested", "target", "sent", "wanted", "size_matched", "at_risk", "fill_percent", "starting_price",
            "beat_percent", "profit", "commission", "net",
        ),
        _MONEY,
    ),
    "day": pa.date32(),
}  # fmt: skip
SCHEMA = pa.schema([pa.field(name, _TYPES.get(name, pa.string())) for name in COLUMNS])


def parquet_of(report: DayReport) -> bytes:
    """One row a pick, missing values as nulls."""
    rows = list(rows_of(report))
    columns = [pa.array([_value(row[field.name], field.type) for row in rows], field.type) for field in SCHEMA]
    written = io.BytesIO()
    pq.write_table(pa.table(columns, schema=SCHEMA), written, compression="zstd")
    return written.getvalue()


def _value(value: Any, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_decimal(kind):
        return Decimal(value)
    if pa.types.is_timestamp(kind):
        return parse_utc(value)
    return date.fromisoformat(value) if pa.types.is_date(kind) else value
