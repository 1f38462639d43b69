"""``policytrader evaluate``: the plan."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from policytrader.cli.context import CHANGES, FINDINGS, FINE, Context, print_json
from policytrader.cli.decision_text import head_line, stored_document
from policytrader.cli.plan_text import comparison_lines, plan_lines
from policytrader.cli.sources import Source, rules_name, scenario_policy, snapshots_of, source_options
from policytrader.cli.trader import snapshot_now
from policytrader.cli.trading import access_options, profile_of, range_options
from policytrader.cli.written import write_text
from policytrader.errors import UsageError, printable
from policytrader.model.decision import Action
from policytrader.wiring import ACTIVE, policy_at, policy_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import date
    from pathlib import Path

    from policytrader.cli.trading import Access
    from policytrader.engine.plan import Plan
    from policytrader.model.snapshot import Snapshot
    from policytrader.policy.policy_set import PolicySet

_PAIR = 2  # policies that can be compared
_NOWHERE = Source((), None, None, None, None)
_ACTS = frozenset({Action.PLACE, Action.CASH_OUT, Action.CANCEL})


@click.command(short_help="Show the plan: what would be done, and why.")
@click.argument("snapshots", nargs=-1, metavar="[SNAPSHOT]...")
@click.option("--policy", "policies", multiple=True, metavar="DIR", help="Rules to use; twice compares the two.")
@click.option("--against", metavar="DIR|git:REV|active", help="Show what the rules in use change against these.")
@source_options
@click.option("--decision", "decision_id", metavar="ID", help="Decide again on the stored inputs of a logged decision.")
@click.option(
    "--decisions", "log", metavar="LOG", help="Decide again on every logged decision's inputs: `store`, or an export."
)
@range_options
@access_options
@click.option("--json", "as_json", is_flag=True, help="One document a snapshot on stdout.")
@click.option("--out", metavar="FILE", help="Also write the JSON documents to a file.")
@click.option("--no-protections", is_flag=True, help="Leave the protections out: the policy's own logic.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 3 when something would be done or changes.")
@click.pass_obj
def command(
    context: Context,
    snapshots: tuple[str, ...],
    policies: tuple[str, ...],
    against: str | None,
    recording: str | None,
    at: str | None,
    captured_at: str | None,
    selections: str | None,
    decision_id: str | None,
    log: str | None,
    since: date | None,
    until: date | None,
    access: Access,
    as_json: bool,
    out: str | None,
    no_protections: bool,
    detailed_exitcode: bool,
) -> int:
    """Show what would be done about every selection of a snapshot, and why. Nothing is ever sent.

    SNAPSHOT is a folder (snapshot.yaml and five tables); several give one document or table each. With --exchange
    (or a profile that names an account) instead: today's stored selections with the prices and orders of this moment,
    decided by the active policy. `active` as a policy is the one that decides in the store.

    With --decision: the stored inputs of a logged decision, by the stored policy; exit code 1 where the decision is
    not the stored one byte for byte. With --policy too: what those rules would have done.

    With --decisions: what the rules of --policy would have done with every logged decision's inputs, for the races of
    --from to --to, and what makes the difference. LOG is `store`, or a file that `decisions --export` wrote.
    """
    source = Source(snapshots, recording, at, captured_at, selections)
    if log is not None:
        others = (decision_id, access.exchange_file, against)
        if source != _NOWHERE or no_protections or any(one is not None for one in others):
            message = "--decisions goes without a snapshot, --decision, --recording, --exchange, --against and "
            message += "--no-protections"
            raise UsageError(message)
        days = (since, until)
        has_changes = _compare_log(context, log, access, policies, days, as_json=as_json, out=out)
        return CHANGES if detailed_exitcode and has_changes else FINE
    if since is not None or until is not None:
        message = "--from and --to go with --decisions LOG"
        raise UsageError(message)
    if decision_id is not None:
        if source != _NOWHERE or access.exchange_file is not None or against is not None or no_protections:
            message = "--decision goes without a snapshot, --recording, --exchange, --against and --no-protections"
            raise UsageError(message)
        return _decide_again(context, decision_id, access, policies, as_json=as_json, out=out)
    is_live = _is_live(context, source, access)
    names = _policy_names(policies, against)
    load = _Loader(context, access.url)
    plans = _Plans(context, as_json=as_json, protections=not no_protections)
    sources = _this_moment(context, access, is_edit=against is not None) if is_live else snapshots_of(source, context)
    for folder, snapshot in sources:
        own = folder if is_live else scenario_policy(snapshot, folder, context) if None in names else ""
        named = [name or own for name in names]
        plans.show(snapshot, [load(name) for name in named], named)
    if out is not None:
        _write(context.path(out), plans.documents)
    return CHANGES if detailed_exitcode and plans.has_changes else FINE


def _is_live(context: Context, source: Source, access: Access) -> bool:
    """Whether this moment is meant. Raises ``UsageError`` where a snapshot is named as well."""
    if access.exchange_file is None:
        return source == _NOWHERE and _has_account(context)
    if source != _NOWHERE:
        message = "--exchange is about this moment: it goes without a snapshot and --recording"
        raise UsageError(message)
    return True


def _policy_names(policies: tuple[str, ...], against: str | None) -> tuple[str | None, ...]:
    if len(policies) + (against is not None) > _PAIR:
        message = "two policies can be compared: give --policy twice, or --policy and --against"
        raise UsageError(message)
    if "" in policies or against == "":
        message = "--policy and --against need a folder of rules or git:REV, not an empty name"
        raise UsageError(message)
    used: tuple[str | None, ...] = policies or (None,)
    return (against, *used) if against is not None else used


def _has_account(context: Context) -> bool:
    """Whether the profile names an account, and no snapshot lies here that could be meant instead."""
    return profile_of(context).real is not None and not context.path("snapshot.yaml").is_file()


class _Loader:
    """Policies by their names, each read once; ``active`` is that of the store."""

    def __init__(self, context: Context, url: str | None) -> None:
        self._context = context
        self._url = url
        self._mode = profile_of(context).mode
        self._loaded: dict[str, PolicySet] = {}

    def __call__(self, name: str) -> PolicySet:
        if name not in self._loaded:
            self._loaded[name] = policy_at(name, self._context.project, store=self._url, mode=self._mode)
        return self._loaded[name]


def _this_moment(context: Context, access: Access, *, is_edit: bool) -> Iterator[tuple[str, Snapshot]]:
    """Today's selections as they stand, with the name of the rules that `run` would decide by; of an edit, the edit."""
    with access.exchange(context) as trading, access.store(context) as store:
        snapshot = snapshot_now(trading, store)
        rules = ACTIVE if not is_edit and store.active_policy() is not None else str(policy_folder(context.project))
    yield rules, snapshot if context.now is None else replace(snapshot, now=context.now)


