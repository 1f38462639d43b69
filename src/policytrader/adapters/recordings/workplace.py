"""The folder in which an import works, inside of the one it writes to; what a killed one left there is taken away."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = ".import-"
_LOCK = "lock"


@contextmanager
def workplace(out_dir: Path) -> Iterator[Path]:
    """An empty folder; gone afterwards."""
    for left in out_dir.glob(f"{_PREFIX}*"):
        _remove_if_left(left)
    work_dir, lock = _made(out_dir)
    try:
        yield work_dir
    finally:
        shutil.rmtree(work_dir, ignore_errors=True)
        os.close(lock)


def _made(out_dir: Path) -> tuple[Path, int]:
    """A new folder and its lock, held."""
    while True:
        work_dir = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=out_dir))
        try:
            lock = _opened(work_dir)
        except FileNotFoundError:
            continue  # before it was locked, another import took it for one that was left
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock).st_nlink:
            return work_dir, lock
        os.close(lock)


def _remove_if_left(work_dir: Path) -> None:
    """Take away the folder of an import that is no more: nobody holds its lock.

    Processes that outlived a killed import may write a moment more; what they leave, without the lock then, goes next
    time.
    """
    try:
        lock = _opened(work_dir)
    except OSError:
        return  # gone, or of another kind
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(work_dir, ignore_errors=True)
    except BlockingIOError:
        pass
    finally:
        os.close(lock)


def _opened(work_dir: Path) -> int:
    return os.open(work_dir / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
