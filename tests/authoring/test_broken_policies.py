"""Broken policies, each with what ``policytrader validate`` says about it beside it.

``POLICYTRADER_UPDATE_EXPECTED=1`` writes the outputs anew; read the difference before it is committed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from click.testing import CliRunner

from policytrader.authoring.codes import CHECKS, ERRORS
from policytrader.cli import group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POLICIES = Path(__file__).parents[1] / "policies"
SOURCES = Path(__file__).parents[2] / "src" / "policytrader"
BROKEN = sorted(
    [*(POLICIES / "broken").glob("*.yaml"), *(path for path in (POLICIES / "broken_sets").iterdir() if path.is_dir())]
)
UPDATE = "POLICYTRADER_UPDATE_EXPECTED" in os.environ

MADE_HERE = {"E002"}
"""Codes of policies that are too large to be committed; ``test_a_file_that_is_too_large_is_not_read`` makes one."""
DEFECTS_OF_OURS = {"E100", "E108"}
"""Codes that no policy can cause: models and schema disagree, or the installation has no schema."""

HEAD = re.compile(r"(?P<place>\S+?)(?P<position>:\d+:\d+)?  (?P<code>[EW]\d{3})  (?P<message>.+)")
OUR_INSIDES = re.compile(
    r"(?i)pydantic|jsonschema|traceback|validationerror|\binput should\b|discriminator|tuple|\bdict\b|\bint\b|\bstr\b|"
    r"nonetype|<(all|anyof|not|leaf|invalidatedby)>|union|\bliteral\b|under any of the given schemas"
)


class Block(NamedTuple):
    """One finding as it is printed."""

    head: re.Match[str]
    lines: list[str]


def validate(*arguments: str) -> tuple[int, str]:
    """Exit code and what stands on stdout."""
    result = CliRunner().invoke(group, ["validate", *arguments], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    assert result.stderr == ""
    return result.return_value, result.stdout


def blocks(output: str) -> Iterator[Block]:
    """The findings of an output without its last line."""
    found: list[Block] = []
    for line in output.splitlines()[:-1]:
        if head := HEAD.fullmatch(line):
            found.append(Block(head, [line]))
        else:
            found[-1].lines.append(line)
    return iter(found)


def codes_in(output: str) -> set[str]:
    return {block.head["code"] for block in blocks(output)}


@pytest.fixture(autouse=True)
def _among_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Places are printed relative to the folder of policies."""
    monkeypatch.chdir(POLICIES)


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_what_is_wrong_is_told(path: Path) -> None:
    code, output = validate(str(path.relative_to(POLICIES)))
    expected = path.with_name(f"{path.stem}.expected.txt")
    if UPDATE:
        expected.write_text(output, encoding="utf-8")
    assert output == expected.read_text(encoding="utf-8")
    assert code == (1 if any(found.startswith("E") for found in codes_in(output)) else 0)


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_each_finding_has_place_caret_and_help_in_ten_lines(path: Path) -> None:
    _, output = validate(str(path.relative_to(POLICIES)))
    assert not OUR_INSIDES.search(output)
    found = list(blocks(output))
    assert found
    for head, lines in found:
        assert len(lines) <= 10
        assert head["message"][-1] not in ".:"
        rest = lines[1:]
        if head["position"]:
            source, caret, *rest = rest
            column = int(head["position"].rpartition(":")[2])
            assert re.fullmatch(r"  +\d+ \|( .*)?", source)
            assert re.fullmatch(r" +\| +\^+", caret)
            if len(source) < 120:
                assert caret.index("^") - caret.index("|") == column + 1
        assert rest
        assert all(line.startswith("  ") and line.strip() for line in rest)
        if head["code"] in CHECKS:
            assert f"`ignore: [{head['code']}]`" in rest[-1]


def test_every_code_occurs() -> None:
    expected = "".join(path.with_name(f"{path.stem}.expected.txt").read_text(encoding="utf-8") for path in BROKEN)
    missing = {code for code in ERRORS | CHECKS if f"  {code}  " not in expected}
    assert missing == MADE_HERE | DEFECTS_OF_OURS
    assert len(BROKEN) >= 40


def test_every_code_in_the_source_is_listed_and_no_other() -> None:
    written = [path for folder in ("authoring", "policy") for path in (SOURCES / folder).rglob("*.py")]
    texts = [path.read_text(encoding="utf-8") for path in written if path.name != "codes.py"]
    assert {code for text in texts for code in re.findall(r'"([EW]\d{3})"', text)} == {*ERRORS, *CHECKS}


def test_every_expected_output_has_its_policy() -> None:
    expected = {path.with_name(f"{path.stem}.expected.txt") for path in BROKEN}
    assert expected == {*POLICIES.glob("*/*.expected.txt")}


# -- what cannot be committed ------------------------------------------------------------------------------------------


@pytest.fixture
def rules(tmp_path: Path, project_root: Path) -> Path:
    """A copy of the shipped rules."""
    folder = tmp_path / "rules"
    folder.mkdir()
    for path in (project_root / "rules" / "racing").glob("*.yaml"):
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def only_finding(path: Path) -> str:
    code, output = validate(str(path))
    assert code == 1
    (block,) = blocks(output)
    return block.head["code"] + " " + block.head["message"]


def test_the_copied_rules_are_in_order(rules: Path) -> None:
    assert validate(str(rules)) == (0, "6 files, ok\n")


