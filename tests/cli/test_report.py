"""``policytrader report`` as a user calls it: on a project's own store, made by hand."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from policytrader.model.times import format_utc
from policytrader.wiring import open_store
from tests.app.reported_day import activate_rules, store_day, store_orders, store_picks
from tests.one_day import ACCOUNT, AT, DAY, MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Run

STORE = "policytrader-paper.db"


@pytest.fixture
def project(here: Path) -> Path:
    """A project whose paper store holds the day; its daemon's last tick was on that day."""
    with closing(open_store(f"sqlite:///{STORE}")) as store:
        store_day(store)
    return here


def test_the_day_of_the_last_tick_in_words(run: Run, project: Path) -> None:
    assert (project / STORE).is_file()
    ran = run("report")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "PAPER  profile paper  report of 2026-05-02"
    assert lines[1].split() == [
        "Off", "Course", "Runner", "Bet", "Price", "Want", "Staked", "Matched", "Average", "SP", "Beat", "Outcome",
        "Profit", "Comm.", "Why", "invalid",
    ]  # fmt: skip
    assert lines[2].split() == [
        "15:10", "York", "Horse", "11", "BACK", "WIN", "8.00", "75.00", "30.00", "30.00", "8.20", "8.00", "+2.50", "%",
        "WON", "+216.00", "9.50",
    ]  # fmt: skip
    # Columns stand under their names, whatever a runner is called.
    assert {len(line[: line.index(side)]) for line in lines[2:8] for side in ("BACK", "LAY") if side in line} == {
        lines[1].index("Bet")
    }
    assert "\x1b" not in ran.out
    assert lines[9:] == [
        "net         +166.67: profit +176.18, commission 9.51",
        "selections  6, 4 settled, 3 invalid",
        "staked      92.00 in stakes of backs and liabilities of lays",
        "filled      33.52 %: 92.00 of 274.50",
        "SP beat     +17.83 % on average over 3 selections",
        "orders      9 sent of 10 decided: 7 seen, 1 dead, 1 unknown; 1 hedge",
        "invalid     2 Invalid 8 to 7 Place",
        "invalid     1 Invalid Runner Removed",
        "lever       09:02:11  kill  by ann: looks wrong",
        "lever       09:03:11  resume  by ann: was right",
        "lever       09:04:11  latch max_daily_loss  by ann: 200 lost",
    ]
    assert run("report", "2026-05-02") == ran
    assert run("--tz", "UTC", "report").out.splitlines()[2].startswith("14:10")


def test_one_document(run: Run, project: Path) -> None:
    assert project.is_dir()
    ran = run("report", "--json")
    assert (ran.code, len(ran.out.splitlines())) == (0, 1)
    document = json.loads(ran.out)
    assert list(document) == [
        "schema", "mode", "profile", "day", "picks", "totals", "orders", "invalidated", "controls", "races",
    ]  # fmt: skip
    assert [document[name] for name in ("schema", "mode", "profile", "day")] == [
        "policytrader/report/1", "paper", "paper", "2026-05-02",
    ]  # fmt: skip
    assert document["totals"] == {
        "picks": 6, "settled": 4, "profit": "176.18", "commission": "9.51", "net": "166.67", "staked": "92.00",
        "wanted": "274.50", "filled": "92.00", "fill_percent": "33.52", "beat_percent": "17.83", "beat_picks": 3,
    }  # fmt: skip
    assert document["orders"] == {"decided": 10, "sent": 9, "seen": 7, "dead": 1, "unknown": 1, "hedges": 1}
    assert document["invalidated"][0] == {"reason": "Invalid 8 to 7 Place", "picks": 2}
    assert [(one["kind"], one["cause"]) for one in document["controls"]] == [
        ("kill", None),
        ("resume", None),
        ("latch", "max_daily_loss"),
    ]
    lay = document["picks"][1]
    assert (lay["selection_ref"], lay["average_price_matched"], lay["at_risk"]) == ("lay", "5.00000000", "40.00")
    assert (lay["beat_percent"], lay["net"], lay["race_time"]) == ("20.00", "-40.00", "2026-05-02T14:10:00Z")
    assert not [one for one in leaves(document) if isinstance(one, float)]


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from leaves(one)
    else:
        yield value


