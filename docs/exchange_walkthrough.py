"""Trade against the simulated exchange with plain betfairlightweight: nothing of policytrader is imported.

In one terminal::

    policytrader exchange serve --race-day 7 --speed 60 > exchange.json

and in another::

    python docs/exchange_walkthrough.py exchange.json

The same calls work on the real exchange; only the addresses and ``control`` (which moves the simulated world) differ.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import uuid
from pathlib import Path

import betfairlightweight
import requests
from betfairlightweight import filters
from betfairlightweight.streaming.betfairstream import BetfairStream
from betfairlightweight.streaming.listener import StreamListener


def first_line(path: Path) -> dict[str, str]:
    """What `exchange serve` prints when it is ready."""
    for _ in range(100):
        line = path.read_text(encoding="utf-8").partition("\n")[0] if path.exists() else ""
        if line:
            return json.loads(line)
        threading.Event().wait(0.1)
    raise SystemExit(f"{path} is empty: is `policytrader exchange serve` running?")


def connect(exchange: dict[str, str]) -> betfairlightweight.APIClient:
    """A client that talks to the addresses of the exchange's first line."""
    client = betfairlightweight.APIClient(
        exchange["username"], exchange["password"], app_key=exchange["app_key"], lightweight=True
    )
    client.identity_uri = exchange["identity"]
    client.identity_cert_uri = exchange["identity_cert"]
    client.api_uri = exchange["api"]
    client.login_interactive()
    return client


def control(exchange: dict[str, str], command: dict[str, object]) -> None:
    """Move the simulated world: what no client of a real exchange could do."""
    answer = requests.post(exchange["control"], json=command, timeout=10)
    if answer.status_code != requests.codes.ok:
        raise SystemExit(answer.json()["error"])


def stream_books(client: betfairlightweight.APIClient, exchange: dict[str, str], market_id: str) -> queue.Queue:
    """Subscribe to one market on the Exchange Stream; its books arrive in the queue."""
    host, _, port = exchange["stream"].rpartition(":")
    # The library knows the exchange's own hosts only, and its port is a constant.
    BetfairStream.HOSTS["simulated"] = host
    BetfairStream._BetfairStream__port = int(port)  # noqa: SLF001 - there is no other way
    books: queue.Queue = queue.Queue()
    # Without `max_latency=None` the library would warn with every message: simulated time is not the machine's.
    stream = client.streaming.create_stream(
        listener=StreamListener(output_queue=books, max_latency=None), host="simulated"
    )
    stream.subscribe_to_markets(
        market_filter=filters.streaming_market_filter(market_ids=[market_id]),
        market_data_filter=filters.streaming_market_data_filter(fields=["EX_BEST_OFFERS", "EX_MARKET_DEF"]),
        heartbeat_ms=1000,
    )
    threading.Thread(target=stream.start, daemon=True).start()
    return books


def place(client: betfairlightweight.APIClient, market: dict, selection_id: int, price: float, size: float) -> dict:
    """Back a runner at a price, on the market version that was seen."""
    limit = filters.limit_order(price=price, size=size, persistence_type="LAPSE")
    order = filters.place_instruction("LIMIT", selection_id, "BACK", limit_order=limit, customer_order_ref="walk-1")
    report = client.betting.place_orders(
        market["marketId"],
        [order],
        # The exchange takes the same reference for the same request sent twice, for a minute.
        customer_ref=f"walk-{uuid.uuid4().hex[:20]}",
        market_version={"version": market["version"]},
        customer_strategy_ref="walkthrough",
    )
    if report["status"] != "SUCCESS":
        raise SystemExit(f"not placed: {report['errorCode']}, {report['instructionReports'][0].get('errorCode')}")
    return report["instructionReports"][0]


def main() -> None:
    """Login, catalogue, books, stream, place, partial match, cancel, current orders, settlement, cleared orders."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and one file
        raise SystemExit(__doc__)
    exchange = first_line(Path(sys.argv[1]))
    client = connect(exchange)
    print("logged in; now", exchange["now"])

    catalogue = client.betting.list_market_catalogue(
        filter=filters.market_filter(market_type_codes=["WIN"]),
        market_projection=["EVENT", "MARKET_START_TIME", "RUNNER_DESCRIPTION"],
        sort="FIRST_TO_START",
        max_results=100,
    )
    if not catalogue:
        raise SystemExit("no WIN market in the catalogue: is it a race day, and not over yet?")
    # The last race of the day: nothing happens to it while we look.
    chosen = catalogue[-1]
    names = {runner["selectionId"]: runner["runnerName"] for runner in chosen["runners"]}
    print(f"{len(catalogue)} WIN markets; the last: {chosen['marketStartTime']} {chosen['event']['name']}")

    book = client.betting.list_market_book(
        market_ids=[chosen["marketId"]], price_projection=filters.price_projection(price_data=["EX_BEST_OFFERS"])
    )[0]
    runner = min(
        (one for one in book["runners"] if one["ex"]["availableToBack"]),
        key=lambda one: one["ex"]["availableToBack"][0]["price"],
    )
    best = runner["ex"]["availableToBack"][0]
    print(f"favourite: {names[runner['selectionId']]}, {best['size']} to back at {best['price']}")

    books = stream_books(client, exchange, chosen["marketId"])
    first = books.get(timeout=10)[0]
    print(f"stream: {first.status}, version {first.version}, {len(first.runners)} runners")

    # Ten more than stand there: the rest has to wait.
    bet = place(client, book, runner["selectionId"], best["price"], round(best["size"] + 10, 2))
    print(f"placed {bet['betId']}: {bet['orderStatus']}, {bet['sizeMatched']} matched at {bet['averagePriceMatched']}")

    cancelled = client.betting.cancel_orders(chosen["marketId"], [filters.cancel_instruction(bet["betId"])])
    print(f"cancelled {cancelled['instructionReports'][0]['sizeCancelled']}: {cancelled['status']}")

    current = client.betting.list_current_orders(market_ids=[chosen["marketId"]])["currentOrders"][0]
    print(f"current: {current['status']}, {current['sizeMatched']} matched, {current['sizeCancelled']} cancelled")

    control(exchange, {"settle": {"market": chosen["marketId"], "winners": [runner["selectionId"]]}})
    cleared = client.betting.list_cleared_orders(bet_status="SETTLED", market_ids=[chosen["marketId"]], group_by="BET")
    won = cleared["clearedOrders"][0]
    by_market = client.betting.list_cleared_orders(
        bet_status="SETTLED", market_ids=[chosen["marketId"]], group_by="MARKET"
    )
    print(f"settled: {won['betOutcome']} {won['profit']}, commission {by_market['clearedOrders'][0]['commission']}")
    print("funds:", client.account.get_account_funds()["availableToBetBalance"])
    client.logout()


if __name__ == "__main__":
    main()
