"""SportMonks' numbers for states, statistics and events: only those that somebody confirmed.

A statistic whose number is in doubt is left out: no number rather than a wrong one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.model.fixture import CardKind, FixtureStatus, Listed, Stat

if TYPE_CHECKING:
    from collections.abc import Mapping

AFTER_EXTRA_TIME = 6
AFTER_PENALTIES = 7

STATES: Mapping[int, FixtureStatus] = {
    1: FixtureStatus.SCHEDULED,
    2: FixtureStatus.LIVE,
    3: FixtureStatus.HALF_TIME,
    5: FixtureStatus.FINISHED,
    AFTER_EXTRA_TIME: FixtureStatus.FINISHED,
    AFTER_PENALTIES: FixtureStatus.FINISHED,
    8: FixtureStatus.CANCELLED,
    9: FixtureStatus.POSTPONED,
}

STATS: Mapping[int, Stat] = {
    34: Stat.CORNERS,
    42: Stat.SHOTS,
    51: Stat.OFFSIDES,
    52: Stat.GOALS,
    53: Stat.GOAL_KICKS,
    55: Stat.FREE_KICKS,
    56: Stat.FOULS,
    57: Stat.SAVES,
    78: Stat.TACKLES,
    79: Stat.ASSISTS,
    80: Stat.PASSES,
    86: Stat.SHOTS_ON_TARGET,
}
RECORDED_FOR_PLAYERS = frozenset(STATS.values()) - {Stat.CORNERS, Stat.GOAL_KICKS, Stat.FREE_KICKS}

GOAL, OWN_GOAL, PENALTY, SUBSTITUTION = 14, 15, 16, 18
CARDS: Mapping[int, CardKind] = {19: CardKind.YELLOW, 20: CardKind.RED, 21: CardKind.SECOND_YELLOW}

LISTED: Mapping[int, Listed] = {11: Listed.STARTER, 12: Listed.BENCH}
KEEPER_POSITION = 24
