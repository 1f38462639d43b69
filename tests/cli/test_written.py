"""Files that a command writes on request are written whole, or the file of before stays."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from policytrader.cli.written import write_bytes, write_lines, write_text
from policytrader.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from policytrader.cli.written import write_text
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
write_text("--html", Path(sys.argv[1]), "new " * 1000)
"""


@pytest.mark.parametrize("before", [None, "an earlier page"])
def test_a_disk_that_is_full_leaves_the_page_of_before(before: str | None, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    if before is not None:
        page.write_text(before, "utf-8")
    ran = subprocess.run([sys.executable, "-c", FULL_DISK, str(page)], capture_output=True, text=True, check=False)
    assert "UsageError: --html" in ran.stderr
    assert "cannot be written: File too large" in ran.stderr
    assert [path.read_text("utf-8") for path in tmp_path.iterdir()] == ([] if before is None else [before])


def test_lines_that_fail_leave_the_file_of_before(tmp_path: Path) -> None:
    def lines() -> Iterator[str]:
        yield "one\n"
        message = "the store went away"
        raise UsageError(message)

    path = tmp_path / "log.jsonl"
    write_lines("--export", path, ["before\n"])
    with pytest.raises(UsageError, match="the store went away"):
        write_lines("--export", path, lines())
    assert [one.read_text("utf-8") for one in tmp_path.iterdir()] == ["before\n"]


def test_a_link_stays_one_and_so_does_the_mode(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    link.symlink_to(real)
    write_text("--html", link, "one")
    real.chmod(0o600)
    write_text("--html", link, "two")
    assert (link.is_symlink(), real.read_text("utf-8"), real.stat().st_mode & 0o777) == (True, "two", 0o600)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_bytes("--out", pipe, b"told")
        assert os.read(reader, 100) == b"told"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