def test_a_link_out_of_the_folder_is_refused(rules: Path, tmp_path: Path) -> None:
    outside = tmp_path / "schedule.yaml"
    (rules / "schedule.yaml").rename(outside)
    (rules / "schedule.yaml").symlink_to(outside)
    assert only_finding(rules) == "E001 the file is a link that leads out of the policy's folder"


def test_a_link_within_the_folder_is_followed(rules: Path) -> None:
    (rules / "schedule.yaml").rename(rules / "schedule.text")
    (rules / "schedule.yaml").symlink_to("schedule.text")
    assert validate(str(rules)) == (0, "6 files, ok\n")


@pytest.mark.parametrize("target", ["schedule.yaml", "nowhere.yaml"])
def test_a_link_that_leads_nowhere_is_told(rules: Path, target: str) -> None:
    (rules / "schedule.yaml").unlink()
    (rules / "schedule.yaml").symlink_to(rules / target)
    assert only_finding(rules).startswith("E001 ")


@pytest.mark.parametrize("name", ["schedule.yaml", "."])
def test_what_may_not_be_read_is_told(rules: Path, name: str) -> None:
    locked = rules / name
    mode = locked.stat().st_mode
    locked.chmod(0)
    try:
        if os.access(locked, os.R_OK):
            pytest.skip("this user may read everything (root), so there is nothing to refuse")
        assert only_finding(rules).startswith("E001 ")
    finally:
        locked.chmod(mode)


def test_a_pipe_is_not_waited_for(rules: Path) -> None:
    (rules / "schedule.yaml").unlink()
    os.mkfifo(rules / "schedule.yaml")
    assert only_finding(rules) == "E001 this is not a regular file"


def test_a_file_that_is_too_large_is_not_read(rules: Path) -> None:
    (rules / "schedule.yaml").write_bytes(b"# " + b"x" * 300_000 + b"\n")
    assert only_finding(rules) == "E002 the file is larger than 256 KB"


def test_a_file_name_cannot_steer_the_terminal(rules: Path) -> None:
    path = rules / "a\x1b[2J\udce9.yaml"
    try:
        path.write_text("policy: nothing\n", encoding="utf-8")
    except (OSError, ValueError):
        pytest.skip("this file system takes no such name")
    _, output = validate(str(rules))
    assert r"a\x1b[2J\udce9.yaml:1:9  E107" in output
    assert "\x1b" not in output


# -- bounds ------------------------------------------------------------------------------------------------------------

# Seconds of the processor, not of the clock: the machine may be busy with something else.
MEASURE = """
import sys, time
from policytrader.cli import main
try:
    main()
finally:
    with open("/proc/self/status") as status:
        kilobytes = [line.split()[1] for line in status if line.startswith("VmHWM")][0]
    print(time.process_time(), kilobytes, file=sys.stderr)
"""
MAXIMUM_SECONDS = 2
MAXIMUM_KILOBYTES = 300_000


def _rules(count: int, condition: Callable[[int], str]) -> str:
    listed = (
        f"- {{id: r{number}, title: abc, why: abc, when: {condition(number)}, then: {{hold: abc}}}}\n"
        for number in range(count)
    )
    return "policy: validation\nversion: 1\nrules:\n" + "".join(listed)


def _any_prices(number: int) -> str:
    return (
        f"{{any: [{', '.join(f'{{field: runner.best_back, op: eq, value: {number + price}}}' for price in range(8))}]}}"
    )


LARGE: dict[str, Callable[[], str]] = {
    "five megabytes of aliases": lambda: "a: &a [x]\nb: [" + "*a, " * 1_250_000 + "x]\n",
    "a quarter of a megabyte of aliases": lambda: "a: &a [x]\nb: [" + "*a, " * 60_000 + "x]\n",
    "aliases of aliases": lambda: (
        "a0: &a0 x\n"
        + "".join(f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 9)}]\n" for number in range(1, 30))
    ),
    "brackets": lambda: "[" * 250_000,
    "nine thousand unknown keys": lambda: "policy: schedule\n" + "".join(f"k{number}: 1\n" for number in range(9000)),
    "unknown fields": lambda: _rules(
        1, lambda _: f"{{all: [{', '.join(['{field: runner.best_bakc, op: gt, value: 2}'] * 2800)}]}}"
    ),
    "nine hundred rules": lambda: _rules(
        900, lambda number: f"{{field: runner.best_back, op: eq, value: {number + 2}}}"
    ),
    "conditions with many ways": lambda: _rules(
        1, lambda _: f"{{all: [{', '.join(map(_any_prices, range(2, 202)))}]}}"
    ),
}


@pytest.mark.parametrize("name", LARGE)
def test_no_file_takes_long_or_much_memory(name: str, tmp_path: Path) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc/self/status, where Linux tells how much memory was used")
    path = tmp_path / "large.yaml"
    path.write_text(LARGE[name](), encoding="utf-8")
    command = [sys.executable, "-c", MEASURE, "validate", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    (measured,) = result.stderr.splitlines()
    seconds, kilobytes = map(float, measured.split())
    assert result.returncode in {0, 1}
    assert HEAD.match(result.stdout)
    assert kilobytes < MAXIMUM_KILOBYTES
    assert seconds < MAXIMUM_SECONDS
