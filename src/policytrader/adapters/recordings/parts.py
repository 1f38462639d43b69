"""Which files the tables of an imported market have: so that a missing or a cut one never changes a result silently.

``source.json`` in the market's folder names them, each with its bytes, as the import left them. Imports of before do
not have it, or not in it; of them only a gap in the numbers tells that a part is missing.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

import orjson
import pyarrow as pa

from policytrader.adapters.recordings import codes
from policytrader.errors import Diagnostic, Place, RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMAT = 2
"""Of what an import writes; what another version made is made again."""
SOURCE_FILE = "source.json"
UNREADABLE = (pa.ArrowException, OSError, ValueError, TypeError, LookupError, OverflowError)
"""What reading a damaged file may raise, and making values of what it holds."""
_FORMAT_OF_BEFORE = 1
_TABLES = ("states", "definitions", "runners", "ladders")
_PART = re.compile(r"([a-z]+)-(0|[1-9][0-9]{0,8})\.parquet")


def sizes_of_tables(folder: Path) -> dict[str, int]:
    """The bytes of each file of the market's tables that is in ``folder``, by name."""
    files = (path for name in _TABLES for path in sorted(folder.glob(f"{name}-*.parquet")))
    return {path.name: path.stat().st_size for path in files}


class MarketFiles:
    """The files of the tables of one imported market; ``source.json`` is read once."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read yet."""
        self.folder = folder

    def parts(self, name: str) -> list[Path]:
        """The files of one table, in order. Raises ``RecordingError`` if one is not whole.

        Imports of before told no end: of them the files up to the highest number.
        """
        sizes = self._sizes
        files = (path.name for path in self.folder.glob(f"{name}-*.parquet")) if sizes is None else sizes
        count = 1 + max([0, *(_number(file, name) for file in files)])
        return [_whole(self.folder / _file(name, number), sizes) for number in range(count)]

    def only_part(self, name: str) -> Path:
        """The file of a table that is never parted. Raises ``RecordingError`` where it is not whole."""
        return self.parts(name)[0]

    @property
    def has_ladders(self) -> bool:
        """Whether the import kept whole ladders: the first imports did not."""
        return self._sizes is not None or (self.folder / _file("definitions", 0)).exists()

    @cached_property
    def _sizes(self) -> dict[str, int] | None:
        """The bytes of each file as the import wrote it; None for an import of before, which did not note them."""
        path = self.folder / SOURCE_FILE
        with reading(path):
            try:
                written = path.read_bytes()
            except FileNotFoundError:
                return None
            told = orjson.loads(written)
        match told:
            case {"format": format_} if format_ == _FORMAT_OF_BEFORE:
                return None
            case {"format": format_, "tables": dict(sizes)} if format_ == FORMAT and _are_sizes(sizes):
                return sizes
        raise damaged(path, "does not say what this version of the import writes")


def damaged(path: Path, message: str) -> RecordingError:
    """The error of an imported recording that cannot be used."""
    help_text = "Import its file again: `policytrader recording import FILE --out DIR --again`."
    return RecordingError([Diagnostic(Place(str(path)), codes.NOT_A_RECORDING, message, help_text)])


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Whatever is wrong with a file of the recording while it is read is told as its damage."""
    try:
        yield
    except FileNotFoundError as error:
        raise damaged(path, "is missing") from error
    except UNREADABLE as error:
        raise damaged(path, f"cannot be read: {error}") from error


@contextmanager
def reading_definitions(files: MarketFiles) -> Iterator[None]:
    """The same of what a market was defined as."""
    try:
        yield
    except UNREADABLE as error:
        raise damaged(files.only_part("definitions"), f"holds what is no definition: {error}") from error


def _are_sizes(sizes: dict[str, object]) -> bool:
    counts = [sum(_number(file, name) >= 0 for file in sizes) for name in _TABLES]
    numbered = {_file(name, number) for name, count in zip(_TABLES, counts, strict=True) for number in range(count)}
    return all(counts) and numbered == sizes.keys() and all(isinstance(size, int) for size in sizes.values())


def _whole(path: Path, sizes: dict[str, int] | None) -> Path:
    with reading(path):
        size = path.stat().st_size
    if sizes is not None and size != sizes[path.name]:
        raise damaged(path, f"cannot be read: it has {size:,} bytes, and the import wrote {sizes[path.name]:,}")
    return path


def _number(file: str, name: str) -> int:
    """Which part of the table a file is; -1 for one that is none."""
    found = _PART.fullmatch(file)
    return int(found[2]) if found is not None and found[1] == name else -1


def _file(name: str, number: int) -> str:
    return f"{name}-{number}.parquet"
