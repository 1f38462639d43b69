"""Documents that another program wrote, and what is written over them."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from bson.decimal128 import Decimal128
from bson.objectid import ObjectId
from pymongo import errors

from policytrader.adapters.mongo.documents import bet_document
from policytrader.adapters.mongo.reading import UnreadableError, bet_of
from policytrader.app.tracking.documents import bet_document as shown
from policytrader.app.tracking.records import record
from policytrader.app.tracking.values import imported_outcome
from policytrader.errors import StoreError
from policytrader.model.outcomes import OUTCOME_ALIASES, Outcome, Reason
from policytrader.model.tracked import BotType
from policytrader.ports.bet_store import BetFilter, Check, Owner, Recheck, SettledFixture, Totals
from tests.contracts.bet_store_contract import ANNA, AT, KICK_OFF, MINUTE, a_bet, full_bet, ids, put, settled, told

if TYPE_CHECKING:
    from policytrader.adapters.mongo.store import MongoBetStore

pytestmark = pytest.mark.xdist_group("mongo")

CARL = Owner(user_id=123456789, bot_type=BotType.PLAYER)


def seeds_document(bet_id: str = "bet_12345", **changes: Any) -> dict[str, Any]:
    """The document of the seed's page, with the user that it must have had."""
    document = {
        "user_id": 123456789,
        "bet_id": bet_id,
        "alert_id": "alert_67890",
        "tracked_at": datetime(2024, 3, 9, 12, 0, tzinfo=UTC),
        "player_name": "Mohamed Salah",
        "player_id": 12345,
        "team": "Liverpool",
        "team_id": 55,
        "market": "Player Shots On Target",
        "match": "Liverpool vs Man City",
        "date": "2024-03-10",
        "time": "16:30",
        "threshold": 1.5,
        "market_direction": "over",
        "bookmaker": "Bet365",
        "odds": 2.10,
        "actual_stake": 10.0,
        "unit_size": 10.0,
        "units_staked": 1.0,
        "status": "pending",
        "manual_override": False,
        "returns": 0.0,
        "profit_loss": 0.0,
        "fixture_id": 67890,
        "result_tracking": {
            "api_type_id": 86,
            "api_location": "player",
            "stat_type": "shots_on_target",
            "expected_threshold": 1.5,
            "market_direction": "over",
            "result_status": "pending",
            "actual_value": None,
        },
    }
    return document | changes


def test_a_document_has_the_fields_of_the_seeds_and_agrees_with_itself() -> None:
    document = bet_document(full_bet())
    seeds = seeds_document()
    assert seeds.keys() <= document.keys()
    assert seeds["result_tracking"].keys() <= document["result_tracking"].keys()
    result = document["result_tracking"]
    assert result["result_status"] == document["status"] == "half_win"
    assert result["actual_value"] == document["actual_value"] == Decimal128("2")
    assert result["expected_threshold"] == document["threshold"] == Decimal128("1.5")
    assert result["market_direction"] == document["market_direction"] == "over"
    assert (document["player_id"], document["team_id"], document["fixture_id"]) == (12345, "team-55", 4813601)
    assert document["units_staked"] == Decimal128("1.0000000000")
    assert document["clv"] == Decimal128("0.0769230769")
    assert bet_of(document) == full_bet()


def test_closing_odds_of_nothing_tell_nothing() -> None:
    """Another program's zero: the bet is read, shown, exported and stored again."""
    bet = bet_of(seeds_document(closing_odds=0))
    assert bet.closing_odds == 0
    assert bet_document(bet)["clv"] is shown(bet)["clv"] is record(bet)["clv"] is None


@pytest.mark.parametrize("word", OUTCOME_ALIASES)
def test_words_of_other_trackers_mean_the_same_in_documents_and_in_files(word: str) -> None:
    assert bet_of(seeds_document(status=word)).status is imported_outcome("status", word) is Outcome.REFUND


def test_a_closing_line_is_the_same_number_everywhere() -> None:
    bet = full_bet()
    assert record(bet)["clv"] == str(bet_document(bet)["clv"])


