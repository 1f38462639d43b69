"""``policytrader grade``: a file of bets against one match, and the bets of a store against a feed that answers."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.adapters.polite_site import Answer, Site
from tests.fotmob_fixtures import as_bytes, derived_corrected, derived_live, derived_postponed, mini
from tests.fotmob_match import KICKOFF, MATCH_ID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Ran, Run

HEADER = "market,player_or_team,direction,threshold\n"
AFTER = "2026-03-07T18:00:00Z"


@pytest.fixture
def match(here: Path) -> Path:
    file = here / "match.json"
    file.write_bytes(as_bytes(mini("L3")))
    return file


def bets(here: Path, *rows: str, header: str = HEADER) -> Path:
    file = here / "bets.csv"
    file.write_text(header + "".join(f"{row}\n" for row in rows), "utf-8")
    return file


def graded(ran: Ran) -> list[dict[str, Any]]:
    assert (ran.code, ran.err) == (0, "")
    told = json.loads(ran.out)
    assert told["schema"] == "policytrader/grades/1"
    assert len(told["policy"]["hash"]) == 64
    rows: list[dict[str, Any]] = told["grades"]
    assert [row["row"] for row in rows] == list(range(len(rows)))
    return rows


def test_rows_are_graded_in_their_order_with_money_as_text(run: Run, here: Path, match: Path) -> None:
    file = bets(
        here,
        "Player Shots Total,José Marín,over,2.5,match,2.50,10,Bet365",
        "Player Shots Total,Jose Marin,under,2.75,match,3,20,",
        "Match Goals,match,over,3,,,,",
        header="market,player_or_team,direction,threshold,period,odds,stake,bookmaker\n",
    )
    first, second, third = graded(run("grade", "--fixture", match, "--bets", file, "--json"))
    assert first == {
        "row": 0, "status": "won", "actual_value": 3, "reason": "line", "rule": "line",
        "returns": "25.00", "profit_loss": "15.00",
    }  # fmt: skip
    assert (second["status"], second["returns"], second["profit_loss"]) == ("half_loss", "10.00", "-10.00")
    assert (third["status"], third["reason"], third["profit_loss"]) == ("refund", "push", "0.00")


def test_a_header_alone_has_no_grades_and_a_column_too_many_is_not_read(run: Run, here: Path, match: Path) -> None:
    ran = run("grade", "--fixture", match, "--bets", bets(here), "--json")
    assert (ran.code, json.loads(ran.out)["grades"]) == (0, [])
    assert ran.err.endswith("bets.csv  S105  the file holds no bets\n")
    file = bets(here, "Match Goals,match,over,3,me", header=HEADER.replace("\n", ",tipster\n"))
    ran = run("grade", "--fixture", match, "--bets", file, "--json")
    assert (ran.code, [one["status"] for one in json.loads(ran.out)["grades"]]) == (0, ["refund"])
    assert ran.err.startswith("warning: ")
    assert "column `tipster` is not read" in ran.err


def test_a_bad_row_is_pending_with_its_reason_while_the_rest_is_graded(run: Run, here: Path, match: Path) -> None:
    file = bets(
        here,
        'Player Shots Total,José Marín,over,"1,5"',
        "Player Moonwalks,José Marín,over,0.5",
        "Player Shots Total,Nobody Here,over,0.5",
        "Player Shots Total,José Marín,over,",
        "Player Shots Total,José Marín,sideways,0.5",
        "Player Shots Total,José Marín,over,0.3",
        "Player Shots Total,José Marín,over,0.5",
    )
    rows = graded(run("grade", "--fixture", match, "--bets", file, "--json"))
    assert [row["reason"] for row in rows] == [
        "invalid_bet", "market_unmapped", "player_not_found", "invalid_bet", "invalid_bet", "invalid_bet", "line",
    ]  # fmt: skip
    assert [row["status"] for row in rows] == ["pending"] * 6 + ["won"]
    assert rows[0]["problem"] == "threshold: 1,5 is not a plain number: decimals follow a point, as in 1.5"
    assert all(row["problem"] for row in rows[3:6])
    assert [row["returns"] for row in rows[:6]] == ["0.00"] * 6


@pytest.mark.parametrize("raw", [b"<html>Just a moment</html>", b'{"header": {', b"{}", b"", b"\x00\xff"])
def test_an_answer_that_is_no_match_leaves_every_row_pending_and_says_so(run: Run, here: Path, raw: bytes) -> None:
    (here / "match.json").write_bytes(raw)
    file = bets(here, "Player Shots Total,José Marín,over,0.5", "Match Goals,match,over,0.5")
    ran = run("grade", "--fixture", here / "match.json", "--bets", file, "--json")
    assert ran.code == 0
    assert ran.err.startswith("warning: ")
    assert [row["reason"] for row in json.loads(ran.out)["grades"]] == ["layout_unknown"] * 2


def test_the_text_shows_the_period_and_the_nearest_names(run: Run, here: Path, match: Path) -> None:
    header = HEADER.replace("\n", ",period\n")
    file = bets(here, "Match Goals,match,over,0.5,first_half", "Player Goals,Nobody Here,over,0.5,", header=header)
    ran = run("grade", "--fixture", match, "--bets", file)
    _, first, second, nearest, counts = ran.out.splitlines()
    assert "  Match Goals over 0.5 first_half  " in first
    assert "[player_not_found, player-not-found]" in second
    assert re.fullmatch(r" +nearest of 100: [^,]+ \(\d+\)(, [^,]+ \(\d+\)){2}", nearest)
    assert counts


def test_a_setting_may_be_another_for_now(run: Run, here: Path, match: Path) -> None:
    file = bets(here, "Player Shots Total,Rafe Olsen,over,0.5")
    [usual] = graded(run("grade", "--fixture", match, "--bets", file, "--json"))
    [strict] = graded(run("grade", "--fixture", match, "--bets", file, "--json", "--set", "participation=must_start"))
    assert (usual["status"], usual["reason"]) == ("won", "line")
    assert (strict["status"], strict["reason"]) == ("refund", "did_not_start")


def test_a_live_over_needs_its_time_unless_the_setting_says_none(run: Run, here: Path) -> None:
    (here / "live.json").write_bytes(as_bytes(derived_live(mini("L3"), 80)))
    file = bets(here, "Match Goals,match,over,0.5", "Match Goals,match,under,9.5")
    waiting = graded(run("grade", "--fixture", here / "live.json", "--bets", file, "--json"))
    decided = graded(
        run("grade", "--fixture", here / "live.json", "--bets", file, "--json", "--set", "live_confirm_seconds=0")
    )
    assert [row["reason"] for row in waiting] == ["not_finished", "not_finished"]
    assert [row["reason"] for row in decided] == ["live_decided", "not_finished"]


@pytest.mark.parametrize(("day", "reason"), [("2026-03-09", "postponed_wait"), ("2026-03-11", "void_window")])
def test_a_postponed_match_is_waited_for_until_the_window_is_over(run: Run, here: Path, day: str, reason: str) -> None:
    (here / "off.json").write_bytes(as_bytes(derived_postponed(mini("L3"))))
    file = bets(here, "Match Goals,match,over,0.5")
    [row] = graded(run("--now", f"{day}T12:00:00Z", "grade", "--fixture", here / "off.json", "--bets", file, "--json"))
    assert row["reason"] == reason


def test_explain_shows_the_rules_the_values_and_where_they_were_read(run: Run, here: Path, match: Path) -> None:
    file = bets(here, "Player Shots Total,José Marín,over,2.5")
    ran = run("grade", "--fixture", match, "--bets", file, "--explain")
    assert ran.code == 0
    assert "-> line " in ran.out
    assert "bet.margin = 0.5" in ran.out
    assert "read at content.playerStats.1002" in ran.out
    assert ran.out.splitlines()[-1] == "1 won"


def test_explain_shows_what_the_answer_holds(run: Run, here: Path) -> None:
    document = mini("L3")
    document["content"]["shotmap"] = {"shots": []}
    (here / "match.json").write_bytes(as_bytes(document))
    asked = ("grade", "--fixture", here / "match.json", "--bets", bets(here, "Match Goals,match,over,3"), "--explain")
    holds, home, away = (line.strip() for line in run(*asked).out.splitlines()[1:4])
    assert holds.startswith("answer of fotmob, layout L3: team statistics, player statistics; ")
    assert holds.endswith("periods: regular, first_half, second_half")
    assert home == "players of Northport do not add up to the team's figure: corners"
    assert away == "players of Eastmoor do not add up to the team's figure: corners, interceptions"
    told = json.loads(run(*asked, "--json").out)["match"]
    assert told["periods"] == ["regular", "first_half", "second_half"]
    assert (told["layout"], told["team_stats"], told["player_stats"], told["shots"]) == ("L3", True, True, False)
    assert told["reconciled"]["interceptions"] == {"home": True, "away": False}
    assert len(told["hash"]) == 64


def test_a_match_that_cannot_be_read_holds_nothing(run: Run, here: Path) -> None:
    (here / "match.json").write_bytes(b"{}")
    file = bets(here, "Match Goals,match,over,3")
    ran = run("grade", "--fixture", here / "match.json", "--bets", file, "--explain", "--json")
    assert json.loads(ran.out)["match"] is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--fixture", "match.json"], "belong together"),
        (["--bets", "bets.csv"], "belong together"),
        (["--fixture", "nosuch.json", "--bets", "bets.csv"], "nosuch.json"),
        (["--fixture", "match.json", "--bets", "bets.csv", "--watch"], "--watch"),
        (["--fixture", "match.json", "--bets", "bets.csv", "--set", "participation"], "NAME=VALUE"),
        (["--fixture", "match.json", "--bets", "bets.csv", "--set", "partcipation=x"], "participation"),
        (["--fixture", "match.json", "--bets", "bets.csv", "--policy", "nosuch"], "--policy nosuch"),
        ([], "--store"),
    ],
)
def test_what_cannot_be_asked(run: Run, here: Path, match: Path, arguments: list[str], told: str) -> None:
    assert match.exists()
    bets(here, "Match Goals,match,over,0.5")
    ran = run("grade", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err


# --- A store and a feed ---------------------------------------------------------------------------------------------


@pytest.fixture
def store(run: Run, here: Path) -> str:
    """Two users' bets on the match, tracked before it."""
    url = f"sqlite:///{here / 'bets.db'}"
    for user, line in ((1, "2.5"), (2, "3.5")):
        ran = run(
            "--now", "2026-03-07T10:00:00Z", "bets", "track", "--store", url, "--user", user,
            "--player", "José Marín", "--market", "Player Shots Total", "--direction", "over", "--line", line,
            "--odds", "2.5", "--stake", "10", "--unit", "10", "--match", "Northport vs Eastmoor",
            "--date", "2026-03-07", "--time", "15:00", "--fixture", MATCH_ID,
        )  # fmt: skip
        assert ran.code == 0, ran.err
    return url


