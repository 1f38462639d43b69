"""Recorded files: plain, gzip, bzip2 or zip; from bytes on disk to JSON documents with the line they begin on.

Everything here streams: no file is held in memory, and what stands before a damage is delivered before the damage
is told. Files are opened by what they contain, never by their name.
"""

from __future__ import annotations

import bz2
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

from orjson import JSONDecodeError, loads

from policytrader.adapters.recordings import codes
from policytrader.adapters.recordings.zips import salvaged_members
from policytrader.errors import Diagnostic, Place, RecordingError

if TYPE_CHECKING:
    from pathlib import Path

Progress: TypeAlias = Callable[["Path", int, int], None]
"""Called as ``progress(file, bytes read, bytes in all)``; the bytes are those on disk, compressed."""

GET_AGAIN = "Get the file again and import it once more: that replaces what was kept."

_READ_BYTES = 64 * 1024
_PIECE_BYTES = 256 * 1024
_MAXIMUM_DOCUMENT_BYTES = 64 * 1024 * 1024
_MOST_BLANK_LINES = 1_000_000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANK = b"\r \t"
_BROKEN_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    IndexError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
)
"""What ``zipfile`` raises for a damaged, encrypted or unknown zip."""


class DamageError(Exception):
    """Compressed bytes that cannot be unpacked any further."""


@dataclass(frozen=True)
class Member:
    """One stream of lines: a file, or one file inside a zip, then named ``archive.zip!member``."""

    name: str
    pieces: Iterator[bytes]

    def documents(self, lines: Iterator[bytes] | None = None, number: int = 0) -> Iterator[tuple[int, Any]]:
        """Line number and value of each JSON document; usually one to a line, but one may span many.

        Of ``lines``, where they are given: those after line ``number``. Raises ``RecordingError`` at the first line
        that cannot be read.
        """
        blank = last_blank = 0
        lines = _lines(self.pieces) if lines is None else lines
        try:
            for line in lines:
                number += 1
                try:
                    document = loads(line)
                except JSONDecodeError as error:
                    found = self._recover(number, line, lines, error)
                    if found is None:
                        blank = blank + 1 if last_blank == number - 1 else 1
                        last_blank = number
                        self._check_blank(number, blank)
                        continue
                    number, last, document = found
                    yield number, document
                    number = last
                else:
                    yield number, document
        except DamageError as damage:
            raise self.error(number + 1, str(damage)) from damage
        except OSError as error:
            raise self.error(number + 1, f"cannot be read any further: {error.strerror or error}") from error

    def error(self, line: int, message: str, column: int = 1, source: str = "") -> RecordingError:
        """A damage at ``line``; what was kept before it is added by the importer."""
        place = Place(self.name, line, column)
        return RecordingError([Diagnostic(place, codes.DAMAGED, message, GET_AGAIN, source)])

    def _check_blank(self, number: int, count: int) -> None:
        # A few bytes can unpack to gigabytes of nothing.
        if count > _MOST_BLANK_LINES:
            raise self.error(number, f"more than {_MOST_BLANK_LINES:,} blank lines in a row")

    def _recover(
        self, number: int, line: bytes, lines: Iterator[bytes], error: JSONDecodeError
    ) -> tuple[int, int, Any] | None:
        """What a line that is no JSON is after all: an empty one (None), or the start of a longer document."""
        if not line.strip(_BLANK):
            return None
        if number == 1 and line.startswith(_BYTE_ORDER_MARK):
            line = line.removeprefix(_BYTE_ORDER_MARK)
            try:
                return number, number, loads(line)
            except JSONDecodeError as without_mark:
                error = without_mark
        if "unexpected end" not in error.msg:
            raise self._broken(number, [line], error)
        return self._long_document(number, line, lines)

    def _long_document(self, number: int, first: bytes, lines: Iterator[bytes]) -> tuple[int, int, Any]:
        """Collect lines until the brackets close. A new unindented object means that the one before broke off."""
        parts = [first]
        last, size, depth, blank = number, len(first), _depth(first), 0
        for line in lines:
            if line.startswith(b"{") and first.startswith(b"{"):
                break
            last += 1
            size += len(line) + 1
            blank = 0 if line.strip(_BLANK) else blank + 1
            self._check_blank(last, blank)
            depth += _depth(line)
            parts.append(line)
            if depth <= 0:
                break
            if size > _MAXIMUM_DOCUMENT_BYTES:
                raise self.error(number, f"one JSON document of more than {_MAXIMUM_DOCUMENT_BYTES:,} bytes")
        try:
            return number, last, loads(b"\n".join(parts))
        except JSONDecodeError as error:
            raise self._broken(number, parts, error) from error

    def _broken(self, number: int, parts: list[bytes], error: JSONDecodeError) -> RecordingError:
        offset = min(error.lineno, len(parts)) - 1
        source = parts[offset].decode("utf-8", "replace").rstrip("\r")
        column = max(1, min(error.colno, len(source) + 1))
        what = "the line breaks off" if "unexpected end" in error.msg else error.msg.split(": line ")[0]
        return self.error(number + offset, f"not JSON: {what}", column, source)


def _depth(line: bytes) -> int:
    # Brackets inside of strings are counted too. Names with an unpaired bracket are unheard of, and such a file
    # would be refused with its line, not misread.
    return line.count(b"{") + line.count(b"[") - line.count(b"}") - line.count(b"]")


@contextmanager
def open_members(path: Path, progress: Progress | None = None) -> Iterator[Iterator[Member]]:
    """The streams of lines in a file: one, or as many as a zip has members.

    Each must be read to its end before the next is taken. Raises ``RecordingError`` where the file cannot be opened.
    """
    try:
        handle = path.open("rb")
    except OSError as error:
        raise _unreadable(path, f"cannot be opened: {error.strerror or error}") from error
    with handle:
        yield _members(path, _Source(path, handle, progress))


