"""The wheel, as one without a checkout gets it: what it holds, and that it runs on the locked requirements alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

# One group: all of these need the same wheel, and two of them the same environment.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]

DATA_FOLDERS = ("config", "golden", "rules", "schemas")


def run(command: list[str | Path], folder: Path) -> str:
    """Run a command in a folder, away from the checkout, and return what it printed; it has to succeed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "POLICYTRADER"))}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    line = " ".join(str(part) for part in command)
    assert done.returncode == 0, f"`{line}` ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(project_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder], project_root)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(project_root: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs' folder of a clean environment: the locked runtime and the wheel, nothing of the checkout."""
    folder = tmp_path_factory.mktemp("clean")
    run([sys.executable, "-m", "venv", folder / "venv"], folder)
    programs = folder / "venv" / "bin"
    install: list[str | Path] = [programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*install, "--require-hashes", "-r", project_root / "requirements" / "runtime.txt"], folder)
    run([*install, "--no-deps", wheel], folder)
    return programs


def test_wheel_carries_the_data_folders_whole(project_root: Path, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for folder in DATA_FOLDERS:
        prefix = f"policytrader/_data/{folder}/"
        carried = {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
        root = project_root / folder
        expected = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
        assert expected, f"{folder}/ holds no file"
        assert carried == expected


def test_wheel_carries_the_package_and_nothing_of_the_workshop(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0] for name in names} == {"policytrader", "policytrader-0.1.0.dist-info"}
    assert {"policytrader/py.typed", "policytrader-0.1.0.dist-info/licenses/LICENSE"} <= set(names)


def test_installed_wheel_validates_the_policy_it_carries(installed: Path, tmp_path: Path) -> None:
    place = run([installed / "python", "-c", "import policytrader; print(policytrader.__file__)"], tmp_path)
    assert Path(place.strip()).is_relative_to(installed.parent)
    # A policy that was not found would be fine too, were it not for the number.
    assert re.search(r"\b[1-9]\d* files", run([installed / "policytrader", "validate"], tmp_path))


def test_installed_wheel_evaluates_a_snapshot_of_ones_own(installed: Path, project_root: Path, tmp_path: Path) -> None:
    scenario = min(path.parent for path in (project_root / "golden").glob("*/*/snapshot.yaml"))
    shutil.copytree(scenario, tmp_path / "snapshot")
    assert "DRY RUN" in run([installed / "policytrader", "evaluate", "snapshot"], tmp_path)
