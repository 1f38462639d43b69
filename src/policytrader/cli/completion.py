"""``policytrader completion``: the shell's completion script."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from policytrader.cli.context import FINE

_HOW = {
    "bash": "policytrader completion bash > ~/.local/share/bash-completion/completions/policytrader",
    "zsh": "policytrader completion zsh > ~/.zfunc/_policytrader",
    "fish": "policytrader completion fish > ~/.config/fish/completions/policytrader.fish",
}

# "\b" keeps click from filling the lines of a paragraph.
_HELP = "Print the completion script for SHELL.\n\n\b\n" + "\n".join(_HOW.values())


@click.command(help=_HELP, short_help="Print the shell completion script.")
@click.argument("shell", type=click.Choice(list(_HOW)))
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print the completion script for SHELL."""
    kind = get_completion_class(shell)
    assert kind is not None, "click knows these three"
    click.echo(kind(ctx.find_root().command, {}, "policytrader", "_POLICYTRADER_COMPLETE").source())
    return FINE
