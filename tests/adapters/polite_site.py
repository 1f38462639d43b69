"""A site on this machine that answers as a test says, and who asks it."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from policytrader.adapters.polite_http import Manners, PoliteHttp
from tests import loopback

SECRET = "token-of-somebody"  # noqa: S105 - of this test
# How long an answer may take is as on any site: a busy machine takes its time.
FAST = Manners(
    pause_seconds=1.0,
    attempts=4,
    backoff_seconds=2.0,
    max_bytes=100_000,
)


class Clock:
    """A clock whose waits are written down and take no time."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 7, 17, 0, tzinfo=UTC)
        self.waits: list[float] = []

    def now(self) -> datetime:
        return self.moment

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.moment += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Answer:
    """What a site says: without ``cut`` bytes of its end, byte by byte with ``drip_seconds`` between, or nothing."""

    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    drip_seconds: float = 0.0
    silent: bool = False


class Handler(loopback.Handler):
    def do_GET(self) -> None:  # noqa: N802 - the standard library's name
        owner: Site = self.server.owner
        owner.asked.append((self.path, dict(self.headers)))
        answer = owner.script.popleft() if owner.script else owner.answers.get(self.path, owner.otherwise)
        if answer.silent:
            owner.released.wait(5)
            self.close_connection = True
        elif answer.cut:
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body[: -answer.cut])
            self.close_connection = True
        elif answer.drip_seconds:
            self._drip(answer)
        else:
            self.send(answer.status, answer.body, answer.headers)

    def _drip(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        for byte in answer.body:
            time.sleep(answer.drip_seconds)  # noqa: TID251 - a slow server is slow in real time
            self.wfile.write(bytes([byte]))
            self.wfile.flush()


class Site(loopback.LoopbackServer):
    """A site that answers from its script, then always the same."""

    handler = Handler

    def __init__(self, *script: Answer, otherwise: Answer | None = None) -> None:
        self.released = threading.Event()
        self.script = deque(script)
        self.otherwise = otherwise or Answer()
        self.answers: dict[str, Answer] = {}
        """By the path, with its question."""
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._clients: list[PoliteHttp] = []

    def __exit__(self, *error: object) -> None:
        for client in self._clients:
            client.close()
        super().__exit__(*error)

    def client(
        self, clock: Clock | None = None, manners: Manners = FAST, prefix: str = "", seed: int = 1
    ) -> PoliteHttp:
        """Who asks this site; closed with it."""
        chance = random.Random(seed)  # noqa: S311 - jitter
        self._clients.append(PoliteHttp(self.url + prefix, "the site", clock or Clock(), chance, manners))
        return self._clients[-1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"
