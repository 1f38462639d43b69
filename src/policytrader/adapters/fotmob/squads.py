"""Who is listed for each team, and how: starters, bench, unavailable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.adapters.fotmob.events import Moment
from policytrader.model.fixture import MAX_MINUTE, Listed, TeamSide

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policytrader.model.fixture import Team
    from policytrader.model.json_nodes import Node

_KEEPER_POSITION = 0
_MAX_POSITION = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One player of a line-up. ``node`` is his entry; L1 and L2 keep his numbers in it."""

    player_id: str
    name: str
    side: TeamSide
    listed: Listed
    is_keeper: bool
    came_on: Moment | None
    went_off: Moment | None
    node: Node


def read_squads(lineup: Node, teams: Mapping[TeamSide, Team]) -> dict[str, Listing]:
    """``content.lineup`` of any layout, by player; empty where there is none yet. Raises where it is of other teams."""
    is_new = lineup.has("homeTeam") or lineup.has("awayTeam")
    sides = list(_new_sides(lineup) if is_new else _old_sides(lineup, teams))
    listings: dict[str, Listing] = {}
    for side, team in sides:
        _check_team(team["id" if is_new else "teamId"], teams[side])
        for listed, node in _entries(team, lineup, side, is_new=is_new):
            listing = _listing(node, side, listed)
            known = listings.setdefault(listing.player_id, listing)
            if known.side is not side:
                node["id"].refuse("listed for both teams")
    return listings


def _new_sides(lineup: Node) -> Iterator[tuple[TeamSide, Node]]:
    return ((side, lineup[f"{side}Team"]) for side in TeamSide)


def _old_sides(lineup: Node, teams: Mapping[TeamSide, Team]) -> Iterator[tuple[TeamSide, Node]]:
    sides = {team.team_id: side for side, team in teams.items()}
    for node in lineup["lineup"].items():
        side = sides.get(node["teamId"].identifier() or "")
        if side is None:
            node["teamId"].refuse("one of the fixture's two teams")
        yield side, node


def _check_team(team_id: Node, team: Team) -> None:
    if not team_id.is_missing and team_id.identifier() != team.team_id:
        team_id.refuse(f"the team {team.team_id} of the fixture")


def _entries(team: Node, lineup: Node, side: TeamSide, *, is_new: bool) -> Iterator[tuple[Listed, Node]]:
    if is_new:
        places = ((Listed.STARTER, "starters"), (Listed.BENCH, "subs"), (Listed.UNAVAILABLE, "unavailable"))
        return ((listed, node) for listed, key in places for node in team[key].items())
    return _old_entries(team, lineup["naPlayers"], side)


def _old_entries(team: Node, absent: Node, side: TeamSide) -> Iterator[tuple[Listed, Node]]:
    yield from ((Listed.STARTER, node) for row in team["players"].items() for node in row.items())
    yield from ((Listed.BENCH, node) for node in team["bench"].items())
    for named, entries in zip(absent["sides"].items(), absent["naPlayersArr"].items(), strict=False):
        if named.text() == side:
            yield from ((Listed.UNAVAILABLE, node) for node in entries.items())


def _listing(node: Node, side: TeamSide, listed: Listed) -> Listing:
    player_id = node["id"].identifier()
    if player_id is None:
        node["id"].refuse("an id")
    came_on, went_off = _substitutions(node)
    return Listing(
        player_id=player_id,
        name=name_of(node["name"]),
        side=side,
        listed=listed,
        is_keeper=_is_keeper(node),
        came_on=came_on,
        went_off=went_off,
        node=node,
    )


def name_of(node: Node) -> str:
    """A text, or in L2 an object with the parts of the name."""
    return (node["fullName"] if isinstance(node.value, dict) else node).text() or ""


def _is_keeper(node: Node) -> bool:
    if node.has("isGoalkeeper"):
        return node["isGoalkeeper"].flag() or False
    if node.has("role"):
        return node["role"].text() == "Keeper"
    return node["usualPlayingPositionId"].whole(_MAX_POSITION) == _KEEPER_POSITION


def _substitutions(node: Node) -> tuple[Moment | None, Moment | None]:
    """When he came on and went off, as the line-up has it: the events are asked first."""
    if node.has("timeSubbedOn"):
        return _moment(node["timeSubbedOn"]), _moment(node["timeSubbedOff"])
    came_on = went_off = None
    for event in node["performance"]["substitutionEvents"].items():
        if event["type"].text() == "subIn":
            came_on = _moment(event["time"])
        elif event["type"].text() == "subOut":
            went_off = _moment(event["time"])
    swapped = node["events"]["sub"]
    if swapped.has("isOut"):
        moment = _moment(swapped["time"])
        return (None, moment) if swapped["isOut"].flag() else (moment, None)
    return came_on, went_off


def _moment(node: Node) -> Moment | None:
    minute = node.whole(MAX_MINUTE)
    return None if minute is None else Moment(minute, 0)
