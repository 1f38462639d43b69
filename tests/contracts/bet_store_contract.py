"""What every store of tracked bets has to do: subclass, give ``open_store`` and ``store``, and all of it is asked."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from policytrader.errors import StoreConflictError
from policytrader.model.outcomes import Outcome, Reason
from policytrader.model.tracked import BotType, By, Change, HistoryEntry, ResultTracking, TrackedBet
from policytrader.ports.bet_store import (
    Added,
    BetFilter,
    BetStore,
    Check,
    Owner,
    PendingFixture,
    PlayerChoice,
    Recheck,
    SettledFixture,
    Totals,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OpenBets: TypeAlias = Callable[[], BetStore]

AT = datetime(2026, 5, 2, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KICK_OFF = datetime(2026, 5, 2, 14, 0, tzinfo=UTC)
SETTLED_AT = datetime(2026, 5, 2, 16, 0, tzinfo=UTC)
LOOKED = datetime(2026, 5, 2, 17, 0, tzinfo=UTC)
MANY = 10_000
ANNA = Owner(user_id=7_123_456_789, bot_type=BotType.PLAYER)
ANNAS_TEAMS = Owner(user_id=7_123_456_789, bot_type=BotType.TEAM)
BERT = Owner(user_id=5, bot_type=BotType.PLAYER)
OTHERS = pytest.mark.parametrize("other", [ANNAS_TEAMS, BERT], ids=["another bot", "another user"])


def a_bet(bet_id: str = "b1", owner: Owner = ANNA, **changes: Any) -> TrackedBet:
    bet = TrackedBet(
        bet_id=bet_id, user_id=owner.user_id, bot_type=owner.bot_type, tracked_at=AT, market="Player Shots On Target",
        odds=Decimal("2.10"), actual_stake=Decimal(10), unit_size=Decimal(10), player_name="Mohamed Salah",
        match="Liverpool vs Man City", date="2026-05-02", time="15:00", kickoff_at=KICK_OFF, threshold=Decimal("1.5"),
        market_direction="over", bookmaker="Bet365", fixture_id="4813601", dedup_key=f"key of {bet_id}",
    )  # fmt: skip
    return replace(bet, **changes)


def full_bet(bet_id: str = "full") -> TrackedBet:
    """Every field with a value of its own."""
    result = ResultTracking(
        api_type_id=86, api_location="player", stat_type="shots_on_target", graded_at=AT + 3 * MINUTE,
        reason=Reason.QUARTER_LINE, rule_id="line/quarter", policy_hash="p" * 64, stat_source="fotmob",
        snapshot_hash="s" * 64, quality="reconciled", graded_immediately=True, last_checked_at=AT + 4 * MINUTE,
        first_seen_value=2, first_seen_at=AT + 5 * MINUTE,
    )  # fmt: skip
    return a_bet(
        bet_id, alert_id="1|2|Goals|last5|Bet365", player_id="12345", team="Liverpool", team_id="team-55",
        market_key="player_shots_on_target", period="first_half", is_lay=True, status=Outcome.HALF_WIN,
        manual_override=True, returns=Decimal("15.50"), profit_loss=Decimal("-5.50"), actual_value=Decimal(2),
        matched_by=By.PERSON, settled_at=AT + 2 * MINUTE, closing_odds=Decimal("1.95"), tags=("a", "ünder £ 5", "$x.y"),
        note="Ødegård ⚽ 'x' \"y\"", duplicate_of="b1", deleted_at=AT + MINUTE, result=result,
    )  # fmt: skip


def told(bet: TrackedBet, **changes: Any) -> HistoryEntry:
    """The history entry of a bet's present version."""
    entry = HistoryEntry(
        bet_id=bet.bet_id, user_id=bet.user_id, version=bet.version, at=AT, by=By.PERSON, reason=Change.TRACKED,
        from_status=Outcome.PENDING, to_status=bet.status,
    )  # fmt: skip
    return replace(entry, **changes)


def put(store: BetStore, *bets: TrackedBet) -> None:
    for bet in bets:
        assert store.add(bet, told(bet)) == Added(is_stored=True)


def settled(bet: TrackedBet, status: Outcome = Outcome.WON, **changes: Any) -> TrackedBet:
    """The next version: a result."""
    return replace(bet, version=bet.version + 1, status=status, returns=Decimal("21.00"), **changes)


def graded(
    bet_id: str,
    fixture_id: str,
    owner: Owner = ANNA,
    *,
    checked: datetime | None,
    status: Outcome = Outcome.WON,
    **changes: Any,
) -> TrackedBet:
    """A bet that was settled at ``SETTLED_AT``."""
    result = ResultTracking(reason=Reason.LINE, rule_id="line", last_checked_at=checked)
    bet = a_bet(bet_id, owner, fixture_id=fixture_id, status=status, settled_at=SETTLED_AT, result=result)
    return replace(bet, **changes)


def again(*final: Reason) -> Recheck:
    """Looked at before eight minutes past, settled at ``SETTLED_AT`` or later."""
    return Recheck(settled_since=SETTLED_AT, checked_before=LOOKED + 8 * MINUTE, final=frozenset(final))


def ids(bets: object) -> list[str]:
    return [bet.bet_id for bet in bets]  # type: ignore[attr-defined]


def many_bets() -> Iterator[TrackedBet]:
    return (a_bet(f"b{number:05}", tracked_at=AT + number * MINUTE, note=f"{number} " * 50) for number in range(MANY))


