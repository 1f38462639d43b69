"""One connection of the stream: requests in, messages out, as fast as the client reads and no faster.

Changes arrive in whichever thread moves the exchange, under the host's lock; there a message is put together and
queued, nothing is sent. The server's loop sends. When a client reads too slowly its queue stops growing: what happens
from then on is sent as one difference once it has caught up.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, cast

import orjson

from policytrader.adapters.exchange_server.faults import FaultKind
from policytrader.adapters.exchange_server.stream_errors import StreamCode, StreamRefusal
from policytrader.adapters.exchange_server.stream_orders import milliseconds
from policytrader.adapters.exchange_server.stream_subscriptions import (
    MarketSubscription,
    Message,
    OrderSubscription,
    Subscription,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from policytrader.adapters.exchange_server.stream_hub import StreamHub
    from policytrader.simulation.exchange import Change

CRLF = b"\r\n"
_LONGEST_REQUEST = 1 << 20
_LOCK_SECONDS = 0.05
_RETRY_SECONDS = 0.001
_CLOSING_SECONDS = 2.0
_PIECE_BYTES = 1 << 16
_LOOK_AGAIN_SECONDS = 0.05


class Outbox:
    """What waits to be sent. Filled by any thread, emptied by the server's loop."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._lines: deque[bytes] = deque()
        self.size_bytes = 0

    @property
    def has_room(self) -> bool:
        """Whether the client keeps up."""
        return self.size_bytes < self._limit_bytes

    def put(self, line: bytes) -> None:
        """Add a message at the end."""
        with self._lock:
            self._lines.append(line)
            self.size_bytes += len(line)

    def get(self, enough_bytes: int | None = None) -> bytes:
        """Take messages from the front until they are enough, or all; empty when there is none."""
        taken: list[bytes] = []
        size_bytes = 0
        with self._lock:
            while self._lines and (enough_bytes is None or size_bytes < enough_bytes):
                taken.append(self._lines.popleft())
                size_bytes += len(taken[-1])
            self.size_bytes -= size_bytes
        return b"".join(taken)


class Lane:
    """A subscription and how far its sending is: all times are the machine's, in seconds."""

    def __init__(self, subscription: Subscription) -> None:
        self.subscription = subscription
        self.sent_at = self.conflated_at = time.monotonic()
        self.is_behind = False

    @property
    def is_live(self) -> bool:
        """Whether each change makes a message of its own."""
        return not self.is_behind and not self.subscription.pace.conflate_milliseconds

    @property
    def flush_at(self) -> float:
        """When what is pending may be sent."""
        return self.conflated_at + self.subscription.pace.conflate_milliseconds / 1000

    @property
    def heartbeat_at(self) -> float:
        """When silence becomes too long."""
        return self.sent_at + self.subscription.pace.heartbeat_milliseconds / 1000


