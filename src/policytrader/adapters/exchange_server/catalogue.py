"""The catalogue's operations: event types, events, markets and what they can be grouped by."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from policytrader.adapters.exchange_server.api_errors import ApingCode, ApingError
from policytrader.adapters.exchange_server.market_filter import BETTING_TYPE, markets_of, read_market_filter
from policytrader.adapters.exchange_server.wire import milliseconds_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from policytrader.adapters.exchange_server.host import Host
    from policytrader.adapters.exchange_server.wire import Fields
    from policytrader.simulation.definition import MarketDefinition, RunnerDefinition
    from policytrader.simulation.market import Market

MAX_WEIGHT = 200
MAX_CATALOGUE = 1000

_EVENT_TYPES = {
    "1": "Soccer",
    "2": "Tennis",
    "4": "Cricket",
    "7": "Horse Racing",
    "4339": "Greyhound Racing",
    "7522": "Basketball",
}
_REGULATOR = "MALTA LOTTERIES AND GAMBLING AUTHORITY"
_RULES = (
    "Simulated market of policytrader. Dead heat rules and reduction factors apply as on the exchange; "
    "nothing here is real money."
)


class MarketProjection(StrEnum):
    """What of a market the catalogue tells."""

    COMPETITION = "COMPETITION"
    EVENT = "EVENT"
    EVENT_TYPE = "EVENT_TYPE"
    MARKET_START_TIME = "MARKET_START_TIME"
    MARKET_DESCRIPTION = "MARKET_DESCRIPTION"
    RUNNER_DESCRIPTION = "RUNNER_DESCRIPTION"
    RUNNER_METADATA = "RUNNER_METADATA"


_WEIGHTS = {MarketProjection.MARKET_DESCRIPTION: 1, MarketProjection.RUNNER_METADATA: 1}


class MarketSort(StrEnum):
    """Orders of the catalogue."""

    MINIMUM_TRADED = "MINIMUM_TRADED"
    MAXIMUM_TRADED = "MAXIMUM_TRADED"
    MINIMUM_AVAILABLE = "MINIMUM_AVAILABLE"
    MAXIMUM_AVAILABLE = "MAXIMUM_AVAILABLE"
    FIRST_TO_START = "FIRST_TO_START"
    LAST_TO_START = "LAST_TO_START"
    RANK = "RANK"


def list_event_types(host: Host, fields: Fields) -> list[dict[str, Any]]:
    """``listEventTypes``: sports, with how many markets each has."""
    groups = _grouped(host, fields, lambda definition: definition.event_type_id)
    return [{"eventType": _event_type(key), "marketCount": len(markets)} for key, markets in groups.items()]


def list_events(host: Host, fields: Fields) -> list[dict[str, Any]]:
    """``listEvents``: meetings or races, with how many markets each has."""
    groups = _grouped(host, fields, lambda definition: definition.event_id)
    return [{"event": _event(markets[0]), "marketCount": len(markets)} for markets in groups.values()]


def list_competitions(host: Host, fields: Fields) -> list[dict[str, Any]]:  # noqa: ARG001 - as every read is called
    """``listCompetitions``: none, races belong to no competition."""
    read_market_filter(fields)
    return []


def list_market_types(host: Host, fields: Fields) -> list[dict[str, Any]]:
    """``listMarketTypes``: WIN, PLACE and so on."""
    groups = _grouped(host, fields, lambda definition: definition.market_type)
    return [{"marketType": key, "marketCount": len(markets)} for key, markets in groups.items()]


def list_venues(host: Host, fields: Fields) -> list[dict[str, Any]]:
    """``listVenues``: courses."""
    groups = _grouped(host, fields, lambda definition: definition.venue)
    return [{"venue": key, "marketCount": len(markets)} for key, markets in groups.items()]


def list_countries(host: Host, fields: Fields) -> list[dict[str, Any]]:
    """``listCountries``: countries, by their code."""
    groups = _grouped(host, fields, lambda definition: definition.country_code)
    return [{"countryCode": key, "marketCount": len(markets)} for key, markets in groups.items()]


def list_market_catalogue(host: Host, fields: Fields) -> list[dict[str, Any]]:
    """``listMarketCatalogue``: what is known of markets beside prices. Closed markets are not in it."""
    wanted = read_market_filter(fields)
    projections = frozenset(fields.choices("marketProjection", MarketProjection))
    sort = fields.choice("sort", MarketSort)
    most = fields.require("maxResults", fields.whole("maxResults"))
    if not 1 <= most <= MAX_CATALOGUE:
        fields.refuse("maxResults", f"must be 1 to {MAX_CATALOGUE}")
    if sum(_WEIGHTS.get(projection, 0) for projection in projections) * most > MAX_WEIGHT:
        raise ApingError(ApingCode.TOO_MUCH_DATA, "data weight x maxResults is more than 200")
    found = _sorted(markets_of(host, wanted), sort)
    return [_market(market, projections) for market in found[:most]]


def event_type_name(event_type_id: str) -> str:
    """The sport's name."""
    return _EVENT_TYPES.get(event_type_id, f"Event type {event_type_id}")


