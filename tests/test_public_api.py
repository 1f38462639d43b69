"""What others build on: names, signatures, the attributes of a plan, and its JSON to the letter."""

from __future__ import annotations

import inspect
import json
import re
import textwrap
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import policytrader
from policytrader import Action, Decision, Plan, Verdict, evaluate, load_policy, read_snapshot
from policytrader.app.scenarios import scenario_folders
from policytrader.model.decision import PlannedHedge, PlannedOrder, PriceView, Stake
from policytrader.model.snapshot import MarketType, Selection, Side

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [
    "Action",
    "ConfigError",
    "Decision",
    "Engine",
    "Plan",
    "PolicyError",
    "PolicySet",
    "PolicytraderError",
    "RecordingError",
    "Snapshot",
    "SnapshotError",
    "UsageError",
    "Verdict",
    "__version__",
    "evaluate",
    "load_policy",
    "read_snapshot",
    "write_snapshot",
]

ACTIONS = ["PLACE", "CASH_OUT", "CANCEL", "WAIT", "DONE", "HOLD", "BLOCKED", "INVALID", "CLOSED"]
MONEY = re.compile(r"-?\d+\.\d\d")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")
HASH = re.compile(r"[0-9a-f]{64}")

# The contract of trading.md section 2: key -> type, in order. "?" marks what may be null.
DECISION: dict[str, Any] = {
    "selection_ref": "text",
    "race_id": "text",
    "race_time": "time",
    "market_id": "text",
    "market_type": ["WIN", "PLACE"],
    "selection_id": "number",
    "runner_name": "text?",
    "side": ["BACK", "LAY"],
    "verdict": ["keep", "hold", "invalidate"],
    "reason": "text?",
    "rule": "text?",
    "rules": "truths",
    "minutes_to_off": "money",
    "stake": {"step": "text?", "target": "money", "cap": "money", "exposure": "money", "remaining": "money"},
    "price": {
        "requested": "money",
        "available": "money?",
        "depth": "money?",
        "meets": "flag",
        "amended_average": "money?",
    },
    "action": ACTIONS,
    "code": "text",
    "order": {"side": ["BACK", "LAY"], "price": "money", "size": "money"},
    "cash_out": {"side": "text?", "price": "money?", "size": "money?", "locked": "money?"},
}
MAY_BE_NULL = {"order", "cash_out"}
RULES = ["own-runner-removed", "short-price-removed", "eight-to-seven-place", "market-open"]


@pytest.fixture(scope="module")
def plans(project_root: Path) -> list[Plan]:
    with policytrader.Engine(load_policy(project_root / "rules")) as engine:
        return [engine.evaluate(read_snapshot(folder)) for folder in scenario_folders(project_root / "golden")]


def test_the_names() -> None:
    assert policytrader.__all__ == NAMES
    assert dir(policytrader) == NAMES
    assert all(getattr(policytrader, name) is not None for name in NAMES)
    assert re.fullmatch(r"\d+\.\d+\.\d+", policytrader.__version__)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="'policytrader' has no attribute 'evalute'"):
        policytrader.evalute  # noqa: B018 - reading it is the test


@pytest.mark.parametrize(
    ("function", "parameters", "returned"),
    [
        (load_policy, ["path: str | Path"], "PolicySet"),
        (read_snapshot, ["folder: str | Path"], "Snapshot"),
        (
            evaluate,
            ["policy: PolicySet", "snapshot: Snapshot", "*", "protections: bool = True", "explain: bool = False",
             "currency: str = GBP"],
            "Plan",
        ),
        (
            policytrader.write_snapshot,
            ["snapshot: Snapshot", "folder: str | Path", "form: Literal[csv, parquet, json] = csv"],
            "None",
        ),
    ],
)  # fmt: skip
def test_the_signatures(function: Any, parameters: list[str], returned: str) -> None:
    text = str(inspect.signature(function)).replace("'", "").replace('"', "")
    assert text == f"({', '.join(parameters)}) -> {returned}"


@pytest.mark.parametrize(
    ("error", "base"),
    [
        ("PolicyError", "PolicytraderError"),
        ("SnapshotError", "PolicytraderError"),
        ("RecordingError", "PolicytraderError"),
        ("ConfigError", "PolicytraderError"),
        ("UsageError", "PolicytraderError"),
        ("PolicytraderError", "Exception"),
    ],
)
def test_one_tree_of_errors(error: str, base: str) -> None:
    assert [one.__name__ for one in getattr(policytrader, error).__bases__] == [base]


def test_the_words() -> None:
    assert list(Action) == ACTIONS
    assert list(Verdict) == ["keep", "hold", "invalidate"]


def test_the_attributes_of_a_decision(plans: list[Plan]) -> None:
    for plan in plans:
        assert isinstance(plan.decisions, tuple)
        assert list(plan) == list(plan.decisions)
        assert list(plan.summary) == list(Action)
        assert sum(plan.summary.values()) == len(plan.decisions)
        for decision in plan:
            assert plan[decision.selection.selection_ref] is decision
            check_attributes(decision)


