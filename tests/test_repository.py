"""The repository keeps its own promises: nothing of one machine in it, and lock files that match what is declared."""

from __future__ import annotations

import re
import subprocess
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

# Spelt so that the patterns do not find themselves.
REGISTRY_ADDRESS = re.compile(r"(?i)p[y]pi\.(python\.)?org|python[h]osted\.org|registry\.n[p]mjs|index-url[= ]+\S*:/")
DEVELOPERS_PATH = re.compile(r"(?<![\w.$~)}\]/-])/(?:home|Users|root|work|tmp|private|opt)/[\w.-]+|[A-Z]:\\Users\\")

LOCKED = re.compile(r"^(?P<name>[a-z0-9.-]+)==(?P<version>[^ ]+)(?: ; [^\\]+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")
COMMENT = re.compile(r"^ *#")

LOCK_FILES = ("runtime", "dev", "bench", "duckdb15", "build", "lock")
Lock = dict[str, set[Version]]
"""Versions by name; more than one where they depend on the Python that installs."""


def repository_files(root: Path) -> list[Path]:
    """What is committed, or would be: everything that git does not ignore."""
    if not (root / ".git").exists():
        pytest.skip("not a git checkout: nothing tells which files are committed")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=root, capture_output=True, check=True, text=True).stdout.split("\0")
    # A file deleted but not yet committed as such is still listed.
    return [root / name for name in sorted(names) if name and (root / name).is_file()]


def findings(files: Iterable[Path], root: Path, pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(root)}:{number}: {match.group()}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        for match in pattern.finditer(line)
    ]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (REGISTRY_ADDRESS, "{}=https://somewhere.example/simple".format("--extra-index-url")),
        (REGISTRY_ADDRESS, "see https://py{}.org/project/click".format("pi")),
        (DEVELOPERS_PATH, "open('{}/somebody/policytrader')".format("/home")),
        (DEVELOPERS_PATH, 'File "{}/main/src/policytrader"'.format("/Users")),
        (DEVELOPERS_PATH, "C:{}somebody".format(r"\Users" + "\\")),
    ],
)
def test_what_must_not_be_committed_is_recognised(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)


@pytest.mark.parametrize(
    "text", ["--no-emit-index-url", "/v1/users/home/x", "~/home/x", "${ROOT}/tmp/x", "./tmp/x", "#!/usr/bin/env bash"]
)
def test_what_may_be_committed_is_left_alone(text: str) -> None:
    assert not REGISTRY_ADDRESS.search(text)
    assert not DEVELOPERS_PATH.search(text)


def test_no_registry_address_is_committed(project_root: Path) -> None:
    assert findings(repository_files(project_root), project_root, REGISTRY_ADDRESS) == []


def test_no_path_of_a_developers_machine_is_committed(project_root: Path) -> None:
    assert findings(repository_files(project_root), project_root, DEVELOPERS_PATH) == []


def test_every_variable_that_is_read_is_in_a_document(project_root: Path) -> None:
    variable = re.compile(r'"(POLICYTRADER_[A-Z_]+)"')
    read = {name for path in (project_root / "src").rglob("*.py") for name in variable.findall(path.read_text("utf-8"))}
    pages = [*(project_root / "docs").rglob("*.md"), project_root / "README.md"]
    told = set(re.findall(r"POLICYTRADER_[A-Z_]+", "".join(page.read_text("utf-8") for page in pages)))
    assert read
    # That one is told where it is of use: with the defect itself.
    assert read - {"POLICYTRADER_TRACEBACK"} <= told


def read_lock(root: Path, name: str) -> Lock:
    """Read one lock file, and require of every line that it is a comment, a locked version or a hash of it."""
    versions: Lock = {}
    hashes: dict[str, int] = {}
    current = ""
    for line in (root / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if locked := LOCKED.match(line):
            current = line
            hashes[current] = 0
            versions.setdefault(locked["name"], set()).add(Version(locked["version"]))
        elif HASH.match(line):
            hashes[current] += 1
        else:
            assert COMMENT.match(line), f"requirements/{name}.txt: not a locked version, hash or comment: {line!r}"
    assert versions, f"requirements/{name}.txt locks nothing"
    assert [line for line, count in hashes.items() if count == 0] == []
    return versions


def read_pyproject(root: Path) -> Mapping[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def declared(root: Path, *extras: str) -> list[Requirement]:
    """What pyproject.toml asks for: the dependencies and those of the extras."""
    project = read_pyproject(root)["project"]
    texts = [*project["dependencies"], *(text for extra in extras for text in project["optional-dependencies"][extra])]
    return [Requirement(text) for text in texts]


def uncovered(requirements: Iterable[Requirement], lock: Lock) -> list[str]:
    """Requirements that the lock does not meet, as text."""
    return [
        str(requirement)
        for requirement in requirements
        if not (versions := lock.get(canonicalize_name(requirement.name)))
        or not all(requirement.specifier.contains(version) for version in versions)
    ]


@pytest.mark.parametrize(
    ("name", "extras"),
    [("runtime", ()), ("dev", ("test", "check")), ("bench", ("bench",)), ("duckdb15", ("test",))],
)
def test_lock_covers_what_is_declared(project_root: Path, name: str, extras: tuple[str, ...]) -> None:
    assert uncovered(declared(project_root, *extras), read_lock(project_root, name)) == []


def test_lock_of_the_build_covers_the_build_system(project_root: Path) -> None:
    requires = [Requirement(text) for text in read_pyproject(project_root)["build-system"]["requires"]]
    assert uncovered(requires, read_lock(project_root, "build")) == []


def test_a_missing_or_too_old_requirement_is_noticed() -> None:
    lock: Lock = {"duckdb": {Version("1.4.0")}}
    assert uncovered([Requirement("duckdb>=1.5,<3"), Requirement("PyYAML")], lock) == ["duckdb<3,>=1.5", "PyYAML"]


def test_duckdb_is_locked_at_the_version_measured_and_at_the_oldest_line(project_root: Path) -> None:
    assert read_lock(project_root, "runtime")["duckdb"] == {Version("2.0.0")}
    assert read_lock(project_root, "duckdb15")["duckdb"] == {Version("1.5.6")}


@pytest.mark.parametrize("name", [name for name in LOCK_FILES if name != "dev"])
def test_lock_files_agree_on_versions(project_root: Path, name: str) -> None:
    """What is tested is what is installed; only DuckDB differs, in the environment that is there for it."""
    other = read_lock(project_root, name)
    developers = read_lock(project_root, "dev")
    differing = {package for package in other.keys() & developers.keys() if other[package] != developers[package]}
    assert differing == ({"duckdb"} if name == "duckdb15" else set())
