"""The exchange as a process of its own, as a user starts it, and its control."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from benchmarks.live_day import NotMeasuredError
from policytrader.adapters.betfair.endpoints import parse_exchange_line, with_stream_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policytrader.adapters.betfair.endpoints import ExchangeLine

PATIENCE_SECONDS = 30.0
"""For what certainly comes, on a busy machine."""


@contextmanager
def served_exchange(seed: int, race_count: int) -> Iterator[ExchangeLine]:
    """Where it is, while it runs; it stands still until told."""
    command = [sys.executable, "-m", "policytrader", "exchange", "serve", "--race-day", str(seed)]
    command += ["--races", str(race_count), "--speed", "0"]
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True) as program,  # noqa: S603 - ours
    ):
        try:
            assert program.stdout is not None
            line = program.stdout.readline()
            if not line:
                said.seek(0)
                message = f"the exchange did not start: {said.read().strip().rpartition(chr(10))[2]}"
                raise NotMeasuredError(message)
            yield with_stream_certificate(parse_exchange_line(line))
        finally:
            program.terminate()


class Control:
    """The control of a served exchange: a command leaves now, and its answer is read later."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._connection = HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE_SECONDS)
        self._path = parts.path or "/"

    def send(self, command: dict[str, Any]) -> None:
        """Do not wait for the answer: the stream may be first."""
        self._connection.request("POST", self._path, json.dumps(command).encode())

    def answered(self) -> Any:
        """The answer's document."""
        response = self._connection.getresponse()
        body = response.read()
        if response.status != 200:
            message = f"the control answered {response.status}: {body.decode(errors='replace')}"
            raise NotMeasuredError(message)
        return json.loads(body)

    def order_count(self) -> int:
        """How many orders the exchange holds."""
        self._connection.request("GET", self._path)
        return len(self.answered()["orders"])

    def close(self) -> None:
        self._connection.close()
