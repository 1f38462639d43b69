"""What goes into ``policytrader replay``: what cannot be replayed is told with its line, and by the exit code."""

from __future__ import annotations

import csv
import json
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from policytrader.simulation.season import Season
from policytrader.wiring.seasons import generate_season
from policytrader.wiring.workers import open_workers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Ran, Run

pytestmark = pytest.mark.engine

Rows = list[dict[str, str]]
FIRST_RACE, SECOND_RACE = "37846835@2026-05-01T12:15:00Z", "37846835@2026-05-01T12:50:00Z"
OTHER_RACE = "37847202@2026-05-02T11:45:00Z"
WHOLE = "a whole number of h, m or s"
NO_TIME = "not an ISO 8601 time with a zone, such as 2026-05-02T13:42:15Z"
CHEAP = ("--cadence", "15m", "--jobs", "1")


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("season") / "history"
    generate_season(Season(1, 2, 4, date(2026, 5, 1)), folder, open_workers(1), per_market=1)
    return folder


@pytest.fixture
def rows(season: Path) -> Rows:
    """The season's picks; those of one market after the other, a WIN market first."""
    with (season / "selections.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def replayed(run: Run, here: Path, season: Path) -> Callable[..., Ran]:
    """``replay`` of the season with these rows in picks.csv."""

    def call(rows: Rows, *options: str) -> Ran:
        with (here / "picks.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)))
            writer.writeheader()
            writer.writerows(rows)
        return run("replay", season, "--selections", "picks.csv", *CHEAP, *options)

    return call


def not_replayed(ran: Ran) -> list[str]:
    """The lines that tell it."""
    head, _, lines = ran.out.partition("\nnot replayed: ")
    assert ran.code == 1, ran
    assert f", {lines.splitlines()[0]} not replayed\n" in head
    return [line.strip() for line in lines.splitlines()[1:]]


def test_what_is_replayed_whole_is_fine(replayed: Callable[..., Ran], rows: Rows) -> None:
    ran = replayed(rows[:2])
    assert (ran.code, ran.err) == (0, "")
    assert "not replayed" not in ran.out


@pytest.mark.parametrize(
    ("column", "said", "told"),
    [
        ("market_type", "PLACE", "market {market_id} is a WIN market in the recording, and the pick says PLACE"),
        ("market_id", "1.999", "market 1.999 is not in the recording"),
        (
            "race_time", "2026-05-01T11:15:00Z",
            "market {market_id} is off at {race_time} in the recording, and the pick says 2026-05-01T11:15:00Z",
        ),
        (
            "runner_name", "Nobody's",
            "runner {selection_id} of market {market_id} is {runner_name} in the recording, and the pick says Nobody's",
        ),
        ("selection_id", "17", "market {market_id} has no runner 17 at its capture; it has "),
        (
            "race_id", OTHER_RACE,
            f"market {{market_id}} is of race {FIRST_RACE}, and the race_id {OTHER_RACE} that of {OTHER_RACE}",
        ),
    ],
)  # fmt: skip
def test_a_pick_that_says_otherwise_than_the_recording(
    column: str, said: str, told: str, replayed: Callable[..., Ran], rows: Rows
) -> None:
    """With its line; the others are replayed."""
    wrong = rows[0] | {"race_id": ""} | {column: said}
    ran = replayed([rows[1] | {"race_id": ""}, wrong])
    (line,) = not_replayed(ran)
    assert line.startswith(f"picks.csv:3: {told.format(**rows[0])}")
    assert ", 1 selection, " in ran.out.splitlines()[0]
    document = json.loads(replayed([rows[1] | {"race_id": ""}, wrong], "--json").out)
    assert document["problems"] == [line]


def test_names_and_offs_may_be_written_as_people_write_them(replayed: Callable[..., Ran], rows: Rows) -> None:
    row = rows[0]
    name = f"3. {row['runner_name'].upper()} (IRE)"
    moved = row["race_time"].replace(":15:", ":27:")
    assert moved != row["race_time"]
    assert replayed([row | {"runner_name": name, "race_time": moved}]).code == 0


def test_one_race_has_one_name(replayed: Callable[..., Ran], rows: Rows) -> None:
    first, second, third = (rows[number] | {"race_id": name} for number, name in ((0, "a"), (1, "b"), (2, "a")))
    lines = not_replayed(replayed([first, second, third]))
    assert lines == [
        f"picks.csv:3: race {FIRST_RACE} is named b here and a before: give its picks one race_id, or none",
        f"picks.csv:4: market {third['market_id']} is of race {SECOND_RACE}, and the race_id a that of {FIRST_RACE}",
    ]


def test_many_alike_are_one_line(replayed: Callable[..., Ran], rows: Rows) -> None:
    strangers = [row | {"market_id": f"1.{number}"} for number, row in enumerate(rows[1:], 900)]
    ran = replayed([rows[0], *strangers[:3]])
    assert [line.split(" ")[0] for line in not_replayed(ran)] == ["picks.csv:3:", "picks.csv:4:", "picks.csv:5:"]
    (line,) = not_replayed(replayed([rows[0], *strangers[:4]]))
    assert line == (
        "4 picks are on markets that are not in the recording, such as: picks.csv:3: market 1.900 is not in the "
        "recording"
    )


def test_a_capture_after_the_off(replayed: Callable[..., Ran], rows: Rows) -> None:
    """Between the two days: those of the first are too late."""
    late, early = rows[0], rows[-1]
    (line,) = not_replayed(replayed([late, early], "--capture", "2026-05-02T07:00:00Z"))
    assert line == (
        f"picks.csv:2: the race of market {late['market_id']} was over then: captured at 2026-05-02T07:00:00Z, and its "
        "off was at 2026-05-01T12:15:00Z; write an earlier --capture"
    )


def test_nothing_at_all_is_no_table_of_zeros(
    replayed: Callable[..., Ran], run: Run, here: Path, season: Path, rows: Rows
) -> None:
    ran = replayed([row | {"market_id": "1.999"} for row in rows[:1]])
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "error: nothing to replay\n  picks.csv:2: market 1.999 is not in the recording\n"
    ran = replayed(rows, "--capture", "2026-05-03T10:00:00Z", "--json")
    assert (ran.code, ran.out) == (2, "")
    assert f"  {len(rows)} picks are captured after the off of their race, such as: picks.csv:2: " in ran.err
    (here / "empty.csv").write_text(",".join(rows[0]) + "\n", "utf-8")
    ran = run("replay", season, "--selections", "empty.csv")
    assert (ran.code, ran.err) == (2, "error: empty.csv: there are no picks in it, only a header\n")


def test_the_columns_that_are_named_are_those_that_are_read(replayed: Callable[..., Ran], rows: Rows) -> None:
    ran = replayed([rows[0] | {"odds": "2"}])
    assert ran.code == 1
    named = "market_id, market_type, selection_id, side, price_requested, stake_points, selection_ref, race_id"
    assert f"  Columns: {named}, race_time, runner_name. Needed: " in ran.err
    assert replayed([rows[0] | {"valid": "true", "closed": "false", "capture_id": "c"}]).code == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--select", "picks.csv"), "--select picks.csv: this is a CSV: use --selections"),
        (("--selections", "rule.YAML"), "--selections rule.YAML: this is YAML: use --select"),
        *(
            (
                ("--selections", "picks.csv", "--cadence", text),
                f"--cadence {text}: {WHOLE}, at least 1s, such as 15s or 1m; or change, or schedule",
            )
            for text in ("100ms", "15", "0s", "1.5m")
        ),
        (
            ("--selections", "picks.csv", "--capture", "8"),
            f"--capture 8: {NO_TIME}; or {WHOLE} before the off, such as 8h",
        ),
    ],
)
def test_options_that_are_meant_otherwise(
    options: tuple[str, ...], told: str, run: Run, here: Path, season: Path, rows: Rows
) -> None:
    (here / "picks.csv").write_text("\n".join(",".join(one) for one in (rows[0], rows[0].values())), "utf-8")
    assert run("replay", season, *options) == (2, "", f"error: {told}\n")


