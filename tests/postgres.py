"""A real PostgreSQL for tests: that of ``POLICYTRADER_TEST_POSTGRES``, else one of our own, from a system installation.

Tests get a database of their own in either, and skip, saying why, where there is no PostgreSQL to be had.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "POLICYTRADER_TEST_POSTGRES"
PROGRAMS = ("initdb", "pg_ctl", "postgres")


@contextmanager
def postgres_dsn() -> Iterator[str]:
    """Where a PostgreSQL answers; ends what it started. Skips the test where there is none."""
    if dsn := os.environ.get(VARIABLE):
        yield dsn
        return
    folder = _programs()
    if folder is None:
        pytest.skip(f"needs a real PostgreSQL: {VARIABLE} is not set, and initdb and pg_ctl are not installed")
    with _own_server(folder) as dsn:
        yield dsn


@contextmanager
def empty_database() -> Iterator[Any]:
    """A connection (autocommit) to an empty database that is dropped afterwards."""
    psycopg = pytest.importorskip("psycopg", reason="needs psycopg to talk to PostgreSQL")
    name = f"policytrader_test_{os.getpid()}"
    with postgres_dsn() as dsn, psycopg.connect(dsn, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            with psycopg.connect(dsn, dbname=name, autocommit=True) as connection:
                yield connection
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _programs() -> Path | None:
    """The folder of the server's programs: in PATH, or where Debian puts them, the newest first."""
    if (found := shutil.which("pg_ctl")) and shutil.which("initdb"):
        return Path(found).resolve().parent
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True
    )
    return next((path for path in installed if all((path / name).exists() for name in PROGRAMS)), None)


@contextmanager
def _own_server(programs: Path) -> Iterator[str]:
    # PostgreSQL refuses to run as root, and a test's own folder is closed to others.
    owner = _unprivileged_user() if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="policytrader-postgres-"))
    try:
        if owner is not None:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        data = folder / "data"
        _run([programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8"], owner)
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c timezone=Pacific/Auckland"
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
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("needs a real PostgreSQL: it does not run as root, and there is no user postgres or nobody")


def _run(command: list[str | Path], owner: pwd.struct_passwd | None) -> None:
    who: dict[str, Any] = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
    # Not through pipes: a server that was started would hold them open for ever.
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            command,
            cwd="/",
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
            **who,
        )
        output.seek(0)
        if done.returncode:
            pytest.fail(f"{Path(command[0]).name} ended with {done.returncode}:\n{output.read()}")
