"""What a client asks for: the filters of market and order subscriptions, read strictly.

A name that the exchange does not know is refused, since a filter with a slip in it would stream everything. Numbers out
of bounds are moved to the bound, as the exchange does, and echoed in the image.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NoReturn

import orjson

from policytrader.adapters.exchange_server.stream_errors import StreamCode, StreamRefusal

if TYPE_CHECKING:
    from policytrader.simulation.definition import MarketDefinition

DEEPEST_LEVEL = 10
_DEFAULT_LEVELS = 3
_HEARTBEAT_BOUNDS = (500, 5000)
_CONFLATE_BOUNDS = (0, 120_000)


class Field(StrEnum):
    """What a market subscription may carry."""

    EX_BEST_OFFERS_DISP = "EX_BEST_OFFERS_DISP"
    EX_BEST_OFFERS = "EX_BEST_OFFERS"
    EX_ALL_OFFERS = "EX_ALL_OFFERS"
    EX_TRADED = "EX_TRADED"
    EX_TRADED_VOL = "EX_TRADED_VOL"
    EX_LTP = "EX_LTP"
    EX_MARKET_DEF = "EX_MARKET_DEF"
    SP_TRADED = "SP_TRADED"
    SP_PROJECTED = "SP_PROJECTED"


@dataclass(frozen=True, slots=True)
class MarketFilter:
    """Which markets. An empty set, or None, restricts nothing."""

    market_ids: frozenset[str] = frozenset()
    event_type_ids: frozenset[str] = frozenset()
    event_ids: frozenset[str] = frozenset()
    market_types: frozenset[str] = frozenset()
    venues: frozenset[str] = frozenset()
    country_codes: frozenset[str] = frozenset()
    betting_types: frozenset[str] = frozenset()
    race_types: frozenset[str] = frozenset()
    is_bsp: bool | None = None
    turns_in_play: bool | None = None

    def matches(self, market: MarketDefinition) -> bool:
        """Whether the subscription covers that market."""
        sets = (
            (self.market_ids, market.market_id),
            (self.event_type_ids, market.event_type_id),
            (self.event_ids, market.event_id),
            (self.market_types, market.market_type),
            (self.venues, market.venue),
            (self.country_codes, market.country_code),
            (self.betting_types, "ODDS"),
            (self.race_types, market.race_type),
        )
        return (
            all(not wanted or found in wanted for wanted, found in sets)
            and self.is_bsp in {None, market.is_bsp}
            and self.turns_in_play in {None, market.turns_in_play}
        )


@dataclass(frozen=True, slots=True)
class MarketDataFilter:
    """Which facts of a market, and how many levels of its best prices."""

    fields: frozenset[Field] = frozenset(Field)
    levels: int = _DEFAULT_LEVELS


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders. An empty set of strategies restricts nothing; the overall position is never restricted by them."""

    has_overall_position: bool = True
    strategies: frozenset[str] = frozenset()
    has_strategy_positions: bool = False

    def includes(self, strategy: str | None) -> bool:
        """Whether orders of that strategy are streamed."""
        return not self.strategies or (strategy or "") in self.strategies


