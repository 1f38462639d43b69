"""What messages say, in every variant of their grammar."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytrader.app.alerts.kickoff import KickOff
from policytrader.app.alerts.message import ParsedMessage, parse_message
from tests.app.alerts.messages import MATCH_LINE, PLAYER, SENT, TEAM, TIPS, VARIANTS

KICK_OFF = KickOff(date(2026, 3, 7), time(15, 0))

SAID = ParsedMessage(
    market="Player Shots On Target",
    direction="over",
    threshold=Decimal("1.5"),
    kind="player_value",
    match="Northport vs Eastmoor",
    league="Test League",
    kick_off=KICK_OFF,
    player="José Marín",
    team="Northport",
    odds=Decimal("2.40"),
    bookmaker="Bet365",
    model_odds=Decimal("2.1"),
    value_percent=Decimal("27.6"),
    suggested_units=Decimal("0.8"),
)
TEAM_SAID = ParsedMessage(
    market="Team Corners",
    direction="under",
    threshold=Decimal("4.5"),
    kind="team_value",
    match="Northport vs Eastmoor",
    league="Test League",
    kick_off=KICK_OFF,
    team="Eastmoor",
    odds=Decimal("2.2"),
    value_percent=Decimal("6.0"),
    suggested_units=Decimal("0.5"),
)
GOAL: dict[str, Any] = {"market": "Player Goals", "threshold": Decimal("0.5")}

EXPECTED: dict[str, ParsedMessage | None] = {
    **dict.fromkeys(VARIANTS, SAID),
    "team alert, league and kick-off on one line": TEAM_SAID,
    "flag with tags, kick-off behind it without a sign": TEAM_SAID,
    "to score anytime": replace(SAID, **GOAL),
    "anytime goalscorer": replace(SAID, **GOAL),
    "model in the odds' brackets": replace(SAID, odds=Decimal("3.4"), bookmaker=None),
    "fair odds of a sharp bookmaker": replace(SAID, kind="sharp_value", model_odds=Decimal("2.85")),
    "market alert": replace(SAID, kind="player_market_percent"),
    "dropping odds": replace(SAID, kind="dropping_odds"),
    "boosted odds": replace(SAID, kind="boosted_odds"),
    "bet builder": None,
    "two selections": None,
    "without odds": replace(SAID, odds=None, bookmaker=None),
    "odds that contradict each other": replace(SAID, odds=None, bookmaker=None),
}

TIP = ParsedMessage(
    market="Player Shots",
    direction="over",
    threshold=Decimal("1.5"),
    match="Northport vs Eastmoor",
    player="José Marín",
    odds=Decimal("2.40"),
    bookmaker="Bet365",
)
UNSAID = replace(TIP, bookmaker=None)
EXPECTED_TIPS: dict[str, ParsedMessage | None] = {
    "over and under as letters": replace(
        TIP, match=None, team="Northport", suggested_units=Decimal("1.5"), kick_off=KICK_OFF
    ),
    "match in front": TIP,
    "Asian handicap": replace(
        TIP,
        market="Team Goals Handicap",
        direction="handicap",
        threshold=Decimal("0.5"),
        player=None,
        team="Eastmoor",
        odds=Decimal("1.91"),
    ),
    "fraction": UNSAID,
    "American": replace(UNSAID, odds=Decimal("1.9091")),
    "cents": replace(UNSAID, odds=Decimal("1.7182")),
    "evens": replace(UNSAID, odds=Decimal(2)),
    "a bare 25 is a decimal price": replace(
        UNSAID, market="Player First Goalscorer", threshold=Decimal("0.5"), odds=Decimal(25)
    ),
    "a bare 100 is a decimal price": replace(
        TIP, market="Player Header Goal", threshold=Decimal("0.5"), odds=Decimal(100)
    ),
    "the word Odds is no bookmaker": UNSAID,
    "a price in brackets": replace(UNSAID, odds=Decimal("1.9091")),
    "a fraction by itself": replace(TIP, threshold=Decimal("0.5"), odds=Decimal(6)),
    "anytime": replace(UNSAID, market="Player Goals", threshold=Decimal("0.5"), odds=Decimal("1.90")),
    "a total behind the match": replace(
        UNSAID, market="Match Goals", threshold=Decimal("2.5"), odds=Decimal(2), player=None
    ),
    "a match behind the statistic": None,
    "columns": None,
    "no price, no match": replace(UNSAID, odds=None, match=None),
    "not about football": None,
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants(variant: str) -> None:
    bot_type = "team" if "TEAM PROP" in VARIANTS[variant] else "player"
    assert parse_message(VARIANTS[variant], bot_type, SENT) == EXPECTED[variant]


@pytest.mark.parametrize("variant", TIPS)
def test_tips(variant: str) -> None:
    assert parse_message(TIPS[variant], "player", SENT) == EXPECTED_TIPS[variant]


def test_every_variant_has_its_expectation() -> None:
    assert (set(EXPECTED), set(EXPECTED_TIPS)) == (set(VARIANTS), set(TIPS))


def test_without_the_messages_day_a_year_is_not_made_up() -> None:
    assert parse_message(PLAYER, "player") == SAID
    assert parse_message(TEAM, "team") == replace(TEAM_SAID, kick_off=KickOff(None, time(15, 0)))


def test_the_header_says_what_a_message_is_about() -> None:
    """It counts for more than the bot that is asked."""
    assert parse_message(TEAM, "player", SENT) == TEAM_SAID
    assert parse_message(PLAYER, "team", SENT) == SAID


def said(message: str, bot_type: str = "player") -> ParsedMessage:
    found = parse_message(message, bot_type, SENT)
    assert found is not None
    return found


def test_a_total_of_the_match_names_no_team() -> None:
    found = said(TEAM.replace("Eastmoor Under", "Under"), "team")
    assert (found.market, found.team) == ("Match Corners", None)
    found = said(TEAM.replace("Eastmoor Under", "Match Under"), "team")
    assert (found.market, found.team) == ("Match Corners", None)


def test_the_word_team_is_nobodys_name() -> None:
    found = said(TEAM.replace("Eastmoor Under", "Team Under"), "team")
    assert (found.market, found.team) == ("Team Corners", None)


def test_a_side_of_the_match_is_a_team_in_any_message() -> None:
    found = said(MATCH_LINE + "Eastmoor Over 4.5 Corners @1.91")
    assert (found.market, found.team, found.player) == ("Team Corners", "Eastmoor", None)


def test_of_several_players_the_selection_names_one() -> None:
    listed = PLAYER.replace("👤 José Marín (Northport)", "👤 José Marín (Northport)\n👤 Ola Nordli (Eastmoor)")
    assert (said(listed).player, said(listed).team) == (None, None)
    named = said(listed.replace("⚽️ Over", "⚽️ Ola Nordli Over"))
    assert (named.player, named.team, named.market) == ("Ola Nordli", "Eastmoor", "Player Shots On Target")


def test_market_first_behind_a_player() -> None:
    found = said(PLAYER.replace("Over 1.5 Shots On Target", "José Marín Shots On Target Over 1.5"))
    assert found == SAID


def test_a_negative_value_stays_negative() -> None:
    assert said(PLAYER.replace("Value: 27.6%", "Value: -3.5%")).value_percent == Decimal("-3.5")


@pytest.mark.parametrize(
    "inside", ["Odds", "Best Odds", "Model: 2.1", "48% chance", "was 2.10", "devigged", "EW", "each way", "2.1", ""]
)
def test_what_is_no_bookmaker(inside: str) -> None:
    found = said(PLAYER.replace("(Bet365)", f"({inside})"))
    assert (found.odds, found.bookmaker) == (Decimal("2.40"), None)


@pytest.mark.parametrize("odds", ["1.00", "0.5", "-", "NaN", "99999", "2.40.1", "two"])
def test_what_is_no_price_is_not_read(odds: str) -> None:
    found = said(PLAYER.replace("Odds: 2.40", f"Odds: {odds}"))
    assert (found.odds, found.bookmaker) == (None, None)


@pytest.mark.parametrize(
    "message",
    [None, 7, b"bytes", ["a"], "", " \n ", "Hello there", PLAYER * 100, "⚽️", "🏟\n👤\n⚽️\n📚\n⏰", "🎯 CLV: 2%"],
)
def test_what_is_no_alert(message: Any) -> None:
    assert parse_message(message, "player", SENT) is None


names = st.from_regex(r"[A-Z][a-zéíøß]{2,10} [A-Z][a-zéíøß'-]{2,10}[a-z]", fullmatch=True)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
teams = st.from_regex(r"[A-Z][a-zéíøß]{3,12}", fullmatch=True)


@st.composite
def written_alerts(draw: st.DrawFn) -> tuple[str, ParsedMessage]:
    """A message, and what it says."""
    home, away = draw(st.lists(teams, min_size=2, max_size=2, unique_by=str.casefold))
    kick_off = draw(st.datetimes())
    said = ParsedMessage(
        market=f"Player {draw(st.sampled_from(['Shots', 'Shots On Target', 'Fouls Committed', 'Passes']))}",
        direction=draw(st.sampled_from(["over", "under"])),
        threshold=Decimal(draw(st.integers(1, 40))) / 4,
        kind="player_value",
        match=f"{home} vs {away}",
        kick_off=KickOff(kick_off.date(), time(kick_off.hour, kick_off.minute)),
        player=draw(names),
        team=home,
        odds=Decimal(draw(st.integers(101, 5000))) / 100,
        bookmaker=draw(st.sampled_from(["Bet365", "William Hill", "Paddy Power"])),
    )
    message = (
        f"⚡️ PLAYER PROP VALUE ALERT ⚡️\n🏟 {said.match}\n"
        f"⏰ {kick_off.day} {MONTHS[kick_off.month - 1]} {kick_off.year:04d} {kick_off:%H:%M}\n"
        f"👤 {said.player} ({home})\n"
        f"⚽️ {said.direction.title()} {said.threshold} {said.market.removeprefix('Player ')}\n"
        f"📚 Bookmaker Odds: {said.odds} ({said.bookmaker})"
    )
    return message, said


@given(written_alerts())
def test_generated_alerts_are_read_as_they_were_written(written: tuple[str, ParsedMessage]) -> None:
    message, said_in_it = written
    assert parse_message(message, "player") == said_in_it
