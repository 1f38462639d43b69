"""Whom a bet means, said by its owner: kept with the bet, refused where nobody can be chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from policytrader.app.tracking.choosing import choose_player, squads_of, take_player_back
from policytrader.app.tracking.values import Refusal
from policytrader.errors import FeedError
from policytrader.model.fixture import TeamSide
from policytrader.model.outcomes import Outcome
from policytrader.model.tracked import By, Change
from policytrader.tracking import BetTrackingSystem
from tests.engine.grading.builders import fixture, player
from tests.tracked_bets import OTHER, OWNER, USER, MadeBook, pay

if TYPE_CHECKING:
    from policytrader.app.tracking.auto_settle import Settler
    from policytrader.model.fixture import Fixture
    from policytrader.model.tracked import TrackedBet

MATCH = fixture(player("7", "Rodri"), player("8", "Rodri Sanchez", side=TeamSide.AWAY))


@dataclass
class OneMatch:
    """Knows one match, or fails."""

    found: Fixture | FeedError | None = None

    def __call__(self) -> Settler:
        return self  # type: ignore[return-value]

    def fixture_of(self, bet: TrackedBet) -> Fixture | None:
        assert bet.fixture_id
        if isinstance(self.found, FeedError):
            raise self.found
        return self.found


@pytest.fixture
def made() -> MadeBook:
    return MadeBook()


@pytest.fixture
def settler() -> OneMatch:
    return OneMatch(MATCH)


def test_a_choice_is_one_step_with_its_history_and_so_is_its_taking_back(made: MadeBook, settler: OneMatch) -> None:
    bet = made.tracked(player_id="555")
    answer = choose_player(made.book, settler, OWNER, bet.bet_id, 8)
    assert (answer.is_done, answer.message) == (True, "the player is Rodri Sanchez (Eastmoor)")
    now = made.stored(bet)
    assert (now.player_id, now.team_id, now.matched_by, now.version) == ("8", "20", By.PERSON, 2)
    entry = made.store.history(OWNER, bet.bet_id)[-1]
    assert (entry.by, entry.reason) == (By.PERSON, Change.PLAYER_CHOSEN)
    assert dict(entry.before) == {"player_id": "555", "team_id": None, "matched_by": None}
    assert dict(entry.after) == {"player_id": "8", "team_id": "20", "matched_by": "person"}
    assert choose_player(made.book, settler, OWNER, bet.bet_id, "8").message == "the player is Rodri Sanchez (Eastmoor)"
    assert made.stored(bet).version == 2
    assert [one.player_id for one in made.store.choices(OWNER)] == ["8"]
    assert take_player_back(made.book, OWNER, bet.bet_id).is_done
    back = made.stored(bet)
    assert (back.player_id, back.matched_by, back.version) == (None, None, 3)
    assert made.store.history(OWNER, bet.bet_id)[-1].reason == Change.PLAYER_TAKEN_BACK
    assert made.store.choices(OWNER) == ()
    assert take_player_back(made.book, OWNER, bet.bet_id).message == "it is so already"


@pytest.mark.parametrize(
    ("found", "player_id", "told"),
    [
        (MATCH, "9", "player_id: 9 is in neither squad"),
        (MATCH, None, "player_id: nobody is in neither squad"),
        (MATCH, True, "player_id"),
        (None, "7", "not known yet"),
        (FeedError("HTTP 403"), "7", "cannot be read now: HTTP 403"),
    ],
)
def test_nobody_is_chosen_who_is_not_there(
    made: MadeBook, found: Fixture | FeedError | None, player_id: object, told: str
) -> None:
    bet = made.tracked()
    answer = choose_player(made.book, OneMatch(found), OWNER, bet.bet_id, player_id)
    assert not answer.is_done
    assert told in answer.message
    assert made.stored(bet) == bet


def test_only_the_owner_chooses_and_only_for_a_pending_bet_on_a_player(made: MadeBook, settler: OneMatch) -> None:
    bet, team = made.tracked(), made.tracked(Player=None, Odds=3)
    assert choose_player(made.book, settler, OTHER, bet.bet_id, "7").message == "no such bet"
    assert not take_player_back(made.book, OTHER, bet.bet_id).is_done
    assert choose_player(made.book, settler, OWNER, team.bet_id, "7").message == "this bet is on no player"
    assert made.book.set_result(OWNER, bet.bet_id, "won", is_manual=True).is_done
    assert "take it back first" in choose_player(made.book, settler, OWNER, bet.bet_id, "7").message
    with pytest.raises(Refusal, match="take it back first"):
        squads_of(made.book, settler, OWNER, bet.bet_id)


def test_the_squads_are_told_by_team_and_name(made: MadeBook, settler: OneMatch) -> None:
    found = squads_of(made.book, settler, OWNER, made.tracked().bet_id)
    assert [one.document() for one in found] == [
        {"player_id": "8", "name": "Rodri Sanchez", "team": "Eastmoor"},
        {"player_id": "7", "name": "Rodri", "team": "Northport"},
    ]


def test_a_settled_bet_keeps_its_ids_when_the_choice_is_taken_back(made: MadeBook, settler: OneMatch) -> None:
    bet = made.tracked()
    choose_player(made.book, settler, OWNER, bet.bet_id, "7")
    made.book.set_result(OWNER, bet.bet_id, "won", is_manual=True)
    assert take_player_back(made.book, OWNER, bet.bet_id).is_done
    now = made.stored(bet)
    assert (now.status, now.player_id, now.matched_by) == (Outcome.WON, "7", None)


@pytest.mark.parametrize(("by", "kept"), [(By.GRADER, None), (By.PERSON, "7"), (None, "7")])
def test_a_result_that_is_taken_back_takes_the_graders_ids_with_it(
    made: MadeBook, by: By | None, kept: str | None
) -> None:
    bet = made.tracked(player_id="7")
    money = pay(bet, Outcome.WON)
    won = replace(bet, status=Outcome.WON, matched_by=by, version=2, returns=money.returns, actual_value=Decimal(2))
    assert made.store.replace(won, replace(made.store.history(OWNER, bet.bet_id)[0], version=2))
    assert made.book.take_back(OWNER, bet.bet_id, "wrong man").is_done
    now = made.stored(bet)
    assert (now.status, now.player_id) == (Outcome.PENDING, kept)
    assert now.matched_by is (By.PERSON if by is By.PERSON else None)


def test_the_public_class_chooses_too(made: MadeBook, settler: OneMatch) -> None:
    bet = made.tracked()
    opened = replace(made.opened, settler=settler)
    tracker = BetTrackingSystem("", "", opened=opened)
    assert [one["player_id"] for one in tracker.squads(USER, bet.bet_id)] == ["8", "7"]
    assert tracker.squads(USER, "none") == []
    assert not tracker.choose_player(USER, bet.bet_id, 9)
    assert tracker.choose_player(USER, bet.bet_id, 7)
    found = tracker.get_bet(USER, bet.bet_id)
    assert found is not None
    assert (found["player_id"], found["matched_by"]) == (7, "person")
    exported = tracker.export_bets(USER)
    assert tracker.import_bets(USER, exported)["unchanged"] == [bet.bet_id]
    assert tracker.take_player_back(USER, bet.bet_id)
    assert not tracker.take_player_back(USER, "none")
