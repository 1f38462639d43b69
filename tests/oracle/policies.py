"""Random policies as the documents of their six files, for the loader: only what an author may write is tried."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from policytrader.policy.conditions import Fact
from policytrader.policy.facts import fact_field
from policytrader.policy.fields import (
    COMPARISONS,
    RUNNER_FIELDS,
    SELECTION_FIELDS,
    WITHOUT_OPERAND,
    Field,
    FieldType,
    Operator,
)
from tests.oracle.pools import LITERALS, REASONS, STEPS, TYPE_LITERALS, in_order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

Document = dict[str, Any]
"""What a policy file, or a part of it, holds as plain data."""

Documents = dict[str, Document]
"""The six files by kind."""

# A fact reads runners, and never another fact.
NO_FACTS: Mapping[str, Field] = {}


def random_policy(rng: Random, *, is_calm: bool) -> Documents:
    """One of each kind. A calm one lets most selections live, so that sizes and protections have their say."""
    facts = {f"fact_{number}": _fact(rng) for number in range(rng.choice((0, 1) if is_calm else (1, 2, 4)))}
    fields = {f"fact.{name}": fact_field(name, Fact.model_validate(fact)) for name, fact in facts.items()}
    free = 0.1 if is_calm else 0.9
    counts = (1, 1, 2) if is_calm else (2, 3, 5, 8)
    rules = [_validation_rule(rng, number, fields, free) for number in range(rng.choice(counts))]
    invalidating = [rule["id"] for rule in rules if "invalidate" in rule["then"]]
    triggers = [_trigger(rng, number, invalidating) for number in range(rng.choice((1, 1, 2, 3)))]
    order = {"cancel_unmatched_after": rng.choice(("0s", "60s", "5m", "5m", "1h"))}
    return {
        "validation": {"policy": "validation", "version": 1, "facts": facts, "rules": rules},
        "staking": {"policy": "staking", "version": 1, "ladders": _ladders(rng)},
        "entry": {"policy": "entry", "version": 1, "rules": _entry_rules(rng, is_calm=is_calm), "order": order},
        "cash_out": {"policy": "cash_out", "version": 1, "triggers": triggers},
        "protection": {"policy": "protection", "version": 1, "protections": _protections(rng)},
        "schedule": {"policy": "schedule", "version": 1, "intervals": [{"from": "00:00", "every": "15s"}]},
    }


# --- Conditions -----------------------------------------------------------------------------------------------------


def _condition(rng: Random, fields: Mapping[str, Field], facts: Mapping[str, Field], depth: int) -> Document:
    form = rng.choice(("all", "any", "not", "leaf")) if depth else "leaf"
    if form == "leaf":
        return _leaf(rng, fields, facts)
    if form == "not":
        return {"not": _condition(rng, fields, facts, depth - 1)}
    return {form: [_condition(rng, fields, facts, depth - 1) for _ in range(rng.choice((1, 2, 2, 3)))]}


def _leaf(rng: Random, fields: Mapping[str, Field], facts: Mapping[str, Field]) -> Document:
    readable = {**fields, **facts}
    field = rng.choice(list((facts if facts and rng.random() < 0.5 else readable).values()))
    op = rng.choice(field.operators)
    leaf: Document = {"field": field.name, "op": str(op)}
    alike = [one.name for one in readable.values() if (one.type, one.unit) == (field.type, field.unit)]
    if op in WITHOUT_OPERAND:
        return leaf
    if op in COMPARISONS and alike != [field.name] and rng.random() < 0.5:
        return {**leaf, "other": rng.choice(alike)}
    return {**leaf, "value": _operand(rng, field, op)}


def _operand(rng: Random, field: Field, op: Operator) -> Any:
    pool = field.values or LITERALS.get(field.name) or TYPE_LITERALS[field.type]
    if op in {Operator.IN, Operator.NOT_IN}:
        return [rng.choice(pool) for _ in range(rng.choice((1, 2, 3, 4)))]
    if op is Operator.BETWEEN:
        return sorted((rng.choice(pool), rng.choice(pool)), key=in_order)
    return rng.choice((0, 1, 2, 3)) if op is Operator.SIZE_GTE else rng.choice(pool)


def _fact(rng: Random) -> Document:
    prices = [field.name for field in RUNNER_FIELDS.values() if field.type is FieldType.PRICE]
    aggregate = rng.choice(("count", "count", "list", "any", "min", "min", "max", "max"))
    of = {"count": "runners", "any": "runners", "list": "runner.selection_id"}.get(aggregate) or rng.choice(prices)
    familiar: Document = {"field": "runner.status", "op": "eq", "value": rng.choice(("ACTIVE", "REMOVED"))}
    where = _condition(rng, RUNNER_FIELDS, NO_FACTS, depth=rng.choice((0, 1, 2)))
    fancied_and_gone: list[Document] = [
        {"field": "runner.status", "op": "eq", "value": "REMOVED"},
        {"field": "runner.active_at_capture", "op": rng.choice(("is_true", "is_false"))},
        {"field": "runner.reference_price", "op": rng.choice(("lt", "lte", "gte")), "value": 12},
    ]
    some = {"all": fancied_and_gone[: rng.choice((2, 3))]}
    return {aggregate: of, "where": rng.choice((familiar, where, where, {"all": [familiar, where]}, some))}


# --- Rules ----------------------------------------------------------------------------------------------------------


def _rule(rng: Random, name: str, when: Document) -> Document:
    rule = {"id": name, "title": "A random rule", "why": "To differ", "when": when}
    sides, types = rng.sample(("BACK", "LAY"), rng.choice((1, 2))), rng.sample(("WIN", "PLACE"), rng.choice((1, 2)))
    if rng.random() < 0.4:
        both = {"side": sides, "market_type": types}
        rule["applies_to"] = rng.choice(({"side": sides}, {"market_type": types}, both, {}))
    return rule


def _validation_rule(rng: Random, number: int, facts: Mapping[str, Field], free: float) -> Document:
    open_leaf = {"field": "market.status", "op": "eq", "value": "OPEN"}
    familiar: list[Document] = [
        {"field": "runner.own_status", "op": "eq", "value": rng.choice(("REMOVED", "REMOVED", "PLACED", "LOSER"))},
        {"not": {"all": [open_leaf, {"field": "market.in_play", "op": "is_false"}]}},
    ]
    own = _condition(rng, SELECTION_FIELDS, facts, depth=rng.choice((0, 1, 1, 2, 3)))
    rule = _rule(rng, f"rule-{number}", own if rng.random() < free else rng.choice(familiar))
    on_missing = rng.choice((None, None, "hold", "pass", "pass", "invalidate"))
    if on_missing:
        rule["on_missing"] = on_missing
    holds = on_missing != "invalidate" and rng.random() < 0.4
    # Few reasons, so that two rules have the same one.
    return {**rule, "then": {"hold": "Held back"} if holds else {"invalidate": rng.choice(REASONS)}}


def _entry_rules(rng: Random, *, is_calm: bool) -> list[Document]:
    back = {"field": "runner.best_back", "op": "gte", "other": "selection.price_requested"}
    lay = {"field": "runner.best_lay", "op": "lte", "other": "selection.price_requested"}
    familiar = [
        {**_rule(rng, "back", back), "applies_to": {"side": ["BACK"]}},
        {**_rule(rng, "lay", lay), "applies_to": {"side": ["LAY"]}},
    ]
    own = [
        _rule(rng, f"entry-{number}", _condition(rng, SELECTION_FIELDS, NO_FACTS, 1))
        for number in range(rng.choice((1, 2)))
    ]
    easy = [_rule(rng, "easy", {"field": "selection.price_requested", "op": "gt", "value": 0})]
    return rng.choice((familiar, easy, easy) if is_calm else (familiar, easy, [*familiar, *own], own))


def _trigger(rng: Random, number: int, invalidating: Sequence[str]) -> Document:
    matched = {"field": "position.size_matched", "op": "gt", "value": 0}
    when = rng.choice((matched, _condition(rng, SELECTION_FIELDS, NO_FACTS, 1)))
    if invalidating and rng.random() < 0.8:
        asked = {"invalidated_by": rng.sample(invalidating, rng.randint(1, len(invalidating)))}
        when = rng.choice((asked, {"all": [asked, when]}, {"any": [asked, when]}, {"not": asked}))
    return {**_rule(rng, f"trigger-{number}", when), "then": {"cash_out": "full", "max_slippage_ticks": 5}}


# --- Amounts --------------------------------------------------------------------------------------------------------


def _ladders(rng: Random) -> list[Document]:
    by_side: list[Document] = [{"side": ["BACK"]}, {"side": ["LAY"]}]
    by_both: list[Document] = [
        {"market_type": ["PLACE"]},
        {"market_type": ["WIN"], "side": ["LAY"]},
        {"market_type": ["WIN"], "side": ["BACK"]},
    ]
    scopes = rng.choice(([Document()], [Document()], by_side, by_both))
    return [_ladder(rng, number, scope) for number, scope in enumerate(scopes)]


def _ladder(rng: Random, number: int, scope: Document) -> Document:
    pool = [Decimal(one) for one in ("0.5", "5", "5", "20", "20", "36.55", "50")]
    starts = ["start", *sorted(rng.sample(STEPS, rng.randint(0, 4)), key=in_order, reverse=True)]
    steps: list[Document] = [
        {"from": one, "back_stake": rng.choice(pool), "lay_liability": rng.choice(pool)} for one in starts
    ]
    amounts = ("back_stake", "lay_liability")
    ladder = {
        "id": f"ladder-{number}",
        "title": "A random ladder",
        "why": "To differ",
        "steps": steps,
        "limits": {amount: max(step[amount] for step in steps) + rng.choice((0, 0, 30, 150)) for amount in amounts},
        "fully_matched_within": rng.choice((0, Decimal("0.01"), 1, 5)),
    }
    return {**ladder, "applies_to": scope} if scope else ladder


def _collar(max_ticks: int, max_percent: Decimal | int, no_ltp: str) -> Document:
    return {"max_ticks": max_ticks, "max_percent": max_percent, "no_ltp": no_ltp}


GENEROUS: Mapping[str, Any] = {
    "max_order": {"stake": 100_000, "liability": 1_000_000},
    "max_exposure_per_selection": {"back_stake": 100_000, "lay_liability": 1_000_000},
    "max_exposure_per_market": 1_000_000,
    "max_exposure_per_day": 1_000_000,
    "max_orders_per_minute": 1000,
    "max_orders_per_selection": 1000,
    "max_unknown_intents": 1000,
    "price_collar": _collar(350, 1000, "allow"),
    "max_spread_ticks": 350,
    "max_price_age_seconds": 1_000_000,
    "max_snapshot_age_hours": 1_000_000,
    "no_new_orders_before_off_seconds": 0,
}
"""Limits that hardly anything meets, in the order in which they are checked."""


def _protections(rng: Random) -> Document:
    """Generous limits, of which some are tight or missing. Amounts are sums of what ladders and orders amount to."""
    collars: Sequence[tuple[int, Decimal | int]]
    collars = ((0, 1000), (1, 1000), (350, 0), (350, Decimal("2.5")))
    amounts = (5, 10, 15, 20, 25, 40, 60)
    tight: dict[str, tuple[Any, ...]] = {
        "max_order": tuple({"stake": one, "liability": other} for one in (1, 5, 20) for other in (5, 20)),
        "max_exposure_per_selection": tuple({"back_stake": one, "lay_liability": 55 - one} for one in (5, 20, 35, 50)),
        "max_exposure_per_market": amounts,
        "max_exposure_per_day": amounts,
        "max_orders_per_minute": (0, 1, 2, 3),
        "max_orders_per_selection": (0, 1, 2),
        "max_unknown_intents": (0, 1, 2),
        "price_collar": tuple(_collar(one, other, word) for one, other in collars for word in ("refuse", "allow")),
        "max_spread_ticks": (0, 1, 2, 15),
        "max_price_age_seconds": (0, 5, 15, 20),
        "max_snapshot_age_hours": (1, 8, 18),
        "no_new_orders_before_off_seconds": (30, 300, 1800, 3600),
    }
    chosen = rng.sample(sorted(tight), rng.choice((1, 1, 1, 2, 4)))
    limits = {name: rng.choice(tight[name]) if name in chosen else limit for name, limit in GENEROUS.items()}
    return {name: limit for name, limit in limits.items() if name not in chosen or rng.random() < 0.9}
