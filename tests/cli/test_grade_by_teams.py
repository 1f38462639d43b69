"""``policytrader grade`` and ``bets`` over a served feed, for bets that name no match: from the list to the result."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.adapters.fotmob.test_day_list import recorded_list
from tests.adapters.polite_site import Answer, Site
from tests.day_lists import as_bytes as list_bytes
from tests.day_lists import document, league, match
from tests.fotmob_fixtures import as_bytes, mini
from tests.fotmob_match import KICKOFF, MATCH_ID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Run

BEFORE, AFTER = "2026-03-07T10:00:00Z", "2026-03-07T18:00:00Z"
LIST = "/api/data/matches?timezone=UTC&date=20260307"
DETAILS = f"/api/data/matchDetails?matchId={MATCH_ID}"
OTHERS = (match(1, "Ayr", "Oban"), match(2, "Northport U21", "Eastmoor U21"))


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with Site(otherwise=Answer(b"no", 404)) as running:
        running.answers[DETAILS] = Answer(as_bytes(mini("L3")))
        serve(running, *OTHERS, match(int(MATCH_ID), "Northport", "Eastmoor"))
        monkeypatch.setenv("POLICYTRADER_FOTMOB_URL", running.url)
        yield running


def serve(site: Site, *matches: dict[str, Any]) -> None:
    site.answers[LIST] = Answer(list_bytes(document(league(*matches))))


@pytest.fixture
def url(here: Path) -> str:
    return f"sqlite:///{here / 'bets.db'}"


def track(run: Run, url: str, *more: str, user: int = 1, player: str = "José Marín", name: str = "") -> str:
    ran = run(
        "--now", BEFORE, "bets", "track", "--store", url, "--user", user, "--player", player,
        "--market", "Player Shots Total", "--direction", "over", "--line", "2.5", "--odds", "2.5", "--stake", "10",
        "--unit", "10", "--match", name or "Northport FC vs Eastmoor", "--date", "2026-03-07", "--time", "15:00", *more,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    return ran.out.split()[-1]


def asked(site: Site) -> list[str]:
    return [path for path, _ in site.asked]


def test_bets_without_a_fixture_are_found_and_settled_in_one_round(run: Run, url: str, site: Site) -> None:
    assert KICKOFF.startswith("2026-03-07T15:00")
    first, second = track(run, url), track(run, url, user=2)
    ran = run("--now", AFTER, "grade", "--store", url, "--json")
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert sorted((one["bet_id"], one["status"]) for one in told["settled"]) == sorted(
        [(first, "won"), (second, "won")]
    )
    assert {one["fixture_id"] for one in told["fixtures_found"]} == {MATCH_ID}
    assert (told["unmatched"], told["list_failures"]) == ([], {})
    assert asked(site) == [LIST, DETAILS]
    history = run("bets", "history", first, "--store", url, "--user", 1)
    assert f"fixture_found  fixture_id - -> {MATCH_ID}" in history.out


def test_what_is_not_found_is_told_with_what_came_near(run: Run, url: str, site: Site) -> None:
    bet_id = track(run, url, name="Eastmoor vs Northport")
    ran = run("--now", AFTER, "grade", "--store", url)
    assert ran.code == 0
    assert ran.err == (
        f"warning: bet {bet_id}: no match of these two teams on its day: Eastmoor vs Northport; "
        f"near: Northport vs Eastmoor ({MATCH_ID}, home and away the other way round)\n"
    )
    assert ran.out == "0 fixtures: 0 bets settled, 1 pending (1 fixture_unmatched)\n"
    assert asked(site) == [LIST]
    shown = run("bets", "explain", bet_id, "--store", url, "--user", 1)
    assert "reason    fixture_unmatched" in shown.out


@pytest.mark.parametrize("answer", [Answer(b"<html>just a moment</html>"), Answer(b"no", 403)])
def test_a_list_that_cannot_be_read_leaves_the_bet_pending(run: Run, url: str, site: Site, answer: Answer) -> None:
    track(run, url)
    site.answers[LIST] = answer
    ran = run("--now", AFTER, "grade", "--store", url)
    assert ran.code == 4
    assert ran.err.startswith("warning: matches of 2026-03-07: ")
    serve(site, *OTHERS, match(int(MATCH_ID), "Northport", "Eastmoor"))
    assert "1 bet settled" in run("--now", AFTER, "grade", "--store", url).out


def test_a_user_settles_his_own(run: Run, url: str, site: Site) -> None:
    bet_id, other = track(run, url), track(run, url, user=2)
    ran = run("--now", AFTER, "bets", "settle", "--store", url, "--user", 1)
    assert ran.out.startswith(f"{bet_id}  José Marín  Player Shots Total  won")
    assert MATCH_ID not in run("bets", "show", other, "--store", url, "--user", 2).out
    assert asked(site) == [LIST, DETAILS]


def test_a_bet_on_a_match_that_is_over_is_found_as_it_is_tracked(run: Run, url: str, site: Site) -> None:
    ran = run(
        "--now", AFTER, "bets", "track", "--store", url, "--user", 1, "--player", "José Marín", "--market",
        "Player Shots Total", "--direction", "over", "--line", "2.5", "--odds", "2.5", "--stake", "10", "--unit", "10",
        "--match", "Northport vs Eastmoor", "--date", "2026-03-07", "--time", "15:00",
    )  # fmt: skip
    assert "graded at once: won" in ran.out
    assert asked(site) == [LIST, DETAILS]


@pytest.mark.usefixtures("site")
def test_a_player_is_chosen_and_the_choice_taken_back(run: Run, url: str) -> None:
    def bets(*arguments: Any, user: int = 1) -> Any:
        return run("--now", AFTER, "bets", *arguments, "--store", url, "--user", user)

    first = track(run, url, player="The Hammer")
    before = bets("choose-player", first, "1002")
    assert (before.code, before.err) == (
        1, "the match of this bet is not known yet: settle first, which looks for it\n"
    )  # fmt: skip
    bets("settle")
    assert "reason    player_not_found" in bets("explain", first).out
    squads = bets("choose-player", first)
    assert "1002        José Marín  (Northport)" in squads.out
    assert bets("choose-player", first, "999").code == 1
    assert bets("choose-player", first, "1002", user=2).err == "no such bet\n"
    assert bets("choose-player", first, "1002").out == "the player is José Marín (Northport)\n"
    bets("settle")
    assert "status    won" in bets("explain", first).out
    assert bets("choose-player", first, "1002").code == 1  # it has a result
    # The next bet of this user on that name; another user's is asked as ever.
    second, others = (
        track(run, url, "--bookmaker", "B", player="the hammer"),
        track(run, url, player="The Hammer", user=2),
    )
    run("--now", AFTER, "grade", "--store", url)
    assert "status    won" in bets("explain", second).out
    assert "reason    player_not_found" in bets("explain", others, user=2).out
    assert bets("choose-player", first, "--take-back").code == 0
    assert "player_taken_back" in bets("history", first).out
    assert "status    won" in bets("explain", first).out
    third = track(run, url, "--bookmaker", "C", player="The Hammer")
    bets("settle")
    assert "reason    player_not_found" in bets("explain", third).out
    assert bets("choose-player", third, "1002", "--take-back").code == 2


def test_a_recorded_list_names_the_match(run: Run, url: str, site: Site, shared_data: Path, here: Path) -> None:
    raw = recorded_list(shared_data)
    site.answers["/api/data/matches?timezone=UTC&date=20200920"] = Answer(raw)
    ran = run(
        "--now", "2020-09-20T08:00:00Z", "bets", "track", "--store", url, "--user", 1, "--team", "Spurs", "--market",
        "Team Corners", "--direction", "over", "--line", "4.5", "--odds", "2", "--stake", "10", "--unit", "10",
        "--match", "Southampton v Spurs", "--date", "2020-09-20", "--time", "12:00",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    first, told = (
        json.loads(run("--now", "2020-09-21T09:00:00Z", "grade", "--store", url, "--json").out) for _ in range(2)
    )
    assert [one["match"] for one in first["fixtures_found"]] == ["Southampton vs Tottenham Hotspur"]
    assert told["failures"][0]["fixture_id"] == "3411367"
    assert [path for path in asked(site) if "matches" in path] == ["/api/data/matches?timezone=UTC&date=20200920"]
    (kept,) = (here / "feed" / "days").iterdir()
    assert json.loads(kept.read_text())["fetched_at"].startswith(f"{datetime(2020, 9, 21, tzinfo=UTC):%Y-%m-%d}")
