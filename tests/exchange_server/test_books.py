"""Books of markets and runners: projections, weights, depth, roll-up, the account's orders and matches."""

from __future__ import annotations

from typing import Any

import pytest
from betfairlightweight import filters

from tests.exchange_server.http_world import MARKET, PLACE_MARKET, RUNNER, Served, limit, times

BACK = [[5.0, 10.0], [4.9, 0.6], [4.8, 0.5], [4.7, 20.0], [4.6, 30.0]]
LAY = [[5.5, 0.5], [5.6, 0.3], [5.7, 40.0]]


def runner_of(served: Served, *data: str, market_id: str = MARKET, **more: Any) -> dict[str, Any]:
    projection = filters.price_projection(price_data=list(data), **more)
    (book,) = served.client.betting.list_market_book([market_id], price_projection=projection)
    found: dict[str, Any] = book["runners"][0]
    return found


def test_a_market_without_projection(served: Served) -> None:
    served.book(BACK, LAY, traded=[[5.0, 12.5]])
    served.advance(1)
    (book,) = served.client.betting.list_market_book([MARKET, "1.999", MARKET])
    runners = book.pop("runners")
    assert book == {
        "marketId": MARKET,
        "isMarketDataDelayed": False,
        "status": "OPEN",
        "betDelay": 0,
        "bspReconciled": False,
        "complete": True,
        "inplay": False,
        "numberOfWinners": 1,
        "numberOfRunners": 4,
        "numberOfActiveRunners": 4,
        "lastMatchTime": "2026-05-02T12:00:00.000Z",
        "totalMatched": 12.5,
        "totalAvailable": 101.9,
        "crossMatching": False,
        "runnersVoidable": False,
        "version": 1,
    }
    assert runners[0] == {
        "selectionId": RUNNER,
        "handicap": 0.0,
        "status": "ACTIVE",
        "adjustmentFactor": 25.5,
        "lastPriceTraded": 5.0,
        "totalMatched": 12.5,
    }


def test_the_librarys_own_classes_take_a_book(served: Served) -> None:
    served.book(BACK, LAY)
    served.place(limit("BACK", 5.0, 2.0))
    projection = filters.price_projection(["EX_BEST_OFFERS", "EX_TRADED", "SP_AVAILABLE", "SP_TRADED"])
    (book,) = served.client.betting.list_market_book(
        [MARKET],
        price_projection=projection,
        order_projection="ALL",
        match_projection="NO_ROLLUP",
        lightweight=False,
    )
    runner = book.runners[0]
    assert runner.ex.available_to_back[0].price == 5.0
    assert runner.sp.near_price == "NaN"
    assert runner.orders[0].size_matched == 2.0
    assert runner.matches[0].price == 5.0


def test_depth_and_roll_up(served: Served) -> None:
    served.book(BACK, LAY)
    best = runner_of(served, "EX_BEST_OFFERS")["ex"]
    assert best["availableToBack"] == [
        {"price": 5.0, "size": 10.0},
        {"price": 4.8, "size": 1.1},  # 60p are too little to be shown alone
        {"price": 4.7, "size": 20.0},
    ]
    assert best["availableToLay"] == [{"price": 5.7, "size": 40.8}]
    assert best["tradedVolume"] == []
    everything = runner_of(served, "EX_ALL_OFFERS")["ex"]
    assert [[level["price"], level["size"]] for level in everything["availableToBack"]] == BACK
    overrides = filters.ex_best_offers_overrides(best_prices_depth=2, rollup_model="NONE")
    raw = runner_of(served, "EX_BEST_OFFERS", ex_best_offers_overrides=overrides)["ex"]
    assert raw["availableToLay"] == [{"price": 5.5, "size": 0.5}, {"price": 5.6, "size": 0.3}]
    overrides = filters.ex_best_offers_overrides(rollup_model="PAYOUT", rollup_limit=100)
    paid = runner_of(served, "EX_BEST_OFFERS", ex_best_offers_overrides=overrides)["ex"]
    assert paid["availableToBack"][0] == {"price": 4.7, "size": 31.1}
    served.book(lay=[[5.5, 0.5], [5.6, 0.3]])
    assert runner_of(served, "EX_BEST_OFFERS")["ex"]["availableToLay"] == [{"price": 5.6, "size": 0.8}]
    rolled = runner_of(served, "EX_ALL_OFFERS", rollover_stakes=True)["ex"]
    assert rolled["availableToBack"][-1] == {"price": 4.6, "size": 61.1}


def test_traded_volume_and_starting_prices(served: Served) -> None:
    served.book(BACK, LAY, traded=[[5.0, 12.5], [4.9, 3.0]])
    assert runner_of(served, "EX_TRADED")["ex"] == {
        "availableToBack": [],
        "availableToLay": [],
        "tradedVolume": [{"price": 4.9, "size": 3.0}, {"price": 5.0, "size": 12.5}],
    }
    assert "ex" not in runner_of(served, "SP_AVAILABLE")
    served.tell(turn_in_play=MARKET)
    starting = runner_of(served, "SP_TRADED")["sp"]
    assert starting["actualSP"] > 1
    assert (starting["backStakeTaken"], starting["layLiabilityTaken"]) == ([], [])