def check_attributes(decision: Decision) -> None:
    selection = decision.selection
    assert type(selection) is Selection
    assert type(selection.side) is Side
    assert type(selection.market_type) is MarketType
    assert type(selection.race_time) is datetime
    assert selection.race_time.tzinfo is UTC
    assert type(decision.action) is Action
    assert type(decision.verdict) is Verdict
    assert type(decision.code) is str
    assert isinstance(decision.reason, str | None)
    assert isinstance(decision.rule, str | None)
    assert (decision.reason is None) is (decision.verdict is Verdict.KEEP)
    assert all(truth in {True, False, None} for truth in decision.rules.values())
    assert type(decision.minutes_to_off) is Decimal
    stake, price = decision.stake, decision.price
    assert type(stake) is Stake
    assert all(type(amount) is Decimal for amount in (*stake[1:], stake.remaining))
    assert isinstance(stake.step, str | None)
    assert type(price) is PriceView
    assert type(price.meets) is bool
    assert all(isinstance(amount, Decimal | None) for amount in price if amount is not price.meets)
    assert isinstance(decision.order, PlannedOrder | None)
    assert isinstance(decision.cash_out, PlannedHedge | None)
    assert (decision.order is not None) is (decision.action is Action.PLACE)
    assert (decision.cash_out is not None) is (decision.action is Action.CASH_OUT)


def test_a_plan_without_the_selection(plans: list[Plan]) -> None:
    with pytest.raises(KeyError):
        plans[0]["nobody"]


def test_the_plan_as_json(plans: list[Plan]) -> None:
    seen: dict[str, int] = {}
    for plan in plans:
        document = plan.to_dict()
        assert list(document) == ["schema", "policy", "snapshot", "decisions", "summary"]
        assert document["schema"] == "policytrader/plan/1"
        assert list(document["policy"]) == ["hash"]
        assert HASH.fullmatch(document["policy"]["hash"])
        assert list(document["snapshot"]) == ["now", "hash"]
        assert TIME.fullmatch(document["snapshot"]["now"])
        assert HASH.fullmatch(document["snapshot"]["hash"])
        assert list(document["summary"]) == ACTIONS
        assert all(type(count) is int for count in document["summary"].values())
        assert json.loads(json.dumps(document)) == document
        for decision in document["decisions"]:
            check(decision, DECISION, "decision")
            for key in ("order", "cash_out"):
                seen[key] = seen.get(key, 0) + (decision[key] is not None)
    assert seen["order"] > 5
    assert seen["cash_out"] > 5


def check(value: Any, contract: Any, where: str) -> None:
    match contract:
        case dict():
            if value is None and where.rpartition(".")[2] in MAY_BE_NULL:
                return
            assert list(value) == list(contract), where
            for key, part in contract.items():
                check(value[key], part, f"{where}.{key}")
        case list():
            assert type(value) is str, where
            assert value in contract, where
        case str() if contract.endswith("?"):
            if value is not None:
                check(value, contract.removesuffix("?"), where)
        case "truths":
            assert list(value) == RULES
            assert all(truth is None or type(truth) is bool for truth in value.values()), where
        case "number" | "flag":
            assert type(value) is (int if contract == "number" else bool), where
        case _:
            assert type(value) is str, where
            pattern = {"money": MONEY, "time": TIME}.get(contract)
            assert pattern is None or pattern.fullmatch(value), f"{where}: {value}"


def test_a_decision_to_the_letter(plans: list[Plan]) -> None:
    """One whole document, so that no value moves without being seen."""
    plan = next(plan for plan in plans if plan.snapshot.title == "Two matched backs lose their reason")
    first = json.dumps(plan.to_dict()["decisions"][0])
    assert first == (
        '{"selection_ref": "profit", "race_id": "utt-1405", "race_time": "2026-07-07T14:05:00Z", '
        '"market_id": "1.5401", "market_type": "WIN", "selection_id": 2501, "runner_name": "Candlewick", '
        '"side": "BACK", "verdict": "invalidate", "reason": "Invalid Short Price Removed", '
        '"rule": "short-price-removed", "rules": {"own-runner-removed": false, "short-price-removed": true, '
        '"eight-to-seven-place": null, "market-open": false}, "minutes_to_off": "45.00", '
        '"stake": {"step": "1h", "target": "36.00", "cap": "50.00", "exposure": "30.00", "remaining": "6.00"}, '
        '"price": {"requested": "6.00", "available": "4.60", "depth": "40.00", "meets": false, '
        '"amended_average": "6.10"}, "action": "CASH_OUT", "code": "Invalid Short Price Removed", "order": null, '
        '"cash_out": {"side": "LAY", "price": "4.70", "size": "28.55", "locked": "6.55"}}'
    )


def test_equal_decisions(project_root: Path) -> None:
    policy = load_policy(project_root / "rules")
    snapshot = read_snapshot(scenario_folders(project_root / "golden")[0])
    one, two = evaluate(policy, snapshot), evaluate(policy, snapshot)
    assert one.decisions == two.decisions
    assert {*one.decisions} == {*two.decisions}
    assert one.decisions[0] != one.decisions[1]
    assert repr(one.decisions[0]).startswith("Decision(")


def test_the_example_of_the_docstring_runs(
    tmp_path: Path, project_root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rules").symlink_to(project_root / "rules")
    scenario = next(one for one in scenario_folders(project_root / "golden") if "cash-out-of-a-back" in one.name)
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "first").symlink_to(scenario)
    monkeypatch.chdir(tmp_path)
    code = textwrap.dedent((policytrader.__doc__ or "").partition("::\n")[2])
    assert "evaluate(policy, snapshot)" in code
    exec(compile(code, "the docstring", "exec"), {})  # noqa: S102 - our own example
    assert capsys.readouterr().out == (
        "profit CASH_OUT Invalid Short Price Removed None\nloss CASH_OUT Invalid Short Price Removed None\n"
    )
