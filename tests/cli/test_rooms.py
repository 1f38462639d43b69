"""The rooms of the command line: a command is a file of its own, and what two of them need stands in a third."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from policytrader.cli import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def imported(file: Path) -> Iterator[str]:
    """Modules, and modules with a name from them, that a file imports anywhere."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{one.name}" for one in node.names)


def room(project_root: Path, module: str) -> Path:
    return project_root / "src" / f"{module.replace('.', '/')}.py"


def test_rooms_are_looked_into(project_root: Path) -> None:
    found = set(imported(room(project_root, "policytrader.cli.run")))
    assert {"os", "policytrader.cli.trader", "policytrader.cli.trader.make_trader"} <= found


@pytest.mark.parametrize("name", COMMANDS)
def test_no_room_imports_a_command(name: str, project_root: Path) -> None:
    module, _ = COMMANDS[name]
    others = [file for file in (project_root / "src/policytrader/cli").glob("*.py") if module in imported(file)]
    assert others == []


def test_the_profile_is_opened_in_one_way(project_root: Path) -> None:
    files = (project_root / "src/policytrader/cli").glob("*.py")
    assert [file.name for file in files if "policytrader.config.load_profile" in imported(file)] == ["trading.py"]
