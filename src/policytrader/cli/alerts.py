"""``policytrader alerts``: rebuild an alert of which an id or a message is left."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from policytrader.app.alerts.documents import KEYS
from policytrader.cli.context import FINDINGS, FINE, Context, print_json
from policytrader.cli.trading import json_option
from policytrader.errors import UsageError, printable
from policytrader.model.times import format_utc
from policytrader.ports.alert_collection import BOT_TYPES
from policytrader.wiring import open_alerts
from policytrader.wiring.grading import own_grading_folder

if TYPE_CHECKING:
    from typing import BinaryIO

ALERT_SCHEMA = "policytrader/alert/1"
_NOT_KNOWN = "-"
_MOST_BYTES = 1_000_000


@click.group(short_help="Rebuild alerts from ids and messages.")
def command() -> None:
    """Alerts of the football bots."""


@command.command(short_help="Rebuild one alert.")
@click.option("--id", "alert_id", metavar="ID", help="The alert's id, of 5 or 7 parts between | signs.")
@click.option("--message", type=click.File("rb"), metavar="FILE", help="A file with the bot's message; - is stdin.")
@click.option("--bot-type", type=click.Choice(BOT_TYPES), default=BOT_TYPES[0], show_default=True, help="Whose alert.")
@click.option(
    "--message-date",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The day that the message was sent: tells the year of a kick-off without one.",
)
@click.option(
    "--collections",
    metavar="PLACE",
    help="Stored alerts: mongodb://HOST/DATABASE (player_alerts, team_alerts), or a file with one JSON object a line.",
)
@json_option
@click.pass_obj
def reconstruct(
    context: Context,
    alert_id: str | None,
    message: BinaryIO | None,
    bot_type: str,
    message_date: datetime | None,
    collections: str | None,
    as_json: bool,
) -> int:
    """Rebuild the alert that an id or a message is about.

    First the stored alert with the id's numbers is looked for, then the one with the message's names; else the message
    itself is the alert, where it tells player (or team), market, odds and match. Exit code 1 where nothing leads to
    one. Names of markets, players and teams are read by the project's rules/football, else by the shipped rules.
    """
    if alert_id is None and message is None:
        hint = "name what is left of the alert: --id ID or --message FILE, or both"
        raise UsageError(hint)
    from policytrader.tracking.alert_reconstruction import AlertReconstructionService

    text = message.read(_MOST_BYTES).decode("utf-8", errors="replace") if message is not None else None
    with open_alerts(context.project, collections) as stored:
        service = AlertReconstructionService(
            player_alerts_collection=stored["player"],
            team_alerts_collection=stored["team"],
            rules=own_grading_folder(context.project),
        )
        alert = service.reconstruct_alert(alert_id, text, bot_type, message_date=message_date)
    if as_json:
        print_json({"schema": ALERT_SCHEMA, "alert": _shown(alert)})
    else:
        click.echo("\n".join(map(printable, _lines(alert))))
    return FINE if alert is not None else FINDINGS


def _lines(alert: dict[str, Any] | None) -> list[str]:
    if alert is None:
        return ["no alert: neither the stored ones nor the message tell it"]
    told = alert["reconstruction"]
    lines = [f"alert rebuilt by {told['method']}, {told['confidence']:.0%} of it known"]
    width = max(map(len, KEYS))
    lines += [f"{key:<{width}}  {alert[key] if alert[key] is not None else _NOT_KNOWN}" for key in KEYS]
    printed = told.get("printed", {})
    return lines + [f"{key:<{width}}  {value}  (printed)" for key, value in printed.items() if value is not None]


def _shown(value: Any) -> Any:
    """As JSON has it: what it has no form for, such as a database's own ids, as text."""
    if isinstance(value, dict):
        return {key: _shown(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_shown(one) for one in value]
    if isinstance(value, datetime):
        return format_utc(value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
