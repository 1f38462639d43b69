"""An answer with the details of a match, read into a fixture: pure, whatever the bytes are."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple

from policytrader.adapters.fotmob.detect import FEED, Layout, detect_layout
from policytrader.adapters.fotmob.events import read_events
from policytrader.adapters.fotmob.players import Play, cards_of, player_of, read_players
from policytrader.adapters.fotmob.shot_map import read_shot_map
from policytrader.adapters.fotmob.squads import read_squads
from policytrader.adapters.fotmob.stat_words import RECORDED, RECORDED_L1
from policytrader.adapters.fotmob.statuses import course_of, read_header_status
from policytrader.adapters.fotmob.team_stats import Ending, by_period, read_blocks
from policytrader.engine.grading.reconcile_stats import (
    Evidence,
    PlayerCounts,
    players_of_regular_time,
    reconcile_players,
    stated,
    suspected,
    unavailable,
)
from policytrader.engine.grading.recount import goals_by_own_players, goals_of, goals_scored_by
from policytrader.model.fixture import (
    HALVES,
    Completeness,
    DecidedBy,
    Fixture,
    FixtureSource,
    FixtureStatus,
    Period,
    Stat,
    Team,
    TeamSide,
)
from policytrader.model.json_nodes import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from policytrader.adapters.fotmob.events import Events
    from policytrader.adapters.fotmob.players import FeedPlayer
    from policytrader.adapters.fotmob.shot_map import ShotMap
    from policytrader.adapters.fotmob.statuses import Course, HeaderStatus
    from policytrader.engine.grading.reconcile_stats import Reconciled
    from policytrader.model.fixture import Value
    from policytrader.model.json_nodes import Node

_MAX_GOALS = 99
_TEAM_PAGE = re.compile(r"/teams/(\d{1,18})(?:/.*)?", re.ASCII | re.DOTALL)


def parse_match(raw: bytes, *, fetched_at: datetime | None) -> Fixture:
    """The fixture of FotMob's answer. Raises ``LayoutUnknownError``, and nothing else, for what is none."""
    root = read_json(raw, FEED)
    return _Reading(root).fixture(hashlib.sha256(raw).hexdigest(), fetched_at)


class _Goals(NamedTuple):
    """The score, and whether the events explain it."""

    score: Mapping[TeamSide, int] | None
    is_explained: bool
    score_path: str


