"""A ``Snapshot`` as a folder that reads back as the same snapshot."""

from __future__ import annotations

import csv
import io
import json
import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from policytrader.adapters.snapshots import codes
from policytrader.adapters.snapshots.columns import TABLES, Table
from policytrader.adapters.snapshots.files import FORMATS, HEAD, list_folder
from policytrader.adapters.snapshots.reader import read_snapshot
from policytrader.errors import Diagnostic, Place, SnapshotError, UsageError
from policytrader.model.times import format_utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from policytrader.model.snapshot import Snapshot

_ASIDE: Final = ".writing-"
_OURS: Final = frozenset({HEAD, *(f"{table.name}.{form}" for table in TABLES for form in FORMATS)})

Format = Literal["csv", "parquet", "json"]


def write_snapshot(snapshot: Snapshot, folder: str | Path, format: Format = "csv") -> None:  # noqa: A002 - its name
    """Write ``snapshot.yaml`` and the five tables; ``read_snapshot`` gives back an equal snapshot.

    The folder may be new, empty, or a snapshot, which is replaced; other files in it stay. Everything is written
    aside and read back first, and ``snapshot.yaml`` is moved last: a folder that was left half-written is not readable.
    Raises ``SnapshotError`` for a folder that holds something else, for a disk that does not take the files, and for
    a snapshot that its reader would refuse.
    """
    folder = Path(folder)
    if format not in FORMATS:
        message = f"a snapshot is written as {', '.join(FORMATS)}, not as {format}"
        raise UsageError(message)
    is_new = not folder.exists()
    try:
        if is_new:
            folder.mkdir(parents=True)
        _refuse_foreign(folder)
        _write(snapshot, folder, format)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).split("\n", maxsplit=1)[0]
        message, remedy = f"the snapshot cannot be written here: {reason}", "Check the folder's rights and the disk."
        raise SnapshotError([Diagnostic(Place(str(folder)), codes.MISSING_FILE, message, remedy)]) from error
    finally:
        if is_new:
            # Where nothing was written nothing is left behind; a folder with files in it is not removed.
            with suppress(OSError):
                folder.rmdir()


def _refuse_foreign(folder: Path) -> None:
    listing = list_folder(folder)
    others = sorted(name for name in listing if name not in _OURS and not name.startswith(_ASIDE))
    if others and HEAD not in listing:
        message = f"the folder holds other files, such as {others[0]}, and is no snapshot"
        raise SnapshotError(
            [Diagnostic(Place(str(folder)), codes.WRONG_FILE, message, "Name an empty folder, or a new one.")]
        )


def _write(snapshot: Snapshot, folder: Path, form: Format) -> None:
    aside = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=folder))
    try:
        try:
            (aside / HEAD).write_text(_head_text(snapshot), encoding="utf-8", newline="\n")
            for table, rows in zip(TABLES, _rows_of(snapshot), strict=True):
                (aside / f"{table.name}.{form}").write_bytes(_table_bytes(table, rows, form))
        except ValueError as error:
            raise SnapshotError([_not_writable(folder, str(error))]) from None
        _check(snapshot, aside, folder)
        (folder / HEAD).unlink(missing_ok=True)
        for table in TABLES:
            (aside / f"{table.name}.{form}").replace(folder / f"{table.name}.{form}")
            for other in FORMATS:
                if other != form:
                    (folder / f"{table.name}.{other}").unlink(missing_ok=True)
        (aside / HEAD).replace(folder / HEAD)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _check(snapshot: Snapshot, aside: Path, folder: Path) -> None:
    """Refuse to publish what would not be read as it was meant."""
    try:
        written = read_snapshot(aside)
    except SnapshotError as error:
        found = [
            replace(one, place=replace(one.place, file=str(folder / Path(one.place.file).name)))
            for one in error.diagnostics
        ]
        raise SnapshotError(found) from None
    if written != snapshot or written.hash != snapshot.hash:
        raise SnapshotError([_not_writable(folder, "it would read back otherwise")])


def _not_writable(folder: Path, why: str) -> Diagnostic:
    message = f"the snapshot would not read back as it is: {why}"
    remedy = "Its rows hold values that no file can: an empty text, a time without a zone, an average of nine decimals."
    return Diagnostic(Place(str(folder)), codes.DISAGREEING, message, remedy)


def _rows_of(snapshot: Snapshot) -> tuple[Sequence[tuple[Any, ...]], ...]:
    return snapshot.selections, snapshot.reference, snapshot.markets, snapshot.runners, snapshot.orders


def _head_text(snapshot: Snapshot) -> str:
    lines = {"title": snapshot.title, "why": snapshot.why, "now": format_utc(snapshot.now), "policy": snapshot.policy}
    # A JSON text is a YAML text in double quotes.
    return "".join(
        f"{key}: {json.dumps(text, ensure_ascii=False)}\n"
        for key, text in lines.items()
        if text or key == "title" or (key == "policy" and text is not None)
    )


def _table_bytes(table: Table, rows: Sequence[tuple[Any, ...]], form: Format) -> bytes:
    match form:
        case "csv":
            return _csv_bytes(table, rows)
        case "json":
            return _json_bytes(table, rows)
        case "parquet":
            # As in the reader: only who uses it pays for importing pyarrow.
            from policytrader.adapters.snapshots.parquet_rows import write_parquet  # noqa: PLC0415

            columns = zip(*rows, strict=True) if rows else ((),) * len(table.columns)
            plain = ([str(one) if isinstance(one, StrEnum) else one for one in column] for column in columns)
            return write_parquet(table, dict(zip(table.names, plain, strict=True)))


def _csv_bytes(table: Table, rows: Iterable[tuple[Any, ...]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.names)
    writer.writerows([["" if value is None else _to_plain(value, flags=True) for value in row] for row in rows])
    return text.getvalue().encode()


def _json_bytes(table: Table, rows: Iterable[tuple[Any, ...]]) -> bytes:
    objects = (
        json.dumps({name: _to_plain(value) for name, value in zip(table.names, row, strict=True)}, ensure_ascii=False)
        for row in rows
    )
    return ("[" + ",\n ".join(objects) + "]\n").encode()


def _to_plain(value: object, *, flags: bool = False) -> object:
    """Decimals and times as text; true and false too where ``flags`` says so."""
    match value:
        case bool():
            return str(value).lower() if flags else value
        case Decimal():
            return format(value, "f")
        case datetime():
            return format_utc(value)
        case _:
            return value
