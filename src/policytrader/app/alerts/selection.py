"""Selections as alerts write them: ``Over 1.5 Shots On Target``, ``Name O 1.5 Shots``, ``To score anytime``."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from policytrader.app.alerts.numbers import read_line

if TYPE_CHECKING:
    from collections.abc import Iterable

HALF = Decimal("0.5")
WHOLE_MATCH = "Match"
"""The subject of a total of both teams."""
_LONGEST_STATISTIC = 60
_LINE = r"[0-9]{1,4}(?:[.,][0-9]{1,2})?"
_DIRECTIONS = {"o": "over", "over": "over", "u": "under", "under": "under"}

_OVER_UNDER = re.compile(
    rf"(?:(?P<subject>.+?)\s+)?\b(?P<direction>over|under|o|u)\s?(?P<line>{_LINE})\s+(?P<what>\D.*)", re.IGNORECASE
)
_OVER_UNDER_LAST = re.compile(rf"(?P<what>.+?)\s+(?P<direction>over|under|o|u)\s?(?P<line>{_LINE})", re.IGNORECASE)
_LEAST = r"\b(?P<least>[1-9][0-9]?)(?:\+| or more\b)\s*(?P<what>\D.*)?"
_AT_LEAST = tuple(
    re.compile(rf"(?:(?P<subject>.+?)\s+)?{verb}{_LEAST}", re.IGNORECASE)
    for verb in (r"to (?P<verb>score|have|get|make|win|commit)\s+", "")
)
_LEVEL = re.compile(rf"(?:(?P<lead>.+?)\s+)?(?P<line>[+\-\u2212]{_LINE})(?:\s+(?P<what>.+))?")
_HANDICAP_WORDS = re.compile(r"(?:\b(?:asian|european)\s+)?\bhandicaps?\b|\bah\b", re.IGNORECASE)
_HEADER = re.compile(r"\s*\((?:header|headed)\)", re.IGNORECASE)
_SCOPED = re.compile(r"(?:player|team|match)\s", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
# Words, halves among them ("1st Half"); a match or a price in it was not understood.
_STATISTIC = re.compile(r"(?!.*\bvs?\b)(?:[^\W\d_]|[ '&()+-]|1(?=st\b)|2(?=nd\b))+", re.IGNORECASE)
_JOINTS = " ,;:|-\N{EN DASH}\N{EM DASH}"
_COUNTED = re.compile(
    r"\b(?:assist|block|booking|btts|card|clearance|corner|cross|dribble|foul|goal|goalscorer|handicap|header|"
    r"interception|kick|offside|pass|point|save|score|shot|sot|tackle|throw|touch)(?:e?s)?\b",
    re.IGNORECASE,
)

GOALS, HEADER_GOAL, BOTH_TEAMS = "Goals", "Header Goal", "Both Teams To Score"
_PHRASES = tuple(
    (re.compile(rf"(?:(?P<subject>.+?)\s+)?\b(?:{pattern})", re.IGNORECASE), statistic, line)
    for pattern, statistic, line in (
        (r"to score (?:with )?a header|header goal|headed goal", HEADER_GOAL, HALF),
        (r"first (?:goal ?)?scorer|to score (?:the )?first(?: goal)?", "First Goalscorer", HALF),
        (r"last (?:goal ?)?scorer|to score (?:the )?last(?: goal)?", "Last Goalscorer", HALF),
        (r"to score or (?:(?:make|get|provide) an )?assist|goal or assist", "Goal or Assist", HALF),
        (r"(?:to score )?(?:a )?hat[ -]?trick", GOALS, Decimal("2.5")),
        (r"to score(?: a goal)?(?: (?:at )?any ?time)?", GOALS, HALF),
        (r"any ?time(?: (?:goal ?)?scorer| to score)?|ags", GOALS, HALF),
        (r"to (?:make |get |provide )?(?:an )?assist(?: a goal)?(?: any ?time)?|any ?time assist", "Assists", HALF),
        (r"to be (?:booked|carded)|to (?:get|receive|be shown) a card", "Cards", HALF),
    )
)
_BOTH_TEAMS = re.compile(r"(?:both teams to score|btts)\b[\s:-]*(?P<answer>yes|no)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a bet is on. ``subject`` is the name in front, a player's or a team's; None where there is none."""

    subject: str | None
    statistic: str
    direction: str
    threshold: Decimal

    def market(self, scope: str) -> str:
        """The market's name: ``scope`` (Player, Team or Match) and the statistic."""
        if self.statistic == BOTH_TEAMS or _SCOPED.match(self.statistic):
            return self.statistic
        return f"{scope} {self.statistic}"