@pytest.mark.parametrize(
    ("data", "depth", "most"),
    [
        ([], None, 100),
        (["SP_AVAILABLE"], None, 66),
        (["SP_TRADED"], None, 28),
        (["EX_BEST_OFFERS"], None, 40),
        (["EX_BEST_OFFERS"], 6, 20),
        (["EX_BEST_OFFERS"], 1, 120),
        (["EX_ALL_OFFERS"], None, 11),
        (["EX_ALL_OFFERS", "EX_BEST_OFFERS"], 10, 11),
        (["EX_TRADED"], None, 11),
        (["EX_BEST_OFFERS", "EX_TRADED"], None, 10),
        (["EX_ALL_OFFERS", "EX_TRADED"], None, 6),
        (["EX_BEST_OFFERS", "SP_AVAILABLE", "SP_TRADED"], None, 13),
    ],
)
def test_what_books_may_weigh(served: Served, data: list[str], depth: int | None, most: int) -> None:
    overrides = {"bestPricesDepth": depth} if depth else {}
    projection = {"priceData": data, "exBestOffersOverrides": overrides}
    params = {"priceProjection": projection, "marketIds": [MARKET] * most}
    assert "result" in served.call("listMarketBook", params)
    too_many = params | {"marketIds": [MARKET] * (most + 1)}
    assert served.error_of("listMarketBook", too_many) == "TOO_MUCH_DATA"


def test_what_a_book_read_refuses(served: Served) -> None:
    assert served.error_of("listMarketBook", {}) == "DSC-0018"
    assert served.error_of("listMarketBook", {"marketIds": []}) == "DSC-0018"
    assert served.error_of("listMarketBook", {"marketIds": MARKET}) == "DSC-0009"
    for wrong in (
        {"priceProjection": {"priceData": ["BEST"]}},
        {"priceProjection": {"exBestOffersOverrides": {"bestPricesDepth": 0}}},
        {"priceProjection": {"exBestOffersOverrides": {"rollupLimit": "NaN"}}},
        {"orderProjection": "SOME"},
        {"matchProjection": "SOME"},
        {"matchedSince": "yesterday"},
    ):
        assert served.error_of("listMarketBook", {"marketIds": [MARKET]} | wrong) == "INVALID_INPUT_DATA"


def test_orders_and_matches_of_a_book(served: Served) -> None:
    served.book([[5.0, 3.0], [4.9, 9.0]], LAY)
    matched = served.place_one("BACK", 4.9, 4.0)
    resting = served.place_one("LAY", 2.0, 2.0, selection_id=102)

    def books(**more: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = served.client.betting.list_market_book([MARKET], **more)[0]["runners"]
        return found

    first, second, third, _ = books(order_projection="ALL", match_projection="NO_ROLLUP")
    assert [order["betId"] for order in first["orders"]] == [matched]
    assert [(one["price"], one["size"], one["side"]) for one in first["matches"]] == [
        (5.0, 3.0, "BACK"),
        (4.9, 1.0, "BACK"),
    ]
    assert len({one["matchId"] for one in first["matches"]}) == 2
    assert [order["betId"] for order in second["orders"]] == [resting]
    assert second["matches"] == []
    assert "orders" not in third
    first, second, *_ = books(order_projection="EXECUTABLE")
    assert (first["orders"], len(second["orders"])) == ([], 1)
    assert "matches" not in first
    (by_average,) = books(match_projection="ROLLED_UP_BY_AVG_PRICE")[0]["matches"]
    assert by_average == {"side": "BACK", "price": 4.975, "size": 4.0}
    assert len(books(match_projection="ROLLED_UP_BY_PRICE")[0]["matches"]) == 2
    assert "orders" not in books(order_projection="ALL", bet_ids=[matched])[1]
    assert "orders" not in books(order_projection="ALL", customer_strategy_refs=["other"])[0]
    since = times(1)
    assert "orders" not in books(order_projection="ALL", matched_since=since)[0]
    assert books(order_projection="ALL", matched_since=since)[1]["orders"]


def test_one_runner(served: Served) -> None:
    served.book(BACK, LAY, selection_id=102)
    (book,) = served.client.betting.list_runner_book(
        MARKET, 102, price_projection=filters.price_projection(["EX_BEST_OFFERS"])
    )
    (runner,) = book["runners"]
    assert runner["selectionId"] == 102
    assert runner["ex"]["availableToBack"][0]["price"] == 5.0
    assert book["numberOfRunners"] == 4
    assert served.error_of("listRunnerBook", {"marketId": MARKET, "selectionId": 1}) == "INVALID_INPUT_DATA"
    assert served.error_of("listRunnerBook", {"marketId": "1.9", "selectionId": 1}) == "INVALID_INPUT_DATA"
    assert served.error_of("listRunnerBook", {"marketId": MARKET}) == "DSC-0018"


def test_a_removed_runner_and_a_closed_market(served: Served) -> None:
    served.tell(remove={"market": MARKET, "selection": 102})
    served.place(limit(), market_id=PLACE_MARKET)
    served.tell(settle={"market": PLACE_MARKET, "winners": [RUNNER, 103]})
    win, place = served.client.betting.list_market_book([MARKET, PLACE_MARKET], order_projection="ALL")
    assert (win["numberOfActiveRunners"], win["numberOfRunners"], win["status"]) == (3, 4, "OPEN")
    assert win["runners"][1]["status"] == "REMOVED"
    assert win["runners"][1]["removalDate"] == times(0)
    assert win["version"] > 1
    assert place["status"] == "CLOSED"
    assert [runner["status"] for runner in place["runners"]] == ["WINNER", "REMOVED", "WINNER", "LOSER"]
    assert not any("orders" in runner for runner in place["runners"])
