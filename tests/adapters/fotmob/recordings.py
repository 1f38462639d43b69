"""The four recorded answers, where this machine has them."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.fotmob.match import parse_match

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.model.fixture import Fixture, Player

LAYOUTS = ("L1", "L2", "L3", "L4")


def recorded(shared_data: Path, layout: str) -> bytes:
    """The raw answer of a layout."""
    for file in sorted((shared_data / "fotmob").glob(f"{layout}_*.json")):
        return file.read_bytes()
    pytest.skip(f"no recording of layout {layout} in {shared_data / 'fotmob'}")


def fixture_of(shared_data: Path, layout: str) -> Fixture:
    """The fixture of a layout's recording."""
    return parse_match(recorded(shared_data, layout), fetched_at=None)


def player(fixture: Fixture, name: str) -> Player:
    """A player by his exact name."""
    (found,) = [one for one in fixture.players.values() if one.name == name]
    return found


def expectations(shared_data: Path) -> list[dict[str, str]]:
    """The graded bets beside the recordings."""
    file = shared_data / "fotmob" / "expectations.csv"
    if not file.is_file():
        pytest.skip(f"{file} is not there")
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
