"""A zip that broke off: its members read one by one from the start, without the table of contents at its end."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import TypeAlias

Chunks: TypeAlias = Iterator[bytes]

_HEADER = struct.Struct("<4sHHHHHIIIHH")
_SIGNATURE = b"PK\x03\x04"
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _SIZES_FOLLOW = 0x1, 0x8
_PIECE_BYTES = 256 * 1024


class _Reader:
    """Bytes from chunks, with what was read too far put back."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, count: int) -> bytes:
        while len(self._rest) < count and (chunk := next(self._chunks, b"")):
            self._rest += chunk
        found, self._rest = self._rest[:count], self._rest[count:]
        return found

    def some(self) -> bytes:
        found = self._rest or next(self._chunks, b"")
        self._rest = b""
        return found

    def put_back(self, data: bytes) -> None:
        self._rest = data + self._rest


def salvaged_members(chunks: Chunks) -> Iterator[tuple[str, Chunks]]:
    """Name and unpacked bytes of each member, as far as the file goes; ends without an error where it breaks off.

    Only deflated members and stored ones of known size can be found this way; the first other one ends the search.
    """
    reader = _Reader(chunks)
    while True:
        header = reader.read(_HEADER.size)
        if len(header) < _HEADER.size or not header.startswith(_SIGNATURE):
            return
        _, _, flags, method, _, _, _, packed, _, name_length, extra_length = _HEADER.unpack(header)
        name = reader.read(name_length).decode("utf-8" if flags & 0x800 else "cp437", "replace")
        reader.read(extra_length)
        readable = method == _DEFLATED or (method == _STORED and not flags & _SIZES_FOLLOW)
        if flags & _ENCRYPTED or not readable:
            return
        pieces = _inflated(reader) if method == _DEFLATED else _stored(reader, packed)
        if not name.endswith("/"):
            yield name, pieces
        for _ in pieces:  # what the taker left unread
            pass
        if flags & _SIZES_FOLLOW:
            marker = reader.read(4)
            reader.read(12 if marker == b"PK\x07\x08" else 8)


def _inflated(reader: _Reader) -> Chunks:
    unzip = zlib.decompressobj(wbits=-15)
    while data := reader.some():
        try:
            piece = unzip.decompress(data, _PIECE_BYTES)
        except zlib.error:
            return
        reader.put_back(unzip.unused_data if unzip.eof else unzip.unconsumed_tail)
        yield piece
        if unzip.eof:
            return
    yield unzip.flush()


def _stored(reader: _Reader, size: int) -> Chunks:
    while size and (data := reader.read(min(size, _PIECE_BYTES))):
        size -= len(data)
        yield data
