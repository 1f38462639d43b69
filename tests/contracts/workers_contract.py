"""What everybody has to do who does units of work: subclass, give the fixture ``workers``, and all of it is asked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from policytrader.errors import RecordingError, WorkersError
from policytrader.ports.workers import Unit, UnitCrashedError, Workers
from tests.contracts.toy_work import Toy, fail, give_unsendable, square

if TYPE_CHECKING:
    from pathlib import Path


def units_of(*toys: Toy) -> list[Unit[Toy]]:
    return [Unit(f"unit {toy.number}", toy) for toy in toys]


class WorkersContract:
    """Every test of this class, with whatever ``workers`` is."""

    def test_results_come_in_the_order_of_the_units(self, workers: Workers) -> None:
        toys = [Toy(number, seconds=0.2 if number == 0 else 0.0) for number in range(9)]
        assert [result for result, _ in workers.run(square, units_of(*toys))] == [one * one for one in range(9)]

    def test_nothing_to_do_is_done(self, workers: Workers) -> None:
        assert list(workers.run(square, ())) == []

    def test_each_unit_that_is_done_is_told_once(self, workers: Workers) -> None:
        told: list[tuple[int, int, str]] = []
        list(workers.run(square, units_of(*map(Toy, range(5))), lambda *one: told.append(one)))
        assert [(done, total) for done, total, _ in told] == [(done, 5) for done in range(1, 6)]
        assert sorted(name for *_, name in told) == [f"unit {number}" for number in range(5)]

    def test_our_error_comes_as_itself_and_names_its_unit(self, workers: Workers) -> None:
        results = workers.run(fail, units_of(*map(Toy, range(9))))
        assert [next(results) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(RecordingError) as caught:
            next(results)
        assert caught.value.render() == "unit 3: market.gz:7:1  R201  is damaged\n  Get it again."
        assert [one.code for one in caught.value.diagnostics] == ["R201"]

    def test_a_defect_is_told_with_its_unit_and_where_it_happened(self, workers: Workers) -> None:
        with pytest.raises(UnitCrashedError, match=r"^unit 4: ") as caught:
            list(workers.run(fail, units_of(Toy(0), Toy(4))))
        assert caught.value.args == ("unit 4: ValueError: no such thing",)
        assert "toy_work.py" in caught.value.__notes__[0]

    def test_the_first_error_in_order_is_raised_whichever_comes_first(self, workers: Workers) -> None:
        with pytest.raises(RecordingError, match="unit 3"):
            list(workers.run(fail, units_of(Toy(3, seconds=0.3), Toy(4))))

    def test_a_result_that_cannot_be_sent_is_a_defect_of_its_unit(self, workers: Workers) -> None:
        with pytest.raises(UnitCrashedError, match=r"^unit 1: "):
            list(workers.run(give_unsendable, units_of(Toy(0), Toy(1))))

    def test_whoever_stops_reading_can_begin_anew(self, workers: Workers) -> None:
        results = workers.run(square, units_of(*[Toy(number, seconds=0.05) for number in range(6)]))
        next(results)
        results.close()
        assert [result for result, _ in workers.run(square, units_of(Toy(7)))] == [49]


class SeparateWorkersContract(WorkersContract):
    """What only workers in other processes have to do."""

    def test_the_work_is_done_elsewhere(self, workers: Workers) -> None:
        done_by = {
            process for _, process in workers.run(square, units_of(*[Toy(one, seconds=0.4) for one in range(8)]))
        }
        assert os.getpid() not in done_by
        assert len(done_by) == workers.jobs

    def test_a_worker_that_dies_costs_a_retry_and_no_result(self, workers: Workers, tmp_path: Path) -> None:
        toys = [Toy(number, str(tmp_path), deaths=number == 2, seconds=0.02) for number in range(8)]
        told: list[int] = []
        results = workers.run(square, units_of(*toys), lambda done, _total, _name: told.append(done))
        assert [result for result, _ in results] == [one * one for one in range(8)]
        assert told == list(range(1, 9))
        assert [path.name for path in tmp_path.iterdir()] == ["2-0"]

    def test_a_worker_that_dies_after_another_unit_has_failed_costs_a_retry_too(
        self, workers: Workers, tmp_path: Path
    ) -> None:
        results = workers.run(fail, units_of(Toy(0, str(tmp_path), deaths=1, seconds=0.5), Toy(4)))
        assert next(results) == 0
        with pytest.raises(UnitCrashedError, match=r"^unit 4: "):
            next(results)

    def test_a_unit_that_kills_every_worker_is_named(self, workers: Workers, tmp_path: Path) -> None:
        toys = [Toy(number, str(tmp_path), deaths=99 * (number == 2), seconds=0.05) for number in range(4)]
        with pytest.raises(WorkersError, match=r"^unit 2: "):
            list(workers.run(square, units_of(*toys)))
        assert {path.name[0] for path in tmp_path.iterdir()} == {"2"}
