"""A replay as one JSON document, ``policytrader/replay/1``: amounts, prices and percentages as texts, times in UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.cli.documents import exact_or_null, money_or_null, pick_document, time_or_null
from policytrader.model.money import money_text
from policytrader.model.times import format_utc

if TYPE_CHECKING:
    from policytrader.app.replay.bootstrap import Interval
    from policytrader.app.replay.breakdown import Group
    from policytrader.app.replay.causes import Cause
    from policytrader.app.replay.compare import Did
    from policytrader.app.replay.report import ReplayReport, Source
    from policytrader.app.replay.summary import Result, Totals
    from policytrader.app.replay.why import Explained
    from policytrader.engine.explain import LeafSeen
    from policytrader.model.replay import ReplayedOrder, ReplayedSelection

REPLAY_SCHEMA = "policytrader/replay/1"


def document_of(report: ReplayReport) -> dict[str, Any]:
    """The whole report: every selection, order and difference."""
    first = report.results[0]
    return {
        "schema": REPLAY_SCHEMA,
        "cadence": first.replay.cadence,
        "markets": first.replay.markets,
        "races": first.races,
        "ticks": first.replay.ticks,
        "days": [day.isoformat() for day in first.days],
        "picks_from": _source(report.source),
        "resamples": report.resamples,
        "captures": first.replay.made.captures,
        "captures_moved": first.replay.made.moved,
        "rules": [
            {
                "rule": one.rule,
                "picked": one.picked,
                "races_left_out": dict(one.races_left_out),
                "runners_left_out": dict(one.runners_left_out),
                "not_found": list(one.not_found),
            }
            for one in first.replay.made.rules
        ],
        "policies": [_policy(name, result) for name, result in zip(report.names, report.results, strict=True)],
        "comparison": _comparison(report),
        "problems": [one.text for one in report.problems],
        "remarks": [one.text for one in report.remarks],
    }


def _policy(name: str, result: Result) -> dict[str, Any]:
    replay = result.replay
    return {
        "name": name,
        "hash": replay.policy_hash,
        "decisions": replay.decisions,
        "evaluated": replay.evaluated,
        "totals": _totals(result.totals),
        "net_interval": _interval(result.net_interval),
        "beat_interval": _interval(result.beat_interval),
        "actions": dict(result.actions),
        "refused": {one.code: one.ticks for one in result.refusals},
        "refused_picks": {one.code: one.picks for one in result.refusals},
        "refused_days": {one.code: one.days for one in result.refusals},
        "invalidated": [{"reason": reason, "picks": count} for reason, count in result.reasons],
        "by_time_to_off": [
            {
                "time_to_off": band.label,
                "orders": band.orders,
                "risk_sent": money_text(band.risk_sent),
                "risk_matched": money_text(band.risk_matched),
            }
            for band in result.bands
        ],
        "breakdowns": {one.by: [_group(group) for group in one.groups] for one in result.breakdowns},
        "offs": [
            {
                "off": format_utc(one.at),
                "picks": one.picks,
                "net": money_text(one.net),
                "total": money_text(one.total),
                "drawdown": money_text(one.drawdown),
            }
            for one in result.moments
        ],
        "selections": [_selection(one) for one in replay.selections],
    }


def _totals(totals: Totals) -> dict[str, Any]:
    return {
        "picks": totals.picks,
        "picks_with_orders": totals.picks_with_orders,
        "picks_matched": totals.picks_matched,
        "invalidated": totals.invalidated,
        "orders": totals.orders,
        "hedges": totals.hedges,
        "size_sent": money_text(totals.size_sent),
        "risk_sent": money_text(totals.risk_sent),
        "size_matched": money_text(totals.size_matched),
        "risk_matched": money_text(totals.risk_matched),
        "profit": money_text(totals.profit),
        "commission": money_text(totals.commission),
        "net": money_text(totals.net),
        "return_percent": money_or_null(totals.return_percent),
        "beat_percent": money_or_null(totals.beat_percent),
        "beat_picks": totals.beat_picks,
        "drawdown": money_text(totals.drawdown),
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "group": group.label,
        "picks": group.picks,
        "orders": group.orders,
        "risk_matched": money_text(group.risk_matched),
        "net": money_text(group.net),
        "return_percent": money_or_null(group.return_percent),
    }


def _source(source: Source | None) -> dict[str, Any] | None:
    if source is None:
        return None
    at = source.at if isinstance(source.at, str) else format_utc(source.at)
    return {"file": source.name, "by_rule": source.is_rules, "at": at}


def _selection(pick: ReplayedSelection) -> dict[str, Any]:
    one = pick.selection
    return pick_document(one, pick.course) | {
        "price_requested": money_text(one.price_requested),
        "stake_points": format(one.stake_points, "f"),
        "picked_by": pick.picked_by,
        "decisions": pick.decisions,
        "actions": dict(pick.actions),
        "refused": dict(pick.refused),
        "refused_at": {
            code: {"first": format_utc(first), "last": format_utc(last)}
            for code, (first, last) in pick.refused_at.items()
        },
        "invalidated_at": time_or_null(pick.invalidated_at),
        "invalidated_reason": pick.reason,
        "rule": pick.rule,
        "starting_price": exact_or_null(pick.starting_price),
        "outcome": pick.outcome,
        "profit": money_text(pick.profit),
        "commission": money_text(pick.commission),
        "net": money_text(pick.net),
        "orders": [order_document(order) for order in pick.orders],
    }


def order_document(order: ReplayedOrder) -> dict[str, Any]:
    """An order, and what became of it."""
    return {
        "at": format_utc(order.at),
        "purpose": str(order.purpose),
        "side": str(order.side),
        "price": money_text(order.price),
        "size": money_text(order.size),
        "code": order.code,
        "size_matched": money_text(order.size_matched),
        "average_price_matched": exact_or_null(order.average_price_matched),
        "size_cancelled": money_text(order.size_cancelled),
        "size_lapsed": money_text(order.size_lapsed),
        "size_voided": money_text(order.size_voided),
        "profit": money_text(order.profit),
    }


def _comparison(report: ReplayReport) -> dict[str, Any] | None:
    comparison = report.comparison
    if comparison is None:
        return None
    return {
        "net": money_text(comparison.net_shown),
        "net_interval": _interval(comparison.net_interval),
        "same": comparison.same,
        "differing": len(comparison.differences),
        "causes": [
            {"because": list(one.names), "picks": one.picks, "net": money_text(one.net)} for one in report.causes
        ],
        "differences": [_difference(one) for one in report.explained],
    }


def _difference(explained: Explained) -> dict[str, Any]:
    one = explained.difference
    return {
        "selection_ref": one.selection_ref,
        "parts": [str(part) for part in one.parts],
        "first": str(one.first),
        "at": time_or_null(one.at),
        "a": _did(one.did[0], explained.refused[0]),
        "b": _did(one.did[1], explained.refused[1]),
        "net": money_text(one.net),
        "because": list(explained.names),
        "causes": [cause_document(cause) for cause in explained.causes],
    }


def _did(did: Did, refused: str | None) -> dict[str, Any]:
    return {
        "orders": [order_document(order) for order in did.orders],
        "invalidated": did.invalidated,
        "reason": did.reason,
        "rule": did.rule,
        "refused": refused,
    }


def cause_document(cause: Cause) -> dict[str, Any]:
    """A cause with what each policy makes of it."""
    return {
        "kind": str(cause.kind),
        "name": cause.name or None,
        "a": cause.before or None,
        "b": cause.after or None,
        "conditions": [{"a": _leaf(one.before), "b": _leaf(one.after)} for one in cause.conditions],
    }


def _leaf(leaf: LeafSeen | None) -> dict[str, Any] | None:
    if leaf is None:
        return None
    return {
        "field": leaf.field,
        "condition": leaf.text,
        "seen": leaf.seen,
        "note": leaf.note or None,
        "truth": leaf.truth or None,
        "place": str(leaf.place) if leaf.place else None,
    }


def _interval(interval: Interval | None) -> dict[str, str] | None:
    return None if interval is None else {"low": money_text(interval.low), "high": money_text(interval.high)}
