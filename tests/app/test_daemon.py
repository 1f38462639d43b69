"""The daemon over whole generated days in one process: what it does when something is away, changed or ordered."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.app.activate import activate, read_policy
from policytrader.app.daemon import Daemon, DaemonTerms
from policytrader.app.kill_switch import read_kill_file, write_kill_file
from policytrader.app.surroundings import Surroundings
from policytrader.app.tick import TraderTerms
from policytrader.app.trader import Trader
from policytrader.errors import ExchangeError, RefusedError, StoreError, UsageError
from policytrader.model.journal import Control, ControlKind, IntentState
from policytrader.model.money import MINIMUM_SIZES
from policytrader.model.times import LONDON
from policytrader.resources import resource
from policytrader.wiring import open_store
from tests.app.race_days import ACCOUNT, STRATEGY, Day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from policytrader.app.activate import CheckedPolicy
    from policytrader.app.daemon import Ended
    from policytrader.ports import LiveFeed

SEED, RACES = 7, 1
NOON = datetime(2026, 5, 2, 12, 0, tzinfo=UTC)


class Faulty:
    """A port that answers through another one, until it is told to raise."""

    def __init__(self, real: Any) -> None:
        self.real = real
        self.error: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.real, name)

        def call(*arguments: Any, **named: Any) -> Any:
            if self.error is not None and name not in {"place", "cancel", "close"}:
                raise self.error
            return found(*arguments, **named)

        return call


@dataclass
class Run:
    """A day, a daemon on it, and what happens to them at simulated times."""

    day: Day
    folder: Path
    store: Faulty
    prices: Faulty
    lines: list[dict[str, Any]] = field(default_factory=list)
    plans: list[tuple[datetime, Callable[[], None]]] = field(default_factory=list)
    jumps: list[timedelta] = field(default_factory=list)
    skew: timedelta | None = None
    feed: LiveFeed | None = None
    is_stopped: bool = False

    # A clock, a log and a wall.

    def now(self) -> datetime:
        return self.day.clock.now()

    def wait(self, seconds: float) -> None:
        self.day.clock.wait(seconds)
        for plan in [one for one in self.plans if one[0] <= self.now()]:
            self.plans.remove(plan)
            plan[1]()

    def take_jump(self) -> timedelta:
        return self.jumps.pop() if self.jumps else timedelta()

    def say(self, level: str, event: str, at: datetime | None, **fields: Any) -> None:
        self.lines.append({"level": level, "event": event, "at": at, **fields})

    def events(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == name]

    def after(self, minutes: float, act: Callable[[], None]) -> None:
        self.plans.append((self.now() + timedelta(minutes=minutes), act))

    def stop(self) -> None:
        self.is_stopped = True

    def run(self, *, is_live: bool = True, is_once: bool = False, stays: bool = False) -> Ended:
        trader = Trader(
            exchange=self.day.port,
            prices=self.prices,
            store=self.store,
            clock=self,
            new_ref=self.day.new_ref,
            terms=TraderTerms(account=ACCOUNT, mode="paper", strategy_ref=STRATEGY, minimum=MINIMUM_SIZES["GBP"]),
            kill_file=self.folder / "KILL",
        )
        surroundings = Surroundings(
            clock=self,
            say=self.say,
            rest=self.wait,
            is_stopping=lambda: self.is_stopped,
            skew=lambda: self.skew,
            feed=self.feed,
        )
        daemon = Daemon(
            trader,
            self.store,
            surroundings,
            DaemonTerms(
                account=ACCOUNT,
                mode="paper",
                holder="test",
                is_live=is_live,
                minimum=MINIMUM_SIZES["GBP"],
                is_once=is_once,
                stays=stays,
            ),
        )
        return daemon.run()

    def orders_between(self, start: datetime, end: datetime) -> int:
        return sum(start <= bet.placed_at < end for bet in self.day.world.bets.values())


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Run]:
    day = Day.generate(tmp_path, SEED, RACES)
    day.pick_everywhere()
    run = Run(day, tmp_path, Faulty(day.store), Faulty(day.prices))
    activate(day.store, rules(tmp_path, "first"), run.now(), "ann")
    yield run
    day.store.close()


def rules(folder: Path, name: str, *edits: tuple[str, str, str]) -> CheckedPolicy:
    """The shipped rules, with a tick every two minutes all day: enough to trade by, and quick to run."""
    target = folder / name
    shutil.copytree(resource("rules"), target)
    for kind, old, new in (("schedule", "every: 15s", "every: 2m"), *edits):
        path = target / "racing" / f"{kind}.yaml"
        text = path.read_text("utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), "utf-8")
    return read_policy(target)


def test_a_day_ends_when_all_results_are_stored(made: Run) -> None:
    ended = made.run()
    day = made.day.last_off.astimezone(LONDON).date()
    assert (ended.reason, ended.failures, ended.without_result) == ("day_over", 0, 0)
    assert ended.orders == len(made.day.world.bets) > 0
    assert made.day.store.upcoming_bets(day) == ()
    assert len(made.day.store.live_results(day)) == 4
    leader = made.day.store.leader(ACCOUNT)
    assert leader is not None
    assert leader.released_at is not None


def test_a_dry_run_neither_leads_nor_sends(made: Run) -> None:
    ended = made.run(is_live=False)
    assert (ended.reason, ended.orders, made.day.world.bets) == ("day_over", 0, {})
    assert made.day.store.leader(ACCOUNT) is None


def test_without_a_store_no_order_and_a_complete_reconciliation_afterwards(made: Run) -> None:
    start = made.now() + timedelta(minutes=60)
    end = start + timedelta(minutes=90)

    def fail() -> None:
        made.store.error = StoreError("the store is away")

    def mend() -> None:
        made.store.error = None

    made.plans += [(start, fail), (end, mend)]
    ended = made.run()
    assert ended.reason == "day_over"
    assert ended.failures > 3
    assert made.orders_between(start, end) == 0
    assert made.orders_between(end, made.day.last_off) > 0
    pauses = [
        (after["at"] - before["at"]).total_seconds()
        for before, after in zip(made.events("no_orders"), made.events("no_orders")[1:], strict=False)
    ]
    assert max(pauses) == 60
    assert pauses == sorted(pauses)
    assert made.events("recovered")


def test_without_prices_no_order(made: Run) -> None:
    start = made.now() + timedelta(minutes=1)

    def fail() -> None:
        made.prices.error = ExchangeError("no prices", "TIMEOUT")
        made.after(90, made.stop)

    made.plans.append((start, fail))
    assert made.run().reason == "stopped"
    assert made.orders_between(start, made.now()) == 0
    assert {line["because"] for line in made.events("no_orders")} == {"exchange"}


def test_out_of_reach_at_the_start(made: Run) -> None:
    made.store.error = StoreError("the store is away")
    with pytest.raises(StoreError):
        made.run()
    made.store.error = None
    made.prices.error = ExchangeError("no prices")
    with pytest.raises(ExchangeError):
        made.run()
    assert made.day.world.bets == {}


def test_a_store_that_goes_away_before_the_first_tick_is_waited_for(made: Run) -> None:
    """It had answered: this process leads."""
    reads = made.prices.real.catalogue

    def catalogue(wanted: Any) -> Any:
        made.prices.real.catalogue = reads
        made.store.error = StoreError("the store is away")
        made.after(1, lambda: setattr(made.store, "error", None))
        return reads(wanted)

    made.prices.real.catalogue = catalogue
    made.after(30, made.stop)
    assert made.run().reason == "stopped"
    assert {line["because"] for line in made.events("no_orders")} == {"store"}
    assert made.events("recovered")
    assert made.events("standby") == []
    assert {line["read"] for line in made.events("tick")[:1]} == {"everything"}


def test_what_was_sent_is_told_also_where_the_tick_fails_afterwards(made: Run) -> None:
    real = made.day.store.update_positions
    made.day.store.update_positions = fail_with(StoreError("the disk is full", "full"))  # type: ignore[method-assign]
    made.after(120, lambda: setattr(made.day.store, "update_positions", real))
    made.run()
    assert made.events("no_orders")
    told = [line["ref"] for line in made.events("order")]
    assert sorted(told) == sorted(bet.order_ref or "" for bet in made.day.world.bets.values())
    assert made.events("ended")[0]["orders"] == len(told)


def fail_with(error: Exception) -> Callable[..., Any]:
    def fail(*_arguments: Any, **_named: Any) -> Any:
        raise error

    return fail


def test_a_shadow_that_cannot_be_used_is_told_once_and_stops_nothing(made: Run) -> None:
    made.day.store.store_policy("e" * 64, b"{}", made.now())
    made.day.store.activate("e" * 64, made.now(), "mallory", shadow=True)

    good = rules(made.folder, "good", ("protection", "max_order: {stake: 100", "max_order: {stake: 1"))

    def use() -> None:
        activate(made.day.store, good, made.now(), "ann", shadow=True)

    def damage() -> None:
        made.day.store.store_policy("f" * 64, b"[]", made.now())
        made.day.store.activate("f" * 64, made.now(), "mallory", shadow=True)

    made.after(20, use)
    made.after(40, damage)
    made.after(60, made.stop)
    ended = made.run()
    assert len(made.events("shadow_refused")) == 2
    assert len(made.events("shadow")) == 1
    assert ended.failures == 0


def test_nothing_activated(made: Run, tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path / 'empty.db'}")) as empty:
        empty.migrate()
        made.store.real = empty
        with pytest.raises(UsageError, match="policytrader activate"):
            made.run()


def test_a_policy_is_swapped_between_ticks_and_a_broken_one_is_not(made: Run) -> None:
    second = rules(made.folder, "second", ("protection", "max_exposure_per_day: 2000", "max_exposure_per_day: 1"))
    broken = "f" * 64

    def break_it() -> None:
        made.day.store.store_policy(broken, b"{}", made.now())
        made.day.store.activate(broken, made.now(), "mallory")

    swapped_at = made.now() + timedelta(minutes=60)
    made.after(30, break_it)

    def swap() -> None:
        activate(made.day.store, second, made.now(), "ann")

    made.plans.append((swapped_at, swap))
    made.run()
    assert len(made.events("policy_refused")) == 1
    assert [line["hash"] for line in made.events("policy")][1:] == [second.policy.hash]
    day = made.day.last_off.astimezone(LONDON).date()
    entries = made.day.store.intents(day, ACCOUNT)
    assert entries
    assert {entry.intent.policy_hash for entry in entries if entry.intent.created_at < swapped_at} == {
        read_policy(made.folder / "first").policy.hash
    }
    assert all(entry.intent.purpose == "hedge" for entry in entries if entry.intent.created_at > swapped_at)


def test_a_shadow_decides_and_never_sends(made: Run) -> None:
    shadow = rules(made.folder, "shadow", ("protection", "max_order: {stake: 100", "max_order: {stake: 1"))
    activate(made.day.store, shadow, made.now(), "ann", shadow=True)
    made.after(10, made.stop)
    made.run()
    day = made.day.last_off.astimezone(LONDON).date()
    assert shadow.policy.hash not in {entry.intent.policy_hash for entry in made.day.store.intents(day, ACCOUNT)}
    pick = made.day.store.selections(day)[0].selection.selection_ref
    found = [one for one in made.day.store.logged_decisions(selection_ref=pick) if one.is_shadow]
    assert {one.policy_hash for one in found} == {shadow.policy.hash}


def test_the_kill_file_stops_every_order(made: Run) -> None:
    file = made.folder / "KILL"
    kill = Control(kind=ControlKind.KILL, at=NOON, who="ann", why="a test", cancels_open=True)
    killed_at = made.now() + timedelta(minutes=30)
    made.plans.append((killed_at, lambda: write_kill_file(file, kill)))
    made.run()
    assert made.orders_between(made.day.clock.now() - timedelta(days=1), killed_at) > 0
    assert made.orders_between(killed_at, made.day.last_off + timedelta(days=1)) == 0


def test_what_a_kill_file_says(tmp_path: Path) -> None:
    file = tmp_path / "KILL"
    assert read_kill_file(file, NOON) is None
    assert read_kill_file(tmp_path / "no" / "folder", NOON) is None
    kill = Control(kind=ControlKind.KILL, at=NOON, who="ann", why="a test", cancels_open=True)
    write_kill_file(file, kill)
    assert read_kill_file(file, NOON) == kill
    for content in (b"", b"[]", b"\xff", b'{"who": ""}', json.dumps({"who": "x"}).encode()):
        file.write_bytes(content)
        found = read_kill_file(file, NOON)
        assert found is not None
        assert not found.cancels_open
    below = read_kill_file(file / "below", NOON)
    assert below is not None
    assert "cannot be read" in below.why
    file.unlink()
    file.symlink_to(tmp_path / "nowhere")
    assert read_kill_file(file, NOON) is not None


def test_a_clock_that_jumps_is_not_bet_by(made: Run) -> None:
    jumped_at = made.now() + timedelta(minutes=30)
    made.plans.append((jumped_at, lambda: made.jumps.append(timedelta(seconds=3))))
    made.after(120, made.stop)
    made.run()
    assert made.orders_between(jumped_at, made.now()) == 0
    (latch,) = made.day.store.control_state().latches
    assert latch.cause == "clock_jump"


@pytest.mark.parametrize("seconds", [-5.5, 6])
def test_a_clock_that_disagrees_with_the_exchanges_is_not_bet_by(seconds: float, made: Run) -> None:
    """From the first tick on, and again after a person resumed while it still disagrees; told once."""

    def resume() -> None:
        made.day.store.pull(Control(kind=ControlKind.RESUME, at=made.now(), who="ann", why="looked"))

    def agree() -> None:
        made.skew = timedelta(seconds=4.9)

    made.skew = timedelta(seconds=seconds)
    resumed_at = made.now() + timedelta(minutes=150)
    made.after(60, resume)
    made.after(120, agree)
    made.plans.append((resumed_at, resume))
    made.run()
    (line,) = made.events("clock_skew")
    assert ("behind" in line["why"], "ahead of" in line["why"]) == (seconds < 0, seconds > 0)
    assert made.day.world.bets
    assert all(bet.placed_at >= resumed_at for bet in made.day.world.bets.values())
    assert made.day.store.control_state().may_open


def test_a_small_step_of_the_clock_is_not_a_jump(made: Run) -> None:
    made.jumps += [timedelta(seconds=1), timedelta(seconds=-2)]
    made.after(10, made.stop)
    made.run()
    assert made.day.store.control_state().may_open


def test_a_second_daemon_waits_and_takes_over(made: Run, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / f'{SEED}.db'}"
    with closing(open_store(url)) as other:
        lease = other.acquire(ACCOUNT, "the first", made.now())
        assert lease is not None
        with pytest.raises(RefusedError, match="another process leads"):
            made.run(is_once=True)
        released_at = made.now() + timedelta(minutes=20)
        made.plans.append((released_at, lambda: other.release(lease, made.now())))
        made.after(60, made.stop)
        made.run()
    assert made.events("standby")
    assert made.orders_between(made.now() - timedelta(days=1), released_at) == 0
    entries = made.day.store.intents(made.now().astimezone(LONDON).date(), ACCOUNT)
    assert entries
    assert {entry.epoch for entry in entries} == {lease.epoch + 1}


def test_a_restart_leaves_nothing_reserved_and_bets_nothing_twice(made: Run) -> None:
    made.after(31, made.stop)
    made.run()
    before = set(made.day.world.bets)
    assert before
    made.is_stopped = False
    made.run()
    day = made.day.last_off.astimezone(LONDON).date()
    entries = made.day.store.intents(day, ACCOUNT)
    assert {entry.state for entry in entries} <= {IntentState.DONE, IntentState.DEAD}
    assert {bet.order_ref for bet in made.day.world.bets.values()} <= {entry.intent.ref for entry in entries}
    assert sorted({entry.epoch for entry in entries}) == [1, 2]


def test_a_clock_that_is_put_back_is_waited_for_no_longer_than_a_tick(made: Run) -> None:
    """Cancels and hedges go on: the next tick is due by the clock as it stands now."""
    real, waits = made.now, []

    def put_back() -> None:
        made.jumps.append(-timedelta(hours=1))
        made.now = lambda: real() - timedelta(hours=1)  # type: ignore[method-assign]

    wait = made.wait
    made.wait = lambda seconds: (waits.append(seconds), wait(seconds))[1]  # type: ignore[method-assign,func-returns-value]
    made.plans.append((real() + timedelta(minutes=20), put_back))
    made.plans.append((real() + timedelta(minutes=40), made.stop))
    made.run()
    assert made.events("clock_jump")
    assert max(waits) <= 120


def test_what_was_pulled_is_in_the_log_once_and_so_is_what_it_refuses(made: Run) -> None:
    def pause() -> None:
        made.day.store.pull(Control(kind=ControlKind.PAUSE, at=made.now(), who="ann", why="lunch"))

    def resume() -> None:
        made.day.store.pull(Control(kind=ControlKind.RESUME, at=made.now(), who="ann", why="back"))

    made.after(1, pause)
    made.after(150, resume)
    made.run()
    assert [line.get("pause") for line in made.events("levers")] == ["ann: lunch", None]
    assert any(line.get("refused_by", "").endswith("pause") for line in made.events("tick"))


def test_it_stays_when_the_day_is_over(made: Run) -> None:
    made.plans.append((made.day.last_off + timedelta(hours=5), made.stop))
    ended = made.run(stays=True)
    assert ended.reason == "stopped"
    assert made.now() >= made.day.last_off + timedelta(hours=5)


class Feed:
    """A stream with news at some moments of the run's clock; time passes while it is listened to."""

    def __init__(self, run: Run, news: list[datetime]) -> None:
        self.run, self.news = run, news

    def wait_for_change(self, seconds: float) -> bool:
        del seconds  # the wall's
        self.run.wait(1)
        if self.news and self.news[0] <= self.run.now():
            del self.news[0]
            return True
        return False

    def describe(self) -> str:
        return "healthy"


def test_news_of_the_stream_are_acted_upon_at_once_and_the_schedule_goes_on(made: Run) -> None:
    start = made.now()
    made.feed = Feed(made, [start + timedelta(seconds=seconds) for seconds in (30, 30, 190)])
    made.plans.append((start + timedelta(minutes=6), made.stop))
    made.run()
    ticks = [(line["at"] - start).total_seconds() for line in made.events("tick")]
    # Twice in one second is one too many: the second news waits for the gap.
    assert ticks == [0, 30, 32, 120, 190, 240]
    assert [line["state"] for line in made.events("stream")] == ["healthy"]
    assert made.events("late") == []
