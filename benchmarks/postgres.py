"""A PostgreSQL to measure on: that of ``POLICYTRADER_BENCH_POSTGRES``, else one of our own from a system installation.

Durable as it comes: unlike the tests' server, this one waits for its disk.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import URL

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "POLICYTRADER_BENCH_POSTGRES"
PROGRAMS = ("initdb", "pg_ctl", "postgres")
USERS = ("postgres", "nobody")
"""PostgreSQL refuses to run as root; one of these runs it then."""


class NoPostgresError(Exception):
    """There is none here, and this is why."""


@contextmanager
def empty_postgres() -> Iterator[str]:
    """The store's URL of an empty database, dropped afterwards. Raises ``NoPostgresError``."""
    name = f"policytrader_bench_{os.getpid()}"
    with ExitStack() as stack:
        given = os.environ.get(VARIABLE)
        dsn = given or stack.enter_context(_own_server())
        try:
            server = stack.enter_context(psycopg.connect(dsn, autocommit=True))
            server.execute(f"CREATE DATABASE {name}")
        except psycopg.Error as error:
            # Its message may name a password's place; the class says enough.
            where = VARIABLE if given else "the server that was just started"
            message = f"{where} lets nobody make a database there ({type(error).__name__})"
            raise NoPostgresError(message) from None
        try:
            info = server.info
            query = {"host": info.host, "port": str(info.port)}
            url = URL.create("postgresql", info.user, info.password or None, database=name, query=query)
            yield url.render_as_string(hide_password=False)
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _programs() -> Path:
    """The folder of the server's programs: in PATH, or where Debian puts them, the newest first."""
    if (found := shutil.which("pg_ctl")) and shutil.which("initdb"):
        return Path(found).resolve().parent
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True
    )
    for folder in installed:
        if all((folder / name).exists() for name in PROGRAMS):
            return folder
    message = f"{VARIABLE} is not set, and initdb and pg_ctl are not installed"
    raise NoPostgresError(message)


@contextmanager
def _own_server() -> Iterator[str]:
    programs = _programs()
    owner = _unprivileged_user() if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="policytrader-bench-"))
    try:
        if owner is not None:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        data = folder / "data"
        _run([programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8"], owner)
        options = f"-k {folder} -c listen_addresses=''"
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
        _run(start, owner)
        try:
            yield f"host={folder} user=postgres dbname=postgres"
        finally:
            _run([programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], owner)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged_user() -> pwd.struct_passwd:
    for name in USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    message = f"PostgreSQL does not run as root, and there is no user {' or '.join(USERS)}"
    raise NoPostgresError(message)


def _run(command: list[str | Path], owner: pwd.struct_passwd | None) -> None:
    who: dict[str, Any] = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
    # Not through pipes: a server that was started would hold them open for ever.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(  # noqa: S603 - the programs that were just found
            command, cwd="/", env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False,
            **who,
        )  # fmt: skip
        output.seek(0)
        if done.returncode:
            last = output.read().strip().rpartition("\n")[2]
            message = f"{Path(command[0]).name} ended with exit code {done.returncode}: {last}"
            raise NoPostgresError(message)
