"""The three removals of a recorded PLACE market, as the exchange itself told them."""

from __future__ import annotations

import bz2
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.model.snapshot import MarketStatus, RunnerStatus
from policytrader.simulation.definition import MarketDefinition, RunnerDefinition
from policytrader.simulation.events import Redefine
from policytrader.simulation.exchange import SimulatedExchange
from tests.simulation.exchanges import back, define, lay, matched, place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MARKET = "1.205822330"
FILE = "horse-place-au-1.205822330-three-removals.bz2"


def definitions(path: Path) -> Iterator[tuple[datetime, MarketDefinition]]:
    """Every definition of the file, with the time it was published."""
    with bz2.open(path, "rt") as lines:
        for line in lines:
            if '"marketDefinition"' not in line:
                continue
            message = json.loads(line, parse_float=Decimal)
            at = datetime.fromtimestamp(message["pt"] / 1000, UTC)
            for change in message["mc"]:
                if "marketDefinition" in change:
                    yield at, defined(change["marketDefinition"])


def defined(told: dict[str, Any]) -> MarketDefinition:
    facts = replace(define("1.102"), market_id=MARKET, market_type=told["marketType"], version=told["version"])
    return replace(
        facts,
        status=MarketStatus(told["status"]),
        in_play=told["inPlay"],
        bet_delay=told["betDelay"],
        bsp_reconciled=told["bspReconciled"],
        number_of_winners=told["numberOfWinners"],
        base_rate=Decimal(told["marketBaseRate"]),
        runners=tuple(
            RunnerDefinition(
                selection_id=runner["id"],
                name=runner["name"],
                sort_priority=runner["sortPriority"],
                status=RunnerStatus(runner["status"]),
                adjustment_factor=runner.get("adjustmentFactor"),
                starting_price=Decimal(runner["bsp"]) if "bsp" in runner else None,
            )
            for runner in told["runners"]
        ),
    )


@pytest.fixture
def told(shared_data: Path) -> list[tuple[datetime, MarketDefinition]]:
    return list(definitions(shared_data / "betfair" / "streams" / FILE))


def test_recorded_removals_reduce_cancel_and_keep(told: list[tuple[datetime, MarketDefinition]]) -> None:
    start, first = told[0]
    winner = next(one.selection_id for one in told[-1][1].runners if one.status is RunnerStatus.WINNER)
    exchange = SimulatedExchange(start, [Redefine(at, definition) for at, definition in told])
    assert exchange.markets[MARKET].definition == first
    bet = matched(exchange, back("10", "2", selection_id=winner), MARKET)
    kept = place(exchange, back("900", "2", selection_id=winner), MARKET)
    seen = []
    for _ in range(3):
        exchange.advance(next(at for at, one in told if at >= exchange.now and one.status is MarketStatus.OPEN))
        own_lay = place(exchange, lay("1.01", "10", selection_id=winner), MARKET)
        before = len(exchange.markets[MARKET].definition.active_runners)
        exchange.advance(next(at for at, one in told if at > exchange.now and len(one.active_runners) < before))
        seen.append((str(bet.average_price_matched), own_lay.size_cancelled > 0))
        assert kept.size_remaining == Decimal(2)
    assert seen == [("7.52", True), ("6.97", True), ("6.83", False)]
    exchange.advance(told[-1][0] + timedelta(seconds=1))
    assert bet.settled is not None
    assert (bet.settled.profit, kept.size_lapsed) == (Decimal("11.66"), Decimal(2))
    market = exchange.markets[MARKET]
    # 7 % in Australia
    assert (market.net, market.commission) == (Decimal("11.66"), Decimal("0.82"))
