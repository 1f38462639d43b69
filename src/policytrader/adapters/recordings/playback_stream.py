"""Stream messages as events of the simulated exchange: whole definitions, whole ladders, in ticks and pennies.

The counterpart of ``stream``, which keeps only what a decision asks for. Here nothing is kept but what an image or a
shallow ladder needs; the books are the exchange's.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from policytrader.adapters.recordings import codes
from policytrader.adapters.recordings.definition import number, plain_deltas, whole
from policytrader.adapters.recordings.messages import (
    LADDER_KEYS,
    LATE_TOLERANCE_MILLISECONDS,
    LATEST_PUBLISHED,
    MARKET_ID,
    WHOLE_IMAGE,
    Depth,
)
from policytrader.adapters.recordings.playback_definition import UnplayableError, play_definition
from policytrader.errors import Diagnostic, Place, Severity
from policytrader.model.price import MIN_PRICE, PRICES
from policytrader.model.times import EPOCH
from policytrader.simulation.events import Event, Quote, Redefine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policytrader.adapters.recordings.book import Message
    from policytrader.simulation.definition import MarketDefinition

Levels = tuple[tuple[int, int], ...]

_FLOATS = [float(price) for price in PRICES]
_TICKS: dict[float, int] = {price: tick for tick, price in enumerate(_FLOATS)}
_MOST_REMEMBERED = 50_000
_MICROSECOND = timedelta(microseconds=1)


def publish_time(value: Any) -> int:
    """A message's publish time in milliseconds. ``ValueError`` for what is none."""
    return value if value.__class__ is int and 0 <= value <= LATEST_PUBLISHED else whole(value, "pt", LATEST_PUBLISHED)


class PlayedRunner:
    """What is remembered of a runner: the volume at each price, and the levels of a shallow ladder."""

    __slots__ = ("back", "last", "lay", "selection_id", "stands_between", "volume", "volumes")

    def __init__(self, selection_id: int) -> None:
        self.selection_id = selection_id
        self.clear()

    def clear(self) -> None:
        """Forget everything, as an image asks for."""
        self.volumes: dict[float, int] = {}
        self.stands_between = False
        self.volume = 0
        self.last: int | None = None
        self.clear_levels()

    def ticks(self) -> list[int]:
        """The ticks at which something was traded."""
        return sorted({tick_below(price) for price in self.volumes})

    def clear_levels(self) -> None:
        """Forget the levels of a shallow ladder."""
        self.back: dict[int, tuple[int, int]] = {}
        self.lay: dict[int, tuple[int, int]] = {}


class StreamPlayback:
    """All markets of the streams that are played. ``reading`` names the file that is read, for what is told.

    ``defined`` hears of each ``marketDefinition`` that says something new, or that the market cannot be played.
    """

    def __init__(self, tell: Callable[[Diagnostic], None], defined: Callable[[str, Any], None] | None = None) -> None:
        self.reading = ""
        self._tell = tell
        self._defined = defined
        self.markets: dict[str, PlayedMarket] = {}
        self._undefined: dict[str, str] = {}

    def apply(self, message: Message, at: int) -> list[Event]:
        """The events of one market change message, dated ``at`` (microseconds since 1970).

        Raises ``ValueError``, ``TypeError``, ``KeyError`` or ``AttributeError`` for a message that has not its shape.
        """
        moment = EPOCH + at * _MICROSECOND
        published = message["pt"]
        is_image = message.get("ct") == "SUB_IMAGE" and message.get("segmentType") in WHOLE_IMAGE
        events: list[Event] = []
        for change in message["mc"]:
            market = self.markets.get(change["id"]) or self._market(change["id"])
            if published < market.published:
                market.check_late(published)
            else:
                market.published = published
            image = change.get("img")
            image = is_image if image is None else image
            raw = change.get("marketDefinition")
            if raw is not None and market.is_playable:
                self._define(market, raw, moment, events)
            if not market.is_playable:
                continue
            if market.definition is None:
                self._undefined.setdefault(market.market_id, self.reading)
                continue
            deltas = change.get("rc") or []
            if image:
                deltas = plain_deltas(deltas)
            try:
                made = market.quotes(deltas, moment, image)
            except (TypeError, ValueError):
                # Numbers written as text, perhaps. To tell a change twice does no harm: its sizes are absolute.
                made = market.quotes(plain_deltas(deltas), moment, image)
            events += made
        return events

    def end(self) -> None:
        """Tell which markets were never defined, so that nothing of them was played."""
        for market_id, name in self._undefined.items():
            if self.markets[market_id].definition is None:
                message = f"market {market_id} is not played: no message has its marketDefinition"
                help_text = "A recording must begin with an image, or hold one. Record with EX_MARKET_DEF."
                self._tell(Diagnostic(Place(name), codes.NO_MARKET, message, help_text))

    def _define(self, market: PlayedMarket, raw: Any, moment: datetime, events: list[Event]) -> None:
        try:
            definition = play_definition(market.market_id, raw, market.definition)
        except UnplayableError as error:
            market.is_playable = False
            self._tell(not_played(market.market_id, self.reading, error))
            if self._defined:
                self._defined(market.market_id, raw)
            return
        if definition != market.definition:
            market.define(definition)
            if self._defined:
                self._defined(market.market_id, raw)
            events.append(Redefine(moment, definition))

    def _market(self, market_id: Any) -> PlayedMarket:
        if not isinstance(market_id, str) or not MARKET_ID.fullmatch(market_id):
            message = f"market id is {market_id!r}"
            raise ValueError(message)
        market = self.markets[market_id] = PlayedMarket(market_id)
        return market


