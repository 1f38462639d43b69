"""Trading policy written as YAML, turned into decisions, and decisions into orders on a betting exchange.

The command line is a face over these::

    from policytrader import load_policy, read_snapshot, evaluate

    policy = load_policy("rules")                  # PolicySet, or PolicyError with every error
    snapshot = read_snapshot("scenarios/first")    # Snapshot, or SnapshotError with every problem
    plan = evaluate(policy, snapshot)              # Plan: one Decision per selection
    for decision in plan:
        print(decision.selection.selection_ref, decision.action, decision.code, decision.order)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from policytrader.authoring.load import load_policy
    from policytrader.engine.evaluate import Engine, evaluate
    from policytrader.engine.plan import Decision, Plan
    from policytrader.errors import (
        ConfigError,
        PolicyError,
        PolicytraderError,
        RecordingError,
        SnapshotError,
        UsageError,
    )
    from policytrader.model.decision import Action, Verdict
    from policytrader.model.snapshot import Snapshot
    from policytrader.policy.policy_set import PolicySet
    from policytrader.wiring import read_snapshot, write_snapshot

__version__ = "0.1.0"

# Imported when first asked for: `policytrader --help` must not wait for DuckDB, Arrow and pydantic.
_HOMES = {
    "Action": "policytrader.model.decision",
    "ConfigError": "policytrader.errors",
    "Decision": "policytrader.engine.plan",
    "Engine": "policytrader.engine.evaluate",
    "Plan": "policytrader.engine.plan",
    "PolicyError": "policytrader.errors",
    "PolicySet": "policytrader.policy.policy_set",
    "PolicytraderError": "policytrader.errors",
    "RecordingError": "policytrader.errors",
    "Snapshot": "policytrader.model.snapshot",
    "SnapshotError": "policytrader.errors",
    "UsageError": "policytrader.errors",
    "Verdict": "policytrader.model.decision",
    "evaluate": "policytrader.engine.evaluate",
    "load_policy": "policytrader.authoring.load",
    "read_snapshot": "policytrader.wiring",
    "write_snapshot": "policytrader.wiring",
}

__all__ = [
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


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        message = f"module 'policytrader' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
