"""Random policies and snapshots: the compiled engine and the oracle decide the same, in every key.

``POLICYTRADER_DIFFERENTIAL=100000`` runs as many cases, ``POLICYTRADER_DIFFERENTIAL_SEED`` chooses other ones.
A case is one snapshot under one policy; a policy serves several, because compiling it takes longest.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from policytrader.authoring.load import load_policy
from policytrader.engine.evaluate import Engine
from policytrader.errors import PolicyError
from policytrader.model.decision import Action, Verdict
from policytrader.policy.conditions import AGGREGATES
from policytrader.policy.fields import CATALOGUE, Operator
from tests.oracle import oracle
from tests.oracle.policies import GENEROUS, Documents, random_policy
from tests.oracle.shrink import shrink, smaller_policies, smaller_snapshots
from tests.oracle.snapshots import random_snapshot
from tests.oracle.truth import leaves
from tests.oracle.written import policy_files, show, snapshot_files, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policytrader.model.snapshot import Snapshot
    from policytrader.policy.policy_set import PolicySet

DEFAULT_CASES = 2000
CASES = int(os.environ.get("POLICYTRADER_DIFFERENTIAL", DEFAULT_CASES))
SEED = os.environ.get("POLICYTRADER_DIFFERENTIAL_SEED", "1")
SNAPSHOTS_PER_POLICY = 10

CODES = (
    *("cashed_out", "cash_out_waits", "rested", "after_off", "fully_matched", "step_filled", "price", "below_minimum"),
    *("ladder", "(text)", "(missing)"),
    *GENEROUS,
)
"""Every reason code; texts of rules count as one."""

MUST_OCCUR = {
    "action": [str(action) for action in Action],
    "code": list(CODES),
    "verdict": [str(verdict) for verdict in Verdict],
    "hedge": ["LAY", "BACK", "no price", "nothing left"],
    "field": [field.name for field in CATALOGUE],
    "operator": [str(operator) for operator in Operator],
    "aggregate": list(AGGREGATES),
    "rule": ["True", "False", "None"],
}


@dataclass(frozen=True)
class Case:
    """What is compared. The flags must not matter, beyond what ``protections`` leaves out."""

    documents: Documents
    snapshot: Snapshot
    protections: bool
    explain: bool


@pytest.mark.engine
def test_engine_and_oracle_agree(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    seen: Counter[tuple[str, str]] = Counter()
    count = 0
    for number in range(-(-CASES // SNAPSHOTS_PER_POLICY)):
        rng = Random(f"{SEED}-{number}")  # noqa: S311 - repeatable, not secret
        is_calm = rng.random() < 0.5
        documents = random_policy(rng, is_calm=is_calm)
        protections, explain = rng.random() < 0.75, rng.random() < 0.2
        with _compiled(documents, tmp_path, protections=protections, explain=explain) as (policy, engine):
            _note_policy(policy, documents, seen)
            for _ in range(SNAPSHOTS_PER_POLICY):
                snapshot = random_snapshot(rng, is_calm=is_calm)
                expected = oracle.decide(policy, snapshot, protections=protections)
                if _decide(engine, snapshot) != expected:
                    pytest.fail(_tell(Case(documents, snapshot, protections, explain), number, tmp_path), pytrace=False)
                _note_decisions(expected, seen)
                count += 1
    report = _summary(count, seen)
    with capfd.disabled():  # to the terminal itself: what a test prints is only shown when it fails
        sys.stderr.write(f"\n{report}\n")
    never = [f"{kind} {word}" for kind, words in MUST_OCCUR.items() for word in words if not seen[kind, word]]
    assert count >= min(CASES, DEFAULT_CASES)
    assert CASES < DEFAULT_CASES or not never, f"never occurred: {', '.join(never)}\n{report}"


@contextmanager
def _compiled(
    documents: Documents, folder: Path, *, protections: bool, explain: bool
) -> Iterator[tuple[PolicySet, Engine]]:
    policy = load_policy(write(policy_files(documents), folder / "policy"))
    with Engine(policy, protections=protections, explain=explain) as engine:
        yield policy, engine


def _decide(engine: Engine, snapshot: Snapshot) -> list[dict[str, Any]] | str:
    """The engine's decisions; what it raises instead is a difference like any other."""
    try:
        return [decision.to_dict() for decision in engine.evaluate(snapshot)]
    except Exception as error:  # noqa: BLE001 - whatever it is, the oracle decided
        return repr(error)


