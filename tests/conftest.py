"""What every test may use, and how tests run: far from UTC, without deadlines, on a DuckDB that is named."""

from __future__ import annotations

import os
import time
from pathlib import Path

import duckdb
import pytest
from hypothesis import settings

PROJECT_ROOT = Path(__file__).resolve().parent.parent

# A machine whose clock is far from UTC and from London: a time that lost its zone shows.
os.environ["TZ"] = "Pacific/Auckland"
time.tzset()

# Machines are shared, so a slow example says nothing about the code. In CI Hypothesis's own profile draws the same
# examples in every run: a change is judged by what it changed.
settings.register_profile("local", deadline=None, print_blob=True)
if "CI" not in os.environ:
    settings.load_profile("local")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a test after packed bytes by its argument alone: gzip writes the time of packing into them.

    Two workers that import a second apart would collect tests of different names, and xdist then runs none.
    """
    return argname if isinstance(val, bytes) and not val.isascii() else None


def pytest_report_header() -> str:
    """Name the DuckDB under test: the tests marked ``engine`` run on two of them."""
    return f"duckdb: {duckdb.__version__}"


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The checkout's top folder, where rules, schemas, config and golden live."""
    return PROJECT_ROOT


@pytest.fixture(scope="session")
def shared_data(project_root: Path) -> Path:
    """Real recordings that may not be copied into the project; skips where they are absent."""
    folder = project_root.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the real recordings in ../shared/data, which are not part of the project")
    return folder