class _Source:
    """A file read in chunks, which tells how far it is."""

    def __init__(self, path: Path, handle: BinaryIO, progress: Progress | None) -> None:
        self.handle = handle
        self._path = path
        self._progress = progress
        self._total = path.stat().st_size

    def chunks(self, stream: BinaryIO | None = None) -> Iterator[bytes]:
        stream = stream or self.handle
        while chunk := stream.read(_READ_BYTES):
            yield chunk
            self.tell()

    def tell(self) -> None:
        if self._progress is not None:
            self._progress(self._path, min(self.handle.tell(), self._total), self._total)

    def tell_all(self) -> None:
        if self._progress is not None:
            self._progress(self._path, self._total, self._total)


def _members(path: Path, source: _Source) -> Iterator[Member]:
    try:
        start = source.handle.read(512)
    except OSError as error:  # a folder, a broken disk
        raise _unreadable(path, f"cannot be read: {error.strerror or error}") from error
    source.handle.seek(0)
    if start.startswith(b"PK"):
        yield from _zip_members(path, source)
    elif start[257:262] == b"ustar":
        help_text = "Unpack it first, and import the files that it holds."
        raise RecordingError([Diagnostic(Place(str(path)), codes.UNREADABLE, "a tar archive", help_text)])
    else:
        yield Member(str(path), unpacked(source.chunks()))
    source.tell_all()


def _zip_members(path: Path, source: _Source) -> Iterator[Member]:
    try:
        archive = zipfile.ZipFile(source.handle)
    except (*_BROKEN_ZIP, OSError):
        # The table of contents at the end is missing: the file broke off. Its members can still be read one by one.
        source.handle.seek(0)
        count = 0
        try:
            for count, (name, pieces) in enumerate(salvaged_members(source.chunks()), 1):  # noqa: B007 - told below
                yield Member(f"{path}!{name}", unpacked(pieces))
        except OSError as error:
            raise _unreadable(path, f"cannot be read any further: {error.strerror or error}") from error
        message = f"a zip that breaks off: its table of contents is missing; {count} file(s) in it could still be read"
        raise RecordingError([Diagnostic(Place(str(path)), codes.DAMAGED, message, GET_AGAIN)]) from None
    with archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield Member(f"{path}!{info.filename}", unpacked(_zipped(archive, info, source)))


def _zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo, source: _Source) -> Iterator[bytes]:
    try:
        with archive.open(info) as stream:
            while chunk := stream.read(_READ_BYTES):
                yield chunk
                source.tell()
    except _BROKEN_ZIP as error:
        message = f"the zip cannot be unpacked here: {str(error) or 'its data ends early'}"
        raise DamageError(message) from error


def unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The bytes inside of gzip or bzip2, or the bytes themselves. Raises ``DamageError`` after what could be read."""
    # A generator: even the first bytes may be damaged, and are asked for only where their damage is told.
    first = next(chunks, b"")
    if first.startswith(b"\x1f\x8b"):
        yield from _gunzipped(_with_first(first, chunks))
    elif first.startswith(b"BZh"):
        yield from _bunzipped(_with_first(first, chunks))
    else:
        yield from _with_first(first, chunks)


def _with_first(first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from chunks


def _gunzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    unzip = zlib.decompressobj(wbits=31)
    try:
        for chunk in chunks:
            data = chunk
            while data:
                if unzip.eof:  # another gzip follows, as `cat one.gz two.gz` makes; zeros are padding
                    data = data.lstrip(b"\0")
                    if not data:
                        break
                    unzip = zlib.decompressobj(wbits=31)
                yield unzip.decompress(data, _PIECE_BYTES)
                data = unzip.unused_data if unzip.eof else unzip.unconsumed_tail
        if not unzip.eof:
            yield unzip.flush()
    except zlib.error as error:
        message = f"the gzip data is broken here ({error})"
        raise DamageError(message) from error
    if not unzip.eof:
        message = "the gzip data ends early: the file was cut"
        raise DamageError(message)


def _bunzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    unzip = bz2.BZ2Decompressor()
    try:
        for chunk in chunks:
            data = chunk
            while data or not (unzip.needs_input or unzip.eof):
                if unzip.eof:
                    data = data.lstrip(b"\0")
                    if not data:
                        break
                    unzip = bz2.BZ2Decompressor()
                yield unzip.decompress(data, _PIECE_BYTES)
                data = unzip.unused_data if unzip.eof else b""
    except OSError as error:
        message = f"the bzip2 data is broken here ({error})"
        raise DamageError(message) from error
    if not unzip.eof:
        message = "the bzip2 data ends early: the file was cut"
        raise DamageError(message)


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Lines without their end. A last line without an end counts, unless the data is damaged."""
    parts: list[bytes] = []
    size = 0
    for piece in pieces:
        if b"\n" in piece:
            lines = piece.split(b"\n")
            parts.append(lines[0])
            lines[0] = b"".join(parts)
            parts = [lines.pop()]
            size = len(parts[0])
            yield from lines
        else:
            parts.append(piece)
            size += len(piece)
            if size > _MAXIMUM_DOCUMENT_BYTES:
                message = f"a line of more than {_MAXIMUM_DOCUMENT_BYTES:,} bytes"
                raise DamageError(message)
    if size:
        yield b"".join(parts)


def _unreadable(path: Path, message: str) -> RecordingError:
    return RecordingError([Diagnostic(Place(str(path)), codes.UNREADABLE, message)])