def test_results_in_others_documents_are_looked_at_again(store: MongoBetStore) -> None:
    store.owners()
    store._database.command("collMod", "bets", validationLevel="off")
    looked, settled_at = AT + 9 * MINUTE, AT + 5 * MINUTE
    raw = store._database["bets"]
    raw.insert_many([
        seeds_document("number", status="won", settled_at=settled_at, fixture_id=1),
        seeds_document("text", status="Void", settled_at=AT + 6 * MINUTE, fixture_id="1"),
        seeds_document("no time", status="won", settled_at="yesterday", fixture_id=2),
        seeds_document("null", status="won", settled_at=settled_at, fixture_id=3, result_tracking=None),
        seeds_document("waits", settled_at=settled_at, fixture_id=4),
        seeds_document("without", status="lost", settled_at=settled_at, fixture_id=5, result_tracking={}),
    ])  # fmt: skip
    store._database.command("collMod", "bets", validationLevel="moderate")
    wanted = Recheck(settled_since=AT, checked_before=AT + 8 * MINUTE)
    assert store.settled_fixtures(wanted) == store.settled_fixtures(wanted, CARL) == (
        SettledFixture(fixture_id="1", bet_count=2, last_checked_at=settled_at),
        SettledFixture(fixture_id="5", bet_count=1, last_checked_at=settled_at),
    )  # fmt: skip
    for fixture_id in "135":
        store.stamp_settled(fixture_id, looked, CARL)
    assert store.settled_fixtures(wanted) == ()
    stamped = {one["bet_id"] for one in raw.find({"result_tracking.last_checked_at": looked})}
    assert stamped == {"number", "text", "without"}


def test_a_fixture_is_as_young_as_its_newest_kick_off_however_its_id_is_written(store: MongoBetStore) -> None:
    store.owners()
    store._database.command("collMod", "bets", validationLevel="off")
    kickoffs = (KICK_OFF - 60 * MINUTE, KICK_OFF)
    store._database["bets"].insert_many([
        seeds_document("number", fixture_id=1, kickoff_at=kickoffs[0]),
        seeds_document("text", fixture_id="1", kickoff_at=kickoffs[1]),
    ])  # fmt: skip
    (fixture,) = store.pending_fixtures(KICK_OFF + MINUTE)
    assert (fixture.bet_count, fixture.kickoff_at) == (2, KICK_OFF)


def test_the_seeds_documents_are_read_and_taken_over(store: MongoBetStore) -> None:
    store.owners()  # makes the validators, which these documents are older than
    raw = store._database["bets"]
    store._database.command("collMod", "bets", validationLevel="off")
    raw.insert_one(seeds_document())
    store._database.command("collMod", "bets", validationLevel="moderate")
    bet = store.bet(CARL, "bet_12345")
    assert bet is not None
    assert (bet.odds, bet.threshold, bet.actual_stake) == (Decimal("2.1"), Decimal("1.5"), Decimal(10))
    assert (bet.player_id, bet.team_id, bet.fixture_id, bet.version) == ("12345", "55", "67890", 1)
    assert (bet.status, bet.bot_type, bet.result.api_type_id) == (Outcome.PENDING, BotType.PLAYER, 86)
    assert list(store.bets(CARL)) == list(store.pending(CARL)) == [bet]
    assert store.fixture_bets("67890") == (bet,)
    assert store.owners() == (CARL,)
    assert store.totals(CARL) == (
        Totals(status=Outcome.PENDING, count=1, staked_units=Decimal(1), returns_units=Decimal(0)),
    )
    (fixture,) = store.pending_fixtures(KICK_OFF)
    assert (fixture.fixture_id, fixture.bet_count, fixture.kickoff_at) == ("67890", 1, None)
    store.stamp([Check(bet_id="bet_12345", reason=Reason.NOT_FINISHED)], AT)
    stamped = store.bet(CARL, "bet_12345")
    assert stamped == replace(bet, result=replace(bet.result, reason=Reason.NOT_FINISHED, last_checked_at=AT))
    won = settled(bet)
    assert store.replace(won, told(won))
    assert store.bet(CARL, "bet_12345") == won
    document = raw.find_one({"bet_id": "bet_12345"})
    assert document is not None
    assert isinstance(document["_id"], ObjectId)
    assert (document["odds"], document["version"], document["status"]) == (Decimal128("2.1"), 2, "won")
    assert store.totals(CARL)[0].returns_units == Decimal("2.1")


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"tracked_at": "2024-03-09T12:00:00"}, {"tracked_at": datetime(2024, 3, 9, 12, tzinfo=UTC)}),
        ({"tracked_at": "2024-03-09T12:00:00+02:00"}, {"tracked_at": datetime(2024, 3, 9, 10, tzinfo=UTC)}),
        ({"tracked_at": datetime(2024, 3, 9)}, {"tracked_at": datetime(2024, 3, 9, tzinfo=UTC)}),  # noqa: DTZ001
        ({"tracked_at": None, "_id": ObjectId("65ec5d800000000000000000")},
         {"tracked_at": datetime(2024, 3, 9, 13, 0, 48, tzinfo=UTC)}),
        ({"odds": "2.10", "threshold": "", "returns": None},
         {"odds": Decimal("2.10"), "threshold": Decimal("1.5"), "returns": Decimal(0)}),
        ({"status": "VOID"}, {"status": Outcome.REFUND}),
        ({"status": None}, {"status": Outcome.PENDING}),
        ({"result_tracking": None, "bot_type": "team"}, {"bot_type": BotType.TEAM}),
        ({"result_tracking": {"actual_value": 2.0, "reason": "old word"}}, {"actual_value": Decimal(2)}),
        ({"fixture_id": 67890.0, "player_id": "x"}, {"fixture_id": "67890", "player_id": "x"}),
        ({"manual_override": None, "tags": None, "note": None}, {"manual_override": False, "tags": (), "note": ""}),
        ({"deleted_at": "2024-03-09T12:00:00Z"}, {"deleted_at": datetime(2024, 3, 9, 12, tzinfo=UTC)}),
    ],
)  # fmt: skip
def test_other_forms_are_understood(changes: dict[str, Any], found: dict[str, Any]) -> None:
    bet = bet_of(seeds_document(**changes))
    assert {name: getattr(bet, name) for name in found} == found


