"""Daemons as processes, and what they say while they run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager, redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from policytrader.cli import main
from policytrader.waiting import rest
from policytrader.wiring import open_store
from tests.cli.served_days import PROGRAM

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from policytrader.ports.store import Store
    from policytrader.simulation.exchange import Change
    from tests.cli.served_days import ServedDay

LIVE = ("-v", "run", "--live", "--arm-file", "arm", "--log-json")
PATIENCE_SECONDS = 120.0
"""For what certainly comes, on a busy machine."""
_POLL_SECONDS = 0.002
_SHOWN_LINES = 40


class Line(NamedTuple):
    """One log line: what happened, its fields, and when it was read here (``time.perf_counter``)."""

    event: str
    fields: dict[str, Any]
    at: float


class Daemon:
    """A running ``policytrader run --live``; its log lines are read as they come."""

    def __init__(self, day: ServedDay, store: str | None, *words: str) -> None:
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            [*PROGRAM, *day.arguments(*(words or LIVE), store=store)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=dict(os.environ),
        )
        self.lines: list[Line] = []
        self.texts: list[str] = []
        self._reader = threading.Thread(target=self._read, name=f"daemon {self.process.pid}", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for text in self.process.stderr:
            try:
                document = json.loads(text)
            except ValueError:
                # An error's sentences, at the end.
                self.texts.append(text)
            else:
                self.lines.append(Line(document.pop("event"), document, time.perf_counter()))

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def mark(self) -> int:
        """How many lines it has said; ``find`` and ``expect`` look behind a mark."""
        return len(self.lines)

    def find(self, event: str, *, behind: int = 0) -> list[Line]:
        return [line for line in self.lines[behind:] if line.event == event]

    def comes(self, event: str, *, behind: int = 0, seconds: float = PATIENCE_SECONDS) -> Line | None:
        """The first such line behind a mark; None where it does not come in time, or the daemon has ended before."""
        wait_until(lambda: bool(self.find(event, behind=behind)) or not self.is_running, seconds)
        if not self.is_running:
            self._reader.join()
        return next(iter(self.find(event, behind=behind)), None)

    def expect(self, event: str, *, behind: int = 0, seconds: float = PATIENCE_SECONDS) -> Line:
        line = self.comes(event, behind=behind, seconds=seconds)
        if line is None:
            pytest.fail(f"the daemon did not say `{event}` within {seconds} s; it said:\n{self.told()}")
        return line

    def told(self) -> str:
        lines = [f"{line.event} {line.fields}" for line in self.lines[-_SHOWN_LINES:]]
        return "\n".join([*lines, *self.texts, f"exit code {self.process.poll()}"])

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and wait for its end."""
        self.process.kill()
        self.finish()

    def finish(self, seconds: float = PATIENCE_SECONDS) -> tuple[int, str]:
        """Its exit code and what it printed, when it has ended by itself."""
        assert self.process.stdout is not None
        try:
            code = self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"the daemon did not end within {seconds} s; it said:\n{self.told()}")
        self._reader.join()
        out = self.process.stdout.read()
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        return code, out


