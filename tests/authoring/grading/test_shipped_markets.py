"""``rules/football/markets.yaml``: every market that the field knows, under each of its names, counted rightly."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from policytrader.authoring.load import load_grading
from policytrader.policy.grading.folding import fold
from policytrader.policy.grading.markets import MarketAlias
from policytrader.resources import resource

if TYPE_CHECKING:
    from policytrader.policy.grading.markets import Market

SHIPPED = load_grading(resource("rules")).markets
BY_NAME = {market.name: market for market in SHIPPED.markets}
EXPECTATIONS = Path(__file__).parents[4] / "shared" / "data" / "fotmob" / "expectations.csv"

PLAYER = {
    "Player Goals": ("goals", 52), "Player First Goalscorer": ("first_goal", None),
    "Player Last Goalscorer": ("last_goal", None), "Player Header Goal": ("header_goals", None),
    "Player Assists": ("assists", 79), "Player Goal or Assist": ("goals assists", None),
    "Player Shots Total": ("shots", 42), "Player Shots On Target": ("shots_on_target", 86),
    "Player Passes": ("passes", 80), "Player Accurate Passes": ("accurate_passes", None),
    "Player Key Passes": ("key_passes", None), "Player Crosses": ("crosses", None), "Player Tackles": ("tackles", 78),
    "Player Interceptions": ("interceptions", None), "Player Clearances": ("clearances", None),
    "Player Blocks": ("blocks", None), "Player Fouls Committed": ("fouls", 56),
    "Player Fouls Won": ("fouls_drawn", None),
    "Player Offsides": ("offsides", 51), "Player GK Saves": ("saves", 57), "Player Dribbles": ("dribbles", None),
    "Player Touches In Box": ("touches_box", None), "Player Cards": ("cards", None),
}  # fmt: skip
COUNTED = {
    "Goals": ("goals", 52), "Corners": ("corners", 34), "Cards": ("cards", None), "Shots": ("shots", 42),
    "Shots On Target": ("shots_on_target", 86), "Fouls": ("fouls", 56), "Offsides": ("offsides", 51),
    "Saves": ("saves", 57), "Tackles": ("tackles", 78), "Interceptions": ("interceptions", None),
    "Passes": ("passes", 80), "Clearances": ("clearances", None), "Throw Ins": ("throw_ins", None),
    "Goal Kicks": ("goal_kicks", 53), "Free Kicks": ("free_kicks", 55),
}  # fmt: skip


def find(name: str) -> tuple[Market, MarketAlias | None]:
    for market in SHIPPED.markets:
        if fold(market.name) == fold(name):
            return market, None
        for alias in market.aliases:
            written = alias.name if isinstance(alias, MarketAlias) else alias
            if fold(written) == fold(name):
                return market, alias if isinstance(alias, MarketAlias) else None
    pytest.fail(f"no market is called {name}")


def test_every_market_with_its_statistic_and_number() -> None:
    expected = {name: ("player", *counted) for name, counted in PLAYER.items()}
    for name, counted in COUNTED.items():
        expected |= {f"Team {name}": ("team", *counted), f"Match {name}": ("match", *counted)}
        expected[f"Team {name} Handicap"] = ("team", *counted)
    expected["Both Teams To Score"] = ("match", "goals", 52)
    assert expected == {
        market.name: (market.scope, " ".join(market.statistics), market.api_type_id) for market in SHIPPED.markets
    }


@pytest.mark.parametrize(
    ("name", "market", "line", "direction", "period"),
    [
        ("Player Total Shots", "Player Shots Total", None, None, None),
        ("Player Shots", "Player Shots Total", None, None, None),
        ("Player To Assist", "Player Assists", "0.5", "over", None),
        ("anytime goalscorer", "Player Goals", "0.5", "over", None),
        ("To Score  Anytime", "Player Goals", "0.5", "over", None),
        ("2+ Goals", "Player Goals", "1.5", "over", None),
        ("Player To Score 2 Or More Goals", "Player Goals", "1.5", "over", None),
        ("3+ goals", "Player Goals", "2.5", "over", None),
        ("To Score A Hat-Trick", "Player Goals", "2.5", "over", None),
        ("First Goalscorer", "Player First Goalscorer", None, None, None),
        ("To Be Booked", "Player Cards", "0.5", "over", None),
        ("BTTS", "Both Teams To Score", None, None, None),
        ("Total Corners", "Match Corners", None, None, None),
        ("First Half Goals", "Match Goals", None, None, "first_half"),
        ("1st Half Corners", "Match Corners", None, None, "first_half"),
        ("Second Half Cards", "Match Cards", None, None, "second_half"),
        ("Team 2nd Half Shots On Target", "Team Shots On Target", None, None, "second_half"),
        ("Both Teams To Score In First Half", "Both Teams To Score", None, None, "first_half"),
        ("Asian Handicap", "Team Goals Handicap", None, None, None),
        ("Corner Handicap", "Team Corners Handicap", None, None, None),
    ],
)
def test_the_names_of_the_field(
    name: str, market: str, line: str | None, direction: str | None, period: str | None
) -> None:
    found, alias = find(name)
    assert found.name == market
    said = (alias.line, alias.direction, alias.period) if alias else (None, None, None)
    assert said == (Decimal(line) if line else None, direction, period)


@pytest.mark.parametrize("name", ["Goals", "Shots", "Match Winner", "Player To Be Sent Off", "Handicap", "Cards"])
def test_a_name_that_could_mean_two_things_means_none(name: str) -> None:
    names = {fold(one.name if isinstance(one, MarketAlias) else one) for m in SHIPPED.markets for one in m.aliases}
    assert fold(name) not in names | {fold(market.name) for market in SHIPPED.markets}


def test_what_can_fall_again_is_never_decided_early() -> None:
    falls = {name for name, market in BY_NAME.items() if not market.can_only_grow}
    assert falls == {"Player Last Goalscorer", *(f"Team {name} Handicap" for name in COUNTED)}


def test_a_review_holds_back_goals_and_cards() -> None:
    reviewed = {"goals", "assists", "first_goal", "last_goal", "header_goals", "cards"}
    for market in SHIPPED.markets:
        assert market.needs_var == bool(reviewed & set(market.statistics)), market.name


def test_yes_and_no_need_no_line() -> None:
    yes_no = ("Player First Goalscorer", "Player Last Goalscorer", "Player Header Goal", "Both Teams To Score")
    for name in (*yes_no, "Player Goal or Assist"):
        assert (BY_NAME[name].line, BY_NAME[name].direction) == (Decimal("0.5"), "over")
    assert {market.combine for market in SHIPPED.markets if market.name != "Both Teams To Score"} == {"sum"}
    assert BY_NAME["Both Teams To Score"].combine == "lower"


def test_the_words() -> None:
    assert {"over", "o", "yes"} <= set(SHIPPED.directions.over)
    assert {"under", "u", "no"} <= set(SHIPPED.directions.under)
    assert {"first half", "1h"} <= set(SHIPPED.periods.first_half)


def test_the_markets_of_the_recorded_expectations() -> None:
    if not EXPECTATIONS.is_file():
        pytest.skip("needs the recorded matches beside the project (../shared/data)")
    with EXPECTATIONS.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["market"] for row in rows} <= set(BY_NAME)
    assert {row["direction"] for row in rows} <= {*SHIPPED.directions.over, *SHIPPED.directions.under}
    periods = SHIPPED.periods
    assert {row["period"] for row in rows} <= {*periods.match, *periods.first_half, *periods.second_half}


@pytest.mark.parametrize(("scope", "location"), [("player", "player"), ("team", "side"), ("match", "total")])
def test_where_the_other_feed_has_a_number_follows_from_whose_it_is(scope: str, location: str) -> None:
    markets = [market for market in SHIPPED.markets if market.scope == scope]
    assert {market.location for market in markets} == {location}
    assert {market.api_location for market in markets} <= {None, location}
