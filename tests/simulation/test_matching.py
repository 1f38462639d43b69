"""How orders match: incoming, resting, fill-or-kill, with a bet target; what is taken is gone."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from policytrader.model.bets import BetTarget
from policytrader.model.money import ZERO
from policytrader.model.snapshot import Side
from policytrader.simulation.codes import PlacedStatus
from policytrader.simulation.events import Quote, Reopen, Suspend
from policytrader.simulation.reports import CancelInstruction, PlaceInstruction
from tests.simulation.exchanges import (
    NOW,
    WIN,
    after,
    back,
    lay,
    matched,
    new_exchange,
    place,
    quote,
    sums_up,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from policytrader.simulation.exchange import SimulatedExchange


def shown_to_back(exchange: SimulatedExchange) -> list[tuple[str, str]]:
    return [(str(price), str(size)) for price, size in exchange.markets[WIN].books[11].available_to_back()]


def shown_to_lay(exchange: SimulatedExchange) -> list[tuple[str, str]]:
    return [(str(price), str(size)) for price, size in exchange.markets[WIN].books[11].available_to_lay()]


def test_an_order_takes_level_by_level_each_at_its_own_price() -> None:
    exchange = new_exchange()
    exchange.apply(quote(back=(("10", "3"), ("9.8", "4"), ("9.6", "50")), replaces=True))
    bet = place(exchange, back("9.8", "10"))
    assert [(str(match.price), str(match.size)) for match in bet.matches] == [("10.00", "3.00"), ("9.80", "4.00")]
    assert bet.average_price_matched == Decimal("9.88571429")
    assert (bet.size_matched, bet.size_remaining) == (Decimal(7), Decimal(3))
    assert shown_to_back(exchange) == [("9.60", "50.00")]
    assert shown_to_lay(exchange) == [("9.80", "3.00")]


def test_a_lay_takes_the_lowest_prices_first() -> None:
    exchange = new_exchange()
    exchange.apply(quote(lay=(("4", "3"), ("4.1", "4"), ("4.2", "50")), replaces=True))
    bet = place(exchange, lay("4.1", "5"))
    assert [(str(match.price), str(match.size)) for match in bet.matches] == [("4.00", "3.00"), ("4.10", "2.00")]
    assert shown_to_lay(exchange) == [("4.10", "2.00"), ("4.20", "50.00")]


def test_taken_liquidity_is_gone_until_the_feed_raises_the_level() -> None:
    feed = [
        quote(back=(("3", "10"),)),
        quote(back=(("3", "10"),), at=after(1)),
        quote(back=(("3", "12"),), at=after(2)),
        quote(back=(("3", "9"),), at=after(3)),
        quote(back=(("3", "11"),), at=after(4)),
        quote(back=(("3", "0"),), at=after(5)),
        quote(back=(("3", "10"),), at=after(6)),
    ]
    exchange = new_exchange(feed)
    place(exchange, back("3", "10"))
    shown = []
    for second in range(1, 7):
        exchange.advance(after(second))
        shown.append(shown_to_back(exchange))
    # the same, raised by 2, lowered to less than we took, raised by 2, gone, and new
    assert shown == [[], [("3.00", "2.00")], [], [("3.00", "2.00")], [], [("3.00", "10.00")]]


def test_an_image_of_the_whole_ladder_brings_nothing_back_either() -> None:
    exchange = new_exchange([
        quote(back=(("3", "10"),), replaces=True),
        quote(back=(("3", "10"), ("2.9", "5")), replaces=True, at=after(1)),
    ])  # fmt: skip
    place(exchange, back("3", "6"))
    exchange.advance(after(1))
    assert shown_to_back(exchange) == [("3.00", "4.00"), ("2.90", "5.00")]


def test_a_person_sets_what_is_displayed() -> None:
    exchange = new_exchange()
    exchange.apply(quote(back=(("3", "10"),), traded=(("3", "100"),), replaces=True))
    place(exchange, back("3", "10"))
    assert exchange.markets[WIN].books[11].traded() == [(Decimal("3.00"), Decimal(120))]
    exchange.apply(quote(back=(("3", "10"),), traded=(("3", "200"),), replaces=True))
    assert shown_to_back(exchange) == [("3.00", "10.00")]
    book = exchange.markets[WIN].books[11]
    assert book.traded() == [(Decimal("3.00"), Decimal(200))]
    assert book.total_matched == exchange.markets[WIN].total_matched == Decimal(200)


def test_a_person_who_sets_one_side_sets_all_its_levels() -> None:
    exchange = new_exchange()
    exchange.apply(quote(back=(("3", "10"), ("2.9", "10")), replaces=True))
    place(exchange, back("2.9", "15"))
    exchange.apply(quote(back=(("2.8", "1"),), replaces=True))
    exchange.apply(quote(back=(("3", "7"),)))
    assert shown_to_back(exchange) == [("3.00", "7.00"), ("2.80", "1.00")]


def test_our_match_is_volume_on_both_sides_and_the_last_price() -> None:
    exchange = new_exchange()
    exchange.apply(quote(back=(("3", "10"),), traded=(("2.9", "7"),), last_traded=Decimal("2.9")))
    place(exchange, back("3", "4"))
    book = exchange.markets[WIN].books[11]
    assert book.traded() == [(Decimal("2.90"), Decimal(7)), (Decimal("3.00"), Decimal(8))]
    assert (book.last_traded, book.total_matched) == (Decimal("3.00"), Decimal(15))


def test_trades_eat_the_queue_before_they_fill_us() -> None:
    exchange = new_exchange([
        quote(lay=(("3", "20"),), traded=(("3", "100"),)),
        quote(lay=(("3", "8"),), traded=(("3", "124"),), at=after(1)),
        quote(lay=(("3", "0"),), traded=(("3", "146"),), at=after(2)),
    ])  # fmt: skip
    bet = place(exchange, back("3", "10"))
    exchange.advance(after(1))
    assert (bet.ahead, bet.size_matched) == (800, ZERO)
    exchange.advance(after(2))
    assert bet.size_matched == Decimal(3)
    assert [match.price for match in bet.matches] == [Decimal("3.00")]


def test_who_cancels_ahead_of_us_lets_us_forward() -> None:
    exchange = new_exchange([
        quote(back=(("3", "20"),)),
        quote(back=(("3", "5"),), at=after(1)),
        quote(back=(("3", "25"),), traded=(("3", "14"),), at=after(2)),
    ])  # fmt: skip
    bet = place(exchange, lay("3", "10"))
    exchange.advance(after(2))
    # 20 ahead, 15 of them cancelled; 7 trade: 5 of the others', 2 of ours. What joins later stands behind us.
    assert bet.size_matched == Decimal(2)


def test_two_orders_at_a_price_share_one_trade_in_order_of_time() -> None:
    feed = [
        quote(lay=(("3", "4"),), traded=(("3", "10"),)),
        quote(lay=(("3", "10"),), at=after(1)),
        quote(traded=(("3", "40"),), at=after(2)),
        quote(traded=(("3", "60"),), at=after(3)),
    ]
    exchange = new_exchange(feed)
    first = place(exchange, back("3", "5"))
    exchange.advance(after(1))
    second = place(exchange, back("3", "5"))
    exchange.advance(after(2))
    # 15 trade: 4 of others, our 5, then 6 of the others who joined between our two
    assert (first.size_matched, second.size_matched, second.ahead) == (Decimal(5), Decimal(0), 0)
    exchange.advance(after(3))
    assert second.size_matched == Decimal(5)


def test_volume_that_a_removal_moves_is_no_trade() -> None:
    exchange = new_exchange([quote(), quote(traded=(("3", "500"),), at=after(1), is_repriced=True)])
    bet = place(exchange, back("3", "5"))
    exchange.advance(after(1))
    assert bet.size_matched == 0


def test_the_first_volume_seen_is_history_not_a_trade() -> None:
    exchange = new_exchange([quote(traded=(("3", "500"),), at=after(1))])
    bet = place(exchange, back("3", "5"))
    exchange.advance(after(1))
    assert bet.size_matched == 0


def test_who_crosses_a_resting_order_gets_our_price_and_is_taken() -> None:
    exchange = new_exchange([quote(back=(("3.1", "4"),), at=after(1)), quote(back=(("3.1", "4"),), at=after(2))])
    bet = place(exchange, back("3", "10"))
    exchange.advance(after(2))
    assert [(match.price, match.size) for match in bet.matches] == [(Decimal("3.00"), Decimal(4))]
    assert shown_to_back(exchange) == []
    assert shown_to_lay(exchange) == [("3.00", "6.00")]
    assert exchange.markets[WIN].books[11].traded() == [(Decimal("3.00"), Decimal(8))]


def test_of_two_orders_of_ours_the_better_offer_is_crossed_first() -> None:
    exchange = new_exchange()
    dear, cheap = place(exchange, back("3.2", "5")), place(exchange, back("3", "5"))
    exchange.apply(quote(back=(("3.3", "7"),)))
    assert (cheap.size_matched, dear.size_matched) == (Decimal(5), Decimal(2))


@pytest.mark.parametrize("order", [back, lay])
def test_only_the_order_that_is_crossed_matches(order: Callable[[str, str], PlaceInstruction]) -> None:
    exchange = new_exchange()
    near, far = ("3", "3.2") if order is back else ("3.2", "3")
    crossed, kept = place(exchange, order(near, "5")), place(exchange, order(far, "5"))
    others = (("3.1", "50"),)
    exchange.apply(quote(others if order is back else None, others if order is lay else None))
    assert (crossed.size_matched, kept.size_matched) == (Decimal(5), ZERO)


def test_trades_at_another_price_fill_nothing() -> None:
    exchange = new_exchange([quote(), quote(traded=(("3.05", "500"), ("2.98", "500")), at=after(1))])
    bets = [place(exchange, back("3", "5")), place(exchange, lay("2.96", "5"))]
    exchange.advance(after(1))
    assert [bet.size_matched for bet in bets] == [ZERO, ZERO]


def test_nothing_matches_while_suspended_and_what_crosses_does_on_reopening() -> None:
    exchange = new_exchange([quote()])
    bet = place(exchange, back("3", "10"))
    exchange.apply(Suspend(NOW, WIN))
    exchange.apply(quote(back=(("3", "10"),), traded=(("3", "500"),)))
    assert bet.size_matched == 0
    exchange.apply(Reopen(NOW, WIN))
    assert bet.size_matched == Decimal(10)


def test_a_cancelled_order_leaves_the_book() -> None:
    exchange = new_exchange()
    bet = place(exchange, lay("3", "10"))
    assert shown_to_back(exchange) == [("3.00", "10.00")]
    exchange.cancel(WIN, [CancelInstruction(bet.bet_id, Decimal(4))])
    assert shown_to_back(exchange) == [("3.00", "6.00")]
    exchange.cancel(WIN, [CancelInstruction(bet.bet_id)])
    assert shown_to_back(exchange) == []
    assert place(exchange, back("2", "10")).size_remaining == Decimal(10)


# --- Fill or kill ----------------------------------------------------------------------------------------------------

BOOK = (("3.1", "5"), ("3", "2"), ("2.9", "4"), ("2.8", "100"))


@pytest.mark.parametrize(
    ("price", "size", "fragments"),
    [
        # the average may reach the limit with worse fragments: 5 x 3.1 and 5 x 2.9 or better average 3.00 or more
        ("3", "11", [("3.10", "5.00"), ("3.00", "2.00"), ("2.90", "4.00")]),
        ("3.1", "5", [("3.10", "5.00")]),
        ("3.1", "5.01", []),
        ("3", "12", []),
    ],
)
def test_fill_or_kill_keeps_its_limit_on_average(price: str, size: str, fragments: list[tuple[str, str]]) -> None:
    exchange = new_exchange()
    exchange.apply(quote(back=BOOK, replaces=True))
    report = exchange.place(WIN, [back(price, size, time_in_force="FILL_OR_KILL")])
    result = report.results[0]
    bet = exchange.bets[result.bet_id or ""]
    assert [(str(match.price), str(match.size)) for match in bet.matches] == fragments
    assert result.order_status is (PlacedStatus.EXECUTION_COMPLETE if fragments else PlacedStatus.EXPIRED)
    assert bet.size_lapsed == (0 if fragments else Decimal(size))
    assert sums_up(bet)
    if not fragments:
        assert shown_to_back(exchange)[0] == ("3.10", "5.00")


def test_fill_or_kill_with_a_minimum_takes_what_the_average_allows_and_kills_the_rest() -> None:
    exchange = new_exchange()
    exchange.apply(quote(back=BOOK, replaces=True))
    order = back("3", "20", time_in_force="FILL_OR_KILL", min_fill_size=Decimal(8))
    bet = place(exchange, order)
    # slack after 5 at 3.1 and 4 at 2.9: 10 pence, half a unit more at 2.8
    assert bet.size_matched == Decimal("11.50")
    assert bet.average_price_matched == Decimal("3.00")
    assert (bet.size_lapsed, bet.size_remaining) == (Decimal("8.50"), ZERO)


def test_fill_or_kill_of_a_lay_keeps_its_average_below_the_limit() -> None:
    exchange = new_exchange()
    exchange.apply(quote(lay=(("2.9", "5"), ("3.1", "5"), ("3.2", "9")), replaces=True))
    order = lay("3", "20", time_in_force="FILL_OR_KILL", min_fill_size=Decimal(8))
    bet = place(exchange, order)
    assert (bet.size_matched, bet.average_price_matched) == (Decimal(10), Decimal("3.00"))


def test_fill_or_kill_below_its_minimum_takes_nothing() -> None:
    exchange = new_exchange()
    exchange.apply(quote(back=(("3", "5"),), replaces=True))
    bet = place(exchange, back("3", "20", time_in_force="FILL_OR_KILL", min_fill_size=Decimal(6)))
    assert (bet.size_matched, bet.size_lapsed) == (ZERO, Decimal(20))


# --- Bet targets -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "amount", "limit", "size"),
    [
        (BetTarget.PAYOUT, "40", "4", "8.00"),  # 40 / 5, not 40 / 4
        (BetTarget.BACKERS_PROFIT, "40", "4", "10.00"),  # 40 / (5 - 1)
    ],
)
def test_a_bet_target_adapts_the_size_to_a_better_price(target: BetTarget, amount: str, limit: str, size: str) -> None:
    exchange = new_exchange()
    exchange.apply(quote(back=(("5", "100"),), replaces=True))
    bet = place(exchange, back(limit, None, bet_target_type=target, bet_target_size=Decimal(amount)))
    assert (str(bet.size_matched), bet.size_remaining) == (size, ZERO)
    assert sums_up(bet)


def test_a_bet_target_rests_with_what_is_left_of_it_at_its_limit() -> None:
    exchange = new_exchange()
    exchange.apply(quote(back=(("5", "4"),), replaces=True))
    bet = place(exchange, back("4", None, bet_target_type=BetTarget.PAYOUT, bet_target_size=Decimal(40)))
    # 4 at 5 pay 20; the other 20 are 5 at 4
    assert (bet.size_matched, bet.size_remaining, bet.size) == (Decimal(4), Decimal(5), Decimal(9))
    exchange.apply(quote(back=(("4", "100"),), replaces=True))
    assert (bet.size_matched, bet.size_remaining) == (Decimal(9), ZERO)


def test_a_bet_target_is_reduced_by_what_is_cancelled() -> None:
    exchange = new_exchange()
    bet = place(exchange, back("4", None, bet_target_type=BetTarget.PAYOUT, bet_target_size=Decimal(40)))
    exchange.cancel(WIN, [CancelInstruction(bet.bet_id, Decimal(6))])
    exchange.apply(quote(back=(("4", "1"),)))
    assert (bet.size_matched, bet.size_remaining, bet.size_cancelled) == (Decimal(1), Decimal(3), Decimal(6))
    assert sums_up(bet)


def test_a_target_of_a_lay_grows_with_a_better_price() -> None:
    exchange = new_exchange()
    exchange.apply(quote(lay=(("4", "100"),), replaces=True))
    bet = place(exchange, lay("5", None, bet_target_type=BetTarget.PAYOUT, bet_target_size=Decimal(40)))
    assert (bet.size_matched, bet.size) == (Decimal(10), Decimal(10))
    assert bet.side is Side.LAY


def test_a_runner_of_another_market_is_left_alone() -> None:
    exchange = new_exchange()
    bet = matched(exchange, back("3", "10"))
    exchange.apply(Quote(NOW, "1.102", 11, back=((100, 100),)))
    assert shown_to_back(exchange) == []
    assert bet.market_id == WIN
