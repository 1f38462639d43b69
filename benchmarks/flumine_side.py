"""flumine over recorded files: back two pounds on each runner of a list, once, when its price is there.

A program of its own (flumine puts a class of its own in the place of ``datetime.datetime``), for whatever Python has
flumine: ``python benchmarks/flumine_side.py SELECTIONS ROUNDS FILE...`` prints one JSON document.
"""

from __future__ import annotations

import csv
import json
import logging
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from betfairlightweight.compat import json as their_json
from flumine import FlumineSimulation
from flumine.clients import SimulatedClient
from flumine.order.order import OrderStatus
from flumine.order.ordertype import LimitOrder
from flumine.order.trade import Trade
from flumine.strategy.strategy import BaseStrategy
from flumine.streams.betfairhistoricalstream import BetfairHistoricalStream

STAKE = 2.0


class OneBet(BaseStrategy):  # type: ignore[misc]
    """Before the off, at the best price, as soon as it is the requested one or higher and the stake stands there."""

    def __init__(self, requested: dict[tuple[str, int], float], **options: Any) -> None:
        super().__init__(**options)
        self.requested = dict(requested)
        self.orders: list[Any] = []
        self.books = 0

    def check_market_book(self, market: Any, market_book: Any) -> bool:  # noqa: ARG002 - flumine's signature
        self.books += 1
        return market_book.status == "OPEN" and not market_book.inplay

    def process_market_book(self, market: Any, market_book: Any) -> None:
        market_id = market_book.market_id
        for runner in market_book.runners:
            wanted = self.requested.get((market_id, runner.selection_id))
            if wanted is None or runner.status != "ACTIVE" or not runner.ex.available_to_back:
                continue
            best = runner.ex.available_to_back[0]
            if best["price"] < wanted or best["size"] < STAKE:
                continue
            del self.requested[market_id, runner.selection_id]
            trade = Trade(market_id, runner.selection_id, runner.handicap, self)
            order = trade.create_order(side="BACK", order_type=LimitOrder(price=best["price"], size=STAKE))
            market.place_order(order)
            self.orders.append(order)


def simulate(files: list[str], requested: dict[tuple[str, int], float]) -> dict[str, Any]:
    """One passage over all files. Prices in play are skipped, as nobody asks for them."""
    streams = [BetfairHistoricalStream(file, listener_kwargs={"inplay": False}) for file in files]
    strategy = OneBet(requested, streams=streams)
    framework = FlumineSimulation(client=SimulatedClient())
    framework.add_strategy(strategy)
    wall, cpu = time.perf_counter(), time.process_time()
    framework.run()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    sent = [order for order in strategy.orders if order.status != OrderStatus.VIOLATION]
    return {
        "cpu": cpu,
        "wall": wall,
        "books": strategy.books,
        "orders": len(sent),
        "matched": {f"{order.market_id}/{order.selection_id}": order.size_matched for order in sent},
    }


def main() -> None:
    """Measure and print."""
    selections, rounds, *files = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    with Path(selections).open(encoding="utf-8", newline="") as file:
        requested = {
            (row["market_id"], int(row["selection_id"])): float(row["price_requested"]) for row in csv.DictReader(file)
        }
    simulate(files, requested)
    found = [simulate(files, requested) for _ in range(int(rounds))]
    json.dump(
        {
            "version": version("flumine"),
            "json": their_json.__name__,
            "cpu": [one["cpu"] for one in found],
            "wall": [one["wall"] for one in found],
            **{name: found[0][name] for name in ("books", "orders", "matched")},
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
