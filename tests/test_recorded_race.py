"""Real races through the command line, from the exchange's files to the plan.

The picks are taken from the files by a few lines of their own here, so that the importer does not choose its own test.
"""

from __future__ import annotations

import bz2
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from policytrader.cli import group

if TYPE_CHECKING:
    from pathlib import Path

# One worker: the recording is imported once.
pytestmark = pytest.mark.xdist_group("recorded race")

WIN, PLACE = "1.206064380", "1.205822330"
WIN_FILE, PLACE_FILE = f"horse-win-au-{WIN}-short-price-removal.bz2", f"horse-place-au-{PLACE}-three-removals.bz2"
MUTINOUS = 39540410
MORNING = "2022-11-06T20:00:00Z"
PLACE_MORNING, PLACE_NIGHT = "2022-10-31T07:00:00Z", "2022-10-31T23:30:00Z"


@pytest.fixture(scope="module")
def streams(shared_data: Path) -> Path:
    folder = shared_data / "betfair" / "streams"
    if not (folder / WIN_FILE).is_file() or not (folder / PLACE_FILE).is_file():
        pytest.skip(
            f"needs {WIN_FILE} and {PLACE_FILE} in ../shared/data/betfair/streams, which are not in the project"
        )
    return folder


def active_at(stream: Path, moment: str) -> list[int]:
    """Runners that the last market definition before the moment lists as ACTIVE."""
    milliseconds = datetime.fromisoformat(moment).timestamp() * 1000
    runners: list[dict[str, Any]] = []
    with bz2.open(stream) as lines:
        for line in lines:
            message = json.loads(line)
            if message["pt"] > milliseconds:
                break
            for change in message.get("mc", ()):
                runners = change.get("marketDefinition", {}).get("runners", runners)
    return [runner["id"] for runner in runners if runner["status"] == "ACTIVE"]


def start(folder: Path, *arguments: str) -> str:
    done = CliRunner().invoke(group, ["-C", str(folder), *arguments])
    assert (done.exception, done.exit_code, done.stderr) == (None, 0, "")
    return done.stdout


