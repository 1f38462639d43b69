"""One line that says it all: ``Name (Team) O 1.5 Shots @2.40 (Bet365) 1.5u today``."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policytrader.app.alerts.kickoff import KickOff, read_kick_off, without_kick_off
from policytrader.app.alerts.matches import read_match
from policytrader.app.alerts.numbers import AMERICAN, CENTS, EVENS_WORDS, FRACTION, ODDS, read_decimal, read_odds
from policytrader.app.alerts.selection import WHOLE_MATCH, read_selection

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from decimal import Decimal

    from policytrader.app.alerts.selection import Selection

_INSIDE = r"(?:\s*\((?P<inside>[^()]*)\))?"
_END = r"(?![\w.,/%+])"
_PRICE = re.compile(rf"(?:@|\b(?:at|odds)\b:?)\s*(?P<odds>{ODDS}){_END}{_INSIDE}", re.IGNORECASE)
# These say themselves what they are; a decimal price could be anything.
_BARE_PRICE = re.compile(
    rf"(?<![\w.+@/-])\(?(?P<odds>(?:{AMERICAN}|{FRACTION}){_END}|{CENTS}|\b(?:{EVENS_WORDS})\b)\)?{_INSIDE}",
    re.IGNORECASE,
)
_UNITS = re.compile(r"(?<![\w.,])(?P<units>[0-9]{1,3}(?:\.[0-9]{1,2})?)(?:u|\s?units?)\b")
_MATCH_IN_FRONT = re.compile(
    r"(?P<match>.+?\bvs?\b\.?\s.+?)\s*(?:[:|]|\s[-\u2013\u2014])\s+(?P<rest>.+)", re.IGNORECASE
)
_NAME_AND_TEAM = re.compile(r"(?P<name>[^()0-9]*[^()0-9\s])\s*\((?P<team>[^()]+)\)")
_LONGEST_BOOKMAKER = 40
_NOT_A_BOOKMAKER = re.compile(
    r".*\b(?:odds?|price|model|devigged|header|headed|each way|stake|units?)\b.*|(?:was|average|best|fair)\b.*|ew|sp",
    re.IGNORECASE,
)
_JOINTS = " ,;:|-\N{EN DASH}\N{EM DASH}"
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Tip:
    """What a line says; None for what it does not."""

    selection: Selection
    team: str | None = None
    match: str | None = None
    odds: Decimal | None = None
    bookmaker: str | None = None
    units: Decimal | None = None
    kick_off: KickOff | None = None


def read_tip(line: str, sent: date | None, *, names: Iterable[str] = (), has_subject: bool = False) -> Tip | None:
    """The tip in a line, or None where there is no selection in it.

    ``sent`` is the message's day; ``names`` and ``has_subject`` are those of ``read_selection``.
    """
    match = None
    if found := _MATCH_IN_FRONT.fullmatch(line):
        match, line = read_match(found["match"]), found["rest"]
    kick_off = read_kick_off(line, sent)
    line = without_kick_off(line)
    units = _UNITS.search(line)
    line = " ".join(_UNITS.sub(" ", line).split())
    text, price = _without_price(line)
    team = None
    # Brackets behind a name hold its team; those behind the selection belong to it.
    if (named := _NAME_AND_TEAM.match(text)) and (rest := text[named.end() :].strip()):
        team, text = named["team"].strip(), f"{named['name']} {rest}"
    selection = read_selection(text, names=names, has_subject=has_subject)
    if selection is None:
        return None
    if match is None and (in_front := read_match(selection.subject)) is not None:
        match, selection = in_front, replace(selection, subject=WHOLE_MATCH)
    return Tip(
        selection,
        team,
        match,
        read_odds(price["odds"]) if price is not None else None,
        read_bookmaker(price["inside"]) if price is not None else None,
        read_decimal(units["units"]) if units is not None else None,
        kick_off,
    )


def read_bookmaker(inside: str | None) -> str | None:
    """The bookmaker that brackets behind a price name; None where they say something else."""
    text = (inside or "").strip()
    if len(text) > _LONGEST_BOOKMAKER or not _LETTER.search(text) or re.search(r"[%:|@]", text):
        return None
    return None if _NOT_A_BOOKMAKER.fullmatch(text) else text


def _without_price(line: str) -> tuple[str, re.Match[str] | None]:
    """What stands in front of the price (behind it, where nothing does), and the price."""
    price = _PRICE.search(line) or _BARE_PRICE.search(line)
    if price is None:
        return line.strip(_JOINTS), None
    front = line[: price.start()].strip(_JOINTS)
    return front or line[price.end() :].strip(_JOINTS), price
