"""``policytrader docs``: the reference, as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from policytrader.cli.context import FINE, Context, print_json
from policytrader.cli.written import write_files
from policytrader.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

DOCS_SCHEMA = "policytrader/docs/1"


def topics() -> dict[str, tuple[str, Callable[[], str]]]:
    """Every topic: its line in the list, and what makes its page."""
    from policytrader.authoring.reference.topics import TOPICS

    return {**TOPICS, "commands": ("Every command with its arguments and options.", commands_page)}


@click.command(short_help="Print the reference: fields, operators, errors, reasons.")
@click.argument("topic", required=False)
@click.option("--write", metavar="DIR", help="Write the pages to this folder, as TOPIC.md.")
@click.option("--json", "as_json", is_flag=True, help="One document.")
@click.pass_obj
def command(context: Context, topic: str | None, write: str | None, as_json: bool) -> int:
    """Print the reference page of TOPIC as Markdown, or list the topics."""
    from policytrader.authoring.suggest import did_you_mean

    known = topics()
    if topic is not None and topic not in known:
        message = f"no topic `{topic}`{did_you_mean(topic, known)}\n  The topics: {', '.join(known)}."
        raise UsageError(message)
    chosen = {topic: known[topic]} if topic else known
    if write is not None:
        write_files(context, write, {f"{name}.md": make() for name, (_, make) in chosen.items()}, as_json=as_json)
    elif as_json:
        print_json({"schema": DOCS_SCHEMA, "pages": {name: make() for name, (_, make) in chosen.items()}})
    elif topic:
        click.echo(known[topic][1](), nl=False)
    else:
        for name, (line, _) in known.items():
            click.echo(f"{name:<13}{line}")
    return FINE


def commands_page() -> str:
    """Every command, from click itself."""
    from policytrader.authoring.reference.markdown import code, page, table
    from policytrader.cli import COMMANDS, group

    # With the group's own settings: click keeps the help option of the first context that a command meets.
    top = click.Context(group, info_name="policytrader", **group.context_settings)
    parts = [table(("command", "does"), [(f"[`{name}`](#{name})", line) for name, (_, line) in COMMANDS.items()])]
    parts += ["## Options of every command", "Before the command's name.", _options(group, top)]
    for name in COMMANDS:
        found = group.get_command(top, name)
        assert found is not None, "it is on the list"
        parts += _command_parts(found, click.Context(found, info_name=name, parent=top), "##")
    exits = table(
        ("exit code", "means"),
        [
            (code(0), "Fine."),
            (code(1), "Findings: invalid rules, a failed test, a broken input."),
            (code(2), "Wrong usage, or a defect in policytrader."),
            (code(3), "Changes are there (`--detailed-exitcode`)."),
            (code(4), "An exchange or database is out of reach."),
            (code(5), "Refused by a safety latch."),
        ],
    )
    return page("Commands", "commands", *parts, "## Exit codes", exits)


def _command_parts(found: click.Command, ctx: click.Context, level: str) -> list[str]:
    """One command, and the commands below it."""
    path = ctx.command_path.removeprefix("policytrader ")
    usage = " ".join([ctx.command_path, *found.collect_usage_pieces(ctx)])
    parts = [f"{level} {path}", f"```\n{usage}\n```", _help_text(found), _options(found, ctx)]
    if isinstance(found, click.Group):
        for name in found.list_commands(ctx):
            below = found.get_command(ctx, name)
            assert below is not None, "it is on the list"
            parts += _command_parts(below, click.Context(below, info_name=name, parent=ctx), level + "#")
    return parts


def _help_text(found: click.Command) -> str:
    """The help as Markdown: what click keeps as it is (after its mark) becomes a block."""
    text = (found.help or "").strip()
    parts = []
    for paragraph in text.split("\n\n"):
        kept = paragraph.removeprefix("\b\n")
        parts.append(f"```\n{kept}\n```" if kept != paragraph else " ".join(paragraph.split()))
    return "\n\n".join(parts)


def _options(found: click.Command, ctx: click.Context) -> str:
    from policytrader.authoring.reference.markdown import code, table

    records = [one.get_help_record(ctx) for one in found.params if isinstance(one, click.Option)]
    rows = [(code(names), text) for names, text in filter(None, records)]
    return table(("option", "means"), rows) if rows else ""
