"""Another policy on the daemon's own inputs: what it would have decided where a decision was logged.

The inputs are those of the policy that decided. Once the two part on a selection, its later inputs hold that policy's
orders and not those that the other one would have sent; so the first difference of a selection is the one to go by.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.app.activate import unpack
from policytrader.app.comparison import change_of
from policytrader.app.decided import inputs_of
from policytrader.app.decision_log import document_of
from policytrader.app.replay.causes import causes_between
from policytrader.engine.evaluate import Engine
from policytrader.errors import PolicyError, StoreError
from policytrader.model.money import MINIMUM_SIZES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from policytrader.app.comparison import Change
    from policytrader.app.log_file import DecisionSource, Moment
    from policytrader.app.replay.causes import Cause
    from policytrader.model.money import MinimumSize
    from policytrader.model.records import LoggedDecision
    from policytrader.model.snapshot import Snapshot
    from policytrader.policy.policy_set import PolicySet

NO_INPUTS = "its inputs are not in the log, or damaged"
NO_POLICY = "the policy that decided is not in the log, or cannot be read"
NOT_THE_SAME = "decided otherwise today than stored: by another version of policytrader, or in another currency"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedDifference:
    """A logged decision that the other policy would have made otherwise. ``is_first`` of its selection."""

    record: LoggedDecision
    change: Change
    causes: tuple[Cause, ...]
    is_first: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The causes as a person names them."""
        return tuple(dict.fromkeys(cause.label for cause in self.causes))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedCause:
    """What differs for these causes: decisions, and those of them that are the first of their selection."""

    names: tuple[str, ...]
    decisions: int
    first: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogComparison:
    """The log under another policy. ``compared`` decisions could be made again; ``left_out`` says why others not.

    ``since`` and ``until`` are the times of the first and the last decision that was compared. ``is_whole`` is False
    where the log may lack decisions at its end.
    """

    policy_hash: str
    deciding: tuple[str, ...]
    compared: int
    selections: int
    inputs: int
    shadows: int
    since: datetime | None
    until: datetime | None
    left_out: Mapping[str, int]
    differences: tuple[LoggedDifference, ...]
    is_whole: bool

    @property
    def causes(self) -> tuple[LoggedCause, ...]:
        """The differences by what caused them, most first."""
        groups: dict[tuple[str, ...], list[LoggedDifference]] = {}
        for one in self.differences:
            groups.setdefault(one.names, []).append(one)
        counts = [
            LoggedCause(names=names, decisions=len(group), first=sum(one.is_first for one in group))
            for names, group in groups.items()
        ]
        return tuple(sorted(counts, key=lambda one: (-one.decisions, one.names)))

    @property
    def actions(self) -> tuple[tuple[str, str, int], ...]:
        """How many differences lead from which action to which, most first."""
        counts = Counter((str(one.change.before.action), str(one.change.after.action)) for one in self.differences)
        return tuple((*pair, count) for pair, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])))

    @property
    def selections_differing(self) -> int:
        """On how many selections something differs."""
        return sum(one.is_first for one in self.differences)


def compare_log(
    source: DecisionSource, policy: PolicySet, *, minimum: MinimumSize = MINIMUM_SIZES["GBP"]
) -> LogComparison:
    """Decide every logged decision again on its inputs, by the policy that decided then and by this one.

    Only decisions that come out today as they were stored, byte for byte, are compared: of others nobody could tell
    what the edit changed. Shadow decisions are left out. Raises what reading the source raises.
    """
    with ExitStack() as stack:
        engines = _Engines(stack, source.policies, policy, minimum)
        reader = _Reader(engines)
        for moment in source.moments:
            reader.read(moment)
    times = reader.times
    return LogComparison(
        policy_hash=policy.hash,
        deciding=tuple(reader.deciding),
        compared=reader.compared,
        selections=len(reader.selections),
        inputs=reader.inputs,
        shadows=reader.shadows,
        since=min(times, default=None),
        until=max(times, default=None),
        left_out=dict(sorted(reader.left_out.items())),
        differences=tuple(reader.differences),
        is_whole=source.is_whole,
    )


