"""Why two replays differ: each pick that does, with the rule and condition, and what each rule came to in money."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from policytrader.app.replay.causes import Cause, CauseKind, causes_between, resting
from policytrader.app.replay.compare import Part
from policytrader.app.replay.ledgers import DayLedgers
from policytrader.app.replay.refused import refused_between
from policytrader.engine.evaluate import Engine
from policytrader.model.journal import Purpose
from policytrader.model.money import MINIMUM_SIZES, ZERO, money_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from decimal import Decimal

    from policytrader.app.replay.compare import Difference
    from policytrader.engine.plan import Plan
    from policytrader.model.money import MinimumSize
    from policytrader.model.replay import ReplayedSelection
    from policytrader.model.snapshot import Snapshot
    from policytrader.policy.policy_set import PolicySet

    SnapshotOf: TypeAlias = Callable[[str, datetime], Snapshot | None]
    """The inputs that policy A decided on at a tick, by pick and time; None where they are not to be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A pick that differs, and why; the causes are never empty.

    ``refused`` is what refused the order of A, and of B, at the first moment, where the other one sent one.
    """

    difference: Difference
    causes: tuple[Cause, ...]
    refused: tuple[str | None, str | None] = (None, None)

    @property
    def names(self) -> tuple[str, ...]:
        """The causes as a person names them: what differences are counted by."""
        return tuple(dict.fromkeys(cause.label for cause in self.causes))


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseCount:
    """What differs for these causes: how many picks, and what the second policy made more on them, net.

    Each pick counts once, under all of its causes together, so that the nets add up to the whole difference.
    """

    names: tuple[str, ...]
    picks: int
    net: Decimal


def explain_differences(
    differences: Iterable[Difference],
    policies: tuple[PolicySet, PolicySet],
    snapshot_of: SnapshotOf,
    *,
    traded: tuple[Iterable[ReplayedSelection], Iterable[ReplayedSelection]] = ((), ()),
    minimum: MinimumSize = MINIMUM_SIZES["GBP"],
) -> tuple[Explained, ...]:
    """Decide each first moment again under both policies, and say what they part at. In the order given.

    ``traded`` are all picks of both replays: the last gate is asked again on what they had sent and lost by then.
    """
    ledgers = DayLedgers(traded[0]), DayLedgers(traded[1])
    with ExitStack() as stack:
        decide = _Decider(*(stack.enter_context(Engine(one, explain=True, minimum=minimum)) for one in policies))

        def explained(difference: Difference) -> Explained:
            if difference.at is None:
                return Explained(difference=difference, causes=(_commission(difference),))
            snapshot = snapshot_of(difference.selection_ref, difference.at)
            refs = () if snapshot is None else [one.selection_ref for one in snapshot.selections]
            if snapshot is None or difference.selection_ref not in refs:
                return Explained(difference=difference, causes=(Cause(kind=CauseKind.UNKNOWN),))
            plans = decide(snapshot)
            found = causes_between(*plans, difference.selection_ref)
            refused = refused_between(difference, plans, ledgers)
            if refused is None:
                return Explained(difference=difference, causes=found or (_beside_the_inputs(difference, policies),))
            # First what explains that one of them did nothing.
            causes = tuple(dict.fromkeys((refused.cause, *found)))
            return Explained(difference=difference, causes=causes, refused=refused.codes)

        return tuple(map(explained, differences))


class _Decider:
    """Both policies on a snapshot. Picks of a race often part at the same tick: decided once for all."""

    def __init__(self, before: Engine, after: Engine) -> None:
        self._engines = before, after
        self._last: tuple[Snapshot, tuple[Plan, Plan]] | None = None

    def __call__(self, snapshot: Snapshot) -> tuple[Plan, Plan]:
        if self._last is None or self._last[0] != snapshot:
            before, after = self._engines
            self._last = snapshot, (before.evaluate(snapshot), after.evaluate(snapshot))
        return self._last[1]


def count_causes(explained: Sequence[Explained]) -> tuple[CauseCount, ...]:
    """The differences by what caused them, most picks first."""
    groups: dict[tuple[str, ...], list[Explained]] = {}
    for one in explained:
        groups.setdefault(one.names, []).append(one)
    counts = [
        CauseCount(names=names, picks=len(group), net=sum((one.difference.net for one in group), ZERO))
        for names, group in groups.items()
    ]
    return tuple(sorted(counts, key=lambda one: (-one.picks, one.names)))


def _commission(difference: Difference) -> Cause:
    """The same bets: what each paid."""
    told = [money_text(pick.commission) for pick in (difference.before, difference.after)]
    return Cause(kind=CauseKind.COMMISSION, before=told[0], after=told[1])


def _beside_the_inputs(difference: Difference, policies: tuple[PolicySet, PolicySet]) -> Cause:
    """Why they part where both decide alike: what is done with a decision, when, or what was done before."""
    before, after = policies
    purposes = {order.purpose for did in difference.did for order in did.orders}
    triggers = [{trigger.id: trigger.then for trigger in policy.cash_out.triggers} for policy in policies]
    if Purpose.HEDGE in purposes and triggers[0] != triggers[1]:
        changed = [name for name, then in triggers[1].items() if triggers[0].get(name) != then]
        told = ["; ".join(f"{one.max_slippage_ticks} ticks of slippage" for one in then.values()) for then in triggers]
        return Cause(kind=CauseKind.CASH_OUT, name=", ".join(changed), before=told[0], after=told[1])
    is_fate = difference.first is Part.MATCHED or _had_another_fate(difference)
    if is_fate and before.entry.order != after.entry.order:
        return resting(before, after)
    if before.schedule != after.schedule and not is_fate:
        told = [", ".join(f"{one.from_} {one.every}" for one in policy.schedule.intervals) for policy in policies]
        return Cause(kind=CauseKind.SCHEDULE, before=told[0], after=told[1])
    return Cause(kind=CauseKind.MATCHING if is_fate else CauseKind.ELSEWHERE)


def _had_another_fate(difference: Difference) -> bool:
    """Whether an order that both had sent before the moment was matched otherwise."""
    earlier = (
        [one for one in pick.orders if difference.at is not None and one.at < difference.at]
        for pick in (difference.before, difference.after)
    )
    one, two = earlier
    return one != two
