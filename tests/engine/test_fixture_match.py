"""Which listed match a bet means: by both teams and the day, and never a guess."""

from __future__ import annotations

import random
import re
import string
import unicodedata
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.fotmob.day_list import parse_day
from policytrader.engine.fixture_match import FixtureMatcher, NoFixture, window_of
from policytrader.engine.player_names import MatchedBy, NameMatcher
from policytrader.model.listed_fixture import ListedFixture, ListedTeam
from tests.adapters.fotmob.test_day_list import RECORDED_DAY, recorded_list
from tests.day_lists import KICK_OFF, listed
from tests.tracked_bets import policy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from policytrader.engine.fixture_match import FixtureMatch

MATCHER = FixtureMatcher(NameMatcher(policy().names), policy().names.accept)
CITY = listed("1", "Manchester City", "Arsenal")
UNITED = listed("2", "Manchester United", "Everton")
DAY = (CITY, UNITED, listed("3", "Northport", "Eastmoor"))
HOUR = timedelta(hours=1)


def find(home: str, away: str, *fixtures: ListedFixture, kickoff_at: datetime = KICK_OFF) -> FixtureMatch:
    window = window_of(kickoff_at, None, None)
    assert window is not None
    return MATCHER.find(home, away, window, fixtures or DAY)


@pytest.mark.parametrize(
    ("home", "away", "found", "by"),
    [
        ("Manchester City", "Arsenal", "1", MatchedBy.EXACT),
        ("MANCHESTER CITY", "arsenal", "1", MatchedBy.EXACT),
        ("Man City", "Arsenal FC", "1", MatchedBy.ALIAS),
        ("Man Utd", "Everton", "2", MatchedBy.ALIAS),
        ("Northport FC", "Eastmoor Town", "3", MatchedBy.ALIKE),
    ],
)
def test_both_teams_in_their_order_are_the_match(home: str, away: str, found: str, by: MatchedBy) -> None:
    match = find(home, away)
    assert match.fixture is not None
    assert (match.fixture.fixture_id, match.matched_by, match.reason) == (found, by, None)


@pytest.mark.parametrize(
    ("home", "away"),
    [
        ("Manchester City", "Everton"), ("Manchester United", "Arsenal"), ("Manchester", "Arsenal"),
        ("Manchester City", ""), ("Northport", "Nowhere"), ("City", "Arsenal Tula"), ("⚽", "🏟"),
    ],
)  # fmt: skip
def test_one_team_alone_is_not_enough(home: str, away: str) -> None:
    match = find(home, away)
    assert (match.fixture, match.reason) == (None, NoFixture.NOT_FOUND)


def test_home_and_away_the_other_way_round_is_told_and_refused() -> None:
    match = find("Arsenal", "Manchester City")
    assert (match.fixture, match.reason) == (None, NoFixture.NOT_FOUND)
    assert next((one.fixture_id, one.score, one.is_swapped) for one in match.candidates) == ("1", 100.0, True)


def test_who_came_near_is_told() -> None:
    match = find("Manchester City", "Everton")
    assert {one.name for one in match.candidates} == {"Manchester City vs Arsenal", "Manchester United vs Everton"}
    assert find("Qqqq", "Zzzz").candidates == ()


def test_two_that_fit_alike_are_ambiguous_and_an_exact_one_is_not() -> None:
    twice = listed("8", "Northport", "Eastmoor", at=KICK_OFF + 5 * HOUR)
    match = find("Northport", "Eastmoor", *DAY, twice)
    assert (match.fixture, match.reason) == (None, NoFixture.AMBIGUOUS)
    assert {one.fixture_id for one in match.candidates} == {"3", "8"}
    long = listed("8", "Northport Rovers", "Eastmoor Dynamo")
    other = listed("9", "Northport Athletic", "Eastmoor Park")
    assert find("Northport", "Eastmoor", long, other).reason is NoFixture.AMBIGUOUS
    exact = find("Northport", "Eastmoor", long, *DAY)
    assert exact.fixture is not None
    assert exact.fixture.fixture_id == "3"
    only = find("Northport", "Eastmoor", long)
    assert only.fixture is long


