"""What a backup promises, whatever stores it is taken from and read into."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING

import pytest

from policytrader.app.tracking.exporting import exported
from policytrader.app.tracking.importing import import_bets
from policytrader.app.tracking.new_bet import Request
from policytrader.model.outcomes import Outcome, Reason
from policytrader.model.tracked import BotType, By, HistoryEntry
from policytrader.ports.bet_store import BetFilter, Check, Owner
from tests.memory_bet_store import MemoryBetStore
from tests.tracked_bets import ALERT, MadeBook, pay

if TYPE_CHECKING:
    from collections.abc import Callable

    from policytrader.model.tracked import TrackedBet
    from policytrader.ports.bet_store import BetStore

EVIDENCE = {"values": {"a.b": [1, 2.5, None, "ö"], "$x": {}}, "snapshot_hash": "h", "quality": "exact"}
RESULTS = [one for one in Outcome if one.is_settled]


def book_of(store: BetStore, owner: Owner) -> MadeBook:
    """Ids are unique in a store that many users share."""
    made, numbers = MadeBook(store=store), count(1)
    made.book.rules = replace(made.book.rules, new_id=lambda: f"bet_{owner.user_id}_{next(numbers)}")
    return made


def lived(store: BetStore, owner: Owner, seed: int) -> None:
    """Bets to which everything happened that may happen to one, in some order."""
    chance, made = random.Random(seed), book_of(store, owner)  # noqa: S311 - repeatable is what is wanted
    for number in range(chance.randint(1, 5)):
        bet = made.tracked(
            owner, stake=chance.choice([10, 33.33, 0.01]), unit=chance.choice([3, 0.1]), Player=f"=Jörg {number}",
            fixture_id=chance.choice([None, 77]), Date=chance.choice(["2024-03-10", None]), bookmaker="Bet365",
        )  # fmt: skip
        for _ in range(chance.randint(0, 7)):
            made.clock.wait(chance.random() * 100)
            act(made, owner, bet, chance)
        if chance.random() < 0.3:
            request = Request(alert=ALERT | {"Player": f"=Jörg {number}"}, actual_stake=10, unit_size=3)
            made.book.track(owner, request, allow_duplicate=True)
            made.book.track(owner, request, allow_duplicate=True)


def act(made: MadeBook, owner: Owner, bet: TrackedBet, chance: random.Random) -> None:
    book, bet_id = made.book, bet.bet_id
    look = Check(bet_id=bet_id, reason=Reason.FEED_ERROR, first_seen_value=1, first_seen_at=made.clock.now())
    steps: list[Callable[[], object]] = [
        lambda: book.set_result(owner, bet_id, str(chance.choice(list(Outcome))), 2.5, is_manual=chance.random() < 0.5),
        lambda: book.take_back(owner, bet_id, "wrong\nline"),
        lambda: book.set_stake(owner, bet_id, chance.choice([1, 2.22])),
        lambda: book.set_odds(owner, bet_id, chance.choice([1.5, 3])),
        lambda: book.set_closing_odds(owner, bet_id, 1.95),
        lambda: book.set_labels(owner, bet_id, ["a;b", "[x]"], "noted"),
        lambda: chance.random() < 0.3 and book.delete(owner, bet_id),
        lambda: grade(made, owner, bet_id, chance.choice(RESULTS)),
        lambda: made.store.stamp([look], made.clock.now()),
    ]
    chance.choice(steps)()


def grade(made: MadeBook, owner: Owner, bet_id: str, outcome: Outcome) -> None:
    there, now = made.store.bet(owner, bet_id), made.clock.now()
    assert there is not None
    if there.deleted_at is not None or there.manual_override:
        return
    money = pay(there, outcome)
    changed = replace(
        there, status=outcome, actual_value=Decimal("1.5"), returns=money.returns, profit_loss=money.profit_loss,
        settled_at=now, version=there.version + 1, player_id="0777",
        result=replace(there.result, reason=Reason.LINE, rule_id="line", policy_hash="p", graded_at=now,
                       quality="exact", stat_source="fotmob", snapshot_hash="h"),
    )  # fmt: skip
    entry = HistoryEntry(
        bet_id=bet_id, user_id=owner.user_id, version=changed.version, at=now, by=By.GRADER, reason=Reason.LINE,
        from_status=there.status, to_status=outcome, actual_from=there.actual_value, actual_to=Decimal("1.5"),
        rule_id="line", policy_hash="p", evidence=EVIDENCE,
    )  # fmt: skip
    assert made.store.replace(changed, entry)


def everything(store: BetStore, owner: Owner) -> list[tuple[TrackedBet, tuple[HistoryEntry, ...]]]:
    bets = store.bets(owner, BetFilter(with_deleted=True))
    return [(bet, store.history(owner, bet.bet_id)) for bet in bets]


def backup(store: BetStore, owner: Owner) -> str:
    return "".join(exported(store, owner, "json"))


class BetBackupContract:
    """Tests of a backup; ``store`` is an empty one."""

    @pytest.mark.parametrize("seed", range(12))
    def test_an_empty_store_is_as_the_old_one(self, store: BetStore, seed: int) -> None:
        owner, old = Owner(user_id=1000 + seed, bot_type=BotType.PLAYER), MemoryBetStore()
        lived(old, owner, seed)
        text, before = backup(old, owner), everything(old, owner)
        found = import_bets(book_of(store, owner).book, owner, text, "json")
        assert (found.review, found.refused, found.unchanged) == ([], [], [])
        assert everything(store, owner) == before
        assert len(found.added) == sum(bet.deleted_at is None for bet, _ in before)

    @pytest.mark.parametrize("seed", range(12))
    def test_and_back_again_and_twice_is_once(self, store: BetStore, seed: int) -> None:
        owner, new = Owner(user_id=2000 + seed, bot_type=BotType.TEAM), MemoryBetStore()
        lived(store, owner, seed)
        text, before = backup(store, owner), everything(store, owner)
        for target, is_there in ((store, True), (new, False), (new, True)):
            found = import_bets(book_of(target, owner).book, owner, text, "json")
            assert (found.review, found.refused) == ([], [])
            assert everything(target, owner) == before
            assert len(found.unchanged) == len(before) * is_there
        assert backup(new, owner) == text