class BetStoreContract:
    """The suite. ``open_store()`` gives another store on the same database, closed at the end of the test.

    ``filled_store`` is one with ``many_bets()``, however they came there.
    """

    # -- one bet -------------------------------------------------------------------------------------------------------

    def test_an_empty_store_has_nothing(self, store: BetStore) -> None:
        assert store.bet(ANNA, "b1") is None
        assert list(store.bets(ANNA)) == list(store.pending(ANNA)) == []
        assert not store.totals(ANNA) + store.history(ANNA, "b1") + store.owners()
        assert not store.pending_fixtures(KICK_OFF) + store.fixture_bets("4813601") + store.settled_fixtures(again())
        store.stamp([Check(bet_id="b1", reason=Reason.FEED_ERROR)], AT)
        store.stamp([], AT)
        store.stamp_settled("4813601", AT)
        assert store.replace_all([]) == ()
        assert not store.replace(a_bet(version=2), told(a_bet(version=2)))
        assert list(store.bets(ANNA)) == []

    @pytest.mark.parametrize("bet", [a_bet(), full_bet()], ids=["few fields", "every field"])
    def test_a_bet_comes_back_as_it_was(self, bet: TrackedBet, store: BetStore, open_store: OpenBets) -> None:
        put(store, bet)
        for one in (store, open_store()):
            found = one.bet(ANNA, bet.bet_id)
            assert found == bet
            assert found is not None
            assert {str(found.odds), str(found.unit_size)} == {"2.10", "10"}
            assert found.tracked_at.utcoffset() == timedelta(0)
            assert isinstance(found.bot_type, BotType)
            assert isinstance(found.status, Outcome)
            assert found.matched_by is None or isinstance(found.matched_by, By)
            assert found.result.reason is None or isinstance(found.result.reason, Reason)

    def test_times_are_kept_to_the_millisecond_in_utc(self, store: BetStore) -> None:
        there = timezone(timedelta(hours=12))
        put(store, a_bet(tracked_at=datetime(2026, 5, 2, 20, 0, 1, 123_999, tzinfo=there)))
        found = store.bet(ANNA, "b1")
        assert found is not None
        assert found.tracked_at == datetime(2026, 5, 2, 8, 0, 1, 123_000, tzinfo=UTC)

    def test_the_same_bet_again_is_the_same_step(self, store: BetStore) -> None:
        bet = a_bet(tracked_at=AT + timedelta(microseconds=1234))
        put(store, bet, bet)
        store.stamp([Check(bet_id="b1", reason=Reason.NOT_FINISHED)], AT)
        put(store, bet)
        assert store.replace(settled(bet), told(settled(bet)))
        put(store, bet)
        assert [entry.version for entry in store.history(ANNA, "b1")] == [1, 2]

    @pytest.mark.parametrize("other", [a_bet(note="x"), a_bet(owner=BERT), a_bet(owner=ANNAS_TEAMS)])
    def test_the_same_id_with_other_content_is_a_conflict(self, other: TrackedBet, store: BetStore) -> None:
        put(store, a_bet())
        with pytest.raises(StoreConflictError, match="b1 is there already, with other content"):
            store.add(other, told(other))
        with pytest.raises(StoreConflictError):
            store.add(a_bet(), told(a_bet(), by=By.IMPORT))
        assert store.bet(ANNA, "b1") == a_bet()
        assert store.history(ANNA, "b1") == (told(a_bet()),)

    # -- duplicates ----------------------------------------------------------------------------------------------------

    def test_a_key_is_held_by_one_bet(self, store: BetStore) -> None:
        put(store, a_bet())
        second = a_bet("b2", dedup_key="key of b1")
        assert store.add(second, told(second)) == Added(is_stored=False, existing=a_bet())
        assert store.bet(ANNA, "b2") is None
        assert store.history(ANNA, "b2") == ()
        # Wanted all the same, or somebody else's.
        put(store, replace(second, duplicate_of="b1"), a_bet("b3", BERT, dedup_key="key of b1"))
        put(store, a_bet("b4", ANNAS_TEAMS, dedup_key="key of b1"))
        third = a_bet("b5", dedup_key="key of b1")
        assert store.add(third, told(third)).existing == a_bet()

    def test_a_tombstone_holds_its_key(self, store: BetStore) -> None:
        put(store, a_bet())
        gone = a_bet(version=2, deleted_at=AT)
        assert store.replace(gone, told(gone))
        second = a_bet("b2", dedup_key="key of b1")
        assert store.add(second, told(second)) == Added(is_stored=False, existing=gone)

    def test_an_empty_key_is_none(self, store: BetStore) -> None:
        put(store, a_bet("b1", dedup_key=""), a_bet("b2", dedup_key=""))
        assert len(list(store.bets(ANNA))) == 2

    def test_a_change_cannot_take_anothers_key(self, store: BetStore) -> None:
        put(store, a_bet("b1"), a_bet("b2"))
        changed = a_bet("b2", version=2, dedup_key="key of b1")
        with pytest.raises(StoreConflictError):
            store.replace(changed, told(changed))
        assert store.bet(ANNA, "b2") == a_bet("b2")
        assert len(store.history(ANNA, "b2")) == 1

    # -- changes -------------------------------------------------------------------------------------------------------

    def test_a_change_needs_the_version_before_it(self, store: BetStore) -> None:
        put(store, a_bet())
        won, lost = settled(a_bet()), settled(a_bet(), Outcome.LOST)
        assert store.replace(won, told(won))
        assert not store.replace(lost, told(lost))
        assert not store.replace(replace(lost, version=4), told(replace(lost, version=4)))
        assert store.bet(ANNA, "b1") == won
        assert store.history(ANNA, "b1") == (told(a_bet()), told(won))
        again = settled(won, Outcome.REFUND)
        assert store.replace(again, told(again))
        assert store.bet(ANNA, "b1") == again

    def test_the_same_change_again_is_the_same_step(self, store: BetStore) -> None:
        put(store, a_bet())
        corrected = a_bet(version=2, odds=Decimal("2.30"))
        for _ in range(2):
            assert store.replace(corrected, told(corrected))
        store.stamp([Check(bet_id="b1", reason=Reason.NOT_FINISHED, first_seen_value=1, first_seen_at=AT)], AT)
        assert store.replace(corrected, told(corrected))
        assert not store.replace(corrected, told(corrected, by=By.GRADER))
        won = settled(corrected)
        assert store.replace(won, told(won))
        # Another one stands on it now.
        assert store.replace(corrected, told(corrected))
        assert store.bet(ANNA, "b1") == won
        assert len(store.history(ANNA, "b1")) == 3

    def test_many_changes_get_an_answer_each(self, store: BetStore) -> None:
        put(store, *(a_bet(f"b{number}") for number in range(1, 6)))
        ahead = settled(a_bet("b2"), Outcome.LOST)
        assert store.replace(ahead, told(ahead))
        first = settled(a_bet("b5"))
        changes = [
            settled(a_bet("b1")), settled(a_bet("b2")), settled(a_bet("none")), settled(a_bet("b3", BERT)),
            settled(a_bet("b4")), first, settled(first, Outcome.LOST), first,
        ]  # fmt: skip
        steps = [(bet, told(bet)) for bet in changes]
        assert store.replace_all(steps) == (True, False, False, False, True, True, True, True)
        assert store.replace_all(steps) == (True, False, False, False, True, True, True, True)
        found = {bet.bet_id: (bet.version, bet.status) for bet in store.bets(ANNA)}
        assert found == {
            "b1": (2, Outcome.WON), "b2": (2, Outcome.LOST), "b3": (1, Outcome.PENDING), "b4": (2, Outcome.WON),
            "b5": (3, Outcome.LOST),
        }  # fmt: skip
        assert [len(store.history(ANNA, bet_id)) for bet_id in sorted(found)] == [2, 2, 1, 2, 3]

    def test_history_tells_everything_in_order(self, store: BetStore) -> None:
        first = a_bet()
        second = settled(first, actual_value=Decimal(2))
        third = replace(second, version=3, actual_stake=Decimal(20))
        entries = (
            told(first),
            told(
                second, at=AT + MINUTE, by=By.GRADER, reason=Reason.LINE, actual_to=Decimal(2), rule_id="line",
                policy_hash="p" * 64, note="x",
                evidence={"snapshot_hash": "s", "source_paths": ["a.b[0].$c"], "values": {"n": 2, "f": 1.5, "t": True}},
            ),
            # A clock that went back changes no order.
            told(third, at=AT - MINUTE, from_status=Outcome.WON, before={"actual_stake": "10"}, after={"x": None}),
        )  # fmt: skip
        put(store, first)
        assert store.replace(second, entries[1])
        assert store.replace(third, entries[2])
        assert store.history(ANNA, "b1") == entries

    def test_mappings_hold_any_text(self, store: BetStore) -> None:
        odd = {
            "$set": "nul \0 in it", "a.b": "⚽🏟", ".": "", "": "empty key", "~1": "~0", "$ref": "x", "$id": "1",
            "nul\0": "x",
        }  # fmt: skip
        bet = a_bet()
        entry = told(bet, evidence={"values": odd, "deep": [{"$oid": [None, odd]}]}, before=odd, after=odd)
        assert store.add(bet, entry) == Added(is_stored=True)
        assert store.history(ANNA, "b1") == (entry,)
        assert store.add(bet, entry) == Added(is_stored=True)

    # -- whose bets ----------------------------------------------------------------------------------------------------

    @OTHERS
    def test_nobody_sees_or_changes_anothers_bet(self, other: Owner, store: BetStore) -> None:
        put(store, a_bet())
        assert store.bet(other, "b1") is None
        assert list(store.bets(other, BetFilter(with_deleted=True))) == list(store.pending(other)) == []
        assert not store.totals(other) + store.history(other, "b1")
        assert not store.pending_fixtures(KICK_OFF + MINUTE, other) + store.fixture_bets("4813601", other)
        stolen = settled(a_bet("b1", other))
        assert not store.replace(stolen, told(stolen))
        assert store.replace_all([(stolen, told(stolen))]) == (False,)
        assert store.bet(ANNA, "b1") == a_bet()
        assert len(store.history(ANNA, "b1")) == 1

    def test_owners_are_told_once(self, store: BetStore) -> None:
        put(store, a_bet("b1"), a_bet("b2"), a_bet("b3", BERT), a_bet("b4", ANNAS_TEAMS))
        assert store.owners() == (BERT, ANNA, ANNAS_TEAMS)

    # -- lists ---------------------------------------------------------------------------------------------------------

    def test_the_newest_come_first(self, store: BetStore, open_store: OpenBets) -> None:
        times = {"b1": AT, "b2": AT + MINUTE, "b3": AT - MINUTE, "b5": AT, "b4": AT}
        put(store, *(a_bet(bet_id, tracked_at=at) for bet_id, at in times.items()), a_bet("x", BERT))
        newest = ["b2", "b5", "b4", "b1", "b3"]
        assert ids(store.bets(ANNA)) == newest
        for limit in range(7):
            assert ids(open_store().bets(ANNA, limit=limit)) == newest[:limit]

    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            (BetFilter(), ["b4", "b3", "b2", "b1"]),
            (BetFilter(with_deleted=True), ["b5", "b4", "b3", "b2", "b1"]),
            (BetFilter(statuses=(Outcome.WON, Outcome.LOST)), ["b4", "b2"]),
            (BetFilter(statuses=()), []),
            (BetFilter(tags=("x",)), ["b3", "b2"]),
            (BetFilter(tags=("y", "x")), ["b3"]),
            (BetFilter(market="Goals"), ["b2"]),
            (BetFilter(bookmaker="bet365"), []),
            (BetFilter(bookmaker="Betfair", match="Liverpool vs Man City"), ["b4"]),
            (BetFilter(match="A vs B"), []),
            (BetFilter(kickoff_from=KICK_OFF), ["b3", "b2", "b1"]),
            (BetFilter(kickoff_to=KICK_OFF + MINUTE), ["b2", "b1"]),
            (BetFilter(kickoff_from=KICK_OFF + MINUTE, kickoff_to=KICK_OFF + 2 * MINUTE), ["b3"]),
            (BetFilter(statuses=(Outcome.WON,), tags=("x",), with_deleted=True), ["b5", "b2"]),
        ],
    )
    def test_a_filter_asks_for_all_that_it_names(self, wanted: BetFilter, found: list[str], store: BetStore) -> None:
        put(
            store,
            a_bet("b1"),
            a_bet("b2", status=Outcome.WON, tags=("x",), market="Goals"),
            a_bet("b3", tags=("x", "y", "x y"), kickoff_at=KICK_OFF + MINUTE),
            a_bet("b4", status=Outcome.LOST, bookmaker="Betfair", kickoff_at=None),
            a_bet("b5", status=Outcome.WON, tags=("x",), deleted_at=AT),
        )
        assert ids(store.bets(ANNA, wanted)) == found

    def test_pending_bets_come_by_kick_off(self, store: BetStore) -> None:
        put(
            store,
            a_bet("b1", kickoff_at=None),
            a_bet("b2", kickoff_at=KICK_OFF + MINUTE),
            a_bet("b3"),
            a_bet("b0"),
            a_bet("b4", status=Outcome.WON),
            a_bet("b5", deleted_at=AT),
            a_bet("a1", kickoff_at=None),
            a_bet("x", BERT),
        )
        assert ids(store.pending(ANNA)) == ["b0", "b3", "b2", "a1", "b1"]

    def test_bets_may_be_settled_while_they_are_listed(self, store: BetStore) -> None:
        put(store, *(a_bet(f"b{number}") for number in range(7)))
        for bet in store.pending(ANNA):
            assert store.replace(settled(bet), told(settled(bet)))
        assert list(store.pending(ANNA)) == []
        assert len(list(store.bets(ANNA, BetFilter(statuses=(Outcome.WON,))))) == 7

    @pytest.mark.slow
    def test_many_bets_are_not_loaded_at_once(self, filled_store: BetStore) -> None:
        """Ten thousand of them; what is held at once is the size of a few pages."""
        tracemalloc.start()
        try:
            number, last = 0, ""
            for bet in filled_store.bets(ANNA):
                assert bet.bet_id < last or not last
                number, last = number + 1, bet.bet_id
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert number == MANY
        assert peak < MANY * 1000, "all of them together need twice as much"
        assert sum(total.count for total in filled_store.totals(ANNA)) == MANY

    # -- sums ----------------------------------------------------------------------------------------------------------

    def test_sums_are_exact_and_in_each_bets_own_units(self, store: BetStore) -> None:
        put(
            store,
            *(a_bet(f"p{number}", unit_size=Decimal(3)) for number in range(3)),
            a_bet("w1", status=Outcome.WON, returns=Decimal("21.00"), unit_size=Decimal("0.3")),
            a_bet("w2", status=Outcome.WON, returns=Decimal("0.1"), actual_stake=Decimal("0.2")),
            a_bet("gone", status=Outcome.WON, returns=Decimal(1), deleted_at=AT),
            a_bet("x", BERT, status=Outcome.WON),
        )
        found = {total.status: total for total in store.totals(ANNA)}
        assert found == {
            Outcome.PENDING: Totals(
                status=Outcome.PENDING, count=3, staked_units=Decimal("9.9999999999"), returns_units=Decimal(0)
            ),
            Outcome.WON: Totals(
                status=Outcome.WON, count=2, staked_units=Decimal("33.3533333333"), returns_units=Decimal("70.01")
            ),
        }
        gone = replace(a_bet("w2"), status=Outcome.LOST, version=2, actual_stake=Decimal("0.4"))
        assert store.replace(gone, told(gone))
        found = {total.status: total for total in store.totals(ANNA)}
        assert (found[Outcome.WON].count, found[Outcome.LOST].staked_units) == (1, Decimal("0.04"))

    def test_sums_of_the_largest_bets_are_exact(self, store: BetStore) -> None:
        one = Decimal(1)
        most = a_bet(
            actual_stake=400_000_000 * one, odds=Decimal("2.25"), unit_size=one, status=Outcome.WON,
            returns=900_000_000 * one,
        )  # fmt: skip
        put(store, *(replace(most, bet_id=f"b{number}", dedup_key=str(number)) for number in range(30)))
        put(store, a_bet("small", status=Outcome.WON, actual_stake=Decimal("0.0000000001"), unit_size=Decimal(1)))
        (total,) = store.totals(ANNA)
        assert (total.count, total.returns_units) == (31, Decimal(27_000_000_000))
        assert total.staked_units == Decimal("12000000000.0000000001")

    # -- the grading loop's questions ----------------------------------------------------------------------------------

    def test_fixtures_rotate(self, store: BetStore) -> None:
        early, late = KICK_OFF - 60 * MINUTE, KICK_OFF + 60 * MINUTE
        put(
            store,
            a_bet("b1", fixture_id="1"),
            a_bet("b2", BERT, fixture_id="1", kickoff_at=early),
            a_bet("b3", fixture_id="2", kickoff_at=None),
            a_bet("b4", fixture_id="3"),
            a_bet("later", fixture_id="4", kickoff_at=late),
            a_bet("won", fixture_id="5", status=Outcome.WON),
            a_bet("gone", fixture_id="6", deleted_at=AT),
            a_bet("manual", fixture_id="7", manual_override=True),
            a_bet("nowhere", fixture_id=None),
        )

        def rotation(owner: Owner | None = None) -> list[PendingFixture]:
            return list(store.pending_fixtures(KICK_OFF + MINUTE, owner))

        def pending(fixture_id: str, count: int, kickoff: datetime | None, checked: datetime | None) -> PendingFixture:
            return PendingFixture(
                fixture_id=fixture_id, bet_count=count, kickoff_at=kickoff, last_checked_at=checked
            )  # fmt: skip

        assert rotation() == [
            # The newest kick-off: one user's wrong date makes no fixture old for the others.
            pending("1", 2, KICK_OFF, None), pending("2", 1, None, None), pending("3", 1, KICK_OFF, None),
        ]  # fmt: skip
        assert rotation(ANNA)[0] == pending("1", 1, KICK_OFF, None)
        store.stamp([Check(bet_id="b1", reason=Reason.NOT_FINISHED)], AT)
        store.stamp([Check(bet_id="b4", reason=Reason.NOT_FINISHED)], AT + MINUTE)
        # One bet of the first was never looked at.
        assert [one.fixture_id for one in rotation()] == ["1", "2", "3"]
        store.stamp([Check(bet_id="b2", reason=Reason.NOT_FINISHED)], AT + 2 * MINUTE)
        assert rotation() == [
            pending("2", 1, None, None), pending("1", 2, KICK_OFF, AT), pending("3", 1, KICK_OFF, AT + MINUTE),
        ]  # fmt: skip
        assert [one.fixture_id for one in store.pending_fixtures(KICK_OFF)] == ["2", "1"]

    def test_a_look_is_noted_without_a_version(self, store: BetStore) -> None:
        won = a_bet("won", status=Outcome.WON)
        manual, gone = a_bet("manual", manual_override=True), a_bet("gone", deleted_at=AT)
        put(store, a_bet(), won, manual, gone)
        look = Check(bet_id="b1", reason=Reason.UNRECONCILED, first_seen_value=2, first_seen_at=AT)
        others = [Check(bet_id=bet_id, reason=Reason.FEED_ERROR) for bet_id in ("won", "manual", "gone", "none")]
        store.stamp([look, *others], AT + MINUTE)
        noted = ResultTracking(
            reason=Reason.UNRECONCILED, last_checked_at=AT + MINUTE, first_seen_value=2, first_seen_at=AT
        )
        assert store.bet(ANNA, "b1") == a_bet(result=noted)
        assert [store.bet(ANNA, bet.bet_id) for bet in (won, manual, gone)] == [won, manual, gone]
        assert len(store.history(ANNA, "b1")) == 1
        store.stamp([Check(bet_id="b1", reason=Reason.NOT_FINISHED)], AT + 2 * MINUTE)
        noted = ResultTracking(reason=Reason.NOT_FINISHED, last_checked_at=AT + 2 * MINUTE)
        assert store.bet(ANNA, "b1") == a_bet(result=noted)
        # The version that was read before the look is still the one to change.
        assert store.replace(settled(a_bet()), told(settled(a_bet())))

    def test_a_fixture_settles_all_its_bets(self, store: BetStore) -> None:
        put(store, a_bet("b2"), a_bet("b1", status=Outcome.WON), a_bet("b3", BERT), a_bet("b4", fixture_id="48136010"))
        put(store, a_bet("gone", deleted_at=AT), a_bet("b5", fixture_id="004813601"), a_bet("b6", fixture_id="x"))
        assert ids(store.fixture_bets("4813601")) == ["b1", "b2", "b3"]
        assert ids(store.fixture_bets("4813601", ANNA)) == ["b1", "b2"]
        assert ids(store.fixture_bets("004813601")) == ["b5"]
        assert ids(store.fixture_bets("x")) == ["b6"]

    def test_bets_without_a_fixture_wait_for_one(self, store: BetStore) -> None:
        early, late = KICK_OFF - 60 * MINUTE, KICK_OFF + 60 * MINUTE
        waiting = [
            a_bet("b1", fixture_id=None), a_bet("b2", BERT, fixture_id=None, kickoff_at=early),
            a_bet("b3", fixture_id=None, kickoff_at=None),
        ]  # fmt: skip
        put(store, *waiting, a_bet("has one"), a_bet("later", fixture_id=None, kickoff_at=late))
        put(store, a_bet("won", fixture_id=None, status=Outcome.WON), a_bet("gone", fixture_id=None, deleted_at=AT))
        put(store, a_bet("manual", fixture_id=None, manual_override=True))
        soon = KICK_OFF + MINUTE
        assert store.without_fixture(soon) == tuple(waiting)
        assert ids(store.without_fixture(KICK_OFF)) == ["b2", "b3"]
        assert ids(store.without_fixture(soon, None, ANNA)) == ["b1", "b3"]
        assert ids(store.without_fixture(soon, None, BERT)) == ["b2"]
        assert ids(store.without_fixture(soon, None, ANNAS_TEAMS)) == []
        # Too old: only where nobody looked.
        assert ids(store.without_fixture(soon, KICK_OFF)) == ["b1", "b2", "b3"]
        store.stamp([Check(bet_id="b2", reason=Reason.FIXTURE_UNMATCHED)], AT)
        store.stamp([Check(bet_id="b1", reason=Reason.FIXTURE_UNMATCHED)], AT + MINUTE)
        assert ids(store.without_fixture(soon)) == ["b3", "b2", "b1"]
        assert ids(store.without_fixture(soon, KICK_OFF)) == ["b3", "b1"]
        assert ids(store.without_fixture(soon, early)) == ["b3", "b2", "b1"]

    def test_whom_an_owner_chose_is_told_to_them_alone(self, store: BetStore) -> None:
        chosen: dict[str, Any] = {
            "player_name": "Rodri",
            "player_id": "292",
            "team_id": "8456",
            "matched_by": By.PERSON,
        }
        put(
            store,
            a_bet("b2", **chosen),
            a_bet("b1", **chosen | {"player_id": "x9", "team_id": None}),
            a_bet("found", **chosen | {"matched_by": By.GRADER}),
            a_bet("nobody", **chosen | {"matched_by": None}),
            a_bet("gone", deleted_at=AT, **chosen),
            a_bet("none", **chosen | {"player_id": None}),
            a_bet("team", **chosen | {"player_name": None}),
            a_bet("other", BERT, **chosen),
        )
        assert store.choices(ANNA) == (
            PlayerChoice(bet_id="b1", player_name="Rodri", player_id="x9", team_id=None),
            PlayerChoice(bet_id="b2", player_name="Rodri", player_id="292", team_id="8456"),
        )
        assert [one.bet_id for one in store.choices(BERT)] == ["other"]
        assert store.choices(ANNAS_TEAMS) == ()
        back = a_bet("b1", version=2, player_name="Rodri")
        assert store.replace(back, told(back))
        assert [one.bet_id for one in store.choices(ANNA)] == ["b2"]

    # -- the second rotation: results that a corrected number may still change -----------------------------------------

    def test_settled_fixtures_rotate(self, store: BetStore) -> None:
        put(
            store,
            graded("b1", "1", checked=LOOKED),
            graded("b2", "1", BERT, checked=LOOKED + 3 * MINUTE),
            graded("b3", "2", ANNAS_TEAMS, checked=LOOKED + MINUTE, status=Outcome.REFUND),
            graded("b4", "3", checked=None, status=Outcome.HALF_LOSS),
            graded("b5", "4", checked=LOOKED, status=Outcome.LOST),
            graded("b6", "5", checked=LOOKED + 9 * MINUTE),
        )
        first = SettledFixture(fixture_id="3", bet_count=1, last_checked_at=SETTLED_AT)
        order = [
            first, SettledFixture(fixture_id="1", bet_count=2, last_checked_at=LOOKED),
            SettledFixture(fixture_id="4", bet_count=1, last_checked_at=LOOKED),
            SettledFixture(fixture_id="2", bet_count=1, last_checked_at=LOOKED + MINUTE),
        ]  # fmt: skip
        for limit in range(6):
            assert list(store.settled_fixtures(again(), limit=limit)) == order[:limit]
        assert list(store.settled_fixtures(again())) == order
        assert store.settled_fixtures(again(), BERT) == (
            SettledFixture(fixture_id="1", bet_count=1, last_checked_at=LOOKED + 3 * MINUTE),
        )
        assert [one.fixture_id for one in store.settled_fixtures(again(), ANNA)] == ["3", "1", "4"]
        assert [one.fixture_id for one in store.settled_fixtures(again(), ANNA, limit=1)] == ["3"]

    def test_what_was_looked_at_makes_room_for_the_next(self, store: BetStore) -> None:
        put(store, *(graded(f"b{number}", str(number), checked=LOOKED) for number in range(7)))
        seen = []
        while found := store.settled_fixtures(again(), limit=3):
            seen.append([one.fixture_id for one in found])
            for one in found:
                store.stamp_settled(one.fixture_id, LOOKED + 8 * MINUTE)
        assert seen == [["0", "1", "2"], ["3", "4", "5"], ["6"]]

    @pytest.mark.parametrize(
        ("changes", "is_due"),
        [
            ({}, True),
            ({"status": Outcome.PENDING}, False),
            ({"manual_override": True}, False),
            ({"deleted_at": AT}, False),
            ({"fixture_id": None}, False),
            ({"settled_at": None}, False),
            ({"settled_at": SETTLED_AT - timedelta(milliseconds=1)}, False),
            ({"settled_at": SETTLED_AT}, True),
            ({"kickoff_at": None}, True),
            ({"result": ResultTracking(last_checked_at=LOOKED + 8 * MINUTE)}, False),
            ({"result": ResultTracking(last_checked_at=LOOKED + 8 * MINUTE - timedelta(milliseconds=1))}, True),
            ({"result": ResultTracking(reason=Reason.FIXTURE_CANCELLED)}, False),
            ({"result": ResultTracking(reason=Reason.LINE)}, True),
            ({"result": ResultTracking(reason=None)}, True),
            ({"result": ResultTracking(), "settled_at": LOOKED + 8 * MINUTE}, False),
            ({"result": ResultTracking(), "settled_at": LOOKED + 7 * MINUTE}, True),
        ],
    )
    def test_only_an_automatic_result_of_late_is_due(
        self, changes: dict[str, Any], *, is_due: bool, store: BetStore
    ) -> None:
        put(store, replace(graded("b1", "1", checked=LOOKED), **changes))
        assert len(store.settled_fixtures(again(Reason.FIXTURE_CANCELLED, Reason.VOID_WINDOW))) == is_due
        assert len(store.settled_fixtures(again(Reason.FIXTURE_CANCELLED), ANNA)) == is_due

    def test_a_look_at_a_result_changes_nothing_else_of_it(self, store: BetStore, open_store: OpenBets) -> None:
        bets = [
            graded("b1", "1", checked=LOOKED), graded("b2", "1", BERT, checked=None), graded("b3", "2", checked=LOOKED),
            graded("manual", "1", checked=LOOKED, manual_override=True),
            graded("gone", "1", checked=LOOKED, deleted_at=AT),
            a_bet("waits", fixture_id="1"), graded("b4", "01", checked=LOOKED),
        ]  # fmt: skip
        put(store, *bets)
        later = LOOKED + 20 * MINUTE
        store.stamp_settled("1", later + timedelta(microseconds=7), ANNA)
        stamped = replace(bets[0], result=replace(bets[0].result, last_checked_at=later))
        assert open_store().bet(ANNA, "b1") == stamped
        assert len(store.history(ANNA, "b1")) == 1
        others = [store.bet(BERT if bet.user_id == BERT.user_id else ANNA, bet.bet_id) for bet in bets[1:]]
        assert others == bets[1:]
        store.stamp_settled("1", later)
        assert store.bet(BERT, "b2") == replace(bets[1], result=replace(bets[1].result, last_checked_at=later))
        assert store.bet(ANNA, "waits") == bets[5]

    def test_of_two_that_correct_a_result_one_is_first(self, store: BetStore, open_store: OpenBets) -> None:
        """Each read the bet before the other's look: a look is in nobody's way, a correction is."""
        other = open_store()
        put(store, graded("b1", "1", checked=LOOKED))
        (mine,), (theirs,) = store.fixture_bets("1"), other.fixture_bets("1")
        other.stamp_settled("1", LOOKED + 20 * MINUTE)
        assert store.settled_fixtures(again()) == ()
        lost = settled(mine, Outcome.LOST)
        assert store.replace(lost, told(lost))
        refund = settled(theirs, Outcome.REFUND)
        assert not other.replace(refund, told(refund))
        other.stamp_settled("1", LOOKED + 30 * MINUTE)
        found = store.bet(ANNA, "b1")
        assert found is not None
        assert (found.status, found.version, len(store.history(ANNA, "b1"))) == (Outcome.LOST, 2, 2)
        assert store.replace(lost, told(lost)), "the same step again"

    # -- what no store keeps -------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        "changes",
        [
            {"odds": Decimal("NaN")},
            {"odds": Decimal("sNaN")},
            {"actual_stake": Decimal("Infinity")},
            {"actual_stake": Decimal("1E+400")},
            {"actual_stake": Decimal(1_000_000_000_000)},
            {"unit_size": Decimal("1E-400")},
            {"unit_size": Decimal("1E-9")},
            {"threshold": Decimal("-Infinity")},
            {"threshold": Decimal("0.000000000000000000001")},
            {"odds": Decimal(1_000_000_000)},
            {"returns": 21.0},
            {"user_id": 2**63},
            {"tracked_at": datetime(2026, 5, 2, 8, 0)},  # noqa: DTZ001 - that is what is refused
            {"note": "nul \0"},
            {"player_name": "half of a pair \ud83d"},
            {"note": "x" * 100_001},
            {"dedup_key": "x" * 1_001},
            {"tags": ("x",) * 1_001},
            {"tags": ("nul \0",)},
            {"version": 0},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_what_cannot_be_kept_is_refused_before_anything_is_written(
        self, changes: dict[str, Any], store: BetStore
    ) -> None:
        put(store, a_bet())
        bad = a_bet("bad", **changes)
        with pytest.raises(ValueError, match=rf"{next(iter(changes))}.* cannot be stored"):
            store.add(bad, told(bad))
        worse = replace(a_bet(version=2), **{"version": 2, **changes})
        if "version" not in changes:
            with pytest.raises(ValueError, match="stored"):
                store.replace_all([(settled(a_bet()), told(settled(a_bet()))), (worse, told(worse))])
        assert list(store.bets(ANNA)) == [a_bet()]
        assert store.owners() == (ANNA,)

    @pytest.mark.parametrize(
        "evidence",
        [
            {"n": float("nan")}, {"n": Decimal(1)}, {"n": 2**63}, {1: "x"}, {"at": AT}, {"t": "half \ud83d"},
            {"x": "x" * 100_001}, {"x": [0] * 100_001},
        ],
        ids=["nan", "decimal", "large", "key", "time", "half", "long", "many"],
    )  # fmt: skip
    def test_evidence_is_plain_and_bounded(self, evidence: dict[Any, Any], store: BetStore) -> None:
        deep: Any = "x"
        for _ in range(60):
            deep = [deep]
        for one in (evidence, {"x": deep}):
            with pytest.raises(ValueError, match="evidence"):
                store.add(a_bet(), told(a_bet(), evidence=one))
        assert list(store.bets(ANNA)) == []

    def test_an_entry_tells_of_the_bet_it_comes_with(self, store: BetStore) -> None:
        for entry in (told(a_bet("b2")), told(a_bet(version=2)), told(a_bet(owner=BERT))):
            with pytest.raises(ValueError, match="of another bet or version"):
                store.add(a_bet(), entry)
        assert list(store.bets(ANNA)) == []

    def test_the_largest_bet_is_kept(self, store: BetStore) -> None:
        texts = dict.fromkeys(
            ("market", "alert_id", "player_name", "team", "match", "bookmaker", "note", "market_key"), "⚽" * 100_000
        )
        tags = tuple(f"{number:0>3}{'⚽' * 500}" for number in range(1_000))
        bet = replace(a_bet(), **texts, tags=tags, dedup_key="⚽" * 1_000)  # type: ignore[arg-type]
        entry = told(bet, evidence={"x": list(range(49_000)), "y": "⚽" * 50_000}, note="⚽" * 100_000)
        assert store.add(bet, entry) == Added(is_stored=True)
        assert store.bet(ANNA, "b1") == bet
        assert store.history(ANNA, "b1") == (entry,)

    def test_amounts_are_exact_to_their_last_digit(self, store: BetStore) -> None:
        for number, text in enumerate(("0.30000000000000004", "999999999999.9", "0.00000000000000000001", "1E+3")):
            bet = a_bet(f"b{number}", closing_odds=Decimal(text), threshold=-Decimal(text))
            put(store, bet)
            assert store.bet(ANNA, bet.bet_id) == bet

    # -- beside each other ---------------------------------------------------------------------------------------------

    def test_threads_on_one_store_lose_nothing(self, store: BetStore, open_store: OpenBets) -> None:
        """Each adds a tag, reads again where another was first: in the end all tags are there, each once."""
        put(store, a_bet())
        stores: Sequence[BetStore] = (store, store, open_store(), open_store())
        names = [f"t{thread}-{number}" for thread in range(len(stores)) for number in range(5)]

        def write(thread: int, used: BetStore) -> None:
            for number in range(5):
                add_tag(used, "b1", f"t{thread}-{number}")

        run_together([partial(write, number, used) for number, used in enumerate(stores)])
        found = store.bet(ANNA, "b1")
        assert found is not None
        assert sorted(found.tags) == sorted(names)
        assert found.version == len(names) + 1
        history = store.history(ANNA, "b1")
        assert [entry.version for entry in history] == list(range(1, found.version + 1))
        # Each entry tells of the change that stands.
        assert [entry.note for entry in history[1:]] == list(found.tags)

    def test_one_of_two_gets_the_key(self, store: BetStore, open_store: OpenBets) -> None:
        stores = (store, open_store())
        answers: list[Added] = []

        def write(number: int, used: BetStore) -> None:
            bet = a_bet(f"b{number}", dedup_key="the same")
            answers.append(used.add(bet, told(bet)))

        run_together([partial(write, number, used) for number, used in enumerate(stores)])
        assert sorted(one.is_stored for one in answers) == [False, True]
        (there,) = store.bets(ANNA)
        assert next(one.existing for one in answers if not one.is_stored) == there
        assert len(store.history(ANNA, there.bet_id)) == 1

    def test_two_stores_begin_together(self, open_store: OpenBets) -> None:
        stores = [open_store() for _ in range(4)]
        run_together([partial(put, used, a_bet(f"b{number}")) for number, used in enumerate(stores)])
        assert len(list(stores[0].bets(ANNA))) == 4


def add_tag(store: BetStore, bet_id: str, name: str) -> None:
    """Until it is there: who comes second reads again."""
    for _ in range(1000):
        bet = store.bet(ANNA, bet_id)
        assert bet is not None
        changed = replace(bet, version=bet.version + 1, tags=(*bet.tags, name))
        if store.replace(changed, told(changed, reason=Change.TAGS_CHANGED, note=name)):
            return
    message = "others were always first"
    raise AssertionError(message)


def run_together(calls: Sequence[Callable[[], None]]) -> None:
    """Each in a thread, all at once; the first that failed is told."""
    failures: list[BaseException] = []
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], None]) -> None:
        try:
            barrier.wait()
            call()
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