def _decide_again(
    context: Context, decision_id: str, access: Access, policies: tuple[str, ...], *, as_json: bool, out: str | None
) -> int:
    from policytrader.app.comparison import compare_plans
    from policytrader.app.decided import read_decided
    from policytrader.engine.evaluate import evaluate

    if len(policies) > 1:
        message = "--decision with one --policy compares it with the stored one"
        raise UsageError(message)
    with access.store(context) as store:
        decided = read_decided(store, decision_id)
    currency = profile_of(context).currency
    plan = evaluate(decided.policy, decided.snapshot, explain=not as_json, currency=currency)
    stored = stored_document(decided)
    if policies:
        (name,) = _policy_names(policies, None)
        other = evaluate(
            _Loader(context, access.url)(name or ""), decided.snapshot, explain=not as_json, currency=currency
        )
        comparison = compare_plans(plan, other)
        _tell(
            context,
            comparison.to_dict() | {"stored": stored},
            [head_line(context, decided), *comparison_lines(comparison, ("as stored", name or ""))],
            as_json=as_json,
            out=out,
        )
        return FINE
    different = decided.differences(plan)
    record = decided.record
    told = [f"decision {record.decision_id} on {record.selection_ref}: "]
    told[0] += "not what was stored" if different else "the same as stored, byte for byte"
    lines = () if as_json else plan_lines(plan, context.zone, mode=record.mode.upper(), rules="as stored", color=False)
    document = plan.to_dict() | {"stored": stored | {"differences": list(different)}}
    _tell(context, document, [*lines, *told, *(f"  {one}" for one in different)], as_json=as_json, out=out)
    return FINDINGS if different else FINE


