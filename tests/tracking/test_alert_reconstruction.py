"""The alert service as other programs use it."""

from __future__ import annotations

import inspect
import json
import logging
import warnings
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policytrader.adapters.sportmonks.fixture import parse_fixture
from policytrader.app.alerts.documents import KEYS
from policytrader.errors import StoreError, UsageError
from policytrader.model.fixture import TeamSide
from policytrader.tracking.alert_reconstruction import AlertReconstructionService
from tests.adapters.polite_site import Answer, Site
from tests.adapters.sportmonks.test_fixture import match as sportmonks_match
from tests.app.alerts.messages import PLAYER, SENT, TEAM, TIPS, VARIANTS
from tests.app.alerts.stored import ALERT, ALERT_ID, TEAM_ALERT, TEAM_ALERT_ID, Careless, Lost, stored

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ANYTHING = "anything"
LOGGER = "policytrader.app.alerts.cascade"
IDS = {"fixture_id": 67890, "player_id": 12345, "team_id": 55}


def service(player: Any = None, team: Any = None, **options: Any) -> AlertReconstructionService:
    return AlertReconstructionService(
        player_alerts_collection=player if player is not None else stored(),
        team_alerts_collection=team if team is not None else stored(),
        **options,
    )


def method(alert: dict[str, Any] | None) -> str | None:
    return None if alert is None else str(alert["reconstruction"]["method"])


# --- the seed's calls -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        (
            "__init__",
            {"sportmonks_api_token": None, "player_alerts_collection": None, "team_alerts_collection": None},
        ),
        ("reconstruct_from_alert_id", {"alert_id": inspect.Parameter.empty, "bot_type": "player"}),
        ("reconstruct_from_message_text", {"message_text": inspect.Parameter.empty, "bot_type": "player"}),
        (
            "search_alert_in_db",
            {**dict.fromkeys(("fixture_id", "player_id", "market"), inspect.Parameter.empty), "bot_type": "player"},
        ),
        (
            "search_alert_by_names",
            {**dict.fromkeys(("fixture_name", "player_name", "market"), inspect.Parameter.empty), "bot_type": "player"},
        ),
        ("reconstruct_alert", {"alert_id": None, "message_text": None, "bot_type": "player"}),
    ],
)
def test_signatures_are_the_seeds(name: str, parameters: dict[str, Any]) -> None:
    """Whatever is ours beside them can only be given by name, and has a default."""
    found = list(inspect.signature(getattr(AlertReconstructionService, name)).parameters.values())[1:]
    plain = {one.name: one.default for one in found if one.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD}
    assert list(plain.items()) == list(parameters.items())
    ours = [one for one in found if one.name not in plain]
    assert all(
        one.kind is inspect.Parameter.KEYWORD_ONLY and one.default is not inspect.Parameter.empty for one in ours
    )


def test_every_call_of_the_seed() -> None:
    reconstructor = service(stored({}), stored({}, base=TEAM_ALERT))
    found = [
        reconstructor.reconstruct_from_alert_id(alert_id=ALERT_ID, bot_type="player"),
        reconstructor.search_alert_in_db(
            fixture_id=67890, player_id=12345, market="Player Shots On Target", bot_type="player"
        ),
        reconstructor.search_alert_by_names(
            fixture_name="Northport vs Eastmoor",
            player_name="Jose Marin",
            market="Player Shots On Target",
            bot_type="player",
        ),
        reconstructor.reconstruct_alert(alert_id=ALERT_ID, message_text=PLAYER, bot_type="player"),
    ]
    assert [method(one) for one in found] == ["ids", "ids", "names", "ids"]
    assert all({key: (one or {})[key] for key in KEYS} == ALERT for one in found)
    found = [
        reconstructor.reconstruct_from_alert_id(TEAM_ALERT_ID, "team"),
        reconstructor.search_alert_in_db(67890, 56, "Team Corners", "team"),
        reconstructor.search_alert_by_names("Northport vs Eastmoor", "Eastmoor", "Team Corners", "team"),
        reconstructor.reconstruct_alert(TEAM_ALERT_ID, TEAM, "team"),
    ]
    assert [method(one) for one in found] == ["ids", "ids", "names", "ids"]
    assert {(one or {})["Odds"] for one in found} == {2.2}


