"""Answers of FotMob for tests: ``mini`` in four layouts, and other matches made of any answer by ``derived_*``.

A derived answer is a copy; what was changed is said in its function. Everything stays consistent unless that is the
point: nobody recorded these, they follow the recipes for what was.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from tests.fotmob_match import AWAY, AWAY_ID, HOME, HOME_ID, LAYOUTS, MATCH_ID
from tests.fotmob_minis import Document, as_bytes, card, goal, half, mini

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "AWAY",
    "AWAY_ID",
    "HOME",
    "HOME_ID",
    "LAYOUTS",
    "MATCH_ID",
    "Document",
    "as_bytes",
    "at",
    "card",
    "goal",
    "half",
    "mini",
]


def at(document: Document, path: str) -> Any:
    """What stands at a ``source_path``."""
    holder, key = _place(document, path)
    return holder[key]


def put(document: Document, path: str, value: Any) -> None:
    """Set what stands at a ``source_path``, in place."""
    holder, key = _place(document, path)
    holder[key] = value


def _place(document: Document, path: str) -> tuple[Any, Any]:
    """The part that holds what the path names, and under what. A name may have brackets: the longest that fits."""
    holder: Any = document
    rest = path
    while True:
        if isinstance(holder, list):
            number, _, rest = rest.removeprefix("[").partition("]")
            key: Any = int(number)
        else:
            key = max((one for one in holder if rest == one or rest.startswith((f"{one}.", f"{one}["))), key=len)
            rest = rest.removeprefix(key)
        rest = rest.removeprefix(".")
        if not rest:
            return holder, key
        holder = holder[key]


def events_of(document: Document) -> list[Document]:
    """The list of events, to be changed in place."""
    events: list[Document] = document["content"]["matchFacts"]["events"]["events"]
    return events


def with_status(document: Document, **changes: Any) -> Document:
    """A copy with other fields in ``header.status``; a field given as None is taken away."""
    derived = deepcopy(document)
    status = derived["header"]["status"]
    for name, value in changes.items():
        if value is None:
            status.pop(name, None)
        else:
            status[name] = value
    return derived


def with_events(document: Document, *events: Document) -> Document:
    """A copy with more events at the end of the list, and the score counted anew."""
    derived = deepcopy(document)
    events_of(derived).extend(deepcopy(list(events)))
    _count_score(derived)
    return derived


def derived_live(document: Document, minute: int) -> Document:
    """The match while it goes on: nothing after ``minute``, other than players' numbers, which stay as they are."""
    derived = with_status(document, finished=False, started=True, reason=None)
    _mark_running(derived, is_running=True)
    _cut_events(derived, minute)
    _cut_halves(derived, minute)
    shot_map = derived["content"].get("shotmap") or {}
    if shot_map:
        shot_map["shots"] = [shot for shot in shot_map["shots"] if shot["min"] <= minute]
    periods = (derived["content"]["stats"] or {}).get("Periods")
    if periods is not None and minute <= 45:
        periods["All"] = deepcopy(periods["FirstHalf"])
        periods.pop("SecondHalf", None)
    _count_score(derived)
    return derived


def derived_half_time(document: Document) -> Document:
    """The match at the interval, its half-time whistle among the events where the layout has one."""
    return derived_live(document, 45)


def derived_var_pending(document: Document, minute: int = 60) -> Document:
    """The match while it goes on and a decision is looked at again."""
    return derived_live(document, minute) | {"hasPendingVAR": True}


def derived_not_started(document: Document) -> Document:
    """The match before it: no events, no statistics, and no line-up yet."""
    derived = with_status(document, finished=False, started=False, reason=None)
    _mark_running(derived, is_running=False)
    _empty(derived)
    return derived


def derived_postponed(document: Document, *, is_cancelled: bool = True) -> Document:
    """The match put off, with nothing in it."""
    return _called_off(document, "PP", "postponed_short", is_cancelled=is_cancelled)


def derived_cancelled(document: Document) -> Document:
    """The match called off for good."""
    return _called_off(document, "Can", "cancelled_short", is_cancelled=True)


def derived_abandoned(document: Document, minute: int, *, is_finished: bool = False) -> Document:
    """The match broken off after ``minute``."""
    reason = {"short": "Ab", "shortKey": "aborted_short", "long": "Abandoned"}
    return with_status(derived_live(document, minute), reason=reason, finished=is_finished)


def derived_awarded(document: Document) -> Document:
    """The match decided at a desk."""
    return with_status(document, awarded=True)


def derived_extra_time(document: Document, *, home_goals: int = 1, extra: int = 3) -> Document:
    """The match with extra time: goals of home in it, every figure of ``All`` larger by ``extra``."""
    halves = document["header"]["status"].get("halfs")
    started = {"firstExtraHalfStarted": "18:00:00", "secondExtraHalfStarted": "18:20:00"}
    derived = with_status(document, halfs={**halves, **started} if halves else None)
    for number in range(home_goals):
        events_of(derived).append({**_some_goal(document), "time": 100 + number, "isHome": True})
    periods = (derived["content"]["stats"] or {}).get("Periods")
    for group in periods["All"]["stats"] if periods else []:
        for row in group["stats"]:
            row["stats"] = [cell + extra if isinstance(cell, int) else cell for cell in row["stats"]]
    _count_score(derived)
    return derived


