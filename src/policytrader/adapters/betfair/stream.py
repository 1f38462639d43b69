"""Market books kept current by the Exchange Stream, and whether they can be relied on.

The library's listener and caches do the bookkeeping. Books are given out only while the stream is healthy: connected,
a whole image received, no status 503, and never silent for longer than two heartbeats.
"""

from __future__ import annotations

import ssl
import threading
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from betfairlightweight.exceptions import ListenerError, SocketError
from betfairlightweight.streaming import StreamListener

from policytrader.adapters.betfair.fields import Node, loads
from policytrader.adapters.betfair.parsed_books import ParsedBooks
from policytrader.adapters.betfair.parsing import parse_book
from policytrader.adapters.betfair.tls_stream import VerifiedStream
from policytrader.errors import ExchangeError, printable
from policytrader.model.orders import Reaction
from policytrader.model.reactions import Operation, Source, Transport, outcome
from policytrader.model.times import EPOCH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policytrader.adapters.betfair.wire import Wire
    from policytrader.model.books import LiveMarket

HEARTBEAT_MILLISECONDS = 2000
SILENT_HEARTBEATS = 2
LADDER_LEVELS = 3
LONGEST_PAUSE_SECONDS = 60.0
DELAYED_MILLISECONDS = 180_000
"""The conflation of a delayed app key."""

_FIELDS = ("EX_MARKET_DEF", "EX_BEST_OFFERS", "EX_LTP")
RECORDED_FIELDS = ("EX_MARKET_DEF", "EX_ALL_OFFERS", "EX_TRADED", "EX_TRADED_VOL", "EX_LTP", "SP_PROJECTED")
_STOP_SECONDS = 10.0
_SHOWN = 200
_LAST_MILLISECONDS = 10**14
"""In the year 5138."""


class StreamState(StrEnum):
    """How the stream is. Only HEALTHY books may be traded on."""

    CONNECTING = "connecting"
    HEALTHY = "healthy"
    UNRELIABLE = "unreliable"
    """Status 503: connected, and what it says may be old."""
    SILENT = "silent"
    LOST = "lost"
    """To be opened again after a pause."""
    STOPPED = "stopped"
    """Not opened again: a person looks, or somebody stopped it."""


@dataclass(frozen=True, slots=True)
class StreamHealth:
    """The state, why, and what else is due."""

    state: StreamState
    reason: str = ""
    reactions: frozenset[Reaction] = frozenset()

    @property
    def is_healthy(self) -> bool:
        """Whether books may be relied on."""
        return self.state is StreamState.HEALTHY


