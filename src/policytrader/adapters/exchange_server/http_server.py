"""Plain HTTP on loopback in front of everything but the stream: identity, the API in both forms, the control.

Connections are kept alive, each with a thread of its own; an idle one is closed after three minutes, as there.
"""

from __future__ import annotations

import contextlib
import gzip
import logging
import socket
import sys
import threading
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any

from policytrader.adapters.exchange_server import control, identity, json_rpc, rest
from policytrader.adapters.exchange_server.ledger import ledger
from policytrader.adapters.exchange_server.operations import (
    Caller,
    ConnectionDropped,
    Delivery,
    Interface,
    ServerErrorAnswer,
)
from policytrader.adapters.exchange_server.wire import dump_json
from policytrader.errors import PolicytraderError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from policytrader.adapters.exchange_server.host import Host

LOOPBACK = "127.0.0.1"
IDLE_SECONDS = 180
MAX_BODY_BYTES = 4 * 1024 * 1024
_GZIP_FROM_BYTES = 1024
_HANG_UP_SECONDS = 5.0

IDENTITY_PATH, IDENTITY_CERT_PATH = "/identity/api/", "/identity-cert/api/"
API_PATH, CONTROL_PATH = "/exchange/", "/control/"
_SESSION_PATHS = frozenset({f"{IDENTITY_PATH}keepAlive", f"{IDENTITY_PATH}logout"})
_RPC_PATHS = {f"{API_PATH}{interface}/json-rpc/v1": interface for interface in Interface}
_REST_PATHS = {f"{API_PATH}{interface}/rest/v1.0/": interface for interface in Interface}

_log = logging.getLogger(__name__)


