"""What every store has to do: subclass, give the fixtures ``open_store`` and ``store``, and all of it is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings

from policytrader.errors import StaleEpochError, StoreConflictError, StoreError
from policytrader.model.journal import (
    BetSizes,
    Control,
    ControlKind,
    Evidence,
    Intent,
    IntentState,
    JournalEvent,
    Lease,
    Purpose,
)
from policytrader.model.records import (
    BetOutcome,
    Contender,
    DecisionRecord,
    MarketPrices,
    NewSelection,
    PositionUpdate,
    Result,
    RunnerPrices,
    unique_id_of,
)
from policytrader.model.snapshot import MarketType, ReferenceRunner, RunnerStatus, Selection, Side
from policytrader.ports.store import Store
from tests.one_day import ACCOUNT, AT, DAY, MINUTE, OFF
from tests.strategies import amounts, ladder_prices, moments

OpenStore: TypeAlias = Callable[..., Store]


def pick(
    ref: str = "bm-win",
    *,
    runner: int = 11,
    side: Side = Side.BACK,
    market_type: MarketType = MarketType.WIN,
    race: str = "r1",
    off: datetime = OFF,
    **changes: Any,
) -> NewSelection:
    markets = {MarketType.WIN: f"1.{race}1", MarketType.PLACE: f"1.{race}2"}
    is_valid, is_closed = True, False
    selection = Selection(
        ref, race, off, markets[market_type], market_type, runner, "O'Brien'; drop", side, Decimal("8.00"),
        Decimal("1.25"), f"{race}-morning", is_valid, None, is_closed,
    )  # fmt: skip
    return NewSelection(
        selection=selection._replace(**changes),
        unique_id=unique_id_of(off, "Newmarket", "Blue Moon", runner),
        course="Newmarket",
        capture=capture(race),
        market_id_win=markets[MarketType.WIN],
        market_id_place=markets[MarketType.PLACE],
        strategy_ref="pt",
    )


def capture(race: str = "r1") -> tuple[ReferenceRunner, ...]:
    prices = {11: Decimal("7.80"), 12: Decimal("6.40"), 13: None}
    return tuple(
        ReferenceRunner(f"{race}-morning", race, AT, 8, runner, f"Runner {runner}", RunnerStatus.ACTIVE, price)
        for runner, price in prices.items()
    )


def an_intent(ref: str = "", **changes: Any) -> Intent:
    intent = Intent(
        ref=ref or uuid4().hex,
        account=ACCOUNT,
        selection_ref="bm-win",
        purpose=Purpose.OPENING,
        market_id="1.101",
        selection_id=11,
        side=Side.BACK,
        price=Decimal("8.20"),
        size=Decimal("14.00"),
        market_version=5_123_456_789,
        strategy_ref="pt",
        decision_id="d1",
        policy_hash="p" * 64,
        snapshot_hash="s" * 64,
        created_at=AT,
    )
    return replace(intent, **changes)


def matched(size: str, average: str) -> PositionUpdate:
    return PositionUpdate(
        selection_ref="bm-win", size_matched=Decimal(size), average_price_matched=Decimal(average),
        fully_matched=False, closed=False,
    )  # fmt: skip


def seen(bet_id: str = "31", **changes: Any) -> Evidence:
    return Evidence(state=IntentState.SEEN, code="SUCCESS", bet_id=bet_id, **changes)


DEAD = Evidence(state=IntentState.DEAD, code="MARKET_SUSPENDED")
UNKNOWN = Evidence(state=IntentState.UNKNOWN, code="TIMEOUT", detail="no answer within 15 s")


def lead(store: Store, at: datetime = AT) -> Lease:
    lease = store.acquire(ACCOUNT, "test", at)
    assert lease is not None
    return lease


def sent(store: Store, lease: Lease, *refs: str) -> None:
    store.reserve([an_intent(ref) for ref in refs], lease, AT)
    store.mark_sent(refs, lease, AT + MINUTE)


class StoreContract:
    """The suite. ``open_store()`` gives another store on the same database, closed at the end of the test."""

    # -- upkeep --------------------------------------------------------------------------------------------------------

    def test_a_migrated_store_is_current_and_migrating_again_does_nothing(self, store: Store) -> None:
        status = store.status()
        assert (status.revision, status.mode, status.is_current) == (status.newest, "paper", True)
        store.add_selections([pick()], AT)
        assert store.migrate() == ()
        assert store.status() == status
        assert len(store.selections(DAY)) == 1

    def test_a_store_serves_one_mode(self, store: Store, open_store: OpenStore) -> None:
        live = open_store(mode="live")
        for use in (live.migrate, live.control_state, lambda: live.acquire(ACCOUNT, "x", AT)):
            with pytest.raises(StoreError, match="it is a paper store, and this is live") as raised:
                use()
            assert raised.value.code == "mode"
        assert store.leader(ACCOUNT) is None

    # -- picks ---------------------------------------------------------------------------------------------------------

    def test_picks_come_back_as_they_were(self, store: Store) -> None:
        late = pick("late", race="r2", off=OFF + timedelta(hours=2))
        place = pick("bm-place", market_type=MarketType.PLACE, side=Side.LAY, capture_id=None)
        store.add_selections([late, place, pick(valid=False, invalidated_reason="Invalid 8 to 7 Place")], AT)
        found = store.selections(DAY)
        assert [one.selection.selection_ref for one in found] == ["bm-win", "bm-place", "late"]
        assert found[1].selection == place.selection
        assert found[2].selection == late.selection
        assert found[0].selection.invalidated_reason == "Invalid 8 to 7 Place"
        assert found[0].invalidated_at == AT
        assert (found[1].unique_id, found[1].course, found[1].horse_id) == (place.unique_id, "Newmarket", 11)
        assert (found[1].mode, found[1].strategy_ref, found[1].created_at) == ("paper", "pt", AT)
        assert found[1].size_matched == 0
        assert found[1].average_price_matched is None
        assert store.selections(DAY + timedelta(days=1)) == ()

    def test_the_day_is_londons(self, store: Store) -> None:
        # 23:30 UTC is half past midnight in London's summer.
        store.add_selections([pick(off=datetime(2026, 5, 1, 23, 30, tzinfo=UTC))], AT)
        assert len(store.selections(DAY)) == 1

    def test_a_capture_comes_back_once_however_many_picks_share_it(self, store: Store) -> None:
        store.add_selections([pick(), pick("bm-place", market_type=MarketType.PLACE), pick("r2", race="r2")], AT)
        assert store.captures(DAY) == (*capture("r1"), *capture("r2"))

    @pytest.mark.parametrize(
        "twin",
        [
            pick("other-ref"),
            pick(runner=12),
            pick("other-ref", market_type=MarketType.PLACE, market_id="1.r11"),
        ],
        ids=["market, runner and side", "ref", "a place pick with the win market's id"],
    )
    def test_duplicates_are_refused_and_named(self, twin: NewSelection, store: Store) -> None:
        store.add_selections([pick()], AT)
        with pytest.raises(StoreConflictError, match=f"already selected: {twin.selection.selection_ref} "):
            store.add_selections([pick("fine", runner=13), twin], AT)
        assert [one.selection.selection_ref for one in store.selections(DAY)] == ["bm-win"]
        with pytest.raises(StoreConflictError, match="already selected"):
            store.add_selections([pick("a", race="r9"), pick("b", race="r9")], AT)
        assert len(store.upcoming_bets(DAY)) == 1

    def test_the_same_runner_on_the_other_side_or_in_the_other_market_is_no_duplicate(self, store: Store) -> None:
        store.add_selections([pick()], AT)
        store.add_selections([pick("lay", side=Side.LAY), pick("place", market_type=MarketType.PLACE)], AT)
        assert len(store.selections(DAY)) == 3
        assert len({one.unique_id for one in store.selections(DAY)}) == 1

    def test_invalid_is_absorbing(self, store: Store) -> None:
        store.add_selections([pick()], AT)
        assert store.invalidate("bm-win", AT + MINUTE, "Invalid Short Price Removed")
        assert not store.invalidate("bm-win", AT + 2 * MINUTE, "Invalid 8 to 7 Place")
        (one,) = store.selections(DAY)
        assert (one.selection.valid, one.selection.invalidated_reason) == (False, "Invalid Short Price Removed")
        assert one.invalidated_at == AT + MINUTE
        store.update_positions([matched("2.00", "8.20")], AT)
        store.move_race("r1", OFF + MINUTE, AT)
        assert not store.selections(DAY)[0].selection.valid
        assert not store.upcoming_bets(DAY)[0].valid

    def test_a_person_takes_an_invalidation_back(self, store: Store) -> None:
        store.add_selections([pick()], AT)
        assert not store.revalidate("bm-win", AT, "ann", "never was invalid")
        store.invalidate("bm-win", AT, "Invalid 8 to 7 Place")
        with pytest.raises(ValueError, match="name and a reason"):
            store.revalidate("bm-win", AT, "ann", " ")
        assert store.revalidate("bm-win", AT + MINUTE, "ann", "the runner was reinstated")
        (one,) = store.selections(DAY)
        assert (one.selection.valid, one.selection.invalidated_reason, one.invalidated_at) == (True, None, None)
        event = store.events()[-1]
        assert (event.kind, event.who) == ("revalidated", "ann")
        assert "Invalid 8 to 7 Place" in event.detail

    def test_positions(self, store: Store) -> None:
        store.add_selections([pick(), pick("lay", side=Side.LAY)], AT)
        average = Decimal("8.12345678")
        closing = replace(matched("36.00", "8.12345678"), fully_matched=True, closed=True)
        store.update_positions([closing], AT + MINUTE)
        one = next(one for one in store.selections(DAY) if one.selection.selection_ref == "bm-win")
        assert (one.size_matched, one.average_price_matched, one.fully_matched) == (Decimal("36.00"), average, True)
        assert one.selection.closed
        store.update_positions([replace(closing, closed=False, fully_matched=False)], AT + 2 * MINUTE)
        one = next(one for one in store.selections(DAY) if one.selection.selection_ref == "bm-win")
        assert (one.selection.closed, one.fully_matched) == (True, False)
        bet = next(bet for bet in store.upcoming_bets(DAY) if bet.selection_ref == "bm-win")
        assert (bet.size_matched, bet.average_price_matched, bet.closed) == (Decimal("36.00"), average, True)
        with pytest.raises(StoreConflictError, match="nobody is not in the store"):
            store.update_positions([closing, replace(closing, selection_ref="nobody")], AT)

    def test_a_race_is_moved(self, store: Store) -> None:
        store.add_selections([pick(), pick("r2", race="r2")], AT)
        off = OFF + timedelta(days=1)
        assert store.move_race("r1", off, AT) == 1
        assert store.move_race("r1", off, AT) == 0
        assert [one.selection.race_time for one in store.selections(DAY + timedelta(days=1))] == [off]
        assert [bet.race_time for bet in store.upcoming_bets(DAY + timedelta(days=1))] == [off]
        assert store.captures(DAY + timedelta(days=1)) == capture("r1")
        assert [one.selection.selection_ref for one in store.selections(DAY)] == ["r2"]

    # -- prices --------------------------------------------------------------------------------------------------------

    def test_prices_are_the_latest(self, store: Store) -> None:
        win = MarketPrices("1.r11", *map(Decimal, ("8.00", "8.20", "112.00", "8.00", "8.40", "50.31")))
        row = RunnerPrices(
            race_id="r1", race_time=OFF, course="Newmarket", selection_id=11, runner_name="Blue Moon",
            status=RunnerStatus.ACTIVE, win=win, place=MarketPrices("1.r12"), published_at=AT,
        )  # fmt: skip
        store.store_prices([row, replace(row, selection_id=12, place=None)])
        assert store.prices(["r1", "r2"]) == (row, replace(row, selection_id=12, place=None))
        gone = replace(row, status=RunnerStatus.REMOVED, win=MarketPrices("1.r11"), published_at=AT + MINUTE)
        store.store_prices([gone])
        store.store_prices([row])  # late
        assert store.prices(["r1"])[0] == gone
        assert len(store.prices(["r1"])) == 2
        store.store_prices([])

    def test_contenders(self, store: Store) -> None:
        one = Contender("r1", OFF, 11, "Blue Moon", is_contender=True, starting_price=Decimal("7.80"))
        store.mark_contenders([one, one._replace(selection_id=12, is_contender=False)], AT)
        store.mark_contenders([one._replace(is_contender=False, starting_price=None)], AT)
        assert store.contenders(DAY) == (
            one._replace(is_contender=False, starting_price=None),
            one._replace(selection_id=12, is_contender=False),
        )

    # -- results -------------------------------------------------------------------------------------------------------

    def test_a_settled_bet_moves_and_a_resettlement_is_kept(self, store: Store) -> None:
        store.add_selections([pick(), pick("lay", side=Side.LAY)], AT)
        assert [(bet.selection_ref, bet.outcome, bet.profit) for bet in store.upcoming_bets(DAY)] == [
            ("bm-win", BetOutcome.TO_BE_RUN, None),
            ("lay", BetOutcome.TO_BE_RUN, None),
        ]
        won = Result(
            selection_ref="bm-win", outcome=BetOutcome.WON, profit=Decimal("252.00"), commission=Decimal("5.04"),
            size_matched=Decimal("36.00"), average_price_matched=Decimal("8.00012345"),
        )  # fmt: skip
        assert store.settle([won], AT) == ("bm-win",)
        assert store.settle([won], AT + MINUTE) == ()
        assert [bet.selection_ref for bet in store.upcoming_bets(DAY)] == ["lay"]
        (bet,) = store.live_results(DAY)
        assert (bet.outcome, bet.profit, bet.commission) == (BetOutcome.WON, won.profit, won.commission)
        assert (bet.size_matched, bet.average_price_matched) == (won.size_matched, won.average_price_matched)
        assert (bet.mode, bet.side, bet.market_type) == ("paper", Side.BACK, MarketType.WIN)
        void = replace(won, outcome=BetOutcome.VOID, profit=Decimal("0.00"), commission=Decimal("0.00"))
        assert store.settle([void], AT + 2 * MINUTE) == ("bm-win",)
        assert [(event.at, event.result) for event in store.results_history("bm-win")] == [
            (AT, won),
            (AT + 2 * MINUTE, void),
        ]
        assert [(bet.outcome, bet.profit) for bet in store.live_results(DAY)] == [(BetOutcome.VOID, Decimal(0))]

    def test_settling_is_all_or_nothing(self, store: Store) -> None:
        store.add_selections([pick()], AT)
        lost = Result(
            selection_ref="bm-win", outcome=BetOutcome.LOST, profit=Decimal(-36), commission=Decimal(0),
            size_matched=Decimal(36),
        )  # fmt: skip
        with pytest.raises(StoreConflictError):
            store.settle([lost, replace(lost, selection_ref="nobody")], AT)
        with pytest.raises(ValueError, match="no result"):
            store.settle([replace(lost, outcome=BetOutcome.TO_BE_RUN)], AT)
        assert store.live_results(DAY) == ()
        assert len(store.upcoming_bets(DAY)) == 1
        assert store.results_history("bm-win") == ()

    # -- the journal ---------------------------------------------------------------------------------------------------

    def test_an_intents_life(self, store: Store) -> None:
        lease = lead(store)
        intent = an_intent("i1", side=Side.LAY, payout=Decimal("114.80"))
        (entry,) = store.reserve([intent], lease, AT)
        assert entry == store.intent("i1")
        assert (entry.intent, entry.state, entry.epoch, entry.mode) == (intent, IntentState.RESERVED, 1, "paper")
        assert entry.exposure == Decimal("100.80")
        (entry,) = store.mark_sent(["i1"], lease, AT + MINUTE)
        assert (entry.state, entry.sent_at) == (IntentState.SENT, AT + MINUTE)
        entry = store.resolve("i1", UNKNOWN, AT + 2 * MINUTE)
        assert (entry.state, entry.code, entry.detail) == (IntentState.UNKNOWN, "TIMEOUT", "no answer within 15 s")
        assert store.open_intents(ACCOUNT) == (entry,)
        half = BetSizes(
            matched=Decimal("4.00"), average_price_matched=Decimal("8.19000001"), remaining=Decimal("10.00")
        )
        entry = store.resolve("i1", seen("31", sizes=half), AT + 3 * MINUTE)
        assert (entry.state, entry.bet_id, entry.sizes) == (IntentState.SEEN, "31", half)
        over = replace(half, remaining=Decimal(0), lapsed=Decimal("10.00"))
        entry = store.finish("i1", over, AT + 4 * MINUTE, "LAPSED")
        assert (entry.state, entry.sizes, entry.code) == (IntentState.DONE, over, "LAPSED")
        assert entry.exposure == Decimal("4.00") * Decimal("7.19000001")
        assert store.open_intents(ACCOUNT) == ()
        assert store.intents(DAY) == store.intents(DAY, ACCOUNT) == store.intents_of("bm-win") == (entry,)
        assert store.intents(DAY, "another") == store.intents(DAY + timedelta(days=1)) == ()
        assert [event.kind for event in store.events(ref="i1")] == ["reserved", "sent", "unknown", "seen", "done"]
        assert store.intent("i2") is None

    def test_what_an_open_intent_counts(self, store: Store) -> None:
        lease = lead(store)
        sent(store, lease, "i1")
        assert store.resolve("i1", seen(), AT).exposure == Decimal("14.00")
        sizes = BetSizes(matched=Decimal("2.00"), average_price_matched=Decimal("8.20"), cancelled=Decimal("5.00"))
        # 7.00 are neither matched, open nor gone: the exchange has not said all, so they count.
        assert store.update_sizes("i1", sizes, AT + MINUTE).exposure == Decimal("9.00")
        sent(store, lease, "i2")
        assert store.resolve("i2", DEAD, AT).exposure == 0

    def test_all_reservations_or_none(self, store: Store) -> None:
        lease = lead(store)
        store.reserve([an_intent("i1")], lease, AT)
        with pytest.raises(StoreConflictError, match="i1 is in the journal already"):
            store.reserve([an_intent("i2"), an_intent("i1")], lease, AT)
        with pytest.raises(StoreError):
            store.reserve([an_intent("i3"), an_intent("i3")], lease, AT)
        with pytest.raises(ValueError, match="another account"):
            store.reserve([an_intent("i4"), an_intent("i5", account="other")], lease, AT)
        assert [entry.intent.ref for entry in store.intents(DAY)] == ["i1"]
        assert len(store.events()) == 1
        assert store.reserve([], lease, AT) == ()

    def test_an_intent_is_sent_once(self, store: Store) -> None:
        lease = lead(store)
        store.reserve([an_intent("i1"), an_intent("i2")], lease, AT)
        store.mark_sent(["i1"], lease, AT)
        for evidence in (None, UNKNOWN, seen("31")):
            if evidence is not None:
                store.resolve("i1", evidence, AT)
            with pytest.raises(StoreConflictError, match="an intent is sent once"):
                store.mark_sent(["i2", "i1"], lease, AT)
        assert store.intent("i2").state is IntentState.RESERVED  # type: ignore[union-attr]
        store.resolve("i2", DEAD, AT)
        with pytest.raises(StoreConflictError, match="an intent is sent once"):
            store.mark_sent(["i2"], lease, AT)
        with pytest.raises(StoreConflictError, match="i9 is not in the journal"):
            store.mark_sent(["i9"], lease, AT)

    def test_late_and_repeated_answers_change_nothing(self, store: Store) -> None:
        lease = lead(store)
        sent(store, lease, "i1", "i2")
        entry = store.resolve("i1", seen("31"), AT)
        assert store.resolve("i1", UNKNOWN, AT + MINUTE) == entry
        assert store.resolve("i1", seen("31"), AT + MINUTE) == entry
        new = BetSizes(matched=Decimal("4.00"), average_price_matched=Decimal("8.20"), remaining=Decimal("10.00"))
        old = BetSizes(remaining=Decimal("14.00"))
        entry = store.update_sizes("i1", new, AT + 3 * MINUTE)
        assert store.update_sizes("i1", old, AT + 2 * MINUTE) == entry
        assert store.update_sizes("i1", new, AT + 4 * MINUTE) == entry
        assert store.update_sizes("i1", old, AT + 5 * MINUTE).sizes == old
        dead = store.resolve("i2", DEAD, AT)
        assert store.resolve("i2", DEAD, AT + MINUTE) == dead
        assert store.resolve("i2", UNKNOWN, AT + MINUTE) == dead
        assert [event.kind for event in store.events(ref="i1")] == ["reserved", "sent", "seen", "sizes", "sizes"]

    def test_contradictions_are_refused(self, store: Store) -> None:
        lease = lead(store)
        sent(store, lease, "i1", "i2", "i3")
        store.resolve("i1", seen("31"), AT)
        store.resolve("i2", DEAD, AT)
        before = store.intents(DAY)
        for ref, evidence, told in (
            ("i1", seen("32"), "i1 is seen as bet 31; it cannot be seen as bet 32"),
            ("i1", DEAD, "i1 is seen as bet 31; it cannot be dead"),
            ("i2", seen("33"), "i2 is dead; it cannot be seen as bet 33"),
            ("i3", seen("31"), "bet 31 belongs to intent i1"),
        ):
            with pytest.raises(StoreConflictError, match=told):
                store.resolve(ref, evidence, AT)
        for ref in ("i2", "i3"):
            with pytest.raises(StoreConflictError):
                store.finish(ref, BetSizes(), AT, "SETTLED")
            with pytest.raises(StoreConflictError):
                store.update_sizes(ref, BetSizes(), AT)
        store.reserve([an_intent("i4")], lease, AT)
        with pytest.raises(StoreConflictError, match="i4 is reserved; it cannot be seen"):
            store.resolve("i4", seen("34"), AT)
        assert store.intents(DAY)[:3] == before

    def test_a_person_resolves_the_unknown(self, store: Store) -> None:
        lease = lead(store)
        sent(store, lease, "i1")
        store.resolve("i1", UNKNOWN, AT)
        store.resolve("i1", replace(DEAD, code="PERSON", detail="looked it up", who="ann"), AT + MINUTE)
        event = store.events(ref="i1")[-1]
        assert (event.kind, event.who, event.code, event.detail) == ("dead", "ann", "PERSON", "looked it up")

    def test_after_a_restart_what_was_on_its_way_is_unknown(self, store: Store, open_store: OpenStore) -> None:
        lease = lead(store)
        sent(store, lease, "sent", "seen", "dead")
        store.resolve("seen", seen(), AT)
        store.resolve("dead", DEAD, AT)
        store.reserve([an_intent("reserved")], lease, AT)
        assert store.quarantine(lease, AT) == ()
        store.close()
        again = open_store()
        lease = lead(again, AT + MINUTE)
        again.reserve([an_intent("new")], lease, AT + MINUTE)
        changed = again.quarantine(lease, AT + MINUTE)
        assert {entry.intent.ref: entry.state for entry in changed} == dict.fromkeys(
            ("reserved", "sent"), IntentState.UNKNOWN
        )
        assert {entry.intent.ref for entry in again.open_intents(ACCOUNT)} == {"new", "reserved", "seen", "sent"}
        assert again.quarantine(lease, AT + MINUTE) == ()

    def test_events(self, store: Store) -> None:
        events = [JournalEvent(at=AT + n * MINUTE, kind="foreign_order", detail=f"n{n}") for n in range(3)]
        store.append_events(events)
        found = store.events()
        assert [replace(event, seq=0) for event in found] == events
        assert [event.seq for event in found] == sorted({event.seq for event in found})
        assert store.events(since=AT + MINUTE) == found[1:]
        assert store.events(after=found[1].seq) == found[2:]
        assert store.events(limit=2) == found[:2]
        with pytest.raises(StoreConflictError):
            store.append_events([JournalEvent(at=AT, kind="x", ref="nobody")])

    # -- exactness -----------------------------------------------------------------------------------------------------

    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        price=ladder_prices,
        size=amounts("0.01", "9999999"),
        average=amounts("1.01", "1000", places=8),
        at=moments,
        points=amounts("0", "100", places=4),
    )
    def test_amounts_and_times_come_back_exactly(
        self, price: Decimal, size: Decimal, average: Decimal, at: datetime, points: Decimal, store: Store
    ) -> None:
        lease = store.leader(ACCOUNT)
        if lease is None:
            lease = lead(store)
        intent = an_intent(price=price, size=size, created_at=at)
        store.reserve([intent], lease, at)
        store.mark_sent([intent.ref], lease, at)
        sizes = BetSizes(matched=size, average_price_matched=average)
        store.resolve(intent.ref, seen(intent.ref, sizes=sizes), at)
        entry = store.intent(intent.ref)
        assert entry is not None
        assert (entry.intent, entry.sizes, entry.sent_at) == (intent, sizes, at)
        assert type(entry.intent.price) is type(entry.intent.size) is Decimal
        new = pick(intent.ref, race=intent.ref, stake_points=points)
        store.add_selections([new], AT)
        stored = next(one for one in store.selections(DAY) if one.selection.selection_ref == intent.ref)
        assert stored.selection.stake_points == points

    def test_a_moment_is_the_same_in_every_zone(self, store: Store) -> None:
        here = timezone(timedelta(hours=13))
        lease = store.acquire(ACCOUNT, "test", AT.astimezone(here))
        assert lease is not None
        store.reserve([an_intent("i1", created_at=AT.astimezone(here))], lease, AT)
        store.add_selections([pick(off=OFF.astimezone(here))], AT.astimezone(here))
        entry, (one,) = store.intent("i1"), store.selections(DAY)
        assert entry is not None
        for moment, expected in ((entry.intent.created_at, AT), (one.selection.race_time, OFF), (one.created_at, AT)):
            assert (moment, moment.utcoffset()) == (expected, timedelta(0))

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("size", Decimal("1.001")),
            ("size", Decimal("NaN")),
            ("size", Decimal("Infinity")),
            ("size", Decimal("1e14")),
            ("size", Decimal("1.00000000000000000000000000000000000001")),
            ("price", 8.2),
            ("market_version", 2**63),
            ("market_version", True),
            ("created_at", datetime(2026, 5, 2, 8, 0)),  # noqa: DTZ001 - what must be refused
            ("market_id", "1.1\0"),
            ("ref", "r" * 33),
        ],
    )
    def test_what_cannot_be_stored_exactly_is_refused(self, field: str, value: Any, store: Store) -> None:
        lease = lead(store)
        with pytest.raises(ValueError, match="cannot be stored"):
            store.reserve([an_intent(), an_intent(**{field: value})], lease, AT)
        assert store.open_intents(ACCOUNT) == ()

    # -- decisions and policies ----------------------------------------------------------------------------------------

    def test_decisions_come_back_byte_for_byte(self, store: Store) -> None:
        document = '{"reason": "Größe \\u0000 — \U0001f40e",  "spaces": "kept" }\n'.encode()
        first = DecisionRecord(
            decision_id="abc1", at=AT, selection_ref="bm-win", policy_hash="p", snapshot_hash="s", action="PLACE",
            code="ladder", document=document, inputs=b'{"now": 1}', mode="paper",
        )  # fmt: skip
        others = [
            replace(first, decision_id="abc2", at=AT + MINUTE, is_shadow=True),
            replace(first, decision_id="xyz", selection_ref="other", inputs=b"{}"),
        ]
        store.append_decisions([first, *others])
        store.append_decisions([])
        assert store.decision("abc1") == first
        assert store.decision("x") == others[1]
        assert store.decision("abc3") is store.decision("") is store.decision("%") is None
        with pytest.raises(StoreConflictError, match="several decisions begin with abc"):
            store.decision("abc")
        with pytest.raises(ValueError, match="UTF-8"):
            store.append_decisions([replace(first, decision_id="bad", inputs=b"\xff")])

    def test_the_same_decision_again_changes_nothing(self, store: Store) -> None:
        first = DecisionRecord(
            decision_id="abc1", at=AT, selection_ref="bm-win", policy_hash="p", snapshot_hash="s", action="PLACE",
            code="ladder", document=b'{"a":1}', inputs=b'{"now":1}', mode="paper",
        )  # fmt: skip
        new = replace(first, decision_id="new")
        store.append_decisions([first])
        # The same rows in another order are the same snapshot, written otherwise.
        store.append_decisions([new, first, replace(first, inputs=b'{"now" :1}')])
        assert store.decision("abc1") == first
        assert store.decision("new") == new
        for other in (replace(first, document=b"{}"), replace(first, is_shadow=True), replace(first, code="price")):
            with pytest.raises(StoreConflictError, match="decision abc1 is stored with other content"):
                store.append_decisions([replace(first, decision_id="third"), other])
        assert store.decision("abc1") == first
        assert store.decision("third") is None

    def test_decisions_of_a_day_and_of_a_pick(self, store: Store) -> None:
        store.add_selections([pick(), pick("lay", side=Side.LAY)], AT)
        store.add_selections([pick("next", race="r9", off=OFF + timedelta(days=1))], AT)
        first = DecisionRecord(
            decision_id="b", at=AT, selection_ref="lay", policy_hash="p", snapshot_hash="s", action="PLACE",
            code="ladder", document=b'{"a":1}', inputs=b"{}", mode="paper",
        )  # fmt: skip
        rows = [
            replace(first, decision_id="z", at=AT + MINUTE, document='{"reason":"Größe"}'.encode()),
            first,
            replace(first, decision_id="a", is_shadow=True),
            replace(first, decision_id="y", selection_ref="bm-win"),
            replace(first, decision_id="c", selection_ref="next"),
            replace(first, decision_id="d", selection_ref="never stored"),
        ]
        store.append_decisions(rows)
        listed = store.logged_decisions(day=DAY)
        assert [one.decision_id for one in listed] == ["y", "b", "a", "z"]
        names = [one.name for one in fields(DecisionRecord) if one.name != "inputs"]
        assert len(names) == 10
        assert [getattr(listed[3], name) for name in names] == [getattr(rows[0], name) for name in names]
        assert [one.decision_id for one in store.logged_decisions(selection_ref="lay")] == ["b", "a", "z"]
        assert [one.decision_id for one in store.logged_decisions(day=DAY, selection_ref="next")] == []
        assert [one.decision_id for one in store.logged_decisions(day=DAY + timedelta(days=1))] == ["c"]
        assert len(store.logged_decisions()) == len(rows)

    def test_policies(self, store: Store) -> None:
        assert store.active_policy() is store.active_policy(shadow=True) is None
        store.store_policy("a" * 64, b"rules: [a]\n", AT)
        store.store_policy("a" * 64, b"rules: [a]\n", AT + MINUTE)
        with pytest.raises(StoreConflictError, match="with other content"):
            store.store_policy("a" * 64, b"rules: [b]\n", AT)
        with pytest.raises(StoreConflictError, match="is not in the store"):
            store.activate("b" * 64, AT, "ann")
        assert store.activations() == ()
        store.store_policy("b" * 64, b"rules: [b]\n", AT)
        store.activate("a" * 64, AT, "ann")
        store.activate("b" * 64, AT, "bob", shadow=True)
        active, shadow = store.active_policy(), store.active_policy(shadow=True)
        assert active is not None
        assert (active.policy_hash, active.content, active.stored_at) == ("a" * 64, b"rules: [a]\n", AT)
        assert shadow == store.policy("b" * 64)
        store.activate(None, AT + MINUTE, "bob", shadow=True)
        assert store.active_policy(shadow=True) is None
        assert store.active_policy() == active
        with pytest.raises(ValueError, match="needs a name"):
            store.activate(None, AT, "bob")
        with pytest.raises(ValueError, match="needs a name"):
            store.activate("a" * 64, AT, " ")
        assert [(one.policy_hash, one.who, one.is_shadow) for one in store.activations()] == [
            ("a" * 64, "ann", False),
            ("b" * 64, "bob", True),
            (None, "bob", True),
        ]

    # -- who leads -----------------------------------------------------------------------------------------------------

    def test_one_leads_and_every_lease_has_a_higher_epoch(self, store: Store, open_store: OpenStore) -> None:
        other = open_store()
        first = lead(store)
        assert other.acquire(ACCOUNT, "other", AT) is None
        assert store.acquire(ACCOUNT, "again", AT) is None
        assert other.acquire("another account", "other", AT) is not None
        assert other.leader(ACCOUNT) == first
        renewed = store.renew(first, AT + MINUTE)
        assert other.leader(ACCOUNT) == renewed
        store.release(renewed, AT + 2 * MINUTE)
        released = other.leader(ACCOUNT)
        assert released is not None
        assert released.released_at == AT + 2 * MINUTE
        second = lead(other, AT + 3 * MINUTE)
        assert (first.epoch, second.epoch, second.released_at) == (1, 2, None)
        other.close()
        assert lead(store).epoch == 3

    def test_a_lease_that_was_given_back_reserves_nothing(self, store: Store) -> None:
        lease = lead(store)
        store.reserve([an_intent("i1")], lease, AT)
        store.release(lease, AT)
        store.release(lease, AT)
        for use in (
            lambda: store.reserve([an_intent("i2")], lease, AT),
            lambda: store.mark_sent(["i1"], lease, AT),
            lambda: store.quarantine(lease, AT),
            lambda: store.renew(lease, AT),
        ):
            with pytest.raises(StaleEpochError):
                use()
        assert [entry.state for entry in store.intents(DAY)] == [IntentState.RESERVED]

    # -- levers --------------------------------------------------------------------------------------------------------

    def test_levers(self, store: Store, open_store: OpenStore) -> None:
        assert store.control_state().may_open
        pause = Control(kind=ControlKind.PAUSE, at=AT, who="ann", why="lunch")
        kill = Control(kind=ControlKind.KILL, at=AT, who="ann", why="odd prices", cancels_open=True)
        for control in (pause, kill, replace(kill, who="bob", why="me too")):
            assert store.pull(control)
        state = open_store().control_state()
        assert not state.may_open
        assert state.kill is not None
        assert (state.kill.who, state.kill.why, state.kill.cancels_open) == ("ann", "odd prices", True)
        assert state.pause is not None
        assert state.pause.why == "lunch"
        store.pull(Control(kind=ControlKind.RESUME, at=AT + MINUTE, who="bob", why="all is well"))
        assert store.control_state().may_open
        assert [control.kind for control in store.controls()] == ["pause", "kill", "kill", "resume"]
        assert [control.who for control in store.controls(since=AT + MINUTE)] == ["bob"]

    def test_a_latch_closes_again_only_on_other_evidence(self, store: Store) -> None:
        latch = Control(
            kind=ControlKind.LATCH, at=AT, who="policytrader", why="lost 301.00 of 300.00", cause="max_daily_loss",
            subject=ACCOUNT, evidence="2026-05-02 301.00",
        )  # fmt: skip
        resume = Control(kind=ControlKind.RESUME, at=AT, who="ann", why="agreed")
        assert store.pull(latch)
        assert not store.pull(replace(latch, evidence="2026-05-02 302.00"))
        assert store.pull(replace(latch, subject="another"))
        assert [one.subject for one in store.control_state().latches] == [ACCOUNT, "another"]
        store.pull(resume)
        assert store.control_state().may_open
        assert not store.pull(latch)
        assert store.control_state().may_open
        assert store.pull(replace(latch, evidence="2026-05-02 350.00"))
        assert [one.evidence for one in store.control_state().latches] == ["2026-05-02 350.00"]
