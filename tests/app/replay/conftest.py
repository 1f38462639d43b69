"""Fixtures of the tests about replays."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from policytrader import load_policy
from policytrader.resources import resource
from tests.policy_edits import edit_racing

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.policy.policy_set import PolicySet
    from tests.policy_edits import Edit, Edited


@pytest.fixture
def edited(tmp_path: Path) -> Edited:
    """Makes the shipped racing rules with some edits."""

    def make(*edits: Edit) -> PolicySet:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        shutil.copytree(resource("rules") / "racing", folder)
        edit_racing(folder, *edits)
        return load_policy(folder)

    return make