class HttpServer:
    """Serves the exchange of ``host``; ``certificate_pem`` is the stream's, which the control hands out."""

    def __init__(self, host: Host, port: int = 0, certificate_pem: str = "") -> None:
        """Port 0 picks a free one. Raises ``UsageError`` for a port that cannot be had."""
        try:
            self._server = _Server(host, port, certificate_pem)
        except OSError as error:
            message = f"cannot listen on {LOOPBACK}:{port}: {error.strerror}; choose another port, or 0"
            raise UsageError(message) from None
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="exchange-http", daemon=True
        )

    @property
    def base(self) -> str:
        """Where it listens, as the beginning of an address."""
        return f"http://{LOOPBACK}:{self._server.server_port}"

    def start(self) -> None:
        """Listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, and hang up on everybody."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server.hang_up()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Long enough for a burst of clients that connect at once.
    request_queue_size = 128

    def __init__(self, host: Host, port: int, certificate_pem: str) -> None:
        self.host = host
        self.certificate_pem = certificate_pem
        self._changed = threading.Condition()
        self._connections: set[socket.socket] = set()
        super().__init__((LOOPBACK, port), _Handler)

    def server_bind(self) -> None:
        """Without asking anybody for the machine's name, which the base class does and nothing here needs."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._changed:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._changed:
            self._connections.discard(request)
            self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class's signature
        """A client that went away is no news; anything else is a defect and is said."""
        error = sys.exception()
        if isinstance(error, OSError):
            _log.debug("a connection ended with an error", exc_info=True)
        else:
            _log.error("a connection failed: %s: %s", type(error).__name__, error)

    def hang_up(self) -> None:
        with self._changed:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._connections, timeout=_HANG_UP_SECONDS)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "policytrader"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = 65536

    # --- What the base class calls -----------------------------------------------------------------------------------

    def do_GET(self) -> None:
        """The control's ledger, the stream's certificate, and keep-alive and logout, which clients also GET."""
        host = self.server.host
        path = self.path.partition("?")[0]
        if path in {CONTROL_PATH, CONTROL_PATH.rstrip("/")}:
            with host.lock:
                document = ledger(host)
            self._send(200, dump_json(document))
        elif path == f"{CONTROL_PATH}certificate":
            self._send(200, self.server.certificate_pem.encode(), "application/x-pem-file")
        elif path in _SESSION_PATHS:
            self._send(200, dump_json(self._logins(b"", self._caller())[path]()))
        else:
            self._send_error_document(404, f"nothing to GET at {path}")

    def do_POST(self) -> None:
        """Everything else."""
        try:
            body = self._read_body()
            if body is not None:
                self._route(self.path.partition("?")[0], body)
        except ConnectionDropped:
            self.close_connection = True
        except ServerErrorAnswer as fault:
            phrase = HTTPStatus(fault.status).phrase if fault.status in set(HTTPStatus) else "Server Error"
            page = f"<html><body><h1>{fault.status} {phrase}</h1></body></html>".encode()
            self._send(fault.status, page, "text/html")

    def handle_expect_100(self) -> bool:
        """The exchange refuses to be asked first."""
        self.close_connection = True
        self._send(417, b"", "text/plain")
        return False

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing: standard error is for people."""

    def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002 - the base class's signature
        """The exchange's own time, not the machine's."""
        return format_datetime(self.server.host.now(), usegmt=True)

    # --- Ways --------------------------------------------------------------------------------------------------------

    def _route(self, path: str, body: bytes) -> None:
        if path.startswith(CONTROL_PATH.rstrip("/")) and path.rstrip("/") == CONTROL_PATH.rstrip("/"):
            self._control(body)
            return
        caller = self._caller()
        logins = self._logins(body, caller)
        if path in logins:
            self._send(200, dump_json(logins[path]()))
            return
        delivery = Delivery()
        if path.rstrip("/") in _RPC_PATHS:
            status, document = json_rpc.answer(self.server.host, _RPC_PATHS[path.rstrip("/")], body, caller, delivery)
            self._send(status, dump_json(document), is_truncated=delivery.is_truncated)
            return
        for start, interface in _REST_PATHS.items():
            if path.startswith(start):
                name = path.removeprefix(start).rstrip("/")
                status, document = rest.answer(self.server.host, interface, name, body, caller, delivery)
                self._send(status, dump_json(document), is_truncated=delivery.is_truncated)
                return
        self._send_error_document(404, f"nothing to POST to at {path}")

    def _caller(self) -> Caller:
        return Caller(self.headers.get("X-Application"), self.headers.get("X-Authentication"))

    def _logins(self, body: bytes, caller: Caller) -> dict[str, Callable[[], dict[str, Any]]]:
        host = self.server.host
        return {
            f"{IDENTITY_PATH}login": lambda: identity.login(host, body, caller),
            f"{IDENTITY_PATH}keepAlive": lambda: identity.keep_alive(host, caller),
            f"{IDENTITY_PATH}logout": lambda: identity.logout(host, caller),
            f"{IDENTITY_CERT_PATH}certlogin": lambda: identity.certificate_login(host, body, caller),
        }

    def _control(self, body: bytes) -> None:
        try:
            self._send(200, dump_json(control.command(self.server.host, body)))
        except PolicytraderError as error:
            self._send_error_document(400, error.render())
        except Exception as error:  # noqa: BLE001 - the last net: a client gets an answer
            _log.error("a command failed: %s: %s", type(error).__name__, error)
            self._send_error_document(500, f"the command failed: {type(error).__name__}")

    # --- Bytes -------------------------------------------------------------------------------------------------------

    def _read_body(self) -> bytes | None:
        """The body; None when it cannot be taken, which has then been answered."""
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not length.isascii() or not length.isdigit():
            self.close_connection = True
            self._send_error_document(411, "send the length of the body in Content-Length")
            return None
        size = int(length)
        if size > MAX_BODY_BYTES:
            self.close_connection = True
            self._send_error_document(413, f"a body has {MAX_BODY_BYTES} bytes at most")
            return None
        return self.rfile.read(size)

    def _send_error_document(self, status: int, sentence: str) -> None:
        self._send(status, dump_json({"error": sentence}))

    def _send(
        self, status: int, body: bytes, content_type: str = "application/json", *, is_truncated: bool = False
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        if len(body) >= _GZIP_FROM_BYTES and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, compresslevel=1, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        if is_truncated:
            self.close_connection = True
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if is_truncated else body)
        self.wfile.flush()
