"""What a user can get wrong: always 1 or 2, a few readable lines, never a traceback, never a long wait."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Ran, Run, Scenario

SECONDS = 2.0
FIRST_LINE = re.compile(r"^(?:\S.*  [A-Z]\d{3}  |error: |Error: |Usage: )", re.MULTILINE)


def check(ran: Ran, seconds: float) -> None:
    """Exit 1 or 2, something to read, at most ten lines for each error, and nothing of our inside."""
    told = ran.err or ran.out
    assert ran.code in {1, 2}, told
    assert told.strip()
    assert "Traceback" not in ran.out + ran.err
    assert "defect in policytrader" not in ran.err
    assert not re.search(r"\b[A-Z]\w+(Error|Exception)\b", ran.err), told
    starts = [found.start() for found in FIRST_LINE.finditer(told)]
    assert starts, told
    assert starts[0] == 0
    for start, end in zip(starts, [*starts[1:], len(told)], strict=True):
        assert len(told[start:end].splitlines()) <= 10, told[start:end]
    assert seconds < SECONDS


def checked(run: Run, *arguments: str | Path) -> Ran:
    start = time.process_time()
    ran = run(*arguments)
    check(ran, time.process_time() - start)
    return ran


@pytest.fixture
def broken(here: Path, scenario: Scenario) -> Path:
    """A right snapshot folder ``snapshot``, to be broken."""
    shutil.copytree(scenario("25"), here / "snapshot")
    (here / "empty").mkdir()
    (here / "file").write_text("text\n", "utf-8")
    return here


# --- arguments ------------------------------------------------------------------------------------------------------

LONG = "x" * 5000

ARGUMENTS: list[tuple[str, int, str]] = [
    # the snapshot
    ("evaluate nowhere", 1, "nowhere  S101  there is no such folder"),
    ("evaluate file", 1, "file  S102  this is a file, not a folder"),
    ("evaluate snapshot/orders.csv", 1, "orders.csv  S102  this is a file, not a folder"),
    ("evaluate empty", 1, "empty/snapshot.yaml  S101  there is no such file"),
    ("evaluate snapshot nowhere", 1, "nowhere  S101"),
    (f"evaluate {LONG}", 1, "File name too long"),
    ("evaluate", 2, "name a snapshot folder"),
    ("explain profit", 2, "name a snapshot folder"),
    ("explain", 2, "name a selection, and the snapshot that it is in; or --decision ID"),
    ("explain profit nowhere", 1, "nowhere  S101"),
    # the policy
    ("evaluate snapshot --policy nowhere", 2, "no policy at nowhere"),
    ("evaluate snapshot --policy empty", 1, "empty  E001"),
    ("evaluate snapshot --policy file", 1, "file"),
    ("evaluate snapshot --policy snapshot", 1, "snapshot/snapshot.yaml:1:1"),
    ("evaluate snapshot --policy snapshot/runners.csv", 1, "runners.csv"),
    (f"evaluate snapshot --policy {LONG}", 2, "File name too long"),
    ("evaluate snapshot --policy", 2, "Option '--policy' requires an argument"),
    ("evaluate snapshot --policy a --policy b --policy c", 2, "two policies can be compared"),
    ("evaluate snapshot --policy a --policy b --against c", 2, "two policies can be compared"),
    ("evaluate snapshot --against nowhere", 2, "no policy at nowhere"),
    ("evaluate snapshot --against active", 2, "no store holds an active policy yet"),
    ("explain profit snapshot --policy nowhere", 2, "no policy at nowhere"),
    ("test --policy nowhere", 2, "no policy at nowhere"),
    ("demo --policy nowhere", 2, "no policy at nowhere"),
    # files to write
    ("evaluate snapshot --out nowhere/plan.json", 2, "--out nowhere/plan.json: cannot be written: No such file"),
    ("evaluate snapshot --out empty", 2, "--out empty: cannot be written: Is a directory"),
    ("recording import file", 2, "Missing option '--out'"),
    ("recording import nowhere --out recorded", 2, "nowhere: no such file or folder"),
    ("recording import file --out file", 1, "file  R104  cannot be written"),
    ("recording import --out recorded", 2, "Missing argument 'FILE...'"),
    ("recording import file --out recorded", 1, "file:1:1"),
    # the project
    ("-C nowhere evaluate snapshot", 2, "--project nowhere: no such folder"),
    ("-C file evaluate snapshot", 2, "--project file: no such folder"),
    (f"-C {LONG} evaluate snapshot", 2, "File name too long"),
    ("--profile nothing evaluate snapshot", 2, "--profile nothing: there is no config/nothing.yaml"),
    ("--profile ../file evaluate snapshot", 2, "--profile ../file: there is no"),
    (f"--profile {LONG} evaluate snapshot", 2, "File name too long"),
    ("--tz Mars/Olympus evaluate snapshot", 2, "--tz Mars/Olympus: no such time zone"),
    ("--tz ../../etc/passwd evaluate snapshot", 2, "no such time zone"),
    ("--tz /etc/passwd evaluate snapshot", 2, "no such time zone"),
    ("--tz . evaluate snapshot", 2, "no such time zone"),
    (f"--tz {LONG} evaluate snapshot", 2, "no such time zone"),
    ("--now yesterday evaluate snapshot", 2, "--now yesterday: not an ISO 8601 time with a zone"),
    ("--now 2026-05-02T12:00:00 evaluate snapshot", 2, "not an ISO 8601 time with a zone"),
    ("--now 2026-02-30T12:00:00Z evaluate snapshot", 2, "--now 2026-02-30T12:00:00Z: day is out of range"),
    ("--now 0001-01-01T00:00:00+14:00 evaluate snapshot", 2, "outside of the calendar"),
    ("--now 9999-12-31T23:59:59Z evaluate snapshot", 2, "outside of the calendar"),
    ("--now", 2, "Option '--now' requires an argument"),
    # the tests
    ("test no-such-test", 2, "no test matches `no-such-test`"),
    ("test --golden nowhere", 2, "--golden nowhere: no such folder"),
    ("test --golden file", 2, "--golden file: no such folder"),
    ("test --golden empty", 2, "no scenarios in empty"),
    # others
    ("init file", 2, "file"),
    ("init snapshot/orders.csv/deep", 2, "cannot be written: Not a directory"),
    ("completion", 2, "Missing argument"),
    ("completion tcsh", 2, "'tcsh' is not one of 'bash', 'zsh', 'fish'"),
    ("recording", 2, "Usage: policytrader recording"),
    ("recording export", 2, "No such command 'export'"),
    ("demo snapshot", 2, "unexpected extra argument"),
    ("-q evalaute", 2, "Did you mean `evaluate`?"),
    ("validate nowhere", 2, "nowhere"),
    ("validate empty", 1, "empty"),
    ("validate file", 1, "file"),
    ("schema nothing", 2, "nothing"),
    ("docs nothing", 2, "nothing"),
    ("sql --policy nowhere", 2, "nowhere"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "code", "told"), ARGUMENTS, ids=[line[:50] for line, *_ in ARGUMENTS])
def test_arguments(line: str, code: int, told: str, run: Run, broken: Path) -> None:
    before = sorted(str(path) for path in broken.rglob("*"))
    ran = checked(run, *line.split(" "))
    assert ran.code == code
    assert told in ran.err + (ran.out if code == 1 else "")
    after = sorted(str(path) for path in broken.rglob("*") if "recorded" not in path.parts)
    assert after == before


@pytest.mark.parametrize("option", ["-C", "--profile", "--tz", "--now"])
def test_an_empty_text(option: str, run: Run, broken: Path) -> None:
    assert broken.is_dir()
    if option == "-C":
        assert run(option, "", "evaluate", "snapshot").code == 0
    else:
        assert checked(run, option, "", "evaluate", "snapshot").code == 2


# --- snapshots ------------------------------------------------------------------------------------------------------

Breaks: TypeAlias = Callable[["Path"], object]


def replaced(name: str, old: str, new: str) -> Breaks:
    def do(folder: Path) -> None:
        path = folder / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    return do


def binary(name: str) -> Breaks:
    return lambda folder: (folder / name).write_bytes(bytes(range(256)) * 40)


def a_folder_for_a_file(folder: Path) -> None:
    (folder / "orders.csv").unlink()
    (folder / "orders.csv").mkdir()


def five_megabytes_of_one_line(folder: Path) -> None:
    (folder / "runners.csv").write_text("market_id," + "x" * 5_000_000, "utf-8")


SNAPSHOTS: dict[str, tuple[Breaks, str]] = {
    "not a number": (replaced("runners.csv", "4.6,40,", "NaN,40,"), "runners.csv:2:31  S106  `best_back`: `NaN`"),
    "infinite": (replaced("runners.csv", "4.6,40,", "Infinity,40,"), "`Infinity` is not a plain number"),
    "exponent": (replaced("runners.csv", "4.6,40,", "4.6,1e9,"), "runners.csv:2:35  S106  `best_back_size`: `1e9`"),
    "negative": (replaced("runners.csv", "4.6,40,", "4.6,-40,"), "`best_back_size`: `-40`"),
    "off the ladder": (replaced("runners.csv", "4.6,40,", "4.65,40,"), "`best_back`: `4.65`"),
    "thousands": (replaced("runners.csv", "4.6,40,", '4.6,"1,000",'), "best_back_size"),
    "unknown status": (replaced("markets.csv", "OPEN", "OPENED"), "did you mean `OPEN`?"),
    "unknown column": (replaced("orders.csv", "placed_at", "placed_on"), "orders.csv:1:"),
    "time without a zone": (replaced("markets.csv", "13:19:56Z", "13:19:56"), "markets.csv:2:"),
    "control character": (replaced("runners.csv", "Candlewick", "Candle\x07wick"), "control character"),
    "binary head": (binary("snapshot.yaml"), "S120  byte 0x80 at offset 128 is not UTF-8"),
    "binary table": (binary("markets.csv"), "markets.csv"),
    "empty table": (lambda folder: (folder / "markets.csv").write_bytes(b""), "markets.csv"),
    "empty head": (lambda folder: (folder / "snapshot.yaml").write_bytes(b""), "snapshot.yaml"),
    "a table missing": (lambda folder: (folder / "orders.csv").unlink(), "orders.csv  S101  this file is missing"),
    "a folder for a file": (a_folder_for_a_file, "orders.csv"),
    "five megabytes of one line": (five_megabytes_of_one_line, "runners.csv"),
    "rules that are not there": (replaced("snapshot.yaml", 'now: "', 'policy: nowhere\nnow: "'), "no policy at"),
    "rules that are no rules": (replaced("snapshot.yaml", 'now: "', 'policy: "."\nnow: "'), "snapshot.yaml:3:9  E107"),
    "no time": (replaced("snapshot.yaml", "now:", "then:"), "snapshot.yaml:3:1"),
    "a link to itself": (lambda folder: _loop(folder / "runners.csv"), "runners.csv"),
}


def _loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_snapshots(name: str, run: Run, broken: Path) -> None:
    breaks, told = SNAPSHOTS[name]
    breaks(broken / "snapshot")
    ran = checked(run, "evaluate", "snapshot")
    assert ran.out == ""
    assert told in ran.err
    assert checked(run, "explain", "profit", "snapshot").err == ran.err
    assert checked(run, "evaluate", "snapshot", "--json").err == ran.err


# --- rules ----------------------------------------------------------------------------------------------------------


def aliases() -> str:
    """Five megabytes of aliases: an alias bomb for whoever expands them."""
    nested = "".join(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 20))
    return "a0: &a0 [x, x]\n" + nested + "all:\n" + "  - *a19\n" * 550_000


RULES: dict[str, tuple[Callable[[], str], str]] = {
    "five megabytes of aliases": (aliases, "entry.yaml  E002  the file is larger than 256 KB"),
    "an alias bomb": (lambda: aliases()[:4000], "entry.yaml:1:5  E008  an anchor is not allowed"),
    "a hundred thousand brackets": (lambda: "[" * 100_000, "entry.yaml:1:21  E007"),
    "a hundred thousand keys": (lambda: "".join(f"k{number}: 1\n" for number in range(20_000)), "entry.yaml"),
    "a tag": (lambda: "policy: !!python/object/apply:os.system ['true']\n", "entry.yaml:1:9  E008"),
    "two documents": (lambda: "policy: entry\n---\npolicy: entry\n", "entry.yaml:2:1"),
    "a tab": (lambda: "policy: entry\n\tversion: 1\n", "entry.yaml:2:1"),
    "a merge": (lambda: "policy: entry\n<<: {version: 1}\n", "entry.yaml:2:1"),
    "nothing": (lambda: "", "entry.yaml"),
    "a number": (lambda: "1\n", "entry.yaml:1:1"),
    "a huge number": (lambda: "policy: entry\nversion: " + "9" * 10_000 + "\n", "entry.yaml:2:10"),
}


@pytest.mark.parametrize("name", RULES)
def test_rules(name: str, run: Run, broken: Path, project_root: Path) -> None:
    text, told = RULES[name]
    shutil.copytree(project_root / "rules", broken / "rules")
    (broken / "rules" / "racing" / "entry.yaml").write_text(text(), "utf-8")
    ran = checked(run, "evaluate", "snapshot")
    assert (ran.code, ran.out) == (1, "")
    assert f"rules/racing/{told}" in ran.err
    assert checked(run, "test").code == 1
    assert checked(run, "validate").code == 1


def test_rules_in_a_folder_for_a_file(run: Run, broken: Path, project_root: Path) -> None:
    shutil.copytree(project_root / "rules", broken / "rules")
    (broken / "rules" / "racing" / "entry.yaml").unlink()
    (broken / "rules" / "racing" / "entry.yaml").mkdir()
    assert checked(run, "evaluate", "snapshot").code == 1


# --- what may not be read or written --------------------------------------------------------------------------------


@pytest.fixture
def bound_by_permissions(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Root may read and write everything, whatever the permissions say."""
    closed = tmp_path_factory.mktemp("closed") / "file"
    closed.touch(0)
    if os.access(closed, os.R_OK):
        pytest.skip("the user who runs the tests (root?) may read what nobody may read")


