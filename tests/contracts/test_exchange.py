"""What every Exchange keeps: one order is one bet or none, what is read is complete, and money adds up."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from policytrader.model.bets import OrderType, Persistence
from policytrader.model.orders import Fate, OrderRequest, Reaction
from policytrader.model.snapshot import OrderStatus, Side
from policytrader.ports import ClearedStatus
from tests.contracts.worlds import LATER, NOW, PLACE, WIN

if TYPE_CHECKING:
    from policytrader.model.bets import Bet
    from policytrader.model.orders import OrderAnswer
    from tests.contracts.worlds import World


def order(ref: str = "o-1", **changes: object) -> OrderRequest:
    """A back of runner 11 that rests: 5.0 is above what is offered."""
    wanted = OrderRequest(
        market_id=WIN,
        selection_id=11,
        side=Side.BACK,
        price=Decimal("5.0"),
        size=Decimal("2.00"),
        order_ref=ref,
        request_ref=f"r-{ref}",
        strategy_ref="pt",
        market_version=100,
    )
    return replace(wanted, **changes)  # type: ignore[arg-type]


def place(world: World, ref: str = "o-1", **changes: object) -> str:
    """Place what is taken; its bet."""
    answer = world.exchange.place(order(ref, **changes))
    assert answer.fate is Fate.SEEN, answer
    assert answer.bet_id is not None
    return answer.bet_id


def row(*values: object) -> tuple[object, ...]:
    """Several values to compare at once, amounts with plain numbers."""
    return values


def only_bet(world: World) -> Bet:
    (bet,) = world.exchange.current_bets()
    return bet


# --- Placing ----------------------------------------------------------------------------------------------------------


def test_an_order_that_rests(world: World) -> None:
    answer = world.exchange.place(order())
    assert row(answer.fate, answer.code, answer.reactions) == (Fate.SEEN, "SUCCESS", frozenset())
    assert row(answer.size_matched, answer.average_price_matched, answer.placed_at) == (Decimal(0), None, NOW)
    bet = only_bet(world)
    assert bet.bet_id == answer.bet_id
    assert row(bet.market_id, bet.selection_id, bet.side) == (WIN, 11, Side.BACK)
    assert row(bet.order_type, bet.persistence) == (OrderType.LIMIT, Persistence.LAPSE)
    assert row(bet.price, bet.size, bet.size_remaining, bet.size_matched) == (5, 2, 2, 0)
    assert row(bet.status, bet.placed_at, bet.average_price_matched) == (OrderStatus.EXECUTABLE, NOW, None)
    assert row(bet.order_ref, bet.strategy_ref) == ("o-1", "pt")


def test_an_order_that_matches_at_the_prices_shown(world: World) -> None:
    answer = world.exchange.place(order(price=Decimal("3.95"), size=Decimal("30.00")))
    assert row(answer.fate, answer.size_matched) == (Fate.SEEN, Decimal(30))
    bet = only_bet(world)
    assert row(bet.size_matched, bet.size_remaining, bet.status) == (30, 0, OrderStatus.EXECUTION_COMPLETE)
    assert bet.average_price_matched is not None
    assert bet.average_price_matched == answer.average_price_matched
    assert abs(bet.average_price_matched - (20 * Decimal("4.0") + 10 * Decimal("3.95")) / 30) < Decimal("1e-7")


def test_an_order_that_matches_in_part(world: World) -> None:
    answer = world.exchange.place(order(side=Side.LAY, price=Decimal("4.2"), size=Decimal("25.50")))
    assert answer.size_matched == 20
    bet = only_bet(world)
    assert row(bet.size_matched, bet.size_remaining, bet.status) == (20, Decimal("5.50"), OrderStatus.EXECUTABLE)
    funds = world.exchange.funds()
    assert funds.exposure == -(20 + Decimal("5.5")) * Decimal("3.2")
    assert funds.available == 10_000 + funds.exposure
    assert funds.exposure_limit == 5000


def test_a_payout_takes_less_at_a_better_price(world: World) -> None:
    place(world, price=Decimal("3.5"), size=Decimal("4.00"), payout=Decimal("14.00"))
    bet = only_bet(world)
    assert row(bet.size_matched, bet.size_remaining) == (Decimal("3.5"), 0)


def refused(world: World, **changes: object) -> OrderAnswer:
    answer = world.exchange.place(order("o-refused", **changes))
    assert [bet.order_ref for bet in world.exchange.current_bets(order_refs=["o-refused"])] == []
    assert answer.bet_id is None
    return answer


@pytest.mark.parametrize(
    ("changes", "code", "reaction"),
    [
        ({"market_version": 99}, "BET_TAKEN_OR_LAPSED", Reaction.REREAD_MARKET),
        ({"market_id": "1.999999999"}, "INVALID_MARKET_ID", Reaction.SKIP_MARKET),
        ({"selection_id": 99}, "INVALID_RUNNER", Reaction.REREAD_MARKET),
        ({"size": Decimal("0.50"), "price": Decimal(2)}, "INVALID_BET_SIZE", Reaction.STOP),
        ({"size": Decimal("5000.01")}, "INSUFFICIENT_FUNDS", Reaction.STOP),
    ],
    ids=str,
)
def test_an_order_that_is_refused_is_dead(
    changes: dict[str, object], code: str, reaction: Reaction, world: World
) -> None:
    answer = refused(world, **changes)
    assert row(answer.fate, answer.code) == (Fate.DEAD, code)
    assert reaction in answer.reactions


def test_a_small_size_with_a_large_payout_is_taken(world: World) -> None:
    place(world, size=Decimal("0.50"), price=Decimal(20))


def test_a_suspended_market_is_left_for_now(world: World) -> None:
    world.suspend(WIN)
    answer = refused(world, market_version=101)
    assert row(answer.fate, answer.reactions) == (Fate.DEAD, {Reaction.SKIP_MARKET})
    assert place(world, "o-other", market_id=PLACE)


def test_a_closed_market_is_left_for_now(world: World) -> None:
    world.settle(WIN, [11])
    answer = refused(world)
    assert row(answer.fate, answer.reactions) == (Fate.DEAD, {Reaction.SKIP_MARKET})


@pytest.mark.parametrize("change", ["removal", "off"])
def test_a_version_from_before_a_material_change_is_refused(change: str, world: World) -> None:
    if change == "removal":
        world.remove(WIN, 14, "10")
    else:
        world.turn_in_play(WIN)
    assert refused(world).code == "BET_TAKEN_OR_LAPSED"
    (book,) = world.prices.books([WIN])
    assert place(world, market_version=book.version)


def test_a_version_from_before_a_mere_suspension_is_taken(world: World) -> None:
    world.suspend(WIN)
    world.reopen(WIN)
    assert place(world)


def test_a_removed_runner_is_dead(world: World) -> None:
    world.remove(WIN, 11, "40")
    (book,) = world.prices.books([WIN])
    answer = refused(world, market_version=book.version)
    assert row(answer.fate, answer.code, answer.reactions) == (Fate.DEAD, "RUNNER_REMOVED", {Reaction.REREAD_MARKET})


def test_an_own_order_in_the_way_is_named(world: World) -> None:
    place(world, price=Decimal("4.1"))
    answer = refused(world, side=Side.LAY, price=Decimal("4.1"))
    assert row(answer.fate, answer.code, answer.reactions) == (
        Fate.DEAD,
        "INVALID_BACK_LAY_COMBINATION",
        {Reaction.CANCEL_OPPOSITE},
    )


def test_the_same_request_twice_is_one_bet(world: World) -> None:
    first = place(world)
    again = world.exchange.place(order())
    assert row(again.fate, again.code) == (Fate.UNKNOWN, "DUPLICATE_TRANSACTION")
    assert again.reactions == {Reaction.RECONCILE}
    assert only_bet(world).bet_id == first


@pytest.mark.parametrize(
    "changes",
    [
        {"price": Decimal("4.01")},
        {"size": Decimal("2.001")},
        {"size": Decimal("NaN")},
        {"size": Decimal(-1)},
        {"order_ref": "x" * 33},
        {"strategy_ref": "x" * 16},
        {"market_id": "WIN"},
        {"payout": Decimal("10.10")},
    ],
    ids=str,
)
def test_a_wrong_order_is_the_callers_defect(changes: dict[str, object], world: World) -> None:
    with pytest.raises(ValueError, match="must be"):
        world.exchange.place(replace(order(), **changes))  # type: ignore[arg-type]
    assert world.exchange.current_bets() == ()


# --- Cancelling -------------------------------------------------------------------------------------------------------


def test_a_cancel_takes_what_is_open_of_these_bets_alone(world: World) -> None:
    mine = place(world, "o-1", side=Side.LAY, price=Decimal("4.2"), size=Decimal(25))
    other = place(world, "o-2", selection_id=12)
    (answer,) = world.exchange.cancel(WIN, [mine], "c-1")
    assert row(answer.bet_id, answer.fate, answer.size_cancelled) == (mine, Fate.SEEN, 5)
    bets = {bet.bet_id: bet for bet in world.exchange.current_bets()}
    assert row(bets[mine].size_matched, bets[mine].size_cancelled, bets[mine].size_remaining) == (20, 5, 0)
    assert bets[mine].status is OrderStatus.EXECUTION_COMPLETE
    assert bets[other].size_remaining == 2


def test_each_cancel_has_its_answer_in_the_order_asked(world: World) -> None:
    resting = place(world, "o-1")
    matched = place(world, "o-2", selection_id=12, price=Decimal("4.0"))
    answers = world.exchange.cancel(WIN, [matched, "999999999999", resting], "c-1")
    assert [row(one.bet_id, one.fate, one.size_cancelled) for one in answers] == [
        (matched, Fate.DEAD, 0),
        ("999999999999", Fate.UNKNOWN, 0),
        (resting, Fate.SEEN, 2),
    ]
    assert [one.reactions for one in answers] == [{Reaction.REREAD_ORDER}, {Reaction.RECONCILE}, frozenset()]


def test_more_cancels_than_one_request_takes(world: World) -> None:
    bets = [place(world, f"o-{number}", selection_id=11 + number % 4) for number in range(65)]
    answers = world.exchange.cancel(WIN, bets, "c-1")
    assert [one.bet_id for one in answers] == bets
    assert {(one.fate, one.size_cancelled) for one in answers} == {(Fate.SEEN, Decimal(2))}
    assert {bet.size_remaining for bet in world.exchange.current_bets()} == {0}


def test_a_cancel_in_another_market_leaves_the_bet_alone(world: World) -> None:
    bet = place(world)
    (answer,) = world.exchange.cancel(PLACE, [bet], "c-1")
    assert (answer.fate, answer.size_cancelled) == (Fate.UNKNOWN, Decimal(0))
    (nowhere,) = world.exchange.cancel("1.999999999", [bet], "c-2")
    assert nowhere.fate is not Fate.SEEN
    assert only_bet(world).size_remaining == 2


def test_a_cancel_in_a_suspended_market_is_told(world: World) -> None:
    bet = place(world)
    world.suspend(WIN)
    (answer,) = world.exchange.cancel(WIN, [bet], "c-1")
    left = only_bet(world).size_remaining
    # Whatever the exchange lets happen, the answer says it.
    assert (answer.fate is Fate.SEEN) == (left == 0)


@pytest.mark.parametrize(("market_id", "bets"), [("", ["1"]), (WIN, []), (WIN, ["1", "1"]), (WIN, [""])])
def test_a_cancel_that_means_everything_is_refused(market_id: str, bets: list[str], world: World) -> None:
    place(world)
    with pytest.raises(ValueError, match="must be"):
        world.exchange.cancel(market_id, bets, "c-1")
    assert only_bet(world).size_remaining == 2


# --- Reading ----------------------------------------------------------------------------------------------------------


def test_filters_narrow_and_empty_ones_do_not(world: World) -> None:
    first = place(world, "o-1")
    second = place(world, "o-2", market_id=PLACE)
    third = place(world, "o-3", market_id=LATER)
    exchange = world.exchange

    def ids(bets: tuple[Bet, ...]) -> list[str]:
        return [bet.bet_id for bet in bets]

    assert ids(exchange.current_bets()) == [first, second, third]
    assert ids(exchange.current_bets(market_ids=[], order_refs=[], bet_ids=[])) == [first, second, third]
    assert ids(exchange.current_bets(market_ids=[PLACE, LATER])) == [second, third]
    assert ids(exchange.current_bets(order_refs=["o-3", "o-1"])) == [first, third]
    assert ids(exchange.current_bets(bet_ids=[second])) == [second]
    assert ids(exchange.current_bets(bet_ids=[second], market_ids=[WIN])) == []
    assert ids(exchange.current_bets(order_refs=iter(["o-9"]))) == []


def test_a_bet_is_listed_whatever_became_of_it(world: World) -> None:
    bet = place(world)
    world.exchange.cancel(WIN, [bet], "c-1")
    assert only_bet(world).size_cancelled == 2
    (gone,) = world.exchange.cleared_bets(ClearedStatus.CANCELLED)
    assert (gone.bet_id, gone.size, gone.profit) == (only_bet(world).bet_id, Decimal(2), Decimal(0))
    assert world.exchange.cleared_bets(ClearedStatus.SETTLED) == ()


# --- What happens to bets ---------------------------------------------------------------------------------------------


def test_what_rests_lapses_at_the_off(world: World) -> None:
    place(world, side=Side.LAY, price=Decimal("4.2"), size=Decimal(25))
    world.turn_in_play(WIN)
    bet = only_bet(world)
    assert row(bet.size_matched, bet.size_lapsed, bet.size_remaining) == (20, 5, 0)
    assert bet.status is OrderStatus.EXECUTION_COMPLETE


def test_a_bet_delay_passes_before_a_match(world: World) -> None:
    world.turn_in_play(WIN)
    (live,) = world.prices.books([WIN])
    answer = world.exchange.place(order(price=Decimal("4.0"), market_version=live.version))
    assert row(answer.fate, answer.size_matched) == (Fate.SEEN, 0)
    world.advance(live.bet_delay)
    assert only_bet(world).size_matched == 2


def test_a_removal_voids_lowers_and_cancels(world: World) -> None:
    gone = place(world, "o-1", selection_id=12, price=Decimal("4.0"))
    kept = place(world, "o-2", price=Decimal("4.0"))
    in_place = place(world, "o-3", price=Decimal("4.0"), market_id=PLACE)
    laid = place(world, "o-4", selection_id=13, side=Side.LAY, price=Decimal("3.0"))
    backed = place(world, "o-5", selection_id=13)
    world.remove(WIN, 12, "30")
    bets = {bet.bet_id: bet for bet in world.exchange.current_bets()}
    assert row(bets[gone].size_matched, bets[gone].size_voided, bets[gone].average_price_matched) == (0, 2, None)
    assert bets[kept].average_price_matched == Decimal("2.80")  # 4.0 x 0.70
    assert bets[in_place].average_price_matched == Decimal("3.10")  # 1 + 3.0 x 0.70
    assert row(bets[laid].size_remaining, bets[laid].size_cancelled + bets[laid].size_lapsed) == (0, 2)
    assert bets[backed].size_remaining == 2


# --- What is over -----------------------------------------------------------------------------------------------------


def test_a_settled_market_pays_and_charges(world: World) -> None:
    won = place(world, "o-1", price=Decimal("4.0"), size=Decimal(10))
    lost = place(world, "o-2", selection_id=12, price=Decimal("4.0"), size=Decimal(4))
    lapsed = place(world, "o-3", selection_id=13, size=Decimal(3))
    cancelled = place(world, "o-4", selection_id=14)
    world.exchange.cancel(WIN, [cancelled], "c-1")
    foreign = place(world, "o-5", market_id=PLACE)
    world.advance(60)
    world.settle(WIN, [11])

    assert [bet.bet_id for bet in world.exchange.current_bets()] == [foreign]
    settled = {bet.bet_id: bet for bet in world.exchange.cleared_bets(ClearedStatus.SETTLED)}
    assert settled.keys() == {won, lost}
    assert row(settled[won].profit, settled[won].outcome, settled[won].size) == (30, "WON", 10)
    assert row(settled[lost].profit, settled[lost].outcome, settled[lost].price) == (-4, "LOST", Decimal("4.0"))
    assert row(settled[won].order_ref, settled[won].strategy_ref, settled[won].market_id) == ("o-1", "pt", WIN)
    assert row(settled[won].placed_at, settled[won].is_price_reduced) == (NOW, False)
    assert settled[won].settled_at == NOW.replace(minute=1)

    (left,) = world.exchange.cleared_bets(ClearedStatus.LAPSED)
    assert row(left.bet_id, left.size, left.profit, left.price) == (lapsed, 3, 0, None)
    (taken,) = world.exchange.cleared_bets(ClearedStatus.CANCELLED)
    assert row(taken.bet_id, taken.size) == (cancelled, 2)
    assert world.exchange.cleared_bets(ClearedStatus.VOIDED) == ()

    (market,) = world.exchange.cleared_markets()
    assert row(market.market_id, market.profit, market.commission) == (WIN, 26, Decimal("1.30"))
    assert market.bet_count == 2
    funds = world.exchange.funds()
    assert funds.available - funds.exposure == 10_000 + 26 - Decimal("1.30")
    assert funds.exposure == -2  # the bet in the other market


def test_cleared_reads_keep_to_their_filters(world: World) -> None:
    first = place(world, "o-1", price=Decimal("4.0"))
    second = place(world, "o-2", price=Decimal("4.0"), market_id=PLACE)
    world.settle(WIN, [11])
    world.advance(600)
    world.settle(PLACE, [12, 13])
    exchange = world.exchange

    def ids(**filters: object) -> list[str]:
        return [bet.bet_id for bet in exchange.cleared_bets(ClearedStatus.SETTLED, **filters)]  # type: ignore[arg-type]

    late = NOW.replace(minute=5)
    assert ids() == [first, second]
    assert ids(market_ids=[PLACE]) == [second]
    assert ids(order_refs=["o-1", "o-9"]) == [first]
    assert ids(since=late) == [second]
    assert ids(since=late, order_refs=["o-1"]) == []
    assert [market.market_id for market in exchange.cleared_markets()] == [WIN, PLACE]
    assert [market.market_id for market in exchange.cleared_markets(since=late)] == [PLACE]
    assert [market.market_id for market in exchange.cleared_markets(market_ids=[WIN])] == [WIN]
    assert [market.commission for market in exchange.cleared_markets()] == [Decimal("0.30"), 0]


def test_a_void_bet_is_cleared_as_void(world: World) -> None:
    bet = place(world, price=Decimal("4.0"))
    other = place(world, "o-2", selection_id=12, price=Decimal("4.0"))
    world.remove(WIN, 11, "40")
    world.settle(WIN, [12])
    (void,) = world.exchange.cleared_bets(ClearedStatus.VOIDED)
    assert row(void.bet_id, void.size, void.profit) == (bet, 2, 0)
    (settled,) = world.exchange.cleared_bets(ClearedStatus.SETTLED)
    assert row(settled.bet_id, settled.price, settled.is_price_reduced) == (other, Decimal("2.40"), True)
    assert settled.profit == Decimal("2.80")


def test_a_dead_heat_pays_half(world: World) -> None:
    place(world, price=Decimal("4.0"), size=Decimal(10))
    world.settle(WIN, [11, 12])
    (settled,) = world.exchange.cleared_bets(ClearedStatus.SETTLED)
    assert settled.profit == 10  # 5 x 3.0 - 5
