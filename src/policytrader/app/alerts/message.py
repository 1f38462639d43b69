"""Messages of the alert bots: what their lines say together.

Each line is known by its leading sign, in any order; a message without such signs may be a tip in one line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from policytrader.app.alerts.matches import match_sides, read_match
from policytrader.app.alerts.message_lines import MessageLines
from policytrader.app.alerts.plain_text import plain_lines
from policytrader.app.alerts.selection import WHOLE_MATCH, is_of_football
from policytrader.app.alerts.tips import read_tip

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from decimal import Decimal

    from policytrader.app.alerts.kickoff import KickOff
    from policytrader.app.alerts.tips import Tip

T = TypeVar("T")

_LISTED = re.compile(r"\[[A-Z]{1,4}\]\s*\S.*")
_PLAIN_MATCH = re.compile(r"(?:[^\W\d_][\w.'-]*\s){1,4}vs?\.?(?:\s[^\W\d_][\w.'-]*){1,4}", re.IGNORECASE)
_NOBODY = frozenset(("team", "player", "home", "away", "home team", "away team", "selection", "bet", "tip"))
_WHOLE_MATCH = frozenset((WHOLE_MATCH.casefold(), "total", "game"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedMessage:
    """What a message says. None for what it does not say, or says in two ways that contradict each other.

    Printed values are as printed: the bots round the odds that they show, so nothing is worked out from them.
    """

    market: str
    direction: str
    threshold: Decimal
    kind: str | None = None
    match: str | None = None
    league: str | None = None
    kick_off: KickOff | None = None
    player: str | None = None
    team: str | None = None
    odds: Decimal | None = None
    bookmaker: str | None = None
    model_odds: Decimal | None = None
    value_percent: Decimal | None = None
    suggested_units: Decimal | None = None


@dataclass(frozen=True, slots=True)
class _About:
    """Whom a selection is on; ``scope`` is the word that its market's name begins with."""

    scope: str
    player: str | None
    team: str | None


def parse_message(message: Any, bot_type: str, sent: date | None = None) -> ParsedMessage | None:
    """What a message of either bot says, or None for one without exactly one selection: a bet builder has several.

    ``bot_type`` decides only where the message does not say itself whether it is about a player or a team. ``sent`` is
    the message's day: without it, a kick-off without a year stays unknown. Never raises.
    """
    lines = MessageLines(sent)
    for line in plain_lines(message):
        lines.take(line)
    if lines.is_builder:
        return None
    _read_unsigned(lines)
    match = _only(lines.matches)
    tips = [_tip(lines, text, match) for text in lines.selections] or _unsigned_tips(lines, match)
    found = [tip for tip in tips if tip is not None]
    if not found or len({tip.selection for tip in found}) > 1:
        return None
    return _put_together(lines, found[0], bot_type)


def _read_unsigned(lines: MessageLines) -> None:
    """What needs no sign: the members of a list of players, and a match in a line of its own."""
    for line in lines.unsigned:
        if _LISTED.fullmatch(line):
            lines.take_person(line)
        elif not lines.matches and _PLAIN_MATCH.fullmatch(line) and (match := read_match(line)) is not None:
            lines.matches.append(match)


def _tip(lines: MessageLines, text: str, match: str | None) -> Tip | None:
    names = [*(name for name, _ in lines.people), *(match_sides(match) or ())]
    return read_tip(text, lines.sent, names=names, has_subject=_only(lines.people) is not None)


def _unsigned_tips(lines: MessageLines, match: str | None) -> list[Tip | None]:
    """Tips in lines that nothing marks as a selection: what they are on must be counted in football."""
    tips = (_tip(lines, line, match) for line in lines.unsigned)
    return [tip for tip in tips if tip is not None and is_of_football(tip.selection)]


def _put_together(lines: MessageLines, tip: Tip, bot_type: str) -> ParsedMessage:
    match = _only(lines.matches) if lines.matches else tip.match
    kind, said_about = _only(lines.kinds) or (None, None)
    about = _about(lines, tip, match, said_about or bot_type)
    odds, bookmaker = (_only(lines.prices) or (None, None)) if lines.prices else (tip.odds, tip.bookmaker)
    return ParsedMessage(
        market=tip.selection.market(about.scope),
        direction=tip.selection.direction,
        threshold=tip.selection.threshold,
        kind=kind,
        match=match,
        league=_only(lines.leagues),
        kick_off=_only(lines.kick_offs) if lines.kick_offs else tip.kick_off,
        player=about.player,
        team=about.team,
        odds=odds,
        bookmaker=bookmaker,
        model_odds=_only(lines.model_odds),
        value_percent=_only(lines.percents),
        suggested_units=_only(lines.units) if lines.units else tip.units,
    )


def _about(lines: MessageLines, tip: Tip, match: str | None, bot_type: str) -> _About:
    """A player where one is named, a team where a side of the match is, else what the bot is about."""
    subject = tip.selection.subject
    is_match = subject is not None and subject.casefold() in _WHOLE_MATCH
    name = None if is_match or subject is None or subject.casefold() in _NOBODY else subject
    if lines.people:
        named = {one for one in lines.people if one[0] == name} or set(lines.people)
        player, team = _only(named) or (None, None)
        return _About("Player", player, team)
    if tip.selection.direction == "handicap" or _is_side(name, match):
        return _About("Team", None, name)
    if is_match or (bot_type != "player" and subject is None):
        return _About("Match", None, None)
    return _About("Player", name, tip.team) if bot_type == "player" else _About("Team", None, name)


def _only(found: Iterable[T]) -> T | None:
    """What all agree on; None where there is nothing, or where two contradict each other."""
    distinct = set(found)
    return distinct.pop() if len(distinct) == 1 else None


def _is_side(name: str | None, match: str | None) -> bool:
    sides = match_sides(match) or ()
    return name is not None and name.casefold() in {side.casefold() for side in sides}
