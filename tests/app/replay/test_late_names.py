"""Recordings whose early definitions leave names out: what a pick says is held against what is told in the end."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.recordings.race_folders import race_folders
from policytrader.adapters.recordings.races import read_race
from policytrader.app.replay.picks import ReplayPick, ReplayTerms, make_picks
from policytrader.model.money import MINIMUM_SIZES
from policytrader.model.snapshot import Side
from tests.adapters.recordings.streams import WIN, change, definition, imported, message, moment, runner
from tests.app.replay.recorded_day import in_memory

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.app.replay.picks import Made
    from policytrader.ports.races import RaceRecord

PICK = ReplayPick(
    selection_ref="a",
    market_id=WIN,
    selection_id=11,
    side=Side.BACK,
    price_requested=Decimal(8),
    stake_points=Decimal(1),
)


@pytest.fixture
def race(tmp_path: Path) -> RaceRecord:
    """Nameless for ten minutes; 12 stays so."""
    imported(
        tmp_path,
        message(0, change(img=True, marketDefinition=definition(runner(11), runner(12)), rc=[{"id": 11, "ltp": 8}])),
        message(600, change(marketDefinition=definition(runner(11, name="2. Sandwood Jet"), runner(12)))),
    )
    ((race_id, folders),) = race_folders(tmp_path / "recorded").items()
    return read_race(race_id, folders)


def made(race: RaceRecord, pick: ReplayPick) -> Made:
    terms = ReplayTerms(cadence="15s", capture=moment(60), minimum=MINIMUM_SIZES["GBP"], ports=in_memory)
    (found,) = make_picks(race, [pick], terms)
    return found


@pytest.mark.parametrize("said", [None, "2. Sandwood Jet", "sandwood jet"])
def test_a_name_that_is_told_later_is_no_contradiction(said: str | None, race: RaceRecord) -> None:
    found = made(race, replace(PICK, runner_name=said))
    assert found.problems == ()
    assert [one.runner_name for one in found.selections] == ["2. Sandwood Jet"]


def test_another_name_than_the_one_that_is_told_later_is_one(race: RaceRecord) -> None:
    (problem,) = made(race, replace(PICK, runner_name="Somebody")).problems
    assert (
        problem.text
        == f"pick a: runner 11 of market {WIN} is 2. Sandwood Jet in the recording, and the pick says Somebody"
    )


def test_who_is_never_named_may_be_called_anything(race: RaceRecord) -> None:
    found = made(race, replace(PICK, selection_id=12, runner_name="Somebody"))
    assert found.problems == ()
    assert [one.runner_name for one in found.selections] == ["Selection 12"]
