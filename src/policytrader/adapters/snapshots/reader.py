"""A snapshot folder as a ``Snapshot``, or everything that is wrong with it."""

from __future__ import annotations

from pathlib import Path

from policytrader.adapters.snapshots import codes
from policytrader.adapters.snapshots.columns import ORDERS, TABLES, Table
from policytrader.adapters.snapshots.cross_checks import check_across, complete_orders
from policytrader.adapters.snapshots.csv_rows import read_csv
from policytrader.adapters.snapshots.files import decode, find_table, list_folder, read_bytes
from policytrader.adapters.snapshots.head import read_head
from policytrader.adapters.snapshots.json_rows import read_json
from policytrader.adapters.snapshots.problems import Problems, RowSource
from policytrader.adapters.snapshots.rows import TableRows, read_rows
from policytrader.errors import Diagnostic, Place, SnapshotError
from policytrader.model.snapshot import Snapshot


def read_snapshot(folder: str | Path) -> Snapshot:
    """Read ``snapshot.yaml`` and the five tables, each as CSV, Parquet or JSON (``docs/snapshot.md``).

    Raises ``SnapshotError`` with all problems of all files by file, line and column, 200 at most. In Parquet and
    JSON the line is the number of the row, from 1, and the column the number of the table's column.
    """
    folder = Path(folder)
    listing = list_folder(folder)
    problems = Problems()
    head = read_head(folder, problems)
    tables: dict[str, TableRows] = {}
    for table in TABLES:
        if problems.stop_if_full():
            break
        path = find_table(folder, table.name, listing, problems)
        source = _read_source(path, table, problems) if path else None
        if source is not None:
            tables[table.name] = read_rows(table, source, problems)
    if not problems.stop_if_full():
        if ORDERS.name in tables:
            complete_orders(tables[ORDERS.name], problems)
        check_across(tables, problems)
    problems.raise_if_any()
    if head is None:  # whatever is wrong with it has been raised
        raise SnapshotError([Diagnostic(Place(str(folder)), codes.WRONG_HEAD, "snapshot.yaml cannot be read")])
    selections, reference, markets, runners, orders = (tuple(tables[table.name].rows) for table in TABLES)
    return Snapshot(
        head.now, selections, reference, markets, runners, orders, title=head.title, why=head.why, policy=head.policy
    )


def _read_source(path: Path, table: Table, problems: Problems) -> RowSource | None:
    data = read_bytes(path, problems)
    if data is None:
        return None
    file = str(path)
    if path.suffix == ".parquet":
        # Only here: pyarrow takes longer to import than a folder of CSV takes to read.
        from policytrader.adapters.snapshots.parquet_rows import read_parquet  # noqa: PLC0415

        return read_parquet(file, data, table, problems)
    text = decode(data, file, problems)
    if text is None:
        return None
    return read_json(file, text, table, problems) if path.suffix == ".json" else read_csv(file, text, table, problems)