# --- A rule that picks ----------------------------------------------------------------------------------------------


@pytest.fixture
def picked(run: Run, here: Path, season: Path) -> Callable[..., Ran]:
    """``replay`` of the season with the example of the docs, edited."""

    def call(*edits: tuple[str, str], options: tuple[str, ...] = ()) -> Ran:
        text = docs_example()
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        (here / "rule.yaml").write_text(text, "utf-8")
        return run("replay", season, "--select", "rule.yaml", *CHEAP, *options)

    return call


def docs_example() -> str:
    text = (Path(__file__).parents[2] / "docs" / "replay.md").read_text("utf-8")
    found = re.search(r"```yaml\n(policy: selections\n.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_of_the_docs_picks_in_a_generated_season(picked: Callable[..., Ran]) -> None:
    ran = picked()
    assert (ran.code, ran.err) == (0, "")
    assert ": 8 races, " in ran.out.splitlines()[0]


def test_a_race_that_is_not_recorded_so_early(picked: Callable[..., Ran]) -> None:
    """What to write is what suits all of them."""
    ran = picked(("at: 2h", "at: 8h"))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "error: nothing to replay\n  8 races are not recorded 8h before their off, such as: race "
        "37847202@2026-05-02T11:45:00Z is not recorded 8h before its off: recorded from 09:15 in London, 3h30m before "
        "its off; write at: 3h or less\n"
    )
    lines = not_replayed(picked(("at: 2h", "at: 215m")))
    assert [line.split(" before its off: ")[1] for line in lines] == [
        "recorded from 09:15 in London, 3h30m before its off; write at: 3h or less"
    ]


