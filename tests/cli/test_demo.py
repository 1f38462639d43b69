"""``policytrader demo``: a whole generated day with the real client, daemon and store, once as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import closing
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from policytrader.cli.demo_day import SCHEDULE, coarser_rules
from policytrader.model.decision import Action
from policytrader.model.journal import IntentState, Purpose
from policytrader.model.records import BetOutcome
from policytrader.model.snapshot import MarketType
from policytrader.resources import resource
from policytrader.wiring import open_store
from tests.cli.served_days import PROGRAM
from tests.test_readme import DEMO, excerpt, excerpts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policytrader.model.journal import JournalEntry
    from policytrader.ports.store import Store
    from tests.cli.conftest import Run

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("demo")]

MOST_SECONDS = 60
"""The promise of ``make demo``, of the processor's time: a busy machine gives a process only a part of its own."""


class Shown(NamedTuple):
    """The demo as it was shown, and another run of it as a document."""

    folder: Path
    text: str
    errors: str
    document: dict[str, Any]
    seconds: float

    @property
    def day(self) -> date:
        return date.fromisoformat(self.document["day"])

    def opened(self) -> closing[Store]:
        return closing(open_store(f"sqlite:///{self.folder}/demo-day/policytrader-paper.db"))


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Both runs at once: nothing of the one may be in the way of the other."""
    folder = tmp_path_factory.mktemp("demo")
    command = [*PROGRAM, *DEMO.split()[1:]]
    before = os.times()
    text = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
    other = subprocess.run(
        [*PROGRAM, "demo", "--json", "--out", "other-day"],
        cwd=folder,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    out, errors = text.communicate(timeout=600)
    after = os.times()
    assert (text.returncode, other.returncode) == (0, 0), errors + other.stderr
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return Shown(folder, out, errors, json.loads(other.stdout), used / 2)


@pytest.fixture(scope="module")
def store(shown: Shown) -> Iterator[Store]:
    with shown.opened() as opened:
        yield opened


def hedges(store: Store, day: date) -> list[JournalEntry]:
    return [one for one in store.intents(day) if one.intent.purpose is Purpose.HEDGE]


# --- The day that is shipped shows what it is for: read from its store, not from its text ---------------------------


def test_an_invalidation_with_money_matched_is_cashed_out(shown: Shown, store: Store) -> None:
    picks = {pick.selection.selection_ref: pick.selection for pick in store.selections(shown.day)}
    closed = [
        pick
        for pick in picks.values()
        if pick.closed and not pick.valid and pick.invalidated_reason == "Invalid Short Price Removed"
    ]
    matched = {
        one.intent.selection_ref
        for one in store.intents(shown.day)
        if one.intent.purpose is Purpose.OPENING and one.sizes is not None and one.sizes.matched
    }
    hedged = {one.intent.selection_ref for one in hedges(store, shown.day) if one.sizes and one.sizes.matched}
    assert {pick.selection_ref for pick in closed} & matched & hedged


def test_an_eight_to_seven_of_a_place_pick_is_cashed_out(shown: Shown, store: Store) -> None:
    found = [
        pick.selection.selection_ref
        for pick in store.selections(shown.day)
        if pick.selection.market_type is MarketType.PLACE
        and pick.selection.invalidated_reason == "Invalid 8 to 7 Place"
        and pick.selection.closed
    ]
    assert set(found) & {one.intent.selection_ref for one in hedges(store, shown.day)}


def test_the_day_trades_within_the_shipped_limits_until_its_end(shown: Shown, store: Store) -> None:
    intents = store.intents(shown.day)
    results = store.live_results(shown.day)
    assert len(intents) > 40
    assert {one.state for one in intents} == {IntentState.DONE}
    assert len(results) == len(store.selections(shown.day)) == 24
    assert {BetOutcome.WON, BetOutcome.LOST} <= {one.outcome for one in results}
    assert store.control_state().latches == ()
    last_off = max(pick.selection.race_time for pick in store.selections(shown.day))
    last_race = {
        pick.selection.selection_ref for pick in store.selections(shown.day) if pick.selection.race_time == last_off
    }
    assert any(one.intent.selection_ref in last_race and one.sizes and one.sizes.matched for one in intents)
    assert store.upcoming_bets(shown.day) == ()


# --- What is shown --------------------------------------------------------------------------------------------------


def test_the_screen_tells_the_day_in_its_order(shown: Shown, store: Store) -> None:
    assert shown.errors == ""
    lines = shown.text.splitlines()
    assert lines[0].startswith("PAPER  demo")
    assert "every 4 minutes" in lines[1], "the coarser schedule is said"
    events = lines[lines.index("The day") + 1 : lines.index("", lines.index("The day"))]
    told = [line.split(maxsplit=2)[1] for line in events]
    for kind in ("order", "withdrawn", "invalid", "cash-out", "result", "so"):
        assert kind in told
    assert told.count("order") == sum(one.intent.purpose is Purpose.OPENING for one in store.intents(shown.day))
    assert told.count("result") == 24
    assert told.count("invalid") == sum(not pick.selection.valid for pick in store.selections(shown.day))
    times = [line[:5] for line, kind in zip(events, told, strict=True) if kind in {"withdrawn", "result", "so"}]
    assert times == sorted(times)


def test_the_worst_outcome_that_is_shown_is_the_least_that_comes(shown: Shown, store: Store) -> None:
    """A pick that was closed makes at least what the screen said, before commission."""
    worst: dict[str, Decimal] = {}
    for line in shown.text.splitlines():
        if "cash-out" in line and ": closed, " in line:
            name, _, said = line.split(maxsplit=2)[2].partition(": closed, ")
            worst[name] = Decimal(said.split()[0])
    assert len(worst) == sum(pick.selection.closed for pick in store.selections(shown.day)) > 0
    courses = {pick.selection.selection_ref: pick.course for pick in store.selections(shown.day)}
    for bet in store.live_results(shown.day):
        if bet.closed:
            begins = f"{bet.side:<4} {bet.market_type:<5}  {bet.runner_name}, "
            (least,) = (
                amount
                for name, amount in worst.items()
                if name.startswith(begins) and courses[bet.selection_ref] in name
            )
            assert bet.profit is not None
            assert least <= bet.profit <= least + 1


def test_the_same_seed_is_the_same_day(shown: Shown, store: Store) -> None:
    document = shown.document
    assert document["schema"] == "policytrader/demo/2"
    assert list(document) == [
        "schema", "mode", "seed", "day", "folder", "ticks", "orders", "invalidations", "results", "totals",
    ]  # fmt: skip
    assert [(one["ref"], one["price"], one["size_matched"], one["decision_id"]) for one in document["orders"]] == [
        (one.intent.ref, str(one.intent.price), str(one.sizes.matched if one.sizes else None), one.intent.decision_id)
        for one in store.intents(shown.day)
    ]
    assert {one["selection_ref"] for one in document["invalidations"]} == {
        pick.selection.selection_ref for pick in store.selections(shown.day) if not pick.selection.valid
    }
    assert {one["selection_ref"]: one["profit"] for one in document["results"]} == {
        one.selection_ref: str(one.profit) for one in store.live_results(shown.day)
    }
    assert f"net         {document['totals']['net']}" in shown.text


def test_readme_shows_this_run(shown: Shown, project_root: Path) -> None:
    (in_readme,) = excerpts((project_root / "README.md").read_text("utf-8"))
    assert in_readme == excerpt(shown.text), "README shows another demo: run `make readme`"


def test_it_is_over_in_time(shown: Shown) -> None:
    assert shown.seconds < MOST_SECONDS


# --- Afterwards -----------------------------------------------------------------------------------------------------


def test_the_commands_to_look_further_work(shown: Shown, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shown.folder)
    lines = shown.text.splitlines()
    _, *commands = lines[next(number for number, line in enumerate(lines) if line.startswith("The day is kept in")) :]
    assert len(commands) == 4
    for line in commands:
        words = line.split("   ")[0].split()
        assert words[:3] == ["policytrader", "-C", "demo-day"]
        ran = run(*words[1:])
        assert ran.code == 0, ran.err
        if words[3] == "explain":
            assert "-> invalidate" in ran.out
            assert f"-> {Action.CASH_OUT}: " in ran.out
            assert "hedge" in ran.out, "an order followed from it"
    assert (shown.folder / "demo-day" / "day.html").is_file()
    assert not (shown.folder / "demo-day" / "exchange.json").exists(), "what it named is gone"


def test_stopped_from_the_keyboard_leaves_nothing(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "demo"],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "  order  " in line:
            break
    (folder,) = tmp_path.iterdir()
    assert folder.name.startswith("policytrader-demo-")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert (process.returncode, errors.strip()) == (130, "stopped")
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_written_over(run: Run, here: Path) -> None:
    (here / "mine").mkdir()
    (here / "mine" / "notes.txt").write_text("mine", "utf-8")
    ran = run("demo", "--out", "mine")
    assert (ran.code, ran.out) == (2, "")
    assert "not an empty folder" in ran.err
    assert [one.name for one in here.iterdir()] == ["mine"]


# --- The rules ------------------------------------------------------------------------------------------------------


def test_only_the_schedule_is_another() -> None:
    rules = resource("rules")
    texts = coarser_rules(rules)
    for name, text in texts.items():
        shipped = (rules / "racing" / name).read_bytes()
        assert text == (SCHEDULE.encode() if name == "schedule.yaml" else shipped)
    assert len(texts) == 6


def test_a_file_with_more_than_the_schedule_stays(tmp_path: Path) -> None:
    text = b"policy: entry\n---\npolicy: schedule\n"
    (tmp_path / "all.yaml").write_bytes(text)
    (tmp_path / "own.yml").write_bytes(b"# mine\npolicy: 'schedule'\nversion: 1\n")
    assert coarser_rules(tmp_path) == {"all.yaml": text, "own.yml": SCHEDULE.encode()}


def test_rules_that_cannot_be_read_are_said_to_be(run: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(here))
    (here / "rules").mkdir()
    (here / "rules" / "entry.yaml").write_text("policy: entree\nversion: 1\n", "utf-8")
    ran = run("demo", "--policy", "rules", "--out", "day")
    assert ran.code == 1
    assert "entry.yaml" in ran.err