def test_a_message_by_itself_is_what_it_says() -> None:
    """Nothing stored is looked at."""
    gone = Lost(ConnectionError("gone"))
    alert = service(gone, gone).reconstruct_from_message_text(message_text=PLAYER, bot_type="player")
    assert alert == {
        **ALERT,
        **dict.fromkeys(IDS),
        "reconstruction": {
            "method": "message",
            "confidence": 0.77,
            "missing": ["fixture_id", "player_id", "team_id"],
            "printed": {
                "kind": "player_value",
                "league": "Test League",
                "model_odds": 2.1,
                "value_percent": 27.6,
                "suggested_units": 0.8,
            },
        },
    }


@pytest.mark.parametrize("sent", [SENT, datetime(2026, 3, 6, 12, tzinfo=UTC)])
def test_the_messages_date_tells_the_year(sent: date) -> None:
    reconstructor = service()
    for alert in (
        reconstructor.reconstruct_from_message_text(TEAM, "team", message_date=sent),
        reconstructor.reconstruct_alert(message_text=TEAM, bot_type="team", message_date=sent),
    ):
        assert alert is not None
        assert (alert["Date"], alert["Time"]) == ("2026-03-07", "15:00")
    alert = reconstructor.reconstruct_alert(message_text=TEAM, bot_type="team")
    assert alert is not None
    assert (alert["Date"], alert["Time"]) == (None, "15:00")
    assert "Date" in alert["reconstruction"]["missing"]


def test_a_message_that_says_only_a_part() -> None:
    alert = service().reconstruct_from_message_text(TIPS["no price, no match"])
    assert alert is not None
    assert (alert["Player"], alert["Market"], alert["Match"], alert["Odds"]) == (
        "José Marín",
        "Player Shots",
        None,
        None,
    )
    assert service().reconstruct_alert(message_text=TIPS["no price, no match"]) is None


# --- the cascade ----------------------------------------------------------------------------------------------------

OTHER_ID = "999|888|Player Shots On Target|last5|Bet365"


def lookup(**known: Any) -> Callable[..., Mapping[str, Any] | None]:
    def ask(**_: Any) -> Mapping[str, Any] | None:
        return known or None

    return ask


@pytest.mark.parametrize(
    ("alert_id", "message", "documents", "answered"),
    [
        (ALERT_ID, PLAYER, [{}], "ids"),
        (ALERT_ID, None, [{}], "ids"),
        (f"{ALERT_ID}|over|1.5", None, [{}], "ids"),
        (f"{ALERT_ID}|under|1.5", None, [{}], None),
        (OTHER_ID, PLAYER, [{}], "names"),
        ("alert_67890", PLAYER, [{}], "names"),
        (None, PLAYER, [{}], "names"),
        (None, PLAYER, [{"Threshold": 2.5}], "message"),
        (None, PLAYER, [{"market_direction": "under"}], "message"),
        (None, PLAYER, [{"Date": "2025-03-07"}], "message"),
        (OTHER_ID, PLAYER, [], "message"),
        (OTHER_ID, VARIANTS["without odds"], [], None),
        (OTHER_ID, VARIANTS["without odds"], [{}], "names"),
        (OTHER_ID, VARIANTS["bet builder"], [{}], None),
        (OTHER_ID, PLAYER.replace("🏟 Northport vs Eastmoor\n", ""), [{}], None),
        (OTHER_ID, PLAYER.replace("👤 José Marín (Northport)\n", ""), [{}], None),
        (OTHER_ID, None, [{}], None),
        (None, None, [{}], None),
    ],
)
def test_the_first_step_that_answers(
    alert_id: str | None,
    message: str | None,
    documents: list[dict[str, Any]],
    answered: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, LOGGER):
        alert = service(stored(*documents)).reconstruct_alert(alert_id, message)
    assert method(alert) == answered
    said = f"alert rebuilt by {answered}" if answered else "no alert: neither id nor message leads to one"
    assert caplog.messages == [said]


def test_a_team_message_is_an_alert_of_the_team_bot_alone() -> None:
    assert method(service().reconstruct_alert(message_text=TEAM, bot_type="team")) == "message"
    assert service().reconstruct_alert(message_text=TEAM, bot_type="player") is None