def not_played(market_id: str, name: str, error: UnplayableError) -> Diagnostic:
    """What is told of a market that the simulated exchange has no rules for; ``name`` is where it was read."""
    message = f"market {market_id} is not played: {error}"
    return Diagnostic(Place(name), codes.NOT_SUPPORTED, message, severity=Severity.WARNING)


class PlayedMarket:
    """One market: how deep its stream is, and what is remembered of its runners."""

    def __init__(self, market_id: str) -> None:
        self.market_id = market_id
        self.definition: MarketDefinition | None = None
        self.is_playable = True
        self.published = 0
        self._depth = Depth.NONE
        self._runners: dict[Any, PlayedRunner] = {}

    @property
    def is_full(self) -> bool:
        """Whether its stream carries full ladders."""
        return self._depth is Depth.FULL

    def check_late(self, published: int) -> None:
        """A message may be a little late; much later means another recording."""
        late = self.published - published
        if late > LATE_TOLERANCE_MILLISECONDS:
            message = (
                f"the publish time of {self.market_id} goes back by {late / 1000:.0f} s: not one recording in order"
            )
            raise ValueError(message)

    def define(self, definition: MarketDefinition) -> None:
        """Take a new definition, and its runners where they are new."""
        self.definition = definition
        for runner in definition.runners:
            if runner.selection_id not in self._runners:
                self._runners[runner.selection_id] = PlayedRunner(runner.selection_id)

    def quotes(self, deltas: Sequence[Message], moment: datetime, is_image: bool) -> list[Quote]:  # noqa: FBT001 - hot
        """Runner changes as quotes. After an image a runner holds what the image says of it, and nothing else."""
        if is_image:
            self._depth = Depth.NONE
        made = self._deepen(deltas, moment) if self._depth is not Depth.FULL else []
        if is_image:
            return self._image(deltas, moment)
        for delta in deltas:
            runner = self._runners.get(delta["id"]) or self._known(delta)
            if runner is not None:
                made.append(self._quote(runner, delta, moment, False))  # noqa: FBT003 - hot
        return made

    def _quote(self, runner: PlayedRunner, delta: Message, moment: datetime, is_new: bool) -> Quote:  # noqa: FBT001 - hot
        """One change. ``is_new`` where the ladders replace what was there."""
        back: Levels | None = None
        lay: Levels | None = None
        traded: Levels | None = None
        if self._depth is Depth.FULL:
            if "atb" in delta:
                back = _levels(delta["atb"])
            if "atl" in delta:
                lay = _levels(delta["atl"])
        elif self._depth is not Depth.NONE:
            is_new = True
            keys = LADDER_KEYS[self._depth]
            if delta.get(keys[0]):
                back = _best_levels(runner.back, delta[keys[0]])
            if delta.get(keys[1]):
                lay = _best_levels(runner.lay, delta[keys[1]])
        last, is_repriced = None, False
        if "ltp" in delta:
            last = _price(delta["ltp"], "ltp")
            runner.last = None if last is None else tick_below(float(last))
        if delta.get("trd"):
            traded, is_repriced = trades(runner, delta["trd"])
        elif "tv" in delta:
            traded = _volume(runner, delta["tv"])
        near = _price(delta["spn"], "spn") if "spn" in delta else None
        far = _price(delta["spf"], "spf") if "spf" in delta else None
        return Quote(
            moment, self.market_id, runner.selection_id, back, lay, traded, last, is_new, near, far, is_repriced
        )

    def _image(self, deltas: Sequence[Message], moment: datetime) -> list[Quote]:
        """What the image says, each runner's first change as a whole; runners that it leaves out have no prices."""
        made = []
        before = {runner.selection_id: runner.ticks() for runner in self.distinct_runners()}
        for known in self.distinct_runners():
            known.clear()
        for delta in deltas:
            runner = self._known(delta)
            if runner is None:
                continue
            quote = self._quote(runner, delta, moment, False)  # noqa: FBT003
            gone = before.pop(runner.selection_id, None)
            if gone is not None:
                now = {tick for tick, _ in quote.traded or ()}
                zeros = tuple([(tick, 0) for tick in gone if tick not in now])
                traded = (quote.traded or ()) + zeros or None
                quote = quote._replace(back=quote.back or (), lay=quote.lay or (), traded=traded, replaces=True)
            made.append(quote)
        for selection_id, gone in before.items():
            zeros = tuple([(tick, 0) for tick in gone])
            made.append(Quote(moment, self.market_id, selection_id, (), (), zeros or None, replaces=True))
        return made

    def _deepen(self, deltas: Sequence[Message], moment: datetime) -> list[Quote]:
        """Read a deeper ladder from now on when one turns up: what is displayed also holds virtual prices."""
        for depth in (Depth.FULL, Depth.BEST, Depth.DISPLAYED):
            back, lay = LADDER_KEYS[depth]
            if depth > self._depth and any(back in delta or lay in delta for delta in deltas):
                was, self._depth = self._depth, depth
                for runner in self.distinct_runners():
                    runner.clear_levels()
                if was is not Depth.NONE:
                    runners = self.distinct_runners()
                    return [Quote(moment, self.market_id, one.selection_id, (), (), replaces=True) for one in runners]
                break
        return []

    def _known(self, delta: Message) -> PlayedRunner | None:
        """The runner of a change whose id may be written as text; None for one that no definition names."""
        written = delta["id"]
        runner = self._runners.get(whole(written, "runner id"))
        if runner is not None and written.__class__ is not int:
            self._runners[written] = runner
        return runner

    def distinct_runners(self) -> list[PlayedRunner]:
        """The runners that a definition has named."""
        return [runner for key, runner in self._runners.items() if key == runner.selection_id]


