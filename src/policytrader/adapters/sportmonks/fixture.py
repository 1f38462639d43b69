"""A SportMonks v3 answer read into a fixture: pure, whatever the bytes are."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from policytrader.adapters.sportmonks.events import MAX_TYPE, read_events
from policytrader.adapters.sportmonks.type_ids import (
    AFTER_EXTRA_TIME,
    AFTER_PENALTIES,
    KEEPER_POSITION,
    LISTED,
    RECORDED_FOR_PLAYERS,
    STATES,
    STATS,
)
from policytrader.engine.grading.reconcile_stats import (
    Evidence,
    PlayerCounts,
    agreeing,
    players_of_regular_time,
    reconcile_players,
    stated,
    suspected,
    unavailable,
)
from policytrader.engine.grading.recount import (
    goals_by_own_players,
    goals_of,
    goals_scored_by,
    is_sent_off,
    took_part,
)
from policytrader.model.fixture import (
    HALVES,
    Completeness,
    DecidedBy,
    Fixture,
    FixtureSource,
    FixtureStatus,
    Listed,
    Period,
    Player,
    Stat,
    Team,
    TeamSide,
)
from policytrader.model.json_nodes import read_json
from policytrader.model.outcomes import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policytrader.engine.grading.reconcile_stats import Reconciled
    from policytrader.model.fixture import Value
    from policytrader.model.json_nodes import Node

FEED = "SportMonks"
LAYOUT = "v3"
_MAX_COUNT = 9999
_CURRENT = "CURRENT"
_NOT_STARTED = frozenset({FixtureStatus.SCHEDULED, FixtureStatus.POSTPONED, FixtureStatus.CANCELLED})
_DECIDED = {AFTER_EXTRA_TIME: DecidedBy.EXTRA_TIME, AFTER_PENALTIES: DecidedBy.PENALTIES}


def parse_fixture(raw: bytes, *, fetched_at: datetime | None) -> Fixture:
    """The fixture of SportMonks' answer. Raises ``LayoutUnknownError``, and nothing else, for what is none."""
    data = read_json(raw, FEED)["data"]
    if data.is_missing:
        data.refuse("a fixture")
    return _Reading(data).fixture(hashlib.sha256(raw).hexdigest(), fetched_at)


