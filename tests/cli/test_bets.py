"""``policytrader bets`` on a SQLite file: every command, and what a person reads."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Ran, Run

TRACK = ("--player", "Mohamed Salah", "--team", "Liverpool", "--market", "Player Shots On Target", "--line", "1.5",
         "--direction", "over", "--odds", "2.10", "--match", "Liverpool vs Man City", "--date", "2030-03-10",
         "--time", "16:30", "--stake", "10", "--unit", "10")  # fmt: skip


@pytest.fixture
def bets(run: Run, here: Path) -> Callable[..., Ran]:
    def call(*words: object, user: int = 5, now: str = "2030-03-10T12:00:00Z") -> Ran:
        place = ("--store", f"sqlite:///{here / 'bets.db'}", "--user", str(user))
        return run("--now", now, "bets", *map(str, words), *place)

    return call


@pytest.fixture
def bet_id(bets: Callable[..., Ran]) -> str:
    ran = bets("track", *TRACK)
    assert (ran.code, ran.err) == (0, "")
    return ran.out.split()[-1]


def document(ran: Ran) -> Any:
    assert (ran.code, ran.err) == (0, "")
    return json.loads(ran.out)


def test_tracked_and_listed(bets: Callable[..., Ran], bet_id: str) -> None:
    ran = bets("list")
    assert ran.code == 0
    line, count = ran.out.splitlines()
    assert line.startswith(f"{bet_id}  2030-03-10 16:30  Mohamed Salah Player Shots On Target over 1.5")
    assert "@2.10 x 10.00  pending" in line
    assert count == "1 bet"
    (bet,) = document(bets("list", "--json"))["bets"]
    assert (bet["bet_id"], bet["odds"], bet["kickoff_at"]) == (bet_id, "2.10", "2030-03-10T16:30:00Z")
    assert bets("list", user=6).out == "0 bets\n"


def test_a_second_one_is_told_and_may_be_meant(bets: Callable[..., Ran], bet_id: str) -> None:
    ran = bets("track", *TRACK)
    assert (ran.code, ran.out) == (1, "")
    assert f"already tracked as {bet_id}" in ran.err
    assert bets("track", *TRACK, "--allow-duplicate").code == 0


def test_an_alert_file(bets: Callable[..., Ran], here: Path) -> None:
    (here / "alert.json").write_text(
        '{"Player": "A", "Market": "Player Goals", "Threshold": 0.5, "Odds": 2.5}', "utf-8"
    )
    assert bets("track", "--alert", "alert.json", "--stake", "1", "--unit", "1", "--odds", "3").code == 0
    (bet,) = document(bets("list", "--json"))["bets"]
    assert (bet["player_name"], bet["odds"]) == ("A", "3")
    (here / "alert.json").write_text("[1]", "utf-8")
    assert bets("track", "--alert", "alert.json", "--stake", "1", "--unit", "1").code == 2
    assert bets("track", "--alert", "nowhere.json", "--stake", "1", "--unit", "1").code == 2
    (here / "alert.json").write_bytes(b" " * 1_000_001)
    ran = bets("track", "--alert", "alert.json", "--stake", "1", "--unit", "1")
    assert (ran.code, ran.out) == (2, "")
    assert "--alert alert.json: larger than 1,000,000 bytes" in ran.err


def test_settled_corrected_taken_back_and_explained(bets: Callable[..., Ran], bet_id: str) -> None:
    assert bets("result", bet_id, "won", "--actual", "2", "--why", "seen").out == "done\n"
    assert bets("stake", bet_id, "20").code == 0
    assert bets("odds", bet_id, "2.3").code == 0
    told = bets("explain", bet_id).out
    assert "status    won (by hand: no automatic step changes it)" in told
    assert "returns   46.00, profit 26.00" in told
    assert "line      1.5 over" in told
    assert 'person  manual  pending -> won  manual_override false -> true  "seen"' in told
    assert "odds_corrected  odds 2.10 -> 2.3" in told
    assert bets("result", bet_id, "lost", "--automatic").code == 1
    assert bets("take-back", bet_id, "--why", "VAR").code == 0
    assert bets("take-back", bet_id, "--why", "VAR").code == 1
    steps = document(bets("history", bet_id, "--json"))["history"]
    assert [one["reason"] for one in steps] == ["tracked", "manual", "stake_corrected", "odds_corrected", "taken_back"]
    assert (steps[-1]["note"], steps[0]["at"]) == ("VAR", "2030-03-10T12:00:00Z")
    assert len(bets("history", bet_id).out.splitlines()) == 5
    assert bets("void", bet_id).code == 0
    shown = document(bets("show", bet_id, "--json"))["bet"]
    assert (shown["status"], shown["returns"], shown["result_tracking"]["reason"]) == ("refund", "20.00", "manual")
    assert "status                            refund\n" in bets("show", bet_id).out


def test_tags_closing_price_statistics_and_curve(bets: Callable[..., Ran], bet_id: str) -> None:
    assert bets("tags", bet_id, "acca", "live", "--note", "a note").code == 0
    assert bets("closing", bet_id, "2.0").code == 0
    assert bets("result", bet_id, "half_win").code == 0
    assert "#acca  #live" in bets("list", "--tag", "acca").out
    assert bets("list", "--tag", "other").out == "0 bets\n"
    assert bets("list", "--status", "won", "--status", "pending").out == "0 bets\n"
    assert bets("list", "--to", "2030-03-01T00:00:00Z").out == "0 bets\n"
    told = bets("stats").out
    assert "├ Wins: 0 (+ 1 half wins)\n" in told
    assert "✅½ Mohamed Salah Shots On Target @2.10 (1.00u)\n" in told
    numbers = document(bets("stats", "--json", "--tag", "acca"))
    assert (numbers["profit_loss_units"], numbers["win_rate_percentage"]) == (0.55, "50.00")
    lines = bets("curve").out.splitlines()
    assert lines[1:] == [
        "profit +0.55u  yield +55.00%  worst fall 0.00u",
        "closing price: 1 of 1 bets have one, 1 beat it, on average +5.00%",
    ]
    assert document(bets("curve", "--json"))["points"][0]["at"] == "2030-03-10T12:00:00Z"
    assert bets("closing", bet_id).code == 0
    assert bets("tags", bet_id, "--clear").code == 0
    shown = document(bets("show", bet_id, "--json"))["bet"]
    assert (shown["tags"], shown["note"], shown["closing_odds"]) == ([], "a note", None)
    assert bets("tags", bet_id).code == 2


@pytest.mark.parametrize("form", ["csv", "json"])
def test_out_and_in_again(bets: Callable[..., Ran], bet_id: str, here: Path, form: str) -> None:
    name = f"bets.{form}"
    assert bets("export", "--out", name).code == 0
    assert (here / name).read_text("utf-8") == bets("export", "--form", form).out
    assert bets("import", name).out == "1 there already\n"
    assert bets("delete", bet_id).code == 0
    ran = bets("import", name)
    assert (ran.code, ran.out) == (0, f"row 1  deleted: this bet was deleted ({bet_id})\n1 deleted here, and left so\n")
    assert bets("list").out == "0 bets\n"


def test_a_file_with_a_wrong_row(bets: Callable[..., Ran], here: Path) -> None:
    (here / "mine.csv").write_text('player,market,odds,stake\nA,Player Goals,2.5,1\nB,Player Goals,"2,5",1\n', "utf-8")
    ran = bets("import", "mine.csv", "--unit", "2")
    assert ran.code == 1
    assert ran.out.startswith("row 2  refused: Odds: `2,5` is not a plain number, decimals after a point as in 1.5\n")
    again = json.loads(bets("import", "mine.csv", "--unit", "2", "--json").out)
    assert ([one["row"] for one in again["review"]], [one["row"] for one in again["refused"]]) == ([1], [2])
    rows = list(csv.DictReader(io.StringIO(bets("export").out)))
    assert [(row["player_name"], row["unit_size"]) for row in rows] == [("A", "2")]
    (here / "mine.csv").write_text("player,markt\n", "utf-8")
    ran = bets("import", "mine.csv")
    assert (ran.code, "did you mean `market`" in ran.err) == (2, True)


@pytest.mark.parametrize(
    "words", [("show",), ("explain",), ("history",), ("result", "won"), ("take-back", "--why", "x"), ("void",),
              ("stake", "5"), ("odds", "2"), ("closing", "2"), ("tags", "x"), ("delete",)],
    ids=lambda words: words[0],
)  # fmt: skip
def test_nobody_elses_bet(bets: Callable[..., Ran], bet_id: str, words: tuple[str, ...]) -> None:
    ran = bets(words[0], bet_id, *words[1:], user=6)
    assert (ran.code, ran.out) == (1, "")
    assert "no such bet" in ran.err
    assert "pending" in bets("list").out


@pytest.mark.parametrize(
    ("words", "told"),
    [(("odds", "1"), "odds"), (("odds", "2,5"), "odds"), (("stake", "nan"), "stake"), (("stake", "2000000"), "stake")],
)
def test_values_that_cannot_be(bets: Callable[..., Ran], bet_id: str, words: tuple[str, str], told: str) -> None:
    ran = bets(words[0], bet_id, words[1])
    assert (ran.code, ran.out, ran.err.split(":")[0]) == (1, "", told)


def test_who_and_where_must_be_said(run: Run, here: Path) -> None:
    ran = run("bets", "list", "--user", "5")
    assert (ran.code, "mongodb://" in ran.err, "sqlite:///" in ran.err) == (2, True, True)
    ran = run("bets", "list", "--store", f"sqlite:///{here / 'bets.db'}")
    assert (ran.code, "--user" in ran.err) == (2, True)
    ran = run("bets", "list", "--user", "5", "--store", "bets.db")
    assert (ran.code, "mongodb://" in ran.err) == (2, True)


def test_settling_without_a_feed(bets: Callable[..., Ran], bet_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bet_id
    monkeypatch.setenv("POLICYTRADER_FOTMOB_URL", "http://127.0.0.1:9")
    ran = bets("settle")
    assert (ran.code, ran.out) == (0, "Settled 0 bets; 0 still pending\n")
