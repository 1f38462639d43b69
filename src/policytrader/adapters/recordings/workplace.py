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
    work_dir = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=out_dir))
    try:
        with (work_dir / _LOCK).open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield work_dir
    finally:
        shutil.rmtree(work_dir, ignore_errors=True)


def _remove_if_left(work_dir: Path) -> None:
    """Take away the folder of an import that is no more: nobody holds its lock."""
    try:
        descriptor = os.open(work_dir / _LOCK, os.O_RDWR)
    except OSError:
        return  # just being made, or of another kind
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for path in work_dir.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != _LOCK:
                path.unlink()
        # Not before all else is gone: processes that outlived the killed one may still write a moment.
        if [path.name for path in work_dir.iterdir()] == [_LOCK]:
            shutil.rmtree(work_dir, ignore_errors=True)
    except (BlockingIOError, FileNotFoundError):
        pass
    finally:
        os.close(descriptor)
