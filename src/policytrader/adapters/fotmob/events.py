"""What happened, and when: goals, cards, substitutions, half-time.

An event of a kind that is known in a form that is not is refused: it could be the goal or the card that a bet is on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from policytrader.model.fixture import (
    END_OF_FIRST_HALF,
    END_OF_REGULAR,
    MAX_MINUTE,
    CardKind,
    Goal,
    Period,
    TeamSide,
    period_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from policytrader.model.json_nodes import Node

_MAX_ADDED = 60
_HALF = "Half"
_HALF_TIME = frozenset({"HT", "halftime_short"})
_PROFILE = re.compile(r"/players/(\d{1,18})(?:/.*)?", re.ASCII | re.DOTALL)
_KNOWN_BY = ("card", "newScore", "ownGoal", "swap", "halfStrShort")
"""What events of a known kind hold, and others do not."""

_KINDS = {"Yellow": CardKind.YELLOW, "Red": CardKind.RED, "YellowRed": CardKind.SECOND_YELLOW}


class Moment(NamedTuple):
    """A minute and what was added to it; compares as time goes."""

    minute: int
    added: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCard:
    """A card as the feed tells it. ``holder_word`` says where the feed says that it went to nobody on the pitch."""

    side: TeamSide
    player_id: str | None
    kind: CardKind
    at: Moment
    period: Period
    is_after_whistle: bool
    holder_word: str | None
    source_path: str


@dataclass(slots=True)
class Events:
    """The events of a match. ``came_on`` and ``went_off`` by player."""

    source_path: str
    is_recorded: bool
    goals: list[Goal] = field(default_factory=list)
    cards: list[ShownCard] = field(default_factory=list)
    came_on: dict[str, Moment] = field(default_factory=dict)
    went_off: dict[str, Moment] = field(default_factory=dict)
    shootout_goals: dict[TeamSide, int] = field(default_factory=lambda: dict.fromkeys(TeamSide, 0))
    has_half_time: bool = False
    has_shootout: bool = False
    last: Moment = field(default_factory=lambda: Moment(0, 0))

    @property
    def is_past_half_time(self) -> bool:
        """Whether something happened in the second half."""
        return self.last.minute > END_OF_FIRST_HALF

    @property
    def has_extra_time(self) -> bool:
        """Whether something happened after the second half."""
        return self.last.minute > END_OF_REGULAR


class _Markers(NamedTuple):
    """Where the whistles stand in the list: the first, and the last with its minute."""

    half_time: int | None
    last: int | None
    last_minute: int


def read_events(facts: Node) -> Events:
    """The events of ``content.matchFacts``."""
    listed = facts["events"]["events"]
    nodes = listed.items()
    events = Events(listed.path, is_recorded=not listed.is_missing)
    events.has_shootout = bool(facts["events"]["penaltyShootoutEvents"].items())
    kinds = [_kind(node) for node in nodes]
    markers = _markers(nodes, events)
    before = (0, 0)
    for index, node in enumerate(nodes):
        reader = _READERS.get(kinds[index])
        if reader is not None:
            before = reader(_Event(node, index, markers, before), events)
    events.goals.sort(key=lambda goal: (_ORDER[goal.period], goal.minute, goal.added))
    events.cards.sort(key=lambda card: (_ORDER[card.period], card.at))
    return events


def _kind(node: Node) -> str:
    """The event's word. One that nobody knows is of no interest, unless the event looks like one that is."""
    word = node["type"].text() or ""
    if not word.strip():
        node["type"].refuse("the kind of an event")
    carried = [key for key in _KNOWN_BY if word not in _READERS and word != _HALF and node.has(key)]
    if carried:
        node["type"].refuse(f"a kind of event that is known, though the event has `{carried[0]}`")
    return word


_ORDER = {Period.FIRST_HALF: 1, Period.SECOND_HALF: 2, Period.EXTRA_TIME: 3}


def _markers(nodes: list[Node], events: Events) -> _Markers:
    halves = [(index, node) for index, node in enumerate(nodes) if node["type"].text() == _HALF]
    at_half_time = [
        index for index, node in halves if {node["halfStrShort"].text(), node["halfStrKey"].text()} & _HALF_TIME
    ]
    events.has_half_time = bool(at_half_time)
    if not halves:
        return _Markers(None, None, 0)
    index, last = halves[-1]
    return _Markers(at_half_time[0] if at_half_time else None, index, last["time"].whole(MAX_MINUTE) or 0)


