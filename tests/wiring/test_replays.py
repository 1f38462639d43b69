"""Replays of a generated season: however the days are handed out, and whatever is compared."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from policytrader import load_policy
from policytrader.adapters.recordings.importer import import_recording
from policytrader.app.replay.report import report_of, report_of_two
from policytrader.cli.replay_document import document_of
from policytrader.errors import UsageError
from policytrader.model.reactions import SUCCESS
from policytrader.model.snapshot import MarketType
from policytrader.model.times import london_day
from policytrader.resources import resource
from policytrader.simulation.season import Season
from policytrader.wiring.replays import Question, ask, read_replay_picks, snapshots_of
from policytrader.wiring.seasons import generate_season
from policytrader.wiring.workers import open_workers
from tests.adapters.recordings.streams import WIN, image, message, write
from tests.policy_edits import edit_racing

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.model.replay import Replay

pytestmark = pytest.mark.engine

POLICY = load_policy(resource("rules"))
DAYS, RACES = 7, 2


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("season") / "history"
    generate_season(Season(5, DAYS, RACES, date(2026, 5, 1)), folder, open_workers(1), per_market=2)
    return folder


@pytest.fixture(scope="module")
def question(season: Path) -> Question:
    return Question(policy=POLICY, picks=read_replay_picks(season / "selections.csv"), cadence="1m", capture="6h")


@pytest.fixture(scope="module")
def whole(question: Question, season: Path) -> Replay:
    return ask(question, [season], jobs=1)


def bytes_of(found: Replay) -> bytes:
    return json.dumps(document_of(report_of(found, "rules")), sort_keys=True).encode()


def test_a_season_is_replayed(whole: Replay) -> None:
    assert len(whole.selections) > DAYS * RACES
    assert sum(len(one.orders) for one in whole.selections) > DAYS
    # What was answered, and not how the journal heard of an order's end.
    assert {order.code for one in whole.selections for order in one.orders} == {SUCCESS}
    assert {one.outcome for one in whole.selections} >= {"WON", "LOST"}
    assert whole.decisions > whole.evaluated > 0
    assert whole.problems == ()
    assert {order.code for one in whole.selections for order in one.orders} == {"SUCCESS"}


@pytest.mark.parametrize("jobs", [2, 7])
def test_whoever_does_which_day_the_bytes_are_the_same(
    jobs: int, whole: Replay, question: Question, season: Path
) -> None:
    assert bytes_of(ask(question, [season], jobs=jobs)) == bytes_of(whole)


def test_problems_are_told_in_the_same_order_however_days_are_handed_out(
    question: Question, season: Path, tmp_path: Path
) -> None:
    """Some are found before a day is replayed, some while it is."""
    import_recording([write(tmp_path / "one", message(0, image(marketType="MATCH_ODDS")))], tmp_path / "recorded")
    strange = replace(question.picks[-1], market_id=WIN, selection_id=11, race_id=None)
    wrong = [replace(pick, selection_id=7) for pick in question.picks[::3]]
    asked = replace(question, picks=(*reversed(wrong), strange, *question.picks[1::3]))
    one, two = (ask(asked, [season, tmp_path / "recorded"], jobs=jobs) for jobs in (1, 2))
    assert one.problems == two.problems
    assert len({problem.group for problem in one.problems}) == 2
    lines = [int(problem.text.partition(f"{season.name}/selections.csv:")[2].split(":")[0]) for problem in one.problems]
    assert lines == sorted(lines)
    assert len(lines) > 10


def test_a_race_may_lie_in_two_recordings(whole: Replay, question: Question, season: Path, tmp_path: Path) -> None:
    """Its WIN market in one folder and its PLACE market in the other, as two machines may have recorded them."""
    folders = sorted(season.glob("day=*/market=*"))
    kinds = {one.selection.market_id: one.selection.market_type for one in whole.selections}
    for folder in folders:
        kind = kinds.get(folder.name.removeprefix("market="), MarketType.PLACE)
        place = tmp_path / kind / folder.parent.name / folder.name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(folder, target_is_directory=True)
    parted = [tmp_path / kind for kind in MarketType]
    assert all(one.is_dir() for one in parted)
    assert bytes_of(ask(question, parted, jobs=1)) == bytes_of(whole)


def test_picks_for_which_no_tick_comes_are_told_and_stay(whole: Replay, question: Question, season: Path) -> None:
    """Another policy's schedule may have ticks for them, and then the two are compared."""
    found = ask(replace(question, cadence="24h"), [season], jobs=1)
    assert found.decisions == 0
    assert [one.selection.selection_ref for one in found.selections] == [
        one.selection.selection_ref for one in whole.selections
    ]
    assert len(found.problems) == DAYS * RACES
    assert "no tick of cadence 24h is between " in found.problems[0].text


def test_the_same_policy_twice_differs_in_nothing(whole: Replay, question: Question, season: Path) -> None:
    again = ask(question, [season], jobs=1)
    inputs = snapshots_of(question, [season], whole)
    report = report_of_two((whole, again), ("A", "A"), (POLICY, POLICY), inputs)
    assert report.comparison is not None
    assert report.comparison.differences == ()
    assert report.explained == ()


