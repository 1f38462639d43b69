"""The catalogue's operations through the real client library."""

from __future__ import annotations

from typing import Any

import pytest
from betfairlightweight import filters
from betfairlightweight.exceptions import APIError

from tests.exchange_server.http_world import MARKET, PLACE_MARKET, RUNNER, Served, limit

EVERYTHING = [
    "COMPETITION",
    "EVENT",
    "EVENT_TYPE",
    "MARKET_START_TIME",
    "MARKET_DESCRIPTION",
    "RUNNER_DESCRIPTION",
    "RUNNER_METADATA",
]


def ids(served: Served, **wanted: Any) -> list[str]:
    """The markets that a filter finds."""
    found = served.client.betting.list_market_catalogue(filter=filters.market_filter(**wanted), max_results=10)
    return [market["marketId"] for market in found]


def test_groups_count_their_markets(served: Served) -> None:
    betting = served.client.betting
    assert betting.list_event_types() == [{"eventType": {"id": "7", "name": "Horse Racing"}, "marketCount": 2}]
    (event,) = betting.list_events()
    assert event["marketCount"] == 2
    assert event["event"] == {
        "id": "30000001",
        "name": "Ascot 2nd May",
        "countryCode": "GB",
        "timezone": "Europe/London",
        "venue": "Ascot",
        "openDate": "2026-05-02T14:00:00.000Z",
    }
    assert betting.list_market_types() == [
        {"marketType": "WIN", "marketCount": 1},
        {"marketType": "PLACE", "marketCount": 1},
    ]
    assert betting.list_venues() == [{"venue": "Ascot", "marketCount": 2}]
    assert betting.list_countries() == [{"countryCode": "GB", "marketCount": 2}]
    assert betting.list_competitions() == []


def test_the_librarys_own_classes_take_every_answer(served: Served) -> None:
    betting = served.client.betting
    assert betting.list_event_types(lightweight=False)[0].event_type.name == "Horse Racing"
    assert betting.list_events(lightweight=False)[0].event.venue == "Ascot"
    (win, place) = betting.list_market_catalogue(market_projection=EVERYTHING, max_results=100, lightweight=False)
    assert (win.market_id, place.market_id) == (MARKET, PLACE_MARKET)
    assert win.description.market_type == "WIN"
    assert win.description.market_base_rate == 5.0
    assert win.runners[0].metadata == {"runnerId": "101"}


def test_a_projection_says_what_is_told(served: Served) -> None:
    catalogue = served.client.betting.list_market_catalogue
    (bare, _) = catalogue(max_results=10)
    assert bare == {"marketId": MARKET, "marketName": "5f Hcap", "totalMatched": 0.0}
    (described, _) = catalogue(market_projection=["RUNNER_DESCRIPTION"], max_results=10)
    assert described["runners"][0] == {
        "selectionId": RUNNER,
        "runnerName": "Horse 1",
        "handicap": 0.0,
        "sortPriority": 1,
    }
    (started, _) = catalogue(market_projection=["MARKET_START_TIME"], max_results=10)
    assert started["marketStartTime"] == "2026-05-02T14:00:00.000Z"


@pytest.mark.parametrize(
    ("projection", "most", "is_too_much"),
    [
        (["MARKET_DESCRIPTION", "RUNNER_METADATA"], 100, False),
        (["MARKET_DESCRIPTION", "RUNNER_METADATA"], 101, True),
        (["RUNNER_METADATA"], 200, False),
        (["RUNNER_METADATA"], 201, True),
        (["EVENT", "EVENT_TYPE", "RUNNER_DESCRIPTION", "MARKET_START_TIME", "COMPETITION"], 1000, False),
    ],
)
def test_what_a_catalogue_may_weigh(served: Served, projection: list[str], most: int, *, is_too_much: bool) -> None:
    params = {"filter": {}, "marketProjection": projection, "maxResults": most}
    if is_too_much:
        assert served.error_of("listMarketCatalogue", params) == "TOO_MUCH_DATA"
    else:
        assert "result" in served.call("listMarketCatalogue", params)


