"""The feed's own ids of a bet's player or team: kept from the first match that was decided, or as a person chose."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from policytrader.engine.name_forms import normalise
from policytrader.model.fixture import FixtureStatus
from policytrader.model.tracked import By, Change, entry_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from policytrader.model.fixture import Fixture
    from policytrader.model.grades import BetToGrade, Grade
    from policytrader.model.tracked import HistoryEntry, TrackedBet
    from policytrader.ports.bet_store import PlayerChoice

_SQUADS_ARE_COMPLETE = frozenset({FixtureStatus.LIVE, FixtureStatus.HALF_TIME, FixtureStatus.FINISHED})
"""Before the kick-off a name may fit one of the players listed so far, and mean one who is not."""


def with_ids(bet: TrackedBet, grade: Grade, fixture: Fixture, at: datetime) -> tuple[TrackedBet, HistoryEntry] | None:
    """The pending bet's next version with the ids that its names were matched with; None where there is nothing new.

    Ids that somebody gave are never replaced: one that is the feed's own is confirmed, any other left as it is.
    """
    if bet.matched_by is not None or fixture.status not in _SQUADS_ARE_COMPLETE:
        return None
    name, found = ("player_id", grade.player_id) if grade.player_id is not None else ("team_id", grade.team_id)
    given = getattr(bet, name)
    if found is None or given not in {None, found}:
        return None
    changed = replace(
        bet,
        player_id=grade.player_id or bet.player_id,
        team_id=grade.team_id or bet.team_id,
        matched_by=By.GRADER,
        version=bet.version + 1,
    )
    evidence = {"feed": fixture.source.feed, "snapshot_hash": fixture.source.hash}
    return changed, entry_of(
        bet, changed, By.GRADER, Change.IDS_FOUND, at, before={name: given}, after={name: found}, evidence=evidence
    )


def as_chosen(bet: BetToGrade, choices: Iterable[PlayerChoice], fixture: Fixture) -> BetToGrade:
    """The bet as its owner means it, where they chose a player for this name before.

    Whom they chose is meant where he is in one of the squads; and also where only his team plays: then he is not
    there, and nobody else of that name is taken for him. In any other match the name is asked as if nobody had chosen.
    """
    if bet.matched_by is not None or not bet.player_name:
        return bet
    # A result stands for the player whose it was: no choice that came later is a corrected number.
    if bet.status.is_settled and bet.player_id in fixture.players:
        return bet
    form = normalise(bet.player_name)
    named = {one.player_id: one for one in choices if form and normalise(one.player_name) == form}
    there = [one for one in named if one in fixture.players]
    if len(there) > 1:  # they said both, so nobody can say whom they mean here
        return replace(bet, player_id=None, matched_by=By.PERSON)
    teams = {team.team_id for team in fixture.teams.values()}
    absent = [one.player_id for one in named.values() if one.team_id in teams]
    meant = there or absent[:1]
    return replace(bet, player_id=meant[0], matched_by=By.PERSON) if meant else bet


def kept_open(grade: Grade) -> Grade:
    """A pending grade of a bet whose player was chosen before: the choice is asked anew, for it may be taken back."""
    return grade if grade.status.is_settled else replace(grade, player_id=None)
