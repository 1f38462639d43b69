"""A bot's server on this machine: it keeps what it is sent, and answers as a test says, else with success."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

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


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        bot = self.server.bot
        document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, answer = bot.script.popleft() if bot.script else OK
        if status == 0:
            self.close_connection = True
            return
        with bot.changed:
            bot.asked.append(Message(self.path, document, time.monotonic()))
            bot.changed.notify_all()
        if bot.is_silent:
            bot.released.wait(30)
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    bot: Bot

    def handle_error(self, *_: object) -> None:
        """A client that hung up is what some tests are about."""


class Bot:
    """``script`` holds statuses with their documents; status 0 hangs up. ``is_silent``: nothing is answered."""

    def __init__(self) -> None:
        self.script: deque[tuple[int, Any]] = deque()
        self.asked: list[Message] = []
        self.changed = threading.Condition()
        self.is_silent = False
        self.released = threading.Event()

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.bot = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def wait_for(self, count: int) -> list[Message]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.asked) >= count, timeout=20)
            return self.asked[:count]

    @property
    def lines(self) -> list[str]:
        """Every line of every message that was answered or not, without the headers."""
        return [line for message in self.asked for line in message.lines[1:]]
