"""Goals, cards and substitutions of a SportMonks fixture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policytrader.adapters.sportmonks.type_ids import CARDS, GOAL, OWN_GOAL, PENALTY, SUBSTITUTION
from policytrader.model.fixture import MAX_MINUTE, Card, CardHolder, CardKind, Goal, period_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policytrader.model.fixture import TeamSide
    from policytrader.model.json_nodes import Node

MAX_TYPE = 10**9


@dataclass(slots=True)
class Events:
    """What happened; ``came_on`` and ``went_off`` are minutes by player."""

    source_path: str
    is_recorded: bool
    goals: list[Goal] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    came_on: dict[str, int] = field(default_factory=dict)
    went_off: dict[str, int] = field(default_factory=dict)


def read_events(nodes: Node, sides: Mapping[str, TeamSide]) -> Events:
    """``data.events``, with the teams' sides by their ids."""
    events = Events(nodes.path, is_recorded=not nodes.is_missing)
    for node in sorted(nodes.items(), key=_when):
        kind = node["type_id"].whole(MAX_TYPE)
        if kind in {GOAL, OWN_GOAL, PENALTY}:
            events.goals.append(_goal(node, kind, sides))
        elif kind is not None and kind in CARDS:
            events.cards.append(_card(node, CARDS[kind], sides))
        elif kind == SUBSTITUTION:
            for moments, key in ((events.came_on, "player_id"), (events.went_off, "related_player_id")):
                player_id = node[key].identifier()
                if player_id is not None:
                    moments.setdefault(player_id, _when(node)[0])
    return events


def _when(node: Node) -> tuple[int, int]:
    return node["minute"].whole(MAX_MINUTE) or 0, node["extra_minute"].whole(MAX_MINUTE) or 0


def _side(node: Node, sides: Mapping[str, TeamSide]) -> TeamSide:
    side = sides.get(node["participant_id"].identifier() or "")
    if side is None:
        node["participant_id"].refuse("one of the fixture's two teams")
    return side


def _goal(node: Node, kind: int | None, sides: Mapping[str, TeamSide]) -> Goal:
    minute, extra = _when(node)
    return Goal(
        side=_side(node, sides),
        player_id=node["player_id"].identifier(),
        is_own=kind == OWN_GOAL,
        is_header=None,
        is_penalty=kind == PENALTY,
        minute=minute,
        added=extra,
        period=period_of(minute),
        source_path=node.path,
    )


def _card(node: Node, kind: CardKind, sides: Mapping[str, TeamSide]) -> Card:
    minute, extra = _when(node)
    holder = CardHolder.OFF_PITCH if node["on_bench"].flag() else CardHolder.PLAYER
    return Card(
        side=_side(node, sides),
        player_id=node["player_id"].identifier(),
        kind=kind,
        minute=minute,
        added=extra,
        period=period_of(minute),
        holder=CardHolder.STAFF if not node["coach_id"].is_missing else holder,
        source_path=node.path,
    )
