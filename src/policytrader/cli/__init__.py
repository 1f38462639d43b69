"""The command line: parse arguments, call a use case, print. No decisions, and nothing heavy before a command needs it.

One file per command; a command's module is imported when it is called, so that ``--help`` starts in no time.
"""

from __future__ import annotations

import sys
from importlib import import_module
from io import TextIOWrapper

import click

from policytrader import __version__
from policytrader.cli.context import Context, fail

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("policytrader.cli.init", "Write rules, config and a first scenario."),
    "validate": ("policytrader.cli.validate", "Check policies: form, meaning, lint."),
    "test": ("policytrader.cli.test", "Run the tests beside the rules and the golden scenarios."),
    "evaluate": ("policytrader.cli.evaluate", "Show the plan: what would be done, and why."),
    "explain": ("policytrader.cli.explain", "Show every rule and condition behind one decision."),
    "activate": ("policytrader.cli.activate", "Check a policy, store it, and let it decide from now on."),
    "select": ("policytrader.cli.select", "Import, add, list and revalidate the day's selections."),
    "contenders": ("policytrader.cli.contenders", "Mark horses as contenders; show the value table."),
    "run": ("policytrader.cli.run", "Trade the day's selections by the active policy; a dry run unless --live."),
    "status": ("policytrader.cli.status", "Show mode, leader, last tick, policy, levers, exposures."),
    "decisions": ("policytrader.cli.decisions", "Show the decision log: what was decided, when, and why."),
    "orders": ("policytrader.cli.orders", "Show the journal: every order, and what became of it."),
    "replay": ("policytrader.cli.replay", "Run a policy over recorded races; two policies: what differs, and why."),
    "report": ("policytrader.cli.report", "Show what a day came to: profit, fills, starting-price beat."),
    "pause": ("policytrader.cli.pause", "Open nothing new until somebody resumes."),
    "resume": ("policytrader.cli.resume", "Lift kill, pause and latches."),
    "kill": ("policytrader.cli.kill", "Send no order at all until somebody resumes."),
    "resolve": ("policytrader.cli.resolve", "Say what became of an order whose fate is unknown."),
    "reconcile": ("policytrader.cli.reconcile", "Compare the journal with the exchange, and record what is found."),
    "bets": ("policytrader.cli.bets", "Track bets: list, correct, settle by hand, import, export, statistics."),
    "grade": ("policytrader.cli.grade", "Settle tracked bets from match statistics, or grade a file of bets."),
    "alerts": ("policytrader.cli.alerts", "Rebuild alerts from ids and messages."),
    "schema": ("policytrader.cli.schema", "Print or write the JSON Schemas."),
    "sql": ("policytrader.cli.sql", "Print the statement that a policy compiles to."),
    "docs": ("policytrader.cli.docs", "Print the reference: fields, operators, errors, reasons."),
    "recording": ("policytrader.cli.recording", "Import recorded markets, list them, or generate them."),
    "record": ("policytrader.cli.record", "Record live prices: the Exchange Stream, market by market."),
    "exchange": ("policytrader.cli.exchange", "Serve the simulated exchange: Betfair's protocols on loopback."),
    "db": ("policytrader.cli.db", "Make, check and show the store's schema."),
    "doctor": ("policytrader.cli.doctor", "Check this installation and project."),
    "completion": ("policytrader.cli.completion", "Print the shell completion script."),
    "demo": ("policytrader.cli.demo", "Trade a whole generated race day in seconds: no network, no account."),
}
"""Command -> the module that holds it as ``command``, and its line in ``--help``."""


# "\b" keeps click from filling the lines of a paragraph.
_HELP = """Trading policy as YAML: validate it, test it, see the plan.

\b
policytrader init            a complete set of rules to begin with
policytrader validate        are they in order?
policytrader evaluate DIR    what would they do with this snapshot, and why?
"""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """In the order of a trader's day."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """With the nearest name when there is no such command."""
        from difflib import get_close_matches

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean `{near[0]}`?" if near else " `policytrader --help` lists the commands."
            message = f"No such command `{args[0]}`.{hint}"
            raise click.UsageError(message)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.command(cls=LazyGroup, help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="policytrader")
@click.option("-C", "--project", default=".", metavar="DIR", help="The project's folder; paths are relative to it.")
@click.option("--profile", default="paper", metavar="NAME", help="Settings from config/NAME.yaml.")
@click.option("--tz", "zone", default="Europe/London", metavar="ZONE", help="Zone of the times on screen.")
@click.option("--now", metavar="ISO", help="Use this time instead of the clock's.")
@click.option("--no-color", is_flag=True, help="No colours (also NO_COLOR).")
@click.option("-v", "--verbose", count=True, help="Say more on stderr.")
@click.option("-q", "--quiet", is_flag=True, help="Say less on stderr.")
@click.pass_context
def group(
    ctx: click.Context,
    project: str,
    profile: str,
    zone: str,
    now: str | None,
    no_color: bool,
    verbose: int,
    quiet: bool,
) -> None:
    """The global options; each command reads them from its context."""
    ctx.obj = Context.make(project, profile, zone, now, no_color=no_color, verbosity=0 if quiet else 1 + verbose)


def main() -> None:
    """Run a command; whatever goes wrong ends in one readable message and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without the letter shows `?`, not an error
    try:
        result = group.main(prog_name="policytrader", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        sys.exit(exit_.exit_code)
    except click.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except Exception as error:  # noqa: BLE001 - the last net: no traceback reaches a user
        sys.exit(fail(error))
    sys.exit(result if isinstance(result, int) else 0)
