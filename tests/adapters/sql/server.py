"""A PostgreSQL of the test's own, started as its child: it can be killed, and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.postgres_server import NoPostgresError, find_programs, run_program, unprivileged_user

if TYPE_CHECKING:
    from collections.abc import Iterator


def pause(seconds: float) -> None:
    """Let other processes run."""
    threading.Event().wait(seconds)


class Server:
    """``kill`` ends it without a farewell, its backends included; ``start`` recovers it."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._owner = unprivileged_user() if os.geteuid() == 0 else None
        if self._owner is not None:
            os.chown(folder, self._owner.pw_uid, self._owner.pw_gid)
        data = folder / "data"
        run_program([programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8"], self._owner)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self._folder}"

    def start(self) -> None:
        who: dict[str, Any] = (
            {"user": self._owner.pw_uid, "group": self._owner.pw_gid, "extra_groups": []} if self._owner else {}
        )
        options = ["-k", str(self._folder), "-c", "listen_addresses=", "-c", "fsync=on"]
        for _ in range(100):
            with (self._folder / "log").open("ab") as log:
                command = [str(self._programs / "postgres"), "-D", str(self._folder / "data"), *options]
                process: subprocess.Popen[bytes] = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **who)
            self._process = process
            if self._answers():
                return
            # Backends of the one that was killed may still be ending.
            process.kill()
            process.wait()
        pytest.fail(f"PostgreSQL does not start:\n{(self._folder / 'log').read_text()[-2000:]}")

    def kill(self) -> None:
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        processes = [*map(int, children.read_text().split())] if children.exists() else []
        self._process.kill()
        self._process.wait()
        for process in processes:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()

    def _answers(self) -> bool:
        assert self._process is not None
        for _ in range(200):
            try:
                psycopg.connect(host=str(self._folder), user="postgres", dbname="postgres").close()
            except psycopg.OperationalError:
                if self._process.poll() is not None:
                    return False
                pause(0.05)
            else:
                return True
        return False


@contextmanager
def mortal_server() -> Iterator[Server]:
    try:
        programs = find_programs()
    except NoPostgresError as error:
        pytest.skip(f"needs PostgreSQL's programs, to kill and restart a server: {error}")
    folder = Path(tempfile.mkdtemp(prefix="policytrader-mortal-"))
    try:
        server = Server(programs, folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