class _Reading:
    """One answer on its way to a fixture: each part read once."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.content = root["content"]
        self.header_status: HeaderStatus = read_header_status(root)
        self.layout: Layout = detect_layout(root, is_finished=self.header_status.status is FixtureStatus.FINISHED)
        self.teams = _teams(root["header"]["teams"])
        self.events: Events = read_events(self.content["matchFacts"])
        self.blocks = read_blocks(self.content["stats"], self.layout)
        self.course: Course = course_of(self.header_status, root, self.events, self.blocks)
        self.is_finished = self.course.status is FixtureStatus.FINISHED
        self.has_extra_time = self.course.decided_by is not DecidedBy.REGULAR
        self.shots: ShotMap = read_shot_map(self.content["shotmap"], has_extra_time=self.has_extra_time)
        self.squads = read_squads(self.content["lineup"], self.teams)
        self.players: list[FeedPlayer] = read_players(self.content, self.layout, self.squads, self.events, self.teams)
        self.goals = self._goals()

    def fixture(self, digest: str, fetched_at: datetime | None) -> Fixture:
        team_stats = by_period(self.blocks, Ending(self.is_finished, self.has_extra_time))
        for period, sides in self._team_goals().items():
            team_stats[period][Stat.GOALS] = dict(sides)
        reconciled = self._players(team_stats[Period.REGULAR])
        cards = cards_of(self.events, self.players)
        play = Play(self.header_status.is_started, self.is_finished)
        return Fixture(
            fixture_id=_fixture_id(self.root),
            teams=self.teams,
            kickoff_at=self._kickoff(),
            status=self.course.status,
            is_var_pending=self.root["hasPendingVAR"].flag(),
            score=self.goals.score,
            decided_by=self.course.decided_by,
            finished_periods=self.course.finished_periods,
            available_periods=frozenset(
                period
                for period in team_stats
                if any(value.value is not None for sides in team_stats[period].values() for value in sides.values())
            ),
            team_stats=team_stats,
            players={
                player.player_id: player_of(player, play, cards, reconciled.players[player.player_id])
                for player in self.players
            },
            cards=cards,
            goals=tuple(self.events.goals),
            completeness=self._completeness(reconciled),
            source=FixtureSource(feed="fotmob", layout=self.layout, hash=digest, fetched_at=fetched_at),
            has_events=self.has_events,
            status_word=self.header_status.word,
        )

    @property
    def has_events(self) -> bool:
        """Whether the events tell what happened: some, where the match is over, and enough for the score."""
        nodes = self.content["matchFacts"]["events"]["events"].items()
        return self.events.is_recorded and (bool(nodes) or not self.is_finished) and self.goals.is_explained

    def _completeness(self, reconciled: Reconciled) -> Completeness:
        return Completeness(
            layout=self.layout,
            has_team_stats=any(self.blocks.figures.values()),
            has_player_stats=any(player.sheet.stats for player in self.players),
            has_shots=self.shots.is_usable,
            reconciled=reconciled.sides,
        )

    def _kickoff(self) -> datetime | None:
        general = self.root["general"]["matchTimeUTCDate"]
        return (self.root["header"]["status"]["utcTime"] if general.is_missing else general).moment()

    # --- Goals ------------------------------------------------------------------------------------------------------

    def _goals(self) -> _Goals:
        nodes = self.root["header"]["teams"].items()
        scores = {side: node["score"].whole(_MAX_GOALS) for side, node in zip(TeamSide, nodes, strict=True)}
        home, away = scores[TeamSide.HOME], scores[TeamSide.AWAY]
        path = self.root["header"]["teams"].path
        if not self.header_status.is_started or home is None or away is None:
            return _Goals(None, is_explained=True, score_path=path)
        score = {TeamSide.HOME: home, TeamSide.AWAY: away}
        return _Goals(score, is_explained=self._is_explained(score), score_path=path)

    def _is_explained(self, score: Mapping[TeamSide, int]) -> bool:
        """Nobody has recorded what the header counts after extra time: any of three sums explains it."""
        played, all_goals = goals_of(self.events.goals, *HALVES), goals_of(self.events.goals, *Period)
        if not self.has_extra_time:
            return all_goals == score
        with_shootout = {side: all_goals[side] + self.events.shootout_goals[side] for side in TeamSide}
        return score in (played, all_goals, with_shootout)

    def _team_goals(self) -> dict[Period, dict[TeamSide, Value]]:
        return {
            period: {side: self._goal_value(period, side) for side in TeamSide} for period in (Period.REGULAR, *HALVES)
        }

    def _goal_value(self, period: Period, side: TeamSide) -> Value:
        score = self.goals.score
        if score is None:
            return unavailable()
        from_header = period is Period.REGULAR and not self.has_extra_time
        # Without a single event nothing is contradicted: little coverage has the score and no more.
        if not self.has_events and (not from_header or self.events.goals):
            value = stated(score[side], self.goals.score_path)
            return suspected(value) if self.events.goals else unavailable(source_path=self.events.source_path)
        if from_header:
            return stated(score[side], f"{self.goals.score_path}[{list(TeamSide).index(side)}].score")
        return stated(goals_of(self.events.goals, *period.parts)[side], self.events.source_path)

    def _own_goals_apart(self) -> dict[TeamSide, Value]:
        """What each side's own players scored in regular time."""
        if not self.has_events:
            return {}
        scored = goals_by_own_players(self.events.goals)
        return {side: stated(scored[side], self.events.source_path) for side in TeamSide}

    # --- Players ----------------------------------------------------------------------------------------------------

    def _players(self, team: Mapping[Stat, Mapping[TeamSide, Value]]) -> Reconciled:
        play = Play(self.header_status.is_started, self.is_finished)
        counts = [
            PlayerCounts(
                player_id=player.player_id,
                side=player.side,
                is_keeper=player.is_keeper,
                took_part=play.has_seen(player),
                stated=player.sheet.stats,
                recounts=self._recounts(player),
            )
            for player in self.players
        ]
        evidence = Evidence(
            recorded=RECORDED_L1 if self.layout is Layout.L1 else RECORDED,
            team=team,
            goals=self._own_goals_apart(),
            is_finished=self.is_finished,
        )
        return (players_of_regular_time if self.has_extra_time else reconcile_players)(counts, evidence)

    def _recounts(self, player: FeedPlayer) -> dict[Stat, Value]:
        recounts = self.shots.recount(player.player_id)
        if self.has_events:
            scored = goals_scored_by(player.player_id, self.events.goals)
            recounts[Stat.GOALS] = stated(scored, self.events.source_path)
        return recounts


def _fixture_id(root: Node) -> str:
    nodes = (root["general"]["matchId"], root["content"]["matchFacts"]["matchId"])
    first, second = (node.identifier() for node in nodes)
    if first is not None and second is not None and first != second:
        nodes[1].refuse(f"the match {first} that the same answer names")
    match_id = first or second
    if match_id is None:
        nodes[1].refuse("an id")
    return match_id


def _teams(nodes: Node) -> dict[TeamSide, Team]:
    items = nodes.items()
    if len(items) != len(TeamSide):
        nodes.refuse("two teams")
    teams = {side: _team(node) for side, node in zip(TeamSide, items, strict=True)}
    if len({team.team_id for team in teams.values()}) != len(teams):
        nodes.refuse("two teams that differ")
    return teams


def _team(node: Node) -> Team:
    page = _TEAM_PAGE.fullmatch(node["pageUrl"].text() or "")
    team_id = node["id"].identifier() or (page[1] if page else None)
    name = node["name"].text()
    if team_id is None or name is None:
        node.refuse("a team with id and name")
    return Team(team_id=team_id, name=name)
