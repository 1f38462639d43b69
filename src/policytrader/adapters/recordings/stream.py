"""The market cache: stream messages in, rows of what changed out. Pure; the hot loop of an import.

It is written for speed: most messages change one runner's ladder below the best price, and must cost little more than
their JSON. Numbers stay what orjson made of them until ``tables`` turns whole columns into exact decimals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.adapters.recordings.book import NO_BACK, NO_LAY, Message, RunnerBook, State
from policytrader.adapters.recordings.definition import (
    REMOVED,
    Definition,
    MarketState,
    RunnerFacts,
    number,
    plain_deltas,
    race_id_of,
    read_definition,
    whole,
)
from policytrader.adapters.recordings.messages import (
    LADDER_KEYS,
    LATE_TOLERANCE_MILLISECONDS,
    LATEST_PUBLISHED,
    MARKET_ID,
    WHOLE_IMAGE,
    Depth,
)
from policytrader.adapters.recordings.runner_columns import RunnerRows

if TYPE_CHECKING:
    from policytrader.adapters.recordings.blocks import Ints
    from policytrader.adapters.recordings.runner_columns import RunnerColumns


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
        self.is_full = False
        self.books: dict[Any, RunnerBook] = {}
        self.facts: list[RunnerFacts] = []
        self._fact_indices: dict[RunnerFacts, int] = {}
        self.states: list[tuple[int, MarketState]] = []
        self.rows = RunnerRows()

    def apply(self, change: Message, published: int, message_is_image: bool) -> None:  # noqa: FBT001 - hot
        """Apply one market change of a message, of any kind."""
        if published < self.published:
            published = self._in_order(published)
        is_image = change.get("img")
        if is_image is None:
            is_image = message_is_image
        deltas = change.get("rc") or []
        try:
            touched = self._apply_all(change, deltas, published, is_image)
        except (TypeError, ValueError):
            for book in self.distinct_books():
                book.forget_text()
            # Numbers written as text, perhaps. To apply a change twice does no harm: its sizes are absolute.
            touched = self._apply_all(change, plain_deltas(deltas), published, is_image) + self.distinct_books()
        self.write(touched, published)

    def take_rows(self, everything: bool) -> RunnerColumns:  # noqa: FBT001
        """Hand over the runner rows. Those of the newest instant may still change and stay, unless all are wanted."""
        return self.rows.take(None if everything else self.published)

    def pass_over(self, published: Ints) -> None:
        """Count changes that were applied elsewhere, published in this order."""
        self.updates += len(published)
        self.published = int(published[-1])

    def _in_order(self, published: int) -> int:
        """A message may be a little late; its content is then dated like the one before it."""
        if self.published - published > LATE_TOLERANCE_MILLISECONDS:
            seconds = (self.published - published) / 1000
            message = f"the publish time of {self.market_id} goes back by {seconds:.0f} s: not one recording in order"
            raise ValueError(message)
        self.late += 1
        return self.published

    def apply_full(self, deltas: list[Message]) -> list[RunnerBook]:  # noqa: C901, PLR0912 - inlined for speed
        """Apply full ladders. Returns the runners whose columns may have changed, some of them twice, for ``write``."""
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

    def write(self, touched: list[RunnerBook], published: int) -> None:
        """Make rows of the runners that a change touched, where a column is new."""
        self.updates += 1
        self.published = published
        rows = self.rows
        for book in touched:
            best_back, back = book.best_back, book.back
            best_lay, lay = book.best_lay, book.lay
            facts = book.facts
            state: State = (
                best_back,
                back[best_back] if back else None,
                best_lay,
                lay[best_lay] if lay else None,
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
            rows.append((published, book.selection_id, book.volume, state))

    def _apply_all(
        self,
        change: Message,
        deltas: list[Message],
        published: int,
        is_image: bool,  # noqa: FBT001 - passed on
    ) -> list[RunnerBook]:
        """Everything that is rare: images, definitions, and streams without full depth."""
        touched: list[RunnerBook] = []
        if is_image:
            self.depth, self.is_full = Depth.NONE, False
            touched += self.distinct_books()
            for book in touched:
                book.clear()
        definition = change.get("marketDefinition")
        if definition is not None:
            touched += self.define(read_definition(definition), published)
        touched += self._deepen(deltas)
        if self.is_full:
            return touched + self.apply_full(deltas)
        keys = LADDER_KEYS.get(self.depth)
        for delta in deltas:
            book = self.books.get(delta["id"]) or self._book(delta)
            if keys:
                book.set_levels(delta, *keys)
            book.set_traded(delta)
            touched.append(book)
        return touched

    def _deepen(self, deltas: list[Message]) -> list[RunnerBook]:
        """Read a deeper ladder from now on when one turns up: what is displayed also holds virtual prices."""
        for depth in (Depth.FULL, Depth.BEST, Depth.DISPLAYED):
            back, lay = LADDER_KEYS[depth]
            if depth > self.depth and any(back in delta or lay in delta for delta in deltas):
                self.depth, self.is_full = depth, depth is Depth.FULL
                books = self.distinct_books()
                for book in books:
                    book.clear_ladders()
                return books
        return []

    def define(self, definition: Definition, published: int) -> list[RunnerBook]:
        """Take a definition; returns all runners."""
        if self.state is None:
            self.race_id = race_id_of(self.market_id, definition.market)
            self.first_market_time = definition.market.market_time
        if definition.market != self.state:
            self.state = definition.market
            if self.states and self.states[-1][0] == published:
                self.states.pop()
            self.states.append((published, definition.market))
        for selection_id, facts in definition.runners.items():
            book = self.books.get(selection_id) or self._book({"id": selection_id})
            before = self.facts[book.facts] if book.facts >= 0 else None
            if facts.runner_name is None and before:
                facts = facts._replace(runner_name=before.runner_name)  # noqa: PLW2901 - a name once known stays
            book.facts = self._fact_index(facts)
            book.is_out = facts.status in REMOVED
        books = self.distinct_books()
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

    def distinct_books(self) -> list[RunnerBook]:
        """The runners' books."""
        return [book for key, book in self.books.items() if key == book.selection_id]


