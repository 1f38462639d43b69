"""``policytrader evaluate --decisions``: another policy on the inputs of the decision log."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from policytrader.app.log_file import read_log, store_source
from policytrader.app.replay.logged import LogComparison, LoggedDifference, compare_log
from policytrader.cli.columns import aligned
from policytrader.cli.decision_text import head_document
from policytrader.cli.documents import time_or_null
from policytrader.cli.plan_text import change_text
from policytrader.cli.replay_document import cause_document
from policytrader.cli.replay_words import cause_lines, moment_text
from policytrader.cli.trading import profile_of
from policytrader.cli.words import counted
from policytrader.errors import UsageError, printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, tzinfo

    from policytrader.app.log_file import DecisionSource
    from policytrader.cli.context import Context
    from policytrader.cli.trading import Access
    from policytrader.policy.policy_set import PolicySet

STORE = "store"
LOG_COMPARISON_SCHEMA = "policytrader/log-comparison/1"
MOST_ROWS = 40
UNKNOWN = (
    "The inputs are of the policy that decided: after a selection's first difference they hold its orders, not B's.",
    "The log has decisions that changed and those that orders followed from: what B decides in between is not known.",
    "What the order gate asks of the journal (day's loss, rejects, latches, levers) is no part of the inputs.",
)
"""What the comparison cannot tell; it says so itself."""
NO_END = (
    "The file is an export of before, which does not say where it ends: whether lines of it are missing is not known."
)


def compared_log(
    context: Context, name: str, access: Access, policy: PolicySet, since: date | None, until: date | None
) -> tuple[str, LogComparison]:
    """The log of the store, or of a file, under another policy; and its mode. Raises ``UsageError``, ``StoreError``."""
    if since is not None and until is not None and since > until:
        message = f"--from {since} is later than --to {until}"
        raise UsageError(message)
    minimum = profile_of(context).minimum
    with _source(context, name, access, since, until) as source:
        return source.mode, compare_log(source, policy, minimum=minimum)


@contextmanager
def _source(
    context: Context, name: str, access: Access, since: date | None, until: date | None
) -> Iterator[DecisionSource]:
    if name == STORE:
        with access.store(context) as store:
            yield store_source(store, profile_of(context).mode, since, until)
        return
    if access.url is not None:
        message = f"--decisions {name} is a file: it goes without --store; --decisions store reads the store"
        raise UsageError(message)
    path = context.path(name)
    try:
        with path.open(encoding="utf-8") as file:
            yield read_log(file, name, since, until)
    except UnicodeDecodeError:
        message = f"{name}: not a decision log: it is not UTF-8 text"
        raise UsageError(message) from None
    except OSError as error:
        message = f"--decisions {name}: {error.strerror or error}; name a file that `policytrader decisions --export`"
        message += " wrote, or `store`"
        raise UsageError(message) from None


def log_lines(comparison: LogComparison, mode: str, names: tuple[str, str], zone: tzinfo) -> Iterator[str]:
    """The comparison for people; ``names`` are those of the log and of the policy."""
    found = comparison
    times = [moment_text(at, zone) for at in (found.since, found.until) if at is not None]
    span = f"  {' to '.join(times)}" if times else ""
    yield printable(f"{mode.upper()}  decision log {names[0]}{span}")
    yield f"A  {', '.join(one[:7] for one in found.deciding) or '-'}  as stored"
    yield printable(f"B  {found.policy_hash[:7]}  {names[1]}")
    line = f"{counted(found.compared, 'decision')} on {counted(found.selections, 'selection')} compared"
    yield line + (f"; {counted(found.shadows, 'shadow decision')} left aside" if found.shadows else "")
    for reason, count in found.left_out.items():
        yield f"not compared: {count}, {reason}"
    told = f"{counted(len(found.differences), 'decision')} on {counted(found.selections_differing, 'selection')} differ"
    nothing = "nothing differs" if found.compared else "nothing to compare"
    if not (found.compared or found.left_out or found.shadows):
        nothing += ": the log has no decision of these days"
    yield told if found.differences else nothing
    if found.differences:
        yield ""
        counts = [(str(one.decisions), str(one.first), ", ".join(one.names)) for one in found.causes]
        yield from aligned([("Decisions", "First", "Because of"), *counts], {0, 1})
        yield ""
        actions = [(str(count), f"{before} -> {after}") for before, after, count in found.actions]
        yield from aligned([("Decisions", "A -> B"), *actions], {0})
        yield ""
        for one in found.differences[:MOST_ROWS]:
            yield from _difference_lines(one, zone)
        if len(found.differences) > MOST_ROWS:
            yield f"… and {len(found.differences) - MOST_ROWS} more: --json has all of them"
    yield ""
    yield from _unknown(comparison)


def _difference_lines(one: LoggedDifference, zone: tzinfo) -> Iterator[str]:
    selection = one.change.before.selection
    runner = selection.runner_name or selection.selection_id
    first = "" if one.is_first else "  (not its first difference)"
    at = moment_text(one.record.at, zone)
    yield printable(f"{at}  {one.record.selection_ref}  {runner}  {selection.side} {selection.market_type}{first}")
    yield printable(f"  A  {change_text(one.change.before)}")
    yield printable(f"  B  {change_text(one.change.after)}")
    for cause in one.causes:
        named, *conditions = cause_lines(cause)
        yield printable(f"  because of {named}")
        yield from (printable(f"  {line}") for line in conditions)


def log_document(comparison: LogComparison, mode: str, names: tuple[str, str]) -> dict[str, Any]:
    """The comparison as one document (``policytrader/log-comparison/1``)."""
    return {
        "schema": LOG_COMPARISON_SCHEMA,
        "mode": mode,
        "log": names[0],
        "before": {"policies": list(comparison.deciding)},
        "after": {"name": names[1], "hash": comparison.policy_hash},
        "from": time_or_null(comparison.since),
        "to": time_or_null(comparison.until),
        "compared": comparison.compared,
        "selections": comparison.selections,
        "inputs": comparison.inputs,
        "shadows": comparison.shadows,
        "not_compared": [{"why": why, "decisions": count} for why, count in comparison.left_out.items()],
        "causes": [
            {"because": list(one.names), "decisions": one.decisions, "first": one.first} for one in comparison.causes
        ],
        "actions": [
            {"before": before, "after": after, "decisions": count} for before, after, count in comparison.actions
        ],
        "differences": [
            head_document(one.record)
            | {
                "first": one.is_first,
                "changed": list(one.change.parts),
                "because": list(one.names),
                "causes": [cause_document(cause) for cause in one.causes],
                "before": one.change.before.to_dict(),
                "after": one.change.after.to_dict(),
            }
            for one in comparison.differences
        ],
        "not_known": _unknown(comparison),
    }


def _unknown(comparison: LogComparison) -> list[str]:
    return [*UNKNOWN, *([] if comparison.is_whole else [NO_END])]