class _Reading:
    """One fixture: each part read once."""

    def __init__(self, data: Node) -> None:
        self.data = data
        state = data["state_id"].whole(MAX_TYPE)
        self.status = STATES.get(state or 0, FixtureStatus.UNKNOWN)
        self.decided_by = _DECIDED.get(state or 0, DecidedBy.REGULAR)
        self.word = "" if state is None else str(state)
        self.is_finished = self.status is FixtureStatus.FINISHED
        self.is_started = self.status not in _NOT_STARTED | {FixtureStatus.UNKNOWN}
        self.has_extra_time = self.decided_by is not DecidedBy.REGULAR
        self.teams = _teams(data)
        self.sides = {team.team_id: side for side, team in self.teams.items() if team.team_id}
        self.events = read_events(data["events"], self.sides)
        self.score = self._score()
        self.is_explained = self.score == goals_of(self.events.goals, *Period)
        self.has_events = self.events.is_recorded and self.is_explained

    def fixture(self, digest: str, fetched_at: datetime | None) -> Fixture:
        match_id = self.data["id"].identifier()
        if match_id is None:
            self.data["id"].refuse("an id")
        team_stats = self._team_stats()
        counts = list(self._counts())
        reconciled = self._reconciled(counts, team_stats[Period.REGULAR])
        return Fixture(
            fixture_id=match_id,
            teams=self.teams,
            kickoff_at=_kickoff(self.data["starting_at"]),
            status=self.status,
            is_var_pending=None,
            score=self.score,
            decided_by=self.decided_by,
            finished_periods=frozenset(Period) if self.is_finished else frozenset(),
            available_periods=frozenset({Period.REGULAR}) if self.score is not None else frozenset(),
            team_stats=team_stats,
            players={
                counted.player_id: self._player(node, counted, reconciled.players[counted.player_id])
                for counted, node in counts
            },
            cards=tuple(self.events.cards),
            goals=tuple(self.events.goals),
            completeness=Completeness(
                layout=LAYOUT,
                has_team_stats=bool(self.data["statistics"].items()),
                has_player_stats=any(counted.stated for counted, _ in counts),
                has_shots=False,
                reconciled=reconciled.sides,
            ),
            source=FixtureSource(feed="sportmonks", layout=LAYOUT, hash=digest, fetched_at=fetched_at),
            has_events=self.has_events,
            status_word=self.word,
        )

    # --- Teams ------------------------------------------------------------------------------------------------------

    def _score(self) -> dict[TeamSide, int] | None:
        score: dict[TeamSide, int] = {}
        for node in self.data["scores"].items():
            side = _location(node["score"]["participant"])
            goals = node["score"]["goals"].whole(_MAX_COUNT)
            if node["description"].text() == _CURRENT and side is not None and goals is not None:
                score[side] = goals
        return score if self.is_started and len(score) == len(TeamSide) else None

    def _team_stats(self) -> dict[Period, dict[Stat, dict[TeamSide, Value]]]:
        read: dict[Stat, dict[TeamSide, Value]] = {}
        for node in self.data["statistics"].items():
            stat = STATS.get(node["type_id"].whole(MAX_TYPE) or 0)
            side = _location(node["location"]) or self.sides.get(node["participant_id"].identifier() or "")
            if stat is not None and side is not None:
                sides = read.setdefault(stat, {})
                sides[side] = agreeing(sides.get(side), _count(node["data"]["value"]))
        if self.has_extra_time:
            read = {
                stat: {side: unavailable(Reason.EXTRA_TIME_UNSPLIT, value.source_path) for side, value in sides.items()}
                for stat, sides in read.items()
            }
        return {
            period: {
                stat: {
                    side: self._goals(period, side)
                    if stat is Stat.GOALS
                    else (read.get(stat, {}) if period is Period.REGULAR else {}).get(side) or unavailable()
                    for side in TeamSide
                }
                for stat in Stat
            }
            for period in (Period.REGULAR, *HALVES)
        }

    def _goals(self, period: Period, side: TeamSide) -> Value:
        if self.score is None:
            return unavailable()
        if period is Period.REGULAR and not self.has_extra_time:
            value = stated(self.score[side], self.data["scores"].path)
            return suspected(value) if self.events.goals and not self.is_explained else value
        if not self.has_events:
            return unavailable(Reason.EXTRA_TIME_UNSPLIT if self.has_extra_time else Reason.STAT_UNAVAILABLE)
        return stated(goals_of(self.events.goals, *period.parts)[side], self.events.source_path)

    # --- Players ----------------------------------------------------------------------------------------------------

    def _counts(self) -> list[tuple[PlayerCounts, Node]]:
        counts: dict[str, tuple[PlayerCounts, Node]] = {}
        for node in self.data["lineups"].items():
            player_id = node["player_id"].identifier()
            side = self.sides.get(node["team_id"].identifier() or "")
            if player_id is None or side is None:
                node.refuse("a player of one of the two teams")
            position = node["position_id"].whole(MAX_TYPE)
            counted = PlayerCounts(
                player_id=player_id,
                side=side,
                # Of whom nobody says where he plays may be a keeper, for whom nothing is inferred.
                is_keeper=position is None or position == KEEPER_POSITION,
                took_part=took_part(
                    _listed(node),
                    self.events.came_on.get(player_id),
                    is_started=self.is_started,
                    is_settled=self.is_finished and self.events.is_recorded,
                ),
                stated=_details(node["details"]),
                recounts=self._recount(player_id),
            )
            counts.setdefault(player_id, (counted, node))
        return list(counts.values())

    def _recount(self, player_id: str) -> dict[Stat, Value]:
        if not self.has_events:
            return {}
        return {Stat.GOALS: stated(goals_scored_by(player_id, self.events.goals), self.events.source_path)}

    def _reconciled(
        self, counts: list[tuple[PlayerCounts, Node]], team: Mapping[Stat, Mapping[TeamSide, Value]]
    ) -> Reconciled:
        scored = goals_by_own_players(self.events.goals)
        evidence = Evidence(
            recorded=RECORDED_FOR_PLAYERS,
            team=team,
            goals={side: stated(scored[side], self.events.source_path) for side in TeamSide} if self.has_events else {},
            is_finished=self.is_finished,
        )
        reconcile = players_of_regular_time if self.has_extra_time else reconcile_players
        return reconcile([counted for counted, _ in counts], evidence)

    def _player(self, node: Node, counted: PlayerCounts, stats: Mapping[Stat, Value]) -> Player:
        player_id, listed = counted.player_id, _listed(node)
        off_minute = self.events.went_off.get(player_id)
        return Player(
            player_id=player_id,
            name=node["player_name"].text() or "",
            side=counted.side,
            is_keeper=node["position_id"].whole(MAX_TYPE) == KEEPER_POSITION,
            listed=listed,
            took_part=counted.took_part,
            started=listed is Listed.STARTER if self.is_started and listed is not None else None,
            on_minute=self.events.came_on.get(player_id),
            off_minute=off_minute,
            is_off=off_minute is not None or is_sent_off(player_id, self.events.cards),
            stats=stats,
        )


def _listed(node: Node) -> Listed | None:
    return LISTED.get(node["type_id"].whole(MAX_TYPE) or 0)


def _details(details: Node) -> dict[Stat, Value]:
    stats: dict[Stat, Value] = {}
    for node in details.items():
        stat = STATS.get(node["type_id"].whole(MAX_TYPE) or 0)
        if stat is not None:
            stats[stat] = agreeing(stats.get(stat), _count(node["data"]["value"]))
    return stats


def _count(node: Node) -> Value:
    value: object = node.value
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_COUNT
    return stated(value if isinstance(value, int) and is_count else None, node.path)


def _location(node: Node) -> TeamSide | None:
    word = node.text()
    return TeamSide(word) if word in {side.value for side in TeamSide} else None


def _teams(data: Node) -> dict[TeamSide, Team]:
    """From the participants; without them the fixture's name has the names, and there are no ids."""
    teams: dict[TeamSide, Team] = {}
    for node in data["participants"].items():
        side, team_id, name = _location(node["meta"]["location"]), node["id"].identifier(), node["name"].text()
        if side is None or team_id is None or name is None:
            node.refuse("a team with its side, id and name")
        teams[side] = Team(team_id=team_id, name=name)
    names = (data["name"].text() or "").split(" vs ")
    if not teams and len(names) == len(TeamSide) and all(names):
        return {side: Team(team_id="", name=name) for side, name in zip(TeamSide, names, strict=True)}
    if len(teams) != len(TeamSide) or len({team.team_id for team in teams.values()}) != len(TeamSide):
        data["participants"].refuse("two teams")
    return teams


def _kickoff(node: Node) -> datetime | None:
    """SportMonks writes UTC without saying so."""
    text = node.text()
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        node.refuse("a time such as 2010-08-14 11:45:00")
