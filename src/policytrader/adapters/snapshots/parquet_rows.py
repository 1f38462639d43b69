"""Rows from a Parquet file, and into one.

Text, whole numbers, decimals, flags and times with a zone are taken as they are. A float is taken only where its
shortest decimal form is a value that the column may have: 8.2 is, 8.200000000001 is not.
"""

from __future__ import annotations

import io
import math
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from policytrader.adapters.snapshots import codes
from policytrader.adapters.snapshots.cells import Kind
from policytrader.adapters.snapshots.files import MAXIMUM_COLUMNS, MAXIMUM_ROWS
from policytrader.adapters.snapshots.headers import check_names
from policytrader.adapters.snapshots.json_rows import NumberedRows, number_to_text
from policytrader.adapters.snapshots.problems import CellError, Problems
from policytrader.model.times import format_utc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from policytrader.adapters.snapshots.columns import Column, Table

MAXIMUM_UNPACKED_BYTES: Final = 64 * 1024 * 1024

# Beside its own errors pyarrow lets these through for files that are damaged.
_BROKEN = (pa.ArrowException, OSError, ValueError, TypeError, KeyError, IndexError, OverflowError, EOFError)


def read_parquet(file: str, data: bytes, table: Table, problems: Problems) -> NumberedRows | None:
    """The rows of a file's bytes; None where it is not Parquet. What is wrong goes to ``problems``."""
    rows = NumberedRows(file)
    try:
        content = pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)
        if _is_too_large(content.metadata):
            problems.add_file(
                file,
                codes.WRONG_FILE,
                "the table is too large",
                f"At most {MAXIMUM_ROWS:,} rows and {MAXIMUM_COLUMNS} columns are read.",
            )
            return None
        names = content.schema_arrow.names
        # Dictionaries stay as they are: one long text may stand in a few bytes for each of all the rows.
        leaves = map(content.metadata.schema.column, range(content.metadata.num_columns))
        texts = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]
        content = pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True, read_dictionary=texts)
        rows.positions = check_names(rows, names, table, problems)
        # By position, not by name: a name that is there twice must not stop the others.
        read = content.read()
        rows.row_numbers = range(1, read.num_rows + 1)
        for column in table.columns:
            if column.name in rows.positions:
                rows.cells[column.name] = _to_cells(column, read.column(rows.positions[column.name]))
    except _BROKEN as error:
        reason = str(error).split("\n", maxsplit=1)[0] or type(error).__name__
        problems.add_file(
            file, codes.BROKEN_FORMAT, f"not a Parquet file that can be read: {reason}", "Write it again."
        )
        return None
    return rows


def _is_too_large(metadata: Any) -> bool:
    if metadata.num_rows > MAXIMUM_ROWS or metadata.num_columns > MAXIMUM_COLUMNS:
        return True
    sizes = (metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    unpacked: int = sum(sizes)
    return unpacked > MAXIMUM_UNPACKED_BYTES


def _to_cells(column: Column, values: Any) -> Sequence[str | CellError]:
    if pa.types.is_dictionary(values.type):
        return _to_cells_of_dictionary(column, values)
    convert = _find_conversion(column, values.type)
    if pa.types.is_nested(values.type):
        return [_refuse(column, f"a value of type {values.type}")] * len(values)
    if pa.types.is_timestamp(values.type) and values.type.unit == "ns":
        values = values.cast(pa.timestamp("us", values.type.tz))
    seen: dict[object, str | CellError] = {None: ""}
    cells = []
    for value in values.to_pylist():
        # What is not plainly hashable is refused one by one.
        key = value if value is None or isinstance(value, str | int | float | Decimal | datetime) else repr(value)
        if key not in seen:
            seen[key] = convert(value)
        cells.append(seen[key])
    return cells


def _to_cells_of_dictionary(column: Column, values: Any) -> Sequence[str | CellError]:
    cells: list[str | CellError] = []
    for chunk in values.chunks:
        words = _to_cells(column, pa.chunked_array([chunk.dictionary]))
        cells.extend("" if index is None else words[index] for index in chunk.indices.to_pylist())
    return cells


def _find_conversion(column: Column, kind: Any) -> Callable[[Any], str | CellError]:
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    if is_text or pa.types.is_null(kind):
        return str
    if pa.types.is_boolean(kind) and column.reader.kind is Kind.FLAG:
        return lambda value: str(value).lower()
    if pa.types.is_integer(kind):
        return lambda value: number_to_text(column, str(value))
    if pa.types.is_decimal(kind):
        return lambda value: number_to_text(column, format(value, "f"))
    if pa.types.is_floating(kind) and column.reader.kind is not Kind.TEXT:
        return lambda value: number_to_text(column, _shortest(value))
    if pa.types.is_timestamp(kind) and column.reader.kind is Kind.TIME:
        return format_utc if kind.tz else lambda value: _refuse(column, f"{value} without a zone")
    return lambda _: _refuse(column, f"a value of type {kind}")


def _shortest(value: float) -> str:
    digits = repr(value)
    return digits.removesuffix(".0") if math.isfinite(value) else digits


def _refuse(column: Column, what: str) -> CellError:
    return CellError(
        column.reader.kind.code,
        f"{what} cannot stand here",
        "Store numbers as decimals, times in UTC, the rest as text.",
    )


def write_parquet(table: Table, columns: Mapping[str, Sequence[Any]]) -> bytes:
    """The table as a Parquet file, one fixed type per column. Raises ``ValueError`` for a value beyond it."""
    schema = pa.schema([(column.name, _arrow_type(column)) for column in table.columns])
    target = io.BytesIO()
    try:
        arrays = [pa.array(columns[field.name], field.type) for field in schema]
        content = pa.Table.from_arrays(arrays, schema=schema)
        pq.write_table(content, target, write_page_checksum=True)
    except (pa.ArrowException, TypeError, OverflowError) as error:
        raise ValueError(str(error)) from error
    return target.getvalue()


def _arrow_type(column: Column) -> Any:
    match column.reader.kind:
        case Kind.TEXT | Kind.WORD:
            return pa.string()
        case Kind.WHOLE:
            return pa.int64()
        case Kind.DECIMAL:
            return pa.decimal128(18, column.reader.decimals)
        case Kind.FLAG:
            return pa.bool_()
        case Kind.TIME:
            return pa.timestamp("us", tz="UTC")
