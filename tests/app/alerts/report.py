"""What the alert service makes of every variant of message and id, as ``docs/alerts.md`` shows it.

``python -m tests.app.alerts.report > docs/alerts.md`` writes the page; a test compares it.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policytrader.app.alerts.documents import KEYS
from policytrader.tracking.alert_reconstruction import AlertReconstructionService
from tests.app.alerts.messages import PLAYER, SENT, TEAM, TIPS, VARIANTS
from tests.app.alerts.stored import ALERT, ALERT_ID, TEAM_ALERT, TEAM_ALERT_ID, stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGE = Path(__file__).resolve().parents[3] / "docs" / "alerts.md"

HEAD = """# Alerts

<!-- Made by `python -m tests.app.alerts.report > docs/alerts.md`; a test compares it with what it sees. -->

`AlertReconstructionService` rebuilds an alert of the football bots from what is left of it:

```python
from policytrader.tracking import AlertReconstructionService

alerts = AlertReconstructionService(player_alerts_collection=db.player_alerts, team_alerts_collection=db.team_alerts)
alert = alerts.reconstruct_alert(alert_id=alert_id, message_text=text, bot_type="player", message_date=sent)
```

`policytrader alerts reconstruct` does the same on the command line. The first of these steps that answers is taken, and
logged (`policytrader.app.alerts.cascade`):

| step | `method` | how |
|---|---|---|
| 1 | `ids` | the stored alert with the id's fixture, player (or team), market; its direction and line if it has them |
| 2 | `names` | the stored alert with the message's match, player (or team), market, direction, line and day |
| 2 | `message` | the message itself, where it tells player (or team), market, odds and match |
| 3 | `sportmonks` | SportMonks, where a token was given: deprecated, asked once, any failure is a no |
| 4 | | None |

Of several stored alerts the newest is taken: by kick-off, then by when it was sent, then by the database's id; one of
another bookmaker than the one that is asked for stands behind those of that bookmaker. Markets are the same by any of
their names (`rules/football/markets.yaml`), players and teams by `rules/football/names.yaml`: where two could be meant,
none is. The command reads the project's own rules where it has some; `AlertReconstructionService` those in the folder
`rules=`, else the shipped ones.

An alert has all the keys of a stored one, None for what is not known, and `reconstruction`: `method`, `missing` (the
keys without a value), `confidence` (the share of the keys with one), and for a message `printed` (kind, league, model
odds, value, suggested units: as printed, never worked out). Whatever says two things that contradict each other says
nothing. No input raises; a database that is lost raises `StoreError`.

`POLICYTRADER_SPORTMONKS_URL` names what answers in SportMonks's place, https or on this machine.
"""

BOX = f"""## The messages

Sent on {SENT}. The player's alert, of which the variants differ as they say:

```
{PLAYER}
```

The team's:

```
{TEAM}
```
"""

IDS: tuple[tuple[str, str, str | None], ...] = (
    ("player", ALERT_ID, None),
    ("player", f"{ALERT_ID}|over|1.5", None),
    ("player", f"{ALERT_ID}||", None),
    ("player", "12345|67890|Player SOT|season|Bet365", None),
    ("player", f"{ALERT_ID}|under|1.5", None),
    ("player", f"{ALERT_ID}|over|2.5", None),
    ("player", "67890|12345|Player Shots On Target|last5|Bet365", None),
    ("player", f"{ALERT_ID}|over", None),
    ("player", "alert_67890", None),
    ("player", "alert_67890", PLAYER),
    ("player", "999|888|Player Shots On Target|last5|Bet365", PLAYER),
    ("player", "alert_67890", PLAYER.replace("José Marín", "J. Marin")),
    ("player", "alert_67890", PLAYER.replace("Over 1.5", "Over 2.5")),
    ("player", "alert_67890", VARIANTS["without odds"].replace("Over 1.5", "Over 2.5")),
    ("player", "alert_67890", VARIANTS["bet builder"]),
    ("team", TEAM_ALERT_ID, None),
    ("team", f"{TEAM_ALERT_ID}|under|4.5", None),
    ("team", "", TEAM),
)
"""Bot type, id, and the message beside it."""

_NOTHING = "-"


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, BOX, *_messages(), *_ids()]) + "\n"


def _messages() -> Iterator[str]:
    alerts = AlertReconstructionService(player_alerts_collection=stored(), team_alerts_collection=stored())
    for title, variants in (("Variants of messages", VARIANTS), ("Tips in one line", TIPS)):
        yield f"## {title}\n"
        yield "What is extracted, and what `reconstruct_alert` answers with nothing stored.\n"
        yield "| variant | player | team | market | line | odds | match, kick-off | printed | answer |"
        yield "|---|---|---|---|---|---|---|---|---|"
        for name, message in variants.items():
            bot_type = "team" if "TEAM PROP" in message or "Handicap" in message else "player"
            said = alerts.reconstruct_from_message_text(message, bot_type, message_date=SENT)
            answer = alerts.reconstruct_alert(message_text=message, bot_type=bot_type, message_date=SENT)
            shown = f"`{message.splitlines()[-1]}` {name}" if variants is TIPS else name
            yield _row(shown, *_extracted(said), _method(answer))
        yield ""


def _extracted(alert: Mapping[str, Any] | None) -> list[str]:
    if alert is None:
        return [_NOTHING] * 7
    printed = [f"{key} {value}" for key, value in alert["reconstruction"]["printed"].items() if value is not None]
    return [
        _cell(alert["Player"]),
        _cell(alert["Team"]),
        alert["Market"],
        f"{alert['market_direction']} {alert['Threshold']}",
        " ".join(str(alert[key]) for key in ("Odds", "bookmaker") if alert[key] is not None) or _NOTHING,
        " ".join(alert[key] for key in ("Match", "Date", "Time") if alert[key] is not None) or _NOTHING,
        ", ".join(printed) or _NOTHING,
    ]


def _ids() -> Iterator[str]:
    alerts = AlertReconstructionService(
        player_alerts_collection=stored({}), team_alerts_collection=stored({}, base=TEAM_ALERT)
    )
    yield "## Ids, and what serves instead\n"
    yield "With these alerts stored:\n"
    yield _row("bot", *KEYS)
    yield "|---" * (len(KEYS) + 1) + "|"
    for bot_type, document in (("player", ALERT), ("team", TEAM_ALERT)):
        yield _row(bot_type, *(_cell(document.get(key)) for key in KEYS))
    yield "\n| bot | id | message | answered by | missing |\n|---|---|---|---|---|"
    for bot_type, alert_id, message in IDS:
        alert = alerts.reconstruct_alert(alert_id, message, bot_type, message_date=SENT)
        missing = ", ".join(alert["reconstruction"]["missing"]) if alert is not None else ""
        written = f"`{alert_id}`" if alert_id else "(empty)"
        yield _row(bot_type, written, _about(message), _method(alert), missing or _NOTHING)


def _about(message: str | None) -> str:
    """The lines of a message that say what it is on."""
    if message is None:
        return _NOTHING
    lines = [message.splitlines()[0], *(line for line in message.splitlines() if line[0] in "👤⚽🎯")]
    return " / ".join(lines if "BUILDER" in message else lines[1:]) + ("" if "📚" in message else " (no odds)")


def _method(alert: Mapping[str, Any] | None) -> str:
    return f"`{alert['reconstruction']['method']}`" if alert is not None else "None"


def _cell(value: object) -> str:
    return str(value) if value is not None else _NOTHING


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    warnings.simplefilter("error")
    sys.stdout.write(page())
