"""``policytrader activate``: check a policy, store it, let it decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from policytrader.app.activate import Changed, activate, changed_decisions, policy_of
from policytrader.cli.context import FINE, Context, print_json
from policytrader.cli.plan_text import change_lines
from policytrader.cli.rules import check_rules, scenarios_of
from policytrader.cli.trader import snapshot_now
from policytrader.cli.trading import access_options, json_option, person, profile_of
from policytrader.cli.words import counted
from policytrader.errors import ConfigError, ExchangeError, PolicyError, UsageError, printable
from policytrader.wiring import read_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policytrader.cli.trading import Access
    from policytrader.policy.policy_set import PolicySet
    from policytrader.ports.store import Store

ACTIVATED_SCHEMA = "policytrader/activated/1"
_MOST_SHOWN = 20
_NOW = "today's selections now"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Difference:
    """What the new policy decides otherwise than the active one.

    ``problem`` says why nothing was compared, ``not_seen`` why today's selections were not.
    """

    active: str | None
    changed: tuple[Changed, ...] = ()
    problem: str = ""
    not_seen: str = ""

    @property
    def total(self) -> int:
        return sum(len(one.comparison.before.decisions) for one in self.changed)

    @property
    def count(self) -> int:
        return sum(len(one.comparison.changes) for one in self.changed)


@click.command(short_help="Check a policy, store it, and let it decide from now on.")
@click.option("--policy", metavar="DIR", help="The rules; default: the project's own.")
@click.option("--shadow", is_flag=True, help="It only watches: its decisions are logged, nothing of it is sent.")
@click.option("--end-shadow", is_flag=True, help="No policy watches from now on.")
@click.option("--dry-run", is_flag=True, help="Check, show the difference, and store nothing.")
@click.option("--who", metavar="NAME", help="Whose decision this is; default: the system's user.")
@access_options
@json_option
@click.pass_obj
def command(
    context: Context,
    policy: str | None,
    shadow: bool,
    end_shadow: bool,
    dry_run: bool,
    who: str | None,
    access: Access,
    as_json: bool,
) -> int:
    """Check a policy, store its files, and let it decide from now on.

    Checked are form and meaning, the tests beside the rules, and the project's golden scenarios; those of grading rules
    in the same folder as well, though trading alone is what is activated. A running daemon
    takes it over between two ticks. What fails is refused: the policy that decides now stays. Exit code 1 then.

    Before it is stored it is shown what it decides otherwise than the active policy: on the golden scenarios and, with
    --exchange (or a profile that names an account), on today's selections at this moment. Nobody is asked; --dry-run
    stores nothing.
    """
    if end_shadow and (shadow or dry_run or policy is not None):
        message = "--end-shadow goes without --policy, --shadow and --dry-run"
        raise UsageError(message)
    checked = None if end_shadow else check_rules(context, policy)
    at = access.moment(context)
    difference = None
    is_news = True
    with access.store(context, makes=not dry_run) as store:
        if checked is None:
            store.activate(None, at, person(who), shadow=True)
        else:
            difference = _difference(context, store, checked.policy, access)
            if not as_json:
                click.echo("\n".join(map(printable, _difference_lines(context, checked.policy, difference))))
            if not dry_run:
                is_news = activate(store, checked, at, person(who), shadow=shadow)
    policy_hash = checked.policy.hash if checked is not None else None
    if as_json:
        document = {"schema": ACTIVATED_SCHEMA, "policy": policy_hash, "shadow": shadow or end_shadow}
        told = _difference_document(difference) if difference is not None else None
        print_json(document | {"new": is_news and not dry_run, "stored": not dry_run, "difference": told})
    elif policy_hash is None:
        click.echo("no shadow policy any more")
    elif dry_run:
        click.echo(f"policy {policy_hash[:12]} passes its checks; nothing was stored")
    else:
        what = "shadow policy" if shadow else "policy"
        click.echo(f"{what} {policy_hash[:12]} {'activated' if is_news else 'is active already'}")
    return FINE


def _difference(context: Context, store: Store, policy: PolicySet, access: Access) -> _Difference:
    # A dry run may look at a store that is not there yet: then nothing is active.
    record = store.active_policy() if store.status().revision is not None else None
    if record is None:
        return _Difference(active=None, problem="nothing is active yet: nothing to compare with")
    try:
        active = policy_of(record)
    except PolicyError as error:
        return _Difference(active=record.policy_hash, problem=f"the active policy cannot be used: {error.render()}")
    if active.hash == policy.hash:
        return _Difference(active=active.hash, problem="the active policy is the same")
    read = [(str(folder), read_snapshot(folder)) for folder in scenarios_of(context)]
    snapshots = [(name, snapshot) for name, snapshot in read if snapshot.policy is None]
    profile = profile_of(context)
    not_seen = ""
    if access.exchange_file is not None or profile.real is not None:
        try:
            with access.exchange(context) as trading:
                snapshots.append((_NOW, snapshot_now(trading, store)))
        except (ExchangeError, ConfigError) as error:
            # A policy can be activated while the exchange is closed, or by somebody who has no login.
            not_seen = error.render()
    if not snapshots:
        problem = f"no golden scenario and no {'answer from the ' if not_seen else '--'}exchange: nothing to compare on"
        return _Difference(active=active.hash, problem=problem, not_seen=not_seen)
    changed = changed_decisions(active, policy, snapshots, profile.minimum)
    return _Difference(active=active.hash, changed=changed, not_seen=not_seen)


def _difference_lines(context: Context, policy: PolicySet, difference: _Difference) -> Iterator[str]:
    mode = profile_of(context).mode.upper()
    active = difference.active[:7] if difference.active is not None else "none"
    yield f"{mode}  A  active policy {active}  B  this policy {policy.hash[:7]}"
    if difference.not_seen:
        yield f"{_NOW} were not looked at: {difference.not_seen}"
    if difference.problem:
        yield difference.problem
        return
    shown = 0
    for one in difference.changed:
        changes = one.comparison.changes[: _MOST_SHOWN - shown]
        shown += len(changes)
        if changes:
            yield one.name
        for change in changes:
            yield from (f"  {line}" for line in change_lines(change))
    if difference.count > shown:
        yield f"… and {difference.count - shown} more; --json shows them all"
    on = counted(len(difference.changed), "snapshot")
    yield f"{difference.count} of {counted(difference.total, 'decision')} change, on {on}"


def _difference_document(difference: _Difference) -> dict[str, Any]:
    return {
        "active": difference.active,
        "problem": difference.problem or None,
        "not_seen": difference.not_seen or None,
        "snapshots": len(difference.changed),
        "decisions": difference.total,
        "changed": difference.count,
        "changes": [
            {"snapshot": one.name, **change.to_dict()}
            for one in difference.changed
            for change in one.comparison.changes
        ],
    }
