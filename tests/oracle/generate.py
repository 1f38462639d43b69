"""Random policies and snapshots from small pools of values, so that equalities and edges really occur.

A policy is made as the documents of its six files and read through the loader, so that only what an author may write is
tried. Pools are shared: the steps of ladders and the times of races, limits and amounts, reasons and stored reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

from policytrader.model.price import PRICES, TICK_OF
from policytrader.model.snapshot import (
    Market,
    MarketStatus,
    MarketType,
    Order,
    OrderStatus,
    ReferenceRunner,
    Runner,
    RunnerStatus,
    Selection,
    Side,
    Snapshot,
)
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

T = TypeVar("T")
Document = dict[str, Any]
"""What a policy file holds, as plain data."""

PRICE_POOL = tuple(Decimal(one) for one in ("1.01", "1.02", "2", "3.50", "7.8", "8", "8.20", "12", "100", "980"))
REFERENCE_POOL = tuple(Decimal(one) for one in ("1.01", "7.99", "8", "11.99", "12.00", "12.01", "1000"))
SIZE_POOL = tuple(Decimal(one) for one in ("0", "0.01", "0.99", "1", "2.37", "10.00", "36", "112.5", "1000"))
STEP_POOL = ("8h", "4h", "90m", "60m", "30m", "300s", "30s")
REASONS = ("Invalid Runner Removed", "Invalid Short Price Removed", "It's off")
IDS = (7, 11, 12, 19, 999_999_937)
COURSES = ("Ascot", "ascot", "Lord's", "York")
SECOND, MICROSECOND = timedelta(seconds=1), timedelta(microseconds=1)

LITERALS: dict[str, tuple[Any, ...]] = {
    "selection.stake_points": (Decimal("0.5"), 1, Decimal("0.3333"), Decimal("0.33335")),
    "selection.time_to_off": ("0s", *STEP_POOL),
    "market.price_age": ("0s", "15s", "20s", "1m"),
    "reference.age": ("0s", "1h", "8h", "18h"),
    "market.number_of_winners": (1, 2, 3, Decimal("2.5")),
    "reference.number_of_runners": (2, 3, 4, 8),
    "runner.adjustment_factor": (0, Decimal("2.5"), Decimal("11.4"), Decimal("11.39999"), Decimal("11.399995")),
    "runner.selection_id": IDS,
    "position.size_matched": (0, 1, Decimal("2.37"), 10, Decimal("9.995")),
    "position.size_unmatched": (0, 1, Decimal("2.37"), 10),
    "position.exposure": (0, 1, 10, Decimal("17.5"), Decimal("9.9999999999"), Decimal("9.99999999999")),
}
"""Literals by field; other numbers take those of their type."""

TYPE_LITERALS: dict[FieldType, tuple[Any, ...]] = {
    FieldType.NUMBER: (0, 1, 2, 3, 4, Decimal("2.5"), -1, 1000),
    FieldType.MONEY: (0, 1, Decimal("2.37"), 10, Decimal("0.995")),
    FieldType.PRICE: (*PRICE_POOL, *REFERENCE_POOL, Decimal("11.995"), 1, 0, 1001),
    FieldType.TEXT: (*COURSES, "Epsom"),
    FieldType.LIST: IDS,
}


# --- Policies -------------------------------------------------------------------------------------------------------


def random_policy(rng: Random) -> dict[str, Document]:
    """The documents of the six files, by kind."""
    facts = {f"fact_{number}": _fact(rng) for number in range(rng.choice((0, 1, 2, 4)))}
    fields = dict(SELECTION_FIELDS)
    fact_fields = {f"fact.{name}": fact_field(name, Fact.model_validate(fact)) for name, fact in facts.items()}
    # Every second policy lets most selections live, so that prices, sizes and protections have their say.
    own_share = rng.choice((0.1, 0.8))
    rules = [
        _validation_rule(rng, number, fields, fact_fields, own_share) for number in range(rng.choice((1, 1, 2, 3, 5)))
    ]
    invalidating = [rule["id"] for rule in rules if "invalidate" in rule["then"]]
    return {
        "validation": {"policy": "validation", "version": 1, "facts": facts, "rules": rules},
        "staking": {"policy": "staking", "version": 1, "ladders": _ladders(rng)},
        "entry": {
            "policy": "entry",
            "version": 1,
            "rules": _entry_rules(rng),
            "order": {"cancel_unmatched_after": rng.choice(("0s", "60s", "5m", "5m", "1h"))},
        },
        "cash_out": {
            "policy": "cash_out",
            "version": 1,
            "triggers": [_trigger(rng, number, invalidating) for number in range(rng.choice((1, 1, 2, 3)))],
        },
        "protection": {"policy": "protection", "version": 1, "protections": _protections(rng)},
        "schedule": {"policy": "schedule", "version": 1, "intervals": [{"from": "00:00", "every": "15s"}]},
    }


def _rule(rng: Random, name: str, when: Document) -> Document:
    rule = {"id": name, "title": "A random rule", "why": "To differ", "when": when}
    if rng.random() < 0.4:
        rule["applies_to"] = _applies_to(rng)
    return rule


def _applies_to(rng: Random) -> Document:
    sides, types = rng.sample(("BACK", "LAY"), rng.choice((1, 2))), rng.sample(("WIN", "PLACE"), rng.choice((1, 2)))
    return rng.choice(({"side": sides}, {"market_type": types}, {"side": sides, "market_type": types}, {}))


def _validation_rule(
    rng: Random, number: int, fields: dict[str, Field], facts: dict[str, Field], own_share: float
) -> Document:
    familiar: list[Document] = [
        {"field": "runner.own_status", "op": "eq", "value": "REMOVED"},
        {
            "not": {
                "all": [
                    {"field": "market.status", "op": "eq", "value": "OPEN"},
                    {"field": "market.in_play", "op": "is_false"},
                ]
            }
        },
    ]
    own = _condition(rng, fields, facts, depth=rng.choice((0, 1, 1, 2, 3)))
    rule = _rule(rng, f"rule-{number}", own if rng.random() < own_share else rng.choice(familiar))
    on_missing = rng.choice((None, None, "hold", "pass", "pass", "invalidate"))
    rule["then"] = (
        {"hold": "Held back"}
        if on_missing != "invalidate" and rng.random() < 0.4
        else {"invalidate": rng.choice(REASONS)}
    )
    if on_missing:
        rule["on_missing"] = on_missing
    return rule


def _condition(rng: Random, fields: dict[str, Field], facts: dict[str, Field], depth: int) -> Document:
    form = rng.choice(("all", "any", "not", "leaf")) if depth else "leaf"
    if form == "leaf":
        return _leaf(rng, fields, facts)
    if form == "not":
        return {"not": _condition(rng, fields, facts, depth - 1)}
    return {form: [_condition(rng, fields, facts, depth - 1) for _ in range(rng.choice((1, 2, 2, 3)))]}


def _leaf(rng: Random, fields: dict[str, Field], facts: dict[str, Field]) -> Document:
    readable = {**fields, **facts}
    field = rng.choice(list((facts if facts and rng.random() < 0.5 else readable).values()))
    op = rng.choice(field.operators)
    leaf: Document = {"field": field.name, "op": str(op)}
    alike = [one.name for one in readable.values() if (one.type, one.unit) == (field.type, field.unit)]
    if op in WITHOUT_OPERAND:
        return leaf
    if op in COMPARISONS and alike != [field.name] and rng.random() < 0.35:
        return {**leaf, "other": rng.choice(alike)}
    return {**leaf, "value": _operand(rng, field, op)}


def _operand(rng: Random, field: Field, op: Operator) -> Any:  # noqa: ANN401 - a literal
    pool = field.values or LITERALS.get(field.name) or TYPE_LITERALS[field.type]
    if op in {Operator.IN, Operator.NOT_IN}:
        return [rng.choice(pool) for _ in range(rng.choice((1, 2, 3, 4)))]
    if op is Operator.BETWEEN:
        return sorted((rng.choice(pool), rng.choice(pool)), key=_order)
    return rng.choice((0, 1, 2, 3)) if op is Operator.SIZE_GTE else rng.choice(pool)


def _order(literal: Any) -> Decimal:  # noqa: ANN401 - a number or a duration
    if isinstance(literal, str):
        return Decimal(literal[:-1]) * {"h": 3600, "m": 60, "s": 1}[literal[-1]]
    return Decimal(literal)


def _fact(rng: Random) -> Document:
    prices = [field.name for field in RUNNER_FIELDS.values() if field.type is FieldType.PRICE]
    aggregate = rng.choice(("count", "count", "list", "any", "min", "max"))
    of = {"count": "runners", "any": "runners", "list": "runner.selection_id"}.get(aggregate) or rng.choice(prices)
    familiar: Document = {"field": "runner.status", "op": "eq", "value": rng.choice(("ACTIVE", "REMOVED"))}
    where = _condition(rng, RUNNER_FIELDS, {}, depth=rng.choice((0, 1, 2)))
    return {aggregate: of, "where": rng.choice((familiar, where, where, {"all": [familiar, where]}))}


def _ladders(rng: Random) -> list[Document]:
    scopes: list[Document] = rng.choice((
        [{}],
        [{}],
        [{"side": ["BACK"]}, {"side": ["LAY"]}],
        [{"market_type": ["PLACE"]}, {"market_type": ["WIN"], "side": ["LAY"]}, {"market_type": ["WIN"], "side": ["BACK"]}],
    ))  # fmt: skip
    return [_ladder(rng, number, scope) for number, scope in enumerate(scopes)]


def _ladder(rng: Random, number: int, scope: Document) -> Document:
    pool = [Decimal(one) for one in ("0", "0.5", "5", "20", "36.55", "50", "200")]
    starts = ["start", *sorted(rng.sample(STEP_POOL, rng.randint(0, 4)), key=_order, reverse=True)]
    steps = [{"from": one, "back_stake": rng.choice(pool), "lay_liability": rng.choice(pool)} for one in starts]
    limits = {
        key: max(step[key] for step in steps) + rng.choice((0, 1, 50, 50)) for key in ("back_stake", "lay_liability")
    }
    ladder = {
        "id": f"ladder-{number}", "title": "A random ladder", "why": "To differ", "steps": steps, "limits": limits,
        "fully_matched_within": rng.choice((0, Decimal("0.01"), 1, 5)),
    }  # fmt: skip
    return {**ladder, "applies_to": scope} if scope else ladder


def _entry_rules(rng: Random) -> list[Document]:
    back = {"field": "runner.best_back", "op": "gte", "other": "selection.price_requested"}
    lay = {"field": "runner.best_lay", "op": "lte", "other": "selection.price_requested"}
    familiar = [
        {**_rule(rng, "back", back), "applies_to": {"side": ["BACK"]}},
        {**_rule(rng, "lay", lay), "applies_to": {"side": ["LAY"]}},
    ]
    own = [
        _rule(rng, f"entry-{number}", _condition(rng, SELECTION_FIELDS, {}, 1)) for number in range(rng.choice((1, 2)))
    ]
    easy = [_rule(rng, "easy", {"field": "selection.price_requested", "op": "gt", "value": 0})]
    return rng.choice((familiar, easy, easy, [*familiar, *own], own))


def _trigger(rng: Random, number: int, invalidating: Sequence[str]) -> Document:
    matched = {"field": "position.size_matched", "op": "gt", "value": 0}
    when = rng.choice((matched, _condition(rng, SELECTION_FIELDS, {}, 1)))
    if invalidating and rng.random() < 0.8:
        asked = {"invalidated_by": rng.sample(invalidating, rng.randint(1, len(invalidating)))}
        when = rng.choice((asked, {"all": [asked, when]}, {"any": [asked, when]}, {"not": asked}))
    return {**_rule(rng, f"trigger-{number}", when), "then": {"cash_out": "full", "max_slippage_ticks": 5}}


def _protections(rng: Random) -> Document:
    """Generous limits, of which some are tight or missing."""
    pools: dict[str, tuple[Any, ...]] = {
        "max_order": tuple({"stake": one, "liability": other} for one, other in ((1, 20), (5, 1), (20, 36), (50, 50))),
        "max_exposure_per_selection": tuple({"back_stake": one, "lay_liability": 55 - one} for one in (5, 20, 36, 50)),
        "max_exposure_per_market": (10, Decimal("36.55"), 50, 100),
        "max_exposure_per_day": (20, 50, Decimal("86.55"), 200),
        "max_orders_per_minute": (0, 1, 2, 3),
        "max_orders_per_selection": (0, 1, 2),
        "max_unknown_intents": (0, 1, 2),
        "price_collar": tuple(
            {"max_ticks": ticks, "max_percent": percent, "no_ltp": no_ltp}
            for ticks in (0, 1, 10)
            for percent in (0, Decimal("2.5"), Decimal("12.82"), 1000)
            for no_ltp in ("refuse", "allow")
        ),
        "max_spread_ticks": (0, 1, 2, 15),
        "max_price_age_seconds": (0, 15, 20),
        "max_snapshot_age_hours": (1, 8, 18),
        "no_new_orders_before_off_seconds": (30, 300, 1800),
    }
    generous: Document = {
        "max_order": {"stake": 100_000, "liability": 1_000_000},
        "max_exposure_per_selection": {"back_stake": 100_000, "lay_liability": 1_000_000},
        "max_exposure_per_market": 1_000_000,
        "max_exposure_per_day": 1_000_000,
        "max_orders_per_minute": 1000,
        "max_orders_per_selection": 1000,
        "max_unknown_intents": 1000,
        "price_collar": {"max_ticks": 350, "max_percent": 1000, "no_ltp": "allow"},
        "max_spread_ticks": 350,
        "max_price_age_seconds": 1_000_000,
        "max_snapshot_age_hours": 1_000_000,
        "no_new_orders_before_off_seconds": 0,
    }
    chosen = rng.sample(sorted(pools), rng.choice((0, 1, 1, 2, 3, 6)))
    tight = {name: None if rng.random() < 0.1 else rng.choice(pools[name]) for name in chosen}
    return {name: limit for name, limit in {**generous, **tight}.items() if limit is not None}


# --- Snapshots ------------------------------------------------------------------------------------------------------


def random_snapshot(rng: Random) -> Snapshot:
    """A snapshot that the readers would let in; between tidy and full of holes."""
    return _Maker(rng).snapshot()


class _Maker:
    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.mess = rng.choice((0.0, 0.02, 0.1, 0.3))
        self.now = datetime(2026, 5, 2, 13, 42, 15, rng.choice((0, 0, 1, 500_000, 999_999)), tzinfo=UTC)

    def snapshot(self) -> Snapshot:
        races = self.rng.sample(("r9", "r10", "R9"), self.rng.choice((1, 1, 2, 3)))
        ids = {race: self.rng.sample(IDS, self.rng.randint(1, len(IDS))) for race in races}
        captures = {f"c-{race}-{number}": race for race in races for number in range(self.rng.choice((1, 1, 2)))}
        reference = [row for capture, race in captures.items() for row in self._capture(capture, race, ids[race])]
        # From 1.8 on, because 1.10 comes before 1.8 as a text.
        markets = [market for number, race in enumerate(races) for market in self._markets(race, 8 + 3 * number)]
        captured = [row.captured_at for row in reference if row.captured_at]
        runners = [row for market in markets for row in self._runners(market, ids[market.race_id], captured)]
        selections = self._selections(races, markets, ids, list(captures.items()))
        orders = [self._order(number, selections, markets) for number in range(self.rng.choice((0, 0, 1, 2, 3, 5, 8)))]
        for rows in (reference, markets, runners, orders, selections):
            self.rng.shuffle(rows)
        return Snapshot(self.now, tuple(selections), tuple(reference), tuple(markets), tuple(runners), tuple(orders))

    def messy(self, factor: float = 1.0) -> bool:
        return self.rng.random() < self.mess * factor

    def maybe(self, pool: Sequence[T]) -> T | None:
        """One of the pool, or missing."""
        return None if self.messy() else self.rng.choice(pool)

    def moved(self, moment: datetime) -> datetime:
        """A moment, or one beside it."""
        return moment + self.rng.choice((0, 0, 1, -1, 1_000_000, -1_000_000, 500_000)) * MICROSECOND

    def _capture(self, capture: str, race: str, ids: Sequence[int]) -> list[ReferenceRunner]:
        ages = [timedelta(hours=hours) for hours in (1, 8, 18)]
        captured_at = None if self.messy() else self.moved(self.now - self.rng.choice(ages))
        number_of_runners = self.maybe((2, 3, 4, 8))
        listed = [one for one in IDS if (self.messy() if one not in ids else not self.messy())]
        return [
            ReferenceRunner(
                capture, race, captured_at, number_of_runners, one, self.maybe(("Blue Moon", "O'Neill")),
                self._status((RunnerStatus.ACTIVE,) * 5 + (RunnerStatus.REMOVED,)), self.maybe(REFERENCE_POOL),
            )
            for one in listed
        ]  # fmt: skip

    def _status(self, usual: Sequence[RunnerStatus]) -> RunnerStatus | None:
        if self.messy():
            return self.rng.choice((None, RunnerStatus.HIDDEN, *RunnerStatus))
        return self.rng.choice(usual)

    def _markets(self, race: str, first: int) -> list[Market]:
        if self.messy(0.3):
            return []
        types = [MarketType.WIN, MarketType.PLACE]
        kinds = self.rng.choice(
            (types, types, [MarketType.WIN], [MarketType.PLACE], [MarketType.WIN, MarketType.WIN, MarketType.PLACE])
        )
        return [
            Market(
                f"1.{number}", race, kind,
                self.maybe(list(MarketStatus)) if self.messy(2) else MarketStatus.OPEN,
                self.messy(), self.maybe((5, 6)), self.maybe((1, 2, 3)),
                self.maybe([self.now - age * SECOND for age in (0, 5, 15, 20, 20, 60, -3)] + [self.now - 20 * SECOND - MICROSECOND]),
                self.maybe(COURSES),
            )
            for number, kind in enumerate(kinds, first)
        ]  # fmt: skip

    def _runners(self, market: Market, ids: Sequence[int], captured: Sequence[datetime]) -> list[Runner]:
        listed = [one for one in ids if not self.messy()]
        listed += [one for one in IDS if one not in ids and self.messy(0.3)]
        return [self._runner(market, one, captured) for one in listed]

    def _runner(self, market: Market, selection_id: int, captured: Sequence[datetime]) -> Runner:
        status = self._status((RunnerStatus.ACTIVE,) * 6 + (RunnerStatus.REMOVED,))
        removed_at = None
        if status is RunnerStatus.REMOVED or self.messy(0.3):
            moments = [self.moved(moment) for moment in captured] + [self.now - 600 * SECOND]
            removed_at = self.maybe(moments)
        back = self.maybe(PRICE_POOL)
        lay = None if self.messy() else self._beside(back or Decimal(8), (1, 1, 2, 5, 15, 16))
        if back is not None and lay is not None and back >= lay:
            lay = None
        last = None if self.messy() else self._beside(back or Decimal(8), (0, 0, 1, -1, 2, 10, -10, 11, 60))
        return Runner(
            market.market_id, selection_id, self.maybe(("Blue Moon", "Blue")), status, back, self.maybe(SIZE_POOL[3:] if self.mess < 0.1 else SIZE_POOL),
            lay, self.maybe(SIZE_POOL), last,
            self.maybe([Decimal(one) for one in ("0", "2.5", "11.40", "11.39999")]), removed_at,
        )  # fmt: skip

    def _beside(self, price: Decimal, ticks: Sequence[int]) -> Decimal:
        return PRICES[min(max(TICK_OF[price] + self.rng.choice(ticks), 0), len(PRICES) - 1)]

    def _race_time(self) -> datetime:
        left = self.rng.choice(("0s", "0s", *STEP_POOL, "10h", "45m", "45m"))
        sign = -1 if self.rng.random() < 0.05 else 1
        return self.moved(self.now + sign * int(_order(left)) * SECOND)

    def _selections(
        self,
        races: Sequence[str],
        markets: Sequence[Market],
        ids: dict[str, list[int]],
        captures: Sequence[tuple[str, str]],
    ) -> list[Selection]:
        found: dict[tuple[str, int, Side], Selection] = {}
        times = {race: self._race_time() for race in races}
        for number in range(self.rng.choice((1, 2, 3, 4, 6))):
            race = self.rng.choice(races)
            listed = [market for market in markets if market.race_id == race]
            known = None if not listed or self.messy(0.3) else self.rng.choice(listed)
            market_id = known.market_id if known else f"1.{race}.gone"
            selection_id = self.rng.choice(IDS if self.messy() else ids[race])
            # Two picks of one race may have been taken down with different times.
            race_time = self._race_time() if self.messy() else times[race]
            kind = known.market_type if known else MarketType.WIN
            of_race = [capture for capture, its_race in captures if its_race == race]
            capture = self.rng.choice((None, "c-gone")) if self.messy() else self.rng.choice(of_race)
            valid = self.rng.random() < 0.9
            side = self.rng.choice(tuple(Side))
            found[market_id.casefold(), selection_id, side] = Selection(
                f"s{number}", race, race_time, market_id, kind, selection_id, self.maybe(("Blue Moon", "O'Neill")), side,
                self._requested(side), self.rng.choice([Decimal(one) for one in ("1", "1", "0.5", "0.3333", "2.0", "0.0001")]), capture, valid,
                self.rng.choice((None, *REASONS, *REASONS, "Trainer's word")) if not valid or self.messy() else None,
                self.rng.random() < 0.04,
            )  # fmt: skip
        return list(found.values())

    def _requested(self, side: Side) -> Decimal:
        """Mostly a price that the market meets."""
        pool = PRICE_POOL[:5] if side is Side.BACK else PRICE_POOL[4:]
        return self.rng.choice((*PRICE_POOL, *pool, *pool, Decimal("8.13"), Decimal("1000.00")))

    def _order(self, number: int, selections: Sequence[Selection], markets: Sequence[Market]) -> Order:
        rng = self.rng
        pick = rng.choice(selections)
        market_id, selection_id, side = pick.market_id, pick.selection_id, pick.side
        if rng.random() < 0.2:
            side = rng.choice(tuple(Side))
        if rng.random() < 0.15:
            selection_id = rng.choice(IDS)
        if rng.random() < 0.1:
            market_id = rng.choice([market.market_id for market in markets] or ["1.elsewhere"])
        status = rng.choice(
            (
                OrderStatus.EXECUTABLE,
                OrderStatus.EXECUTION_COMPLETE,
                OrderStatus.EXECUTION_COMPLETE,
                OrderStatus.UNKNOWN,
            )
        )
        price, size = rng.choice(PRICE_POOL), rng.choice(SIZE_POOL[1:7])
        matched = {
            OrderStatus.EXECUTABLE: rng.choice((Decimal(0), size / 2)),
            OrderStatus.UNKNOWN: rng.choice((Decimal(0), Decimal(0), size)),
        }
        size_matched = matched.get(status, size).quantize(Decimal("0.01"))
        average = (
            rng.choice((price, price, Decimal("5.12345678"), Decimal("1.00000001"), Decimal("7.00")))
            if size_matched
            else None
        )
        if status is OrderStatus.UNKNOWN and rng.random() < 0.5:
            average = None
        left = size - size_matched if status is OrderStatus.EXECUTABLE or self.messy(0.3) else Decimal(0)
        age = rng.choice([timedelta(seconds=one) for one in (0, 60, 60, 300, 300, 3600, -5)])
        return Order(
            f"o{number}" if rng.random() < 0.8 else None, market_id, selection_id, side, price, size, size_matched,
            average, rng.choice((left, left, left, Decimal(0))), status, None if self.messy() else self.moved(self.now - age),
        )  # fmt: skip


def smaller_documents(documents: dict[str, Document]) -> list[dict[str, Document]]:
    """The same policy with one thing less, each time another one."""
    found = []
    for kind, key in (("validation", "rules"), ("entry", "rules"), ("cash_out", "triggers"), ("staking", "ladders")):
        items = documents[kind][key]
        for index, item in enumerate(items):
            rest = [*items[:index], *items[index + 1 :]]
            simpler = [{**item, "when": when} for when in _smaller_conditions(item.get("when", {}))]
            simpler += [
                {name: one for name, one in item.items() if name != dropped}
                for dropped in ("applies_to", "on_missing")
                if dropped in item
            ]
            simpler += [
                {**item, "steps": [*item["steps"][:at], *item["steps"][at + 1 :]]}
                for at in range(1, len(item.get("steps", ())))
            ]
            for items_now in (rest, *([*items[:index], one, *items[index + 1 :]] for one in simpler)):
                if items_now:
                    found.append({**documents, kind: {**documents[kind], key: items_now}})
    facts = documents["validation"]["facts"]
    for name, fact in facts.items():
        fewer = {one: kept for one, kept in facts.items() if one != name}
        for now in (
            fewer,
            *({**facts, name: {**fact, "where": where}} for where in _smaller_conditions(fact["where"])),
        ):
            found.append({**documents, "validation": {**documents["validation"], "facts": now}})
    return found


def _smaller_conditions(condition: Document) -> list[Document]:
    found: list[Document] = []
    for form in ("all", "any"):
        parts = condition.get(form, [])
        found += parts
        for index, part in enumerate(parts):
            if len(parts) > 1:
                found.append({form: [*parts[:index], *parts[index + 1 :]]})
            found += [{form: [*parts[:index], one, *parts[index + 1 :]]} for one in _smaller_conditions(part)]
    if "not" in condition:
        found += [condition["not"], *({"not": one} for one in _smaller_conditions(condition["not"]))]
    return found