@dataclass(frozen=True, slots=True)
class Pace:
    """How often: the heartbeat and the conflation, in milliseconds of the machine's time."""

    heartbeat_milliseconds: int
    conflate_milliseconds: int


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where a client that was cut off stopped reading, in the two tokens it was given."""

    initial_clock: str
    clock: str


def read_market_filter(raw: Any) -> MarketFilter:
    """Read ``marketFilter``. Raises ``StreamRefusal`` for one that has not its shape."""
    names = {
        "marketIds": "market_ids",
        "eventTypeIds": "event_type_ids",
        "eventIds": "event_ids",
        "marketTypes": "market_types",
        "venues": "venues",
        "countryCodes": "country_codes",
        "bettingTypes": "betting_types",
        "raceTypes": "race_types",
    }
    flags = {"bspMarket": "is_bsp", "turnInPlayEnabled": "turns_in_play"}
    given = _object(raw, "marketFilter", {*names, *flags})
    values: dict[str, Any] = {names[key]: _texts(given, key) for key in given if key in names}
    values |= {flags[key]: _flag(given, key) for key in given if key in flags}
    return MarketFilter(**values)


def read_data_filter(raw: Any) -> MarketDataFilter:
    """Read ``marketDataFilter``; without fields it asks for all of them."""
    given = _object(raw, "marketDataFilter", {"fields", "ladderLevels"})
    fields = _texts(given, "fields")
    unknown = sorted(fields - set(Field))
    if unknown:
        _refuse(f"marketDataFilter.fields has no {', '.join(unknown)}; it may have {', '.join(Field)}")
    levels = _whole(given, "ladderLevels", _DEFAULT_LEVELS, (1, DEEPEST_LEVEL))
    return MarketDataFilter(frozenset(map(Field, fields)) or frozenset(Field), levels)


def read_order_filter(raw: Any) -> OrderFilter:
    """Read ``orderFilter``."""
    keys = {"includeOverallPosition", "customerStrategyRefs", "partitionMatchedByStrategyRef", "accountIds"}
    given = _object(raw, "orderFilter", keys)
    return OrderFilter(
        has_overall_position=_flag(given, "includeOverallPosition") is not False,
        strategies=_texts(given, "customerStrategyRefs"),
        has_strategy_positions=_flag(given, "partitionMatchedByStrategyRef") is True,
    )


def read_pace(request: dict[str, Any]) -> Pace:
    """Read ``heartbeatMs`` (500 to 5000, else the slowest) and ``conflateMs`` (0 to 120,000, else none)."""
    slowest = _HEARTBEAT_BOUNDS[1]
    return Pace(
        heartbeat_milliseconds=_whole(request, "heartbeatMs", slowest, _HEARTBEAT_BOUNDS),
        conflate_milliseconds=_whole(request, "conflateMs", 0, _CONFLATE_BOUNDS),
    )


def read_resumption(request: dict[str, Any]) -> Resumption | None:
    """Read ``initialClk`` and ``clk``: both, or neither."""
    initial, clock = (_text(request, key) for key in ("initialClk", "clk"))
    if initial and clock:
        return Resumption(initial, clock)
    if initial or clock:
        raise StreamRefusal(StreamCode.INVALID_CLOCK, "send both initialClk and clk of the last messages, or neither")
    return None


def criteria_digest(*filters: object) -> str:
    """A short name for what was asked for: a client may go on only where it asks for the same again."""
    plain = [
        {name: sorted(value) if isinstance(value, frozenset) else value for name, value in _fields_of(one)}
        for one in filters
    ]
    return hashlib.sha256(orjson.dumps(plain)).hexdigest()[:12]


def _fields_of(one: Any) -> list[tuple[str, Any]]:
    return [(name, getattr(one, name)) for name in one.__dataclass_fields__]


def _object(raw: Any, what: str, known: set[str]) -> dict[str, Any]:
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        _refuse(f"{what} must be an object")
    unknown = sorted(raw.keys() - known)
    if unknown:
        _refuse(f"{what} has no {', '.join(unknown)}; it may have {', '.join(sorted(known))}")
    return raw


def _texts(given: dict[str, Any], key: str) -> frozenset[str]:
    values = given.get(key)
    if values is None:
        return frozenset()
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        _refuse(f"{key} must be a list of texts")
    return frozenset(values)


def _text(given: dict[str, Any], key: str) -> str | None:
    value = given.get(key)
    if value is not None and not isinstance(value, str):
        _refuse(f"{key} must be a text")
    return value


def _flag(given: dict[str, Any], key: str) -> bool | None:
    value = given.get(key)
    if value is not None and not isinstance(value, bool):
        _refuse(f"{key} must be true or false")
    return value


def _whole(given: dict[str, Any], key: str, default: int, bounds: tuple[int, int]) -> int:
    value = given.get(key)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool):
        _refuse(f"{key} must be a whole number")
    low, high = bounds
    return min(max(value, low), high)


def _refuse(sentence: str) -> NoReturn:
    raise StreamRefusal(StreamCode.INVALID_INPUT, sentence)
