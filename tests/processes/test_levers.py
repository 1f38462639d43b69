"""The levers while a daemon trades: what they stop stops within a tick or two, and goes on when they are lifted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.model.snapshot import OrderStatus
from policytrader.waiting import rest
from tests.processes.daemons import Daemon, Daemons, bets_of, edit_rules, wait_until

if TYPE_CHECKING:
    from policytrader.simulation.events import Quote
    from policytrader.simulation.exchange import SimulatedExchange
    from tests.adapters.sql.server import Server

pytestmark = pytest.mark.slow

SPEED = 20.0
RESTING = 3
QUIET_SECONDS = 8.0
"""Simulated it is more than two minutes, ten ticks."""


@dataclass
class Vanishing:
    """An exchange whose offers on a runner are gone at the moment of the order: it rests, and nobody takes it."""

    exchange: SimulatedExchange
    monkeypatch: pytest.MonkeyPatch
    most: int
    runners: set[tuple[str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        place, play = self.exchange.place, self.exchange._play_quote

        def rest_it(market_id: str, instructions: Any, **options: Any) -> Any:
            for one in instructions:
                if len(self.runners) < self.most:
                    self.runners.add((market_id, one.selection_id))
                    self.exchange.markets[market_id].books[one.selection_id].clear()
            return place(market_id, instructions, **options)

        def leave_it(event: Quote) -> None:
            if (event.market_id, event.selection_id) not in self.runners:
                play(event)

        self.monkeypatch.setattr(self.exchange, "place", rest_it)
        self.monkeypatch.setattr(self.exchange, "_play_quote", leave_it)

    @property
    def resting(self) -> list[str]:
        return [bet.bet_id for bet in list(self.exchange.bets.values()) if bet.status is OrderStatus.EXECUTABLE]


def stays_quiet(daemons: Daemons, daemon: Daemon) -> None:
    """From the tick after the next on no order comes, while ticks go on."""
    for _ in range(2):
        daemon.expect("tick", behind=daemon.mark())
    orders, mark = bets_of(daemons.day), daemon.mark()
    rest(QUIET_SECONDS)
    assert bets_of(daemons.day) == orders
    daemon.expect("tick", behind=mark)


def resumes(daemons: Daemons, daemon: Daemon) -> None:
    orders = bets_of(daemons.day)
    assert daemons.command("resume", "--why", "looked at it").returncode == 0
    assert wait_until(lambda: bets_of(daemons.day) > orders), daemon.told()


def test_kill_with_cancel_open_leaves_nothing_at_the_exchange(
    daemons: Daemons, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit_rules(daemons.day.folder, "entry", ("cancel_unmatched_after: 5m", "cancel_unmatched_after: 5h"))
    daemons.ask("activate")
    vanishing = Vanishing(daemons.day.server.host.exchange, monkeypatch, most=RESTING)
    daemons.day.let_run(SPEED)
    daemon = daemons.start()
    assert wait_until(lambda: len(vanishing.resting) == RESTING), daemon.told()
    mark = daemon.mark()
    killed = daemons.command("kill", "--cancel-open", "--why", "enough")
    assert killed.returncode == 0, killed.stderr
    for _ in range(2):
        daemon.expect("tick", behind=daemon.mark())
    assert vanishing.resting == []
    assert sum(line.fields["cancelled"] for line in daemon.find("tick", behind=mark)) == RESTING
    stays_quiet(daemons, daemon)
    assert vanishing.resting == []
    assert daemons.ask("status")["killed"]
    resumes(daemons, daemon)
    assert not daemons.ask("status")["killed"]


def test_pause_stops_what_is_new_and_resume_goes_on(daemons: Daemons) -> None:
    daemons.day.let_run(SPEED)
    daemon = daemons.start()
    daemon.expect("order")
    assert daemons.command("pause", "--why", "lunch").returncode == 0
    stays_quiet(daemons, daemon)
    assert daemons.ask("status")["pause"]["why"] == "lunch"
    resumes(daemons, daemon)


def test_a_kill_while_the_store_is_down_works_through_the_file(mortal: Daemons, server: Server) -> None:
    mortal.day.let_run(SPEED)
    daemon = mortal.start()
    daemon.expect("order")
    server.stop()
    daemon.expect("no_orders")
    killed = mortal.command("kill", "--why", "the store is down")
    assert killed.returncode == 0
    assert "only the kill file was written" in killed.stderr
    # A pause and its end need the store: they say that nothing was done, and the kill stands.
    for lever in ("pause", "resume"):
        refused = mortal.command(lever, "--why", "try")
        assert refused.returncode == 4, refused.stderr
    assert (mortal.day.folder / "policytrader-paper.kill").is_file()
    mark = daemon.mark()
    server.start()
    daemon.expect("tick", behind=mark)
    orders = bets_of(mortal.day)
    stays_quiet(mortal, daemon)
    assert bets_of(mortal.day) == orders
    assert mortal.ask("status")["killed"]
    resumes(mortal, daemon)