def test_what_a_rule_left_out_is_told(picked: Callable[..., Ran]) -> None:
    ran = picked(("    countries: [GB, IE]\n", "    countries: [GB, IE]\n    courses: [Epsom, doncastr]\n"))
    assert (ran.code, ran.err) == (0, "")
    counts, country, course, blank = ran.out.splitlines()[4:8]
    assert re.fullmatch(
        r"rule middle-prices: picked \d+; left out: course 4 races, price \d+ runners, most_per_race \d+ runners"
        r"(, not active \d+ runners?)?",
        counts,
    )
    assert country == "rule middle-prices: no race in `IE`; recorded: GB"
    assert course == (
        "rule middle-prices: no race at `doncastr`; did you mean `Doncaster`?; recorded: Doncaster, Epsom"
    )
    assert blank == ""


def test_what_a_rule_left_out_is_in_the_document(picked: Callable[..., Ran], run: Run, season: Path) -> None:
    """Every runner of its markets is picked or left out; the same whoever did which day."""
    document = json.loads(picked(options=("--json",)).out)
    (rule,) = document["rules"]
    assert rule["picked"] == document["policies"][0]["totals"]["picks"] > 0
    assert rule["races_left_out"] == {}
    assert {"price", "most_per_race"} <= set(rule["runners_left_out"])
    assert rule["not_found"] == ["no race in `IE`; recorded: GB"]
    assert (document["captures"], document["captures_moved"]) == (document["races"], 0)
    other = json.loads(run("replay", season, "--select", "rule.yaml", *CHEAP[:2], "--jobs", "2", "--json").out)
    assert other == document


def test_a_rule_that_lets_no_race_through(picked: Callable[..., Ran]) -> None:
    ran = picked(("[GB, IE]", "[UK]"))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "error: nothing to replay\n  rule middle-prices: picked 0; left out: country 8 races\n"
        "  rule middle-prices: no race in `UK`; recorded: GB\n"
    )


def test_captures_that_were_moved_are_told(replayed: Callable[..., Ran], rows: Rows) -> None:
    moved = "Captured later than asked for, when the recording of their markets begins: 2 of 2"
    picks = [rows[0], rows[-1]]
    assert moved in replayed(picks, "--capture", "8h").out.splitlines()
    assert json.loads(replayed(picks, "--capture", "8h", "--json").out)["captures_moved"] == 2
    assert "captured at" not in replayed(picks, "--capture", "2h").out