class _Engines:
    """The engines of both sides, each compiled once; those that explain only where something differs."""

    def __init__(
        self, stack: ExitStack, contents: Mapping[str, bytes], policy: PolicySet, minimum: MinimumSize
    ) -> None:
        self._stack, self._contents, self._minimum = stack, contents, minimum
        self._policies: dict[str, PolicySet | None] = {}
        self._made: dict[tuple[str, bool], Engine] = {}
        self.other = policy

    def stored(self, policy_hash: str) -> PolicySet | None:
        """A policy that decided; None where it cannot be used."""
        if policy_hash not in self._policies:
            self._policies[policy_hash] = self._unpacked(policy_hash)
        return self._policies[policy_hash]

    def of(self, policy: PolicySet, *, explain: bool = False) -> Engine:
        """The engine of a policy."""
        key = (policy.hash, explain)
        if key not in self._made:
            self._made[key] = self._stack.enter_context(Engine(policy, explain=explain, minimum=self._minimum))
        return self._made[key]

    def _unpacked(self, policy_hash: str) -> PolicySet | None:
        content = self._contents.get(policy_hash)
        if content is None:
            return None
        try:
            policy = unpack(content)
        except PolicyError:
            return None
        return policy if policy.hash == policy_hash else None


class _Reader:
    """Goes through the log, moment by moment."""

    def __init__(self, engines: _Engines) -> None:
        self._engines = engines
        self.compared = self.inputs = self.shadows = 0
        self.selections: set[str] = set()
        self.deciding: dict[str, None] = {}
        self.times: list[datetime] = []
        self.left_out: Counter[str] = Counter()
        self.differences: list[LoggedDifference] = []
        self._parted: set[str] = set()

    def read(self, moment: Moment) -> None:
        """Compare the decisions of one moment."""
        own = [one for one in moment.decisions if not one.is_shadow]
        self.shadows += len(moment.decisions) - len(own)
        if not own:
            return
        try:
            snapshot = None if moment.inputs is None else inputs_of(own[0], moment.inputs)
        except StoreError:
            snapshot = None
        if snapshot is None:
            self.left_out[NO_INPUTS] += len(own)
            return
        self.inputs += 1
        for policy_hash in dict.fromkeys(one.policy_hash for one in own):
            self._compare([one for one in own if one.policy_hash == policy_hash], snapshot)

    def _compare(self, records: list[LoggedDecision], snapshot: Snapshot) -> None:
        policy = self._engines.stored(records[0].policy_hash)
        if policy is None:
            self.left_out[NO_POLICY] += len(records)
            return
        before = self._engines.of(policy).evaluate(snapshot)
        after = self._engines.of(self._engines.other).evaluate(snapshot)
        old = {one.selection.selection_ref: one for one in before}
        new = {one.selection.selection_ref: one for one in after}
        differing: list[tuple[LoggedDecision, Change]] = []
        for record in records:
            ref = record.selection_ref
            if ref not in old or document_of(old[ref]) != record.document:
                self.left_out[NOT_THE_SAME] += 1
                continue
            self.compared += 1
            self.selections.add(ref)
            self.deciding[policy.hash] = None
            self.times.append(record.at)
            if (change := change_of(old[ref], new[ref])) is not None:
                differing.append((record, change))
        if differing:
            self._explain(differing, policy, snapshot)

    def _explain(self, differing: list[tuple[LoggedDecision, Change]], policy: PolicySet, snapshot: Snapshot) -> None:
        before, after = (
            self._engines.of(one, explain=True).evaluate(snapshot) for one in (policy, self._engines.other)
        )
        for record, change in differing:
            causes = causes_between(before, after, record.selection_ref)
            is_first = record.selection_ref not in self._parted
            self._parted.add(record.selection_ref)
            self.differences.append(LoggedDifference(record=record, change=change, causes=causes, is_first=is_first))