@pytest.fixture(scope="module")
def desk(streams: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording, and the morning's picks of both races."""
    folder = tmp_path_factory.mktemp("desk")
    head = "selection_ref,market_id,market_type,selection_id,side,price_requested\n"
    win = [f"back-{one},{WIN},WIN,{one},BACK,1.5\n" for one in active_at(streams / WIN_FILE, MORNING)]
    lay = f"lay,{WIN},WIN,{active_at(streams / WIN_FILE, MORNING)[0]},LAY,1000\n"
    place = [f"back-{one},{PLACE},PLACE,{one},BACK,1.5\n" for one in active_at(streams / PLACE_FILE, PLACE_MORNING)]
    assert (len(win), len(place)) == (13, 17)
    (folder / "win.csv").write_text(head + "".join(win) + lay, "utf-8")
    (folder / "place.csv").write_text(head + "".join(place), "utf-8")
    told = start(folder, "recording", "import", str(streams / WIN_FILE), str(streams / PLACE_FILE), "--out", "recorded")
    assert told.endswith("2 markets, 24447 updates, 18450 rows, 0 damaged files\n")
    return folder


def options(at: str, *, picks: str = "win.csv", captured_at: str = MORNING) -> tuple[str, ...]:
    return ("--recording", "recorded", "--selections", picks, "--at", at, "--captured-at", captured_at)


def decisions(folder: Path, *arguments: str) -> dict[str, dict[str, Any]]:
    document = json.loads(start(folder, "evaluate", *arguments, "--json"))
    return {decision["selection_ref"]: decision for decision in document["decisions"]}


def test_before_the_withdrawal_nothing_is_invalid(desk: Path) -> None:
    plan = decisions(desk, *options("2022-11-06T20:30:00Z"))
    assert len(plan) == 14
    assert {decision["verdict"] for decision in plan.values()} == {"keep"}
    assert not any(decision["rules"]["short-price-removed"] for decision in plan.values())
    # The withdrawn runner stood at 3.40 in the book at that time, and the other prices had room.
    assert plan[f"back-{MUTINOUS}"]["price"]["available"] == "3.40"
    assert all(decision["price"]["meets"] for decision in plan.values())


def test_after_it_every_back_is(desk: Path) -> None:
    plan = decisions(desk, *options("2022-11-06T21:00:00Z"))
    assert len(plan) == 14
    own, lay = plan.pop(f"back-{MUTINOUS}"), plan.pop("lay")
    assert (own["verdict"], own["reason"], own["action"]) == ("invalidate", "Invalid Runner Removed", "INVALID")
    assert {(one["verdict"], one["reason"], one["rule"], one["action"]) for one in plan.values()} == {
        ("invalidate", "Invalid Short Price Removed", "short-price-removed", "INVALID")
    }
    assert (lay["verdict"], lay["rule"], lay["rules"]["short-price-removed"]) == ("keep", None, None)
    assert {one["rules"]["eight-to-seven-place"] for one in plan.values()} == {None}


@pytest.mark.parametrize(("at", "reasons"), [("20:54:25", 0), ("20:54:30", 12)])
def test_the_second_of_the_withdrawal(at: str, reasons: int, desk: Path) -> None:
    """Removed at 20:54:26, published a moment later."""
    plan = decisions(desk, *options(f"2022-11-06T{at}Z"))
    assert sum(one["reason"] == "Invalid Short Price Removed" for one in plan.values()) == reasons


def test_captured_after_the_withdrawal_it_is_no_news(desk: Path) -> None:
    plan = decisions(desk, *options("2022-11-06T21:00:00Z", captured_at="2022-11-06T20:55:00Z"))
    reasons = {ref: one["reason"] for ref, one in plan.items() if one["reason"] is not None}
    assert reasons == {f"back-{MUTINOUS}": "Invalid Runner Removed"}


def test_the_text_names_who_went_out_and_at_what_price(desk: Path) -> None:
    told = start(desk, "evaluate", *options("2022-11-06T21:00:00Z"))
    assert told.count("Invalid Short Price Removed: 3. Mutinous, 3.40 this morning") == 12
    (own,) = (line for line in told.splitlines() if "3. Mutinous  " in line)
    assert own.startswith("x  04:30  7h30m  Moe")
    assert own.endswith("Invalid Runner Removed")
    assert "13 invalid" in told.splitlines()[-1]


def test_the_explanation_names_them_too(desk: Path) -> None:
    one = next(ref for ref in decisions(desk, *options("2022-11-06T21:00:00Z")) if str(MUTINOUS) not in ref)
    told = start(desk, "explain", one, *options("2022-11-06T21:00:00Z"))
    assert "fact.short_priced_removed          3. Mutinous, 3.40 this morning not empty  true" in told
    assert "withdrawn: 3. Mutinous at 20:54:26, 3.40 in the capture" in told
    document = json.loads(start(desk, "explain", one, *options("2022-11-06T21:00:00Z"), "--json"))
    assert document["removed"] == [
        {
            "selection_id": MUTINOUS,
            "runner_name": "3. Mutinous",
            "reference_price": "3.40",
            "removed_at": "2022-11-06T20:54:26Z",
        }
    ]


def test_seventeen_to_fourteen_is_not_eight_to_seven(desk: Path) -> None:
    chosen = options(PLACE_NIGHT, picks="place.csv", captured_at=PLACE_MORNING)
    plan = decisions(desk, *chosen)
    assert len(plan) == 17
    assert {one["rules"]["eight-to-seven-place"] for one in plan.values()} == {False}
    assert "Invalid 8 to 7 Place" not in {one["reason"] for one in plan.values()}
    # Three are out; without the race's WIN market nobody knows at what price, so the others wait for word.
    assert sum(one["reason"] == "Invalid Runner Removed" for one in plan.values()) == 3
    assert sum(one["reason"] == "Missing: fact.short_priced_removed" for one in plan.values()) == 14
    told = start(desk, "explain", "back-2329545", *chosen)
    assert "reference.number_of_runners        17 >= 8  true" in told
    assert "fact.active_runners                14 <= 7  false" in told
