"""A grading policy is a value: its kinds together, with a hash that names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from policytrader.errors import Place
from policytrader.policy.conditions import Path
from policytrader.policy.grading.fields import GRADING_CATALOGUE_VERSION
from policytrader.policy.grading.markets import MarketsPolicy
from policytrader.policy.grading.names import NamesPolicy
from policytrader.policy.grading.participation import ParticipationPolicy
from policytrader.policy.grading.rules import GradingPolicy
from policytrader.policy.policy_set import canonical_hash, place_of

GRADING_KINDS: dict[str, type[Any]] = {
    "markets": MarketsPolicy,
    "participation": ParticipationPolicy,
    "grading": GradingPolicy,
    "names": NamesPolicy,
}
"""``policy:`` -> the model of such a file."""

GRADING_VERSION = 1
"""Raised when the same policy, bet and fixture grade differently than before; part of every grading policy's hash."""


@dataclass(frozen=True)
class GradingSet:
    """The files that grade, as one immutable value. ``places`` as in ``PolicySet``."""

    markets: MarketsPolicy
    participation: ParticipationPolicy
    grading: GradingPolicy
    names: NamesPolicy
    places: Mapping[tuple[str, Path], Place] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical form, as a trading policy's."""
        return canonical_hash(
            {kind: getattr(self, kind) for kind in GRADING_KINDS}, [GRADING_CATALOGUE_VERSION, GRADING_VERSION]
        )

    def place(self, kind: str, path: Path) -> Place | None:
        """Where the value at ``path`` of this kind was written, or the nearest value around it."""
        return place_of(self.places, kind, path)