# --- What occurred --------------------------------------------------------------------------------------------------


def _note_policy(policy: PolicySet, documents: Documents, seen: Counter[tuple[str, str]]) -> None:
    facts = policy.validation.facts.values()
    seen.update(("aggregate", fact.aggregate) for fact in facts)
    conditions = [fact.where for fact in facts]
    conditions += [rule.when for rule in (*policy.validation.rules, *policy.entry.rules, *policy.cash_out.triggers)]
    for condition in conditions:
        for leaf in leaves(condition):
            seen.update([("field", leaf.field), ("operator", str(leaf.op))])
    seen["ladders", str(len(documents["staking"]["ladders"]))] += 1


def _note_decisions(decisions: list[dict[str, Any]], seen: Counter[tuple[str, str]]) -> None:
    for one in decisions:
        code = one["code"]
        if code == one["reason"]:
            code = "(missing)" if code.startswith("Missing: ") else "(text)"
        seen.update([("action", one["action"]), ("verdict", one["verdict"]), ("code", code)])
        seen.update(("rule", str(answer)) for answer in one["rules"].values())
        if hedge := one["cash_out"]:
            seen[
                "hedge",
                "nothing left" if hedge["side"] is None else "no price" if hedge["price"] is None else hedge["side"],
            ] += 1


def _summary(count: int, seen: Counter[tuple[str, str]]) -> str:
    lines = [f"{count:,} cases agree on DuckDB {duckdb.__version__} (seed {SEED})"]
    for kind in ("action", "verdict", "code", "hedge", "rule"):
        words = sorted(((times, word) for (its_kind, word), times in seen.items() if its_kind == kind), reverse=True)
        lines.append(f"  {kind}: " + ", ".join(f"{word} {times:,}" for times, word in words))
    return "\n".join(lines)


# --- What differs ---------------------------------------------------------------------------------------------------


def _tell(case: Case, number: int, folder: Path) -> str:
    """The case as small as it gets, written as a person would write it, and where the two differ."""
    head = f"engine and oracle differ: policy {number} of seed {SEED}, DuckDB {duckdb.__version__}"
    if _differences(case, folder):
        case = _shrunk(case, folder)
        differences = "\n".join(_differences(case, folder))
    else:
        differences = "only after the snapshots before it; a new engine agrees"
    flags = f"protections={case.protections}, explain={case.explain}"
    files = {**policy_files(case.documents), **snapshot_files(case.snapshot)}
    return f"{head}, {flags}\n{differences}\n{show(files)}"


def _shrunk(case: Case, folder: Path) -> Case:
    def with_snapshot(snapshot: Snapshot) -> Case:
        return Case(case.documents, snapshot, case.protections, case.explain)

    def with_policy(documents: Documents) -> Case:
        return Case(documents, case.snapshot, case.protections, case.explain)

    def snapshot_differs(snapshot: Snapshot) -> bool:
        return bool(_differences(with_snapshot(snapshot), folder))

    def policy_differs(documents: Documents) -> bool:
        try:
            return bool(_differences(with_policy(documents), folder))
        except PolicyError:  # what is left is no policy
            return False

    case = with_snapshot(shrink(case.snapshot, smaller_snapshots, snapshot_differs))
    return with_policy(shrink(case.documents, smaller_policies, policy_differs))


def _differences(case: Case, folder: Path) -> list[str]:
    with _compiled(case.documents, folder, protections=case.protections, explain=case.explain) as (policy, engine):
        expected = oracle.decide(policy, case.snapshot, protections=case.protections)
        decided = _decide(engine, case.snapshot)
    if isinstance(decided, str):
        return [f"the engine raises {decided}"]
    if [one["selection_ref"] for one in decided] != [one["selection_ref"] for one in expected]:
        return ["the order of the decisions, or which there are"]
    return [
        f"{other['selection_ref']} {key}: engine {one.get(key)!r}, oracle {other.get(key)!r}"
        for one, other in zip(decided, expected, strict=True)
        for key in {**other, **one}
        if (key, one.get(key)) != (key, other.get(key)) or list(one) != list(other)
    ]
