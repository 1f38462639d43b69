"""A bet as a row of a file: every field, exact, and the same in CSV and JSON; and back."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from policytrader.model.times import format_utc
from policytrader.model.tracked import ResultTracking
from policytrader.model.tracked_checks import closing_line_value, units_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from policytrader.model.tracked import TrackedBet

SCHEMA = "policytrader/bets/1"
RESULT = "result_tracking."
"""What begins the name of a field of ``result_tracking``."""
_PLAIN = (
    *("bet_id", "user_id", "bot_type", "alert_id", "tracked_at", "player_name", "player_id", "team", "team_id"),
    *("market", "market_key", "match", "date", "time", "kickoff_at", "threshold", "market_direction", "period"),
    *("bookmaker", "is_lay", "odds", "actual_stake", "unit_size", "units_staked", "status", "manual_override"),
    *("returns", "profit_loss", "fixture_id", "actual_value", "settled_at", "closing_odds", "clv", "tags", "note"),
    *("dedup_key", "duplicate_of", "deleted_at", "version", "matched_by"),
)
RESULT_FIELDS = tuple(field.name for field in fields(ResultTracking))
COLUMNS = (*_PLAIN, *(RESULT + name for name in RESULT_FIELDS))

# A spreadsheet takes a text that begins so for a formula.
_FORMULA = re.compile(r"'*[=+\-@]")
_NUMBER = re.compile(r"[+\-]?[0-9.]+")


def record(bet: TrackedBet) -> dict[str, Any]:
    """The fields by column, as JSON has them; amounts are texts, so that they stay exact."""
    found = {name: getattr(bet, name) for name in _PLAIN if name not in {"units_staked", "clv"}}
    found |= {"units_staked": units_of(bet, bet.actual_stake), "clv": closing_line_value(bet)}
    found |= {RESULT + name: getattr(bet.result, name) for name in RESULT_FIELDS}
    return {name: json_value(found[name]) for name in COLUMNS}


def nested_record(bet: TrackedBet) -> dict[str, Any]:
    """The same, with ``result_tracking`` as an object of its own."""
    found = record(bet)
    nested = {name: value for name, value in found.items() if not name.startswith(RESULT)}
    return nested | {RESULT[:-1]: {name: found[RESULT + name] for name in RESULT_FIELDS}}


def write_csv(bets: Iterable[TrackedBet]) -> Iterator[str]:
    """The file line by line, the header first."""
    yield _line(COLUMNS)
    for bet in bets:
        yield _line([_cell(value) for value in record(bet).values()])


def write_json(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """One document, a bet on each line."""
    yield f'{{"schema": {json.dumps(SCHEMA)}, "bets": ['
    separator = "\n"
    for one in records:
        yield separator + json.dumps(one, ensure_ascii=False)
        separator = ",\n"
    yield "\n]}\n"


def from_cell(text: str) -> str | None:
    """What a cell of a CSV file says; None for an empty one."""
    if text.startswith("'") and _FORMULA.match(text):
        text = text[1:]
    return text or None


def flat(bet: Mapping[str, Any]) -> dict[str, Any]:
    """A bet of a JSON file, with its ``result_tracking`` beside the other fields."""
    result = bet.get(RESULT[:-1])
    found = {name: value for name, value in bet.items() if name != RESULT[:-1]}
    return found | {RESULT + name: value for name, value in result.items()} if isinstance(result, dict) else found


def json_value(value: Any) -> Any:
    """A field's value; amounts are texts, and plain JSON values stay what they are."""
    match value:
        case Decimal():
            return format(value, "f")
        case datetime():
            return format_utc(value)
        case tuple():
            return list(value)
        case bool() | int() | dict() | None:
            return value
        case _:
            return str(value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if _FORMULA.match(value) and not _NUMBER.fullmatch(value) else value
    return json.dumps(value, ensure_ascii=False) if value != [] else ""


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()
