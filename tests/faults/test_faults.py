"""The real trader, through faults, over whole small days: no promise is broken, every kind of fault is hit.

``make test`` runs few seeds; ``POLICYTRADER_FAULT_SEEDS=1000`` as many as it names (about 2 s each, on one core).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from policytrader.engine.evaluate import Engine
from tests.faults.day import POLICY, FaultyDay, Outcome, Parts
from tests.faults.injected import RATES, Fault
from tests.faults.mutants import MUTANTS, Mutant

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEDS = int(os.environ.get("POLICYTRADER_FAULT_SEEDS", "12"))
TICKS = 60
IN_FILES = 8
"""Every so many seeds one runs on a store in a file, which is opened anew after each crash; the others in memory."""
MOST_MUTANT_SEEDS = 12

PUT_BACK_SEEDS, MISSED_BET_SEEDS = (9,), (8,)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(POLICY) as made:
        yield made


def run(seed: int, engine: Engine, folder: Path | None = None) -> Outcome:
    return FaultyDay(seed, engine, folder=folder).run(TICKS)


def test_no_promise_is_broken_and_every_fault_is_hit(engine: Engine, tmp_path: Path) -> None:
    outcomes = [run(seed, engine, None if seed % IN_FILES else tmp_path) for seed in range(SEEDS)]
    broken = {one.seed: one.violations for one in outcomes if one.violations}
    assert broken == {}
    counts: Counter[Fault] = sum((one.faults for one in outcomes), Counter())
    assert [fault for fault in RATES if not counts[fault]] == []
    assert sum(one.bets for one in outcomes) > SEEDS
    assert sum(one.hedges for one in outcomes) > 0


def test_a_bet_that_one_reading_of_a_cash_out_misses(engine: Engine) -> None:
    often = {Fault.VIEW_LOSES_BET_CLOSING: 0.4, Fault.WITHDRAWAL: 0.1, Fault.PRICE_MOVES: 0.4}
    never = {Fault.CLOCK_JUMP: 0.0, Fault.FOREIGN_BET: 0.0}
    days = [FaultyDay(seed, engine, Parts(rates={**RATES, **often, **never})) for seed in MISSED_BET_SEEDS]
    assert [day.run(TICKS).violations for day in days] == [()] * len(days)


def test_a_clock_that_is_put_back(engine: Engine) -> None:
    assert [run(seed, engine).violations for seed in PUT_BACK_SEEDS] == [()] * len(PUT_BACK_SEEDS)


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_the_same_seed_gives_the_same_trace(engine: Engine, hash_seed: str) -> None:
    seeds = (3,)
    here = [run(seed, engine).digest for seed in seeds]
    command = [sys.executable, "-m", "tests.faults.print_digests", *map(str, seeds)]
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == here


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.title)
def test_the_mutant_is_caught(mutant: Mutant, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant.plant(monkeypatch)
    for seed in range(MOST_MUTANT_SEEDS):
        found = FaultyDay(seed, mutant.engine(engine), mutant.parts).run(TICKS).violations
        if any(one.split()[0] in mutant.breaks for one in found):
            return
    pytest.fail(f"nobody noticed: {mutant.title}")