@pytest.mark.parametrize("bot_type", ["", "Player", "horse", None, 7, ["player"]])
def test_a_bot_that_is_none_has_no_alerts(bot_type: Any) -> None:
    reconstructor = service(stored({}))
    assert reconstructor.reconstruct_alert(ALERT_ID, PLAYER, bot_type) is None
    assert reconstructor.reconstruct_from_alert_id(ALERT_ID, bot_type) is None
    assert reconstructor.reconstruct_from_message_text(PLAYER, bot_type) is None
    assert reconstructor.search_alert_in_db(67890, 12345, "Player Shots On Target", bot_type) is None
    assert (
        reconstructor.search_alert_by_names("Northport vs Eastmoor", "José Marín", "Player Shots On Target", bot_type)
        is None
    )


def test_sportmonks_is_asked_once_and_says_what_it_knows() -> None:
    asked: list[dict[str, Any]] = []

    def ask(**question: Any) -> Mapping[str, Any]:
        asked.append(question)
        return {"Match": "Northport vs Eastmoor", "Player": "José Marín", "Date": "2026-03-07", "Market": "Corners"}

    reconstructor = service(sportmonks_api_token=ANYTHING, sportmonks_lookup=ask)
    with pytest.warns(DeprecationWarning, match="SportMonks is deprecated") as warned:
        alert = reconstructor.reconstruct_alert(f"{ALERT_ID}|over|1.5")
    assert asked == [{"token": ANYTHING, "fixture_id": 67890, "subject_id": 12345, "bot_type": "player"}]
    assert alert is not None
    assert {key: alert[key] for key in ("Match", "Player", "Market", "Threshold", "fixture_id", "Odds", "Time")} == {
        "Match": "Northport vs Eastmoor",
        "Player": "José Marín",
        "Market": "Player Shots On Target",
        "Threshold": 1.5,
        "fixture_id": 67890,
        "Odds": None,
        "Time": None,
    }
    assert method(alert) == "sportmonks"
    assert warned[0].filename == __file__


def broken(**_: Any) -> Mapping[str, Any]:
    message = "429"
    raise ConnectionError(message)