def _compare_log(
    context: Context,
    log: str,
    access: Access,
    policies: tuple[str, ...],
    days: tuple[date | None, date | None],
    *,
    as_json: bool,
    out: str | None,
) -> bool:
    """Whether anything differs."""
    from policytrader.cli.evaluate_log import compared_log, log_document, log_lines

    if len(policies) > 1:
        message = "--decisions compares one --policy with those that decided"
        raise UsageError(message)
    (given,) = _policy_names(policies, None)
    name = given or str(policy_folder(context.project))
    mode, comparison = compared_log(context, log, access, _Loader(context, access.url)(name), *days)
    names = (log, rules_name(name, context))
    document = log_document(comparison, mode, names)
    lines = [] if as_json else list(log_lines(comparison, mode, names, context.zone))
    _tell(context, document, lines, as_json=as_json, out=out)
    return bool(comparison.differences)


def _tell(context: Context, document: object, lines: list[str], *, as_json: bool, out: str | None) -> None:
    if as_json:
        print_json(document)
    else:
        click.echo("\n".join(map(printable, lines)))
    if out is not None:
        _write(context.path(out), [document])


class _Plans:
    """Shows a plan, or the comparison of two, for each snapshot, and keeps what was shown."""

    def __init__(self, context: Context, *, as_json: bool, protections: bool) -> None:
        self.documents: list[object] = []
        self.has_changes = False
        self._context = context
        self._as_json = as_json
        self._protections = protections

    def show(self, snapshot: Snapshot, used: list[PolicySet], names: list[str]) -> None:
        """What one policy would do about the snapshot, or what the second of two changes."""
        from policytrader.engine.evaluate import evaluate

        currency = profile_of(self._context).currency
        plans = [
            evaluate(policy, snapshot, protections=self._protections, explain=not self._as_json, currency=currency)
            for policy in used
        ]
        if not self._as_json and self.documents:
            click.echo()
        if len(plans) == _PAIR:
            self._show_comparison(plans, names)
        else:
            self._show_plan(plans[0], names[0])

    def _show_comparison(self, plans: list[Plan], names: list[str]) -> None:
        from policytrader.app.comparison import compare_plans

        comparison = compare_plans(*plans)
        self._tell(comparison.to_dict(), lambda: comparison_lines(comparison, (names[0], names[1])))
        self.has_changes |= bool(comparison.changes)

    def _show_plan(self, plan: Plan, name: str) -> None:
        context = self._context
        mode = f"DRY RUN  profile {context.profile}" + ("" if self._protections else "  without protections")
        rules, color = rules_name(name, context), context.has_color
        self._tell(plan.to_dict(), lambda: plan_lines(plan, context.zone, mode=mode, rules=rules, color=color))
        self.has_changes |= any(decision.action in _ACTS for decision in plan.decisions)

    def _tell(self, document: object, lines: Callable[[], Iterable[str]]) -> None:
        if self._as_json:
            print_json(document)
        else:
            click.echo("\n".join(lines()))
        self.documents.append(document)


def _write(path: Path, documents: list[object]) -> None:
    write_text("--out", path, "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents))
