"""``BetTrackingSystem`` as programs know it: names, parameters, defaults, keys, and nothing raised for a wrong id."""

from __future__ import annotations

import inspect
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.app.tracking import user_stats
from policytrader.errors import StoreError, UsageError
from policytrader.tracking import BetTrackingSystem
from tests.memory_bet_store import MemoryBetStore
from tests.tracked_bets import ALERT, OTHER_USER, USER, MadeBook

if TYPE_CHECKING:
    from collections.abc import Callable


SIGNATURES = {
    "__init__": "mongo_connection_string, database_name, bot_type='player'",
    "track_bet": "user_id, alert_data, actual_stake, unit_size",
    "get_user_stats": "user_id",
    "update_bet_result": "user_id, bet_id, result_status, actual_value=None, manual_override=False",
    "update_bet_stake": "user_id, bet_id, new_stake",
    "update_bet_odds": "user_id, bet_id, new_odds",
    "auto_settle_user_bets": "user_id, api_token=None",
    "get_pending_bets": "user_id",
    "delete_bet": "user_id, bet_id",
    "format_stats_message": "stats, username",
    "history": "user_id, bet_id",
    "take_back": "user_id, bet_id, reason",
}
BET_KEYS = [
    "bet_id", "alert_id", "tracked_at", "player_name", "player_id", "team", "team_id", "market", "match", "date",
    "time", "threshold", "market_direction", "bookmaker", "odds", "actual_stake", "unit_size", "units_staked",
    "status", "manual_override", "returns", "profit_loss", "fixture_id", "result_tracking",
]  # fmt: skip
RESULT_KEYS = [
    "api_type_id", "api_location", "stat_type", "expected_threshold", "market_direction", "result_status",
    "actual_value",
]  # fmt: skip


@pytest.fixture
def made() -> MadeBook:
    return MadeBook()


@pytest.fixture
def tracker(made: MadeBook) -> BetTrackingSystem:
    return BetTrackingSystem("", "", opened=made.opened)


