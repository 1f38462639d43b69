"""Answers on disk: the raw bytes, compressed, by their hash; and which of them is a finished match, or a day's list.

Files appear whole or not at all. What cannot be read, or is not what its name says, is as if it were not there.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from policytrader.errors import FeedError
from policytrader.model.times import format_utc, parse_utc

if TYPE_CHECKING:
    from datetime import datetime

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Noted:
    """The newest answer for a match that is over, or for a day; ``first_at`` is when there first was one.

    ``etag`` is the site's mark of this state of the answer, where it gave one.
    """

    digest: str
    fetched_at: datetime
    first_at: datetime
    etag: str | None = None


class KeptAnswers:
    """One folder: ``raw/ab/ab….json.gz``, ``finished/ID.json`` and ``days/20200920.json``."""

    def __init__(self, folder: Path) -> None:
        """The folder is made when something is kept."""
        self._folder = folder

    def keep(self, raw: bytes) -> None:
        """Keep an answer. Raises ``FeedError`` where that cannot be done: a grade needs its evidence."""
        digest = hashlib.sha256(raw).hexdigest()
        if self.raw(digest) is None:
            self._write(self._raw_file(digest), gzip.compress(raw, mtime=0))

    def raw(self, digest: str) -> bytes | None:
        """The answer of this hash."""
        if not _DIGEST.fullmatch(digest):
            return None
        try:
            raw = gzip.decompress(self._raw_file(digest).read_bytes())
        except (OSError, EOFError, zlib.error):
            return None
        return raw if hashlib.sha256(raw).hexdigest() == digest else None

    def note(self, fixture_id: str, digest: str, fetched_at: datetime, etag: str | None = None) -> None:
        """Remember the newest answer of a finished match."""
        self._note(self._note_file(fixture_id), digest, fetched_at, etag)

    def noted(self, fixture_id: str) -> Noted | None:
        """What is remembered of a finished match."""
        return _noted(self._note_file(fixture_id))

    def note_day(self, day: str, digest: str, fetched_at: datetime) -> None:
        """Remember the newest list of a day."""
        self._note(self._day_file(day), digest, fetched_at, None)

    def noted_day(self, day: str) -> Noted | None:
        """What is remembered of a day's list."""
        return _noted(self._day_file(day))

    def _raw_file(self, digest: str) -> Path:
        return self._folder / "raw" / digest[:2] / f"{digest}.json.gz"

    def _note_file(self, fixture_id: str) -> Path:
        return self._folder / "finished" / f"{fixture_id}.json"

    def _day_file(self, day: str) -> Path:
        return self._folder / "days" / f"{day}.json"

    def _note(self, file: Path, digest: str, fetched_at: datetime, etag: str | None) -> None:
        known = _noted(file)
        first_at = known.first_at if known is not None else fetched_at
        times = {"fetched_at": format_utc(fetched_at), "first_at": format_utc(first_at)}
        self._write(file, json.dumps({"hash": digest, "etag": etag, **times}).encode())

    def _write(self, target: Path, content: bytes) -> None:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".tmp", delete=False) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(target)
        except OSError as error:
            message = f"{target.parent}: an answer cannot be kept there ({error.strerror}); make room, or name another"
            raise FeedError(message) from None


def _noted(file: Path) -> Noted | None:
    try:
        note = json.loads(file.read_bytes())
        etag = note.get("etag")
        return Noted(
            str(note["hash"]), parse_utc(note["fetched_at"]), parse_utc(note["first_at"]),
            etag if isinstance(etag, str) and etag.isascii() and etag.isprintable() else None,
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
