"""Where a match stands: read from words that were recorded. Every other word is unknown, above all not "finished"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.model.fixture import DecidedBy, FixtureStatus, Period

if TYPE_CHECKING:
    from policytrader.adapters.fotmob.events import Events
    from policytrader.adapters.fotmob.team_stats import TeamBlocks
    from policytrader.model.json_nodes import Node

_FINISHED, _PENALTIES, _HALF_TIME = "FT", "Pen", "HT"
_POSTPONED, _CANCELLED, _ABANDONED = "PP", "Can", "Ab"
_KEYS = {
    _FINISHED: "fulltime_short",
    _HALF_TIME: "halftime_short",
    _PENALTIES: "penalties_short",
    _POSTPONED: "postponed_short",
    _CANCELLED: "cancelled_short",
    _ABANDONED: "aborted_short",
}
_UNPLAYED = {_POSTPONED: FixtureStatus.POSTPONED, _ABANDONED: FixtureStatus.ABANDONED}


@dataclass(frozen=True, slots=True)
class HeaderStatus:
    """What ``header.status`` says. ``word`` is the feed's own."""

    status: FixtureStatus
    word: str
    is_started: bool


def read_header_status(root: Node) -> HeaderStatus:
    """The status, before the events are looked at: half-time is LIVE here."""
    status = root["header"]["status"]
    finished = status["finished"].flag()
    if finished is None:
        status["finished"].refuse("true or false")
    started = status["started"].flag() or False
    short, key = status["reason"]["short"].text(), status["reason"]["shortKey"].text()
    word = short or key or ""
    if status["awarded"].flag():
        return HeaderStatus(FixtureStatus.AWARDED, word, started)
    # A word and its key that do not belong together are a word that nobody recorded.
    is_known = short in _KEYS and key in {None, _KEYS[short]} if short else key is None
    if not is_known:
        return HeaderStatus(FixtureStatus.UNKNOWN, word, started)
    is_cancelled = status["cancelled"].flag() or False
    if finished:
        is_over = started and not is_cancelled and not _is_contradicted(root)
        return HeaderStatus(_status_when_finished(word, is_over=is_over), word, started)
    return HeaderStatus(_status_when_not(word, is_cancelled=is_cancelled, is_started=started), word, started)


def _is_contradicted(root: Node) -> bool:
    """Whether another place says that a finished match goes on."""
    return root["general"]["finished"].flag() is False or root["ongoing"].flag() is True


def _status_when_finished(word: str, *, is_over: bool) -> FixtureStatus:
    if word == _ABANDONED:
        return FixtureStatus.ABANDONED
    return FixtureStatus.FINISHED if is_over and word in {_FINISHED, _PENALTIES} else FixtureStatus.UNKNOWN


def _status_when_not(word: str, *, is_cancelled: bool, is_started: bool) -> FixtureStatus:
    if word == _CANCELLED:
        return FixtureStatus.CANCELLED if is_cancelled else FixtureStatus.UNKNOWN
    if word in _UNPLAYED:
        return _UNPLAYED[word]
    if is_cancelled or word in {_FINISHED, _PENALTIES} or (word == _HALF_TIME and not is_started):
        return FixtureStatus.UNKNOWN
    if word == _HALF_TIME:
        return FixtureStatus.HALF_TIME
    return FixtureStatus.LIVE if is_started else FixtureStatus.SCHEDULED


@dataclass(frozen=True, slots=True)
class Course:
    """How far a match went: what the events add to the header."""

    status: FixtureStatus
    decided_by: DecidedBy
    finished_periods: frozenset[Period]


def course_of(header_status: HeaderStatus, root: Node, events: Events, blocks: TeamBlocks) -> Course:
    """The blocks of team statistics tell as well: those of the second half, and those that are of neither half."""
    status = root["header"]["status"]
    halves = _Halves(status, is_finished=header_status.status is FixtureStatus.FINISHED)
    decided_by = DecidedBy.REGULAR
    if (
        status["reason"]["short"].text() == _PENALTIES
        or not status["whoLostOnPenalties"].is_missing
        or events.has_shootout
    ):
        decided_by = DecidedBy.PENALTIES
    elif halves.has_extra_time or blocks.has_others or events.has_extra_time:
        decided_by = DecidedBy.EXTRA_TIME
    if header_status.status is FixtureStatus.FINISHED:
        return Course(header_status.status, decided_by, frozenset(Period))
    if not header_status.is_started:
        return Course(header_status.status, decided_by, frozenset())
    is_first_over = events.has_half_time or halves.has_first_ended
    is_second_on = halves.has_second_started or events.is_past_half_time or Period.SECOND_HALF in blocks.figures
    if header_status.status is FixtureStatus.LIVE and is_first_over and not is_second_on:
        return Course(FixtureStatus.HALF_TIME, decided_by, frozenset({Period.FIRST_HALF}))
    return Course(header_status.status, decided_by, frozenset({Period.FIRST_HALF} if is_first_over else ()))


class _Halves:
    """``header.status.halfs`` of L3 and L4: local times, empty where it has not come to that."""

    def __init__(self, status: Node, *, is_finished: bool) -> None:
        halves = status["halfs"]
        self.has_extra_time = any(halves[f"{half}ExtraHalfStarted"].text() for half in ("first", "second"))
        # The end of a game that goes on: then the other times of this answer are no proof of anything either.
        is_believable = is_finished or not halves["gameEnded"].text()
        self.has_first_ended = is_believable and bool(halves["firstHalfEnded"].text())
        self.has_second_started = is_believable and bool(halves["secondHalfStarted"].text())
