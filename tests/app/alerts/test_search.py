"""Stored alerts, found by ids and by names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.app.alerts.search import AlertSearch, Bet
from policytrader.errors import StoreError, UsageError
from policytrader.tracking.alert_reconstruction import ShippedNames, shipped_markets
from tests.app.alerts.stored import ALERT, TEAM_ALERT, Careless, Lost, stored

if TYPE_CHECKING:
    from policytrader.ports.alert_collection import AlertCollection

SHOTS = Bet("Player Shots On Target")


def search(alerts: AlertCollection, bot_type: str = "player") -> AlertSearch:
    return AlertSearch(alerts, bot_type, ShippedNames(), shipped_markets())


def odds(found: Any) -> Any:
    """Tells stored alerts apart."""
    return found["Odds"] if found is not None else None


def by_ids(alerts: AlertCollection, bet: Bet = SHOTS) -> Any:
    return odds(search(alerts).by_ids(67890, 12345, bet))


def by_names(alerts: AlertCollection, player: str = "José Marín", match: str = "Northport vs Eastmoor") -> Any:
    return odds(search(alerts).by_names(match, player, SHOTS))


@pytest.mark.parametrize(
    "change",
    [{}, {"fixture_id": "67890"}, {"player_id": "12345"}, {"fixture_id": "67890", "player_id": "12345", "Team": ...}],
)
def test_ids_are_numbers_or_texts(change: dict[str, Any]) -> None:
    assert by_ids(stored(change)) == 2.4


@pytest.mark.parametrize(
    "change", [{"fixture_id": 67891}, {"player_id": 1}, {"player_id": ...}, {"Market": "Player Shots"}, {"Market": ...}]
)
def test_another_bet_is_not_found(change: dict[str, Any]) -> None:
    assert by_ids(stored(change)) is None


def test_what_a_collection_gives_is_looked_at_again() -> None:
    others = [
        {**ALERT, "fixture_id": 1},
        {**ALERT, "player_id": 1},
        {**ALERT, "Market": "Player Goals"},
        "no alert",
        None,
    ]
    assert by_ids(Careless(*others)) is None
    assert by_ids(Careless(*others, {**ALERT, "Odds": 3.0})) == 3.0
    assert by_names(Careless(*others[2:], {**ALERT, "Match": "Eastmoor vs Northport"})) is None


def test_the_filter_asks_for_both_forms_of_an_id() -> None:
    alerts = Careless()
    by_ids(alerts)
    assert alerts.asked == [({"fixture_id": {"$in": [67890, "67890"]}, "player_id": {"$in": [12345, "12345"]}},)]


@pytest.mark.parametrize(
    "name",
    ["Player Shots On Target", "player  shots on target", "Shots On Target", "Player SOT", "Player Shots On Goal"],
)
def test_markets_by_all_their_names(name: str) -> None:
    assert by_ids(stored({}), Bet(name)) == 2.4
    assert by_ids(stored({"Market": name})) == 2.4


def test_a_market_that_is_in_no_catalogue_means_itself() -> None:
    alerts = stored({"Market": "Player Throws At Goal"})
    assert by_ids(alerts, Bet("throws at goal")) == 2.4
    assert by_ids(alerts, Bet("Player Throws")) is None


def test_a_half_is_another_market_than_the_match() -> None:
    assert by_ids(stored({"Market": "Player First Half Shots On Target"})) is None
    assert (
        by_ids(stored({"Market": "Player 1st Half Shots On Target"}), Bet("Player First Half Shots On Target")) == 2.4
    )


def test_a_markets_name_may_tell_the_line() -> None:
    brace = {"Market": "2+ Goals", "Threshold": ..., "Odds": 9.0}
    goals = [brace, {"Market": "Player Goals", "Threshold": 0.5, "Odds": 2.0}]
    assert by_ids(stored(*goals), Bet("Anytime Goalscorer")) == 2.0
    assert by_ids(stored(*goals), Bet("Player Goals", threshold=Decimal("1.5"))) == 9.0
    assert by_ids(stored(*goals), Bet("To Score 2+ Goals")) == 9.0


def test_direction_and_line_narrow() -> None:
    alerts = stored({"Odds": 1.8, "Threshold": 0.5}, {}, {"Odds": 1.6, "market_direction": "under"})
    assert by_ids(alerts, replace(SHOTS, direction="over", threshold=Decimal("1.5"))) == 2.4
    assert by_ids(alerts, replace(SHOTS, direction="over", threshold=Decimal("0.5"))) == 1.8
    assert by_ids(alerts, replace(SHOTS, direction="Under".casefold())) == 1.6
    assert by_ids(alerts, replace(SHOTS, threshold=Decimal("3.5"))) is None


def test_what_a_document_does_not_say_excludes_nothing() -> None:
    bet = Bet("Player Shots On Target", "over", Decimal("1.5"), "Bet365", date(2026, 3, 7))
    alerts = stored(dict.fromkeys(("Threshold", "market_direction", "bookmaker", "Date"), ...))
    assert by_ids(alerts, bet) == 2.4


@pytest.mark.parametrize("threshold", ["1.5", 1.5, Decimal("1.50")])
def test_lines_of_all_types_are_compared_as_numbers(threshold: Any) -> None:
    alerts = stored({"Threshold": threshold})
    assert by_ids(alerts, replace(SHOTS, threshold=Decimal("1.5"))) == 2.4
    assert by_ids(alerts, replace(SHOTS, threshold=Decimal("2.5"))) is None


SENT = datetime(2026, 3, 6, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ({"Date": "2026-03-06", "_id": 9}, {"Date": "2026-03-07", "_id": 1}),
        ({"Time": "09:00"}, {"Time": "15:00"}),
        ({"Time": "9:00"}, {"Time": "15:00"}),
        ({"created_at": SENT, "_id": 9}, {"created_at": SENT + timedelta(minutes=1), "_id": 1}),
        ({"sent_at": SENT.isoformat()}, {"sent_at": (SENT + timedelta(minutes=1)).isoformat()}),
        ({"timestamp": SENT.timestamp()}, {"timestamp": SENT.timestamp() + 1}),
        # A time without a zone is UTC, as databases give it.
        ({"created_at": (SENT - timedelta(minutes=1)).replace(tzinfo=None)}, {"created_at": SENT}),
        ({"_id": 9}, {"_id": 10}),
        ({"_id": "65f0a1"}, {"_id": "65f0a2"}),
        ({"Date": "soon", "created_at": "yesterday", "timestamp": 1e300}, {}),
    ],
)
def test_the_newest_is_taken(older: dict[str, Any], newer: dict[str, Any]) -> None:
    older, newer = {**older, "Odds": 1.1}, {**newer, "Odds": 9.9}
    assert by_ids(stored(older, newer)) == by_ids(stored(newer, older)) == 9.9
    assert by_names(stored(older, newer)) == by_names(stored(newer, older)) == 9.9


def test_the_bookmaker_that_was_asked_for_comes_before_the_newest() -> None:
    alerts = stored({"Odds": 2.2, "_id": 1}, {"Odds": 2.3, "bookmaker": "William Hill", "_id": 2})
    assert by_ids(alerts, replace(SHOTS, bookmaker="bet365")) == 2.2
    assert by_ids(alerts, replace(SHOTS, bookmaker="Paddy Power")) == 2.3
    assert by_ids(alerts) == 2.3


def test_team_alerts_are_found_by_the_teams_id() -> None:
    alerts = search(stored({}, base=TEAM_ALERT), "team")
    assert odds(alerts.by_ids(67890, 56, Bet("Team Corners"))) == 2.2
    assert alerts.by_ids(67890, 12345, Bet("Team Corners")) is None
    assert odds(alerts.by_names("Northport vs Eastmoor", "eastmoor", Bet("Corners"))) == 2.2
    assert alerts.by_names("Northport vs Eastmoor", "Northport", Bet("Team Corners")) is None


@pytest.mark.parametrize("player", ["José Marín", "Jose Marin", "MARÍN", "J. Marín", "Marin, Jose"])
@pytest.mark.parametrize("match", ["Northport vs Eastmoor", "northport v EASTMOOR", "Nórthport - Eastmoor"])
def test_names_however_they_are_spelt(player: str, match: str) -> None:
    assert by_names(stored({}), player, match) == 2.4


@pytest.mark.parametrize(
    ("player", "match"),
    [
        ("José Marin", "Eastmoor vs Northport"),  # the other leg
        ("José Marin", "Northport vs Westmoor"),
        ("José Marin", "Northport"),
        ("Ola Nordli", "Northport vs Eastmoor"),
    ],
)
def test_other_names_are_not_found(player: str, match: str) -> None:
    assert by_names(stored({}), player, match) is None


def test_a_match_is_found_by_its_teams_other_names() -> None:
    assert by_names(stored({"Match": "Liverpool vs Manchester City"}), match="Liverpool vs Man City") == 2.4
    assert by_names(stored({"Match": "Liverpool vs Manchester City"}), match="Liverpool vs Man United") is None


def test_teams_without_any_letter_that_can_be_compared_are_not_the_same() -> None:
    assert (
        by_names(stored({"Match": "\U00012000 vs \U00012000\U00012000"}), match="\U00012000\U00012000 vs \U00012000")
        is None
    )


def test_a_name_that_two_players_may_have_is_refused() -> None:
    alerts = stored({"Player": "José Marín"}, {"Player": "Luis Marín", "player_id": 2})
    assert by_names(alerts, "Marín") is None
    assert by_names(alerts, "Luis Marin") == 2.4
    assert by_names(stored({}, {"player_id": 2})) is None
    assert by_names(stored({"player_id": ...}, {})) == 2.4


def test_of_two_seasons_the_messages_day_tells_which() -> None:
    alerts = stored({"Odds": 2.2, "Date": "2025-03-08"}, {"Odds": 2.6, "Date": "2026-03-07"})
    bet = replace(SHOTS, day=date(2025, 3, 8))
    assert odds(search(alerts).by_names("Northport vs Eastmoor", "José Marín", bet)) == 2.2
    # Midnight falls elsewhere in the next zone.
    late = replace(bet, day=date(2025, 3, 9))
    assert odds(search(alerts).by_names("Northport vs Eastmoor", "José Marín", late)) == 2.2
    assert search(alerts).by_names("Northport vs Eastmoor", "José Marín", replace(bet, day=date(2025, 3, 10))) is None


@pytest.mark.parametrize("error", [ConnectionError("no route"), RuntimeError("closed"), AttributeError("find")])
def test_a_lost_database_is_told_as_ours(error: Exception) -> None:
    for find in (by_ids, by_names):
        with pytest.raises(StoreError, match=f"cannot be read \\({type(error).__name__}: {error}\\)") as raised:
            find(Lost(error))
        assert raised.value.code == "unreachable"


def test_what_is_ours_already_stays_as_it_is() -> None:
    with pytest.raises(UsageError, match="as it was"):
        by_ids(Lost(UsageError("as it was")))
