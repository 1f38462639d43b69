"""``policytrader activate``: check a policy, store it, let it decide."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from policytrader.app.activate import CheckedPolicy, activate, failed_checks, read_policy
from policytrader.app.scenarios import scenario_folders
from policytrader.cli.context import FINE, Context, print_json
from policytrader.cli.trading import exchange_options, json_option, moment, opened_store, person, store_option
from policytrader.errors import PolicyError, UsageError
from policytrader.wiring import policy_folder, read_snapshot

if TYPE_CHECKING:
    from datetime import datetime

    from policytrader.ports.store import Store

ACTIVATED_SCHEMA = "policytrader/activated/1"
_MOST_SHOWN = 20


@click.command(short_help="Check a policy, store it, and let it decide from now on.")
@click.option("--policy", metavar="DIR", help="The rules; default: the project's own.")
@click.option("--shadow", is_flag=True, help="It only watches: its decisions are logged, nothing of it is sent.")
@click.option("--end-shadow", is_flag=True, help="No policy watches from now on.")
@click.option("--who", metavar="NAME", help="Whose decision this is; default: the system's user.")
@store_option
@exchange_options
@json_option
@click.pass_obj
def command(
    context: Context,
    policy: str | None,
    shadow: bool,
    end_shadow: bool,
    who: str | None,
    url: str | None,
    exchange_file: str | None,
    clock: str | None,
    as_json: bool,
) -> int:
    """Check a policy, store its files, and let it decide from now on.

    Checked are form and meaning, the tests beside the rules, and the project's golden scenarios. A running daemon
    takes it over between two ticks. What fails is refused: the policy that decides now stays. Exit code 1 then.
    """
    if end_shadow and (shadow or policy is not None):
        message = "--end-shadow goes without --policy and --shadow"
        raise UsageError(message)
    checked = None if end_shadow else check_rules(context, policy)
    at = moment(context, exchange_file, clock)
    with opened_store(context, url, makes=True) as store:
        if checked is None:
            store.activate(None, at, person(who), shadow=True)
            is_news = True
        else:
            is_news = activate(store, checked, at, person(who), shadow=shadow)
    policy_hash = checked.policy.hash if checked is not None else None
    if as_json:
        print_json({"schema": ACTIVATED_SCHEMA, "policy": policy_hash, "shadow": shadow or end_shadow, "new": is_news})
    elif policy_hash is None:
        click.echo("no shadow policy any more")
    else:
        what = "shadow policy" if shadow else "policy"
        click.echo(f"{what} {policy_hash[:12]} {'activated' if is_news else 'is active already'}")
    return FINE


def check_rules(context: Context, policy: str | None) -> CheckedPolicy:
    """The rules, after every check. Raises ``PolicyError`` where one fails."""
    folder = _folder(context, policy)
    checked = read_policy(folder)
    roots = [context.path(name) for name in ("golden", "scenarios") if context.path(name).is_dir()]
    failed = failed_checks(checked.policy, [one for root in roots for one in scenario_folders(root)], read_snapshot)
    if failed:
        more = [f"… and {len(failed) - _MOST_SHOWN} more"] if len(failed) > _MOST_SHOWN else []
        lines = [f"{folder}: {len(failed)} tests fail; nothing was activated", *failed[:_MOST_SHOWN], *more]
        raise PolicyError("\n".join(lines))
    return checked


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
