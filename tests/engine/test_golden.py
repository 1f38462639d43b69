"""Every golden scenario gives its expected plan, and what must not matter does not: time, order, company."""

from __future__ import annotations

import csv
import json
import shutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from policytrader import Engine, Plan, PolicySet, Snapshot, evaluate, load_policy, read_snapshot
from policytrader.app.scenarios import compare, read_expected, scenario_folders
from policytrader.engine.protect import CHECKS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# One worker: the plans are worked out once.
pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("golden")]

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = scenario_folders(ROOT / "golden" / "racing")
SHARED = ROOT.parent / "shared" / "data" / "snapshots"
SHARED_NAMES = (
    "01-two-selections-seven-left",
    "04-removed-before-capture",
    "08-lay-ignores-short-price",
    "12-known-beats-unknown",
    "15-lay-floor-keeps-the-cap",
    "17-ladder-steps",
    "23-cash-out-back",
    "27-invalid-unmatched",
    "33-hidden-runner",
    "42-rested",
)


def names(folders: Sequence[Path]) -> list[str]:
    return [folder.name for folder in folders]


@cache
def rules() -> PolicySet:
    return load_policy(ROOT / "rules")


@pytest.fixture(scope="module")
def policy() -> PolicySet:
    return rules()


@cache
def decided(folder: Path) -> Plan:
    """The plan of a golden scenario, by an engine of its own."""
    return evaluate(rules(), read_snapshot(folder))


@pytest.fixture(scope="module")
def snapshots() -> tuple[Snapshot, ...]:
    return tuple(decided(folder).snapshot for folder in GOLDEN)


@pytest.fixture(scope="module")
def alone() -> list[str]:
    return [written(decided(folder)) for folder in GOLDEN]


def written(plan: Plan) -> str:
    """The plan as it is printed: the very bytes."""
    return json.dumps(plan.to_dict(), ensure_ascii=False)


def test_there_are_at_least_sixty_scenarios() -> None:
    assert len(GOLDEN) >= 60
    assert len(GOLDEN) == len([path for path in (ROOT / "golden" / "racing").iterdir() if path.is_dir()])


@pytest.mark.parametrize("folder", GOLDEN, ids=names(GOLDEN))
def test_golden_scenario(folder: Path) -> None:
    expected, plan = read_expected(folder), decided(folder)
    assert expected["decisions"]
    assert len(expected["decisions"]) == len(plan.snapshot.selections)
    assert [str(difference) for difference in compare(expected, plan)] == []


@pytest.mark.parametrize("name", SHARED_NAMES)
def test_shared_snapshot(name: str, policy: PolicySet) -> None:
    """Worked by hand, without protections."""
    if not SHARED.is_dir():
        pytest.skip("needs the ten worked snapshots in ../shared/data/snapshots, which are not part of the project")
    folder = SHARED / name
    expected = read_expected(folder)
    plan = evaluate(policy, read_snapshot(folder), protections=False)
    assert expected["decisions"]
    assert [str(difference) for difference in compare(expected, plan)] == []


def test_no_shared_snapshot_is_left_out() -> None:
    if not SHARED.is_dir():
        pytest.skip("needs the ten worked snapshots in ../shared/data/snapshots, which are not part of the project")
    assert names(scenario_folders(SHARED)) == list(SHARED_NAMES)


def test_every_action_and_every_protection_is_expected_somewhere() -> None:
    """Goldens that miss one would let it rot."""
    decisions = [decision for folder in GOLDEN for decision in read_expected(folder)["decisions"]]
    assert {decision["action"] for decision in decisions} == {
        "PLACE",
        "CASH_OUT",
        "CANCEL",
        "WAIT",
        "DONE",
        "HOLD",
        "BLOCKED",
        "INVALID",
        "CLOSED",
    }
    assert {decision["code"] for decision in decisions if decision["action"] == "WAIT"} == {
        "cash_out_waits",
        "after_off",
        "step_filled",
        "price",
        "below_minimum",
    }
    blocked = {decision["code"] for decision in decisions if decision["action"] == "BLOCKED"}
    assert blocked == {name for name, _ in CHECKS}


def test_twice_gives_the_same_bytes(policy: PolicySet, snapshots: tuple[Snapshot, ...], alone: list[str]) -> None:
    with Engine(policy) as engine:
        for snapshot, expected in zip(snapshots, alone, strict=True):
            assert written(engine.evaluate(snapshot)) == expected
            assert written(engine.evaluate(snapshot)) == expected


@pytest.mark.parametrize(
    "in_order",
    [
        pytest.param(lambda count: list(reversed(range(count))), id="backwards"),
        pytest.param(lambda count: sorted(range(count), key=lambda number: (number % 7, number)), id="in sevens"),
        pytest.param(lambda count: [number for one in range(count) for number in (one, 0, count - 1)], id="in turns"),
    ],
)
def test_an_engine_remembers_nothing(
    in_order: Callable[[int], list[int]], policy: PolicySet, snapshots: tuple[Snapshot, ...], alone: list[str]
) -> None:
    with Engine(policy) as engine:
        for number in in_order(len(snapshots)):
            assert written(engine.evaluate(snapshots[number])) == alone[number]


def test_an_engine_that_explains_decides_the_same(
    policy: PolicySet, snapshots: tuple[Snapshot, ...], alone: list[str]
) -> None:
    with Engine(policy, explain=True) as engine:
        assert [written(engine.evaluate(snapshot)) for snapshot in snapshots] == alone


@pytest.mark.parametrize("turn", ["reversed", "sorted by the last column"])
def test_the_order_of_rows_does_not_matter(turn: str, policy: PolicySet, alone: list[str], tmp_path: Path) -> None:
    moved = 0
    with Engine(policy) as engine:
        for folder, expected in zip(GOLDEN, alone, strict=True):
            copy = tmp_path / folder.name
            shutil.copytree(folder, copy)
            for table in copy.glob("*.csv"):
                with table.open(encoding="utf-8", newline="") as file:
                    head, *rows = csv.reader(file)
                others = rows[::-1] if turn == "reversed" else sorted(rows, key=lambda row: row[::-1])
                moved += others != rows
                with table.open("w", encoding="utf-8", newline="") as file:
                    csv.writer(file, lineterminator="\n").writerows([head, *others])
            assert written(engine.evaluate(read_snapshot(copy))) == expected
    assert moved > 60