def derived_shoot_out(document: Document, home: int = 3, away: int = 4) -> Document:
    """The match after extra time without goals and a shoot-out, its penalties among the events."""
    derived = derived_extra_time(document, home_goals=0)
    reason = {"short": "Pen", "long": f"Pen {home} - {away}"}
    if "shortKey" in document["header"]["status"]["reason"]:
        reason |= {"shortKey": "penalties_short", "longKey": "afterpenalties"}
    derived = with_status(derived, reason=reason, whoLostOnPenalties="home" if home < away else "away")
    for is_home, count in ((True, home), (False, away)):
        penalty = {**_some_goal(document), "time": 120, "isHome": is_home, "isPenaltyShootoutEvent": True}
        events_of(derived).extend({**penalty, "penShootoutScore": [number, 0]} for number in range(count))
    return derived


def derived_corrected(document: Document, changes: Mapping[str, Any]) -> Document:
    """The same match with other numbers, by the ``source_path`` of each."""
    derived = deepcopy(document)
    for path, value in changes.items():
        put(derived, path, value)
    return derived


def derived_unknown_word(document: Document, word: str = "XYZ") -> Document:
    """The match with a status word that nobody recorded."""
    reason = document["header"]["status"]["reason"]
    return with_status(document, reason={**reason, "short": word})


DERIVED: Mapping[str, Callable[[Document], Document]] = {
    "live": lambda document: derived_live(document, 60),
    "half time": derived_half_time,
    "var pending": derived_var_pending,
    "not started": derived_not_started,
    "postponed": derived_postponed,
    "cancelled": derived_cancelled,
    "abandoned": lambda document: derived_abandoned(document, 60),
    "awarded": derived_awarded,
    "extra time": derived_extra_time,
    "shoot-out": derived_shoot_out,
    "unknown word": derived_unknown_word,
}
"""Every derivation that takes an answer and nothing else."""


def _called_off(document: Document, short: str, key: str, *, is_cancelled: bool) -> Document:
    derived = derived_not_started(document)
    derived["content"]["stats"] = None
    return with_status(derived, reason={"short": short, "shortKey": key}, cancelled=is_cancelled)


def _some_goal(document: Document) -> Document:
    """A goal to copy, home's if there is one; by nobody where none was scored."""
    goals = [event for event in events_of(document) if event["type"] == "Goal"]
    bare: Document = {"type": "Goal", "nameStr": "Nobody", "ownGoal": None}
    found = max(goals, key=lambda event: event["isHome"], default=bare)
    return {**deepcopy(found), "overloadTime": None, "newScore": None}


def _mark_running(document: Document, *, is_running: bool) -> None:
    document["ongoing"] = document["content"]["matchFacts"]["events"]["ongoing"] = is_running
    if "general" in document:
        document["general"] |= {"started": is_running, "finished": False}


def _empty(document: Document) -> None:
    content = document["content"]
    content["matchFacts"]["events"]["events"] = []
    for name in ("lineup", "playerStats", "shotmap", "stats"):
        if name in content:
            content[name] = None
    if "halfs" in document["header"]["status"]:
        document["header"]["status"]["halfs"] = dict.fromkeys(document["header"]["status"]["halfs"], "")
    for team in document["header"]["teams"]:
        team["score"] = 0


def _cut_events(document: Document, minute: int) -> None:
    events = events_of(document)
    events[:] = [event for event in events if event["time"] <= minute]
    for man in _men(document["content"]["lineup"] or {}):
        performance = man.get("performance") or {}
        swaps = [swap for swap in performance.pop("substitutionEvents", []) if swap["time"] <= minute]
        if swaps:
            performance["substitutionEvents"] = swaps
        for name in ("timeSubbedOn", "timeSubbedOff"):
            if (man.get(name) or 0) > minute:
                man[name] = None
        if ((man.get("events") or {}).get("sub") or {}).get("time", 0) > minute:
            man["events"].pop("sub")


def _men(lineup: Document) -> list[Document]:
    new = [
        man
        for key in ("homeTeam", "awayTeam")
        for place in ("starters", "subs")
        for man in lineup.get(key, {}).get(place, [])
    ]
    old = [man for team in lineup.get("lineup", []) for row in [*team["players"], team["bench"]] for man in row]
    return new + old


def _cut_halves(document: Document, minute: int) -> None:
    halves = document["header"]["status"].get("halfs")
    if halves is not None:
        over = ["gameEnded", "secondHalfEnded"]
        over += ["secondHalfStarted"] if minute <= 45 else []
        over += ["firstHalfEnded"] if minute < 45 else []
        halves |= dict.fromkeys(over, "")


def _count_score(document: Document) -> None:
    goals = [
        event for event in events_of(document) if event["type"] == "Goal" and not event.get("isPenaltyShootoutEvent")
    ]
    score = [sum(event["isHome"] is is_home for event in goals) for is_home in (True, False)]
    for team, count in zip(document["header"]["teams"], score, strict=True):
        team["score"] = count
    document["header"]["status"]["scoreStr"] = " - ".join(map(str, score))