def test_files(run: Run, project: Path) -> None:
    ran = run("report", "--csv", "day.csv", "--html", "day.html", "--json")
    assert ran.code == 0
    assert ran.err.splitlines() == ["wrote day.csv", "wrote day.html"]
    document = json.loads(ran.out)
    with (project / "day.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["selection_ref"] for row in rows] == [pick["selection_ref"] for pick in document["picks"]]
    assert {row["mode"] for row in rows} == {"paper"}
    page = (project / "day.html").read_text("utf-8")
    assert "PAPER 2026-05-02" in page.splitlines()[0]
    assert page.count("<svg") == 3
    assert run("-q", "report", "--html", "day.html").err == ""
    assert (project / "day.html").read_text("utf-8") == page


def test_a_parquet_table_holds_the_rows_of_the_csv_with_types(run: Run, project: Path) -> None:
    ran = run("report", "--csv", "day.csv", "--parquet", "day.parquet")
    assert ran.err.splitlines() == ["wrote day.csv", "wrote day.parquet"]
    with (project / "day.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table = pq.read_table(project / "day.parquet")
    assert table.schema.names == list(rows[0])
    found = table.to_pylist()
    assert any(row["average_price_matched"] for row in rows)
    for row, typed in zip(rows, found, strict=True):
        assert {name: told_as(value, row[name]) for name, value in typed.items()} == row
    assert {type(typed["profit"]) for typed in found} == {Decimal, type(None)}
    assert {typed["race_time"].tzname() for typed in found} == {"UTC"}


def told_as(value: Any, text: str) -> str:
    """As the CSV tells the value; ``text`` where it is the same number."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case Decimal():
            return text if value == Decimal(text) else str(value)
        case datetime():
            return format_utc(value)
        case _:
            return str(value)


def test_nothing_in_the_store_is_changed(run: Run, project: Path) -> None:
    with closing(sqlite3.connect(project / STORE)) as observer:
        before = observer.execute("PRAGMA data_version").fetchone()
        for words in (["--json"], ["2001-01-01"], ["--csv", "a.csv", "--parquet", "a.pq", "--html", "a.html"]):
            assert run("report", *words).code == 0
        assert observer.execute("PRAGMA data_version").fetchone() == before


def test_the_mode_is_the_first_word(run: Run, here: Path) -> None:
    (here / "config").mkdir()
    (here / "config" / "real.yaml").write_text("profile: real\nmode: live\ncurrency: GBP\n", "utf-8")
    with closing(open_store("sqlite:///policytrader-live.db", "live")) as store:
        store_picks(store)
    ran = run("--profile", "real", "report", "--html", "day.html", "--csv", "day.csv")
    assert ran.out.startswith("LIVE  profile real  report of 2026-05-02\n")
    assert "<title>LIVE 2026-05-02" in (here / "day.html").read_text("utf-8").splitlines()[0]
    assert (here / "day.csv").read_text("utf-8").splitlines()[1].startswith("live,")
    # The paper profile does not look into it.
    assert run("report", "--store", "sqlite:///policytrader-live.db").code == 4


# --- Which day ------------------------------------------------------------------------------------------------------


def test_the_default_is_londons_day_of_the_last_tick(run: Run, here: Path) -> None:
    assert here.is_dir()
    with closing(open_store(f"sqlite:///{STORE}")) as store:
        lease = store_picks(store)
        # Half past midnight in London's summer.
        store.renew(lease, datetime(2026, 5, 2, 23, 30, tzinfo=UTC))
    assert run("report").out.splitlines()[0].endswith("report of 2026-05-03")
    # A clock that is named on the command line is what is asked for.
    assert (
        run("--now", "2026-05-02T10:00:00Z", "report", "--clock", "system").out.splitlines()[0].endswith("2026-05-02")
    )


def test_without_a_leader_the_day_is_todays(run: Run, here: Path) -> None:
    assert here.is_dir()
    with closing(open_store(f"sqlite:///{STORE}")) as store:
        store.migrate()
    assert run("--now", "2026-07-01T23:30:00Z", "report").out.splitlines()[0].endswith("report of 2026-07-02")


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-05-01"])
def test_a_day_without_selections_says_where_to_look(day: str, run: Run, project: Path) -> None:
    assert project.is_dir()
    ran = run("report", day, "--html", "day.html", "--csv", "day.csv")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0] == f"PAPER  profile paper  report of {day}"
    assert lines[1] == f"no selections for the races of {day} in sqlite:///{STORE}"
    assert lines[2] == "the last day with orders is 2026-05-02: policytrader report 2026-05-02"
    assert "policytrader select list --day" in lines[3]
    assert len(lines) == 4
    assert "no selections for the races" in (project / "day.html").read_text("utf-8")
    assert len((project / "day.csv").read_text("utf-8").splitlines()) == 1
    document = json.loads(run("report", day, "--json").out)
    assert (document["picks"], document["totals"]["net"], document["totals"]["fill_percent"]) == ([], "0.00", None)


# --- What goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", ["yesterday", "2026-5-2", "2026-02-30", "2026-05-02T10:00:00Z", ""])
def test_no_date(day: str, run: Run, project: Path) -> None:
    assert project.is_dir()
    ran = run("report", day)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"error: DAY {day}: not a date such as 2026-05-02\n"


def test_no_store(run: Run, here: Path) -> None:
    ran = run("report")
    assert (ran.code, ran.out) == (4, "")
    assert STORE in ran.err
    assert "policytrader db migrate" in ran.err
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("option", ["--csv", "--parquet", "--html"])
def test_files_that_cannot_be_written(option: str, run: Run, project: Path) -> None:
    (project / "folder").mkdir()
    for name in ("folder", "nowhere/day"):
        ran = run("report", option, name)
        assert ran.code == 2
        assert ran.err.startswith(f"error: {option} {name}: cannot be written: ")
    stored = (project / STORE).read_bytes()
    ran = run("report", option, STORE)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"error: {STORE} is a SQLite database; name another file\n"
    assert (project / STORE).read_bytes() == stored


def test_orders_of_unknown_fate_are_told_while_the_day_runs(run: Run, here: Path) -> None:
    assert here.is_dir()
    with closing(open_store(f"sqlite:///{STORE}")) as store:
        lease = store_picks(store)
        activate_rules(store, AT - timedelta(hours=1))
        store_orders(store, lease)
        store.quarantine(lease, AT + MINUTE)
        assert store.leader(ACCOUNT) is not None
        # The daemon still runs.
        out = run("report", DAY.isoformat()).out
    assert "1 dead, 1 unknown" in out
    assert "to be run" in out
