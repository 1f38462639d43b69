"""What a person is told of a trading day, and what not."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.app.notices import Notices
from policytrader.errors import StoreError
from policytrader.model.journal import Control, ControlKind, JournalEvent
from policytrader.wiring import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policytrader.ports.store import Store

NOON = datetime(2026, 5, 2, 12, 0, tzinfo=UTC)


@dataclass
class Person:
    """Who is told, what may fail, and the store behind."""

    store: Store
    told: list[str] = field(default_factory=list)
    is_failing: bool = False

    def __getattr__(self, name: str) -> Any:
        if self.is_failing:
            message = "the store is away"
            raise StoreError(message)
        return getattr(self.store, name)

    def notices(self) -> Notices:
        return Notices(self.told.append, self, NOON)  # type: ignore[arg-type] # it answers as a store

    def pull(self, kind: ControlKind, at: datetime = NOON, **more: Any) -> None:
        self.store.pull(Control(kind=kind, at=at, who="ann", why="looks odd", **more))


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    with closing(open_store(f"sqlite:///{tmp_path / 'one.db'}")) as store:
        store.migrate()
        yield Person(store)


@pytest.mark.parametrize(
    ("event", "fields", "told"),
    [
        (
            "order",
            {
                "purpose": "OPENING",
                "side": "BACK",
                "size": "14.00",
                "price": "8.20",
                "selection": "bm-win",
                "fate": "seen",
            },
            "13:00:00  OPENING BACK 14.00 @ 8.20, bm-win: seen",
        ),
        ("invalidated", {"selection": "bm", "why": "Invalid {8} to 7"}, "13:00:00  INVALID bm: Invalid {8} to 7"),
        ("leads", {"epoch": 3, "quarantined": 1}, "13:00:00  leads, epoch 3; 1 of unknown fate from before"),
        ("standby", {"account": "a"}, "13:00:00  standby: another process leads"),
        ("lease_lost", {"why": "x"}, "13:00:00  LEASE LOST, nothing more is sent: x"),
        ("recovered", {"failures": 4}, "13:00:00  recovered after 4 failures"),
        ("policy_refused", {"keeps": "9f3c", "why": "a\n  b"}, "13:00:00  POLICY REFUSED, 9f3c stays: a b"),
        ("clock_jump", {"why": "it jumped"}, "13:00:00  CLOCK: it jumped"),
        ("clock_skew", {"why": "it is apart"}, "13:00:00  CLOCK: it is apart"),
        ("policy", {"hash": "0123456789abcdef"}, "13:00:00  policy 0123456789ab decides"),
    ],
)
def test_what_matters(event: str, fields: dict[str, Any], told: str, person: Person) -> None:
    person.notices()("info", event, NOON, **fields)
    assert person.told == [told]


@pytest.mark.parametrize("event", ["tick", "found", "late", "something_new"])
def test_what_is_no_news(event: str, person: Person) -> None:
    person.notices()("info", event, NOON, orders=4, why="x")
    assert person.told == []


def test_the_same_failure_is_told_once(person: Person) -> None:
    say = person.notices()
    for because in ("store", "store", "exchange", "exchange"):
        say("error", "no_orders", NOON, because=because, code="c", why="gone")
    say("info", "recovered", NOON, failures=4)
    say("error", "no_orders", None, because="exchange", code="c", why="gone")
    assert person.told == [
        "13:00:00  NO ORDERS, the store fails: gone",
        "13:00:00  NO ORDERS, the exchange fails: gone",
        "13:00:00  recovered after 4 failures",
        "NO ORDERS, the exchange fails: gone",
    ]


def test_levers_are_told_after_the_tick(person: Person) -> None:
    person.pull(ControlKind.PAUSE)
    say = person.notices()
    say("info", "tick", NOON)
    assert person.told == []
    later = NOON + timedelta(minutes=1)
    person.pull(ControlKind.RESUME, later)
    person.pull(ControlKind.KILL, later)
    person.pull(ControlKind.LATCH, later, cause="max_daily_loss", evidence="e")
    for _ in range(2):
        say("info", "tick", later)
    assert person.told == [
        "13:01:00  resumed by ann: looks odd",
        "13:01:00  KILLED by ann: looks odd",
        "13:01:00  LATCH max_daily_loss: looks odd",
    ]


def test_a_cash_out_that_ended_is_told(person: Person) -> None:
    def ended(ref: str) -> None:
        person.store.append_events([JournalEvent(at=NOON, kind="cash_out", code="flat", detail=ref)])

    ended("before")
    say = person.notices()
    ended("bm-win")
    for _ in range(2):
        say("info", "tick", NOON)
    ended("km-win")
    say("info", "tick", NOON)
    assert person.told == ["13:00:00  cash-out done (flat): bm-win", "13:00:00  cash-out done (flat): km-win"]


def test_a_store_that_fails_costs_no_tick(person: Person) -> None:
    say = person.notices()
    person.is_failing = True
    person.pull(ControlKind.KILL)
    say("info", "tick", NOON)
    assert person.told == []
    person.is_failing = False
    say("info", "tick", NOON)
    assert person.told == ["13:00:00  KILLED by ann: looks odd"]
    person.is_failing = True
    say("info", "ended", NOON, reason="stopped", orders=2, ticks=9, without_result=1)
    assert person.told[1:] == [
        "13:00:00  ended (stopped): 2 orders in 9 ticks, 1 picks without a result",
        "13:00:00  the day's totals cannot be read: the store is away",
    ]


def test_a_store_that_fails_at_the_start_tells_no_old_news(person: Person) -> None:
    person.pull(ControlKind.KILL)
    person.is_failing = True
    say = person.notices()
    person.is_failing = False
    say("info", "tick", NOON)
    person.pull(ControlKind.RESUME)
    say("info", "tick", NOON)
    assert person.told == ["13:00:00  resumed by ann: looks odd"]


def test_the_end_has_the_days_totals(person: Person) -> None:
    @dataclass
    class Settled:
        profit: Decimal | None
        commission: Decimal | None

    results = [Settled(Decimal("12.50"), Decimal("0.63")), Settled(Decimal(-20), None), Settled(None, None)]
    person.live_results = lambda _: results  # type: ignore[attr-defined]
    say = person.notices()
    say("info", "ended", NOON, reason="day_over", orders=2, ticks=9, without_result=0)
    assert person.told[1] == "13:00:00  2026-05-02: 3 results, profit -7.50, commission 0.63, net -8.13"
