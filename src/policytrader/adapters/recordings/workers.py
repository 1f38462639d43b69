"""Files read in several processes, told in the order they were given."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.util import Finalize
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any

from policytrader.adapters.recordings import codes
from policytrader.adapters.recordings.blocks import BlockParser
from policytrader.adapters.recordings.one_file import ReadMember, read_file
from policytrader.errors import Diagnostic, Place, RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policytrader.adapters.recordings.files import Progress

_LOOK_EVERY_SECONDS = 0.2


def read_files(
    files: Sequence[tuple[int, Path]], work_dir: Path, progress: Progress | None, jobs: int
) -> Iterator[list[ReadMember]]:
    """Read numbered files into folders of ``work_dir``; the members of each, in order.

    Raises ``OSError`` where it cannot be written, ``RecordingError`` where a process was killed.
    """
    if jobs == 1 or len(files) < 2:  # noqa: PLR2004
        parser = BlockParser(work_dir / "block.json")
        try:
            for number, path in files:
                yield read_file(path, work_dir / f"file-{number}", parser, progress)
        finally:
            parser.close()
        return
    context = multiprocessing.get_context("spawn")  # a fork would take locks of other threads along
    told = context.Queue()
    pool = ProcessPoolExecutor(min(jobs, len(files)), context, _begin, (str(work_dir), told))
    try:
        futures = [pool.submit(_read, str(path), str(work_dir / f"file-{number}")) for number, path in files]
        for (_, path), future in zip(files, futures, strict=True):
            while not wait([future], _LOOK_EVERY_SECONDS).done:
                _pass_on(told, progress)
            _pass_on(told, progress)
            try:
                yield future.result()
            except BrokenProcessPool as error:
                message = "a process that read recorded files was killed; what is finished is kept"
                help_text = "Run it again: it goes on from there. Fewer --jobs need less memory."
                raise RecordingError([Diagnostic(Place(str(path)), codes.NOT_WRITTEN, message, help_text)]) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _pass_on(told: Any, progress: Progress | None) -> None:
    while True:
        try:
            path, read, size = told.get_nowait()
        except Empty:
            return
        if progress is not None:
            progress(Path(path), read, size)


# --- In a process of the pool ---------------------------------------------------------------------------------------

_of_process: dict[str, Any] = {}


def _begin(work_dir: str, told: Any) -> None:
    # Whoever started us is told of an interrupt, and lets us finish; when it is killed, so are we.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _of_process["parser"] = BlockParser(Path(work_dir) / f"block-{os.getpid()}.json")
    _of_process["told"] = told
    Finalize(None, _of_process["parser"].close, exitpriority=1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _read(path: str, work_dir: str) -> list[ReadMember]:
    told = _of_process["told"]
    return read_file(
        Path(path), Path(work_dir), _of_process["parser"], lambda *done: told.put((str(done[0]), *done[1:]))
    )
