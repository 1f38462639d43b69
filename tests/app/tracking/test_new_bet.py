"""What is read of an alert, what is refused, and what waits for a person instead of being guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from policytrader.app.tracking.new_bet import Request, kickoff
from policytrader.app.tracking.values import MOST_MONEY
from policytrader.model.money import ZERO
from policytrader.model.outcomes import Outcome, Reason
from policytrader.model.tracked import BotType
from policytrader.ports.bet_store import Owner
from tests.tracked_bets import ALERT, LONDON, NOW, OWNER, MadeBook


@pytest.fixture
def made() -> MadeBook:
    return MadeBook()


def test_the_alert_becomes_a_bet(made: MadeBook) -> None:
    bet = made.tracked(bookmaker="Bet365", player_id=777, team_id=55, alert_id="777|12345|Player Shots|last5|Bet365")
    assert (bet.player_name, bet.team, bet.market, bet.match) == (
        "Mohamed Salah", "Liverpool", "Player Shots On Target", "Liverpool vs Man City",
    )  # fmt: skip
    assert (bet.threshold, bet.odds, bet.actual_stake, bet.unit_size) == tuple(map(Decimal, ("1.5", "2.1", "10", "10")))
    assert (bet.player_id, bet.team_id, bet.fixture_id, bet.bookmaker) == ("777", "55", "12345", "Bet365")
    assert (bet.date, bet.time, bet.kickoff_at) == ("2024-03-10", "16:30", datetime(2024, 3, 10, 16, 30, tzinfo=UTC))
    assert (bet.market_key, bet.result.stat_type, bet.result.api_location) == (
        "Player Shots On Target", "shots_on_target", "player",
    )  # fmt: skip
    assert (bet.status, bet.manual_override, bet.version, bet.returns) == (Outcome.PENDING, False, 1, ZERO)
    assert bet.alert_id == "777|12345|Player Shots|last5|Bet365"


def test_floats_are_read_as_printed(made: MadeBook) -> None:
    bet = made.tracked(stake=0.3, unit=0.1 + 0.2, Odds=2.3, Threshold=2.25)
    assert (str(bet.actual_stake), str(bet.odds), str(bet.threshold)) == ("0.3", "2.3", "2.25")
    assert str(bet.unit_size) == "0.30000000000000004"


@pytest.mark.parametrize(
    ("given", "counted"), [(33.335, "33.34"), (0.1 * 3, "0.30"), ("33.334", "33.33"), (0.005, "0.01"), (10, None)]
)
def test_a_stake_is_whole_pennies_and_the_answer_says_so(made: MadeBook, given: object, counted: str | None) -> None:
    answer = made.book.track(OWNER, Request(alert=ALERT, actual_stake=given, unit_size=10))
    assert answer.bet is not None
    assert answer.bet.actual_stake == Decimal(counted or str(given))
    said = f"; the stake counts as {counted}" if counted else ""
    assert answer.message == f"tracked as {answer.bet.bet_id}{said}"


@pytest.mark.parametrize("given", [12345, 12345.0, "12345", " 12345\n", "0012345", "12345.0", "012345.00"])
def test_an_id_is_the_same_however_it_is_written(made: MadeBook, given: object) -> None:
    bet = made.tracked(fixture_id=given, player_id=given, team_id=given)
    assert (bet.fixture_id, bet.player_id, bet.team_id) == ("12345",) * 3
    assert [one.fixture_id for one in made.store.pending_fixtures(NOW + timedelta(days=9))] == ["12345"]


@pytest.mark.parametrize(
    ("given", "kept"), [("0", "0"), ("000", "0"), ("", None), (" ", None), ("abc-1", "abc-1"), ("0x1", "0x1")]
)
def test_other_ids_stay_as_they_are(made: MadeBook, given: str, kept: str | None) -> None:
    assert made.tracked(fixture_id=given).fixture_id == kept


NO_ODDS: tuple[object, ...] = (
    1, 1.0, 0.5, 0, -2, float("nan"), float("inf"), True, "2,1", None, 10_001, [], {}, "two", "1e3", 10**400,
    Decimal("sNaN"), Decimal("Infinity"),
)  # fmt: skip
NO_LINES: tuple[object, ...] = ("1,5", float("nan"), True, -1.5, 1.3, 1e9, [1.5], "\u0661\u066b\u0665")
WRONG: list[tuple[dict[str, Any], str]] = [
    *(({"Odds": odds}, "Odds") for odds in NO_ODDS),
    *(({"Threshold": line}, "Threshold") for line in NO_LINES),
    *(({"market_direction": word}, "market_direction") for word in ("sideways", 3, True)),
    *(({"Market": market}, "Market") for market in (None, "", "  ", 5, "x" * 300, "a\x00b", "\ud800")),
    ({"Player": None, "Team": None}, "Player, Team"),
    ({"Player": "", "Team": " "}, "Player, Team"),
    ({"Player": 7}, "Player"),
    ({"fixture_id": True}, "fixture_id"),
    ({"fixture_id": -1}, "fixture_id"),
    ({"fixture_id": 10**30}, "fixture_id"),
    ({"fixture_id": 1.5}, "fixture_id"),
    *(
        ({"fixture_id": text}, "fixture_id")
        for text in ("12 345", "1.5", "-5", "#12", "\uff11\uff12", "1/2", "a\u00e4")
    ),
    ({"player_id": "7 7"}, "player_id"),
    ({"team_id": "-1"}, "team_id"),
    ({"period": "third half"}, "period"),
    ({"bookmaker": ["Bet365"]}, "bookmaker"),
]


@pytest.mark.parametrize(
    ("change", "field"), WRONG, ids=[f"{field} {number}" for number, (_, field) in enumerate(WRONG)]
)
def test_what_cannot_be_right_is_refused_by_name(made: MadeBook, change: dict[str, Any], field: str) -> None:
    answer = made.book.track(OWNER, Request(alert=ALERT | change, actual_stake=10.0, unit_size=10.0))
    assert not answer.is_done
    assert answer.bet is None
    assert answer.message.startswith(f"{field}:")
    assert answer.message.isprintable()
    assert len(answer.message) < 200
    assert list(made.store.bets(OWNER)) == []


@pytest.mark.parametrize(
    "amount", [0, -1, -0.0, float("nan"), float("inf"), True, "1,5", None, [], 1_000_000.01, 10**50]
)
@pytest.mark.parametrize("name", ["actual_stake", "unit_size"])
def test_amounts_that_are_none(made: MadeBook, name: str, amount: object) -> None:
    given: dict[str, Any] = {"actual_stake": 10.0, "unit_size": 10.0, name: amount}
    answer = made.book.track(OWNER, Request(alert=ALERT, **given))
    assert not answer.is_done
    assert answer.message.startswith(f"{name}:")


def test_the_largest_stake_is_tracked_and_one_of_too_many_units_is_not(made: MadeBook) -> None:
    assert made.tracked(stake=float(MOST_MONEY)).actual_stake == MOST_MONEY
    answer = made.book.track(OWNER, Request(alert=ALERT, actual_stake=1_000_000, unit_size=0.0000001))
    assert not answer.is_done
    assert "units" in answer.message


@pytest.mark.parametrize("alert", [None, 5, "alert", [("Player", "x")], True])
def test_what_is_no_alert(made: MadeBook, alert: object) -> None:
    answer = made.book.track(OWNER, Request(alert=alert, actual_stake=10.0, unit_size=10.0))
    assert (answer.is_done, answer.message.split(":")[0]) == (False, "alert_data")


def test_an_unknown_market_is_tracked_and_never_guessed(made: MadeBook) -> None:
    bet = made.tracked(Market="Player Somersaults", Threshold=1.3)
    assert (bet.market_key, bet.result.stat_type, bet.result.api_type_id) == (None, None, None)
    assert (bet.result.reason, bet.threshold) == (Reason.MARKET_UNMAPPED, Decimal("1.3"))


def test_what_an_alert_leaves_out_is_unknown_not_a_default(made: MadeBook) -> None:
    bare = {"Player": "Somebody", "Market": "Player Shots", "Odds": 2.0}
    answer = made.book.track(OWNER, Request(alert=bare, actual_stake=1, unit_size=1))
    assert answer.bet is not None
    bet = answer.bet
    assert (bet.threshold, bet.market_direction, bet.kickoff_at, bet.fixture_id, bet.match) == (None,) * 5


def test_yes_no_markets_are_over_a_half(made: MadeBook) -> None:
    alert = {"Player": "Somebody", "Odds": 2.0}
    named = made.book.track(OWNER, Request(alert=alert | {"Market": "Anytime Goalscorer"}, actual_stake=1, unit_size=1))
    half = alert | {"Market": "Player Shots", "Threshold": 0.5}
    lined = made.book.track(OWNER, Request(alert=half, actual_stake=1, unit_size=1))
    for answer in (named, lined):
        assert answer.bet is not None
        assert (answer.bet.threshold, answer.bet.market_direction) == (Decimal("0.5"), "over")


def test_words_for_directions_are_the_policys(made: MadeBook) -> None:
    assert made.tracked(market_direction="UNDER ").market_direction == "under"
    assert made.tracked(market_direction="o").market_direction == "over"


def test_a_handicap_may_be_below_zero(made: MadeBook) -> None:
    bet = made.tracked(Market="Some Handicap Of Nobody", market_direction="handicap", Threshold=-1.25)
    assert (bet.threshold, bet.market_direction) == (Decimal("-1.25"), "handicap")


def test_a_teams_statistic_is_on_the_side_of_the_team(made: MadeBook) -> None:
    team: dict[str, Any] = {"Player": None, "Market": "Team Corners", "Threshold": 4.5}
    assert made.tracked(**team).result.api_location == "home"
    assert made.tracked(**team | {"Team": "man city"}).result.api_location == "away"
    assert made.tracked(**team | {"Team": "Everton"}).result.api_location is None
    assert made.tracked(**team | {"Match": None}).result.api_location is None


def test_a_team_bot_has_bets_of_its_own(made: MadeBook) -> None:
    owner = Owner(user_id=OWNER.user_id, bot_type=BotType.TEAM)
    bet = made.tracked(owner, Player=None, Market="Team Corners", Threshold=4.5)
    assert (bet.bot_type, bet.player_name) == (BotType.TEAM, None)
    assert made.store.bet(OWNER, bet.bet_id) is None


@pytest.mark.parametrize(
    ("day", "at", "expected"),
    [
        ("2024-03-10", "16:30", datetime(2024, 3, 10, 16, 30, tzinfo=UTC)),
        ("2024-07-10", "16:30", datetime(2024, 7, 10, 15, 30, tzinfo=UTC)),
        ("Sat, 24 May 2025", "18:45", datetime(2025, 5, 24, 17, 45, tzinfo=UTC)),
        (date(2024, 3, 10), time(16, 30), datetime(2024, 3, 10, 16, 30, tzinfo=UTC)),
        (datetime(2024, 7, 10, 16, 30, tzinfo=UTC), None, datetime(2024, 7, 10, 16, 30, tzinfo=UTC)),
        ("2024-03-10", None, None),
        ("2024-02-30", "16:30", None),
        ("03 Dec", "20:15", None),
        ("soon", "later", None),
        (None, None, None),
        (5, 6, None),
        ("0001-01-01", "00:00", datetime(1, 1, 1, 0, 1, 15, tzinfo=UTC)),
    ],
)
def test_kickoffs(day: object, at: object, expected: datetime | None) -> None:
    assert kickoff(day, at, LONDON) == expected


@pytest.mark.parametrize(
    "day",
    [
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    ],
)
def test_a_day_at_the_end_of_time_is_no_kickoff(day: datetime) -> None:
    assert kickoff(day, None, LONDON) is None
