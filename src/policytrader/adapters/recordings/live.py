"""The Exchange Stream as it comes, into one plain file of stream messages per market, which ``recording import`` reads.

A message is split by market; all else of it stays as it was said, but that an image is marked in each market's own
change. Files are appended to: a recording that was stopped goes on in them, beginning with an image.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from policytrader.adapters.recordings import codes
from policytrader.adapters.recordings.messages import MARKET_ID
from policytrader.errors import Diagnostic, Place, RecordingError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Self

_OVER = "CLOSED"


class LiveRecorder:
    """Writes what the stream says. ``take`` is called in the stream's thread, all else in its user's; use ``with``."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is made if need be."""
        self._folder = folder
        self._files: dict[str, BinaryIO] = {}
        self._unwritten: set[str] = set()
        self._lock = threading.Lock()
        self._failure: OSError | None = None
        self._over: set[str] = set()
        self.changes: dict[str, int] = {}
        """Market -> changes taken."""

    def __enter__(self) -> Self:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._told(error) from error
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            files, self._files = self._files, {}
        for file in files.values():
            file.close()

    @property
    def paths(self) -> list[Path]:
        """The files with something in them, by market."""
        return [self._path(market_id) for market_id in sorted(self.changes)]

    @property
    def over(self) -> frozenset[str]:
        """The markets that are closed."""
        with self._lock:
            return frozenset(self._over)

    def take(self, text: str) -> None:
        """A message of the stream as it came. What cannot be written is raised by ``sync``."""
        message = orjson.loads(text)
        if message.get("op") != "mcm" or not message.get("mc"):
            return
        is_image = message.get("ct") == "SUB_IMAGE"
        # What concerns the subscription, and not this market, would make one market's image another's.
        head = {key: value for key, value in message.items() if key not in {"mc", "ct", "segmentType"}}
        with self._lock:
            for change in message["mc"]:
                self._write(change | {"img": True} if is_image else change, head)

    def sync(self) -> None:
        """See that what was taken is on the disk. Raises ``RecordingError`` where it cannot be written."""
        with self._lock:
            files = [self._files[market_id] for market_id in self._unwritten if market_id in self._files]
            self._unwritten.clear()
            failure = self._failure
        try:
            if failure is not None:
                raise failure
            for file in files:
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._told(error) from error

    def _write(self, change: Mapping[str, Any], head: dict[str, Any]) -> None:
        market_id = change["id"]
        if self._failure is not None or not MARKET_ID.fullmatch(market_id):
            return
        try:
            if market_id not in self._files:
                self._files[market_id] = _opened(self._path(market_id))
            self._files[market_id].write(orjson.dumps(head | {"mc": [change]}) + b"\n")
        except OSError as error:
            self._failure = error
            return
        self._unwritten.add(market_id)
        self.changes[market_id] = self.changes.get(market_id, 0) + 1
        if change.get("marketDefinition", {}).get("status") == _OVER:
            self._over.add(market_id)

    def _path(self, market_id: str) -> Path:
        return self._folder / f"{market_id}.json"

    def _told(self, error: OSError) -> RecordingError:
        place = Place(str(error.filename or self._folder))
        return RecordingError([Diagnostic(place, codes.NOT_WRITTEN, f"cannot be written: {error.strerror or error}")])


def _opened(path: Path) -> BinaryIO:
    """The file, to append to; a last line that a crash cut off is taken away."""
    file = path.open("a+b")
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - 65_536)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            end = start + found + 1
            break
        end = start
    file.truncate(end)
    return file
