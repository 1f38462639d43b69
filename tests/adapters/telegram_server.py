"""A bot's server on this machine: it keeps what it is sent, and answers as a test says, else with success."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from typing import Any, NamedTuple

from tests.loopback import Handler, LoopbackServer

OK = (200, {"ok": True, "result": {}})


class Message(NamedTuple):
    """One request."""

    path: str
    document: dict[str, Any]
    at: float
    """By the monotonic clock."""

    @property
    def lines(self) -> list[str]:
        text: str = self.document["text"]
        return text.split("\n")


class _Handler(Handler):
    def take(self, body: bytes) -> None:
        bot: Bot = self.server.owner
        document = json.loads(body)
        status, answer = bot.script.popleft() if bot.script else OK
        if status == 0:
            self.close_connection = True
            return
        with bot.changed:
            bot.asked.append(Message(self.path, document, time.monotonic()))
            bot.changed.notify_all()
        if bot.is_silent:
            bot.released.wait(30)
        self.send(status, answer if isinstance(answer, bytes) else json.dumps(answer).encode())


class Bot(LoopbackServer):
    """``script`` holds statuses with their documents; status 0 hangs up. ``is_silent``: nothing is answered."""

    handler = _Handler

    def __init__(self) -> None:
        self.script: deque[tuple[int, Any]] = deque()
        self.asked: list[Message] = []
        self.changed = threading.Condition()
        self.is_silent = False
        self.released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_for(self, count: int) -> list[Message]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.asked) >= count, timeout=20)
            return self.asked[:count]

    @property
    def lines(self) -> list[str]:
        """Every line of every message that was answered or not, without the headers."""
        return [line for message in self.asked for line in message.lines[1:]]