@pytest.mark.parametrize(
    "changes",
    [
        {"odds": None}, {"odds": float("nan")}, {"odds": "two"}, {"odds": True}, {"odds": "1e999999"}, {"bet_id": ""},
        {"user_id": None}, {"user_id": 1.5}, {"market": None}, {"market": ["x"]}, {"status": "cashed out"},
        {"tracked_at": "yesterday"}, {"tracked_at": 5}, {"bot_type": "other"}, {"actual_stake": {}},
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_not_guessed(changes: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError, match=next(iter(changes))):
        bet_of(seeds_document(**changes))


def test_a_broken_document_is_told_and_stops_no_other(store: MongoBetStore, caplog: pytest.LogCaptureFixture) -> None:
    raw = store._database["bets"]
    raw.insert_many([seeds_document("good"), seeds_document("bad", status="cashed out")])
    with caplog.at_level(logging.WARNING):
        assert ids(store.bets(CARL)) == ["good"]
    assert "bet bad is left out: status 'cashed out' is no status" in caplog.text
    assert store.totals(CARL)[0].count == 1
    with pytest.raises(StoreError, match="bet bad cannot be read: status 'cashed out'") as raised:
        store.bet(CARL, "bad")
    assert raised.value.code == "damaged"


def test_times_that_are_texts_are_sorted_among_the_others(store: MongoBetStore) -> None:
    raw = store._database["bets"]
    times = {"t1": "2024-03-09T12:00:00", "t3": "2026-05-02T08:00:30Z"}
    raw.insert_many([seeds_document(bet_id, tracked_at=at, user_id=ANNA.user_id) for bet_id, at in times.items()])
    put(store, a_bet("t2"), a_bet("t4", tracked_at=AT + MINUTE))
    assert ids(store.bets(ANNA)) == ["t4", "t3", "t2", "t1"]
    assert ids(store.bets(ANNA, limit=2)) == ["t4", "t3"]
    assert ids(store.bets(ANNA, BetFilter(bookmaker="Bet365"), limit=9)) == ["t4", "t3", "t2", "t1"]


def test_documents_without_a_user_are_nobodys(store: MongoBetStore) -> None:
    store._database["bets"].insert_many([seeds_document(f"b{number}", user_id=None) for number in range(2)])
    assert store.owners() == ()
    assert store.fixture_bets("67890") == ()
    assert store.pending_fixtures(AT + timedelta(days=1)) == ()


def test_the_server_refuses_what_is_no_bet(store: MongoBetStore) -> None:
    put(store, a_bet())
    wrong: tuple[dict[str, Any], ...] = ({"status": "won?"}, {"odds": 2.1}, {"version": "x"}, {"result_tracking": {}})
    for changes in wrong:
        document = bet_document(a_bet("b2")) | changes
        with pytest.raises(errors.WriteError, match="failed validation"):
            store._bets.insert_one(document)
        with pytest.raises(errors.WriteError, match="failed validation"):
            store._bets.update_one({"bet_id": "b1"}, {"$set": changes})
    assert ids(store.bets(ANNA)) == ["b1"]
