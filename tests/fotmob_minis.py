"""The match of ``tests.fotmob_match`` as FotMob would have answered it, in its four layouts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.fotmob_match import (
    AWAY,
    AWAY_ID,
    COACH,
    DANE,
    FERRO,
    HOME,
    HOME_ID,
    KICKOFF,
    LUND,
    MARIN,
    MATCH_ID,
    OLSEN,
    SHEETS,
    TACKLES,
    TACKLES_WON,
    TEAM_HALVES,
    TEAM_TITLES_L1,
    VALE,
    WORDS,
    Sheet,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Document = dict[str, Any]


def mini(layout: str) -> Document:
    """The match in a layout, as a fresh document."""
    content: Document = {
        "matchFacts": {"matchId": int(MATCH_ID), "events": {"ongoing": False, "events": _events(layout)}},
        "stats": _team_stats(layout),
        "lineup": _old_lineup(layout) if layout in {"L1", "L2"} else _new_lineup(),
    }
    if layout != "L1":
        content["shotmap"] = {"shots": [] if layout == "L4" else _shots()}
    if layout in {"L3", "L4"}:
        content["playerStats"] = {
            str(sheet.player_id): _table_entry(sheet, layout)
            for sheet in SHEETS
            if sheet.place != "unavailable" and (sheet.cells or layout == "L3")
        }
    document: Document = {"header": _header(layout), "ongoing": False, "content": content}
    if layout != "L1":
        document["hasPendingVAR"] = False
        document["general"] = {
            "matchId": MATCH_ID, "matchTimeUTCDate": KICKOFF, "started": True, "finished": True,
        }  # fmt: skip
    return document


def as_bytes(document: Document) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def _header(layout: str) -> Document:
    teams: list[Document] = [
        {"name": name, "score": score, "pageUrl": f"/teams/{team_id}/overview/{name.lower()}"}
        for name, score, team_id in ((HOME, 2, HOME_ID), (AWAY, 1, AWAY_ID))
    ]
    status: Document = {"finished": True, "started": True, "cancelled": False, "scoreStr": "2 - 1"}
    status["reason"] = {"short": "FT", "long": "Full-Time"}
    status["whoLostOnPenalties"] = None
    if layout != "L1":
        status["utcTime"] = KICKOFF
        status["reason"] |= {"shortKey": "fulltime_short", "longKey": "finished"}
        for team, team_id in zip(teams, (HOME_ID, AWAY_ID), strict=True):
            team["id"] = team_id
    if layout in {"L3", "L4"}:
        status["awarded"] = False
        status["halfs"] = {
            "firstHalfStarted": "07.03.2026 16:00:10", "firstHalfEnded": "07.03.2026 16:47:12",
            "secondHalfStarted": "07.03.2026 17:02:00", "secondHalfEnded": "07.03.2026 17:52:31",
            "firstExtraHalfStarted": "", "secondExtraHalfStarted": "", "gameEnded": "07.03.2026 17:52:31",
        }  # fmt: skip
    return {"teams": teams, "status": status}


# --- Events ----------------------------------------------------------------------------------------------------------


def _names() -> dict[int, str]:
    return {sheet.player_id: sheet.name for sheet in SHEETS} | {COACH: "Ada Quill"}


def goal(layout: str, minute: int, player_id: int, score: tuple[int, int], **more: Any) -> Document:
    """A goal event; ``isHome`` and ``goalDescriptionKey`` among the rest."""
    event = _event(layout, "Goal", minute, player_id) | {"ownGoal": None, "newScore": list(score)}
    described = more.pop("goalDescriptionKey", None)
    if layout in {"L3", "L4"}:
        event |= {"goalDescriptionKey": described, "isPenaltyShootoutEvent": False}
    elif described == "penalty":
        event["nameStr"] += ", Penalty"
    return event | more


def card(layout: str, minute: int, player_id: int, kind: str, **more: Any) -> Document:
    """A card event; ``holder`` as the later layouts name it."""
    holder = more.pop("holder", None)
    event = _event(layout, "Card", minute, player_id) | {"card": kind}
    if layout in {"L3", "L4"}:
        event["cardDescription"] = {"localizedKey": holder, "defaultText": holder} if holder else None
    return event | more


def _event(layout: str, kind: str, minute: int, player_id: int) -> Document:
    name = _names().get(player_id, "Nobody")
    event: Document = {"type": kind, "time": minute, "overloadTime": None, "nameStr": name}
    event["profileUrl"] = f"/players/{player_id}/{name.lower().replace(' ', '-')}"
    if layout != "L1":
        event["player"] = {"id": player_id, "name": name}
    return event


def _swap(layout: str, minute: int, on: int, off: int, *, is_home: bool) -> Document:
    swap: list[Document] = [{"name": _names()[one], "profileUrl": f"/players/{one}/x"} for one in (on, off)]
    if layout != "L1":
        swap = [one | {"id": str(player_id)} for one, player_id in zip(swap, (on, off), strict=True)]
    return {"type": "Substitution", "time": minute, "overloadTime": 0, "isHome": is_home, "swap": swap}


def half(short: str, minute: int) -> Document:
    """The whistle of a half."""
    key = {"HT": "halftime_short", "FT": "fulltime_short"}[short]
    return {"type": "Half", "time": minute, "overloadTime": None, "halfStrShort": short, "halfStrKey": key}


def _events(layout: str) -> list[Document]:
    events = [
        goal(layout, 12, MARIN, (1, 0), isHome=True, goalDescriptionKey="header"),
        card(layout, 30, DANE, "Yellow", isHome=False),
        card(layout, 40, FERRO, "Yellow", isHome=False),
        {"type": "AddedTime", "time": 45, "overloadTime": None},
        card(layout, 45, COACH, "Yellow", isHome=True, overloadTime=2, holder="coach"),
        half("HT", 45),
        goal(layout, 55, DANE, (1, 1), isHome=False, goalDescriptionKey="penalty"),
        _swap(layout, 60, LUND, DANE, is_home=False),
        _swap(layout, 70, OLSEN, VALE, is_home=True),
        goal(layout, 80, OLSEN, (2, 1), isHome=True),
        card(layout, 85, FERRO, "YellowRed", isHome=False),
        card(layout, 88, VALE, "Yellow", isHome=True, holder="not_on_pitch"),
        half("FT", 90),
    ]
    return [event for event in events if layout != "L1" or event["type"] != "Half"]


def _shots() -> list[Document]:
    def shot(player_id: int, minute: int, *, on: bool = False, blocked: bool = False) -> Document:
        period = "FirstHalf" if minute <= 45 else "SecondHalf"
        return {
            "playerId": player_id, "min": minute, "isOnTarget": on, "isBlocked": blocked, "period": period,
            "isOwnGoal": False,
        }  # fmt: skip

    # Vale's shot is flagged as on target and was blocked: it is not.
    home = [shot(MARIN, 12, on=True), shot(MARIN, 20, on=True), shot(VALE, 33, on=True, blocked=True)]
    home += [shot(MARIN, 50), shot(OLSEN, 80, on=True)]
    return [*home, shot(DANE, 18), shot(DANE, 55, on=True), shot(LUND, 77)]


# --- Numbers ---------------------------------------------------------------------------------------------------------


def _team_stats(layout: str) -> Document:
    if layout == "L1":
        rows = [
            {"title": title, "type": "text", "stats": [one or "-" for one in _all(TEAM_HALVES[key])]}
            for key, title in TEAM_TITLES_L1.items()
        ]
        rows.append({"title": "Tackles attempted", "type": "text", "stats": list(_all(TACKLES))})
        rows.append({"title": "Tackled succeeded", "type": "text", "stats": list(_all(TACKLES_WON))})
        return {"stats": [{"title": "Top stats", "stats": rows}]}
    tackles = {"matchstats.headers.tackles": TACKLES} if layout == "L3" else {"tackles_succeeded": TACKLES_WON}
    figures = {**TEAM_HALVES, **tackles}
    blocks = {
        "All": {key: _all(halves) for key, halves in figures.items()},
        "FirstHalf": {key: halves[0] for key, halves in figures.items()},
        "SecondHalf": {key: halves[1] for key, halves in figures.items()},
    }
    return {"Periods": {name: {"stats": [_group(block)]} for name, block in blocks.items()}}


def _all(halves: tuple[tuple[int, int], tuple[int, int]]) -> tuple[int, int]:
    return halves[0][0] + halves[1][0], halves[0][1] + halves[1][1]


def _group(block: Mapping[str, tuple[int, int]]) -> Document:
    shares = {"accurate_passes": "{} (70%)", "tackles_succeeded": "{} (50%)"}
    rows: list[Document] = [{"key": "top", "stats": [None, None], "type": "title"}]
    for key, pair in block.items():
        cells: list[Any] = [shares[key].format(one) for one in pair] if key in shares else list(pair)
        rows.append({"key": key, "stats": cells, "type": "text"})
    return {"key": "top_stats", "stats": rows}


def _table_entry(sheet: Sheet, layout: str) -> Document:
    entry: Document = {"name": sheet.name, "isGoalkeeper": sheet.is_keeper, "stats": _groups(sheet, layout)}
    if layout == "L3":
        entry |= {"id": sheet.player_id, "teamId": HOME_ID if sheet.is_home else AWAY_ID}
    return entry


def _groups(sheet: Sheet, layout: str) -> list[Document]:
    """The groups of L2 (``value``) or of L3 and L4 (``stat``); L3 states all tackles, the others those won."""
    if not sheet.cells:
        return []
    cells: Document = {"Minutes played": _cell(layout, "minutes_played", sheet.minutes)}
    for word, cell in sheet.cells.items():
        (key, label), second, _ = WORDS[word]
        if layout == "L2":
            key, label = second
        if layout == "L3" and word == "tackles_won":
            total = cell[1] if isinstance(cell, tuple) else cell
            cells["Tackles"] = _cell(layout, "matchstats.headers.tackles", total)
        else:
            cells[label] = _cell(layout, key, cell)
    return [{"key": "top_stats", "stats": cells}]


def _cell(layout: str, key: str, cell: int | tuple[int, int]) -> Document:
    if layout == "L2":
        return {"key": key, "value": f"{cell[0]}/{cell[1]} (50%)" if isinstance(cell, tuple) else cell}
    if isinstance(cell, tuple):
        return {"key": key, "stat": {"value": cell[0], "total": cell[1], "type": "fractionWithPercentage"}}
    # A man who was never fouled has the key without a value.
    value = {} if key == "was_fouled" and cell == 0 else {"value": cell}
    return {"key": key, "stat": {**value, "type": "integer"}}


def _groups_l1(sheet: Sheet) -> Document:
    cells: Document = {"Minutes played": sheet.minutes or "-"}
    for word, (_, _, labels) in WORDS.items():
        if sheet.is_keeper and word in {"goals", "assists", "interceptions"}:
            continue
        if word != "saves" or sheet.is_keeper:
            cell = sheet.cells.get(word, 0)
            numbers = cell if isinstance(cell, tuple) else (cell, cell)
            cells |= {label: number or "-" for label, number in zip(labels, numbers, strict=False)}
    return {"0": cells}


# --- Line-ups --------------------------------------------------------------------------------------------------------


def _of(place: str, *, is_home: bool) -> Iterator[Sheet]:
    return (sheet for sheet in SHEETS if sheet.place == place and sheet.is_home is is_home)


def _new_lineup() -> Document:
    def man(sheet: Sheet) -> Document:
        swaps = [{"time": time, "type": kind} for time, kind in ((sheet.on, "subIn"), (sheet.off, "subOut")) if time]
        position = 0 if sheet.is_keeper else 2
        performance = {"substitutionEvents": swaps} if swaps else {}
        return {
            "id": sheet.player_id, "name": sheet.name, "usualPlayingPositionId": position, "performance": performance,
        }  # fmt: skip

    return {
        key: {"id": team_id, "name": name}
        | {
            place: [man(sheet) for sheet in _of(place, is_home=is_home)]
            for place in ("starters", "subs", "unavailable")
        }
        | {"coach": {"id": COACH if is_home else COACH + 1, "name": "Ada Quill"}}
        for key, team_id, name, is_home in (("homeTeam", HOME_ID, HOME, True), ("awayTeam", AWAY_ID, AWAY, False))
    }


def _old_lineup(layout: str) -> Document:
    def man(sheet: Sheet) -> Document:
        role = "Keeper" if sheet.is_keeper else "Defender"
        entry: Document = {"id": str(sheet.player_id), "name": sheet.name, "role": role}
        if layout == "L2":
            entry["name"] = {"fullName": sheet.name}
            entry |= {"timeSubbedOn": sheet.on, "timeSubbedOff": sheet.off, "minutesPlayed": sheet.minutes}
        elif sheet.on or sheet.off:
            entry["events"] = {"sub": {"time": sheet.on or sheet.off, "isOut": sheet.off is not None}}
        return entry | {"stats": _groups_l1(sheet) if layout == "L1" else _groups(sheet, layout)}

    lineup: Document = {
        "lineup": [
            {
                "teamId": team_id,
                "players": [[man(sheet)] for sheet in _of("starters", is_home=is_home)],
                "bench": [man(sheet) for sheet in _of("subs", is_home=is_home)],
            }
            for team_id, is_home in ((HOME_ID, True), (AWAY_ID, False))
        ]
    }
    if layout == "L2":
        absent = [
            [{"id": one.player_id, "name": {"fullName": one.name}} for one in _of("unavailable", is_home=is_home)]
            for is_home in (True, False)
        ]
        lineup["naPlayers"] = {"sides": ["home", "away"], "naPlayersArr": absent}
    return lineup