def test_a_name_that_fits_the_opponent_as_well_is_ambiguous() -> None:
    derby = listed("8", "Northport Rovers", "Northport Dynamo")
    assert find("Northport", "Northport Dynamo", derby).reason in {NoFixture.AMBIGUOUS, NoFixture.NOT_FOUND}
    assert find("Northport Rovers", "Northport Dynamo", derby).fixture is derby


@pytest.mark.parametrize(
    "suffix", [" II", " U21", " U23", " U19", " (W)", " Women", " B", " 2", " Reserves", " Youth", " Ladies", " ll"]
)
def test_other_teams_of_a_club_are_never_its_first(suffix: str) -> None:
    others = listed("5", f"Northport{suffix}", f"Eastmoor{suffix}")
    one_side = listed("6", f"Northport{suffix}", "Eastmoor")
    assert find("Northport", "Eastmoor", others, one_side).fixture is None
    assert find(f"Northport{suffix}", f"Eastmoor{suffix}", DAY[2], one_side).fixture is None
    assert find(f"Northport{suffix}", f"Eastmoor{suffix}", DAY[2], others).fixture is others


@pytest.mark.parametrize(
    "competition",
    ["Women's Super League", "FA WSL", "Premier League U-21", "Primavera 1", "Sub-20 Cup"],
)
def test_a_competition_of_others_is_none_of_the_first_teams(competition: str) -> None:
    others = listed("5", "Northport", "Eastmoor", competition=competition)
    assert find("Northport", "Eastmoor", others).fixture is None
    both = find("Northport", "Eastmoor", others, DAY[2])
    assert both.fixture is DAY[2]


@pytest.mark.parametrize("competition", ["Serie B", "Liga III", "2. Division", "National League North"])
def test_a_lower_league_is_not_one_of_others(competition: str) -> None:
    assert find("Northport", "Eastmoor", listed("5", "Northport", "Eastmoor", competition=competition)).fixture


def test_any_of_the_feeds_spellings_will_do_but_none_of_another_team() -> None:
    def known(*names: str) -> ListedFixture:
        return ListedFixture(
            fixture_id="5", home=ListedTeam(team_id="1", names=names),
            away=ListedTeam(team_id="2", names=("Eastmoor",)), kickoff_at=KICK_OFF,
        )  # fmt: skip

    assert find("Wolverhampton Rangers", "Eastmoor", known("Wulvs", "Wolverhampton Rangers")).fixture
    assert find("Northport", "Eastmoor", known("Northport", "Northport Women")).fixture is None


# --- when -------------------------------------------------------------------------------------------------------------


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("kickoff", "day", "time", "days"),
    [
        ("2026-03-07 15:00", "2026-03-07", "15:00", [7]),
        ("2026-03-07 20:59", "2026-03-07", "20:59", [7]),
        ("2026-03-07 23:30", "2026-03-07", "23:30", [7, 8]),
        ("2026-03-08 00:30", "2026-03-08", "00:30", [7, 8]),
        ("2026-03-08 03:30", None, None, [8]),
        # The day alone.
        (None, "2026-03-07", None, [6, 7, 8]),
        ("2026-03-07 00:00", "2026-03-07", "00:00", [6, 7, 8]),
    ],
)
def test_near_midnight_both_days_are_looked_at(
    kickoff: str | None, day: str | None, time: str | None, days: list[int]
) -> None:
    window = window_of(None if kickoff is None else at(kickoff), day, time)
    assert window is not None
    assert [one.day for one in window.days] == days


@pytest.mark.parametrize(
    ("kickoff", "day"), [(None, None), (None, "soon"), (None, "9999-12-31"), ("0001-01-01 01:00", None)]
)
def test_without_a_day_there_is_no_window(kickoff: str | None, day: str | None) -> None:
    assert window_of(None if kickoff is None else at(kickoff), day, None) is None


