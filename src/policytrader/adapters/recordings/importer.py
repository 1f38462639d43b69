"""``recording import``: recorded files into one folder of Parquet per market (``tables`` says how it is laid out).

What is published is whole: a market's folder is written aside and moved into place when its file is read, in the order
of the files, whichever process reads them. A market that was imported before is replaced, whatever file it came from,
and the report says so. A file whose markets are all there, and came from the same bytes, need not be read again.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from policytrader.adapters.recordings import codes
from policytrader.adapters.recordings.imported import ImportedFiles
from policytrader.adapters.recordings.reports import ImportReport
from policytrader.adapters.recordings.workers import read_files
from policytrader.adapters.recordings.workplace import workplace
from policytrader.errors import Diagnostic, Place, RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from policytrader.adapters.recordings.files import Progress
    from policytrader.adapters.recordings.one_file import MadeMarket, ReadMember
    from policytrader.adapters.recordings.reports import FileReport


def import_recording(
    paths: Iterable[Path], out_dir: Path, *, progress: Progress | None = None, jobs: int = 1, again: bool = True
) -> ImportReport:
    """Read recorded files into ``out_dir``, which is made if need be, in ``jobs`` processes.

    Without ``again``, files that were imported from the same bytes before are passed over. A damaged file never stops
    the others: its report carries the error, and what was read before it is kept. Raises ``RecordingError`` only where
    ``out_dir`` cannot be written or a process was killed.
    """
    paths = list(paths)
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        before = ImportedFiles(out_dir)
        reports: list[FileReport] = []
        with workplace(out_dir) as work_dir:
            known = {index: None if again else before.known(path) for index, path in enumerate(paths)}
            wanted = [(index, path) for index, path in enumerate(paths) if known[index] is None]
            results = read_files(wanted, work_dir, progress, jobs)
            for index, path in enumerate(paths):
                earlier = known[index]
                if earlier is not None:
                    if progress:
                        size = path.stat().st_size
                        progress(path, size, size)
                    reports.append(earlier)
                    continue
                members = next(results)
                reports += _publish(path, members, out_dir, before)
        return ImportReport(tuple(reports))
    except OSError as error:
        message = f"cannot be written: {error.strerror or error}"
        place = Place(str(error.filename or out_dir))
        raise RecordingError([Diagnostic(place, codes.NOT_WRITTEN, message)]) from error


def _publish(path: Path, members: list[ReadMember], out_dir: Path, before: ImportedFiles) -> list[FileReport]:
    """Move what was made of a file to where readers look."""
    reports = []
    source = before.source(path)
    for member in members:
        replaced = []
        for market in member.made:
            before.mark(market.folder, source)
            if _move_into_place(market, out_dir):
                replaced.append(market.market_id)
        reports.append(replace(member.report, replaced=tuple(replaced)))
    days = {market.market_id: market.day for member in members for market in member.made}
    before.add(path, source, reports, days)
    for market in (market for member in members for market in member.made):
        shutil.rmtree(market.folder.parent, ignore_errors=True)
    return reports


def _move_into_place(market: MadeMarket, out_dir: Path) -> bool:
    """Put a finished folder where readers look; true if it replaced an earlier import of the market."""
    folder, target = market.folder, out_dir / f"day={market.day}" / f"market={market.market_id}"
    earlier = sorted(out_dir.glob(f"day=*/{target.name}"))
    for number, old in enumerate(earlier):
        old.rename(folder.with_name(f"{folder.name}.replaced-{number}"))
    target.parent.mkdir(exist_ok=True)
    try:
        folder.rename(target)
    except OSError:
        for number, old in enumerate(earlier):
            folder.with_name(f"{folder.name}.replaced-{number}").rename(old)
        raise
    for old in earlier:
        if old.parent != target.parent and not any(old.parent.iterdir()):
            old.parent.rmdir()
    return bool(earlier)
