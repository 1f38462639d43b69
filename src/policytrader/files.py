"""Files are read whole, and only up to a size that somebody can have meant: a wrong name must not fill the memory."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class TooLargeError(OSError):
    """The file has more bytes than were asked for; for callers to whom any file that cannot be had is the same."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        super().__init__(errno.EFBIG, f"larger than {most_bytes:,} bytes", str(path))


def read_at_most(path: Path, most_bytes: int) -> bytes:
    """The whole file. Raises ``TooLargeError`` for one of more bytes, ``OSError`` for one that cannot be read."""
    with path.open("rb") as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise TooLargeError(path, most_bytes)
    return data
