"""Activation: a policy is checked, kept in the store with all its bytes, and from then on it decides.

The daemon never reads a working file. A stored policy that cannot be used leaves the last good one in force.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from policytrader.app.comparison import compare_plans
from policytrader.app.inline_tests import run_inline_tests
from policytrader.app.scenarios import compare, read_expected
from policytrader.authoring.load import load_policy, load_texts, policy_files
from policytrader.engine.evaluate import Engine
from policytrader.errors import Diagnostic, Place, PolicyError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from policytrader.app.comparison import Comparison
    from policytrader.model.money import MinimumSize
    from policytrader.model.records import PolicyRecord
    from policytrader.model.snapshot import Snapshot
    from policytrader.policy.policy_set import PolicySet
    from policytrader.ports.store import RuleStore

SCHEMA = "policytrader/policy/1"
_MOST_DIFFERENCES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPolicy:
    """A policy that may be activated, and the bytes that it was read from."""

    policy: PolicySet
    content: bytes


def read_policy(folder: Path) -> CheckedPolicy:
    """The policy of a folder and its files' bytes. Raises ``PolicyError`` with every error of every file."""
    policy = load_policy(folder)
    try:
        texts = {file.name: file.read_bytes() for file in policy_files(folder)}
    except OSError as error:
        raise _broken(str(folder), f"cannot be read: {error.strerror or error}") from None
    content = pack(texts)
    if unpack(content).hash != policy.hash:
        raise _broken(str(folder), "a file was changed while it was being read; try again")
    return CheckedPolicy(policy=policy, content=content)


def pack(texts: Mapping[str, bytes]) -> bytes:
    """The files of a policy as one JSON document. They were read as YAML before: they are UTF-8."""
    files = [{"name": name, "text": texts[name].decode()} for name in sorted(texts)]
    return json.dumps({"schema": SCHEMA, "files": files}, ensure_ascii=False, separators=(",", ":")).encode()


def unpack(content: bytes, shown_in: str = "the stored policy") -> PolicySet:
    """The policy that ``pack`` wrote, loaded and checked anew. Raises ``PolicyError``."""
    try:
        document = json.loads(content)
        if document["schema"] != SCHEMA:
            raise _broken(shown_in, f"not a document of {SCHEMA}")
        texts = {str(file["name"]): str(file["text"]).encode() for file in document["files"]}
    except (ValueError, KeyError, TypeError):
        raise _broken(shown_in, f"not a document of {SCHEMA}") from None
    return load_texts(texts, shown_in=shown_in).policy_set()


def policy_of(record: PolicyRecord) -> PolicySet:
    """The policy of a record, loaded and checked anew. Raises ``PolicyError``; also where its hash is another."""
    policy = unpack(record.content, f"policy {record.policy_hash[:12]}")
    if policy.hash != record.policy_hash:
        _refuse_other(record.policy_hash, policy.hash)
    return policy


def failed_checks(
    policy: PolicySet, folders: Iterable[Path], read_snapshot: Callable[[Path], Snapshot]
) -> tuple[str, ...]:
    """What the tests beside the rules and these golden scenarios say against a policy; nothing when all pass.

    A scenario that names rules of its own is about those, and is left out.
    """
    failed = [
        f"{result.place or result.rule.id}  {result.rule.id}, {result.test.name}: actual {result.actual}, "
        f"expected {result.test.expect}"
        for result in run_inline_tests(policy)
        if not result.is_passed
    ]
    with Engine(policy) as engine:
        for folder in folders:
            snapshot = read_snapshot(folder)
            if snapshot.policy is None:
                differences = compare(read_expected(folder), engine.evaluate(snapshot))
                failed += [f"{folder}  {one}" for one in differences[:_MOST_DIFFERENCES]]
    return tuple(failed)


def activate(store: RuleStore, checked: CheckedPolicy, at: datetime, who: str, *, shadow: bool = False) -> bool:
    """Store a checked policy and let it decide from now on (or watch, as the shadow). False where it does already.

    Other comments around the same rules are the same policy: the first bytes stay.
    """
    policy_hash = checked.policy.hash
    if store.policy(policy_hash) is None:
        store.store_policy(policy_hash, checked.content, at)
    active = store.active_policy(shadow=shadow)
    if active is not None and active.policy_hash == policy_hash:
        return False
    store.activate(policy_hash, at, who, shadow=shadow)
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What a new policy decides differently on one snapshot; ``name`` is the scenario's folder, or says what it is."""

    name: str
    comparison: Comparison


def changed_decisions(
    before: PolicySet, after: PolicySet, snapshots: Iterable[tuple[str, Snapshot]], minimum: MinimumSize
) -> tuple[Changed, ...]:
    """Both policies on each snapshot. Scenarios that name rules of their own are about those: leave them out."""
    with Engine(before, minimum=minimum) as old, Engine(after, minimum=minimum) as new:
        return tuple(
            Changed(name=name, comparison=compare_plans(old.evaluate(snapshot), new.evaluate(snapshot)))
            for name, snapshot in snapshots
        )


class ActivePolicy:
    """The activated policy as one process uses it: the last good one stays where a newer cannot be used."""

    def __init__(self, store: RuleStore, *, shadow: bool = False) -> None:
        """Nothing is read yet."""
        self._store = store
        self._shadow = shadow
        self._refused: str | None = None
        self.policy: PolicySet | None = None
        self.problem = ""
        """Why the newest activated policy is not the one in use; empty when it is."""

    def refresh(self) -> bool:
        """Look which policy is activated. True where another one is in use now.

        Raises ``StoreError`` where the store cannot be asked; ``PolicyError`` where there is no last good policy and
        the activated one cannot be used.
        """
        try:
            record = self._store.active_policy(shadow=self._shadow)
        except StoreError as error:
            if error.code != "damaged":
                raise
            return self._keep(_broken("the stored policy", error.render()))
        if record is None:
            is_other, self.policy, self.problem = self.policy is not None and self._shadow, self._without(), ""
            return is_other
        if self.policy is not None and record.policy_hash == self.policy.hash:
            self.problem, self._refused = "", None
            return False
        if record.policy_hash == self._refused:
            return False
        try:
            policy = policy_of(record)
        except PolicyError as error:
            self._refused = record.policy_hash
            return self._keep(error)
        self.policy, self.problem, self._refused = policy, "", None
        return True

    def _without(self) -> PolicySet | None:
        """A shadow ends; the policy that decides stays, whatever happened to the activations."""
        return None if self._shadow else self.policy

    def _keep(self, error: PolicyError) -> bool:
        if self.policy is None:
            raise error
        self.problem = error.render()
        return False


def _broken(file: str, message: str) -> PolicyError:
    return PolicyError([Diagnostic(Place(file), "E001", message, "Activate a policy that passes its checks.")])


def _refuse_other(named: str, is_really: str) -> NoReturn:
    message = f"its content is that of {is_really[:12]}: stored by another version of policytrader?"
    shown = f"policy {named[:12]}"
    raise _broken(shown, message)
