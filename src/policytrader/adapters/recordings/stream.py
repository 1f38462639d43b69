"""The market cache: stream messages in, rows of what changed out. Pure; the hot loop of an import.

It is written for speed: most messages change one runner's ladder below the best price, and must cost little more than
their JSON. Numbers stay what orjson made of them until ``tables`` turns whole columns into exact decimals.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias

from policytrader.adapters.recordings.definition import (
    REMOVED,
    MarketState,
    RunnerFacts,
    number,
    plain_deltas,
    race_id_of,
    read_definition,
    whole,
    whole_or_none,
)

Message: TypeAlias = dict[str, Any]

NO_BACK, NO_LAY = 0, 1_000_000_000
"""Stand for "no price" in the ladders and rows: below and above every price. Missing in the tables."""

_MARKET_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
_LATE_TOLERANCE_MILLISECONDS = 60_000


class Depth(IntEnum):
    """Which of the ladders that a stream may carry is read: the deepest that it has carried since its last image."""

    NONE = 0
    DISPLAYED = 1
    BEST = 2
    FULL = 3


FULL = Depth.FULL
_KEYS = {Depth.DISPLAYED: ("bdatb", "bdatl"), Depth.BEST: ("batb", "batl"), Depth.FULL: ("atb", "atl")}


class RunnerState(NamedTuple):
    """What makes a row when it changes; ``facts`` is an index into the market's facts. Held as plain tuples."""

    best_back: float
    best_back_size: float | None
    best_lay: float
    best_lay_size: float | None
    last_traded: float | None
    facts: int


State: TypeAlias = tuple[float, float | None, float, float | None, float | None, int]
RunnerRow: TypeAlias = tuple[int, int, float | None, State]
"""One change of one runner: published in milliseconds, selection id, traded volume, ``RunnerState``."""


class RunnerBook:
    """One runner's ladders (price -> size), and what was last written of it."""

    __slots__ = (
        "back",
        "back_levels",
        "best_back",
        "best_lay",
        "facts",
        "is_out",
        "last_traded",
        "lay",
        "lay_levels",
        "published",
        "selection_id",
        "trades",
        "volume",
        "written",
    )

    def __init__(self, selection_id: int) -> None:
        self.selection_id = selection_id
        self.facts = -1
        self.is_out = False
        self.published = -1
        self.written: State | None = None
        self.clear()

    def clear(self) -> None:
        """Forget all prices, as an image asks for."""
        self.back: dict[float, float] = {}
        self.lay: dict[float, float] = {}
        self.back_levels: dict[int, tuple[float, float]] = {}
        self.lay_levels: dict[int, tuple[float, float]] = {}
        self.best_back: float = NO_BACK
        self.best_lay: float = NO_LAY
        self.last_traded: float | None = None
        self.volume: float | None = None
        self.trades: dict[float, float] = {}

    def state(self) -> State:
        """The columns that are compared, in the order of ``RunnerState``. A runner that is out has no prices."""
        if self.is_out:
            return (NO_BACK, None, NO_LAY, None, self.last_traded, self.facts)
        best_back, best_lay = self.best_back, self.best_lay
        return (best_back, self.back.get(best_back), best_lay, self.lay.get(best_lay), self.last_traded, self.facts)

    def trade(self, trades: list[list[float]]) -> None:
        """Sum up the volume of a stream that tells it by price only."""
        for price, size in trades:
            if size > 0:
                self.trades[price] = size
            else:
                self.trades.pop(price, None)
        self.volume = round(sum(self.trades.values()), 2)

    def set_levels(self, delta: Message, back: str, lay: str) -> None:
        """Apply [level, price, size] ladders; the lowest level that is there is the best price."""
        if delta.get(back):
            best = _apply_levels(self.back_levels, delta[back])
            self.best_back = best[0] if best else NO_BACK
            self.back = dict([best]) if best else {}
        if delta.get(lay):
            best = _apply_levels(self.lay_levels, delta[lay])
            self.best_lay = best[0] if best else NO_LAY
            self.lay = dict([best]) if best else {}


def _apply_levels(levels: dict[int, tuple[float, float]], changes: list[list[Any]]) -> tuple[float, float] | None:
    for level, price, size in changes:
        if size > 0:
            levels[level] = (price, size)
        else:
            levels.pop(level, None)
    return levels[min(levels)] if levels else None


