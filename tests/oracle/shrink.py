"""Cases made smaller for as long as they still differ."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from tests.oracle.written import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from policytrader.model.snapshot import Snapshot
    from tests.oracle.policies import Document, Documents

T = TypeVar("T")


def shrink(case: T, smaller: Callable[[T], Iterable[T]], differs: Callable[[T], bool]) -> T:
    """The first smaller case that still differs, and so on until none does."""
    while True:
        found = next((one for one in smaller(case) if differs(one)), None)
        if found is None:
            return case
        case = found


def smaller_snapshots(snapshot: Snapshot) -> Iterator[Snapshot]:
    """One row less, each time another one; with a market go its runners. Then one cell less."""
    for name in ("selections", "orders", "reference"):
        for rows in _one_less(getattr(snapshot, name)):
            if rows or name != "selections":
                yield _with_rows(snapshot, name, rows)
    for market in snapshot.markets:
        markets = tuple(one for one in snapshot.markets if one is not market)
        runners = tuple(one for one in snapshot.runners if one.market_id != market.market_id)
        yield replace(snapshot, markets=markets, runners=runners)
    for rows in _one_less(snapshot.runners):
        yield replace(snapshot, runners=tuple(rows))
    for name in TABLES:
        rows = getattr(snapshot, name)
        for index, row in enumerate(rows):
            for column in EMPTIED.get(name, ()):
                if getattr(row, column) is not None:
                    emptied = row._replace(**{column: None})
                    yield _with_rows(snapshot, name, [*rows[:index], emptied, *rows[index + 1 :]])


def _with_rows(snapshot: Snapshot, name: str, rows: Sequence[Any]) -> Snapshot:
    changed: dict[str, Any] = {name: tuple(rows)}
    return replace(snapshot, **changed)


EMPTIED = {
    "selections": ("runner_name",),
    "reference": ("runner_name",),
    "markets": ("version", "number_of_winners", "course"),
    "runners": ("runner_name", "adjustment_factor", "last_traded", "removed_at", "best_back_size", "best_lay_size"),
}
"""Cells that may be emptied row by row: what a capture says, it says in all its rows."""


def smaller_policies(documents: Documents) -> Iterator[Documents]:
    """One rule, trigger, entry rule, step or fact less; then simpler ones."""
    for kind, key in (("validation", "rules"), ("cash_out", "triggers"), ("entry", "rules"), ("staking", "ladders")):
        items = documents[kind][key]
        for changed in (*_one_less(items), *_one_simpler(items, _simpler_rules)):
            if changed:
                yield {**documents, kind: {**documents[kind], key: changed}}
    facts = documents["validation"]["facts"]
    for changed in (*_one_less(list(facts.items())), *_one_simpler(list(facts.items()), _simpler_facts)):
        yield {**documents, "validation": {**documents["validation"], "facts": dict(changed)}}


def _simpler_facts(item: tuple[str, Document]) -> Iterator[tuple[str, Document]]:
    name, fact = item
    for where in _simpler_conditions(fact["where"]):
        yield name, {**fact, "where": where}


def _simpler_rules(rule: Document) -> Iterator[Document]:
    for key in ("applies_to", "on_missing"):
        if key in rule:
            yield {name: value for name, value in rule.items() if name != key}
    for when in _simpler_conditions(rule.get("when", {})):
        yield {**rule, "when": when}
    steps = rule.get("steps", [])
    for index in range(1, len(steps)):
        yield {**rule, "steps": [*steps[:index], *steps[index + 1 :]]}


def _simpler_conditions(condition: Document) -> Iterator[Document]:
    for form in ("all", "any"):
        parts = condition.get(form, [])
        yield from parts
        for changed in (*_one_less(parts), *_one_simpler(parts, _simpler_conditions)):
            if changed:
                yield {form: changed}
    if "not" in condition:
        yield condition["not"]
        yield from ({"not": one} for one in _simpler_conditions(condition["not"]))


def _one_less(items: Sequence[Any]) -> Iterator[list[Any]]:
    for index in range(len(items)):
        yield [*items[:index], *items[index + 1 :]]


def _one_simpler(items: Sequence[Any], simpler: Callable[[Any], Iterable[Any]]) -> Iterator[list[Any]]:
    for index, item in enumerate(items):
        for one in simpler(item):
            yield [*items[:index], one, *items[index + 1 :]]
