"""Another policy on the decision log's inputs: what differs, what is left out and why, the same from store and file."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader import load_policy
from policytrader.app.activate import activate, read_policy
from policytrader.app.decision_log import DecisionLog
from policytrader.app.log_file import Moment, read_log, store_source, write_log
from policytrader.app.replay.logged import NO_INPUTS, NO_POLICY, NOT_THE_SAME, LogComparison, compare_log
from policytrader.engine.evaluate import evaluate
from policytrader.errors import UsageError
from policytrader.model.money import MINIMUM_SIZES
from policytrader.resources import resource
from policytrader.wiring import open_store, read_snapshot
from tests.policy_edits import MILDER, edit_racing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policytrader.app.log_file import DecisionSource
    from policytrader.model.snapshot import Snapshot
    from policytrader.policy.policy_set import PolicySet
    from policytrader.ports.store import Store

RULES = resource("rules") / "racing"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """The log of the shipped policy: three scenarios, the first of them twice, a minute apart."""
    with closing(open_store(f"sqlite:///{tmp_path / 'one.db'}")) as made:
        made.migrate()
        checked = read_policy(RULES)
        first = scenario("25")
        activate(made, checked, first.now, "ann")
        log = DecisionLog(made, "paper")
        for snapshot in (first, scenario("38"), scenario("40")):
            log.append_changed(evaluate(checked.policy, snapshot))
        again = evaluate(checked.policy, replace(first, now=first.now + timedelta(minutes=1)))
        log.append_changed(again)
        for one in again:
            log.append_acted_on(one, again)
        yield made


def scenario(number: str) -> Snapshot:
    (folder,) = (resource("golden") / "racing").glob(f"{number}-*")
    return read_snapshot(folder)


@pytest.fixture
def milder(tmp_path: Path) -> PolicySet:
    folder = tmp_path / "milder"
    shutil.copytree(RULES, folder)
    edit_racing(folder, MILDER)
    return load_policy(folder)


def source(store: Store) -> DecisionSource:
    return store_source(store, "paper")


def test_what_differs_and_why(store: Store, milder: PolicySet) -> None:
    found = compare_log(source(store), milder)
    assert (found.compared, found.inputs, dict(found.left_out)) == (len(store.logged_decisions()), 4, {})
    told = [(one.record.selection_ref, one.is_first, one.names) for one in found.differences]
    rule = ("rule short-price-removed",)
    # The two of the first scenario, and the same two a minute later: then they are no news.
    assert sorted(told) == [
        ("loss", False, rule),
        ("loss", True, rule),
        ("profit", False, rule),
        ("profit", True, rule),
    ]
    assert [one.is_first for one in found.differences] == [True, True, False, False]
    (cause,) = found.causes
    assert (cause.names, cause.decisions, cause.first) == (rule, 4, 2)
    # The prices are a minute older then.
    assert found.actions == (("CASH_OUT", "WAIT", 2), ("CASH_OUT", "BLOCKED", 1), ("CASH_OUT", "PLACE", 1))
    assert found.selections_differing == 2
    assert found.differences[0].causes[0].conditions
    assert found.deciding == (load_policy(RULES).hash,)


def test_the_policy_that_decided_differs_in_nothing(store: Store) -> None:
    found = compare_log(source(store), load_policy(RULES))
    assert (found.differences, found.causes, found.actions) == ((), (), ())
    assert found.compared > 4


def exported(store: Store) -> list[str]:
    return list(write_log(source(store)))


def test_the_file_says_what_the_store_says(store: Store, milder: PolicySet) -> None:
    lines = exported(store)
    head = json.loads(lines[0])
    assert (head["schema"], head["mode"]) == ("policytrader/decision-log/2", "paper")

    def essence(one: LogComparison) -> object:
        return replace(one, differences=()), [(two.record, two.causes, two.change.parts) for two in one.differences]

    assert essence(compare_log(read_log(lines, "log"), milder)) == essence(compare_log(source(store), milder))
    assert list(write_log(read_log(lines, "log"))) == lines


def test_some_days_only(store: Store, milder: PolicySet) -> None:
    """By the day of the race."""
    days = {json.loads(one.document)["race_time"][:10] for one in store.logged_decisions()}
    first = date.fromisoformat(min(days))
    lines = exported(store)

    def both(since: date | None, until: date | None) -> list[LogComparison]:
        made = [store_source(store, "paper", since, until), read_log(lines, "log", since, until)]
        return [compare_log(one, milder) for one in made]

    assert [one.compared for one in both(first, None)] == [len(store.logged_decisions())] * 2
    assert [one.compared for one in both(None, first - timedelta(days=1))] == [0, 0]
    for some in both(date(2026, 7, 7), date(2026, 7, 7)):
        assert some.compared == len(some.differences) == 4


def test_shadow_decisions_are_left_aside(store: Store, milder: PolicySet) -> None:
    plan = evaluate(milder, scenario("25"))
    DecisionLog(store, "paper", is_shadow=True).append_changed(plan)
    found = compare_log(source(store), milder)
    assert found.shadows == len(plan.decisions)
    assert len(found.differences) == 4


def changed(made: DecisionSource, **edits: Any) -> DecisionSource:
    """The same source with something else in its first moment."""
    moments = list(made.moments)
    first = moments[0]
    if "inputs" in edits:
        moments[0] = first._replace(inputs=edits["inputs"])
    else:
        moments[0] = Moment(tuple(replace(one, **edits) for one in first.decisions), first.inputs)
    return replace(made, moments=iter(moments))


@pytest.mark.parametrize(
    ("edits", "why"),
    [
        ({"inputs": None}, NO_INPUTS),
        ({"inputs": b"{}"}, NO_INPUTS),
        ({"snapshot_hash": "0" * 64}, NO_INPUTS),
        ({"policy_hash": "0" * 64}, NO_POLICY),
        ({"document": b"{}"}, NOT_THE_SAME),
        ({"selection_ref": "nobody"}, NOT_THE_SAME),
    ],
)
def test_what_cannot_be_made_again_is_left_out_and_counted(
    edits: dict[str, Any], why: str, store: Store, milder: PolicySet
) -> None:
    whole = compare_log(source(store), milder)
    count = len(next(source(store).moments).decisions)
    found = compare_log(changed(source(store), **edits), milder)
    assert found.left_out == {why: count}
    assert found.compared == whole.compared - count


def test_a_stored_policy_that_is_damaged(store: Store, milder: PolicySet) -> None:
    for content in (b"{}", b"\xff", read_policy(RULES).content.replace(b"value: 12", b"value: 11")):
        made = replace(source(store), policies=dict.fromkeys(source(store).policies, content))
        found = compare_log(made, milder)
        assert (found.compared, set(found.left_out)) == (0, {NO_POLICY})


def test_another_currency_is_noticed(store: Store, milder: PolicySet) -> None:
    """Where the exchange's minimum is another one, orders are not what they were."""
    large = replace(MINIMUM_SIZES["GBP"], size=Decimal(10**6), payout=Decimal(10**9))
    found = compare_log(source(store), milder, minimum=large)
    assert found.left_out.get(NOT_THE_SAME, 0) > 0


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (0, "{}\n", "log:1: not a decision log"),
        (0, "no JSON\n", "log:1: not a JSON document"),
        (2, '{"inputs": null}\n', "log:3: no moment"),
        (3, '{"inputs"', "log:4: not a JSON document"),
        (3, '{"inputs": null, "decisions": [{}]}\n', "log:4: no moment"),
        (3, '{"inputs": null, "decisions": [1]}\n', "log:4: no moment"),
    ],
)
def test_a_file_that_is_no_log_is_refused_with_the_line(
    line: int, text: str, message: str, store: Store, milder: PolicySet
) -> None:
    lines = exported(store)
    lines[line] = text
    with pytest.raises(UsageError, match=message):
        compare_log(read_log(lines, "log"), milder)


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(UsageError, match="log:1: not a JSON document"):
        read_log([], "log")


