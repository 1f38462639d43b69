"""Answers have the keys that the exchange's recorded answers have, and no others than those listed here."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from betfairlightweight import filters

from tests.exchange_server.http_world import MARKET, PLACE_MARKET, RUNNER, Served, limit

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from pathlib import Path


@pytest.fixture(scope="module")
def recorded(shared_data: Path) -> Path:
    return shared_data / "betfair" / "api"


def result_of(recorded: Path, name: str) -> Any:
    path = recorded / name
    text = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
    return json.loads(text)["result"]


NONE: frozenset[str] = frozenset()


def check(
    ours: dict[str, Any], recorded: dict[str, Any], *, missing: AbstractSet[str] = NONE, added: AbstractSet[str] = NONE
) -> None:
    """Both have the same keys, but for those named, and values of the same JSON types."""
    assert (recorded.keys() - ours.keys(), ours.keys() - recorded.keys()) == (missing, added)
    for key in recorded.keys() & ours.keys():
        same = {
            float if isinstance(one[key], int) and not isinstance(one[key], bool) else type(one[key])
            for one in (ours, recorded)
        }
        assert len(same) == 1, (key, ours[key], recorded[key])


@pytest.fixture
def traded(served: Served) -> Served:
    """A matched and a resting bet of ours, each with its references."""
    served.book([[5.0, 50.0]], [[5.5, 50.0]], traded=[[5.0, 20.0]])
    served.place(
        limit("BACK", 5.0, 4.0, order_ref="matched"),
        limit("BACK", 9.0, 4.0, order_ref="resting"),
        customer_ref="request",
        customer_strategy_ref="ladder",
    )
    return served


def test_catalogue(served: Served, recorded: Path) -> None:
    betting = served.client.betting
    check(betting.list_event_types()[0], result_of(recorded, "list-event-types.json")[0])
    check(betting.list_venues()[0], result_of(recorded, "list-venues.json")[0])
    check(betting.list_market_types()[0], result_of(recorded, "list-market-types.json")[0])
    projection = ["EVENT", "MARKET_DESCRIPTION", "RUNNER_METADATA"]
    ours = betting.list_market_catalogue(market_projection=projection, max_results=100)[0]
    theirs = result_of(recorded, "list-market-catalogue-100-win-markets.json.gz")[0]
    check(ours, theirs)
    check(ours["event"], theirs["event"])
    check(ours["description"], theirs["description"], missing={"raceType"} - ours["description"].keys())
    check(ours["runners"][0], theirs["runners"][0])


def test_books(traded: Served, recorded: Path) -> None:
    projection = filters.price_projection(["EX_ALL_OFFERS", "EX_TRADED", "SP_TRADED"])
    (ours,) = traded.client.betting.list_market_book(
        [MARKET], price_projection=projection, order_projection="ALL", match_projection="NO_ROLLUP"
    )
    theirs = result_of(recorded, "list-market-book.json")[0]
    check(ours, theirs, missing={"betDelayModels", "keyLineDescription"})
    runners = theirs["runners"]
    with_all = next(runner for runner in runners if {"ex", "sp", "orders", "matches"} <= runner.keys())
    check(ours["runners"][0], with_all, missing={"removalDate"} & with_all.keys())
    check(ours["runners"][0]["ex"], with_all["ex"])
    orders = [order for runner in runners for order in runner.get("orders", ())]
    references = {"customerOrderRef", "customerStrategyRef"}
    for order in ours["runners"][0]["orders"]:
        check(order, orders[0], added=references - orders[0].keys())
    matches = [match for runner in runners for match in runner.get("matches", ())]
    if matches:
        check(ours["runners"][0]["matches"][0], matches[0])


def test_current_orders(traded: Served, recorded: Path) -> None:
    ours = traded.client.betting.list_current_orders()
    check(ours, result_of(recorded, "list-current-orders.json"))
    references = {"customerOrderRef", "customerStrategyRef"}
    matched = result_of(recorded, "list-current-orders-matched.json")["currentOrders"][0]
    check(ours["currentOrders"][0], matched, missing={"regulatorAuthCode"}, added=references)
    unmatched = result_of(recorded, "list-current-orders.json")["currentOrders"][0]
    check(ours["currentOrders"][1], unmatched, added=references)


def test_cleared_orders(traded: Served, recorded: Path) -> None:
    traded.tell(settle={"market": MARKET, "winners": [RUNNER]})
    ours = traded.client.betting.list_cleared_orders()
    theirs = result_of(recorded, "list-cleared-orders.json")
    check(ours, theirs)
    check(ours["clearedOrders"][0], theirs["clearedOrders"][0])


def test_profit_and_loss_funds_and_details(traded: Served, recorded: Path) -> None:
    ours, theirs = (
        traded.client.betting.list_market_profit_and_loss([MARKET])[0],
        result_of(recorded, "list-market-profit-and-loss.json")[0],
    )
    check(ours, theirs)
    check(ours["profitAndLosses"][0], theirs["profitAndLosses"][0])
    account = traded.client.account
    check(account.get_account_funds(), result_of(recorded, "account-funds-with-exposure.json"))
    check(account.get_account_details(), result_of(recorded, "account-details.json"))


def test_reports_of_orders(served: Served, recorded: Path) -> None:
    served.book([[2.9, 50.0]], [])
    betting = served.client.betting
    ours = served.place(limit("LAY", 2.0, 2.0, order_ref="a"), customer_ref="1")
    theirs = result_of(recorded, "place-orders-success-unmatched.json")
    check(ours, theirs)
    check(ours["instructionReports"][0], theirs["instructionReports"][0])
    check(ours["instructionReports"][0]["instruction"], theirs["instructionReports"][0]["instruction"])
    bet = ours["instructionReports"][0]["betId"]
    killed = served.place(limit("BACK", 2.9, 2.0, order_ref="b", persistence=None, time_in_force="FILL_OR_KILL"))
    theirs = result_of(recorded, "place-orders-success-fill-or-kill.json")["instructionReports"][0]["instruction"]
    check(killed["instructionReports"][0]["instruction"]["limitOrder"], theirs["limitOrder"])
    updated = betting.update_orders(MARKET, [filters.update_instruction(bet, "PERSIST")])
    theirs = result_of(recorded, "update-orders-success.json")
    check(updated, theirs)
    check(updated["instructionReports"][0], theirs["instructionReports"][0])
    replaced = betting.replace_orders(MARKET, [filters.replace_instruction(bet, 2.02)], customer_ref="2")
    theirs = result_of(recorded, "replace-orders-success.json")
    check(replaced, theirs)
    both, recorded_both = replaced["instructionReports"][0], theirs["instructionReports"][0]
    check(both, recorded_both)
    check(both["cancelInstructionReport"], recorded_both["cancelInstructionReport"])
    check(both["placeInstructionReport"], recorded_both["placeInstructionReport"])
    bet = both["placeInstructionReport"]["betId"]
    cancelled = betting.cancel_orders(MARKET, [filters.cancel_instruction(bet)], customer_ref="3")
    theirs = result_of(recorded, "cancel-orders-success.json")
    check(cancelled, theirs)
    check(cancelled["instructionReports"][0], theirs["instructionReports"][0])
    again = betting.cancel_orders(MARKET, [filters.cancel_instruction(bet)], customer_ref="4")
    theirs = result_of(recorded, "cancel-orders-bet-taken-or-lapsed.json")
    check(again["instructionReports"][0], theirs["instructionReports"][0])
    assert again["instructionReports"][0]["errorCode"] == "BET_TAKEN_OR_LAPSED"


def test_errors_and_the_heartbeat(served: Served, recorded: Path) -> None:
    body: dict[str, Any] = {"jsonrpc": "2.0", "method": "AccountAPING/v1.0/getAccountFunds", "params": {}, "id": 1}
    ours = served.rpc(body, "account/json-rpc/v1", {"X-Application": None}).json()
    theirs = json.loads((recorded / "account-funds-error-no-app-key.json").read_bytes())
    check(ours, theirs)
    check(ours["error"], theirs["error"])
    assert ours["error"]["message"] == theirs["error"]["message"]
    name = "AccountAPINGException"
    check(ours["error"]["data"], theirs["error"]["data"])
    check(ours["error"]["data"][name], theirs["error"]["data"][name])
    missing = served.call("listMarketBook", {})
    assert missing == json.loads((recorded / "account-funds-error-parameters.json").read_bytes())
    body = {"method": "HeartbeatAPING/v1.0/heartbeat", "params": {"preferredTimeoutSeconds": 10}, "id": 1}
    beat = served.rpc(body, "heartbeat/json-rpc/v1").json()["result"]
    assert beat == result_of(recorded, "heartbeat-success.json")
    assert PLACE_MARKET
