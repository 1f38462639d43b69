"""Bets and their history as documents: what crosses the API, with plain floats and aware times.

The keys of a bet come in the order of the public example, then ours. Ids that are whole numbers leave as numbers.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from policytrader.model.ids import id_value
from policytrader.model.tracked import ResultTracking
from policytrader.model.tracked_checks import closing_line_value, units_of

if TYPE_CHECKING:
    from decimal import Decimal

    from policytrader.app.tracking.curve import ClosingLine, Curve
    from policytrader.model.tracked import HistoryEntry, TrackedBet

_SHOWN_ALREADY = ("api_type_id", "api_location", "stat_type")
_OURS = tuple(field.name for field in fields(ResultTracking) if field.name not in _SHOWN_ALREADY)


def bet_document(bet: TrackedBet) -> dict[str, Any]:
    """Every field of the bet, under its public name."""
    return {
        "bet_id": bet.bet_id,
        "alert_id": bet.alert_id,
        "tracked_at": bet.tracked_at,
        "player_name": bet.player_name,
        "player_id": id_value(bet.player_id),
        "team": bet.team,
        "team_id": id_value(bet.team_id),
        "market": bet.market,
        "match": bet.match,
        "date": bet.date,
        "time": bet.time,
        "threshold": plain(bet.threshold),
        "market_direction": bet.market_direction,
        "bookmaker": bet.bookmaker,
        "odds": plain(bet.odds),
        "actual_stake": plain(bet.actual_stake),
        "unit_size": plain(bet.unit_size),
        "units_staked": plain(units_of(bet, bet.actual_stake)),
        "status": bet.status.value,
        "manual_override": bet.manual_override,
        "returns": plain(bet.returns),
        "profit_loss": plain(bet.profit_loss),
        "fixture_id": id_value(bet.fixture_id),
        "result_tracking": _result_document(bet),
        "user_id": bet.user_id,
        "bot_type": bet.bot_type.value,
        "market_key": bet.market_key,
        "period": bet.period,
        "is_lay": bet.is_lay,
        "kickoff_at": bet.kickoff_at,
        "actual_value": plain(bet.actual_value),
        "settled_at": bet.settled_at,
        "closing_odds": plain(bet.closing_odds),
        "clv": plain(closing_line_value(bet)),
        "tags": list(bet.tags),
        "note": bet.note,
        "dedup_key": bet.dedup_key,
        "duplicate_of": bet.duplicate_of,
        "deleted_at": bet.deleted_at,
        "version": bet.version,
        "matched_by": None if bet.matched_by is None else bet.matched_by.value,
    }


def history_document(entry: HistoryEntry) -> dict[str, Any]:
    """One change: what was, what is, why, and by whom."""
    return {
        "bet_id": entry.bet_id,
        "version": entry.version,
        "at": entry.at,
        "from": entry.from_status.value,
        "to": entry.to_status.value,
        "actual_from": plain(entry.actual_from),
        "actual_to": plain(entry.actual_to),
        "reason": str(entry.reason),
        "rule_id": entry.rule_id,
        "policy_hash": entry.policy_hash,
        "evidence": dict(entry.evidence),
        "by": entry.by.value,
        "note": entry.note,
        "before": dict(entry.before),
        "after": dict(entry.after),
    }


def settled_document(bet: TrackedBet) -> dict[str, Any]:
    """A bet that was just settled, in short."""
    return {
        "bet_id": bet.bet_id,
        "player_name": bet.player_name,
        "team": bet.team,
        "market": bet.market,
        "match": bet.match,
        "result_status": bet.status.value,
        "actual_value": plain(bet.actual_value),
        "returns": plain(bet.returns),
        "profit_loss": plain(bet.profit_loss),
        "reason": None if bet.result.reason is None else bet.result.reason.value,
        "rule_id": bet.result.rule_id,
    }


def curve_document(curve: Curve, line: ClosingLine) -> dict[str, Any]:
    """A bankroll's way, and how its prices compare with the closing ones."""
    return {
        "points": [
            {
                "at": one.at,
                "bet_id": one.bet_id,
                "profit_units": float(one.profit_units),
                "total_units": float(one.total_units),
                "drawdown_units": float(one.drawdown_units),
            }
            for one in curve.points
        ],
        "total_units": float(curve.total_units),
        "worst_drawdown_units": float(curve.worst_drawdown_units),
        "yield_percentage": float(curve.yield_percent),
        "closing_line": {
            "bets": line.bet_count,
            "with_closing_odds": line.known_count,
            "better": line.better_count,
            "mean_clv": plain(line.mean),
        },
    }


def plain(value: Decimal | None) -> float | None:
    """As a float: the nearest to what is stored."""
    return None if value is None else float(value)


def _result_document(bet: TrackedBet) -> dict[str, Any]:
    result = bet.result
    document = {
        "api_type_id": result.api_type_id,
        "api_location": result.api_location,
        "stat_type": result.stat_type,
        "expected_threshold": plain(bet.threshold),
        "market_direction": bet.market_direction,
        "result_status": bet.status.value,
        "actual_value": plain(bet.actual_value),
    }
    ours = {name: getattr(result, name) for name in _OURS}
    return document | ours | {"reason": None if result.reason is None else result.reason.value}
