"""Backups that are not whole, not ours, or were read only in part: refused by the bet, or gone on with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.app.tracking.choosing import choose_player
from policytrader.app.tracking.exporting import exported
from policytrader.app.tracking.importing import Imported, import_bets
from policytrader.errors import StoreError
from policytrader.model.tracked import BotType, By, Change
from policytrader.ports.bet_store import BetFilter, Owner
from tests.app.grading.test_settle import World, match
from tests.day_lists import day_list, listed
from tests.engine.grading.builders import KICKOFF, live, player, stats
from tests.memory_bet_store import MemoryBetStore
from tests.tracked_bets import OTHER, OWNER, MadeBook

if TYPE_CHECKING:
    from policytrader.model.tracked import HistoryEntry
    from policytrader.ports.bet_store import BetStore


def backup(store: BetStore, owner: Owner = OWNER) -> str:
    return "".join(exported(store, owner, "json"))


def restored(made: MadeBook, text: str) -> Imported:
    return import_bets(made.book, OWNER, text, "json")


def settled() -> MadeBook:
    """One bet of three versions."""
    made = MadeBook()
    bet = made.tracked()
    assert made.book.set_result(OWNER, bet.bet_id, "won", 2.0, is_manual=True).is_done
    assert made.book.set_stake(OWNER, bet.bet_id, 20).is_done
    return made


def changed(made: MadeBook, **keys: Any) -> str:
    """The backup with keys of its one bet changed; None leaves one out."""
    document = json.loads(backup(made.store))
    document["bets"][0] |= keys
    document["bets"][0] = {name: value for name, value in document["bets"][0].items() if value != "left out"}
    return json.dumps(document)


HISTORY = json.loads(backup(settled().store))["bets"][0]["history"]


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ({"history": None}, "history: is not a list of entries"),
        ({"history": [5]}, "history: is not a list of entries"),
        ({"history": HISTORY[:2]}, "history: its versions do not lead to version 3"),
        ({"history": [HISTORY[0], HISTORY[2]]}, "history: its versions do not lead to version 3"),
        ({"history": HISTORY[::-1]}, "history: its versions do not lead to version 3"),
        ({"history": [*HISTORY[:2], HISTORY[2] | {"to": "lost"}]}, "history: ends with another status"),
        ({"history": [*HISTORY[:2], HISTORY[2] | {"at": "noon"}]}, "history: at: `noon` is not what an export"),
        ({"odds": "1.00"}, "odds: 1.00 is not above 1"),
        ({"odds": 2.1}, "odds: `2.1` is not what an export has there"),
        ({"odds": "left out"}, "odds: is missing"),
        ({"actual_stake": "0"}, "actual_stake: 0 is not above 0"),
        ({"unit_size": "-1"}, "unit_size: -1 is not above 0"),
        ({"profit_loss": "99"}, "profit_loss: is not what returned, less the stake"),
        ({"status": "pending"}, "profit_loss: is not what returned, less the stake"),
        ({"version": True}, "version: `True` is not what an export has there"),
        ({"version": 0, "history": []}, "version: 0 cannot be stored"),
        ({"bet_id": ""}, "bet_id: is empty"),
        ({"matched_by": "somebody"}, "matched_by: `somebody` is not what an export has there"),
        ({"tags": "a"}, "tags: `a` is not what an export has there"),
        ({"user_id": OTHER.user_id}, "user_id: 987654321 is not whose bets these are"),
        ({"markt": "x"}, "unknown key `markt`"),
    ],
)
def test_what_is_not_whole_is_refused_and_nothing_is_stored(keys: dict[str, Any], why: str) -> None:
    made = MadeBook()
    found = restored(made, changed(settled(), **keys))
    assert [one.row for one in found.refused] == [1]
    assert found.refused[0].why.startswith(why)
    assert list(made.store.bets(OWNER, BetFilter(with_deleted=True))) == []


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_backup_that_broke_off_goes_on_where_it_was(writes: int) -> None:
    old, made, left = settled(), MadeBook(), iter(range(writes))

    def fail(_: str) -> None:
        if next(left, None) is None:
            message = "the disk is full"
            raise StoreError(message)

    assert isinstance(made.store, MemoryBetStore)
    made.store.before_write = fail
    with pytest.raises(StoreError):
        restored(made, backup(old.store))
    made.store.before_write = lambda _: None
    assert len(restored(made, backup(old.store)).added) == 1
    assert backup(made.store) == backup(old.store)
    assert len(restored(made, backup(old.store)).unchanged) == 1


def test_bets_that_are_there_whole_are_not_asked_for_their_history() -> None:
    made = settled()
    text, asked = backup(made.store), []
    read = made.store.history

    def history(owner: Owner, bet_id: str) -> tuple[HistoryEntry, ...]:
        asked.append(bet_id)
        return read(owner, bet_id)

    made.store.history = history  # type: ignore[method-assign]
    assert restored(made, text).unchanged == ["bet_0001"]
    assert asked == []


def test_a_bet_that_went_another_way_is_left_to_a_person() -> None:
    made = settled()
    text = backup(made.store)
    made.book.set_odds(OWNER, "bet_0001", 5)
    before = backup(made.store)
    (remark,) = restored(made, text).review
    assert remark.why == "differs from the bet that is there: odds, returns, profit_loss"
    assert backup(made.store) == before


def test_a_tombstone_is_kept_and_brings_nothing_back() -> None:
    old, made = settled(), MadeBook()
    alive = backup(old.store)
    old.book.delete(OWNER, "bet_0001")
    (remark,) = restored(made, backup(old.store)).deleted
    assert (remark.why, remark.bet_id) == ("this bet was deleted, and stays so", "bet_0001")
    assert [one.why for one in restored(made, alive).deleted] == ["this bet was deleted"]
    assert list(made.store.bets(OWNER)) == []
    (remark,) = restored(settled(), backup(old.store)).review
    assert remark.why == "differs from the bet that is there: deleted_at"


def test_a_bet_of_another_program_has_at_least_where_it_came_from() -> None:
    made = MadeBook()
    assert restored(made, changed(settled(), history=[])).added == ["bet_0001"]
    (entry,) = made.store.history(OWNER, "bet_0001")
    assert (entry.version, entry.by, entry.reason) == (3, By.IMPORT, Change.IMPORTED)


def test_a_bet_like_it_is_for_review() -> None:
    made = MadeBook()
    made.tracked()
    text = backup(settled().store).replace("bet_0001", "bet_other")
    document = json.loads(text)
    document["bets"][0]["dedup_key"] = made.stored(next(made.store.bets(OWNER))).dedup_key
    (remark,) = restored(made, json.dumps(document)).review
    assert remark.bet_id == "bet_0001"


def test_who_found_the_match_and_who_chose_the_player_comes_back() -> None:
    world, other = World(), MadeBook()
    owner = Owner(user_id=1, bot_type=BotType.PLAYER)
    world.lists.days[KICKOFF.date()] = day_list(listed("4506", "Northport", "Eastmoor", at=KICKOFF), day=KICKOFF.date())
    squad = player("7", "Ann Other", stats=stats(shots=1)), player("8", "Ann Others")
    world.feed.answers["4506"] = live(*squad)
    world.add("found", fixture_id=None)
    world.add("chosen", fixture_id=None, player_name="Ann Others")
    world.settler.look()
    made = MadeBook(store=world.store)
    assert choose_player(made.book, lambda: world.settler, owner, "chosen", "8").is_done
    world.feed.answers["4506"] = match(shots=2)
    world.settler.look()
    world.engine.close()
    text = backup(world.store, owner)
    assert len(import_bets(other.book, owner, text, "json").added) == 2
    for bet_id, by in (("found", By.GRADER), ("chosen", By.PERSON)):
        bet = other.store.bet(owner, bet_id)
        assert bet == world.store.bet(owner, bet_id)
        assert bet is not None
        assert (bet.fixture_id, bet.matched_by) == ("4506", by)
        assert other.store.history(owner, bet_id) == world.store.history(owner, bet_id)
    reasons = {entry.reason for entry in other.store.history(owner, "chosen")}
    assert reasons >= {Change.FIXTURE_FOUND, Change.IDS_FOUND, Change.PLAYER_CHOSEN}
    assert other.store.choices(owner) == world.store.choices(owner) != ()
    assert backup(other.store, owner) == text


def test_a_backup_of_before_anybody_wrote_down_who_found_the_ids() -> None:
    made, old = MadeBook(), settled()
    document = json.loads(backup(old.store))
    del document["bets"][0]["matched_by"]
    assert restored(made, json.dumps(document)).added == ["bet_0001"]
    assert made.stored(next(made.store.bets(OWNER))).matched_by is None
