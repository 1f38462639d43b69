"""The real trader, through faults, over whole small days: no promise is broken, every kind of fault is hit.

``make test`` runs 200 seeds of 300 ticks. ``POLICYTRADER_FAULT_SEEDS`` and ``POLICYTRADER_FAULT_TICKS`` say otherwise;
``POLICYTRADER_SHOW=1`` prints the report and the mutants' table to stderr. A seed that failed: ``python -m
tests.faults.replay SEED TICKS``; then it belongs into ``tests/seeds.txt``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from policytrader.engine.evaluate import Engine
from tests.faults import sweep
from tests.faults.day import POLICY, TICKS, FaultyDay, Outcome, Parts
from tests.faults.injected import RATES, ROWS, Fault
from tests.faults.mutants import MUTANTS, Mutant
from tests.faults.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

USUAL_SEEDS, AT_ONCE = 200, 10
SEEDS = int(os.environ.get("POLICYTRADER_FAULT_SEEDS", str(USUAL_SEEDS)))
DAY_TICKS = int(os.environ.get("POLICYTRADER_FAULT_TICKS", str(TICKS)))
IS_SHOWN = bool(os.environ.get("POLICYTRADER_SHOW"))
STARTS = range(0, SEEDS, AT_ONCE)
ENOUGH_TICKS = 6000
"""In so many something of every row happens."""
IN_FILES = 25
"""Every so many seeds one runs on a store in an SQLite file; the others in memory."""
MUTANT_SEEDS, MUTANT_TICKS = 12, 150
SWEEPS = 4
FAMOUS = tuple(
    tuple(map(int, line.split()[:2]))
    for line in (Path(__file__).parents[1] / "seeds.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(POLICY) as made:
        yield made


@pytest.fixture
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of one run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "faults"
    folder.mkdir(exist_ok=True)
    return folder


def show(text: str, capsys: pytest.CaptureFixture[str], *, is_wanted: bool = IS_SHOWN) -> None:
    if is_wanted:
        with capsys.disabled():
            sys.stderr.write(f"\n{text}\n")
            sys.stderr.flush()


# --- Seeds ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", STARTS)
def test_no_promise_is_broken_and_every_fault_is_hit(
    first: int, engine: Engine, tmp_path: Path, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = Tally()
    for seed in range(first, min(first + AT_ONCE, SEEDS)):
        tally.add(FaultyDay(seed, engine, folder=None if seed % IN_FILES else tmp_path).run(DAY_TICKS))
    tally.write(shared / f"{first}.json")
    kept = list(shared.glob("*.json"))
    show(f"seeds {first} to {first + tally.seeds - 1} done", capsys, is_wanted=SEEDS > USUAL_SEEDS)
    total = Tally.together(kept) if len(kept) == len(STARTS) else None
    if total is not None:
        show(total.report(), capsys)
    replays = [f"{one}; python -m tests.faults.replay {one.split()[1][:-1]} {DAY_TICKS}" for one in tally.broken]
    assert replays == []
    if total is not None:
        check_all(total)


def check_all(total: Tally) -> None:
    """Whoever is the last looks at all of it."""
    if SEEDS * DAY_TICKS >= USUAL_SEEDS * TICKS:
        assert total.never_hit() == []
    if SEEDS * DAY_TICKS >= ENOUGH_TICKS:
        assert total.rows_never_hit() == []
        assert total.hedges > 0
    assert total.bets > total.seeds


@pytest.mark.parametrize(("seed", "ticks"), FAMOUS)
def test_a_seed_that_once_failed(seed: int, ticks: int, engine: Engine) -> None:
    assert FaultyDay(seed, engine).run(ticks).violations == ()


def test_a_bet_that_one_reading_of_a_cash_out_misses(engine: Engine) -> None:
    often = {Fault.VIEW_LOSES_BET_CLOSING: 0.4, Fault.WITHDRAWAL: 0.1, Fault.PRICE_MOVES: 0.4}
    never = {Fault.CLOCK_JUMP: 0.0, Fault.CLOCK_BACK: 0.0, Fault.FOREIGN_BET: 0.0, Fault.FOREIGN_BOT: 0.0}
    outcomes = [FaultyDay(seed, engine, Parts(rates={**RATES, **often, **never})).run(60) for seed in range(4)]
    assert [one.violations for one in outcomes] == [()] * len(outcomes)
    assert sum(one.faults[Fault.VIEW_LOSES_BET_CLOSING] for one in outcomes) > 0


def test_bets_of_others_that_readings_miss(engine: Engine) -> None:
    often = {
        Fault.VIEW_LOSES_BET: 0.3,
        Fault.VIEW_LOSES_BET_CLOSING: 0.3,
        Fault.FOREIGN_BET: 0.3,
        Fault.WITHDRAWAL: 0.1,
    }
    never = {Fault.CLOCK_JUMP: 0.0, Fault.CLOCK_BACK: 0.0}
    outcomes = [FaultyDay(seed, engine, Parts(rates={**RATES, **often, **never})).run(60) for seed in range(4)]
    assert [one.violations for one in outcomes] == [()] * len(outcomes)
    assert sum(one.hedges for one in outcomes) > 0


def test_every_fault_has_a_rate_and_a_place() -> None:
    listed = [fault for _, faults in ROWS.values() for fault in faults]
    assert len(listed) == len(set(listed))
    assert set(Fault) - set(listed) == {Fault.TIME_PASSES, Fault.LEVER}
    assert set(RATES) == set(Fault)


# --- The same again ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_the_same_seed_gives_the_same_trace(engine: Engine, hash_seed: str) -> None:
    seeds = (3, 5)
    here = [FaultyDay(seed, engine).run(60).digest for seed in seeds]
    command = [sys.executable, "-m", "tests.faults.print_digests", *map(str, seeds)]
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == here


@pytest.mark.parametrize("seed", [1, 9])
def test_the_store_in_memory_behaves_as_the_one_in_a_file(seed: int, engine: Engine, tmp_path: Path) -> None:
    in_memory, in_file = FaultyDay(seed, engine).run(100), FaultyDay(seed, engine, folder=tmp_path).run(100)
    assert in_memory.trace == in_file.trace
    assert in_memory.bets > 0


# --- One crash, everywhere --------------------------------------------------------------------------------------------


def test_the_sweep_passes_everything_that_counts(engine: Engine) -> None:
    outcome, names = sweep.play(engine, None)
    assert (outcome.violations, outcome.crashes) == ((), 0)
    assert (outcome.bets, outcome.hedges) > (1, 0)
    wanted = {"store after reserve", "store after mark_sent", "before place", "after place", "store before resolve"}
    wanted |= {"before cancel", "after cancel", "after books", "after current_bets", "store after invalidate"}
    assert wanted <= set(names)


@pytest.mark.parametrize("part", range(SWEEPS))
def test_a_crash_at_each_call(part: int, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    _, names = sweep.play(engine, None)
    numbers = range(1 + part, len(names) + 1, SWEEPS)
    outcomes = {f"{number} {names[number - 1]}": sweep.play(engine, number)[0] for number in numbers}
    assert {name: one.violations for name, one in outcomes.items() if one.violations} == {}
    assert {one.crashes for one in outcomes.values()} == {1}
    show(f"crash sweep {part + 1}/{SWEEPS}: {len(outcomes)} of {len(names)} checkpoints, 0 violations", capsys)


# --- Mutants ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.title)
def test_the_mutant_is_caught(
    mutant: Mutant, engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mutant.plant(monkeypatch)
    for seed in range(MUTANT_SEEDS):
        outcome: Outcome = FaultyDay(seed, mutant.engine(engine), mutant.parts).run(MUTANT_TICKS)
        for found in outcome.violations:
            promise, _, _, tick, *_ = found.split()
            if promise in mutant.breaks:
                show(f"mutant: {mutant.title:58} {promise:4} seed {seed:2}, tick {tick:>3}", capsys)
                return
    pytest.fail(f"nobody noticed: {mutant.title}")
