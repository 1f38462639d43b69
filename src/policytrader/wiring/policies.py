"""Policies by their names: a folder, a revision, the one that decides in a store."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from policytrader.authoring.load import load_policy
from policytrader.errors import UsageError
from policytrader.resources import resource
from policytrader.wiring.stores import open_store, store_url

if TYPE_CHECKING:
    from policytrader.policy.policy_set import PolicySet

GIT_PREFIX = "git:"
ACTIVE = "active"
"""The name of the policy that decides, where a policy is named."""
DEFAULT_MODE = "paper"


def policy_folder(project: Path, near: Path | None = None) -> Path:
    """The rules when nobody names any: the project's, else those of the project around ``near``, else the shipped."""
    around = near.resolve().parents if near is not None else ()
    for folder in (project, *around):
        if (folder / "rules" / "racing").is_dir():
            return folder / "rules"
    own = project / "rules"
    return own if own.is_dir() else resource("rules")


def is_shipped(rules: Path) -> bool:
    """Whether these are the rules that came with policytrader."""
    return rules.resolve() == resource("rules").resolve()


def policy_at(reference: str | None, project: Path, *, store: str | None = None, mode: str = DEFAULT_MODE) -> PolicySet:
    """A policy by folder or file, by ``git:REV`` (the project's rules at that revision), or the project's own.

    ``active`` is the policy that decides in the mode's store, of which ``store`` is the URL where it is not the
    project's own.
    """
    if reference is None:
        return load_policy(policy_folder(project))
    if reference.startswith(GIT_PREFIX):
        from policytrader.adapters.git_rules import load_policy_at

        return load_policy_at(project, reference.removeprefix(GIT_PREFIX))
    if reference == ACTIVE:
        return _active_policy(store, project, mode)
    path = Path(reference) if Path(reference).exists() or project == Path() else project / reference
    if not path.exists():
        message = f"no policy at {reference}: name a folder of rules, or git:REV"
        raise UsageError(message)
    return load_policy(path)


def _active_policy(url: str | None, project: Path, mode: str) -> PolicySet:
    from policytrader.app.activate import policy_of

    with closing(open_store(store_url(url, project, mode), mode)) as store:
        # A file that is not there yet is no error of the store's: nothing was activated.
        is_empty = url is None and store.status().revision is None
        record = None if is_empty else store.active_policy()
    if record is None:
        message = (
            "active: no store holds an active policy yet; `policytrader activate` stores one, --store URL names "
            "another store; or name a folder or git:REV"
        )
        raise UsageError(message)
    return policy_of(record)