class Connection(asyncio.Protocol):
    """The protocol of one socket; all but ``offer`` runs in the server's loop."""

    def __init__(self, server: StreamHub, connection_id: str) -> None:
        self.connection_id = connection_id
        self.is_authenticated = False
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._requests: deque[bytes] = deque()
        self._outbox = Outbox(server.backlog_bytes)
        self._lanes: dict[str, Lane] = {}
        self._is_paused = False
        self._is_wake_up_due = False
        self._is_closing = False
        self._timer: asyncio.TimerHandle | None = None
        self._heard_at = time.monotonic()

    # --- Called by the loop ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TLS is up: greet."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_PIECE_BYTES)
        self._server.welcome(self)
        self._put({"op": "connection", "connectionId": self.connection_id})
        self._work()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - whatever the reason, it is over
        """The socket is gone."""
        self._is_closing = True
        self._transport = None
        if self._timer:
            self._timer.cancel()
        self._server.forget(self)

    def data_received(self, data: bytes) -> None:
        """Requests end with CRLF; they are answered in their order."""
        self._heard_at = time.monotonic()
        self._buffer += data
        *lines, rest = bytes(self._buffer).split(CRLF)
        self._buffer = bytearray(rest)
        if len(rest) > _LONGEST_REQUEST:
            self._refuse(StreamRefusal(StreamCode.INVALID_INPUT, "the request does not end"), None)
        self._requests += [line for line in lines if line.strip()]
        self._work()

    def pause_writing(self) -> None:
        """The client does not read what was sent."""
        self._is_paused = True

    def resume_writing(self) -> None:
        """It reads again."""
        self._is_paused = False
        self._work()

    def abort(self) -> None:
        """Hang up at once."""
        if self._transport is not None:
            self._transport.abort()

    # --- Called by whoever moves the exchange, under the host's lock ----------------------------------------------

    def offer(self, change: Change) -> None:
        """A step of the exchange: queue the message that it makes, or remember it for later. Never blocks."""
        if self._is_closing:
            return
        for lane in list(self._lanes.values()):
            if not lane.subscription.note(change):
                continue
            if not lane.is_live:
                continue
            if self._outbox.has_room:
                self._take(lane, milliseconds(change.at), is_step_over=False)
            else:
                lane.is_behind = True
        self._warn_of_limit()
        if not self._is_wake_up_due:
            self._is_wake_up_due = True
            self._server.call_soon(self._work)

    # --- The loop's work ------------------------------------------------------------------------------------------

    def _work(self) -> None:
        """Do whatever is due: answer, catch up, beat, send; then sleep until the next of these."""
        self._is_wake_up_due = False
        if self._transport is None:
            return
        self._pump()
        is_waiting = not self._is_closing and self._is_lock_needed() and not self._with_lock(self._catch_up)
        self._beat()
        self._pump()
        self._sleep(is_waiting=is_waiting)

    def _pump(self) -> None:
        """Write one piece and let the loop turn before the next: it may have to say that the client is gone."""
        if self._is_paused or self._transport is None or not (piece := self._outbox.get(_PIECE_BYTES)):
            return
        self._transport.write(piece)
        if self._outbox.size_bytes and not self._is_wake_up_due:
            self._is_wake_up_due = True
            self._server.call_soon(self._work)

    def _is_lock_needed(self) -> bool:
        now = time.monotonic()
        return bool(self._requests) or any(self._is_due(lane, now) for lane in self._lanes.values())

    def _is_due(self, lane: Lane, now: float) -> bool:
        """Whether a lane that does not send each change at once may send what is pending."""
        if not lane.subscription.is_pending or self._outbox.size_bytes or self._is_paused:
            return False
        return now >= lane.flush_at

    def _with_lock(self, action: Callable[[], None]) -> bool:
        """Run it under the host's lock. False when that is busy for long: others must be sent to meanwhile."""
        lock = self._server.host.lock
        if not lock.acquire(timeout=_LOCK_SECONDS):
            return False
        try:
            action()
        finally:
            lock.release()
        return True

    def _catch_up(self) -> None:
        while self._requests and not self._is_closing:
            self._answer(self._requests.popleft())
        now = time.monotonic()
        for lane in self._lanes.values():
            if self._is_due(lane, now):
                lane.is_behind = False
                lane.conflated_at = now
                self._take(lane, self._server.published(), is_step_over=True)

    def _beat(self) -> None:
        now = time.monotonic()
        if not self._lanes and not self._is_closing and now - self._heard_at >= self._server.idle_seconds:
            sentence = f"Connection is not subscribed and is idle: {self._server.idle_seconds * 1000:.0f} ms"
            self._refuse(StreamRefusal(StreamCode.TIMEOUT, sentence), None)
        for lane in self._lanes.values():
            if now >= lane.heartbeat_at and not self._outbox.size_bytes and not self._is_closing:
                # Without the lock: a long step of the exchange must not look like a dead stream.
                self._send_change(lane, lane.subscription.heartbeat(), self._server.published())

    def _sleep(self, *, is_waiting: bool) -> None:
        if self._timer:
            self._timer.cancel()
        if self._transport is None or self._is_closing:
            return
        now = time.monotonic()
        times = [lane.heartbeat_at for lane in self._lanes.values()]
        if not self._is_paused:
            # A live lane waits only for bets that a fault keeps back: they appear as simulated time passes.
            times += [
                now + _LOOK_AGAIN_SECONDS if lane.is_live else lane.flush_at
                for lane in self._lanes.values()
                if lane.subscription.is_pending
            ]
        if not self._lanes:
            times.append(self._heard_at + self._server.idle_seconds)
        if is_waiting:
            times.append(now + _RETRY_SECONDS)
        delay = max(min(times) - now, _RETRY_SECONDS)
        self._timer = asyncio.get_running_loop().call_later(delay, self._work)

    # --- Messages -------------------------------------------------------------------------------------------------

    def _take(self, lane: Lane, published: int, *, is_step_over: bool) -> None:
        message = lane.subscription.take(is_step_over=is_step_over)
        if message:
            self._send_change(lane, message, published)

    def _send_change(self, lane: Lane, message: Message, published: int) -> None:
        message["pt"] = self._server.in_order(published)
        if self._server.host.faults.take(FaultKind.STREAM_503):
            message["status"] = 503
        self._put(message)
        lane.subscription.clock = message["clk"]
        lane.sent_at = time.monotonic()

    def _put(self, message: Message) -> None:
        self._outbox.put(orjson.dumps(message) + CRLF)

    def _succeed(self, request_id: int | None, **more: Any) -> None:
        identity = {} if request_id is None else {"id": request_id}
        self._put({"op": "status", **identity, "statusCode": "SUCCESS", "connectionClosed": False, **more})

    def _refuse(self, refusal: StreamRefusal, request_id: int | None) -> None:
        """Answer FAILURE and hang up, unless the code lets the client stay."""
        is_closed = refusal.code.closes_connection
        self._put(
            {
                "op": "status",
                **({} if request_id is None else {"id": request_id}),
                "statusCode": "FAILURE",
                "errorCode": refusal.code.value,
                "errorMessage": refusal.sentence,
                "connectionClosed": is_closed,
                "connectionId": self.connection_id,
            }
        )
        if is_closed:
            self._is_closing = True
            self._lanes.clear()
            asyncio.get_running_loop().call_soon(self._hang_up)

    def _hang_up(self) -> None:
        """Let the last answer out, then go."""
        transport = self._transport
        if transport is None:
            return
        self._is_paused = False
        transport.write(self._outbox.get())
        transport.close()
        # A client that does not read would hold the socket for ever.
        asyncio.get_running_loop().call_later(_CLOSING_SECONDS, transport.abort)

    def _warn_of_limit(self) -> None:
        """New markets may make a filter too wide long after it was accepted."""
        for lane in self._lanes.values():
            subscription = lane.subscription
            if isinstance(subscription, MarketSubscription) and subscription.is_over_limit:
                subscription.is_over_limit = False
                sentence = "new markets of the filter are left out: narrow it"
                self._refuse(StreamRefusal(StreamCode.SUBSCRIPTION_LIMIT_EXCEEDED, sentence), subscription.request_id)

    # --- Requests -------------------------------------------------------------------------------------------------

    def _answer(self, line: bytes) -> None:
        request_id = None
        try:
            request = _read_request(line)
            request_id = request.get("id")
            self._do(request)
        except StreamRefusal as refusal:
            self._refuse(refusal, request_id)

    def _do(self, request: Message) -> None:
        request_id = request.get("id")
        match request["op"]:
            case "authentication":
                self._authenticate(request)
                available = self._server.max_connections - self._server.count_authenticated()
                self._succeed(request_id, connectionsAvailable=available)
            case "heartbeat" | "marketSubscription" | "orderSubscription" if not self.is_authenticated:
                raise StreamRefusal(StreamCode.NOT_AUTHORIZED, "send an authentication first")
            case "heartbeat":
                self._succeed(request_id)
            case "marketSubscription":
                self._subscribe(MarketSubscription(self._server.server_id, request, self._server.markets))
            case "orderSubscription":
                self._subscribe(OrderSubscription(self._server.server_id, request, self._server.orders))
            case op:
                known = "authentication, heartbeat, marketSubscription or orderSubscription"
                raise StreamRefusal(StreamCode.INVALID_REQUEST, f"op is {op!r}, not {known}")

    def _authenticate(self, request: Message) -> None:
        host = self._server.host
        app_key, token = request.get("appKey"), request.get("session")
        if self.is_authenticated:
            raise StreamRefusal(StreamCode.INVALID_REQUEST, "Connection is already authenticated")
        if not app_key:
            raise StreamRefusal(StreamCode.NO_APP_KEY, "appKey is missing")
        if not isinstance(app_key, str) or app_key not in host.app_keys:
            raise StreamRefusal(StreamCode.INVALID_APP_KEY, "appKey is not one of this exchange")
        if not token:
            raise StreamRefusal(StreamCode.NO_SESSION, "session is missing: log in and send its token")
        if not isinstance(token, str) or not host.has_session(token):
            raise StreamRefusal(StreamCode.INVALID_SESSION_INFORMATION, "the session is unknown or over: log in again")
        if self._server.count_authenticated() >= self._server.max_connections:
            sentence = f"more than {self._server.max_connections} connections"
            raise StreamRefusal(StreamCode.MAX_CONNECTION_LIMIT_EXCEEDED, sentence)
        self.is_authenticated = True

    def _subscribe(self, subscription: Subscription) -> None:
        """Answer, then the image; it takes the place of an earlier subscription of its kind."""
        first = subscription.start()
        self._succeed(subscription.request_id)
        lane = Lane(subscription)
        self._lanes[subscription.op] = lane
        self._send_change(lane, first, self._server.published())


def _read_request(line: bytes) -> Message:
    """Raises ``StreamRefusal`` for anything but an object with an ``op`` and, perhaps, a whole ``id``."""
    try:
        request = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise StreamRefusal(StreamCode.INVALID_INPUT, f"not JSON: {error}") from None
    if not isinstance(request, dict) or not isinstance(request.get("op"), str):
        raise StreamRefusal(StreamCode.INVALID_INPUT, "a request is an object with an op")
    request_id = request.get("id")
    if request_id is not None and (not isinstance(request_id, int) or isinstance(request_id, bool)):
        request["id"] = None
        raise StreamRefusal(StreamCode.INVALID_INPUT, "id must be a whole number")
    return request
