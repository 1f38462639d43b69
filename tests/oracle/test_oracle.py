"""The oracle itself is tried on the scenarios that people wrote by hand, before it judges the engine."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from policytrader.adapters.snapshots.reader import read_snapshot
from policytrader.authoring.load import load_policy
from tests.oracle import oracle
from tests.oracle.snapshots import random_snapshot
from tests.oracle.written import snapshot_files, write

SCENARIOS = sorted((Path(__file__).resolve().parents[2] / "golden" / "racing").iterdir())


@pytest.mark.parametrize("folder", SCENARIOS, ids=lambda folder: folder.name)
def test_decides_as_the_scenario_says(folder: Path, project_root: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["decisions"]
    decided = oracle.decide(load_policy(project_root / "rules"), read_snapshot(folder))
    assert [_as_expected(one, other) for one, other in zip(decided, expected, strict=True)] == expected


def _as_expected(decided: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """``Missing: *`` stands for any text that begins so."""
    return {
        key: "Missing: *" if expected[key] == "Missing: *" and str(value).startswith("Missing: ") else value
        for key, value in decided.items()
    }


def test_random_snapshots_are_let_in_by_the_reader(tmp_path: Path) -> None:
    for number in range(60):
        made = random_snapshot(Random(number), is_calm=number % 2 == 0)  # noqa: S311 - repeatable, not secret
        read = read_snapshot(write(snapshot_files(made), tmp_path / str(number)))
        assert (read.now, read.selections, read.reference) == (made.now, made.selections, made.reference)
        assert (read.markets, read.runners, read.orders) == (made.markets, made.runners, made.orders)
