"""The rules that are to decide: where they are, every check that they must pass, and the project's own as a default."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from policytrader.app.activate import CheckedPolicy, activate, failed_checks, read_policy
from policytrader.app.grading.checks import failed_grading_checks
from policytrader.app.grading.scenarios import GRADING
from policytrader.app.scenarios import TRADING, ScenarioForm, scenario_folders
from policytrader.authoring.families import FOOTBALL, families_in
from policytrader.cli.trading import person
from policytrader.errors import PolicyError, UsageError
from policytrader.wiring import policy_folder, read_snapshot
from policytrader.wiring.grading import read_grading, read_match

if TYPE_CHECKING:
    from datetime import datetime

    from policytrader.cli.context import Context
    from policytrader.ports.store import Store

_MOST_SHOWN = 20


def check_rules(context: Context, policy: str | None) -> CheckedPolicy:
    """The rules, after every check, of grading rules beside them too. Raises ``PolicyError`` where one fails."""
    folder = _folder(context, policy)
    checked = read_policy(folder)
    failed = failed_checks(checked.policy, scenarios_of(context), read_snapshot)
    if FOOTBALL in families_in(folder):
        failed += failed_grading_checks(read_grading(folder), scenarios_of(context, GRADING), read_match)
    if failed:
        more = [f"… and {len(failed) - _MOST_SHOWN} more"] if len(failed) > _MOST_SHOWN else []
        count = "1 test fails" if len(failed) == 1 else f"{len(failed)} tests fail"
        lines = [f"{folder}: {count}; nothing was activated", *failed[:_MOST_SHOWN], *more]
        raise PolicyError("\n".join(lines))
    return checked


def scenarios_of(context: Context, form: ScenarioForm = TRADING) -> list[Path]:
    """The folders of the project's golden scenarios of a form."""
    roots = [context.path(name) for name in ("golden", "scenarios") if context.path(name).is_dir()]
    return [one for root in roots for one in scenario_folders(root, form=form)]


def activate_own(context: Context, store: Store, at: datetime) -> str | None:
    """Where nothing is activated, the project's own rules, after the same checks; their hash."""
    if store.active_policy() is not None:
        return None
    checked = check_rules(context, None)
    activate(store, checked, at, person(None))
    return checked.policy.hash


def _folder(context: Context, policy: str | None) -> Path:
    if policy is None:
        return policy_folder(context.project)
    folder = Path(policy) if Path(policy).exists() else context.path(policy)
    if not folder.is_dir():
        message = f"--policy {policy}: no such folder of rules"
        raise UsageError(message)
    return folder