@pytest.mark.parametrize("ask", [broken, lookup(), lookup(Player="José Marín"), lambda **_: "text", None])
def test_whatever_goes_wrong_at_sportmonks_is_a_no(ask: Any, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.warns(DeprecationWarning, match="SportMonks"), caplog.at_level(logging.INFO, LOGGER):
        assert service(sportmonks_api_token=ANYTHING, sportmonks_lookup=ask).reconstruct_alert(ALERT_ID) is None
    assert caplog.messages[-1].startswith("no alert")
    if ask is None:
        assert "nothing here can ask SportMonks" in caplog.messages[0]


@pytest.mark.parametrize("ask", [lookup(Match="Northport vs Eastmoor"), None])
def test_a_warning_that_is_an_error_is_a_no_too(ask: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert service(sportmonks_api_token=ANYTHING, sportmonks_lookup=ask).reconstruct_alert(ALERT_ID) is None


@pytest.mark.parametrize(("token", "alert_id"), [(None, ALERT_ID), ("", ALERT_ID), ("token", "alert_67890")])
def test_without_token_or_ids_sportmonks_is_not_asked(token: str | None, alert_id: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert service(sportmonks_api_token=token, sportmonks_lookup=broken).reconstruct_alert(alert_id) is None


def test_positional_as_in_the_seed() -> None:
    alerts = AlertReconstructionService(None, stored({}), stored())
    assert method(alerts.reconstruct_alert(ALERT_ID)) == "ids"


# --- what goes wrong ------------------------------------------------------------------------------------------------


def test_a_lost_database_raises_ours() -> None:
    reconstructor = service(Lost(ConnectionError("no route to host")))
    calls: list[Callable[[], Any]] = [
        lambda: reconstructor.reconstruct_from_alert_id(ALERT_ID),
        lambda: reconstructor.search_alert_in_db(67890, 12345, "Player Goals"),
        lambda: reconstructor.search_alert_by_names("Northport vs Eastmoor", "José Marín", "Player Goals"),
        lambda: reconstructor.reconstruct_alert(ALERT_ID, PLAYER),
        lambda: reconstructor.reconstruct_alert(message_text=PLAYER),
    ]
    for call in calls:
        with pytest.raises(StoreError, match="the collection cannot be read"):
            call()
    assert method(reconstructor.reconstruct_alert(message_text=TEAM, bot_type="team")) == "message"


def test_a_collection_that_was_not_given_is_told_when_it_is_needed() -> None:
    reconstructor = AlertReconstructionService(player_alerts_collection=stored({}))
    assert method(reconstructor.reconstruct_alert(ALERT_ID)) == "ids"
    assert reconstructor.reconstruct_alert("alert_1", bot_type="team") is None
    with pytest.raises(UsageError, match="give team_alerts_collection"):
        reconstructor.reconstruct_alert(TEAM_ALERT_ID, bot_type="team")


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.binary(max_size=20),
    st.lists(st.integers(), max_size=3),
    st.text(st.characters(exclude_categories=()), max_size=40),
    st.sampled_from([object(), date(2026, 3, 6), date.max, datetime.max.replace(tzinfo=UTC), *KEYS]),
)
parts = st.text(max_size=20) | st.integers().map(str) | st.sampled_from(["", "over", "1.5", "12345", "67890", *KEYS])
ids = st.lists(parts, min_size=4, max_size=8).map("|".join)
pieces = st.sampled_from(
    [line for message in (*VARIANTS.values(), *TIPS.values()) for line in message.splitlines()]
    + [*"🏟🏆⏰👤⚽🎯📚🖥📈💰🔨·()|:@%*_[]", "vs", "Over 1.5", "29 Feb 23:59", "\ud800", "\0", "\u202e", "¢", "+150"]
)
messages = st.lists(st.one_of(pieces, st.text(max_size=15)), max_size=14).flatmap(
    lambda found: st.sampled_from(["\n", " ", ""]).map(lambda joint: joint.join(found))
)
documents = st.dictionaries(st.sampled_from([*KEYS, "_id", "created_at", "timestamp"]), anything, max_size=9)


@given(
    anything | ids,
    anything | messages,
    st.sampled_from(["player", "team"]) | anything,
    anything,
    st.lists(documents | anything, max_size=3),
)
@example(ALERT_ID, PLAYER, "player", SENT, [ALERT])
def test_nothing_that_is_put_in_raises(alert_id: Any, message: Any, bot_type: Any, sent: Any, found: list[Any]) -> None:
    """Whatever the arguments and the stored documents are: an alert with all its keys, or None."""
    reconstructor = service(Careless(*found), Careless(*found))
    for alert in (
        reconstructor.reconstruct_alert(alert_id, message, bot_type, message_date=sent),
        reconstructor.reconstruct_from_alert_id(alert_id, bot_type),
        reconstructor.reconstruct_from_message_text(message, bot_type, message_date=sent),
        reconstructor.search_alert_in_db(alert_id, sent, message, bot_type),
        reconstructor.search_alert_by_names(message, alert_id, sent, bot_type),
        reconstructor.search_alert_by_names("Northport vs Eastmoor", message, alert_id, bot_type),
    ):
        assert alert is None or set(KEYS) < set(alert)


@pytest.mark.parametrize(
    ("alert_id", "bot_type", "known"),
    [
        ("{player}|555|Player Goals|last5|Bet365", "player", {"Player": "{player_name}", "Team": "{home}"}),
        ("{team}|555|Team Corners|last5|Bet365", "team", {"Player": None, "Team": "{away}"}),
        ("999|555|Player Goals|last5|Bet365", "player", None),
    ],
)
def test_with_a_token_sportmonks_itself_is_asked_over_a_socket(
    alert_id: str, bot_type: str, known: dict[str, str | None] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = sportmonks_match()
    fixture = parse_fixture(json.dumps(document).encode(), fetched_at=None)
    man = next(one for one in fixture.players.values() if one.side is TeamSide.HOME)
    home, away = fixture.teams[TeamSide.HOME], fixture.teams[TeamSide.AWAY]
    words = {
        "player": man.player_id,
        "player_name": man.name,
        "team": away.team_id,
        "home": home.name,
        "away": away.name,
    }
    with Site(otherwise=Answer(json.dumps(document).encode())) as site:
        monkeypatch.setenv("POLICYTRADER_SPORTMONKS_URL", site.url)
        with pytest.warns(DeprecationWarning, match="SportMonks") as warned:
            alert = service(sportmonks_api_token=ANYTHING).reconstruct_alert(
                alert_id.format(**words), bot_type=bot_type
            )
        assert len(warned) == 1
        assert [path.partition("?")[0] for path, _ in site.asked] == ["/fixtures/555"]
    if known is None:
        assert alert is None
        return
    assert alert is not None
    assert method(alert) == "sportmonks"
    assert alert["Match"] == f"{home.name} vs {away.name}"
    assert {key: alert[key] for key in known} == {key: name and name.format(**words) for key, name in known.items()}