# --- Numbers --------------------------------------------------------------------------------------------------------


def _levels(entries: Sequence[Any]) -> Levels:
    """[price, size] as (tick, pennies). A price that is not on the ladder cannot be asked for and is left out."""
    try:
        return tuple([(_TICKS[price], int(size * 100 + 0.5) if size > 0 else 0) for price, size in entries])
    except KeyError:
        return _levels([entry for entry in entries if _floated(entry[0]) in _TICKS])


def _floated(value: Any) -> float:
    if value.__class__ not in {int, float}:
        raise TypeError
    return float(value)


def _best_levels(levels: dict[int, tuple[int, int]], entries: Sequence[Any]) -> Levels:
    """Apply [level, price, size], and give the whole ladder, best first."""
    for level, price, size in entries:
        if size > 0 and price in _TICKS:
            levels[level] = (_TICKS[price], int(size * 100 + 0.5))
        else:
            levels.pop(level, None)
    return tuple([levels[level] for level in sorted(levels)])


def trades(runner: PlayedRunner, entries: Sequence[Any]) -> tuple[Levels | None, bool]:
    """[price, size] as cumulative volume by tick, and whether it was re-priced.

    A price that a removal has reduced counts at the tick below it.
    """
    volumes = runner.volumes
    if len(entries) >= len(volumes) and not any(size > 0 for _, size in entries):
        return None, False  # zero at every price: an artefact of settlement
    is_repriced = False
    # All of them before the first counts: text raises TypeError, and is then told once more as numbers.
    for price, pennies in [(price + 0, int(size * 100 + 0.5) if size > 0 else 0) for price, size in entries]:
        is_repriced = is_repriced or pennies < volumes.get(price, 0)
        if pennies:
            volumes[price] = pennies
        else:
            volumes.pop(price, None)
    if not runner.stands_between:
        runner.stands_between = any(price not in _TICKS for price, _ in entries)
    if not runner.stands_between:
        return tuple([(_TICKS[price], volumes.get(price, 0)) for price, _ in entries]), is_repriced
    totals = dict.fromkeys([tick_below(price) for price, _ in entries], 0)
    for price, pennies in volumes.items():
        tick = tick_below(price)
        if tick in totals:
            totals[tick] += pennies
    return tuple(totals.items()), is_repriced


def _volume(runner: PlayedRunner, value: Any) -> Levels | None:
    """Volume without its prices counts at the last traded one."""
    volume = number(value, "tv")
    if volume is None or runner.last is None or (runner.volumes and not runner.volume):
        return None
    grown = int(volume * 100 + 0.5) - runner.volume
    if grown <= 0:
        return None
    price = _FLOATS[runner.last]
    runner.volume += grown
    runner.volumes[price] = runner.volumes.get(price, 0) + grown
    return ((runner.last, runner.volumes[price]),)


def tick_below(price: float) -> int:
    """The tick at a price, or the one below it."""
    tick = _TICKS.get(price)
    return max(0, bisect_right(_FLOATS, price) - 1) if tick is None else tick


_PRICES: dict[float, Decimal | None] = {}


def _price(value: Any, what: str) -> Decimal | None:
    """A price as it was written, on the ladder or not. Not finite or below every price is missing."""
    if value.__class__ is float:
        try:
            return _PRICES[value]
        except KeyError:
            if len(_PRICES) >= _MOST_REMEMBERED:
                _PRICES.clear()
    found = number(value, what)
    price = None if found is None else Decimal(str(found))
    if price is not None and price < MIN_PRICE:
        price = None
    if value.__class__ is float:
        _PRICES[value] = price
    return price
