"""A generated race day behind the served exchange, and a project with picks for it, for the trading commands."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import requests

from policytrader.app.morning import races_of
from policytrader.model.books import MarketFilter
from policytrader.model.snapshot import MarketType, Side
from policytrader.resources import resource
from policytrader.wiring import open_exchange, serve_race_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policytrader.wiring import ExchangeServer

PROGRAM = [sys.executable, "-m", "policytrader"]


@dataclass
class ServedDay:
    """A project's folder with ``line.json``, ``arm`` and ``picks.csv``, and the exchange that they name."""

    folder: Path
    server: ExchangeServer

    @property
    def facts(self) -> dict[str, Any]:
        return self.server.announcement

    def ledger(self) -> dict[str, Any]:
        document: dict[str, Any] = requests.get(self.facts["control"], timeout=20).json()
        return document

    def orders(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ledger()["orders"]
        return found

    def arguments(self, *words: str, store: str | None = None) -> list[str]:
        where = [] if store is None else ["--store", store]
        return ["-C", str(self.folder), *words, "--exchange", "line.json", *where]

    def start(self, *words: str, store: str | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*PROGRAM, *self.arguments(*words, store=store)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            env=dict(os.environ),
        )

    def ask(self, *words: str, store: str | None = None) -> Any:
        """A command's document."""
        done = subprocess.run(
            [*PROGRAM, *self.arguments(*words, "--json", store=store)],
            capture_output=True,
            check=False,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def let_run(self, speed: float) -> None:
        """From now on time runs, at so many simulated seconds for each of the wall's."""
        is_running = self.server.host.speed > 0
        self.server.host.speed = speed
        if not is_running:
            self.server.host.start()


@contextmanager
def served_day(folder: Path, *, races: int = 1, seed: int = 7, after: timedelta = timedelta()) -> Iterator[ServedDay]:
    """Time stands still, so long ``after`` the day's beginning, until a test lets it run."""
    shutil.copytree(resource("rules"), folder / "rules")
    schedule = folder / "rules" / "racing" / "schedule.yaml"
    schedule.write_text(schedule.read_text("utf-8").replace("every: 15s", "every: 2m"), "utf-8")
    server = serve_race_day(seed, races)
    server.start()
    try:
        day = ServedDay(folder, server)
        facts = day.facts
        (folder / "line.json").write_text(json.dumps(facts) + "\n", "utf-8")
        (folder / "arm").write_text(f"{facts['username']}\n{facts['now'][:10]}\n", "utf-8")
        server.host.advance(after)
        _write_picks(folder)
        yield day
    finally:
        server.stop()


def _write_picks(folder: Path) -> None:
    """A back and a lay in every market, at the price that stands there in the morning."""
    lines = ["market_id,selection_id,market_type,side,price_requested,stake_points"]
    with open_exchange(folder / "line.json", None) as trading:
        for race in races_of(trading.prices.catalogue(MarketFilter(market_types=("WIN", "PLACE")))):
            for kind in MarketType:
                market = race.market(kind)
                assert market is not None
                (book,) = trading.prices.books([market.market_id])
                for runner, side in zip(book.runners[::2], Side, strict=False):
                    offers = runner.back if side is Side.BACK else runner.lay
                    if offers:
                        cells = (market.market_id, runner.selection_id, kind, side, offers[0].price, 1)
                        lines.append(",".join(map(str, cells)))
    (folder / "picks.csv").write_text("\n".join(lines) + "\n", "utf-8")
