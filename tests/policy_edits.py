"""Edits of the shipped racing rules whose effect on the golden scenarios is known: kind of file, old text, new text."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from policytrader.policy.policy_set import PolicySet

Edit: TypeAlias = tuple[str, str, str]
Edited: TypeAlias = "Callable[..., PolicySet]"
"""Makes rules with some edits."""

MILDER = ("validation", "op: lt, value: 12}", "op: lt, value: 8}")
OTHER_WORDS = ("validation", "then: {invalidate: Invalid Short Price Removed}", "then: {invalidate: Favourite gone}")
SEVEN = (
    "validation",
    "{field: fact.active_runners, op: lte, value: 7}",
    "{field: fact.active_runners, op: lte, value: 6}",
)
MORE_EARLY = ("staking", "{from: 1h,    back_stake: 36,", "{from: 1h,    back_stake: 40,")
LARGER_ORDERS = ("protection", "max_order: {stake: 100,", "max_order: {stake: 160,")
LARGER_POSITIONS = (
    "protection",
    "max_exposure_per_selection: {back_stake: 100,",
    "max_exposure_per_selection: {back_stake: 160,",
)
PATIENT = ("entry", "cancel_unmatched_after: 5m", "cancel_unmatched_after: 10m")
KEEPS_BETS = (
    "cash_out",
    "{invalidated_by: [short-price-removed, eight-to-seven-place]}",
    "{invalidated_by: [eight-to-seven-place]}",
)
NARROW = ("staking", "fully_matched_within: 1.00", "fully_matched_within: 0.50")
DEARER = ("entry", "when: {field: runner.best_back, op: gte,", "when: {field: runner.best_back, op: gt,")


def edit_racing(folder: Path, *edits: Edit) -> None:
    """Edit the files of racing rules in ``folder``; each old text must stand there exactly once."""
    for kind, old, new in edits:
        path = folder / f"{kind}.yaml"
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{kind}: {old!r} stands there {text.count(old)} times"
        path.write_text(text.replace(old, new), "utf-8")
