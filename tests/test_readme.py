"""README shows real output: every block between ``output`` marks is what the command prints now.

Of the demo it shows an excerpt, which the demo's own tests compare: they have run it.
"""

import re
import shlex
import shutil
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner

from policytrader.cli import group
from policytrader.resources import resource
from tests.policy_edits import edit_racing

README = "README.md"
_BLOCK = re.compile(
    r"<!-- output: (?P<command>policytrader [^\n]*) -->\n```\n(?P<text>.*?)```\n<!-- /output -->", re.DOTALL
)

SHORT = "reference_price, op: lt, value: 6"

DEMO = "policytrader demo --out demo-day"
_EXCERPT = re.compile(
    rf"<!-- excerpt: {re.escape(DEMO)} -->\n```\n\$ {re.escape(DEMO)}\n(?P<text>.*?)```\n<!-- /excerpt -->", re.DOTALL
)
_LEFT_OUT = "…\n"

SEASON = "policytrader recording generate --days 2 --races 4 --seed 7 --out history"
REPLAY = "policytrader replay history --selections history/selections.csv --policy rules --policy bolder"
_HISTORY = re.compile(rf"<!-- excerpt: {re.escape(REPLAY)} -->\n```\n(?P<text>.*?)```\n<!-- /excerpt -->", re.DOTALL)


def excerpt(text: str) -> str:
    """The demo's head, the first withdrawal with the cash-out that follows, the totals and what to do next."""
    lines = text.splitlines(keepends=True)
    withdrawn = next(number for number, line in enumerate(lines) if "  withdrawn  " in line)
    closed = next(number for number, line in enumerate(lines) if ": closed, " in line)
    totals = next(number for number, line in enumerate(lines) if line.startswith("net  "))
    parts = (lines[:3], lines[withdrawn : closed + 1], lines[totals:])
    return _LEFT_OUT.join("".join(part) for part in parts)


def excerpts(text: str) -> list[str]:
    return [match["text"] for match in _EXCERPT.finditer(text)]


def run(command: str) -> str:
    result = CliRunner().invoke(group, shlex.split(command)[1:], catch_exceptions=False)
    return f"$ {command}\n{result.stdout}"


def blocks(text: str) -> list[tuple[str, str]]:
    return [(match["command"], match["text"]) for match in _BLOCK.finditer(text)]


def test_shown_output_is_real(project_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project_root)
    shown = blocks(Path(README).read_text("utf-8"))
    assert len(shown) >= 2
    for command, text in shown:
        assert text == run(command), f"README shows another output for `{command}`: run `make readme`"


def history_excerpt(text: str) -> str:
    """What was replayed, the first totals, what differs, and the first difference with its cause."""
    lines = text.splitlines(keepends=True)
    totals = next(number for number, line in enumerate(lines) if line.startswith("net profit  "))
    verdict = next(number for number, line in enumerate(lines) if " selections differ; " in line)
    first = next(number for number, line in enumerate(lines) if line.startswith("    rule "))
    parts = (lines[:5], lines[totals - 1 : totals + 6], lines[verdict : first + 3])
    return f"$ {SEASON}\n{_LEFT_OUT}$ {REPLAY}\n" + _LEFT_OUT.join("".join(part) for part in parts) + _LEFT_OUT


def run_history() -> str:
    """With rules that take a price under 6 for a short one, and no longer one under 12."""
    with TemporaryDirectory() as folder, chdir(folder):
        for name in ("rules", "bolder"):
            shutil.copytree(resource("rules"), name)
        edit_racing(Path("bolder/racing"), ("validation", "reference_price, op: lt, value: 12", SHORT))
        run(SEASON)
        return history_excerpt(run(REPLAY).partition("\n")[2])


@pytest.mark.engine
def test_the_replay_that_is_shown_is_real(project_root: Path) -> None:
    (shown,) = (match["text"] for match in _HISTORY.finditer((project_root / README).read_text("utf-8")))
    assert shown == run_history(), "README shows another replay: run `make readme`"


def run_demo() -> str:
    with TemporaryDirectory() as folder, chdir(folder):
        return excerpt(run(DEMO).partition("\n")[2])


if __name__ == "__main__":
    path = Path(README)
    demo = run_demo()
    shown = _EXCERPT.sub(
        lambda _: f"<!-- excerpt: {DEMO} -->\n```\n$ {DEMO}\n{demo}```\n<!-- /excerpt -->", path.read_text("utf-8")
    )
    replay = run_history()
    shown = _HISTORY.sub(lambda _: f"<!-- excerpt: {REPLAY} -->\n```\n{replay}```\n<!-- /excerpt -->", shown)
    path.write_text(
        _BLOCK.sub(
            lambda match: f"<!-- output: {match['command']} -->\n```\n{run(match['command'])}```\n<!-- /output -->",
            shown,
        ),
        "utf-8",
    )