def test_a_match_of_another_day_is_not_the_match() -> None:
    assert find("Northport", "Eastmoor", listed("5", "Northport", "Eastmoor", at=KICK_OFF + 11 * HOUR)).fixture
    assert not find("Northport", "Eastmoor", listed("5", "Northport", "Eastmoor", at=KICK_OFF + 13 * HOUR)).fixture
    window = window_of(None, "2026-03-07", None)
    assert window is not None
    for hours, is_found in ((-4, False), (-2, True), (0, True), (26, True), (28, False)):
        one = listed("5", "Northport", "Eastmoor", at=datetime(2026, 3, 7, tzinfo=UTC) + hours * HOUR)
        assert (MATCHER.find("Northport", "Eastmoor", window, [one]).fixture is one) == is_found
    assert date(2026, 3, 7) in window.days


# --- the recorded day -------------------------------------------------------------------------------------------------

_FORMS = {"fc", "fk", "sk", "sc", "cf", "if", "afc", "ac", "sv", "nk", "pfc", "cd", "sd", "bk", "ff"}
_CHANCE = random.Random(20)  # noqa: S311 - a measurement
_SLIPS = string.ascii_lowercase


def _without_accents(name: str) -> str:
    plain = name.replace("ø", "o").replace("Ø", "O").replace("æ", "ae")
    return "".join(sign for sign in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(sign))


def _without_form(name: str) -> str:
    return " ".join(word for word in name.split() if word.lower() not in _FORMS) or name


def _misspelt(name: str) -> str:
    letters = [place for place, sign in enumerate(name) if sign.isalpha() and place]
    if len(letters) < 6:
        return name
    place = _CHANCE.choice(letters)
    return name[:place] + _CHANCE.choice(["", _CHANCE.choice(_SLIPS), name[place] * 2]) + name[place + 1 :]


def _abbreviated(name: str) -> str:
    for long, short in (("United", "Utd"), ("Athletic", "Ath"), ("Atletico", "Atl"), ("Saint", "St"), ("&", "and")):
        name = name.replace(long, short)
    return name


VARIANTS: dict[str, tuple[Callable[[str], str], int]] = {
    "as listed": (str, 100),
    "no accents": (_without_accents, 100),
    "capitals": (str.upper, 100),
    "no punctuation": (lambda name: re.sub(r"[^\w\s]", " ", name), 98),
    "no legal form": (_without_form, 98),
    "a legal form more": (lambda name: f"{name} FC", 98),
    "abbreviated": (_abbreviated, 97),
    "two words": (lambda name: " ".join(name.split()[:2]), 88),
    "first word": (lambda name: name.split()[0], 50),
    "last word": (lambda name: name.split()[-1], 65),
    "misspelt twice": (_misspelt, 25),
}
"""How names may be written, and how many of a hundred matches are found so at least."""


@pytest.mark.slow
def test_no_recorded_match_is_taken_for_another(shared_data: Path) -> None:
    """Among 271 matches of a day, both names varied alike: some are not found, none is found wrong, absent or swapped.

    Every eighth is looked for, which takes half a minute; all of them gave the figures of ``docs/grading.md``.
    """
    fixtures = parse_day(recorded_list(shared_data), RECORDED_DAY).fixtures
    asked = fixtures[::8]
    for name, (vary, least) in VARIANTS.items():
        counts: Counter[str] = Counter()
        for one in asked:
            home, away = (vary(team.names[0]) for team in (one.home, one.away))
            match = find(home, away, *fixtures, kickoff_at=one.kickoff_at)
            counts["right" if match.fixture is one else "wrong" if match.fixture else "undecided"] += 1
            rest = [other for other in fixtures if other is not one]
            counts["absent"] += find(home, away, *rest, kickoff_at=one.kickoff_at).fixture is not None
            counts["swapped"] += find(away, home, *fixtures, kickoff_at=one.kickoff_at).fixture is not None
        print(f"{name}: {dict(counts)}")  # noqa: T201 - the measurement
        assert counts["wrong"] == counts["absent"] == counts["swapped"] == 0, name
        assert counts["right"] * 100 >= least * len(asked), name


@pytest.mark.slow
def test_teams_of_two_recorded_matches_are_no_match(shared_data: Path) -> None:
    fixtures = parse_day(recorded_list(shared_data), RECORDED_DAY).fixtures
    for one, other in pairwise(fixtures[::4]):
        assert find(one.home.names[0], other.away.names[0], *fixtures, kickoff_at=one.kickoff_at).fixture is None
