"""The control: every command, what is refused, and a ledger that does not change by itself."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from tests.exchange_server.http_world import (
    MARKET,
    PATIENCE_SECONDS,
    PLACE_MARKET,
    RUNNER,
    Served,
    limit,
    open_served,
    times,
)


def status_of(served: Served, market_id: str = MARKET) -> tuple[str, int]:
    (book,) = served.client.betting.list_market_book([market_id])
    return book["status"], book["version"]


def test_time_advances_by_what_is_told(served: Served) -> None:
    assert served.tell(advance=0) == {"now": "2026-05-02T12:00:00Z"}
    assert served.tell(advance=600) == {"now": "2026-05-02T12:10:00Z"}
    assert served.tell(advance=0.25) == {"now": "2026-05-02T12:10:00.250000Z"}
    assert served.ledger()["now"] == "2026-05-02T12:10:00.250000Z"


def test_suspended_and_reopened(served: Served) -> None:
    assert served.tell(suspend=MARKET) == {"now": "2026-05-02T12:00:00Z"}
    status, version = status_of(served)
    assert status == "SUSPENDED"
    assert served.place(limit())["errorCode"] == "MARKET_SUSPENDED"
    served.tell(reopen=MARKET)
    assert status_of(served)[0] == "OPEN"
    assert status_of(served)[1] > version


def test_a_removal_in_every_market_of_the_race(served: Served) -> None:
    served.book([[10.0, 50.0]], [[11.0, 50.0]], market_id=PLACE_MARKET)
    served.book([[10.0, 50.0]], [[11.0, 50.0]])
    for market_id in (MARKET, PLACE_MARKET):
        served.place_one("BACK", 10.0, 2.0, market_id=market_id)
        served.place_one("BACK", 2.0, 2.0, selection_id=102, market_id=market_id)
    before = status_of(served)[1]
    served.tell(remove={"market": MARKET, "selection": 102, "factor": 27.58})
    assert status_of(served) == ("OPEN", before + 2)
    assert [order["averagePriceMatched"] for order in served.current()] == [7.24, 0.0, 7.52, 0.0]
    assert [order["sizeLapsed"] for order in served.current()] == [0.0, 2.0, 0.0, 2.0]
    win, place = served.ledger()["matches"]
    assert (win["price"], place["price"]) == (10.0, 10.0)
    assert place["adjustments"] == [
        {
            "time": "2026-05-02T12:00:00.000Z",
            "selectionId": 102,
            "factor": 27.58,
            "oldPrice": 10.0,
            "newPrice": 7.52,
            "size": 2.0,
            "isVoid": False,
        }
    ]
    assert "already removed" in served.refused({"remove": {"market": PLACE_MARKET, "selection": 102}})


def test_the_recorded_place_removals_one_after_the_other(served: Served) -> None:
    served.book([[10.0, 50.0]], [[11.0, 50.0]], market_id=PLACE_MARKET)
    served.place_one("BACK", 10.0, 2.0, market_id=PLACE_MARKET)
    prices = []
    for selection_id, factor in ((102, 27.58), (103, 8.37), (104, 2.41)):
        served.tell(remove={"market": PLACE_MARKET, "selection": selection_id, "factor": factor})
        prices.append(served.current()[0]["averagePriceMatched"])
    assert prices == [7.52, 6.97, 6.83]
    (match,) = served.ledger()["matches"]
    assert [one["newPrice"] for one in match["adjustments"]] == prices


def test_each_fragment_is_told_with_its_own_adjustments(served: Served) -> None:
    served.book([[10.0, 2.0], [9.8, 2.0]], [], market_id=PLACE_MARKET)
    served.place_one("BACK", 9.8, 4.0, market_id=PLACE_MARKET)
    for selection_id, factor in ((102, 27.58), (103, 8.37)):
        served.tell(remove={"market": PLACE_MARKET, "selection": selection_id, "factor": factor})
    first, second = served.ledger()["matches"]
    assert [(one["oldPrice"], one["newPrice"]) for one in first["adjustments"]] == [(10.0, 7.52), (7.52, 6.97)]
    assert [(one["oldPrice"], one["newPrice"]) for one in second["adjustments"]] == [(9.8, 7.37), (7.37, 6.84)]


def test_a_match_on_the_removed_runner_is_void(served: Served) -> None:
    served.book([[10.0, 50.0]], [])
    served.place_one("BACK", 10.0, 2.0)
    served.tell(remove={"market": PLACE_MARKET, "selection": RUNNER})
    ledger = served.ledger()
    (order,), (match,) = ledger["orders"], ledger["matches"]
    assert (order["sizeMatched"], order["sizeVoided"]) == (0.0, 2.0)
    assert [(one["isVoid"], one["oldPrice"], one["newPrice"]) for one in match["adjustments"]] == [(True, 10.0, None)]
    assert ledger["funds"]["exposure"] == 0


def test_the_off(served: Served) -> None:
    served.place(limit(), limit(persistence="PERSIST"))
    served.tell(turn_in_play=MARKET)
    (book,) = served.client.betting.list_market_book([MARKET])
    assert (book["status"], book["inplay"], book["bspReconciled"], book["betDelay"]) == ("OPEN", True, True, 5)
    assert [order["sizeLapsed"] for order in served.current()] == [2.0, 0.0]
    assert "already in play" in served.refused({"turn_in_play": MARKET})


@pytest.mark.parametrize(("winners", "profit"), [([RUNNER], 8.0), ([102], -2.0), ([RUNNER, 102], 3.0)])
def test_settled_with_a_dead_heat_if_need_be(served: Served, winners: list[int], profit: float) -> None:
    served.book([[5.0, 50.0]], [])
    served.place_one("BACK", 5.0, 2.0)
    served.tell(settle={"market": MARKET, "winners": winners})
    (row,) = served.client.betting.list_cleared_orders()["clearedOrders"]
    assert row["profit"] == profit
    assert "is closed" in served.refused({"settle": {"market": MARKET, "winners": [RUNNER]}})
    assert "is closed" in served.refused({"book": {"market": MARKET, "selection": RUNNER, "back": []}})


def test_a_place_market_shares_the_places_that_are_left(served: Served) -> None:
    served.book([[3.0, 50.0]], [], market_id=PLACE_MARKET)
    served.book([[3.0, 50.0]], [], market_id=PLACE_MARKET, selection_id=102)
    served.place_one("BACK", 3.0, 10.0, market_id=PLACE_MARKET)
    served.place_one("BACK", 3.0, 10.0, market_id=PLACE_MARKET, selection_id=102)
    served.tell(settle={"market": PLACE_MARKET, "winners": [RUNNER, 102, 103]})
    rows = served.client.betting.list_cleared_orders()["clearedOrders"]
    assert [row["profit"] for row in rows] == [20.0, 5.0]


def test_a_book_replaces_the_sides_that_it_names(served: Served) -> None:
    def offers() -> list[list[list[float]]]:
        projection = {"priceData": ["EX_ALL_OFFERS", "EX_TRADED"]}
        (book,) = served.client.betting.list_market_book([MARKET], price_projection=projection)
        shown = book["runners"][0]["ex"]
        return [
            [[level["price"], level["size"]] for level in shown[side]]
            for side in ("availableToBack", "availableToLay", "tradedVolume")
        ]

    served.book([[5.0, 10.0], [4.9, 3.0]], [[5.5, 4.0]], traded=[[5.0, 100.0]])
    assert offers() == [[[5.0, 10.0], [4.9, 3.0]], [[5.5, 4.0]], [[5.0, 100.0]]]
    served.book([[4.8, 1.25]])
    assert offers() == [[[4.8, 1.25]], [[5.5, 4.0]], [[5.0, 100.0]]]
    served.book(lay=[], traded=[[4.8, 20.0]])
    assert offers() == [[[4.8, 1.25]], [], [[4.8, 20.0], [5.0, 100.0]]]
    served.place_one("BACK", 4.8, 1.0)
    assert offers()[0] == [[4.8, 0.25]]
    served.book([[4.8, 1.25]])
    assert offers()[0] == [[4.8, 1.25]]


SELECTION = {"market": MARKET, "selection": RUNNER}


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"advance": 1, "advance": 2}', "names a key twice"),
        (b'{"remove": {"market": "1.100000001", "selection": 101, "selection": 102}}', "names a key twice"),
        ([], "one command"),
        ({}, "one command"),
        ({"advance": 1, "suspend": MARKET}, "one command"),
        ({"resume": MARKET}, "no command `resume`"),
        ({"advance": -1}, "0 to"),
        ({"advance": "60"}, "number"),
        ({"advance": True}, "number"),
        ({"advance": None}, "number"),
        (b'{"advance": NaN}', "finite"),
        (b'{"advance": Infinity}', "finite"),
        ({"advance": 10**8}, "0 to"),
        (b'{"advance": 1e400000000000000000000}', "not JSON"),
        ({"suspend": "1.9"}, "no market 1.9"),
        ({"suspend": ["1.9"]}, "no market"),
        ({"reopen": MARKET}, "OPEN"),
        ({"turn_in_play": 5}, "no market"),
        ({"remove": MARKET}, "market, selection"),
        ({"remove": {"market": MARKET}}, "market, selection"),
        ({"remove": {**SELECTION, "reason": "lame"}}, "factor"),
        ({"remove": {**SELECTION, "selection": 1}}, "no runner 1"),
        ({"remove": {**SELECTION, "selection": "101"}}, "whole number"),
        ({"remove": {**SELECTION, "factor": 100}}, "100"),
        ({"remove": {**SELECTION, "factor": -1}}, "-1"),
        ({"remove": {**SELECTION, "factor": "all"}}, "number"),
        ({"settle": {"market": MARKET}}, "winners"),
        ({"settle": {"market": MARKET, "winners": []}}, "at least one"),
        ({"settle": {"market": MARKET, "winners": RUNNER}}, "list"),
        ({"settle": {"market": MARKET, "winners": [1]}}, "no runner 1"),
        ({"settle": {"market": MARKET, "winners": [RUNNER, RUNNER]}}, "twice"),
        ({"book": SELECTION}, "at least one"),
        ({"book": {**SELECTION, "back": [[5.05, 2]]}}, "5.05 is not a price of the ladder"),
        ({"book": {**SELECTION, "back": [[5.0, -2]]}}, "-2"),
        ({"book": {**SELECTION, "back": [[5.0, 0.001]]}}, "0.001"),
        ({"book": {**SELECTION, "back": [[5.0]]}}, "[price, size]"),
        ({"book": {**SELECTION, "back": {"5.0": 2}}}, "[price, size]"),
        ({"book": {**SELECTION, "back": [[5.0, 2], [5.0, 3]]}}, "twice"),
        ({"book": {**SELECTION, "back": [[5.0, 2]], "lay": [[5.0, 3]]}}, "matched"),
        ({"book": {**SELECTION, "best": [[5.0, 2]]}}, "back"),
        ({"faults": {}}, "list"),
    ],
)
def test_a_wrong_command_says_why_and_does_nothing(served: Served, command: Any, says: str) -> None:
    before = served.ledger(), status_of(served)
    sentence = served.refused(command)
    assert says in sentence
    assert len(sentence) < 400
    assert (served.ledger(), status_of(served)) == before


def test_a_removed_runner_neither_wins_nor_has_prices(served: Served) -> None:
    served.tell(remove={"market": MARKET, "selection": RUNNER})
    assert "removed" in served.refused({"settle": {"market": MARKET, "winners": [RUNNER, 102]}})
    assert "removed" in served.refused({"book": {**SELECTION, "back": [[5.0, 2.0]]}})


def test_the_ledger_is_the_same_bytes_while_nothing_happens(served: Served) -> None:
    served.book([[5.0, 1.0]], [])
    served.advance(0.123456)
    served.place(limit("BACK", 5.0, 2.0, order_ref="mine"), customer_strategy_ref="ladder")
    served.place(limit("BACK", 9.0, 2.0))
    url = served.facts["control"]
    first, second = (served.http.get(url, timeout=PATIENCE_SECONDS).content for _ in range(2))
    served.client.betting.list_current_orders()
    assert first == second == served.http.get(url, timeout=PATIENCE_SECONDS).content
    ledger = served.ledger()
    assert list(ledger) == ["now", "orders", "matches", "funds", "faults"]
    mine, other = ledger["orders"]
    assert mine["placedDate"] == mine["matchedDate"] == "2026-05-02T12:00:00.123Z"
    assert (mine["customerOrderRef"], mine["customerStrategyRef"]) == ("mine", "ladder")
    assert (other["customerOrderRef"], other["customerStrategyRef"]) == (None, None)
    (match,) = ledger["matches"]
    assert match == {
        "betId": mine["betId"],
        "price": 5.0,
        "size": 1.0,
        "time": "2026-05-02T12:00:00.123Z",
        "adjustments": [],
    }
    assert ledger["funds"]["exposure"] == -4.0
    assert served.current()[0]["placedDate"] == times(0)


def test_the_ledger_keeps_lapsed_and_settled_orders(served: Served) -> None:
    served.book([[5.0, 1.0]], [])
    served.place_one("BACK", 5.0, 2.0)
    served.tell(settle={"market": MARKET, "winners": [102]})
    assert served.current() == []
    (order,) = served.ledger()["orders"]
    assert (order["sizeMatched"], order["sizeLapsed"], order["status"]) == (1.0, 1.0, "EXECUTION_COMPLETE")


def test_the_streams_certificate_is_handed_out(served: Served) -> None:
    answer = served.http.get(f"{served.facts['control']}certificate", timeout=PATIENCE_SECONDS)
    assert answer.text.startswith("-----BEGIN CERTIFICATE-----")


def test_the_control_also_answers_without_its_last_slash(served: Served) -> None:
    served.facts["control"] = served.facts["control"].rstrip("/")
    assert served.tell(advance=1) == {"now": "2026-05-02T12:00:01Z"}
    assert served.ledger()["now"] == "2026-05-02T12:00:01Z"


def test_time_runs_by_itself_above_speed_0_and_can_still_be_advanced() -> None:
    with open_served(speed=600.0) as served:
        times_seen = [datetime.fromisoformat(served.tell(advance=seconds)["now"]) for seconds in (0, 3600, 0)]
        served.host.stopping.wait(0.2)
        times_seen.append(datetime.fromisoformat(served.ledger()["now"]))
    steps = [(later - earlier).total_seconds() for earlier, later in pairwise(times_seen)]
    assert 3600 <= steps[0] < 7200
    assert steps[1] < 3600
    assert 20 < steps[2] < 3600
