"""A PostgreSQL of one's own, from a system installation: for tests and benchmarks, so it knows of neither."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS = ("initdb", "pg_ctl", "postgres")
USERS = ("postgres", "nobody")
"""PostgreSQL refuses to run as root; one of these runs it then."""


class NoPostgresError(Exception):
    """There is none here, and this is why."""


class PostgresFailedError(Exception):
    """It is installed, and one of its programs failed: what it said."""


def find_programs() -> Path:
    """The folder of the server's programs: in PATH, or where Debian puts them, the newest first.

    Raises ``NoPostgresError``.
    """
    if (found := shutil.which("pg_ctl")) and shutil.which("initdb"):
        return Path(found).resolve().parent
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True
    )
    for folder in installed:
        if all((folder / name).exists() for name in PROGRAMS):
            return folder
    message = "initdb and pg_ctl are not installed"
    raise NoPostgresError(message)


@contextmanager
def own_server(*settings: str) -> Iterator[str]:
    """The DSN of a server that was just started, with these settings (``name=value``); ended afterwards.

    Raises ``NoPostgresError``, or ``PostgresFailedError`` where it does not start.
    """
    programs = find_programs()
    owner = unprivileged_user() if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="policytrader-postgres-"))
    try:
        if owner is not None:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        data = folder / "data"
        run_program(
            [programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8"], owner
        )
        options = " ".join((f"-k {folder} -c listen_addresses=''", *(f"-c {one}" for one in settings)))
        start: list[str | Path] = [
            programs / "pg_ctl",
            "-D",
            data,
            "-w",
            "-t",
            "60",
            "-l",
            folder / "log",
            "-o",
            options,
            "start",
        ]
        run_program(start, owner)
        try:
            yield f"host={folder} user=postgres dbname=postgres"
        finally:
            run_program([programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], owner)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unprivileged_user() -> pwd.struct_passwd:
    """Who runs it where we are root. Raises ``NoPostgresError``."""
    for name in USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    message = f"PostgreSQL does not run as root, and there is no user {' or '.join(USERS)}"
    raise NoPostgresError(message)


def run_program(command: list[str | Path], owner: pwd.struct_passwd | None) -> None:
    """Run one of its programs as ``owner`` (else as we are). Raises ``PostgresFailedError`` with all that it said."""
    who: dict[str, Any] = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
    # Not through pipes: a server that was started would hold them open for ever.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            command, cwd="/", env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False,
            **who,
        )  # fmt: skip
        output.seek(0)
        if done.returncode:
            message = f"{Path(command[0]).name} ended with {done.returncode}:\n{output.read()}"
            raise PostgresFailedError(message)
