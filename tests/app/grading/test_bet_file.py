from __future__ import annotations

from decimal import Decimal

import pytest

from policytrader.app.grading.bet_file import read_bets
from policytrader.errors import SnapshotError

HEADER = "market,player_or_team,direction,threshold,period,odds,stake,bookmaker\n"


def test_a_row_becomes_a_bet() -> None:
    [row] = read_bets(f"{HEADER}Player Fouls Committed,Ann Other,over,1.5,first_half,1.95,20,Bet365\n", "bets.csv")
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
    short = read_bets("market,player_or_team,direction,threshold\nMatch Corners,match,under,9\n", "bets.csv")
    empty = read_bets(f"{HEADER}Match Corners,MATCH,under,9,,,,\n", "bets.csv")
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
    before, bad, after = read_bets(f"{HEADER}{good}\n{cells}\n{good}\n", "bets.csv")
    assert (bad.row, bad.bet, bad.problem) == (1, None, problem)
    assert before.bet is not None
    assert after.bet is not None
    assert (before.row, after.row, after.bet.key) == (0, 2, "2")


def test_a_stake_is_whole_pennies_as_a_tracked_one_is() -> None:
    [row] = read_bets(f"{HEADER}Match Corners,match,over,1.5,,,33.335,\n", "bets.csv")
    assert row.bet is not None
    assert row.bet.stake == Decimal("33.34")


def test_a_missing_threshold_is_left_to_the_market() -> None:
    [row] = read_bets(f"{HEADER}Anytime Goalscorer,Ann Other,,,,,,\n", "bets.csv")
    assert row.bet is not None
    assert (row.bet.line, row.bet.direction) == (None, None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("market,player_or_team,direction,treshold\n", ["unknown column `treshold`", "no column `threshold`"]),
        ("market,market,player_or_team,direction,threshold\n", ["column `market` twice"]),
        (HEADER, ["the file holds no bets"]),
        ("", ["no column `market`"]),
    ],
)
def test_a_header_that_cannot_be_read_refuses_the_file(text: str, told: list[str]) -> None:
    with pytest.raises(SnapshotError) as caught:
        read_bets(text, "bets.csv")
    assert all(any(one in found.message for found in caught.value.diagnostics) for one in told)
