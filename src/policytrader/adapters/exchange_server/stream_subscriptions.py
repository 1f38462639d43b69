"""One subscription of one connection: which changes it waits for, and the messages that bring it up to date.

A message is always the difference between now and what was sent last, so it is right whatever happened in between. All
of this runs under the host's lock.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from policytrader.adapters.exchange_server.stream_cells import read_clock, write_clock
from policytrader.adapters.exchange_server.stream_errors import StreamCode, StreamRefusal
from policytrader.adapters.exchange_server.stream_filters import (
    Pace,
    Resumption,
    criteria_digest,
    read_data_filter,
    read_market_filter,
    read_order_filter,
    read_pace,
    read_resumption,
)

if TYPE_CHECKING:
    from policytrader.adapters.exchange_server.stream_market import MarketJournal
    from policytrader.adapters.exchange_server.stream_orders import OrderJournal
    from policytrader.simulation.exchange import Change

Message = dict[str, Any]

MAX_MARKETS = 200
"""Open markets in one subscription."""


class Subscription(ABC):
    """What both kinds share: the clock, the pace, and how a message is put together."""

    op: str
    key: str

    def __init__(self, server_id: str, request: Message, criteria: str) -> None:
        """``server_id`` tells this server's clocks from another's, ``criteria`` names what was asked for."""
        self.request_id: int | None = request.get("id")
        self.pace: Pace = read_pace(request)
        self.resumption: Resumption | None = read_resumption(request)
        self.sent = 0
        # The clock of the last message that is on its way; a heartbeat may repeat it without the lock.
        self.clock = ""
        self._server_id = server_id
        self._criteria = criteria

    @property
    @abstractmethod
    def is_pending(self) -> bool:
        """Whether something may have changed since the last message."""

    @abstractmethod
    def note(self, change: Change) -> bool:
        """Remember a change. True when this subscription is concerned by it."""

    @abstractmethod
    def start(self) -> Message:
        """The first message: an image, or what changed since the client was cut off. Raises ``StreamRefusal``."""

    @abstractmethod
    def take(self, *, is_step_over: bool) -> Message | None:
        """What changed since the last message; None when nothing did. ``is_step_over``: not from within a step."""

    def heartbeat(self) -> Message:
        """Sent when there was nothing to send for a while."""
        return {"op": self.op, "id": self.request_id, "clk": self.clock, "ct": "HEARTBEAT"}

    def _resume_from(self, newest: int) -> int | None:
        """The step at which a returning client stopped; None for a new one. Raises ``StreamRefusal``."""
        if self.resumption is None:
            return None
        initial, clock = read_clock(self.resumption.initial_clock), read_clock(self.resumption.clock)
        if initial != [self._server_id, self.op, self._criteria] or clock is None or len(clock) != len(("id", "step")):
            sentence = "initialClk is not of this stream and these filters; subscribe without clocks for a full image"
            raise StreamRefusal(StreamCode.INVALID_CLOCK, sentence)
        server_id, step = clock
        if server_id != self._server_id or not (step.isascii() and step.isdigit()) or int(step) > newest:
            raise StreamRefusal(StreamCode.INVALID_CLOCK, "clk is not of this stream; subscribe for a full image")
        return int(step)

    def _first(self, changes: list[Message], *, is_image: bool) -> Message:
        return {
            "op": self.op,
            "id": self.request_id,
            "initialClk": write_clock(self._server_id, self.op, self._criteria),
            "clk": write_clock(self._server_id, self.sent),
            "conflateMs": self.pace.conflate_milliseconds,
            "heartbeatMs": self.pace.heartbeat_milliseconds,
            "ct": "SUB_IMAGE" if is_image else "RESUB_DELTA",
            **({self.key: changes} if changes or is_image else {}),
        }

    def _update(self, changes: list[Message]) -> Message | None:
        if not changes:
            return None
        clock = write_clock(self._server_id, self.sent)
        return {"op": self.op, "id": self.request_id, "clk": clock, self.key: changes}


class MarketSubscription(Subscription):
    """``marketSubscription``: the markets of a filter, those that appear later too."""

    op, key = "mcm", "mc"

    def __init__(self, server_id: str, request: Message, journal: MarketJournal) -> None:
        """Raises ``StreamRefusal`` for filters that are wrong and for too many markets."""
        self._filter = read_market_filter(request.get("marketFilter"))
        self._wanted = read_data_filter(request.get("marketDataFilter"))
        super().__init__(server_id, request, criteria_digest(self._filter, self._wanted))
        self._journal = journal
        self._pending: dict[str, int] = {}
        self._held: set[str] = set()
        self._markets = {one.market_id for one in journal.definitions() if self._filter.matches(one)}
        self.is_over_limit = False
        if self._count_open() > MAX_MARKETS:
            sentence = f"the filter has {self._count_open()} markets, the limit is {MAX_MARKETS}: narrow it"
            raise StreamRefusal(StreamCode.SUBSCRIPTION_LIMIT_EXCEEDED, sentence)

    @property
    def is_pending(self) -> bool:
        """Whether one of its markets changed."""
        return bool(self._pending)

    def note(self, change: Change) -> bool:
        """A change of one of its markets, or a new market that its filter covers."""
        market_id = change.market_id
        if market_id not in self._markets:
            if not change.is_definition or not self._filter.matches(self._journal.definition(market_id)):
                return False
            if self._count_open() >= MAX_MARKETS:
                self.is_over_limit = True
                return False
            self._markets.add(market_id)
        self._pending[market_id] = self._pending.get(market_id, 0) + 1
        return True

    def start(self) -> Message:
        """All markets."""
        since = self._resume_from(self._journal.step)
        cells = {market_id: self._journal.refresh(market_id) for market_id in sorted(self._markets)}
        self._pending.clear()
        self.sent = self._journal.step
        if since is None:
            self._held = set(cells)
            images = [market.image(market_id, self._wanted) for market_id, market in cells.items()]
            return self._first(images, is_image=True)
        self._held = {market_id for market_id, market in cells.items() if market.created_at <= since}
        changes = [self._change(market_id, since, is_conflated=True) for market_id in cells]
        return self._first([change for change in changes if change], is_image=False)

    def take(self, *, is_step_over: bool) -> Message | None:  # noqa: ARG002 - prices are shown at once
        """The markets that changed."""
        pending, self._pending = self._pending, {}
        for market_id in pending:
            self._journal.refresh(market_id)
        changes = [self._change(market_id, self.sent, is_conflated=merged > 1) for market_id, merged in pending.items()]
        self.sent = self._journal.step
        return self._update([change for change in changes if change])

    def _change(self, market_id: str, since: int, *, is_conflated: bool) -> Message | None:
        market = self._journal.refresh(market_id)
        if market_id not in self._held:
            self._held.add(market_id)
            return market.image(market_id, self._wanted)
        change = market.change_since(market_id, since, self._wanted)
        if change and is_conflated:
            change["con"] = True
        return change

    def _count_open(self) -> int:
        return sum(not self._journal.is_closed(market_id) for market_id in self._markets)


class OrderSubscription(Subscription):
    """``orderSubscription``: the account's orders and positions."""

    op, key = "ocm", "oc"

    def __init__(self, server_id: str, request: Message, journal: OrderJournal) -> None:
        """Raises ``StreamRefusal`` for a filter that is wrong."""
        self._wanted = read_order_filter(request.get("orderFilter"))
        super().__init__(server_id, request, criteria_digest(self._wanted))
        self._journal = journal
        self._is_noted = False

    @property
    def is_pending(self) -> bool:
        """Whether a bet changed, or is still to be shown."""
        return self._is_noted or self._journal.is_waiting

    def note(self, change: Change) -> bool:
        """A change of bets; a market's end closes its orders."""
        if change.bets or change.is_definition:
            self._is_noted = True
            return True
        return self._journal.is_waiting

    def start(self) -> Message:
        """All markets in which the account holds something."""
        since = self._resume_from(self._journal.step)
        self._journal.refresh(is_step_over=True)
        self._is_noted = False
        self.sent = self._journal.step
        if since is None:
            images = [one.image(market_id, self._wanted) for market_id, one in self._journal.markets.items()]
            return self._first([image for image in images if image], is_image=True)
        return self._first(self._changes(since), is_image=False)

    def take(self, *, is_step_over: bool) -> Message | None:
        """The bets and positions that changed."""
        self._is_noted = False
        self._journal.refresh(is_step_over=is_step_over)
        since, self.sent = self.sent, self._journal.step
        return self._update(self._changes(since) if self.sent > since else [])

    def _changes(self, since: int) -> list[Message]:
        markets = self._journal.markets.items()
        changes = [one.change_since(market_id, since, self._wanted) for market_id, one in markets]
        return [change for change in changes if change]
