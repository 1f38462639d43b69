"""A stream server over TLS that says what a test tells it to, with a certificate of the test's choice."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CRLF = b"\r\n"


class Certificate(NamedTuple):
    """A self-signed certificate and the file that holds it with its key."""

    pem: str
    file: Path


def make_certificate(folder: Path, name: str) -> Certificate:
    """A certificate for one name or number."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names: list[x509.GeneralName] = [
        x509.IPAddress(ip_address(name)) if name.replace(".", "").isdigit() else x509.DNSName(name)
    ]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / f"{name}.pem"
    file.write_bytes(pem + secret)
    return Certificate(pem.decode(), file)


class Client:
    """The other end of one connection."""

    def __init__(self, connected: ssl.SSLSocket) -> None:
        self._socket = connected
        self._buffer = b""

    def say(self, message: dict[str, Any]) -> None:
        self._socket.sendall(json.dumps(message).encode() + CRLF)

    def say_bytes(self, data: bytes) -> None:
        self._socket.sendall(data)

    def hear(self) -> dict[str, Any]:
        """The next request; raises ``OSError`` when the client has hung up."""
        while CRLF not in self._buffer:
            part = self._socket.recv(65536)
            if not part:
                raise ConnectionResetError
            self._buffer += part
        line, _, self._buffer = self._buffer.partition(CRLF)
        heard: dict[str, Any] = json.loads(line)
        return heard

    def greet(self) -> dict[str, Any]:
        """Connection, authentication, subscription: all well. The subscription."""
        self.say({"op": "connection", "connectionId": "001"})
        login = self.hear()
        self.say({"op": "status", "id": login["id"], "statusCode": "SUCCESS", "connectionClosed": False})
        subscription = self.hear()
        self.say({"op": "status", "id": subscription["id"], "statusCode": "SUCCESS", "connectionClosed": False})
        return subscription

    def refuse(self, code: str) -> None:
        """Answer the authentication with a failure, and hang up."""
        self.say({"op": "connection", "connectionId": "001"})
        login = self.hear()
        self.say(
            {
                "op": "status",
                "id": login["id"],
                "statusCode": "FAILURE",
                "errorCode": code,
                "connectionClosed": True,
            }
        )


class ScriptedStream:
    """``behave`` is called for each connection, with the client and the connection's number from 0."""

    def __init__(self, certificate: Certificate, behave: Callable[[Client, int], None]) -> None:
        self.certificate = certificate
        self._behave = behave
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate.file)
        self.connections = 0
        self.handshakes = 0
        self._is_over = False

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        with socket.socket() as waker:
            waker.connect(("127.0.0.1", self.port))
        self._thread.join(10)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            raw, _ = self._listener.accept()
            with raw:
                if self._is_over:
                    return
                raw.settimeout(5)
                number = self.connections
                self.connections += 1
                try:
                    with self._context.wrap_socket(raw, server_side=True) as connected:
                        self.handshakes += 1
                        self._behave(Client(connected), number)
                except OSError:
                    continue


def image(subscription: dict[str, Any], *, price: float = 3.05, ct: str = "SUB_IMAGE", **more: Any) -> dict[str, Any]:
    """A whole image of one market with one runner."""
    market = subscription["marketFilter"]["marketIds"][0]
    return {
        "op": "mcm",
        "id": subscription["id"],
        "ct": ct,
        "initialClk": "initial",
        "clk": "first",
        "pt": 1777726800000,
        "heartbeatMs": 500,
        "mc": [
            {
                "id": market,
                "img": True,
                "marketDefinition": {
                    "status": "OPEN",
                    "inPlay": False,
                    "betDelay": 0,
                    "version": 5,
                    "numberOfWinners": 1,
                    "runners": [{"id": 11, "status": "ACTIVE", "adjustmentFactor": 12.5}],
                },
                "rc": [{"id": 11, "batb": [[0, price, 10.5]], "batl": [[0, 3.1, 7]], "ltp": 3.05}],
            }
        ],
        **more,
    }


def beat(subscription: dict[str, Any], published: int = 1777726801000, **more: Any) -> dict[str, Any]:
    """A heartbeat."""
    return {"op": "mcm", "id": subscription["id"], "ct": "HEARTBEAT", "clk": "beat", "pt": published, **more}