class Daemons:
    """Starts daemons on one day and one store; none outlives the test."""

    def __init__(self, day: ServedDay, store: str | None) -> None:
        self.day = day
        self.store = store
        self.all: list[Daemon] = []

    def start(self, *words: str) -> Daemon:
        self.all.append(Daemon(self.day, self.store, *words))
        return self.all[-1]

    def ask(self, *words: str) -> Any:
        """A command's document; asked in this process, which is loaded already."""
        printed = StringIO()
        before, sys.argv = sys.argv, ["policytrader", *self.day.arguments(*words, "--json", store=self.store)]
        try:
            with redirect_stdout(printed), pytest.raises(SystemExit) as ended:
                main()
        finally:
            sys.argv = before
        assert ended.value.code == 0, f"{words}: exit code {ended.value.code}"
        return json.loads(printed.getvalue())

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command, whatever it comes to."""
        return subprocess.run(
            [*PROGRAM, *self.day.arguments(*words, store=self.store)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
        )

    @contextmanager
    def opened(self) -> Iterator[Store]:
        """The store, read from here."""
        with closing(open_store(self.store or f"sqlite:///{self.day.folder}/policytrader-paper.db")) as store:
            yield store

    def open_day(self) -> None:
        """The morning: picks and policy are in the store."""
        with self.opened() as store:
            store.migrate()
        self.ask("select", "import", "picks.csv")
        self.ask("activate")

    def end_all(self) -> None:
        for daemon in self.all:
            if daemon.is_running:
                # One that a test has stopped does not hear anything else.
                daemon.kill()


@contextmanager
def started_daemons(day: ServedDay, store: str | None = None) -> Iterator[Daemons]:
    daemons = Daemons(day, store)
    try:
        yield daemons
    finally:
        daemons.end_all()


def wait_until(is_so: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
    """Whether it came to be so in time."""
    end = time.perf_counter() + seconds
    while not is_so():
        if time.perf_counter() > end:
            return False
        rest(_POLL_SECONDS)
    return True


def bets_of(day: ServedDay) -> int:
    """How many bets the exchange holds, asked without a request."""
    return len(day.server.host.exchange.bets)


@contextmanager
def at_next_order(day: ServedDay, act: Callable[[], object], *, skip: int = 0) -> Iterator[threading.Event]:
    """Act while the exchange takes an order, before it answers; the event is set when that was. ``skip``: not yet."""
    host, has_come = day.server.host, threading.Event()
    known = set(host.exchange.bets)

    def listen(change: Change) -> None:
        new = set(change.bets) - known
        if has_come.is_set() or not new:
            return
        known.update(new)
        if len(known) > enough:
            act()
            has_come.set()

    enough = len(known) + skip
    with host.lock:
        unsubscribe = host.exchange.subscribe(listen)
    try:
        yield has_come
    finally:
        with host.lock:
            unsubscribe()


def edit_rules(folder: Path, kind: str, *replaced: tuple[str, str]) -> None:
    """Replace texts in a policy file of the project."""
    path = folder / "rules" / "racing" / f"{kind}.yaml"
    text = path.read_text("utf-8")
    for old, new in replaced:
        assert text.count(old) == 1, f"{kind}: {old!r} stands there {text.count(old)} times"
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


def make_busy(folder: Path, *, every: str = "15s") -> None:
    """Rules by which there is something to order at any time: small steps all day, and limits that leave room."""
    edit_rules(folder, "schedule", ('{from: "10:00", every: 2m}', f'{{from: "10:00", every: {every}}}'))
    edit_rules(
        folder,
        "protection",
        ("max_exposure_per_market: 500\n", "max_exposure_per_market: 5000\n"),
        ("max_exposure_per_day: 2000\n", "max_exposure_per_day: 20000\n"),
        ("max_daily_loss: 300 ", "max_daily_loss: 20000 "),
        ("max_orders_per_minute: 20 ", "max_orders_per_minute: 200 "),
        ("max_orders_per_selection: 12 ", "max_orders_per_selection: 500 "),
    )
    path = folder / "rules" / "racing" / "staking.yaml"
    before, _, rest_of_it = path.read_text("utf-8").partition("      - {from: start")
    after = rest_of_it.partition("    after_off")[2]
    steps = [f"      - {{from: start, back_stake: {BACK_STEP}, lay_liability: {LAY_STEP}}}"]
    steps += [
        f"      - {{from: {4 * (STEPS - number)}m, back_stake: {BACK_STEP * (number + 1)}, "
        f"lay_liability: {LAY_STEP * (number + 1)}}}"
        for number in range(1, STEPS)
    ]
    limits = f"limits: {{back_stake: {BACK_STEP * STEPS}, lay_liability: {LAY_STEP * STEPS}}}"
    text = "\n".join([*steps, "    after_off"])
    path.write_text(before + text + after.replace("limits: {back_stake: 50, lay_liability: 75}", limits), "utf-8")


STEPS, BACK_STEP, LAY_STEP = 49, 2, 3
"""A new step every four minutes."""