def read_selection(text: str, *, names: Iterable[str] = (), has_subject: bool = False) -> Selection | None:
    """A selection in one line, or None for what is none. A yes/no market is over 0.5, its no is under 0.5.

    ``names`` are those that may stand in front. Where one does, or where ``has_subject`` says that another line has
    the name, the statistic may come before the line, too ("Shots On Target Over 1.5"): else nothing tells where the
    name ends.
    """
    text = " ".join(text.split())
    for name in names:
        if text[: len(name) + 1].casefold() == f"{name} ".casefold():
            found = _read(text[len(name) + 1 :].lstrip(_JOINTS), has_subject=True)
            return replace(found, subject=name) if found is not None else None
    return _read(text, has_subject=has_subject)


def is_of_football(selection: Selection) -> bool:
    """Whether its statistic is one that is counted in football: a guard for texts that may be about anything."""
    return bool(_COUNTED.search(selection.statistic))


def _read(text: str, *, has_subject: bool) -> Selection | None:
    is_header = bool(_HEADER.search(text))
    text = _HEADER.sub("", text).strip()
    found = (
        _over_under(text, has_subject=has_subject)
        or _handicap(text, has_subject=has_subject)
        or _at_least(text)
        or _yes_no(text)
    )
    if found is None or not is_header:
        return found
    # Two headers, or a shot with the head: no market says so.
    is_one_goal = (found.statistic, found.threshold, found.direction) == (GOALS, HALF, "over")
    return replace(found, statistic=HEADER_GOAL) if is_one_goal else None


def _over_under(text: str, *, has_subject: bool) -> Selection | None:
    found = _OVER_UNDER.fullmatch(text) or (_OVER_UNDER_LAST.fullmatch(text) if has_subject else None)
    if found is None:
        return None
    subject = found.groupdict().get("subject")
    return _made(subject, found["what"], _DIRECTIONS[found["direction"].casefold()], read_line(found["line"]))


def _handicap(text: str, *, has_subject: bool) -> Selection | None:
    plain = _HANDICAP_WORDS.sub(" ", text)
    found = _LEVEL.fullmatch(" ".join(plain.split())) if plain != text else None
    if found is None:
        return None
    lead, what = found["lead"] or "", found["what"] or ""
    if has_subject:
        lead, what = "", what or lead
    elif _COUNTED.search(lead):
        return None  # where the name ends, and the statistic begins, is not told
    return _made(lead, f"{what or GOALS} Handicap", "handicap", read_line(found["line"]))


def _at_least(text: str) -> Selection | None:
    found = next((found for pattern in _AT_LEAST if (found := pattern.fullmatch(text))), None)
    if found is None:
        return None
    what = found["what"] or (GOALS if found.groupdict().get("verb", "").casefold() == "score" else "")
    return _made(found["subject"], what, "over", Decimal(found["least"]) - HALF)


def _yes_no(text: str) -> Selection | None:
    if found := _BOTH_TEAMS.fullmatch(text):
        direction = "under" if (found["answer"] or "").casefold() == "no" else "over"
        return Selection(None, BOTH_TEAMS, direction, HALF)
    for pattern, statistic, line in _PHRASES:
        if found := pattern.fullmatch(text):
            return _made(found["subject"], statistic, "over", line)
    return None


def _made(subject: str | None, statistic: str, direction: str, threshold: Decimal | None) -> Selection | None:
    statistic = statistic.strip(" .,;:!-")
    if threshold is None or len(statistic) > _LONGEST_STATISTIC or not _LETTER.search(statistic):
        return None
    if not _STATISTIC.fullmatch(statistic):
        return None
    name = (subject or "").strip(_JOINTS)
    # Words written small are written as markets are: "shots on target" is "Shots On Target".
    words = [word[:1].upper() + word[1:] if statistic.islower() else word for word in statistic.split()]
    return Selection(name if _LETTER.search(name) else None, " ".join(words), direction, threshold)