class _Event:
    """One event and its place among the whistles; ``before`` is the score before it."""

    def __init__(self, node: Node, index: int, markers: _Markers, before: tuple[int, int]) -> None:
        self.node = node
        self.before = before
        minute = node["time"].whole(MAX_MINUTE)
        if minute is None:
            node["time"].refuse("a minute")
        self.at = Moment(minute, node["overloadTime"].whole(_MAX_ADDED) or 0)
        self.period = self._period(index, markers)
        is_past = markers.last is not None and index > markers.last
        self.is_after_whistle = is_past and minute >= max(markers.last_minute, END_OF_REGULAR)

    def _period(self, index: int, markers: _Markers) -> Period:
        # A card at the interval stands behind the whistle with the first half's minute, and belongs to the first half.
        is_before_whistle = markers.half_time is not None and index < markers.half_time
        return Period.FIRST_HALF if is_before_whistle else period_of(self.at.minute)

    @property
    def side(self) -> TeamSide:
        is_home = self.node["isHome"].flag()
        if is_home is None:
            self.node["isHome"].refuse("true or false")
        return TeamSide.HOME if is_home else TeamSide.AWAY


def _read_goal(event: _Event, events: Events) -> tuple[int, int]:
    node, side = event.node, event.side
    if node["isPenaltyShootoutEvent"].flag():
        events.has_shootout = True
        events.shootout_goals[side] += 1
        return event.before
    events.last = max(events.last, event.at)
    own = node["ownGoal"].value
    is_own = own is not None and own is not False
    after = _score(node["newScore"])
    if is_own and after is not None:
        side = _who_gained(event.before, after) or side
    is_header, is_penalty = _how(node)
    events.goals.append(
        Goal(
            side=side,
            player_id=player_of(node),
            is_own=is_own,
            is_header=is_header,
            is_penalty=is_penalty,
            minute=event.at.minute,
            added=event.at.added,
            period=event.period,
            source_path=node.path,
        )
    )
    return after or event.before


def _score(node: Node) -> tuple[int, int] | None:
    scores = [item.whole(MAX_MINUTE) for item in node.items()]
    if not scores:
        return None
    home, away = scores if len(scores) == len(TeamSide) else (None, None)
    if home is None or away is None:
        node.refuse("a score")
    return home, away


def _who_gained(before: tuple[int, int], after: tuple[int, int]) -> TeamSide | None:
    gains = (after[0] - before[0], after[1] - before[1])
    return {(1, 0): TeamSide.HOME, (0, 1): TeamSide.AWAY}.get(gains)


def _how(node: Node) -> tuple[bool | None, bool]:
    """By head (None where nobody says), from the spot."""
    key = node["goalDescriptionKey"].text()
    shot = node["shotmapEvent"]["shotType"].text()
    is_penalty = key == "penalty" or (node["nameStr"].text() or "").endswith(", Penalty")
    if key is None and shot is None and not node.has("goalDescriptionKey"):
        return (False if is_penalty else None), is_penalty
    return key == "header" or shot == "Header", is_penalty


def _read_card(event: _Event, events: Events) -> tuple[int, int]:
    node = event.node
    kind = _KINDS.get(node["card"].text() or "")
    if kind is None:
        node["card"].refuse("a card that is known: " + ", ".join(_KINDS))
    events.last = max(events.last, event.at)
    events.cards.append(
        ShownCard(
            side=event.side,
            player_id=player_of(node),
            kind=kind,
            at=event.at,
            period=event.period,
            is_after_whistle=event.is_after_whistle,
            holder_word=node["cardDescription"]["localizedKey"].text(),
            source_path=node.path,
        )
    )
    return event.before


def _read_substitution(event: _Event, events: Events) -> tuple[int, int]:
    swapped = event.node["swap"].items()
    if len(swapped) != len((events.came_on, events.went_off)):
        event.node["swap"].refuse("who comes on and who goes off")
    events.last = max(events.last, event.at)
    for moments, node in zip((events.came_on, events.went_off), swapped, strict=True):
        player_id = node["id"].identifier() or _profile(node["profileUrl"])
        if player_id is not None:
            moments.setdefault(player_id, event.at)
    return event.before


_READERS: Mapping[str, Callable[[_Event, Events], tuple[int, int]]] = {
    "Goal": _read_goal,
    "Card": _read_card,
    "Substitution": _read_substitution,
}


def player_of(node: Node) -> str | None:
    """Whose event it is; L1 tells by the address of his page."""
    return node["player"]["id"].identifier() or node["playerId"].identifier() or _profile(node["profileUrl"])


def _profile(node: Node) -> str | None:
    match = _PROFILE.fullmatch(node.text() or "")
    return match[1] if match else None