@pytest.fixture
def bet_id(tracker: BetTrackingSystem) -> str:
    found: str = tracker.track_bet(USER, ALERT, 10.0, 10.0)["bet_id"]
    return found


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures_are_pinned_and_additions_are_keywords_with_defaults(name: str) -> None:
    parameters = list(inspect.signature(getattr(BetTrackingSystem, name)).parameters.values())[1:]
    known = [one for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
    shown = ", ".join(one.name if one.default is one.empty else f"{one.name}={one.default!r}" for one in known)
    assert shown == SIGNATURES[name]
    added = [one for one in parameters if one not in known]
    assert all(one.kind is one.VAR_KEYWORD or one.default is not one.empty for one in added)


def test_a_bet_document_has_the_public_keys_first(tracker: BetTrackingSystem, bet_id: str) -> None:
    (bet,) = tracker.get_user_stats(user_id=USER)["bets"]
    assert list(bet)[: len(BET_KEYS)] == BET_KEYS
    assert list(bet["result_tracking"])[: len(RESULT_KEYS)] == RESULT_KEYS
    values = {key: bet[key] for key in BET_KEYS if key not in {"bet_id", "tracked_at", "result_tracking"}}
    assert bet["bet_id"] == bet_id
    assert bet["tracked_at"].tzinfo is UTC
    assert values == {
        "alert_id": None, "player_name": "Mohamed Salah", "player_id": None, "team": "Liverpool", "team_id": None,
        "market": "Player Shots On Target", "match": "Liverpool vs Man City", "date": "2024-03-10", "time": "16:30",
        "threshold": 1.5, "market_direction": "over", "bookmaker": None, "odds": 2.1, "actual_stake": 10.0,
        "unit_size": 10.0, "units_staked": 1.0, "status": "pending", "manual_override": False, "returns": 0.0,
        "profit_loss": 0.0, "fixture_id": 12345,
    }  # fmt: skip
    assert {key: bet["result_tracking"][key] for key in RESULT_KEYS} == {
        "api_type_id": 86, "api_location": "player", "stat_type": "shots_on_target", "expected_threshold": 1.5,
        "market_direction": "over", "result_status": "pending", "actual_value": None,
    }  # fmt: skip
    for key in ("threshold", "odds", "actual_stake", "unit_size", "units_staked", "returns", "profit_loss"):
        assert type(bet[key]) is float


def test_the_flow_of_the_public_example(tracker: BetTrackingSystem) -> None:
    result = tracker.track_bet(user_id=USER, alert_data=ALERT, actual_stake=10.0, unit_size=10.0)
    assert set(result) == {"success", "bet_id", "message"}
    assert result["success"] is True
    assert isinstance(result["bet_id"], str)
    assert f"{tracker.get_user_stats(user_id=USER)['roi_percentage']:.1f}" == "0.0"
    settled = tracker.auto_settle_user_bets(user_id=USER)
    assert settled == {"settled_count": 0, "settled_bets": [], "message": settled["message"]}
    assert tracker.update_bet_result(
        user_id=USER, bet_id=result["bet_id"], result_status="won", actual_value=2.0, manual_override=True
    )
    stats = tracker.get_user_stats(user_id=USER)
    assert (stats["wins"], stats["profit_loss_units"], stats["bets"][0]["actual_value"]) == (1, 1.1, 2.0)
    assert stats["bets"][0]["result_tracking"]["result_status"] == stats["bets"][0]["status"] == "won"
    message = tracker.format_stats_message(stats=stats, username="john_doe")
    assert message.splitlines()[-1] == "✅ Mohamed Salah Shots On Target @2.10 (1.00u)"
    assert "<b>" in tracker.format_stats_message(stats, "john_doe", markup="html")


def test_a_duplicate_says_which_bet_is_there(tracker: BetTrackingSystem, bet_id: str) -> None:
    again = tracker.track_bet(USER, ALERT, 10.0, 10.0)
    assert (again["success"], again["bet_id"]) == (False, bet_id)
    assert "already tracked" in again["message"]
    second = tracker.track_bet(USER, ALERT, 10.0, 10.0, allow_duplicate=True)
    assert second["success"]
    assert tracker.get_bet(USER, second["bet_id"])["duplicate_of"] == bet_id  # type: ignore[index]


def test_a_failure_has_no_bet_id_and_names_the_field(tracker: BetTrackingSystem) -> None:
    failed = tracker.track_bet(USER, ALERT | {"Odds": 1.0}, 10.0, 10.0)
    assert failed == {"success": False, "bet_id": "", "message": failed["message"]}
    assert failed["message"].startswith("Odds:")


def test_pending_bets_answer_both_ways(tracker: BetTrackingSystem, bet_id: str) -> None:
    tracker.track_bet(USER, ALERT | {"Date": "2024-03-09"}, 10.0, 10.0)
    tracker.track_bet(USER, ALERT | {"Date": None}, 10.0, 10.0)
    pending = tracker.get_pending_bets(user_id=USER)
    assert isinstance(pending, list)
    assert [bet["date"] for bet in pending] == ["2024-03-09", "2024-03-10", None]
    assert pending["pending_bets"] == list(pending)
    assert type(pending["pending_bets"]) is list
    assert pending[1]["bet_id"] == bet_id
    assert [bet["bet_id"] for bet in pending[1:2]] == [bet_id]
    with pytest.raises(KeyError):
        pending["others"]
    tracker.update_bet_result(USER, bet_id, "lost")
    assert len(tracker.get_pending_bets(USER)) == 2


CHANGES: dict[str, Callable[[BetTrackingSystem, Any, Any], Any]] = {
    "update_bet_result": lambda tracker, user, bet: tracker.update_bet_result(user, bet, "won", 2.0, True),  # noqa: FBT003
    "update_bet_stake": lambda tracker, user, bet: tracker.update_bet_stake(user, bet, 20.0),
    "update_bet_odds": lambda tracker, user, bet: tracker.update_bet_odds(user, bet, 2.3),
    "void_bet": lambda tracker, user, bet: tracker.void_bet(user, bet),
    "take_back": lambda tracker, user, bet: tracker.take_back(user, bet, "why"),
    "set_closing_odds": lambda tracker, user, bet: tracker.set_closing_odds(user, bet, 2.0),
    "set_tags": lambda tracker, user, bet: tracker.set_tags(user, bet, ["acca"]),
    "set_note": lambda tracker, user, bet: tracker.set_note(user, bet, "note"),
    "delete_bet": lambda tracker, user, bet: tracker.delete_bet(user, bet),
}
READS: dict[str, Callable[[BetTrackingSystem, Any], Any]] = {
    "get_user_stats": lambda tracker, user: tracker.get_user_stats(user)["bets"],
    "get_pending_bets": lambda tracker, user: tracker.get_pending_bets(user),
    "get_bets": lambda tracker, user: tracker.get_bets(user),
    "bankroll_curve": lambda tracker, user: tracker.bankroll_curve(user)["points"],
    "export_bets": lambda tracker, user: tracker.export_bets(user).splitlines()[1:],
    "auto_settle_user_bets": lambda tracker, user: tracker.auto_settle_user_bets(user)["settled_bets"],
}


@pytest.mark.parametrize("act", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("user", [OTHER_USER, None, "123456789", True, 1.5, 10**500, -USER])
def test_whoever_asks_for_anothers_bet_is_told_no(
    made: MadeBook, tracker: BetTrackingSystem, bet_id: str, act: Callable[..., Any], user: Any
) -> None:
    before = list(made.store.bets(made.store.owners()[0]))
    assert act(tracker, user, bet_id) is False
    assert tracker.get_bet(user, bet_id) is None
    assert tracker.history(user, bet_id) == []
    assert list(made.store.bets(made.store.owners()[0])) == before


@pytest.mark.parametrize("act", CHANGES.values(), ids=CHANGES)
def test_an_unknown_bet_is_false_too(tracker: BetTrackingSystem, bet_id: str, act: Callable[..., Any]) -> None:
    for unknown in ("bet_12345", "", None, 7, bet_id + "\n", [bet_id]):
        assert act(tracker, USER, unknown) is False


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize("user", [OTHER_USER, None, "123456789", True, 10**30])
def test_nobody_sees_anybody_elses_bets(
    tracker: BetTrackingSystem, bet_id: str, read: Callable[..., Any], user: Any
) -> None:
    assert bet_id
    assert list(read(tracker, user)) == []


def test_the_bots_do_not_see_each_others_bets(made: MadeBook, bet_id: str) -> None:
    team = BetTrackingSystem("", "", "team", opened=made.opened)
    assert team.get_bet(USER, bet_id) is None
    assert team.get_user_stats(USER)["total_bets"] == 0
    assert not team.delete_bet(USER, bet_id)


@pytest.mark.parametrize("status", ["void", "cashed out", None, 5])
def test_an_unknown_status_is_false(tracker: BetTrackingSystem, bet_id: str, status: Any) -> None:
    assert tracker.update_bet_result(USER, bet_id, status) is False
    assert tracker.update_bet_result(USER, bet_id, "won", manual_override="yes") is False  # type: ignore[arg-type]


def test_history_has_every_step_with_its_reason(tracker: BetTrackingSystem, bet_id: str) -> None:
    tracker.update_bet_result(USER, bet_id, "won", 2.0, manual_override=True)
    tracker.update_bet_stake(USER, bet_id, 20.0)
    tracker.take_back(USER, bet_id, "VAR")
    tracker.void_bet(USER, bet_id, reason="postponed for ever")
    tracker.set_closing_odds(USER, bet_id, 2.0)
    steps = [(one["from"], one["to"], one["reason"], one["by"], one["note"]) for one in tracker.history(USER, bet_id)]
    assert steps == [
        ("pending", "pending", "tracked", "person", ""), ("pending", "won", "manual", "person", ""),
        ("won", "won", "stake_corrected", "person", ""), ("won", "pending", "taken_back", "person", "VAR"),
        ("pending", "refund", "manual", "person", "postponed for ever"),
        ("refund", "refund", "closing_price", "person", ""),
    ]  # fmt: skip
    bet = tracker.get_bet(USER, bet_id)
    assert bet is not None
    assert (bet["clv"], bet["returns"], bet["version"]) == (pytest.approx(0.05), 20.0, 6)


def test_filters(tracker: BetTrackingSystem, bet_id: str) -> None:
    other = tracker.track_bet(USER, ALERT | {"Market": "Player Goals", "bookmaker": "B", "Date": "2024-03-12"}, 5, 5,
                              tags=["acca", "live"], note="a note")  # fmt: skip
    assert [bet["bet_id"] for bet in tracker.get_bets(USER, tags=["acca"])] == [other["bet_id"]]
    assert [bet["bet_id"] for bet in tracker.get_bets(USER, market="Player Shots On Target")] == [bet_id]
    late = datetime(2024, 3, 11, tzinfo=UTC)
    assert [bet["bet_id"] for bet in tracker.get_bets(USER, kickoff_to=late)] == [bet_id]
    assert [bet["bet_id"] for bet in tracker.get_bets(USER, kickoff_from=late)] == [other["bet_id"]]
    assert [bet["bet_id"] for bet in tracker.get_bets(USER, limit=1)] == [other["bet_id"]]
    assert tracker.get_user_stats(USER, bookmaker="B")["total_bets"] == 1
    assert tracker.get_bets(USER, status=["won", "lost"]) == []
    wrong: list[dict[str, Any]] = [{"status": "wonn"}, {"kickoff_to": datetime(2024, 3, 11)}, {"tag": "x"}]  # noqa: DTZ001
    for filters in wrong:
        with pytest.raises(UsageError):
            tracker.get_bets(USER, **filters)


def test_curve_document(tracker: BetTrackingSystem, bet_id: str) -> None:
    tracker.update_bet_result(USER, bet_id, "won")
    tracker.set_closing_odds(USER, bet_id, 2.0)
    curve = tracker.bankroll_curve(USER)
    assert [point["total_units"] for point in curve["points"]] == [1.1]
    assert (curve["total_units"], curve["worst_drawdown_units"]) == (1.1, 0.0)
    assert curve["yield_percentage"] == pytest.approx(110.0)
    assert curve["closing_line"] == {
        "bets": 1, "with_closing_odds": 1, "better": 1, "mean_clv": pytest.approx(0.05),
    }  # fmt: skip


@pytest.mark.parametrize(
    "address", ["", "  ", None, 5, "bets.db", "postgresql://localhost/x", "sqlite://", "sqlite:///"]
)
def test_without_an_address_it_says_what_to_start(address: Any) -> None:
    with pytest.raises(UsageError, match=r"mongodb://|sqlite:///"):
        BetTrackingSystem(address, "bets")


def test_an_address_with_a_password_is_not_repeated() -> None:
    with pytest.raises(UsageError) as told:
        BetTrackingSystem("mysql://user:hunter2@host/db", "bets")
    assert "hunter2" not in str(told.value)


NO_DATABASES: tuple[Any, ...] = (
    None, 5, b"bets", ["bets"], "", " ", "my bets", "a/b", "a.b", "a\\b", 'a"b', "a$b", "a\0b", "x" * 64, "\u00f6" * 32,
    "\ud800",
)  # fmt: skip


@pytest.mark.parametrize("name", NO_DATABASES, ids=ascii)
def test_what_is_no_name_of_a_database_is_told_before_anything_is_opened(name: Any) -> None:
    with pytest.raises(UsageError, match=r"^database_name: .* cannot be the name .*: give a text of 1 to 63 bytes"):
        BetTrackingSystem("mongodb://ann:hidden-word@localhost:27017", name)
    BetTrackingSystem("sqlite:///bets.db", name)


@pytest.mark.parametrize("name", ["bets", "wetten_\u00f6", "x" * 63])
def test_other_names_of_databases_are_taken(name: str) -> None:
    BetTrackingSystem("mongodb://localhost:27017", name)


def test_an_unknown_bot_is_told() -> None:
    with pytest.raises(UsageError, match="player, team"):
        BetTrackingSystem("sqlite:///x.db", "bets", bot_type="horse")


def test_a_lost_store_raises(made: MadeBook, tracker: BetTrackingSystem, bet_id: str) -> None:
    def fail(_: str) -> None:
        message = "gone"
        raise StoreError(message)

    assert isinstance(made.store, MemoryBetStore)
    made.store.before_write = fail
    with pytest.raises(StoreError):
        tracker.update_bet_stake(USER, bet_id, 20.0)


def test_nothing_is_opened_before_it_is_needed(tmp_path: Any) -> None:
    file = tmp_path / "bets.db"
    with BetTrackingSystem(f"sqlite:///{file}", "unused"):
        pass
    assert not file.exists()


def test_it_is_imported_without_drivers_and_policies() -> None:
    code = (
        "import sys, policytrader.tracking; from policytrader.tracking import BetTrackingSystem;"
        "heavy = {'pymongo', 'pydantic', 'duckdb', 'sqlalchemy', 'httpx', 'yaml'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_statistics_of_very_many_bets_read_those_that_are_shown(
    tracker: BetTrackingSystem, made: MadeBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_stats, "READ_AT_ONCE", 6)
    for _ in range(7):
        assert tracker.track_bet(USER, ALERT | {"fixture_id": None}, 10.0, 10.0, allow_duplicate=True)["success"]
    asked = made.heard_limits()
    stats = tracker.get_user_stats(USER)
    assert (stats["total_bets"], stats["pending_staked_units"], asked) == (7, 7.0, [])
    message = tracker.format_stats_message(stats, "anna")
    assert asked == [5]
    assert len(stats["bets"]) == 7
    assert message == tracker.format_stats_message(dict(stats), "anna")
    assert asked == [5, None]
    assert [len(tracker.get_user_stats(USER, limit=2)["bets"]), *asked] == [2, 5, None, 2]


def test_in_a_sqlite_file(tmp_path: Any) -> None:
    address = f"sqlite:///{tmp_path / 'bets.db'}"
    alert = ALERT | {"fixture_id": None}
    with BetTrackingSystem(address, "unused") as tracker:
        bet_id = tracker.track_bet(USER, alert, 10.0, 10.0)["bet_id"]
        assert tracker.update_bet_result(USER, bet_id, "half_win", 2.0, manual_override=True)
    with BetTrackingSystem(mongo_connection_string=address, database_name="unused", bot_type="player") as tracker:
        stats = tracker.get_user_stats(USER)
        assert (stats["half_wins"], stats["profit_loss_units"]) == (1, 0.55)
        assert tracker.track_bet(USER, alert, 10.0, 10.0)["bet_id"] == bet_id