def test_what_a_catalogue_refuses(served: Served) -> None:
    assert served.error_of("listMarketCatalogue", {"filter": {}}) == "DSC-0018"
    assert served.error_of("listMarketCatalogue", {"maxResults": 1}) == "DSC-0018"
    for wrong in ({"maxResults": 0}, {"maxResults": 1001}, {"maxResults": "many"}, {"sort": "BY_NAME"}):
        assert served.error_of("listMarketCatalogue", {"filter": {}, "maxResults": 1} | wrong) == "INVALID_INPUT_DATA"
    projection = {"marketProjection": ["RUNNERS"]}
    assert served.error_of("listMarketCatalogue", {"filter": {}, "maxResults": 1} | projection) == "INVALID_INPUT_DATA"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [MARKET, PLACE_MARKET]),
        ({"market_ids": [PLACE_MARKET, "1.999"]}, [PLACE_MARKET]),
        ({"market_type_codes": ["WIN"]}, [MARKET]),
        ({"event_type_ids": ["7"]}, [MARKET, PLACE_MARKET]),
        ({"event_type_ids": [7]}, [MARKET, PLACE_MARKET]),
        ({"event_type_ids": ["1"]}, []),
        ({"event_ids": ["30000001"]}, [MARKET, PLACE_MARKET]),
        ({"event_ids": ["1"]}, []),
        ({"competition_ids": ["1"]}, []),
        ({"venues": ["Ascot"]}, [MARKET, PLACE_MARKET]),
        ({"venues": ["York"]}, []),
        ({"market_countries": ["AU"]}, []),
        ({"market_betting_types": ["LINE"]}, []),
        ({"market_betting_types": ["ODDS"]}, [MARKET, PLACE_MARKET]),
        ({"bsp_only": True}, [MARKET, PLACE_MARKET]),
        ({"turn_in_play_enabled": False}, []),
        ({"in_play_only": True}, []),
        ({"text_query": "ascot placed"}, [PLACE_MARKET]),
        ({"race_types": ["Flat"]}, []),
        ({"market_start_time": filters.time_range(to="2026-05-02T14:00:00Z")}, [MARKET, PLACE_MARKET]),
        ({"market_start_time": filters.time_range(to="2026-05-02T13:59:59Z")}, []),
        ({"market_start_time": filters.time_range(from_="2026-05-02T14:00:01Z")}, []),
    ],
)
def test_filters(served: Served, wanted: dict[str, Any], found: list[str]) -> None:
    assert ids(served, **wanted) == found


def test_markets_with_orders_and_in_play_and_closed(served: Served) -> None:
    assert ids(served, with_orders=["EXECUTABLE"]) == []
    served.place(limit(), market_id=PLACE_MARKET)
    assert ids(served, with_orders=["EXECUTABLE"]) == [PLACE_MARKET]
    assert ids(served, with_orders=["EXECUTION_COMPLETE"]) == []
    served.tell(turn_in_play=MARKET)
    assert ids(served, in_play_only=True) == [MARKET]
    served.tell(settle={"market": MARKET, "winners": [RUNNER]})
    assert ids(served) == [PLACE_MARKET]


def test_sorted_by_what_was_traded(served: Served) -> None:
    served.book(traded=[[5.0, 100.0]], market_id=PLACE_MARKET)
    catalogue = served.client.betting.list_market_catalogue
    for sort, first in (("MAXIMUM_TRADED", PLACE_MARKET), ("MINIMUM_TRADED", MARKET), ("FIRST_TO_START", MARKET)):
        assert catalogue(sort=sort, max_results=1)[0]["marketId"] == first, sort
    served.book(back=[[5.0, 10.0]])
    assert catalogue(sort="MAXIMUM_AVAILABLE", max_results=1)[0]["marketId"] == MARKET


def test_a_wrong_filter_is_refused(served: Served) -> None:
    for wrong in ({"marketIds": "1.1"}, {"marketStartTime": {"from": "today"}}, {"marketBettingTypes": ["EVENS"]}):
        with pytest.raises(APIError):
            served.client.betting.list_event_types(filter=wrong)
