"""``recording generate``: a season that can be imported from, replayed, and made again."""

from __future__ import annotations

import csv
import fcntl
import hashlib
import json
from datetime import date
from typing import TYPE_CHECKING, NoReturn

import pytest

from policytrader.adapters.recordings.picks import read_picks
from policytrader.adapters.recordings.playback import read_events
from policytrader.simulation.events import Redefine
from policytrader.simulation.season import Season
from policytrader.wiring.seasons import SeasonForm, generate_season
from policytrader.wiring.workers import open_workers

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

OPTIONS = ("--seed", "5", "--days", "2", "--races", "2", "--first-day", "2026-06-30")


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_season_is_the_same_whoever_makes_its_days(run: Run, here: Path) -> None:
    for name, jobs in (("one", "1"), ("two", "2")):
        ran = run("recording", "generate", *OPTIONS, "--form", "both", "--jobs", jobs, "--out", name)
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.startswith("2 days, 4 races, 8 markets, ")
        assert ran.out.endswith(" updates, 16 selections\n")
    assert digests(here / "one") == digests(here / "two")
    assert sorted(path.name for path in (here / "one").iterdir()) == [
        "day=2026-06-30", "day=2026-07-01", "raw", "selections.csv",
    ]  # fmt: skip


def test_the_imported_form_is_what_an_import_of_the_raw_files_makes(run: Run, here: Path) -> None:
    assert run("recording", "generate", *OPTIONS, "--jobs", "1", "--out", "season").code == 0
    assert run("recording", "generate", *OPTIONS, "--form", "raw", "--jobs", "1", "--out", "files").code == 0
    assert run("recording", "import", "files/raw", "--out", "imported").code == 0
    made = digests(here / "season")
    assert sorted(path.name for path in (here / "files").iterdir()) == ["raw", "selections.csv"]
    assert made.pop("selections.csv") == digests(here / "files")["selections.csv"]
    imported = digests(here / "imported")
    imported.pop("imports.jsonl", None)  # what an import notes of the files that it was given
    assert made == imported
    assert len({name.split("/")[1] for name in made}) == 8


def test_the_selections_are_picks_of_its_runners(run: Run, here: Path) -> None:
    assert (
        run("recording", "generate", *OPTIONS, "--picks", "3", "--jobs", "1", "--form", "both", "--out", "s").code == 0
    )
    picks = read_picks(here / "s" / "selections.csv")
    assert len(picks) == 3 * 8
    files = sorted((here / "s" / "raw").iterdir())
    names = {
        (event.definition.market_id, runner.selection_id): (runner.name, event.definition.market_type)
        for event in read_events(files)
        if isinstance(event, Redefine)
        for runner in event.definition.runners
    }
    for pick in picks:
        assert (pick.runner_name, pick.market_type) == names[pick.market_id, pick.selection_id]
    with (here / "s" / "selections.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["race_time"] for row in rows] == sorted(row["race_time"] for row in rows)
    assert {row["side"] for row in rows} == {"BACK", "LAY"}


def test_one_document(run: Run, here: Path) -> None:
    ran = run("recording", "generate", *OPTIONS, "--form", "raw", "--jobs", "1", "--out", "s", "--json")
    document = json.loads(ran.out)
    size = sum(path.stat().st_size for path in (here / "s" / "raw").iterdir())
    assert document | {"updates": 0} == {
        "schema": "policytrader/season/1", "seed": 5, "days": 2, "races": 4, "markets": 8, "updates": 0,
        "selections": 16, "raw_bytes": size,
    }  # fmt: skip
    assert document["updates"] > 8_000


def test_a_folder_that_holds_something_is_left_alone(run: Run, here: Path) -> None:
    (here / "s").mkdir()
    (here / "s" / "notes.txt").write_text("mine", encoding="utf-8")
    ran = run("recording", "generate", *OPTIONS, "--out", "s")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "error: --out s: there is something already; name a new folder\n"
    assert [path.name for path in (here / "s").iterdir()] == ["notes.txt"]


def test_a_season_that_was_stopped_is_made_anew(run: Run, here: Path) -> None:
    def stopped(done: int, total: int, name: str) -> NoReturn:  # noqa: ARG001 - as progress is told
        raise KeyboardInterrupt

    season = Season(5, 2, 2, date(2026, 6, 30))
    with pytest.raises(KeyboardInterrupt):
        generate_season(season, here / "s", open_workers(1), form=SeasonForm.BOTH, progress=stopped)
    (here / "s" / ".selections.csv").write_text("of a day that was made\n", encoding="utf-8")
    (here / "s" / ".making-left" / "deep").mkdir(parents=True)
    assert {path.name for path in (here / "s").iterdir()} > {".selections.csv", ".making-left", "raw"}
    for name in ("s", "new"):
        ran = run("recording", "generate", *OPTIONS, "--jobs", "1", "--out", name)
        assert (ran.code, ran.err) == (0, "")
    assert digests(here / "s") == digests(here / "new")
    assert [path.name for path in (here / "s").iterdir() if path.name.startswith(".") or path.name == "raw"] == []


@pytest.mark.parametrize("name", ["notes.txt", "imports.jsonl", "selections.csv"])
def test_what_was_put_beside_a_stopped_season_is_left_alone(name: str, run: Run, here: Path) -> None:
    (here / "s" / "day=2026-06-30").mkdir(parents=True)
    (here / "s" / ".selections.csv").touch()
    (here / "s" / name).write_text("mine", encoding="utf-8")
    ran = run("recording", "generate", *OPTIONS, "--out", "s")
    assert (ran.code, ran.err) == (2, "error: --out s: there is something already; name a new folder\n")
    assert {path.name for path in (here / "s").iterdir()} == {"day=2026-06-30", ".selections.csv", name}


def test_two_do_not_write_one_season(run: Run, here: Path) -> None:
    (here / "s" / "day=2026-06-30").mkdir(parents=True)
    with (here / "s" / ".selections.csv").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        ran = run("recording", "generate", *OPTIONS, "--out", "s")
    assert ran.code == 2
    assert ran.err == "error: --out s: another `recording generate` writes there; name a new folder\n"
    assert (here / "s" / "day=2026-06-30").is_dir()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--days", "0"), "a season has 1 to 5,000 days, not 0"),
        (("--days", "1", "--races", "61"), "a race day has 1 to 60 races, not 61"),
        (("--days", "1", "--first-day", "tomorrow"), "--first-day tomorrow: write a date, as in 2026-05-01"),
        (("--days", "1", "--picks", "21"), "--picks 21: 0 to 20"),
        (("--days", "1", "--jobs", "0"), "--jobs 0: 1 to 256"),
    ],
)
def test_what_cannot_be_made(run: Run, here: Path, options: tuple[str, ...], said: str) -> None:
    ran = run("recording", "generate", *options, "--out", "s")
    assert (ran.code, ran.out, ran.err) == (2, "", f"error: {said}\n")
    assert not (here / "s").exists()
