"""The lines of the bots' messages, each known by its leading sign; what is collected from them, nothing decided."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policytrader.app.alerts.kickoff import KickOff, read_kick_off
from policytrader.app.alerts.matches import read_match
from policytrader.app.alerts.numbers import DECIMAL, ODDS, read_decimal, read_odds
from policytrader.app.alerts.tips import read_bookmaker

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from decimal import Decimal

_BUILDER = "BET BUILDER VALUE"
_KINDS: dict[str, tuple[str, str | None]] = {
    "PLAYER PROP VALUE ALERT": ("player_value", "player"),
    "TEAM PROP VALUE ALERT": ("team_value", "team"),
    "DROPPING ODDS ALERT": ("dropping_odds", None),
    "SHARP PROP VALUE ALERT": ("sharp_value", None),
    "PLAYER PROP MARKET % ALERT": ("player_market_percent", "player"),
    "BOOSTED ODDS ALERT": ("boosted_odds", None),
}
"""Header -> what kind of alert it is, and whether it is about a player or a team where it says so."""

_NO_HEADER = re.compile(r"[^A-Z% ]+")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}|\U0001f3f4[\U000e0020-\U000e007f]*")
_SIGN = re.compile(rf"(?:{_FLAG.pattern}|.)\s*")
_BETWEEN = re.compile(r"\s+\N{MIDDLE DOT}\s+")
_PERSON = re.compile(
    r"(?:\[[A-Z]{1,4}\]\s*)?(?P<name>[^()\[\]]+?)\s*(?:\((?P<team>[^()]+)\))?\s*\N{WHITE HEAVY CHECK MARK}?"
)
_PRICE = re.compile(rf"(?:[^:]*:)?\s*(?P<odds>{ODDS})(?![\w.,/%+])\s*(?:\((?P<inside>.*)\))?", re.IGNORECASE)
_MODEL = re.compile(rf"\bmodel:?\s*(?P<odds>{DECIMAL})(?![\w.,/%])", re.IGNORECASE)
_PERCENT = re.compile(
    r"(?:value|edge)\s*:\s*(?P<sign>[+-]?)(?P<number>[0-9]{1,4}(?:\.[0-9]{1,4})?)\s*%.*", re.IGNORECASE
)
_STAKE = re.compile(r"[^:]*\bstake\s*:\s*(?P<units>[0-9]{1,3}(?:\.[0-9]{1,4})?)\s*u(?:nits?)?\b.*", re.IGNORECASE)
_CLOSING_LINE_VALUE = re.compile(r"CLV\b", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
_LONGEST_NAME = 100


@dataclass
class MessageLines:
    """What was found so far, each in the order of its lines.

    ``kinds`` are told by headers; ``selections`` are texts that a sign marks as such; ``unsigned`` are lines without
    any sign. ``sent`` is the message's day.
    """

    sent: date | None
    is_builder: bool = False
    kinds: list[tuple[str, str | None]] = field(default_factory=list)
    matches: list[str] = field(default_factory=list)
    leagues: list[str] = field(default_factory=list)
    kick_offs: list[KickOff] = field(default_factory=list)
    people: list[tuple[str, str | None]] = field(default_factory=list)
    selections: list[str] = field(default_factory=list)
    prices: list[tuple[Decimal, str | None]] = field(default_factory=list)
    model_odds: list[Decimal] = field(default_factory=list)
    percents: list[Decimal] = field(default_factory=list)
    units: list[Decimal] = field(default_factory=list)
    unsigned: list[str] = field(default_factory=list)

    def take(self, line: str) -> None:
        """Read one line: a header, or parts of which the first begins with a sign."""
        header = " ".join(_NO_HEADER.sub(" ", line).split())
        if header.startswith(_BUILDER):
            self.is_builder = True
        elif header in _KINDS:
            self.kinds.append(_KINDS[header])
        elif (read := _reader_of(line)) is not None:
            for part in _BETWEEN.split(line):
                other = _reader_of(part)
                if other is not None:
                    read = other
                    read(self, _SIGN.sub("", part, count=1))
                elif read is MessageLines.take_league:
                    self.take_kick_off(part)  # it stands behind the league, with a sign or without
        elif line[0] not in _IGNORED:
            self.unsigned.append(line)

    def take_match(self, text: str) -> None:
        """🏟."""
        if (match := read_match(text)) is not None:
            self.matches.append(match)

    def take_league(self, text: str) -> None:
        """🏆 or a flag, or one behind the other."""
        league = _FLAG.sub("", text).strip()
        if _LETTER.search(league) and len(league) <= _LONGEST_NAME:
            self.leagues.append(league)

    def take_kick_off(self, text: str) -> None:
        """⏰."""
        if (kick_off := read_kick_off(text, self.sent)) is not None:
            self.kick_offs.append(kick_off)

    def take_person(self, text: str) -> None:
        """👤, or a line of a list."""
        found = _PERSON.fullmatch(text)
        if found is not None and _LETTER.search(found["name"]) and len(text) <= _LONGEST_NAME:
            self.people.append((found["name"], found["team"]))

    def take_selection(self, text: str) -> None:
        """⚽ or 🎯, which also stands before the closing line value."""
        if text and not _CLOSING_LINE_VALUE.match(text):
            self.selections.append(text)

    def take_price(self, text: str) -> None:
        """📚: the bookmaker's, and in some layouts the model's behind it."""
        found = _PRICE.fullmatch(text)
        odds = read_odds(found["odds"]) if found is not None else None
        if found is None or odds is None:
            return
        self.prices.append((odds, read_bookmaker(found["inside"])))
        if model := _MODEL.search(found["inside"] or ""):
            self._take_model_odds(model["odds"])

    def take_model(self, text: str) -> None:
        """🖥."""
        if found := _PRICE.fullmatch(text):
            self._take_model_odds(found["odds"])

    def take_percent(self, text: str) -> None:
        """📈: as printed, never worked out again; the printed odds are rounded."""
        if (found := _PERCENT.fullmatch(text)) and (number := read_decimal(found["number"])) is not None:
            self.percents.append(-number if found["sign"] == "-" else number)

    def take_stake(self, text: str) -> None:
        """💰."""
        if (found := _STAKE.fullmatch(text)) and (units := read_decimal(found["units"])) is not None:
            self.units.append(units)

    def _take_model_odds(self, text: str) -> None:
        if (odds := read_odds(text)) is not None:
            self.model_odds.append(odds)


_SIGNS: dict[str, Callable[[MessageLines, str], None]] = {
    "\N{STADIUM}": MessageLines.take_match,
    "\N{TROPHY}": MessageLines.take_league,
    "\N{ALARM CLOCK}": MessageLines.take_kick_off,
    "\N{BUST IN SILHOUETTE}": MessageLines.take_person,
    "\N{SOCCER BALL}": MessageLines.take_selection,
    "\N{DIRECT HIT}": MessageLines.take_selection,
    "\N{BOOKS}": MessageLines.take_price,
    "\N{DESKTOP COMPUTER}": MessageLines.take_model,
    "\N{CHART WITH UPWARDS TREND}": MessageLines.take_percent,
    "\N{MONEY BAG}": MessageLines.take_stake,
}
# Power ratings, ratings, positions and form: what they show is not part of an alert.
_IGNORED = frozenset("⚖⭐🔥🧩📆🕣📊🕒✅")


def _reader_of(part: str) -> Callable[[MessageLines, str], None] | None:
    """What reads a part that begins with this sign; None where it begins with none that is known."""
    return MessageLines.take_league if _FLAG.match(part) else _SIGNS.get(part[:1])