class MarketCache:
    """One market: its ladders, and the rows that its messages made since they were last taken."""

    def __init__(self, market_id: str) -> None:
        """An empty market; it makes no rows before its first definition."""
        self.market_id = market_id
        self.race_id = ""
        self.state: MarketState | None = None
        self.first_market_time = 0
        self.published = 0
        self.updates = 0
        self.late = 0
        self.depth = Depth.NONE
        self.books: dict[Any, RunnerBook] = {}
        self.facts: list[RunnerFacts] = []
        self._fact_indices: dict[RunnerFacts, int] = {}
        self.states: list[tuple[int, MarketState]] = []
        self.rows: list[RunnerRow] = []

    def apply(self, change: Message, published: int, message_is_image: bool) -> None:  # noqa: FBT001 - hot
        """Apply one market change of a message, of any kind."""
        self.updates += 1
        if published < self.published:
            published = self._in_order(published)
        self.published = published
        is_image = change.get("img")
        if is_image is None:
            is_image = message_is_image
        deltas = change.get("rc") or []
        try:
            touched = self._apply_all(change, deltas, is_image)
        except TypeError:
            touched = self._apply_all(change, plain_deltas(deltas), is_image) + self._distinct_books()
        self._write(touched, published)

    def apply_full_depth(self, deltas: list[Message], published: int) -> None:
        """The hot path: runner changes of a market of full depth, with neither image nor definition."""
        self.updates += 1
        self.published = published
        try:
            touched = self._apply_full(deltas)
        except TypeError:
            # Numbers written as text, perhaps. To apply a change twice does no harm: its sizes are absolute.
            touched = self._apply_full(plain_deltas(deltas)) + self._distinct_books()
        if touched:
            self._write(touched, published)

    def take_rows(self, everything: bool) -> list[RunnerRow]:  # noqa: FBT001
        """Hand over the runner rows. Those of the newest instant may still change and stay, unless all are wanted."""
        rows, keep = self.rows, 0
        while not everything and keep < len(rows) and rows[-1 - keep][0] == self.published:
            keep += 1
        self.rows = rows[len(rows) - keep :]
        return rows[: len(rows) - keep]

    def _in_order(self, published: int) -> int:
        """A message may be a little late; its content is then dated like the one before it."""
        if self.published - published > _LATE_TOLERANCE_MILLISECONDS:
            seconds = (self.published - published) / 1000
            message = f"the publish time of {self.market_id} goes back by {seconds:.0f} s: not one recording in order"
            raise ValueError(message)
        self.late += 1
        return self.published

    def _apply_full(self, deltas: list[Message]) -> list[RunnerBook]:  # noqa: C901, PLR0912 - inlined for speed
        """Apply full ladders. Returns the runners whose columns may have changed, some of them twice."""
        touched = []
        books = self.books
        for delta in deltas:
            try:
                book = books[delta["id"]]
            except KeyError:
                book = self._book(delta)
            changed = False
            if "atb" in delta:
                ladder = book.back
                best = book.best_back
                for price, size in delta["atb"]:
                    if size > 0:
                        ladder[price] = size
                        if price >= best:
                            best = price
                            changed = True
                    else:
                        ladder.pop(price, None)
                if best not in ladder:
                    best = max(ladder, default=NO_BACK)
                    changed = True
                book.best_back = best
            if "atl" in delta:
                ladder = book.lay
                best = book.best_lay
                for price, size in delta["atl"]:
                    if size > 0:
                        ladder[price] = size
                        if price <= best:
                            best = price
                            changed = True
                    else:
                        ladder.pop(price, None)
                if best not in ladder:
                    best = min(ladder, default=NO_LAY)
                    changed = True
                book.best_lay = best
            if "ltp" in delta:
                last_traded = delta["ltp"]
                book.last_traded = last_traded if last_traded.__class__ is float else number(last_traded, "ltp")
                changed = True
            if "tv" in delta:
                volume = delta["tv"]
                book.volume = volume if volume.__class__ is float else number(volume, "tv")
            elif "trd" in delta:
                book.trade(delta["trd"])
            if changed:
                touched.append(book)
        return touched

    def _write(self, touched: list[RunnerBook], published: int) -> None:
        rows = self.rows
        for book in touched:
            best_back = book.best_back
            best_lay = book.best_lay
            facts = book.facts
            state: State = (
                best_back,
                book.back.get(best_back),
                best_lay,
                book.lay.get(best_lay),
                book.last_traded,
                facts,
            )
            if state == book.written or facts < 0:
                continue
            if book.is_out:
                state = book.state()
                if state == book.written:
                    continue
            book.written = state
            row = (published, book.selection_id, book.volume, state)
            if book.published == published:
                self._replace(row)
            else:
                book.published = published
                rows.append(row)

    def _replace(self, row: RunnerRow) -> None:
        """One row for a runner and an instant: the last one."""
        rows = self.rows
        for index in range(len(rows) - 1, -1, -1):
            if rows[index][0] != row[0]:
                break
            if rows[index][1] == row[1]:
                rows[index] = row
                return
        rows.append(row)

    def _apply_all(self, change: Message, deltas: list[Message], is_image: bool) -> list[RunnerBook]:  # noqa: FBT001
        """Everything that is rare: images, definitions, and streams without full depth."""
        touched: list[RunnerBook] = []
        if is_image:
            self.depth = Depth.NONE
            touched += self._distinct_books()
            for book in touched:
                book.clear()
        definition = change.get("marketDefinition")
        if definition is not None:
            touched += self._define(definition)
        self._deepen(deltas)
        if self.depth is Depth.FULL:
            return touched + self._apply_full(deltas)
        keys = _KEYS.get(self.depth)
        for delta in deltas:
            book = self.books.get(delta["id"]) or self._book(delta)
            if keys:
                book.set_levels(delta, *keys)
            _apply_traded(book, delta)
            touched.append(book)
        return touched

    def _deepen(self, deltas: list[Message]) -> None:
        """Read a deeper ladder from now on when one turns up: what is displayed also holds virtual prices."""
        for depth, keys in _KEYS.items():
            if depth > self.depth and any(keys[0] in delta or keys[1] in delta for delta in deltas):
                self.depth = depth
                for book in self._distinct_books():
                    book.back, book.lay, book.back_levels, book.lay_levels = {}, {}, {}, {}
                    book.best_back, book.best_lay = NO_BACK, NO_LAY

    def _define(self, raw: Any) -> list[RunnerBook]:  # noqa: ANN401 - JSON of any shape
        definition = read_definition(raw)
        if self.state is None:
            self.race_id = race_id_of(self.market_id, definition.market)
            self.first_market_time = definition.market.market_time
        if definition.market != self.state:
            self.state = definition.market
            if self.states and self.states[-1][0] == self.published:
                self.states.pop()
            self.states.append((self.published, definition.market))
        for selection_id, facts in definition.runners.items():
            book = self.books.get(selection_id) or self._book({"id": selection_id})
            before = self.facts[book.facts] if book.facts >= 0 else None
            if facts.runner_name is None and before:
                facts = facts._replace(runner_name=before.runner_name)  # noqa: PLW2901 - a name once known stays
            book.facts = self._fact_index(facts)
            book.is_out = facts.status in REMOVED
        books = self._distinct_books()
        for book in books:
            if book.facts >= 0 and book.selection_id not in definition.runners:
                book.facts = self._fact_index(self.facts[book.facts]._replace(status=None, listed=False))
                book.is_out = True
        return books

    def _fact_index(self, facts: RunnerFacts) -> int:
        index = self._fact_indices.setdefault(facts, len(self.facts))
        if index == len(self.facts):
            self.facts.append(facts)
        return index

    def _book(self, delta: Message) -> RunnerBook:
        """The book of a runner seen for the first time, or whose id is written differently (as text)."""
        selection_id = whole(delta.get("id"), "runner id")
        book = self.books.get(selection_id)
        if book is None:
            book = self.books[selection_id] = RunnerBook(selection_id)
        self.books[delta["id"]] = book
        return book

    def _distinct_books(self) -> list[RunnerBook]:
        return [book for key, book in self.books.items() if key == book.selection_id]


