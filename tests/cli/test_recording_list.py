"""``recording list``: what was imported, market by market, so that selections can be written for it."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.recordings.importer import import_recording
from policytrader.adapters.recordings.race_folders import race_folders
from policytrader.adapters.recordings.races import read_race
from tests.adapters.recordings.streams import PLACE, WIN, change, definition, image, message, runner, write
from tests.recordings import RECORDINGS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

NAMED = (runner(11, name="Blue Moon"), runner(12, name="Red Sky", sortPriority=2))
OVER = (
    runner(11, "WINNER", name="Blue Moon", bsp=3.37),
    runner(12, "REMOVED", name="Red Sky", sortPriority=2, removalDate="2026-05-02T13:00:00.000Z"),
)
LATE_RACE = {"marketTime": "2026-05-02T23:30:00.000Z", "eventId": "78", "venue": "Exeter"}
"""Half past midnight in London: of the next day there."""


def defines(seconds: float, *runners: dict[str, object], **more: object) -> dict[str, object]:
    return message(seconds, {"id": WIN, "marketDefinition": definition(*runners, **more)})


def ladder(seconds: float, *prices: float) -> dict[str, object]:
    return message(seconds, change({"id": 11, "batb": [[0, prices[0], 50]], "batl": [[0, p, 40] for p in prices[1:]]}))


@pytest.fixture
def recorded(here: Path) -> Path:
    """A WIN market over its whole life, a PLACE market of the same race, one for nobody, one after midnight."""
    win = [
        message(0, change(market=WIN, img=True, marketDefinition=definition(*NAMED))),
        ladder(1, 3.0),
        ladder(2, 3.1, 3.2),
        ladder(60, 3.3, 3.4),
        defines(90, *NAMED, inPlay=True, version=2),
        ladder(95, 1.5, 1.6),
        defines(120, *OVER, status="CLOSED", inPlay=True, version=3),
    ]
    place = [message(0, image({"id": 11, "atb": [[2, 5]]}, market=PLACE, marketType="PLACE", numberOfWinners=2))]
    match = [message(0, image({"id": 11, "atb": [[2, 5]]}, market="1.777", marketType="MATCH_ODDS", eventId="79"))]
    late = [message(0, image({"id": 11, "ltp": 2}, market="1.888", **LATE_RACE))]
    files = [write(here / f"{number}.json", *one) for number, one in enumerate((win, place, match, late))]
    assert not import_recording(files, here / "recorded").errors
    return here / "recorded"


TABLE = """\
Off               Course  Country  Type        Market  Runners  Recorded from     To                Rows  Status  Can be bet on
2026-05-02 15:10  Ascot   GB       WIN         1.101    1 of 2  2026-05-02 13:00  2026-05-02 13:02    11  CLOSED  yes
2026-05-02 15:10  Ascot   GB       PLACE       1.102         2  2026-05-02 13:00  2026-05-02 13:00     3  OPEN    yes
2026-05-02 15:10  Ascot   GB       MATCH_ODDS  1.777         2  2026-05-02 13:00  2026-05-02 13:00     3  OPEN    no: its type is MATCH_ODDS: only WIN and PLACE can be bet on
2026-05-03 00:30  Exeter  GB       WIN         1.888         2  2026-05-02 13:00  2026-05-02 13:00     3  OPEN    no: no price to back or to lay was recorded
3 races, 4 markets, 2 can be bet on
"""  # noqa: E501 - the shown lines are as wide as they are


def test_a_line_for_each_market(run: Run, recorded: Path) -> None:
    ran = run("recording", "list", recorded.name)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == TABLE


def test_the_rows_are_those_that_the_import_told(run: Run, recorded: Path, here: Path) -> None:
    told = json.loads(run("recording", "import", "0.json", "--out", "again", "--json").out)
    (market,) = json.loads(run("recording", "list", "again", "--json").out)["markets"]
    assert market["rows"] == told["rows"]
    assert recorded.parent == here


def test_the_runners_of_a_market(run: Run, recorded: Path) -> None:
    lines = run("recording", "list", recorded.name, "--runners").out.splitlines()
    assert [line.rstrip() for line in lines[2:5]] == [
        "    Selection  Runner        Status     SP  First back   lay  Last back   lay",
        "           11  Blue Moon     WINNER   3.37        3.10  3.20       3.30  3.40",
        "           12  Red Sky       REMOVED     -           -     -          -     -",
    ]
    assert lines[6:8] == [lines[2], "           11  Selection 11  ACTIVE      -           -     -          -     -"]


@pytest.mark.parametrize(
    ("day", "found", "last"),
    [
        ("2026-05-02", [WIN, PLACE, "1.777"], "2 races, 3 markets, 2 can be bet on"),
        ("2026-05-03", ["1.888"], "1 race, 1 market, 0 can be bet on"),
        (
            "2026-06-01",
            [],
            "0 races, 0 markets, 0 can be bet on; nothing of 2026-06-01: the folders hold 2026-05-02 to 2026-05-02",
        ),
    ],
)
def test_a_london_day(day: str, found: list[str], last: str, run: Run, recorded: Path) -> None:
    document = json.loads(run("recording", "list", recorded.name, "--day", day, "--json").out)
    assert document["day"] == day
    assert [one["market_id"] for one in document["markets"]] == found
    assert {one["day"] for one in document["markets"]} <= {day}
    assert run("recording", "list", recorded.name, "--day", day).out.splitlines()[-1] == last


def test_one_document(run: Run, recorded: Path) -> None:
    ran = run("recording", "list", recorded.name, "--runners", "--json")
    document = json.loads(ran.out)
    assert list(document) == ["schema", "day", "markets", "problems"]
    assert (document["schema"], document["day"], document["problems"]) == ("policytrader/recordings/1", None, [])
    assert document["markets"][0] == {
        "recording": "recorded",
        "day": "2026-05-02",
        "race_id": "77@2026-05-02T14:10:00Z",
        "race_time": "2026-05-02T14:10:00Z",
        "course": "Ascot",
        "event_name": "Ascot 2nd May",
        "country_code": "GB",
        "market_id": WIN,
        "market_type": "WIN",
        "market_name": "Win",
        "runners_listed": 2,
        "runners_removed": 1,
        "recorded_from": "2026-05-02T12:00:00Z",
        "recorded_until": "2026-05-02T12:02:00Z",
        "rows": 11,
        "status": "CLOSED",
        "can_be_bet_on": True,
        "why_not": None,
        "runners": [
            {
                "selection_id": 11,
                "runner_name": "Blue Moon",
                "status": "WINNER",
                "starting_price": "3.37",
                "first_back": "3.10",
                "first_lay": "3.20",
                "last_back": "3.30",
                "last_lay": "3.40",
            },
            {
                "selection_id": 12,
                "runner_name": "Red Sky",
                "status": "REMOVED",
                "starting_price": None,
                "first_back": None,
                "first_lay": None,
                "last_back": None,
                "last_lay": None,
            },
        ],
    }
    assert json.loads(run("recording", "list", recorded.name, "--json").out)["markets"][0]["runners"] is None


def test_rows_for_a_table(run: Run, recorded: Path, here: Path) -> None:
    shown = run("recording", "list", recorded.name).out
    assert run("recording", "list", recorded.name, "--csv", "markets.csv").out == shown
    run("recording", "list", recorded.name, "--runners", "--csv", "runners.csv")
    with (here / "markets.csv").open(encoding="utf-8", newline="") as file:
        markets = list(csv.DictReader(file))
    assert [(one["market_id"], one["can_be_bet_on"]) for one in markets] == [
        (WIN, "true"), (PLACE, "true"), ("1.777", "false"), ("1.888", "false"),
    ]  # fmt: skip
    with (here / "runners.csv").open(encoding="utf-8", newline="") as file:
        runners = list(csv.DictReader(file))
    assert len(runners) == 8
    assert (runners[0]["market_id"], runners[0]["selection_id"], runners[0]["starting_price"]) == (WIN, "11", "3.37")


@pytest.mark.parametrize("name", ["states-0", "runners-0", "ladders-0", "definitions-0"])
@pytest.mark.parametrize("how", ["cut", "gone"])
def test_damage_in_one_market_does_not_hide_the_others(name: str, how: str, run: Run, recorded: Path) -> None:
    (path,) = recorded.glob(f"day=*/market={PLACE}/{name}.parquet")
    if how == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    else:
        path.unlink()
    ran = run("recording", "list", recorded.name)
    assert ran.code == 1
    assert f"market={PLACE}" in ran.err
    assert "R105" in ran.err
    assert ran.out.splitlines()[-1] == "3 races, 3 markets, 1 can be bet on, 1 cannot be read"
    document = json.loads(run("recording", "list", recorded.name, "--json").out)
    assert [one["market_id"] for one in document["markets"]] == [WIN, "1.777", "1.888"]
    assert len(document["problems"]) == 1


def test_definitions_that_are_none(run: Run, recorded: Path) -> None:
    (path,) = recorded.glob(f"day=*/market={PLACE}/definitions-0.parquet")
    (other,) = recorded.glob("day=*/market=1.888/states-0.parquet")
    path.write_bytes(other.read_bytes())
    path.with_name("source.json").unlink()  # which says how long it is
    for options in ((), ("--runners",)):
        ran = run("recording", "list", recorded.name, *options)
        assert ran.code == 1
        assert "definitions-0.parquet  R105  cannot be read: it has no column" in ran.err


def test_folders_that_hold_no_recording(run: Run, recorded: Path, here: Path) -> None:
    (here / "empty").mkdir()
    ran = run("recording", "list", "nowhere")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: nowhere: no such folder; `policytrader recording import FILE --out nowhere`")
    ran = run("recording", "list", "empty", recorded.name)
    assert ran.code == 1
    assert ran.err.startswith("empty  R105  holds no imported recording")
    assert ran.out.splitlines()[-1] == "3 races, 4 markets, 2 can be bet on, 1 cannot be read"


def test_a_market_with_handicaps_is_shown_with_its_reason(run: Run, here: Path) -> None:
    lines = (runner(11, hc=0), runner(11, hc=1), runner(12))
    write(here / "one.json", message(0, change(market=WIN, img=True, marketDefinition=definition(*lines))))
    run("recording", "import", "one.json", "--out", "recorded")
    for options in ((), ("--runners",)):
        ran = run("recording", "list", "recorded", *options)
        assert (ran.code, ran.err) == (0, "")
        assert "no: a runner is listed more than once (handicaps)" in ran.out


def test_what_can_be_bet_on_is_what_a_replay_takes(run: Run, shared_data: Path, here: Path) -> None:
    import_recording([shared_data / "betfair" / "streams" / name for name in RECORDINGS], here / "recorded")
    for options in ((), ("--runners",)):
        markets = json.loads(run("recording", "list", "recorded", "--json", *options).out)["markets"]
        assert len(markets) == len(RECORDINGS)
        races = race_folders(here / "recorded")
        taken = {market_id for race_id, folders in races.items() for market_id in read_race(race_id, folders).markets}
        listed = {one["market_id"] for one in markets if one["can_be_bet_on"]}
        unpriced = {one["market_id"] for one in markets if "no price" in (one["why_not"] or "")}
        assert listed | unpriced == taken
        assert unpriced == {"1.132153978"}


def test_one_file_for_two_options_is_refused(run: Run, recorded: Path) -> None:
    """Before the work; the first would be written over by the second."""
    picks = recorded / "picks.csv"
    ran = run("replay", recorded.name, "--selections", str(picks), "--html", "x.out", "--orders", "./x.out")
    assert (ran.code, ran.err) == (2, "error: --orders ./x.out: --html names the same file; name another one\n")
    told = run("replay", recorded.name, "--selections", str(picks), "--html", "x" * 300).err
    assert told == f"error: --html {'x' * 300}: cannot be written: File name too long\n"