class StreamCache:
    """All markets of one file."""

    def __init__(self) -> None:
        """No markets yet."""
        self.markets: dict[str, MarketCache] = {}

    def apply(self, message: Message) -> None:
        """Apply one message; any but a market change message is passed over.

        Raises ``ValueError``, ``TypeError``, ``KeyError`` or ``AttributeError`` for one that has not its shape.
        """
        if message["op"] != "mcm" or "mc" not in message:
            return
        published = message["pt"]
        if published.__class__ is not int or published > LATEST_PUBLISHED:
            published = whole(published, "pt", LATEST_PUBLISHED)
        # An image in several segments is whole only when its first segment says so for each market.
        is_image = "ct" in message and message["ct"] == "SUB_IMAGE" and message.get("segmentType") in WHOLE_IMAGE
        markets = self.markets
        for change in message["mc"] or ():
            try:
                market = markets[change["id"]]
            except KeyError:
                market = self._market(change)
            if (
                market.is_full
                and "marketDefinition" not in change
                and not ("img" in change and change["img"])  # noqa: RUF019 - faster than get
                and not is_image
                and "rc" in change
                and published >= market.published
            ):
                try:
                    touched = market.apply_full(change["rc"])
                except (TypeError, ValueError):
                    market.apply(change, published, is_image)
                else:
                    market.write(touched, published)
            else:
                market.apply(change, published, is_image)

    def _market(self, change: Message) -> MarketCache:
        market_id = change["id"]
        if not isinstance(market_id, str) or not MARKET_ID.fullmatch(market_id):
            message = f"market id is {market_id!r}"
            raise ValueError(message)
        market = self.markets[market_id] = MarketCache(market_id)
        return market
