from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NoReturn

import pytest

from policytrader.app.grading.bet_file import OPTIONAL, REQUIRED, read_bet_file, read_bets
from policytrader.errors import Diagnostic, SnapshotError

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "market,player_or_team,direction,threshold,period,odds,stake,bookmaker\n"


def refuse(found: Diagnostic) -> NoReturn:
    raise AssertionError(found.render())


def test_a_row_becomes_a_bet() -> None:
    [row] = read_bets(
        f"{HEADER}Player Fouls Committed,Ann Other,over,1.5,first_half,1.95,20,Bet365\n", "bets.csv", refuse
    )
    assert row.row == 0
    assert row.bet is not None
    assert (row.bet.market, row.bet.player_name, row.bet.team_name) == (
        "Player Fouls Committed",
        "Ann Other",
        "Ann Other",
    )
    assert (row.bet.direction, row.bet.line, row.bet.period) == ("over", Decimal("1.5"), "first_half")
    assert (row.bet.odds, row.bet.stake, row.bet.bookmaker) == (Decimal("1.95"), Decimal(20), "Bet365")


def test_the_last_four_columns_may_be_absent_or_empty() -> None:
    short = read_bets("market,player_or_team,direction,threshold\nMatch Corners,match,under,9\n", "bets.csv", refuse)
    empty = read_bets(f"{HEADER}Match Corners,MATCH,under,9,,,,\n", "bets.csv", refuse)
    assert short == empty
    assert short[0].bet is not None
    assert (short[0].bet.odds, short[0].bet.stake) == (Decimal("2.00"), Decimal("1.00"))
    assert (short[0].bet.period, short[0].bet.bookmaker) == (None, None)
    assert (short[0].bet.player_name, short[0].bet.team_name) == (None, None)


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        (
            'Match Corners,match,over,"1,5",,,,',
            "threshold: 1,5 is not a plain number: decimals follow a point, as in 1.5",
        ),
        ("Match Corners,match,over,nan,,,,", "threshold: nan is not a plain number"),
        ("Match Corners,match,over,1e3,,,,", "threshold: 1e3 is not a plain number"),
        ("Match Corners,match,over,1_0,,,,", "threshold: 1_0 is not a plain number"),
        ("Match Corners,match,over,1.5,,1.00,,", "odds: 1.00 must be more than 1 and at most 10,000"),
        ("Match Corners,match,over,1.5,,-3,,", "odds: -3 must be more than 1 and at most 10,000"),
        ("Match Corners,match,over,1.5,,inf,,", "odds: inf is not a plain number"),
        ("Match Corners,match,over,1.5,,,0,", "stake: 0 must be more than 0 and at most 1,000,000"),
        ("Match Corners,match,over,1.5,,,-1,", "stake: -1 must be more than 0 and at most 1,000,000"),
        ("Match Corners,match,over,1.5,,,1000001,", "stake: 1000001 must be more than 0 and at most 1,000,000"),
        ("Match Corners,match,over,1.5,,,0.004,", "stake: 0.004 must be at least 0.01"),
        (",match,over,1.5,,,,", "market: empty"),
        ("Match Corners,,over,1.5,,,,", "player_or_team: empty"),
        ("Match Corners,a\x07b,over,1.5,,,,", "player_or_team: too long, or with characters that cannot be seen"),
        ("Match Corners,match,over", "3 cells, and the header has 8"),
    ],
)
def test_a_bad_row_refuses_no_other(cells: str, problem: str) -> None:
    good = "Match Corners,match,over,1.5,,,,"
    before, bad, after = read_bets(f"{HEADER}{good}\n{cells}\n{good}\n", "bets.csv", refuse)
    assert (bad.row, bad.bet, bad.problem) == (1, None, problem)
    assert before.bet is not None
    assert after.bet is not None
    assert (before.row, after.row, after.bet.key) == (0, 2, "2")


def test_a_stake_is_whole_pennies_as_a_tracked_one_is() -> None:
    [row] = read_bets(f"{HEADER}Match Corners,match,over,1.5,,,33.335,\n", "bets.csv", refuse)
    assert row.bet is not None
    assert row.bet.stake == Decimal("33.34")


def test_a_missing_threshold_is_left_to_the_market() -> None:
    [row] = read_bets(f"{HEADER}Anytime Goalscorer,Ann Other,,,,,,\n", "bets.csv", refuse)
    assert row.bet is not None
    assert (row.bet.line, row.bet.direction) == (None, None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("market,player_or_team,direction,treshold\n", ["unknown column `treshold`", "no column `threshold`"]),
        ("market,market,player_or_team,direction,threshold\n", ["column `market` twice"]),
        (HEADER.replace("stake", "stakes"), ["unknown column `stakes`; did you mean `stake`?"]),
        (HEADER.replace("bookmaker", "Bookmaker"), ["unknown column `Bookmaker`; did you mean `bookmaker`?"]),
        ("", ["no column `market`"]),
    ],
)
def test_a_header_that_cannot_be_read_refuses_the_file(text: str, told: list[str]) -> None:
    with pytest.raises(SnapshotError) as caught:
        read_bets(text, "bets.csv", refuse)
    assert all(any(one in found.message for found in caught.value.diagnostics) for one in told)


def test_a_column_of_somebody_elses_is_told_and_the_rest_is_read() -> None:
    told: list[Diagnostic] = []
    header = "tipster,market,player_or_team,direction,threshold,odds,odds2,\n"
    long = "x" * 500
    [row] = read_bets(f"{header}{long},Match Corners,match,over,1.5,1.95,9,\n", "bets.csv", told.append)
    assert row.bet is not None
    assert (row.bet.odds, row.bet.stake) == (Decimal("1.95"), Decimal("1.00"))
    assert [one.message for one in told] == [
        "column `tipster` is not read", "column `odds2` is not read; did you mean `odds`?",
        "column (empty) is not read",
    ]  # fmt: skip
    assert all(one.help == "Columns that are read: " + ", ".join((*REQUIRED, *OPTIONAL)) + "." for one in told)


def test_a_header_alone_is_no_bets_and_told() -> None:
    told: list[Diagnostic] = []
    assert read_bets(HEADER, "bets.csv", told.append) == ()
    assert [one.render() for one in told] == ["bets.csv  S105  the file holds no bets"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_utf_8_is_read_with_and_without_its_mark(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "bets.csv"
    file.write_bytes(f"{HEADER}Player Goals,José Marín,over,0.5,,,,\n".encode(encoding))
    [row] = read_bet_file(file, refuse)
    assert row.bet is not None
    assert row.bet.player_name == "José Marín"


@pytest.mark.parametrize(("encoding", "line"), [("latin-1", 3), ("utf-16", 1), ("utf-16-le", 1), ("utf-16-be", 1)])
def test_another_encoding_is_told_with_its_line_and_what_to_do(encoding: str, line: int, tmp_path: Path) -> None:
    file = tmp_path / "bets.csv"
    text = f"{HEADER}Match Corners,match,over,1.5,,,,\nPlayer Goals,José Marín,over,0.5,,,,\n"
    file.write_bytes(text.encode(encoding))
    with pytest.raises(SnapshotError) as caught:
        read_bet_file(file, refuse)
    (found,) = caught.value.diagnostics
    assert found.place is not None
    assert (found.code, found.message, found.place.line) == ("S102", "not UTF-8 text", line)
    assert found.help is not None
    assert found.help.startswith("Save the file as UTF-8")