def test_the_inputs_of_a_decision_hold_the_orders_of_its_own_day_alone(
    whole: Replay, question: Question, season: Path
) -> None:
    """The limits of a day would else be used up by the days before."""
    inputs = snapshots_of(question, [season], whole)
    sent = sorted(order.at for one in whole.selections for order in one.orders)
    assert len({london_day(at) for at in sent}) == DAYS
    last = max(whole.selections, key=lambda one: one.selection.race_time)
    at = last.selection.race_time
    found = inputs(last.selection.selection_ref, at)
    assert found is not None
    placed = sorted(one.placed_at for one in found.orders if one.placed_at is not None)
    assert placed == [one for one in sent if london_day(one) == london_day(at) and one < at] != []


def test_an_edit_whose_effect_is_known_makes_that_difference(
    whole: Replay, question: Question, season: Path, tmp_path: Path
) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(resource("rules"), rules)
    staking = rules / "racing" / "staking.yaml"
    # No lay has anything to stake any more, so that only lays differ: they have no orders.
    text = staking.read_text("utf-8")
    edited = "\n".join(line if "lay_liability" not in line else _without_lays(line) for line in text.splitlines())
    staking.write_text(edited + "\n", "utf-8")
    other = load_policy(rules)
    found = ask(replace(question, policy=other), [season], jobs=1)
    assert not any(one.orders for one in found.selections if one.selection.side == "LAY")
    lays = {one.selection.selection_ref for one in whole.selections if one.selection.side == "LAY" and one.orders}
    assert lays
    report = report_of_two((whole, found), ("A", "B"), (POLICY, other), snapshots_of(question, [season], whole))
    assert report.comparison is not None
    differing = {one.selection_ref for one in report.comparison.differences}
    backs = {one.selection.selection_ref for one in whole.selections if one.selection.side == "BACK"}
    assert lays <= differing
    # A back may differ too: the day's limits are shared, and a lay no longer takes of them.
    assert differing - lays <= backs
    causes = {name for one in report.explained if one.difference.selection_ref in lays for name in one.names}
    assert all(name.startswith("staking step") for name in causes), causes


def test_a_lower_limit_of_the_days_loss_is_what_makes_the_difference(
    whole: Replay, question: Question, season: Path, tmp_path: Path
) -> None:
    """A penny may be lost: whatever was bet differs, from its first order on, and for that limit alone."""
    rules = tmp_path / "rules"
    shutil.copytree(resource("rules"), rules)
    edit_racing(rules / "racing", ("protection", "max_daily_loss: 300", "max_daily_loss: 0.01"))
    other = load_policy(rules)
    found = ask(replace(question, policy=other), [season], jobs=1)
    assert not any(one.orders for one in found.selections)
    report = report_of_two((whole, found), ("A", "B"), (POLICY, other), snapshots_of(question, [season], whole))
    bet = {one.selection.selection_ref: one.orders[0].at for one in whole.selections if one.orders}
    assert {one.difference.selection_ref: one.difference.at for one in report.explained} == bet
    assert [one.names for one in report.causes] == [("protection max_daily_loss",)]
    assert {one.refused for one in report.explained} == {(None, "max_daily_loss")}
    assert {(one.causes[0].before, one.causes[0].after) for one in report.explained} == {
        ("does not refuse (300)", "refuses (0.01)")
    }
    for one in report.explained:
        first, last = one.difference.after.refused_at["max_daily_loss"]
        assert first <= bet[one.difference.selection_ref] <= last


def _without_lays(line: str) -> str:
    head, _, tail = line.partition("lay_liability: ")
    amount = "".join(letter for letter in tail if letter.isdigit() or letter == ".")
    return f"{head}lay_liability: {tail.replace(amount, '0.01', 1)}" if amount else line


def test_what_is_not_recorded_is_told(question: Question, season: Path) -> None:
    stranger = replace(question.picks[0], market_id="1.999", selection_ref="stranger")
    found = ask(replace(question, picks=(*question.picks, stranger)), [season], jobs=1)
    assert any("1.999" in problem.text for problem in found.problems)
    with pytest.raises(UsageError, match="nothing to replay"):
        ask(replace(question, picks=(stranger,)), [season], jobs=1)


def test_prices_off_the_ladder_are_told(question: Question, tmp_path: Path) -> None:
    """A replay shows the level that was recorded, the exchange the next one."""
    offers = ({"id": 11, "atb": [[4.9, 10]]}, {"id": 12, "atb": [[5.01, 3]]})
    import_recording([write(tmp_path / "one", message(0, image(*offers)))], tmp_path / "recorded")
    pick = replace(question.picks[0], market_id=WIN, selection_id=11, race_id=None, race_time=None, runner_name=None)
    found = ask(replace(question, picks=(pick,)), [tmp_path / "recorded"])
    (told,) = (problem.text for problem in found.problems if "ladder" in problem.text)
    assert f"market {WIN} of race 77@2026-05-02T14:10:00Z: " in told
    assert " recorded for 12; " in told
    report = report_of(found, "rules")
    assert ([one.text for one in report.remarks], report.problems) == ([told], ())


def test_a_recording_given_twice_is_refused(question: Question, season: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(season, copy)
    with pytest.raises(UsageError, match="is there twice"):
        ask(question, [season, copy], jobs=1)