def test_a_log_without_decisions_compares_nothing(store: Store, milder: PolicySet) -> None:
    lines = list(write_log(store_source(store, "paper", until=date(2000, 1, 1))))
    found = compare_log(read_log(lines, "log"), milder)
    assert (found.compared, found.since, found.differences) == (0, None, ())


def test_a_file_that_was_cut_at_a_line_is_refused(store: Store, milder: PolicySet) -> None:
    lines = exported(store)
    assert json.loads(lines[-1]) == {"lines": len(lines) - 1}
    for count in range(1, len(lines)):
        with pytest.raises(UsageError, match=f"^log:{count}: cut off after this line.*export it again"):
            compare_log(read_log(lines[:count], "log"), milder)
    for other in (lines[:2] + lines[3:], [*lines, lines[2]], [*lines, lines[-1]]):
        with pytest.raises(UsageError, match=r"^log:\d+: lines are missing before this one, or stand after it"):
            compare_log(read_log(other, "log", since=date(2100, 1, 1)), milder)


def test_a_file_of_before_has_no_end(store: Store, milder: PolicySet) -> None:
    """It is read, and nobody knows whether it is whole."""
    lines = exported(store)
    lines[0] = lines[0].replace("decision-log/2", "decision-log/1")
    found = compare_log(read_log(lines[:-1], "log"), milder)
    whole = compare_log(read_log(exported(store), "log"), milder)
    assert (found.is_whole, whole.is_whole, compare_log(source(store), milder).is_whole) == (False, True, True)
    assert found.compared == whole.compared
