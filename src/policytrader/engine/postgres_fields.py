"""What the catalogue's fields are in the trader's PostgreSQL tables, for ``postgres.py``.

A field that is not here is one that the tables do not hold. Durations are whole microseconds, as in the compiled
statement; amounts are plain numbers.
"""

from __future__ import annotations

from typing import Final

_MICROSECONDS = "(extract(epoch FROM {0}) * 1000000)::bigint"
_NOW = "(now() AT TIME ZONE 'UTC')"


def _by_market(column: str) -> str:
    """The column of the selection's market, where a row of prices holds both markets."""
    return f"CASE s.market_type WHEN 'WIN' THEN u.{column.format('win')} ELSE u.{column.format('place')} END"


SELECTION_COLUMNS: Final[dict[str, str]] = {
    "selection.side": "s.selection_type",
    "selection.market_type": "s.market_type",
    "selection.price_requested": "s.requested_odds",
    "selection.stake_points": "s.stake_points",
    "selection.time_to_off": _MICROSECONDS.format(f"s.race_time - {_NOW}"),
    "market.price_age": _MICROSECONDS.format(f"{_NOW} - u.created_at"),
    "market.course": "u.course",
    "runner.own_status": "l.runner_status",
    "runner.best_back": _by_market("back_price_1_{0}"),
    "runner.best_back_size": _by_market("back_price_1_depth_{0}"),
    "runner.best_lay": _by_market("lay_price_1_{0}"),
    "runner.best_lay_size": _by_market("lay_price_1_depth_{0}"),
    "runner.last_traded": _by_market("betfair_{0}_sp"),
    "reference.number_of_runners": "f.number_of_runners",
    "reference.age": _MICROSECONDS.format(f"{_NOW} - f.captured_at"),
    "position.size_matched": "coalesce(s.size_matched, 0)",
    "position.closed": "coalesce(s.cashed_out, FALSE)",
}
"""Over ``s`` selections, ``u`` the runner's prices, ``l`` its row in ``v_race_runners``, ``f`` facts and capture."""

RUNNER_COLUMNS: Final[dict[str, str]] = {
    "runner.selection_id": "p.selection_id",
    "runner.status": "l.status",
    # removed_at is nowhere: who is in the capture was in the race then.
    "runner.active_at_capture": "CASE WHEN r.selection_id IS NOT NULL THEN TRUE END",
    "runner.reference_price": "r.back_price_win",
    "runner.captured_status": "CASE WHEN r.selection_id IS NOT NULL THEN 'ACTIVE' END",
    "runner.win_best_back": "l.win_best_back",
    "runner.win_last_traded": "l.win_last_traded",
}
"""Over ``p`` the pick and runner, ``l`` the live runner, ``r`` its row in the capture; every runner field is here."""
