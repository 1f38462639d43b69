"""Help: every option of every command is in it, and a slip of the finger is answered with the right word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
import pytest

from policytrader.cli import COMMANDS, group

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Run


def all_commands() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (name,), command
        if isinstance(command, click.Group):
            yield from (((name, below), one) for below, one in command.commands.items())


ALL = list(all_commands())


@pytest.mark.parametrize(("words", "command"), ALL, ids=[" ".join(words) for words, _ in ALL])
def test_every_option_is_in_the_help(words: tuple[str, ...], command: click.Command, run: Run, here: Path) -> None:
    assert here.is_dir()
    ran = run(*words, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: policytrader {' '.join(words)} ")
    assert run(*words, "-h") == ran
    flat = " ".join(ran.out.split())
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert all(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", ran.out) for name in parameter.opts)
            assert parameter.help, parameter.opts
            assert parameter.help in flat
            assert parameter.help.endswith((".", ":", ")")), parameter.help
        else:
            assert parameter.make_metavar(click.Context(command)) in flat
    assert command.help
    assert command.help.split(".")[0].split("\n")[0] in flat
    assert "\\b" not in ran.out


def test_the_reference_leaves_the_help_as_it_was(run: Run, here: Path) -> None:
    """Click keeps the help option that a command was first asked for; the reference asks in a context of its own."""
    assert here.is_dir()
    commands = [group, *(command for _, command in ALL)]
    for command in commands:
        command._help_option = None  # as in a process that has shown no help yet
    assert "## evaluate" in run("docs", "commands").out
    assert all(run(*words, "-h").code == 0 for words, _ in ALL)


def test_the_list_of_commands(run: Run, here: Path) -> None:
    assert here.is_dir()
    ran = run("--help")
    assert (ran.code, ran.err) == (0, "")
    flat = " ".join(ran.out.split())
    for name, (_, line) in COMMANDS.items():
        assert f"{name} {line}" in flat
    for option in (
        "-C, --project DIR",
        "--profile NAME",
        "--tz ZONE",
        "--now ISO",
        "--no-color",
        "-v, --verbose",
        "-q",
    ):
        assert option in ran.out
    assert "\n  policytrader validate        are they in order?\n" in ran.out
    assert run("-h") == ran


def test_a_commands_line_is_its_own(run: Run, here: Path) -> None:
    """The list is written apart from the commands, so that it needs none of them."""
    assert here.is_dir()
    assert run("--version").out == "policytrader, version 0.1.0\n"
    for words, command in ALL:
        if len(words) == 1 and not isinstance(command, click.Group):
            assert command.short_help == COMMANDS[words[0]][1], words


def test_without_a_command_the_list_is_shown(run: Run, here: Path) -> None:
    assert here.is_dir()
    ran = run()
    assert ran.code == 2
    assert ran.out == ""
    assert "Commands:" in ran.err


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("evalute", "No such command `evalute`. Did you mean `evaluate`?"),
        ("tests", "Did you mean `test`?"),
        ("recordings", "Did you mean `recording`?"),
        ("zzz", "No such command `zzz`. `policytrader --help` lists the commands."),
        ("", "No such command ``."),
    ],
)
def test_a_command_that_is_none(word: str, told: str, run: Run, here: Path) -> None:
    assert here.is_dir()
    ran = run(word)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err


@pytest.mark.parametrize(("words", "command"), ALL, ids=[" ".join(words) for words, _ in ALL])
def test_an_option_that_is_none(words: tuple[str, ...], command: click.Command, run: Run, here: Path) -> None:
    """It is refused before the command does anything."""
    ran = run(*words, "--jsno")
    assert (ran.code, ran.out) == (2, "")
    assert "No such option" in ran.err
    assert "--jsno" in ran.err
    if any("--json" in parameter.opts for parameter in command.params):
        assert "Did you mean" in ran.err
        assert "'--json'" in ran.err
    assert list(here.iterdir()) == []
