"""``main`` as a program: exit codes, what goes to stdout and what to stderr, and how it ends when it is stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from policytrader.cli import demo

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run, Scenario

PROGRAM = [sys.executable, "-m", "policytrader"]


def start(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize(
    ("arguments", "code", "out", "err"),
    [
        (["--version"], 0, "policytrader, version ", ""),
        (["-h"], 0, "Usage: policytrader [OPTIONS] COMMAND", ""),
        (["evaluate", "nowhere"], 1, "", "nowhere  S101  there is no such folder"),
        (["evaluate"], 2, "", "error: name a snapshot folder"),
        (["evalute"], 2, "", "Error: No such command `evalute`. Did you mean `evaluate`?"),
        (["test", "--nothing"], 2, "", "Usage: policytrader test"),
    ],
)
def test_exit_codes_and_streams(arguments: list[str], code: int, out: str, err: str, here: Path) -> None:
    assert here.is_dir()
    done = start(*arguments)
    assert done.returncode == code
    for text, beginning in ((done.stdout, out), (done.stderr, err)):
        assert text.startswith(beginning)
        assert bool(text) is bool(beginning)
        assert "Traceback" not in text


def test_nothing_heavy_is_imported_for_help(here: Path) -> None:
    """``--help`` must not wait for the engine."""
    assert here.is_dir()
    code = (
        "import sys\nsys.argv = ['policytrader', '--help']\nfrom policytrader.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'duckdb', 'pyarrow', 'pydantic', 'rich', 'jsonschema'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_plan_does_not_depend_on_the_process(here: Path, scenario: Scenario) -> None:
    """Neither on the order in which Python hashes, nor on the machine's zone, language and screen."""
    folders = [scenario(number) for number in ("55", "46", "25")]
    arguments: tuple[str | Path, ...] = ("evaluate", *folders, "--out", "plans")
    plain = start(*arguments, PYTHONHASHSEED="1")
    plans = (here / "plans").read_bytes()
    other = start(*arguments, PYTHONHASHSEED="2", TZ="Asia/Tokyo", LC_ALL="C", NO_COLOR="1", COLUMNS="20")
    assert (plain.returncode, plain.stderr) == (0, "")
    assert plain.stdout == other.stdout
    assert plans == (here / "plans").read_bytes()
    assert len(plans.splitlines()) == 3


def test_names_survive_a_narrow_encoding(run: Run, here: Path, scenario: Scenario) -> None:
    """Text shows ? for what the terminal does not have; JSON keeps every letter."""
    assert here.is_dir()
    table = run("evaluate", scenario("56")).out
    document = run("evaluate", scenario("56"), "--json").out
    assert not table.isascii()
    command = [*PROGRAM, "evaluate", str(scenario("56"))]
    narrow = {**os.environ, "PYTHONIOENCODING": "iso8859-5"}
    shown = subprocess.run(command, capture_output=True, check=True, env=narrow)
    assert shown.stderr == b""
    assert shown.stdout.decode("iso8859-5") == table.encode("iso8859-5", "replace").decode("iso8859-5")
    kept = subprocess.run([*command, "--json"], capture_output=True, check=True, env=narrow)
    assert json.loads(kept.stdout.decode("ascii")) == json.loads(document)


def test_a_reader_that_has_gone(here: Path) -> None:
    """As in ``policytrader demo | head -1``: no message, and no success either."""
    assert here.is_dir()
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        done = subprocess.run([*PROGRAM, "demo"], stdout=closed, stderr=subprocess.PIPE, check=False, text=True)
    assert done.stderr == ""
    assert done.returncode == 1


def test_a_stdout_that_is_closed(here: Path, scenario: Scenario) -> None:
    assert here.is_dir()
    command = " ".join([*PROGRAM, "evaluate", f"'{scenario('25')}'", "--out", "plan.json", ">&-"])
    done = subprocess.run(["/bin/sh", "-c", command], stderr=subprocess.PIPE, check=False, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (here / "plan.json").is_file()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110 - no path object is needed
def test_a_disk_that_is_full(here: Path) -> None:
    assert here.is_dir()
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123
        done = subprocess.run([*PROGRAM, "demo"], stdout=full, stderr=subprocess.PIPE, check=False, text=True)
    assert (done.returncode, done.stderr) == (2, "error: No space left on device\n")


# --- in this process ------------------------------------------------------------------------------------------------


def broken_by(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> int:
        raise error

    monkeypatch.setattr(demo.command, "callback", fails)


def test_stopped_from_the_keyboard(run: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert here.is_dir()
    broken_by(KeyboardInterrupt(), monkeypatch)
    ran = run("demo")
    assert (ran.code, ran.out, ran.err.strip()) == (130, "", "stopped")


def test_a_defect_of_ours_is_said_to_be_one(run: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert here.is_dir()
    broken_by(ZeroDivisionError("by zero"), monkeypatch)
    ran = run("demo")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ZeroDivisionError: by zero\n  This is a defect in policytrader")
    assert "POLICYTRADER_TRACEBACK=1" in ran.err
    monkeypatch.setenv("POLICYTRADER_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        run("demo")


def test_an_error_of_the_system_names_the_file(run: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert here.is_dir()
    broken_by(PermissionError(13, "Permission denied", "rules/entry.yaml"), monkeypatch)
    assert run("demo") == (2, "", "error: rules/entry.yaml: Permission denied\n")


def test_a_command_without_a_code_is_fine(run: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert here.is_dir()
    monkeypatch.setattr(demo.command, "callback", lambda **_: None)
    assert run("demo") == (0, "", "")
