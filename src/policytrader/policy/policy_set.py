"""A policy is a value: the six racing kinds together, with a hash that names them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from policytrader.errors import Place
from policytrader.policy.cash_out import CashOutPolicy
from policytrader.policy.conditions import Path
from policytrader.policy.entry import EntryPolicy
from policytrader.policy.fields import CATALOGUE_VERSION
from policytrader.policy.protection import ProtectionPolicy
from policytrader.policy.rules import PolicyFile
from policytrader.policy.schedule import SchedulePolicy
from policytrader.policy.staking import StakingPolicy
from policytrader.policy.validation import ValidationPolicy

KINDS: dict[str, type[Any]] = {
    "validation": ValidationPolicy,
    "staking": StakingPolicy,
    "entry": EntryPolicy,
    "cash_out": CashOutPolicy,
    "protection": ProtectionPolicy,
    "schedule": SchedulePolicy,
}
"""``policy:`` -> the model of such a file."""

ENGINE_VERSION = 1
"""Raised when the same policy and snapshot decide differently than before; part of every policy's hash."""


@dataclass(frozen=True)
class PolicySet:
    """The rules that decide, as one immutable value.

    ``places`` tells where each value of each kind was written, for errors and for ``explain``; it takes no part in
    equality or in the hash.
    """

    validation: ValidationPolicy
    staking: StakingPolicy
    entry: EntryPolicy
    cash_out: CashOutPolicy
    protection: ProtectionPolicy
    schedule: SchedulePolicy
    places: Mapping[tuple[str, Path], Place] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical form and of the versions of field catalogue and engine.

        Canonical: every value that was written or defaulted, numbers by value, keys sorted; inline tests, switched-off
        checks and comments do not take part, because they decide nothing.
        """
        return canonical_hash({kind: getattr(self, kind) for kind in KINDS}, [CATALOGUE_VERSION, ENGINE_VERSION])

    def place(self, kind: str, path: Path) -> Place | None:
        """Where the value at ``path`` of this kind was written, or the nearest value around it."""
        return place_of(self.places, kind, path)


def canonical_hash(files: Mapping[str, PolicyFile], versions: list[int]) -> str:
    """SHA-256 over the canonical form of files by kind, after the versions that their meaning depends on."""
    canonical = {kind: _canonical(_deciding(file.model_dump(by_alias=True))) for kind, file in files.items()}
    text = json.dumps([*versions, canonical], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def place_of(places: Mapping[tuple[str, Path], Place], kind: str, path: Path) -> Place | None:
    """Where the value at ``path`` of this kind was written, or the nearest value around it."""
    for length in range(len(path), -1, -1):
        if found := places.get((kind, path[:length])):
            return found
    return None


def _deciding(document: dict[str, Any]) -> dict[str, Any]:
    """A file without what decides nothing: switched-off checks, the last line, the tests beside rules."""
    kept = {key: value for key, value in document.items() if key not in {"ignore", "end"}}
    for key in ("rules", "triggers"):
        if key in kept:
            kept[key] = [{name: value for name, value in rule.items() if name != "tests"} for rule in kept[key]]
    return kept


def _canonical(value: Any) -> Any:
    match value:
        case dict():
            return {key: _canonical(part) for key, part in value.items()}
        case list() | tuple():
            return [_canonical(part) for part in value]
        case bool() | str() | None:
            return value
        case int():
            return str(value)
        case _:
            return format(value.normalize(), "f")
