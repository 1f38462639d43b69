"""A MongoDB for tests: of ``POLICYTRADER_TEST_MONGO``, else a ``mongod``, else SecantusDB, which speaks its protocol.

The last is GPL, and so a program of its own that nothing here imports. Knows of no test framework: benchmarks use it.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

import pymongo
from pymongo import errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

VARIABLE = "POLICYTRADER_TEST_MONGO"
_START_SECONDS = 30


class NoMongoError(Exception):
    """There is none here, and this is why."""


class MongoFailedError(Exception):
    """It is there, and did not start: what it said."""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@dataclass
class MongoServer:
    """A server of one's own: can be killed, and started again on the same folder."""

    program: Path
    folder: Path
    is_alone: bool
    is_durable: bool
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """Which one it is."""
        kind = "without transactions" if self.is_alone else "with transactions"
        return f"{self.program.name}, {kind}"

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true"

    def start(self) -> None:
        """Start, and wait for its answer. Raises ``MongoFailedError``."""
        log = self.folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(self._command(), cwd=self.folder, stdout=output, stderr=output)
        try:
            self._wait()
        except errors.PyMongoError:
            self.kill()
            message = f"{self.program.name} does not answer:\n{log.read_text('utf-8', 'replace')[-2000:]}"
            raise MongoFailedError(message) from None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """It takes what comes, and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _command(self) -> Sequence[str | Path]:
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        if self.program.name == "mongod":
            alone: list[str] = [] if self.is_alone else ["--replSet", "rs0"]
            return [self.program, "--dbpath", data, "--bind_ip", "127.0.0.1", "--port", str(self.port), *alone]
        alone = ["--standalone"] if self.is_alone else []
        # It takes "journaled" for granted otherwise, and forgets what it acknowledged when it is killed.
        alone += ["--sync-on-commit"] if self.is_durable else []
        return [
            self.program, "--host", "127.0.0.1", "--port", str(self.port), "--storage-path", data,
            "--log-level", "WARNING", *alone,
        ]  # fmt: skip

    def _wait(self) -> None:
        milliseconds = _START_SECONDS * 1000
        with pymongo.MongoClient[Any](self.address, serverSelectionTimeoutMS=milliseconds) as client:
            client.admin.command("ping")
            if self.program.name == "mongod" and not self.is_alone:
                member = {"_id": 0, "host": f"127.0.0.1:{self.port}"}
                try:
                    client.admin.command("replSetInitiate", {"_id": "rs0", "members": [member]})
                except errors.OperationFailure as error:
                    if error.details is None or error.details.get("codeName") != "AlreadyInitialized":
                        raise
        with pymongo.MongoClient[Any](self.address.partition("?")[0], serverSelectionTimeoutMS=milliseconds) as client:
            client.admin.command("ping")  # a member of a set is asked once it is the primary


def find_program() -> Path:
    """``mongod`` in PATH, else SecantusDB beside this Python. Raises ``NoMongoError``."""
    if found := shutil.which("mongod"):
        return Path(found)
    beside = Path(sys.executable).with_name("secantusd-py")
    if beside.is_file():
        return beside
    message = f"{VARIABLE} is not set, mongod is not in PATH, and secantusdb is not installed"
    raise NoMongoError(message)


@contextmanager
def own_server(*, is_alone: bool = False, is_durable: bool = False) -> Iterator[MongoServer]:
    """A server just started on an empty folder, killed at the end.

    ``is_alone``: not of a replica set. ``is_durable``: to be killed, and started again.
    """
    program = find_program()
    folder = Path(tempfile.mkdtemp(prefix="policytrader-mongo-"))
    try:
        with MongoServer(program, folder, is_alone, is_durable) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def mongo_address(*, is_alone: bool = False) -> Iterator[tuple[str, str]]:
    """An address that answers, and which server it is: the given one, else one of our own."""
    if given := os.environ.get(VARIABLE):
        yield given, f"the server of {VARIABLE}"
        return
    with own_server(is_alone=is_alone) as server:
        yield server.address, server.name


@contextmanager
def empty_database(address: str) -> Iterator[str]:
    """The name of a database that is not there, and will not be there afterwards."""
    name = f"policytrader_test_{uuid4().hex[:12]}"
    try:
        yield name
    finally:
        with pymongo.MongoClient[Any](address, serverSelectionTimeoutMS=_START_SECONDS * 1000) as client:
            client.drop_database(name)
