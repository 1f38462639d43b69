"""A wire between a driver and its server that loses answers: what was asked is done, and nobody hears of it."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from typing import Self

_HEADER = struct.Struct("<iiii")


class LossyWire:
    """Listens while it is entered. ``lose(command, nth)`` makes it lose answers to a command from then on."""

    def __init__(self, port: int) -> None:
        """``port``: where the server listens."""
        self._server_port = port
        self._lost: tuple[bytes, int] | None = None
        self._seen = 0
        self._sockets: list[socket.socket] = []

    def lose(self, command: str, nth: int = 1) -> None:
        """The answer to the nth such command is lost, and to all after it, with their connections."""
        self._lost, self._seen = (command.encode() + b"\0", nth), 0

    def mend(self) -> None:
        """From now on every answer arrives."""
        self._lost = None

    @property
    def address(self) -> str:
        """For the driver."""
        return f"mongodb://127.0.0.1:{self._listening.getsockname()[1]}/?directConnection=true"

    def __enter__(self) -> Self:
        self._listening = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._listening, *self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", self._server_port)) as server:
            self._sockets += [client, server]
            while question := _message(client):
                server.sendall(question)
                answer = _message(server)
                if not answer or self._is_lost(question):
                    return
                client.sendall(answer)

    def _is_lost(self, question: bytes) -> bool:
        # The first key of a command's document is its name; flags, a kind, a length and a type stand before it.
        if self._lost is None or not question[_HEADER.size :][10:].startswith(self._lost[0]):
            return False
        self._seen += 1
        return self._seen >= self._lost[1]


def _message(source: socket.socket) -> bytes:
    """One whole message; nothing where the other side hung up."""
    head = _exactly(source, _HEADER.size)
    return head + _exactly(source, _HEADER.unpack(head)[0] - _HEADER.size) if head else b""


def _exactly(source: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        part = source.recv(size - len(found))
        if not part:
            return b""
        found += part
    return found