def _grouped(
    host: Host, fields: Fields, key: Callable[[MarketDefinition], str | None]
) -> dict[str, list[MarketDefinition]]:
    groups: dict[str, list[MarketDefinition]] = {}
    for market in markets_of(host, read_market_filter(fields)):
        value = key(market.definition)
        if value is not None:
            groups.setdefault(value, []).append(market.definition)
    return groups


def _sorted(markets: Iterable[Market], sort: MarketSort | None) -> list[Market]:
    found = list(markets)
    match sort:
        case MarketSort.FIRST_TO_START | MarketSort.LAST_TO_START:
            found.sort(key=lambda market: market.definition.start, reverse=sort is MarketSort.LAST_TO_START)
        case MarketSort.MINIMUM_TRADED | MarketSort.MAXIMUM_TRADED:
            found.sort(key=lambda market: market.total_matched, reverse=sort is MarketSort.MAXIMUM_TRADED)
        case MarketSort.MINIMUM_AVAILABLE | MarketSort.MAXIMUM_AVAILABLE:
            found.sort(key=total_available, reverse=sort is MarketSort.MAXIMUM_AVAILABLE)
        case MarketSort.RANK | None:
            pass
    return found


def total_available(market: Market) -> Any:
    """Everything that is displayed in a market, both sides of every runner, in pounds."""
    return sum(
        size
        for book in market.books.values()
        for levels in (book.available_to_back(), book.available_to_lay())
        for _, size in levels
    )


def _market(market: Market, projections: frozenset[MarketProjection]) -> dict[str, Any]:
    definition = market.definition
    answer: dict[str, Any] = {"marketId": definition.market_id, "marketName": definition.name}
    if MarketProjection.MARKET_START_TIME in projections:
        answer["marketStartTime"] = milliseconds_time(definition.start)
    if MarketProjection.MARKET_DESCRIPTION in projections:
        answer["description"] = _description(definition)
    answer["totalMatched"] = market.total_matched
    has_metadata = MarketProjection.RUNNER_METADATA in projections
    if has_metadata or MarketProjection.RUNNER_DESCRIPTION in projections:
        answer["runners"] = [_runner(runner, has_metadata=has_metadata) for runner in definition.runners]
    if MarketProjection.EVENT_TYPE in projections:
        answer["eventType"] = _event_type(definition.event_type_id)
    if MarketProjection.EVENT in projections:
        answer["event"] = _event(definition)
    return answer


def _description(definition: MarketDefinition) -> dict[str, Any]:
    start = milliseconds_time(definition.start)
    answer: dict[str, Any] = {
        "persistenceEnabled": definition.turns_in_play,
        "bspMarket": definition.is_bsp,
        "marketTime": start,
        "suspendTime": start,
        "bettingType": BETTING_TYPE,
        "turnInPlayEnabled": definition.turns_in_play,
        "marketType": definition.market_type,
        "regulator": _REGULATOR,
        "marketBaseRate": definition.base_rate,
        "discountAllowed": True,
        "wallet": "UK wallet",
        "rules": _RULES,
        "rulesHasDate": False,
    }
    if definition.each_way_divisor is not None:
        answer["eachWayDivisor"] = definition.each_way_divisor
    if definition.race_type is not None:
        answer["raceType"] = definition.race_type
    answer["priceLadderDescription"] = {"type": "CLASSIC"}
    return answer


def _runner(runner: RunnerDefinition, *, has_metadata: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "selectionId": runner.selection_id,
        "runnerName": runner.name,
        "handicap": runner.handicap,
        "sortPriority": runner.sort_priority,
    }
    if has_metadata:
        answer["metadata"] = {**dict(runner.metadata), "runnerId": str(runner.selection_id)}
    return answer


def _event_type(event_type_id: str) -> dict[str, str]:
    return {"id": event_type_id, "name": event_type_name(event_type_id)}


def _event(definition: MarketDefinition) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": definition.event_id, "name": definition.event_name}
    if definition.country_code is not None:
        answer["countryCode"] = definition.country_code
    answer["timezone"] = definition.timezone
    if definition.venue is not None:
        answer["venue"] = definition.venue
    answer["openDate"] = milliseconds_time(definition.open_date or definition.start)
    return answer
