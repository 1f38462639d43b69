"""The two families of policy files, racing (trades) and football (grades), each loaded as one set; and selections."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from policytrader.authoring.suggest import did_you_mean
from policytrader.policy.grading.grading_set import GRADING_KINDS
from policytrader.policy.policy_set import KINDS
from policytrader.policy.selections import SelectionsPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SUFFIXES = (".yaml", ".yml")
_KIND = re.compile(rb"^policy:[ \t]*([a-z_]+)", re.MULTILINE)


@dataclass(frozen=True, eq=False)
class Family:
    """Kinds that are loaded together. ``folder`` is where they lie below ``rules``. Each is itself."""

    folder: str
    title: str
    kinds: Mapping[str, type[Any]]
    incomplete: str
    """What to do about a kind without a file."""


RACING: Final = Family(
    "racing",
    "trading",
    KINDS,
    "A policy needs all six kinds; `policytrader init` writes a complete set to begin with.",
)
FOOTBALL: Final = Family(
    "football",
    "grading",
    GRADING_KINDS,
    "A grading policy needs all four kinds; `policytrader init` writes a complete set to begin with.",
)
SELECTIONS: Final = Family(
    "selections",
    "selections",
    {"selections": SelectionsPolicy},
    "Begin the file with `policy: selections`.",
)
"""A kind by itself: such a file belongs to no set, and there may be many of them."""
FAMILIES: Final = (RACING, FOOTBALL)
ALL_KINDS: Final[dict[str, type[Any]]] = {
    kind: model for family in (*FAMILIES, SELECTIONS) for kind, model in family.kinds.items()
}


def likely_family(kind: str, file: Path) -> Family:
    """The family that a file of an unknown kind was probably meant for: by its folder, or by the nearest kind."""
    is_near = bool(kind) and bool(did_you_mean(kind, FOOTBALL.kinds)) and not did_you_mean(kind, RACING.kinds)
    return FOOTBALL if file.parent.name == FOOTBALL.folder or is_near else RACING


def families_in(folder: Path) -> tuple[Family, ...]:
    """Which families a folder holds: below it, as ``rules`` does, or itself. Racing where nothing tells.

    Raises ``OSError`` when the folder cannot be read.
    """
    found = [family for family in FAMILIES if (folder / family.folder).is_dir()]
    files = [file for file in sorted(folder.iterdir()) if file.suffix in SUFFIXES]
    if RACING not in found and (files or not found):
        own = FOOTBALL if any(_kind(file) in FOOTBALL.kinds for file in files) else RACING
        found = [family for family in FAMILIES if family in {own, *found}]
    return tuple(found)


def holds_rules(path: Path) -> bool:
    """Whether it is a folder with a file of rules in it, or in the folder of a family below it."""
    try:
        folders = [path, *(path / family.folder for family in FAMILIES)]
        files = [file for folder in folders if folder.is_dir() for file in folder.iterdir() if file.suffix in SUFFIXES]
    except (OSError, ValueError):
        return False
    return any(_kind(file) in family.kinds for file in files for family in FAMILIES)


def _kind(file: Path) -> str | None:
    """The kind that a file says it is, without reading it as YAML."""
    try:
        named = _KIND.search(file.read_bytes()) if file.is_file() else None
    except OSError:
        return None  # reading the policy tells it
    return named[1].decode() if named else None
