"""The files of a snapshot folder: which there are, their bytes, their text."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Final

from policytrader.adapters.snapshots import codes
from policytrader.adapters.snapshots.problems import LONGEST_LINE, Problems, make_visible
from policytrader.errors import Diagnostic, Place, SnapshotError
from policytrader.files import TooLargeError, read_at_most

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

MAXIMUM_BYTES: Final = 8 * 1024 * 1024
"""Of one table's file; with the other limits it keeps every refusal within two seconds and 300 MB."""

MAXIMUM_ROWS: Final = 200_000
MAXIMUM_COLUMNS: Final = 100
FORMATS: Final = ("csv", "parquet", "json")
HEAD: Final = "snapshot.yaml"


def list_folder(folder: Path) -> Collection[str]:
    """Names of what the folder holds. Raises ``SnapshotError`` where it is no folder that can be read."""
    try:
        return frozenset(path.name for path in folder.iterdir())
    except FileNotFoundError:
        code, message, remedy = (
            codes.MISSING_FILE,
            "there is no such folder",
            "Check the name and the folder you are in.",
        )
    except NotADirectoryError:
        code, message = codes.WRONG_FILE, "this is a file, not a folder"
        remedy = f"Name the folder that holds {HEAD} and the tables."
    except PermissionError:
        code, message, remedy = codes.MISSING_FILE, "this folder may not be read", "Ask for permission to read it."
    except (OSError, ValueError) as error:
        code, message = (
            codes.MISSING_FILE,
            f"this cannot be read: {getattr(error, 'strerror', None) or 'not a usable name'}",
        )
        remedy = "Check the name and that the disk is there."
    raise SnapshotError([Diagnostic(Place(str(folder)), code, message, remedy)])


def find_table(folder: Path, name: str, listing: Collection[str], problems: Problems) -> Path | None:
    """The one file that holds the table ``name``."""
    found = [f"{name}.{form}" for form in FORMATS if f"{name}.{form}" in listing]
    if len(found) == 1:
        return folder / found[0]
    if found:
        message = f"{' and '.join(found)} are two forms of one table"
        problems.add_file(str(folder / found[1]), codes.REPEATED, message, "Keep the one that is meant.")
        return None
    near = sorted(one for one in listing if one.casefold() in {f"{name}.{form}" for form in FORMATS})
    remedy = f"Rename {near[0]} to {near[0].lower()}." if near else _advise_missing(name)
    problems.add_file(str(folder / f"{name}.csv"), codes.MISSING_FILE, "this file is missing", remedy)
    return None


def _advise_missing(name: str) -> str:
    return f"Add it as .csv, .parquet or .json, with its header even without rows: no {name} is said, not left out."


def read_bytes(path: Path, problems: Problems) -> bytes | None:
    """The whole file; None where it cannot be had, and the reason goes to ``problems``."""
    file = str(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            # Reading a pipe or a device could wait for ever.
            problems.add_file(file, codes.WRONG_FILE, "this is not a regular file", "Put a file there.")
            return None
        return read_at_most(path, MAXIMUM_BYTES)
    except TooLargeError:
        limit = MAXIMUM_BYTES // (1024 * 1024)
        problems.add_file(
            file, codes.WRONG_FILE, f"the file is larger than {limit} MB", "A snapshot is one moment; divide it."
        )
    except PermissionError:
        problems.add_file(file, codes.MISSING_FILE, "this file may not be read", "Ask for permission to read it.")
    except OSError as error:
        problems.add_file(
            file, codes.MISSING_FILE, f"this cannot be read: {error.strerror or error}", "Check that the disk is there."
        )
    return None


def decode(data: bytes, file: str, problems: Problems) -> str | None:
    """The text of a UTF-8 file, without a byte order mark."""
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        start = error.start
    before = data[:start].decode("utf-8").removeprefix("\ufeff")
    line_start = max(before.rfind("\n"), before.rfind("\r")) + 1
    number = before.count("\n") + before.count("\r") - before.count("\r\n") + 1
    rest = data[start : start + 400].decode("utf-8", "replace")
    column = len(before) - line_start + 1
    line = ""
    if column <= LONGEST_LINE:
        line = make_visible(before[line_start:] + (rest.splitlines() or [""])[0])
    place = Place(file, number, column)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        place, line = Place(file), ""
    message = f"byte 0x{data[start]:02x} at offset {start} is not UTF-8"
    problems.add(
        Diagnostic(place, codes.WRONG_FILE, message, "Save the file as UTF-8 and type the character again.", line)
    )
    return None
