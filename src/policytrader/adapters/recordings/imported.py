"""What was imported into a folder, and from which bytes: so that an import can go on where one was stopped.

``DIR/imports.jsonl`` has a line for each file that was read whole; each market's folder holds a ``source.json`` that
says which bytes it was made of, and which files it was made into (``parts``). A file was imported if a line of it says
so and all its markets still are of it, and whole.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from policytrader.adapters.recordings.parts import FORMAT, SOURCE_FILE, sizes_of_tables
from policytrader.adapters.recordings.reports import FileReport

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_LINES = "imports.jsonl"


@dataclass(frozen=True)
class Source:
    """The bytes that something was made of."""

    size: int
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"format": FORMAT, "size": self.size, "sha256": self.sha256}


class ImportedFiles:
    """The files that were imported into a folder."""

    def __init__(self, out_dir: Path) -> None:
        """Read what is known; a line that was cut off says nothing."""
        self._out_dir = out_dir
        self._path = out_dir / _LINES
        self._entries: dict[str, dict[str, Any]] = {}
        self._sources: dict[Path, Source] = {}
        told = self._path.read_bytes() if self._path.exists() else b""
        self._is_cut_off = bool(told) and not told.endswith(b"\n")
        for line in told.splitlines():
            entry = _parsed(line)
            if _is_entry(entry):
                self._entries[entry["sha256"]] = entry

    def source(self, path: Path) -> Source:
        """The bytes of a file; none where it cannot be read."""
        if path not in self._sources:
            try:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                    self._sources[path] = Source(os.fstat(file.fileno()).st_size, digest)
            except OSError:
                return Source(0, "")
        return self._sources[path]

    def known(self, path: Path) -> FileReport | None:
        """What is told of a file that was imported before, from the same bytes and without damage."""
        source = self.source(path)
        entry = self._entries.get(source.sha256)
        if entry is None or entry["size"] != source.size:
            return None
        if not all(self._is_of(source, market["day"], market["id"]) for market in entry["markets"]):
            return None
        return FileReport(str(path), markets=tuple(market["id"] for market in entry["markets"]), was_imported=True)

    def mark(self, folder: Path, source: Source) -> None:
        """Say in a market's finished folder what it was made of, and which files it has."""
        (folder / SOURCE_FILE).write_bytes(orjson.dumps(_made_of(source, folder)))

    def add(self, path: Path, source: Source, reports: Sequence[FileReport], days: dict[str, str]) -> None:
        """Note a file that was read whole; ``days`` of its markets. Damaged ones and no streams are read each time."""
        if not source.sha256 or not days or any(report.error for report in reports):
            return
        markets = [{"id": market_id, "day": day} for market_id, day in days.items()]
        entry = source.to_dict() | {"file": path.name, "markets": markets}
        with self._path.open("ab") as file:
            file.write(b"\n" * self._is_cut_off + orjson.dumps(entry) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._is_cut_off = False
        self._entries[source.sha256] = entry

    def _is_of(self, source: Source, day: str, market_id: str) -> bool:
        folder = self._out_dir / f"day={day}" / f"market={market_id}"
        try:
            return _parsed((folder / SOURCE_FILE).read_bytes()) == _made_of(source, folder)
        except (OSError, ValueError):  # a name that no file can have
            return False


def _made_of(source: Source, folder: Path) -> dict[str, Any]:
    return source.to_dict() | {"tables": sizes_of_tables(folder)}


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _is_entry(entry: dict[str, Any]) -> bool:
    """Whether a line says what ``add`` writes."""
    match entry:
        case {"format": version, "sha256": str(), "size": int(), "markets": [_, *_] as markets}:
            return version == FORMAT and all(_is_market(market) for market in markets)
        case _:
            return False


def _is_market(market: Any) -> bool:
    match market:
        case {"id": str(), "day": str()}:
            return True
        case _:
            return False
