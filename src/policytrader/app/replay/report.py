"""What a replay is shown as: one policy, or two with what they differ in and why."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from policytrader.app.replay.bootstrap import RESAMPLES, SEED
from policytrader.app.replay.compare import compare
from policytrader.app.replay.summary import summarise
from policytrader.app.replay.why import count_causes, explain_differences
from policytrader.model.money import MINIMUM_SIZES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from policytrader.app.replay.compare import Comparison
    from policytrader.app.replay.summary import Result
    from policytrader.app.replay.why import CauseCount, Explained, SnapshotOf
    from policytrader.model.money import MinimumSize
    from policytrader.model.replay import Problem, Replay
    from policytrader.policy.policy_set import PolicySet


class Source(NamedTuple):
    """Where the picks come from: a file's name, whether it holds rules that pick, and when the picks are made.

    ``at`` is so long before the off (``8h``), or one moment (UTC).
    """

    name: str
    is_rules: bool
    at: str | datetime


@dataclass(frozen=True, kw_only=True)
class ReplayReport:
    """``names`` are the policies' as the command line gave them, one or two, and ``results`` are in their order.

    ``source`` is None where the picks were made by a program.
    ``explained`` has the comparison's differences with their causes, in its order.
    """

    names: tuple[str, ...]
    results: tuple[Result, ...]
    resamples: int
    comparison: Comparison | None = None
    explained: tuple[Explained, ...] = ()
    source: Source | None = None

    @cached_property
    def causes(self) -> tuple[CauseCount, ...]:
        """The differences by what caused them."""
        return count_causes(self.explained)

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """What could not be replayed, each once."""
        return tuple(one for one in self._told if not one.is_remark)

    @cached_property
    def remarks(self) -> tuple[Problem, ...]:
        """What was replayed, but not exactly; each once."""
        return tuple(one for one in self._told if one.is_remark)

    @property
    def _told(self) -> Iterable[Problem]:
        return dict.fromkeys(problem for result in self.results for problem in result.replay.problems)


def report_of(replay: Replay, name: str, *, resamples: int = RESAMPLES, seed: int = SEED) -> ReplayReport:
    """One policy over its races."""
    result = summarise(replay, resamples=resamples, seed=seed)
    return ReplayReport(names=(name,), results=(result,), resamples=resamples)


def report_of_two(
    replays: tuple[Replay, Replay],
    names: tuple[str, str],
    policies: tuple[PolicySet, PolicySet],
    snapshot_of: SnapshotOf,
    *,
    minimum: MinimumSize = MINIMUM_SIZES["GBP"],
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> ReplayReport:
    """Two policies over the same races. ``snapshot_of`` as in ``explain_differences``.

    Raises ``UsageError`` where the replays are not about the same selections at the same cadence.
    """
    comparison = compare(*replays, resamples=resamples, seed=seed)
    return ReplayReport(
        names=names,
        results=(comparison.before, comparison.after),
        resamples=resamples,
        comparison=comparison,
        explained=explain_differences(
            comparison.differences,
            policies,
            snapshot_of,
            traded=(replays[0].selections, replays[1].selections),
            minimum=minimum,
        ),
    )