def test_bets_of_all_users_are_settled_and_a_second_time_nothing_is_left(
    run: Run, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert KICKOFF.startswith("2026-03-07T15:00")
    with Site(otherwise=Answer(as_bytes(mini("L3")))) as site:
        monkeypatch.setenv("POLICYTRADER_FOTMOB_URL", site.url)
        first = run("--now", AFTER, "grade", "--store", store, "--json")
        second = run("--now", AFTER, "grade", "--store", store)
        assert [path for path, _ in site.asked] == [f"/api/data/matchDetails?matchId={MATCH_ID}"]
    assert first.code == 0, first.err
    told = json.loads(first.out)
    assert sorted((one["user_id"], one["status"]) for one in told["settled"]) == [(1, "won"), (2, "lost")]
    assert (told["fixtures"], told["from_kept_answers"]) == (1, 0)
    assert (second.code, second.out) == (0, "0 fixtures: 0 bets settled\n")


def test_a_match_that_was_kept_is_told_as_kept(run: Run, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Site(otherwise=Answer(as_bytes(mini("L3")))) as site:
        monkeypatch.setenv("POLICYTRADER_FOTMOB_URL", site.url)
        long_after = ("--now", "2026-03-20T18:00:00Z", "grade", "--store", store)
        run(*long_after, "--user", 1)
        ran = run(*long_after, "--user", 2)
        assert len(site.asked) == 1
    assert ran.out.splitlines()[-1] == "1 fixture (1 from kept answers): 1 bet settled"


def test_a_feed_that_does_not_answer_is_told_and_leaves_the_bets_pending(
    run: Run, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Site(otherwise=Answer(b"no", status=403)) as site:
        monkeypatch.setenv("POLICYTRADER_FOTMOB_URL", site.url)
        ran = run("--now", AFTER, "grade", "--store", store)
    assert ran.code == 4
    assert ran.err.startswith(f"warning: fixture {MATCH_ID}: ")
    assert ran.out == "1 fixture: 0 bets settled, 2 pending (2 feed_error)\n"


# --- Corrected numbers: nobody's bet is pending any more --------------------------------------------------------------

SHOTS = "content.playerStats.1002.stats[0].stats.Total shots.stat.value"


@pytest.fixture
def site(run: Run, store: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The feed, which has settled both bets by three shots: one won, the other lost."""
    with Site(otherwise=Answer(as_bytes(mini("L3")), headers={"ETag": '"three"'})) as running:
        monkeypatch.setenv("POLICYTRADER_FOTMOB_URL", running.url)
        ran = run("--now", AFTER, "grade", "--store", store)
        assert ran.out.endswith("1 fixture: 2 bets settled\n"), ran.err
        running.asked.clear()
        yield running


def corrected_to(shots: int) -> Answer:
    return Answer(as_bytes(derived_corrected(mini("L3"), {SHOTS: shots})), headers={"ETag": '"corrected"'})


def graded_at(run: Run, store: str, when: str) -> dict[str, Any]:
    ran = run("--now", when, "grade", "--store", store, "--json")
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


def listed(run: Run, store: str, user: int) -> dict[str, Any]:
    ran = run("bets", "list", "--store", store, "--user", user, "--json")
    assert ran.code == 0, ran.err
    (bet,) = json.loads(ran.out)["bets"]
    return dict(bet)


def test_a_corrected_number_turns_lost_into_won_with_its_history(run: Run, store: str, site: Site) -> None:
    site.otherwise = corrected_to(4)
    early = graded_at(run, store, "2026-03-07T18:29:00Z")
    assert (early["fixtures"], early["again"], site.asked) == (0, 0, [])
    ran = run("--now", "2026-03-07T18:31:00Z", "grade", "--store", store)
    assert ran.code == 0
    first, second, last = ran.out.splitlines()
    lines = sorted((first.split("  ", 1)[1], second.split("  ", 1)[1]))
    assert lines == [
        "José Marín  Player Shots Total  won  15.00  [stat_corrected, line], was lost",
        "José Marín  Player Shots Total  won  15.00  [stat_corrected, line], was won",
    ]
    assert last == "1 fixture: 0 bets settled; 2 settled bets looked at again, 2 changed"
    bet = listed(run, store, 2)
    assert (bet["status"], bet["actual_value"], bet["version"]) == ("won", "4", 3)
    told = json.loads(run("bets", "explain", bet["bet_id"], "--store", store, "--user", 2, "--json").out)
    steps = [(one["from"], one["to"], one["reason"]) for one in told["history"][1:]]
    assert steps == [("pending", "lost", "line"), ("lost", "won", "stat_corrected")]
    assert all(len(one["policy_hash"]) == 64 for one in told["history"][1:])


def test_where_nothing_changed_the_site_is_asked_just_that_and_seldom(run: Run, store: str, site: Site) -> None:
    site.otherwise = Answer(b"", 304)
    before = listed(run, store, 1)
    for minute, looked_at in ((31, 2), (59, 0)):
        found = graded_at(run, store, f"2026-03-07T18:{minute}:00Z")
        assert (found["again"], found["corrected"], found["settled"]) == (looked_at, [], [])
    assert [headers.get("If-None-Match") for _, headers in site.asked] == ['"three"']
    after = listed(run, store, 1)
    assert (after["version"], after["status"], after["settled_at"]) == (2, before["status"], before["settled_at"])


def test_the_memory_of_finished_matches_hides_no_correction(run: Run, store: str, site: Site) -> None:
    """A bet that is tracked and settled a month late: the answer was final, as far as the memory goes."""
    ran = run(
        "--now", "2026-04-07T10:00:00Z", "bets", "track", "--store", store, "--user", 3,
        "--player", "José Marín", "--market", "Player Shots Total", "--direction", "over", "--line", "3.5",
        "--odds", "2.5", "--stake", "10", "--unit", "10", "--match", "Northport vs Eastmoor",
        "--date", "2026-03-07", "--time", "15:00", "--fixture", MATCH_ID,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    graded_at(run, store, "2026-04-07T10:00:00Z")
    assert listed(run, store, 3)["status"] == "lost"
    site.otherwise = corrected_to(4)
    found = graded_at(run, store, "2026-04-07T11:00:00Z")
    assert [(one["user_id"], one["before"], one["status"]) for one in found["corrected"]] == [(3, "lost", "won")]
    # The others' results were settled a month ago, and stand.
    assert [listed(run, store, user)["status"] for user in (1, 2, 3)] == ["won", "lost", "won"]


def test_outside_the_window_nobody_asks_and_nothing_changes(run: Run, store: str, site: Site) -> None:
    site.otherwise = corrected_to(4)
    found = graded_at(run, store, "2026-03-10T18:00:01Z")
    assert (found["fixtures"], found["again"], site.asked) == (0, 0, [])
    assert listed(run, store, 2)["status"] == "lost"


def test_what_a_person_decided_stays_while_the_others_are_corrected(run: Run, store: str, site: Site) -> None:
    bet_id = listed(run, store, 2)["bet_id"]
    ran = run("--now", AFTER, "bets", "result", bet_id, "refund", "--store", store, "--user", 2)
    assert ran.code == 0, ran.err
    site.otherwise = corrected_to(2)
    found = graded_at(run, store, "2026-03-07T19:00:00Z")
    assert [(one["user_id"], one["before"], one["status"]) for one in found["corrected"]] == [(1, "won", "lost")]
    assert (found["again"], listed(run, store, 2)["status"]) == (1, "refund")


def test_a_feed_that_fails_leaves_results_as_they_are(run: Run, store: str, site: Site) -> None:
    before = [listed(run, store, user) for user in (1, 2)]
    site.otherwise = Answer(b"no", status=403)
    ran = run("--now", "2026-03-07T19:00:00Z", "grade", "--store", store)
    assert (ran.code, ran.out) == (4, "1 fixture: 0 bets settled\n")
    after = [listed(run, store, user) for user in (1, 2)]
    for old, new in zip(before, after, strict=True):
        assert new["result_tracking"] | {"last_checked_at": None} == old["result_tracking"] | {"last_checked_at": None}
        assert new | {"result_tracking": None} == old | {"result_tracking": None}
    site.otherwise = corrected_to(4)
    assert graded_at(run, store, "2026-03-07T19:29:00Z")["fixtures"] == 0
    assert len(graded_at(run, store, "2026-03-07T19:31:00Z")["corrected"]) == 2
