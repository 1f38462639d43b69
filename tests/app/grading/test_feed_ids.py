"""Ids of players and teams: kept from the first decided match, never over a person's; and whom a person chose."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.app.grading.feed_ids import as_chosen
from policytrader.app.grading.steps import bet_to_grade
from policytrader.model.fixture import FixtureStatus, Period, TeamSide
from policytrader.model.outcomes import Outcome, Reason
from policytrader.model.tracked import By, Change, ResultTracking
from policytrader.ports.bet_store import PlayerChoice
from tests.app.grading.test_settle import OTHER, OWNER, World
from tests.engine.grading.builders import exact, fixture, live, player, stats

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policytrader.model.fixture import Fixture

RODRIS = (
    player("7", "Rodri Hernandez", stats=stats(shots=exact(2, "a"))),
    player("8", "Rodri Sanchez", side=TeamSide.AWAY, stats=stats(shots=exact(0, "b"))),
)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    made.feed.answers["4506"] = running()
    yield made
    made.engine.close()


def running(*players: Any, **changed: Any) -> Fixture:
    return live(*(players or (player("7", "Ann Other", stats=stats(shots=1)),)), **changed)


def over(*players: Any) -> Fixture:
    return fixture(*players, team_stats={Period.REGULAR: {}})


def test_ids_are_kept_once_while_the_bet_is_pending(world: World) -> None:
    world.add("a")
    world.settler.look()
    world.settler.look()
    bet = world.bet("a")
    assert (bet.status, bet.player_id, bet.matched_by, bet.version) == (Outcome.PENDING, "7", By.GRADER, 2)
    assert bet.result.reason is Reason.NOT_FINISHED
    _, entry = world.store.history(OWNER, "a")
    assert (entry.by, entry.reason) == (By.GRADER, Change.IDS_FOUND)
    assert (dict(entry.before), dict(entry.after)) == ({"player_id": None}, {"player_id": "7"})
    assert entry.evidence["snapshot_hash"] == "0" * 64


def test_a_teams_id_likewise(world: World) -> None:
    world.add("a", market="Team Goals", player_name=None, team="Eastmoor")
    world.settler.look()
    bet = world.bet("a")
    assert (bet.team_id, bet.player_id, bet.matched_by) == ("20", None, By.GRADER)


def test_an_id_that_was_given_is_never_replaced_but_may_be_confirmed(world: World) -> None:
    world.add("other feed", player_id="12345")
    world.add("this feed", player_id="7")
    world.settler.look()
    kept, confirmed = world.bet("other feed"), world.bet("this feed")
    assert (kept.player_id, kept.matched_by, kept.version) == ("12345", None, 1)
    assert (confirmed.player_id, confirmed.matched_by) == ("7", By.GRADER)


@pytest.mark.parametrize(
    "changed",
    [{"player_name": "Rodri"}, {"player_name": "Nobody Here"}, {"match": "Arsenal vs Chelsea"}],
)
def test_nothing_is_kept_from_a_match_that_was_not_decided(world: World, changed: dict[str, Any]) -> None:
    world.feed.answers["4506"] = running(*RODRIS)
    world.add("a", **changed)
    world.settler.look()
    assert (world.bet("a").player_id, world.bet("a").matched_by, world.bet("a").version) == (None, None, 1)


def test_nothing_is_kept_before_the_squads_are_complete(world: World) -> None:
    world.feed.answers["4506"] = running(status=FixtureStatus.SCHEDULED)
    world.add("a")
    world.settler.look()
    assert world.bet("a").player_id is None


def test_later_looks_go_by_the_id(world: World) -> None:
    world.add("a", player_name="Rodri")
    world.feed.answers["4506"] = running(replace(RODRIS[0], name="Rodri"))
    world.settler.look()
    assert world.bet("a").player_id == "7"
    # The feed writes him otherwise now, and lists another one whose name fits no better.
    world.feed.answers["4506"] = over(RODRIS[0], RODRIS[1])
    world.settler.look()
    assert (world.bet("a").status, world.bet("a").actual_value) == (Outcome.WON, Decimal(2))


def test_an_id_whose_name_became_somebody_elses_is_a_question(world: World) -> None:
    world.add("a", player_name="Ann Other")
    world.settler.look()
    world.feed.answers["4506"] = over(player("7", "Zoe Quick"), player("8", "Ann Other"))
    world.settler.look()
    bet = world.bet("a")
    assert (bet.status, bet.result.reason) == (Outcome.PENDING, Reason.PLAYER_AMBIGUOUS)


# --- chosen by a person -----------------------------------------------------------------------------------------------

CHOICE = PlayerChoice(bet_id="x", player_name="RODRI", player_id="8", team_id="20")


def chosen(world: World, bet_id: str = "first", **changed: Any) -> None:
    world.add(
        bet_id, player_name="Rodri", player_id="8", team_id="20", matched_by=By.PERSON, status=Outcome.LOST,
        settled_at=None, fixture_id="1", **changed,
    )  # fmt: skip


def test_whom_a_person_chose_is_graded_and_stays(world: World) -> None:
    world.feed.answers["4506"] = over(*RODRIS)
    world.add("a", player_name="Rodri", player_id="8", team_id="20", matched_by=By.PERSON)
    world.settler.look()
    bet = world.bet("a")
    assert (bet.status, bet.actual_value, bet.player_id, bet.matched_by) == (Outcome.LOST, Decimal(0), "8", By.PERSON)


def test_whom_a_person_chose_and_is_not_there_is_nobody_else(world: World) -> None:
    world.feed.answers["4506"] = over(RODRIS[0])
    world.add("a", player_name="Rodri", player_id="8", matched_by=By.PERSON)
    world.settler.look()
    assert world.bet("a").result.reason is Reason.PLAYER_NOT_FOUND


def test_the_next_bets_of_that_user_on_that_name_mean_him(world: World) -> None:
    world.feed.answers["4506"] = over(*RODRIS)
    chosen(world)
    world.add("a", player_name="rodri")
    world.add("b", player_name="Rodri", user_id=2)
    world.add("c", player_name="Rodri Hernandez")
    world.settler.look()
    assert (world.bet("a").status, world.bet("a").player_id) == (Outcome.LOST, "8")
    assert world.bet("b", OTHER).result.reason is Reason.PLAYER_AMBIGUOUS
    assert world.bet("c").status is Outcome.WON


def test_a_choice_that_decides_is_asked_anew_until_the_result(world: World) -> None:
    world.feed.answers["4506"] = running(*RODRIS)
    chosen(world)
    world.add("a", player_name="Rodri")
    world.settler.look()
    assert (world.bet("a").player_id, world.bet("a").result.reason) == (None, Reason.NOT_FINISHED)
    first = world.bet("first")
    back = replace(first, player_id=None, matched_by=None, version=2)
    assert world.store.replace(back, replace(world.store.history(OWNER, "first")[0], version=2))
    world.feed.answers["4506"] = over(*RODRIS)
    world.settler.look()
    assert world.bet("a").result.reason is Reason.PLAYER_AMBIGUOUS


@pytest.mark.parametrize(
    ("players", "choices", "meant"),
    [
        (RODRIS, [CHOICE], ("8", By.PERSON)),
        # Only his team plays, and another Rodri.
        (RODRIS[:1], [CHOICE], ("8", By.PERSON)),
        # Neither he nor his team is there: the name is asked as ever.
        (RODRIS[:1], [replace(CHOICE, team_id="99")], (None, None)),
        (RODRIS[:1], [replace(CHOICE, team_id=None)], (None, None)),
        (RODRIS, [replace(CHOICE, player_name="Rodrigo")], (None, None)),
        # Each of the two was chosen once, and both are there.
        (RODRIS, [CHOICE, replace(CHOICE, player_id="7", team_id="10")], (None, By.PERSON)),
        (RODRIS[:1], [CHOICE, replace(CHOICE, player_id="7", team_id="10")], ("7", By.PERSON)),
    ],
)
def test_a_choice_is_of_the_man_not_of_the_name(
    world: World, players: tuple[Any, ...], choices: list[PlayerChoice], meant: tuple[str | None, By | None]
) -> None:
    bet = as_chosen(bet_to_grade(world.add("a", player_name="Rodri")), choices, over(*players))
    assert (bet.player_id, bet.matched_by) == meant


def test_a_bet_that_was_matched_is_left_as_it_is(world: World) -> None:
    bet = bet_to_grade(world.add("a", player_name="Rodri", player_id="7", matched_by=By.GRADER))
    assert as_chosen(bet, [CHOICE], over(*RODRIS)) == bet
    nobody = bet_to_grade(world.add("b", player_name=None, team="Eastmoor"))
    assert as_chosen(nobody, [CHOICE], over(*RODRIS)) == nobody


def test_two_choices_that_contradict_are_a_question(world: World) -> None:
    world.feed.answers["4506"] = over(*RODRIS)
    chosen(world)
    world.add("second", player_name="Rodri", player_id="7", team_id="10", matched_by=By.PERSON, fixture_id="2",
              status=Outcome.LOST)  # fmt: skip
    world.add("a", player_name="Rodri")
    world.settler.look()
    assert world.bet("a").result.reason is Reason.PLAYER_AMBIGUOUS


def test_a_choice_moves_no_result_to_another_player(world: World) -> None:
    """Of a time when nobody wrote down who found the ids; it is looked at again, for numbers are corrected."""
    world.feed.answers["4506"] = over(*RODRIS)
    chosen(world)
    was = world.add(
        "old", player_name="Rodri", player_id="7", status=Outcome.WON, actual_value=Decimal(2),
        settled_at=world.clock.now(), result=ResultTracking(reason=Reason.LINE),
    )  # fmt: skip
    look = world.settler.look_at("4506", is_again=True)
    assert (look.again, look.settled) == (1, ())
    assert (world.bet("old").status, world.bet("old").player_id, world.bet("old").version) == (was.status, "7", 1)


def test_whom_a_choice_decided_for_is_corrected_by_his_own_numbers(world: World) -> None:
    world.feed.answers["4506"] = over(*RODRIS)
    chosen(world)
    world.add("a", player_name="Rodri")
    world.settler.look()
    assert (world.bet("a").status, world.bet("a").player_id) == (Outcome.LOST, "8")
    better = replace(RODRIS[1], stats=stats(shots=exact(3, "b")))
    world.feed.answers["4506"] = over(RODRIS[0], better)
    (one,) = world.settler.look_at("4506", is_again=True).settled
    assert (one.before, one.bet.status, one.bet.player_id) == (Outcome.LOST, Outcome.WON, "8")
    assert (one.bet.actual_value, one.bet.result.reason) == (Decimal(3), Reason.STAT_CORRECTED)