def _apply_traded(book: RunnerBook, delta: Message) -> None:
    if "ltp" in delta:
        last_traded = delta["ltp"]
        book.last_traded = last_traded if last_traded.__class__ is float else number(last_traded, "ltp")
    if "tv" in delta:
        volume = delta["tv"]
        book.volume = volume if volume.__class__ is float else number(volume, "tv")
    elif delta.get("trd"):
        book.trade(delta["trd"])


class StreamCache:
    """All markets of one file."""

    def __init__(self) -> None:
        """No markets yet."""
        self.markets: dict[str, MarketCache] = {}
        self.messages = 0

    def apply(self, message: Message) -> None:
        """Apply one message; any but a market change message is passed over.

        Raises ``ValueError``, ``TypeError``, ``KeyError`` or ``AttributeError`` for one that has not its shape.
        """
        changes = message.get("mc")
        if message.get("op") != "mcm":
            return
        self.messages += 1
        if not changes:
            return
        published = message["pt"]
        if published.__class__ is not int:
            published = whole_or_none(published, "pt")
            if published is None:
                text = "pt is null"
                raise ValueError(text)
        # An image in several segments is whole only when its first segment says so for each market.
        is_image = message.get("ct") == "SUB_IMAGE" and message.get("segmentType") in (None, "SEG_START")
        markets = self.markets
        for change in changes:
            try:
                market = markets[change["id"]]
            except KeyError:
                market = self._market(change)
            if (
                market.depth is not FULL
                or is_image
                or published < market.published
                or "marketDefinition" in change
                or change.get("img")
                or not (deltas := change.get("rc"))
            ):
                market.apply(change, published, is_image)
            else:
                market.apply_full_depth(deltas, published)

    def _market(self, change: Message) -> MarketCache:
        market_id = change["id"]
        if not isinstance(market_id, str) or not _MARKET_ID.fullmatch(market_id):
            message = f"market id is {market_id!r}"
            raise ValueError(message)
        market = self.markets[market_id] = MarketCache(market_id)
        return market
