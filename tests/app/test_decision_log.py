"""The decision log: what an order follows from is in it, and what could not be appended is told later."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from policytrader import load_policy
from policytrader.app.decision_log import DecisionLog, decision_id_of, document_of
from policytrader.app.journal_days import journal_of
from policytrader.engine.evaluate import Engine, evaluate
from policytrader.errors import StoreError
from policytrader.resources import resource
from policytrader.wiring import open_store, read_snapshot
from tests.app.race_days import Day

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from policytrader.engine.plan import Plan
    from policytrader.model.records import DecisionRecord
    from policytrader.ports.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{tmp_path / 'one.db'}")) as made:
        made.migrate()
        yield made


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Some are placed, some are not."""
    (folder,) = resource("golden").glob("*/43-*")
    return evaluate(load_policy(resource("rules")), read_snapshot(folder))


def later(plan: Plan) -> Plan:
    """The same decisions on inputs that are a little different."""
    markets = tuple(one._replace(version=(one.version or 0) + 1) for one in plan.snapshot.markets)
    return evaluate(plan.policy, replace(plan.snapshot, markets=markets))


def ids(store: Store) -> set[str]:
    return {one.decision_id for one in store.logged_decisions()}


def test_every_orders_decision_is_in_the_log(tmp_path: Path) -> None:
    """Also of one that repeats the decision of the tick before, which the log leaves out."""
    day = Day.generate(tmp_path, seed=3, races=2)
    day.pick_everywhere()
    with Engine(load_policy(resource("rules"))) as engine:
        day.run(engine, day.lead(), every_seconds=60)
    entries = journal_of(day.store, None)
    plans = {decision_id_of(one, tick.plan): document_of(one) for tick in day.ticks for one in tick.plan.decisions}
    assert len(entries) > 20
    for entry in entries:
        record = day.store.decision(entry.intent.decision_id)
        assert record is not None, entry.intent
        assert record.document == plans[record.decision_id]
        assert record.snapshot_hash == entry.intent.snapshot_hash
    assert len(ids(day.store)) < len(plans) / 2, "what repeats itself is left out"


def test_what_repeats_is_left_out_unless_an_order_follows(plan: Plan, store: Store) -> None:
    log = DecisionLog(store, "paper")
    log.append_changed(plan)
    first = ids(store)
    assert len(first) == len(plan.decisions)
    again = later(plan)
    log.append_changed(again)
    assert ids(store) == first
    one = again.decisions[0]
    log.append_acted_on(one, again)
    log.append_acted_on(one, again)
    assert ids(store) == first | {decision_id_of(one, again)}


def test_what_could_not_be_appended_is_still_news(plan: Plan, store: Store) -> None:
    class Failing:
        is_on = True

        def append_decisions(self, records: Sequence[DecisionRecord]) -> None:
            if self.is_on:
                message = "full"
                raise StoreError(message, "full")
            store.append_decisions(records)

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

    failing = Failing()
    log = DecisionLog(failing, "paper")
    with pytest.raises(StoreError):
        log.append_changed(plan)
    failing.is_on = False
    again = later(plan)
    log.append_changed(again)
    assert ids(store) == {decision_id_of(one, again) for one in again.decisions}