class StreamFeed:
    """A market subscription in a thread of its own; ``books`` as the PriceFeed port has it. Use ``with``, or stop."""

    def __init__(
        self,
        wire: Wire,
        market_filter: dict[str, Any],
        *,
        heartbeat_milliseconds: int = HEARTBEAT_MILLISECONDS,
        conflate_milliseconds: int = 0,
        pause_seconds: float = 1.0,
        fields: Sequence[str] = _FIELDS,
        tap: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``market_filter`` in the stream's words, such as ``{"marketIds": [...]}``.

        ``tap`` is given every market change message as it came, in the stream's thread, once it made sense.
        """
        self._fields = fields
        self.tap = tap
        self._wire = wire
        self._filter = market_filter
        self._heartbeat_milliseconds = heartbeat_milliseconds
        self._conflate_milliseconds = conflate_milliseconds
        self._pause_seconds = pause_seconds
        self._silence_seconds = SILENT_HEARTBEATS * heartbeat_milliseconds / 1000
        self._changed = threading.Condition()
        self._health = StreamHealth(StreamState.CONNECTING)
        self._listener = _Listener(self)
        self._stopping = threading.Event()
        self._stream: VerifiedStream | None = None
        self._thread: threading.Thread | None = None
        self._failures = 0
        self._heard_at = 0.0
        self._published_milliseconds = 0
        self._is_delayed = False
        self._changes = 0
        self.parsed = ParsedBooks()

    # --- For its user -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Connect, and keep connected."""
        self._thread = threading.Thread(target=self._run, name="betfair-stream", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hang up."""
        self._stopping.set()
        stream = self._stream
        if stream is not None:
            stream.stop()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)
            self._thread = None
        self._set(StreamHealth(StreamState.STOPPED, "stopped"))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def health(self) -> StreamHealth:
        """How the stream is now."""
        with self._changed:
            health = self._health
            if health.is_healthy and time.monotonic() - self._heard_at > self._silence_seconds:
                return StreamHealth(StreamState.SILENT, f"nothing for {self._silence_seconds:g} s")
            return health

    def wait_until(self, state: StreamState, timeout_seconds: float) -> bool:
        """Wait for a state; False if it did not come in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self.health().state is state, timeout_seconds)

    def wait_for_change(self, seen: int, timeout_seconds: float) -> int:
        """The number of messages with changes so far; waits for one more than ``seen``, at most so long."""
        with self._changed:
            self._changed.wait_for(lambda: self._changes > seen, timeout_seconds)
            return self._changes

    def books(self, market_ids: Sequence[str]) -> tuple[LiveMarket, ...]:
        """The books of these markets, in their order; what is not subscribed is left out. Raises ``ExchangeError``.

        They are as of the stream's last message, a heartbeat too: while it beats, what it does not mention stands.
        """
        wanted = list(dict.fromkeys(market_ids))
        with self._changed:
            health = self.health()
            if not health.is_healthy:
                message = f"the stream is {health.state}" + (f": {health.reason}" if health.reason else "")
                raise ExchangeError(message, "STREAM_NOT_HEALTHY", frozenset(health.reactions))
            found = self.parsed.known(wanted)
            missing = [one for one in wanted if one not in found]
            snapped = self._listener.snap(missing) if missing else []
            entries = [self.parsed.expect(book["marketId"]) for book in snapped]
            published_at = EPOCH + timedelta(milliseconds=self._published_milliseconds)
            is_delayed = self._is_delayed
        try:
            for book, entry in zip(snapped, entries, strict=True):
                market_id = book["marketId"]
                node = Node(book, f"stream[{market_id}]")
                found[market_id] = entry.book = parse_book(node, published_at, is_delayed=is_delayed)
        except ExchangeError as error:
            # It shows what was said, which may be anything.
            raise ExchangeError(self._wire.secrets.strike(str(error)), error.code, error.reactions) from None
        return tuple(
            replace(found[one], published_at=published_at, is_delayed=is_delayed) for one in wanted if one in found
        )

    # --- Called by the listener, in the stream's thread ---------------------------------------------------------------

    def heard(self, data: dict[str, Any]) -> None:
        """A message has been taken in."""
        with self._changed:
            self._heard_at = time.monotonic()
            published = data.get("pt")
            if published is not None:
                self._published_milliseconds = max(self._published_milliseconds, _milliseconds(published))
            if data.get("op") != "mcm":
                return
            if data.get("mc"):
                self._changes += 1
                self._changed.notify_all()
            if data.get("ct") in {"SUB_IMAGE", "RESUB_DELTA"}:
                conflated = data.get("conflateMs")
                self._is_delayed = isinstance(conflated, int) and conflated >= DELAYED_MILLISECONDS
                if data.get("segmentType") not in {None, "SEG_END"}:
                    return
                self._failures = 0
                self._wire.session.worked()
                self._set(StreamHealth(StreamState.HEALTHY))
            if data.get("status") is not None:
                self._set(
                    StreamHealth(StreamState.UNRELIABLE, f"status {self._shown(data['status'])}: its data may be old")
                )
            elif self._health.state is StreamState.UNRELIABLE:
                self._set(StreamHealth(StreamState.HEALTHY))

    def warned(self, code: str, reactions: frozenset[Reaction]) -> None:
        """The exchange complains and leaves the connection open."""
        with self._changed:
            self._set(StreamHealth(self._health.state, code, self._health.reactions | reactions))

    def is_stopping(self) -> bool:
        """Whether somebody has stopped the feed."""
        return self._stopping.is_set()

    def taking(self) -> threading.Condition:
        """To be held while a message changes the books."""
        return self._changed

    # --- The thread ---------------------------------------------------------------------------------------------------

    def _shown(self, value: object) -> str:
        return printable(self._wire.secrets.strike(str(value)))[:_SHOWN]

    def _set(self, health: StreamHealth) -> None:
        with self._changed:
            self._health = health
            self._changed.notify_all()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._set(StreamHealth(StreamState.CONNECTING))
            health = self._follow()
            if self._stopping.is_set():
                return
            self._set(health)
            if health.state is StreamState.STOPPED:
                return
            pause = min(self._pause_seconds * 2**self._failures, LONGEST_PAUSE_SECONDS)
            self._failures = min(self._failures + 1, 30)
            self._stopping.wait(pause)

    def _follow(self) -> StreamHealth:
        """One connection, from its beginning to its end; the health after it."""
        token = ""
        self._listener.refusal = ""
        try:
            token = self._wire.session.token()
            self._connect_and_read(token)
        except ssl.SSLCertVerificationError as error:
            why = f"the server's certificate is not the one to trust ({error.verify_message}); nothing was said to it"
            return StreamHealth(StreamState.STOPPED, why, frozenset({Reaction.STOP}))
        except ExchangeError as error:
            return _after_login_error(error)
        except ListenerError:
            return self._after_refusal(token)
        except (SocketError, OSError) as error:
            return _lost(f"the connection is lost ({type(error).__name__})")
        except Exception as error:  # noqa: BLE001 - the library fails in many ways over a message that makes no sense
            self._listener.forget()
            return _lost(f"a message that makes no sense ({type(error).__name__})")
        finally:
            stream, self._stream = self._stream, None
            if stream is not None:
                stream.stop()
        return _lost("the connection is over")

    def _connect_and_read(self, token: str) -> None:
        stream = self._stream = VerifiedStream(
            self._wire.endpoints,
            self._listener,
            self._wire.app_key.get_secret_value(),
            token,
            self._silence_seconds,
        )
        if self._stopping.is_set():
            return
        stream.subscribe_to_markets(
            market_filter=self._filter,
            market_data_filter={"fields": list(self._fields), "ladderLevels": LADDER_LEVELS},
            initial_clk=self._listener.initial_clk,
            clk=self._listener.clk,
            conflate_ms=self._conflate_milliseconds,
            heartbeat_ms=self._heartbeat_milliseconds,
        )
        stream.start()

    def _after_refusal(self, token: str) -> StreamHealth:
        """The exchange refused and hung up, or sent what cannot be read."""
        code = self._listener.refusal
        if not code:
            self._listener.forget()
            return _lost("a message that cannot be read")
        reactions = outcome(Source.SESSION, code, Operation.STREAM).reactions
        told = self._shown(code)
        if Reaction.STOP in reactions:
            return StreamHealth(StreamState.STOPPED, told, reactions)
        if Reaction.SUBSCRIBE_AFRESH in reactions:
            self._listener.forget()
        if Reaction.LOG_IN in reactions:
            try:
                self._wire.session.lost(token, code)
            except ExchangeError as error:
                return _after_login_error(error)
        return StreamHealth(StreamState.LOST, told, reactions)


def _milliseconds(published: object) -> int:
    """A time of the stream. Raises ``ValueError`` where it is none: the whole message then makes no sense."""
    if type(published) is not int or not 0 <= published < _LAST_MILLISECONDS:
        message = "no time"
        raise ValueError(message)
    return published


def _lost(reason: str) -> StreamHealth:
    return StreamHealth(
        StreamState.LOST, reason, outcome(Source.TRANSPORT, Transport.CONNECTION_LOST, Operation.STREAM).reactions
    )


def _after_login_error(error: ExchangeError) -> StreamHealth:
    reactions = frozenset(Reaction(one) for one in error.reactions)
    is_over = Reaction.STOP in reactions
    return StreamHealth(StreamState.STOPPED if is_over else StreamState.LOST, str(error), reactions)


class _Listener(StreamListener):  # type: ignore[misc] # the library has no types
    """The library's listener, with exact numbers and a memory for what the exchange refused."""

    def __init__(self, feed: StreamFeed) -> None:
        super().__init__(max_latency=None, lightweight=True)
        self._feed = feed
        self.refusal = ""

    def forget(self) -> None:
        """Nothing received counts any more: the next subscription begins with a whole image."""
        with self._feed.taking():
            self.stream = None
            self.stream_type = None
            self._feed.parsed.forget()

    def _empty(self) -> None:
        stream: Any = self.stream
        stream.clear_cache()

    def on_data(self, raw_data: str) -> bool | None:
        """Take a message in; False ends the connection."""
        if self._feed.is_stopping():
            return False  # stopped while it was still connecting
        try:
            data = loads(raw_data)
        except ValueError:
            return False
        if not isinstance(data, dict):
            return False
        match data.get("op"):
            case "connection":
                self._on_connection(data, data.get("id"))
            case "status":
                return self._on_status_message(data)
            case "mcm" if data.get("id") == self.stream_unique_id:
                with self._feed.taking():
                    if data.get("ct") == "SUB_IMAGE" and data.get("segmentType") in {None, "SEG_START"}:
                        # It may come in the middle of a subscription, and it is all that there is.
                        self._empty()
                    if "mc" in data or "ct" in data:  # a bare status 503 has neither, and no time
                        self._feed.parsed.take(data)
                        self._on_change_message(data, data.get("id"))
                        self._feed.tap(raw_data)
                    self._feed.heard(data)
            case "mcm":
                pass  # of a subscription before this one
            case _:
                return False
        return None

    def _on_status_message(self, data: dict[str, Any]) -> bool | None:
        if data.get("statusCode") != "FAILURE":
            self._on_status(data, data.get("id"))
            self._feed.heard(data)
            return None
        code = str(data.get("errorCode"))
        reactions = outcome(Source.SESSION, code, Operation.STREAM).reactions
        if data.get("connectionClosed") is False and reactions == {Reaction.SPLIT}:
            self._feed.warned(code, reactions)
            return None
        self.refusal = code
        return False
