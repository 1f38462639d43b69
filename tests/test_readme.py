"""README shows real output: every block between ``output`` marks is what the command prints now.

Of the demo it shows an excerpt, which the demo's own tests compare: they have run it.
"""

import re
import shlex
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner

from policytrader.cli import group

README = "README.md"
_BLOCK = re.compile(
    r"<!-- output: (?P<command>policytrader [^\n]*) -->\n```\n(?P<text>.*?)```\n<!-- /output -->", re.DOTALL
)

DEMO = "policytrader demo --out demo-day"
_EXCERPT = re.compile(
    rf"<!-- excerpt: {re.escape(DEMO)} -->\n```\n\$ {re.escape(DEMO)}\n(?P<text>.*?)```\n<!-- /excerpt -->", re.DOTALL
)
_LEFT_OUT = "…\n"


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


def run_demo() -> str:
    with TemporaryDirectory() as folder, chdir(folder):
        return excerpt(run(DEMO).partition("\n")[2])


if __name__ == "__main__":
    path = Path(README)
    demo = run_demo()
    shown = _EXCERPT.sub(
        lambda _: f"<!-- excerpt: {DEMO} -->\n```\n$ {DEMO}\n{demo}```\n<!-- /excerpt -->", path.read_text("utf-8")
    )
    path.write_text(
        _BLOCK.sub(
            lambda match: f"<!-- output: {match['command']} -->\n```\n{run(match['command'])}```\n<!-- /output -->",
            shown,
        ),
        "utf-8",
    )
