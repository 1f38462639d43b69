"""README shows real output: every block between ``output`` marks is what the command prints now."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from policytrader.cli import group

README = "README.md"
_BLOCK = re.compile(
    r"<!-- output: (?P<command>policytrader [^\n]*) -->\n```\n(?P<text>.*?)```\n<!-- /output -->", re.DOTALL
)


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


if __name__ == "__main__":
    path = Path(README)
    path.write_text(
        _BLOCK.sub(
            lambda match: f"<!-- output: {match['command']} -->\n```\n{run(match['command'])}```\n<!-- /output -->",
            path.read_text("utf-8"),
        ),
        "utf-8",
    )
