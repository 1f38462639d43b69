"""FotMob's list of a day, read into matches: pure, whatever the bytes are.

A match that cannot be read makes the whole list unreadable: left out, it would be missing where another one of these
teams makes a bet's match doubtful.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from policytrader.adapters.fotmob.detect import FEED
from policytrader.model.json_nodes import layout_unknown, read_json
from policytrader.model.listed_fixture import DayList, ListedFixture, ListedTeam
from policytrader.model.times import EPOCH

if TYPE_CHECKING:
    from datetime import date

    from policytrader.model.json_nodes import Node

_LATEST_MILLISECONDS = 4_102_444_800_000
"""The year 2100."""
_OTHER_ZONES = timedelta(hours=14)
"""A list may go by the day of some other zone: its matches are still near the day."""
_DAY = timedelta(days=1)


def day_word(day: date) -> str:
    """The day as FotMob writes it: ``20200920``."""
    return f"{day:%Y%m%d}"


def parse_day(raw: bytes, day: date) -> DayList:
    """The matches of FotMob's answer. Raises ``LayoutUnknownError``, and nothing else, for what is no list of the day.

    Recorded in 2020; what later lists have more (``longName``, ``status.utcTime``) is read where it is there.
    """
    root = read_json(raw, FEED)
    _check_day(root["date"], day)
    found: dict[str, ListedFixture] = {}
    for league in _required_items(root["leagues"]):
        competition = " ".join(
            filter(None, (league[name].text() for name in ("name", "parentLeagueName", "groupName")))
        )
        for match in _required_items(league["matches"]):
            one = _fixture(match, competition, day)
            known = found.setdefault(one.fixture_id, one)
            if (known.home, known.away, known.kickoff_at) != (one.home, one.away, one.kickoff_at):
                match["id"].refuse("the id of one match only")
    return DayList(feed="fotmob", day=day, fixtures=tuple(found.values()), hash=hashlib.sha256(raw).hexdigest())


def _check_day(written: Node, day: date) -> None:
    told = written.identifier()
    if told is not None and told != day_word(day):
        raise layout_unknown(FEED, f"the list of {day}", f"about {told}")


def _fixture(match: Node, competition: str, day: date) -> ListedFixture:
    fixture_id = match["id"].identifier()
    if fixture_id is None:
        match["id"].refuse("an id")
    return ListedFixture(
        fixture_id=fixture_id,
        home=_team(match["home"]),
        away=_team(match["away"]),
        kickoff_at=_kickoff(match, day),
        competition=competition,
    )


def _team(team: Node) -> ListedTeam:
    team_id, name = team["id"].identifier(), team["name"].text()
    if team_id is None or name is None:
        team.refuse("a team with its id and name")
    names = dict.fromkeys(filter(None, (name, team["longName"].text())))
    return ListedTeam(team_id=team_id, names=tuple(names))


def _kickoff(match: Node, day: date) -> datetime:
    milliseconds, told = match["timeTS"].whole(_LATEST_MILLISECONDS), match["status"]["utcTime"].moment()
    stamped = None if milliseconds is None else EPOCH + timedelta(milliseconds=milliseconds)
    at = stamped or told
    if at is None or (stamped is not None and told is not None and stamped != told):
        match["timeTS"].refuse("the time of kick-off that the match has elsewhere")
    begins = datetime(day.year, day.month, day.day, tzinfo=UTC)
    if not begins - _OTHER_ZONES <= at < begins + _DAY + _OTHER_ZONES:
        match["timeTS"].refuse(f"a kick-off on {day}")
    return at


def _required_items(node: Node) -> list[Node]:
    if node.is_missing:
        node.refuse("a list")
    return node.items()