@pytest.mark.usefixtures("bound_by_permissions")
@pytest.mark.parametrize("name", ["snapshot/snapshot.yaml", "snapshot/orders.csv", "rules/racing/entry.yaml"])
def test_a_file_that_may_not_be_read(name: str, run: Run, broken: Path, project_root: Path) -> None:
    shutil.copytree(project_root / "rules", broken / "rules")
    (broken / name).chmod(0)
    ran = checked(run, "evaluate", "snapshot")
    assert ran.err.startswith(f"{name}  ")
    assert "this file may not be read" in ran.err


@pytest.mark.usefixtures("bound_by_permissions")
def test_a_folder_that_may_not_be_written(run: Run, broken: Path) -> None:
    (broken / "empty").chmod(0o555)
    assert "Permission denied" in checked(run, "init", "empty").err
    assert "Permission denied" in checked(run, "evaluate", "snapshot", "--out", "empty/plan.json").err


@pytest.mark.usefixtures("bound_by_permissions")
def test_a_scenario_that_may_not_be_updated(run: Run, broken: Path, scenario: Scenario) -> None:
    shutil.copytree(scenario("25"), broken / "golden" / "one")
    (broken / "golden" / "one" / "expected.json").write_text('{"decisions": []}', "utf-8")
    (broken / "golden" / "one" / "expected.json").chmod(0o444)
    ran = checked(run, "test", "--golden", "golden", "--update")
    assert ran.code == 2
    assert "expected.json: Permission denied" in ran.err


# --- profiles -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("profile: paper\nmode: paper\ncurrency: GPB\n", "paper.yaml:3:11  C103"),
        ("profile: paper\nmode: paper\ncurency: GBP\n", "unknown key `curency`; did you mean `currency`?"),
        ("profile: live\nmode: live\ncurrency: GBP\n", "`profile` must be `paper`, the file's name"),
        ("- profile\n", "a profile is a mapping"),
        ("profile: paper\nmode: [paper]\ncurrency: GBP\n", "`mode` must be one of paper, live"),
        ("profile: paper\nmode: {}\ncurrency: 5\n", "2 errors"),
        ("", "config/paper.yaml"),
        ("profile: paper\n  mode: paper\n", "paper.yaml:2:"),
    ],
)
def test_profiles(text: str, told: str, run: Run, broken: Path) -> None:
    (broken / "config").mkdir()
    (broken / "config" / "paper.yaml").write_text(text, "utf-8")
    ran = checked(run, "evaluate", "snapshot")
    assert (ran.code, ran.out) == (1, "")
    assert told in ran.err
    assert run("doctor").code == 1
