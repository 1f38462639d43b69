"""What the exchange refuses, with which code; cancelling, replacing, updating; funds and references."""

from __future__ import annotations

from decimal import Decimal

import pytest

from policytrader.model.bets import BetTarget, OrderType, Persistence
from policytrader.model.money import ZERO
from policytrader.model.snapshot import OrderStatus, Side
from policytrader.simulation.codes import InstructionCode, PlacedStatus, ReportCode, ReportStatus
from policytrader.simulation.drafts import profit_ratio_is_valid
from policytrader.simulation.events import Redefine, Remove, Reopen, Reschedule, Settle, Suspend, TurnInPlay
from policytrader.simulation.reports import (
    CancelInstruction,
    PlaceInstruction,
    ReplaceInstruction,
    UpdateInstruction,
)
from tests.simulation.exchanges import (
    NOW,
    PLACE,
    WIN,
    after,
    back,
    codes,
    define,
    lay,
    matched,
    new_exchange,
    on_close,
    place,
    quote,
    sums_up,
    tick,
)

FOK = "FILL_OR_KILL"


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (back("3", "10", selection_id=99), InstructionCode.INVALID_RUNNER),
        (back("3", "10", handicap=Decimal(1)), InstructionCode.INVALID_RUNNER),
        (back("3", "10", selection_id=15), InstructionCode.RUNNER_REMOVED),
        (back("3.01", "10"), InstructionCode.INVALID_ODDS),
        (back("1001", "10"), InstructionCode.INVALID_ODDS),
        (back("NaN", "10"), InstructionCode.INVALID_ODDS),
        (PlaceInstruction(11, Side.BACK, OrderType.LIMIT, size=Decimal(5)), InstructionCode.INVALID_ODDS),
        (back("3", "10.001"), InstructionCode.INVALID_BET_SIZE),
        (back("3", "-1"), InstructionCode.INVALID_BET_SIZE),
        (back("3", "NaN"), InstructionCode.INVALID_BET_SIZE),
        (back("3", "1E+999999"), InstructionCode.INVALID_BET_SIZE),
        (back("3", "10", handicap=Decimal("sNaN")), InstructionCode.INVALID_RUNNER),
        (back("3", None), InstructionCode.INVALID_BET_SIZE),
        (back("3", "0.99"), InstructionCode.INVALID_BET_SIZE),
        (back("50", "0.19"), InstructionCode.INVALID_BET_SIZE),
        (back("3", "10", liability=Decimal(10)), InstructionCode.INVALID_ORDER_TYPE),
        (back("3", "5", bet_target_size=Decimal(5)), InstructionCode.INVALID_BET_SIZE),
        (back("3", None, bet_target_size=Decimal(5)), InstructionCode.INVALID_BET_SIZE),
        (back("3", None, bet_target_type=BetTarget.PAYOUT), InstructionCode.INVALID_BET_SIZE),
        (back("3", "5", min_fill_size=Decimal(5)), InstructionCode.UNEXPECTED_MIN_FILL_SIZE),
        (back("3", "5", time_in_force=FOK, min_fill_size=Decimal("5.01")), InstructionCode.INVALID_MIN_FILL_SIZE),
        (back("3", "5", time_in_force=FOK, min_fill_size=Decimal("0.5")), InstructionCode.INVALID_MIN_FILL_SIZE),
        (
            back("3", "5", time_in_force=FOK, persistence=Persistence.LAPSE),
            InstructionCode.UNEXPECTED_PERSISTENCE_TYPE,
        ),
        (
            back("3", None, time_in_force=FOK, bet_target_type=BetTarget.PAYOUT, bet_target_size=Decimal(9)),
            InstructionCode.TIME_IN_FORCE_CONFLICT,
        ),
        (back("3", "5", order_ref="x" * 33), InstructionCode.INVALID_CUSTOMER_ORDER_REF),
        (back("3", "5", order_ref="a b"), InstructionCode.INVALID_CUSTOMER_ORDER_REF),
        (on_close(Side.LAY, "9.99"), InstructionCode.INVALID_BET_SIZE),
        (on_close(Side.BACK, "0.99"), InstructionCode.INVALID_BET_SIZE),
        (on_close(Side.BACK, "10", "3.01"), InstructionCode.INVALID_ODDS),
    ],
)
def test_an_order_that_breaks_a_rule_gets_its_code(order: PlaceInstruction, code: InstructionCode) -> None:
    exchange = new_exchange()
    exchange.withdraw(WIN, 15, None)
    report = exchange.place(WIN, [order])
    assert codes(report) == (ReportCode.BET_ACTION_ERROR, [code])
    assert report.status is ReportStatus.FAILURE
    assert not exchange.bets
    assert exchange.account.exposure == 0


@pytest.mark.parametrize(
    "order",
    [
        back("3", "1"),
        back("50", "0.20"),
        back("3", "5", order_ref="aZ09:-._+*;~" + "x" * 20),
        on_close(Side.LAY, "10"),
        on_close(Side.BACK, "1", "3"),
        back("3", "5", persistence=Persistence.MARKET_ON_CLOSE),
        lay("3", "5", time_in_force=FOK, min_fill_size=Decimal(1)),
    ],
)
def test_an_order_at_the_edge_of_a_rule_is_taken(order: PlaceInstruction) -> None:
    assert new_exchange().place(WIN, [order]).status is ReportStatus.SUCCESS


@pytest.mark.parametrize(
    ("size", "price", "is_valid"),
    [
        ("0.13", "1.06", False),
        ("1.30", "1.01", False),
        ("1.20", "1.01", True),
        ("1.50", "1.01", False),
        ("2", "3", True),
    ],
)
def test_a_profit_that_rounding_distorts_is_refused(size: str, price: str, is_valid: bool) -> None:  # noqa: FBT001
    assert profit_ratio_is_valid(int(Decimal(size) * 100), tick(price)) is is_valid
    report = new_exchange().place(WIN, [back(price, size)])
    assert (report.error_code is ReportCode.INVALID_PROFIT_RATIO) is not is_valid
    if not is_valid:
        assert report.results[0].error_code is InstructionCode.ERROR_IN_ORDER


def test_one_wrong_order_fails_the_whole_request() -> None:
    exchange = new_exchange()
    report = exchange.place(WIN, [back("3", "5"), back("3", "0.5"), lay("2", "5")])
    related = InstructionCode.RELATED_ACTION_FAILED
    assert codes(report) == (
        ReportCode.BET_ACTION_ERROR,
        [related, InstructionCode.INVALID_BET_SIZE, related],
    )
    assert not exchange.bets
    assert exchange.account.exposure == 0


def test_without_best_execution_the_right_ones_are_placed() -> None:
    exchange = new_exchange(best_execution=False)
    report = exchange.place(WIN, [back("3", "5"), back("3", "0.5")])
    assert report.status is ReportStatus.PROCESSED_WITH_ERRORS
    assert codes(report) == (ReportCode.PROCESSED_WITH_ERRORS, [None, InstructionCode.INVALID_BET_SIZE])
    assert [bet.size for bet in exchange.bets.values()] == [Decimal(5)]
    assert exchange.place(WIN, [back("3", "0.5")]).error_code is ReportCode.BET_ACTION_ERROR


@pytest.mark.parametrize(
    ("market_id", "version", "count", "code"),
    [
        ("1.999", None, 1, ReportCode.INVALID_MARKET_ID),
        (WIN, 10**12, 1, ReportCode.INVALID_MARKET_VERSION),
        (WIN, None, 201, ReportCode.TOO_MANY_INSTRUCTIONS),
        (WIN, None, 0, ReportCode.INVALID_ORDER),
    ],
)
def test_a_request_is_refused_as_a_whole(market_id: str, version: int | None, count: int, code: ReportCode) -> None:
    report = new_exchange().place(market_id, [back("3", "5")] * count, market_version=version)
    assert codes(report) == (code, [InstructionCode.ERROR_IN_ORDER] * count)


def test_two_hundred_orders_and_a_version_of_twelve_digits_are_not_too_many() -> None:
    exchange = new_exchange()
    assert exchange.place(WIN, [back("3", "1")] * 200).status is ReportStatus.SUCCESS
    report = exchange.place(WIN, [back("3", "1")], market_version=10**12 - 1)
    assert codes(report)[1] == [InstructionCode.BET_TAKEN_OR_LAPSED]


def test_a_market_that_is_not_open_takes_no_orders() -> None:
    exchange = new_exchange()
    bet = place(exchange, back("3", "5"))
    exchange.apply(Suspend(NOW, WIN))
    assert exchange.place(WIN, [back("3", "5")]).error_code is ReportCode.MARKET_SUSPENDED
    assert exchange.cancel(WIN, [CancelInstruction(bet.bet_id)]).error_code is ReportCode.MARKET_SUSPENDED
    assert bet.size_remaining == Decimal(5)
    exchange.apply(Settle(NOW, WIN, (11,)))
    assert exchange.place(WIN, [back("3", "5")]).error_code is ReportCode.MARKET_NOT_OPEN_FOR_BETTING


def test_a_version_older_than_the_last_material_change_lapses() -> None:
    exchange = new_exchange()
    before = exchange.markets[WIN].definition.version
    assert exchange.place(WIN, [back("3", "5")], market_version=before + 1).error_code is not None
    exchange.apply(Reschedule(NOW, WIN, after(7200)))
    assert exchange.markets[WIN].definition.version > before
    assert exchange.place(WIN, [back("3", "5")], market_version=before).error_code is None
    # A suspension that changes nothing is not material either.
    exchange.apply(Suspend(NOW, WIN))
    exchange.apply(Reopen(NOW, WIN))
    assert exchange.place(WIN, [back("3", "5")], market_version=before).error_code is None
    exchange.apply(Remove(NOW, WIN, 15))
    assert exchange.place(WIN, [back("3", "5")], market_version=before).error_code is not None


@pytest.mark.parametrize("change", ["removal", "off"])
def test_a_removal_and_the_off_make_every_older_version_stale(change: str) -> None:
    exchange = new_exchange()
    seen = []
    exchange.subscribe(lambda _: seen.append(exchange.markets[WIN].definition.version))
    seen.append(exchange.markets[WIN].definition.version)
    if change == "removal":
        exchange.withdraw(WIN, 15, Decimal(20))
    else:
        exchange.apply(TurnInPlay(NOW, WIN))
    version = exchange.markets[WIN].definition.version
    for old in set(seen) - {version}:
        report = exchange.place(WIN, [back("3", "5")], market_version=old)
        assert codes(report) == (ReportCode.BET_ACTION_ERROR, [InstructionCode.BET_TAKEN_OR_LAPSED])
    assert len(set(seen)) == 3
    assert exchange.place(WIN, [back("3", "5")], market_version=version).error_code is None


def test_an_order_that_would_match_one_of_ours_is_refused() -> None:
    exchange = new_exchange()
    place(exchange, lay("3", "5"))
    combination = InstructionCode.INVALID_BACK_LAY_COMBINATION
    assert codes(exchange.place(WIN, [back("3", "5")]))[1] == [combination]
    assert codes(exchange.place(WIN, [back("2.98", "5", time_in_force=FOK)]))[1] == [combination]
    assert exchange.place(WIN, [back("3.05", "5")]).error_code is None
    assert codes(exchange.place(WIN, [lay("3.05", "5")]))[1] == [combination]
    assert exchange.place(WIN, [back("2", "5", selection_id=12)]).error_code is None
    assert codes(exchange.place(PLACE, [back("2", "5"), lay("2", "5")]))[1][1] is combination


# --- References and ids ----------------------------------------------------------------------------------------------


def test_a_customer_reference_counts_once_in_sixty_seconds() -> None:
    exchange = new_exchange()
    assert exchange.place(WIN, [back("3", "5")], customer_ref="a").customer_ref == "a"
    exchange.advance(after(59.999))
    report = exchange.place(WIN, [back("3", "5")], customer_ref="a")
    assert (report.error_code, len(exchange.bets)) == (ReportCode.DUPLICATE_TRANSACTION, 1)
    exchange.advance(after(60))
    assert exchange.place(WIN, [back("3", "5")], customer_ref="a").error_code is None
    assert exchange.place(WIN, [back("3", "5")], customer_ref="b").error_code is None
    assert exchange.cancel(WIN, [], customer_ref="a").error_code is None
    assert exchange.cancel(WIN, [], customer_ref="a").error_code is ReportCode.DUPLICATE_TRANSACTION
    assert exchange.cancel(None, [], customer_ref="a").error_code is ReportCode.DUPLICATE_TRANSACTION


def test_bet_ids_count_up_in_twelve_digits_and_references_are_kept() -> None:
    exchange = new_exchange()
    report = exchange.place(
        WIN, [back("3", "5", order_ref="one"), back("3", "6", order_ref="two")], strategy_ref="s", customer_ref="c"
    )
    assert list(exchange.bets) == ["300000000001", "300000000002"] == [result.bet_id for result in report.results]
    bet = exchange.bets["300000000002"]
    assert (bet.order_ref, bet.strategy_ref, bet.customer_ref) == ("two", "s", "c")
    shown = bet.as_bet()
    assert (shown.size, shown.size_remaining, shown.price) == (Decimal(6), Decimal(6), Decimal(3))
    assert (shown.average_price_matched, shown.status) == (None, OrderStatus.EXECUTABLE)
    assert (shown.persistence, shown.placed_at, shown.order_ref) == (Persistence.LAPSE, NOW, "two")


def test_an_asynchronous_order_is_pending_without_an_id() -> None:
    exchange = new_exchange()
    result = exchange.place(WIN, [back("3", "5")], as_async=True).results[0]
    assert (result.order_status, result.bet_id) == (PlacedStatus.PENDING, None)
    assert len(exchange.bets) == 1


# --- Cancel, replace, update -----------------------------------------------------------------------------------------


def test_cancelling_reduces_and_ends_a_bet() -> None:
    exchange = new_exchange()
    bet = place(exchange, back("3", "10"))
    result = exchange.cancel(WIN, [CancelInstruction(bet.bet_id, Decimal(4))]).results[0]
    assert (result.size_cancelled, result.cancelled_at, bet.size_remaining) == (Decimal(4), NOW, Decimal(6))
    result = exchange.cancel(WIN, [CancelInstruction(bet.bet_id, Decimal(99))]).results[0]
    assert (result.size_cancelled, bet.size_cancelled, bet.status) == (
        Decimal(6),
        Decimal(10),
        OrderStatus.EXECUTION_COMPLETE,
    )
    assert sums_up(bet)
    assert exchange.account.exposure == 0


def test_what_cannot_be_cancelled_says_why() -> None:
    exchange = new_exchange()
    done = matched(exchange, back("3", "10"))
    closing = place(exchange, on_close(Side.BACK, "10"))
    open_bet = place(exchange, back("3", "10"))
    report = exchange.cancel(
        WIN,
        [
            CancelInstruction("1"),
            CancelInstruction(done.bet_id),
            CancelInstruction(closing.bet_id),
            CancelInstruction(open_bet.bet_id),
        ],
    )
    assert report.status is ReportStatus.PROCESSED_WITH_ERRORS
    assert [result.error_code for result in report.results] == [
        InstructionCode.INVALID_BET_ID,
        InstructionCode.BET_TAKEN_OR_LAPSED,
        InstructionCode.INVALID_ORDER_TYPE,
        None,
    ]
    assert (closing.status, open_bet.status) == (OrderStatus.EXECUTABLE, OrderStatus.EXECUTION_COMPLETE)
    # as recorded: a success that holds a failure
    assert exchange.cancel(WIN, [CancelInstruction(done.bet_id)]).status is ReportStatus.SUCCESS
    twice = exchange.cancel(WIN, [CancelInstruction("1"), CancelInstruction("1")])
    assert twice.error_code is ReportCode.DUPLICATE_BETIDS
    wrong = exchange.cancel(PLACE, [CancelInstruction(done.bet_id)]).results[0]
    assert wrong.error_code is InstructionCode.INVALID_BET_ID


@pytest.mark.parametrize("reduction", ["0", "-1", "0.001", "NaN"])
def test_a_reduction_that_is_no_size_is_refused(reduction: str) -> None:
    exchange = new_exchange()
    bet = place(exchange, back("3", "10"))
    result = exchange.cancel(WIN, [CancelInstruction(bet.bet_id, Decimal(reduction))]).results[0]
    assert (result.error_code, bet.size_remaining) == (InstructionCode.INVALID_BET_SIZE, Decimal(10))


def test_no_instructions_mean_the_market_and_no_market_means_everything() -> None:
    exchange = new_exchange()
    bets = [place(exchange, back("3", "5"), market) for market in (WIN, PLACE, WIN)]
    closing = place(exchange, on_close(Side.BACK, "5"))
    assert len(exchange.cancel(WIN, []).results) == 2
    assert [bet.size_cancelled for bet in bets] == [Decimal(5), 0, Decimal(5)]
    place(exchange, back("3", "5"))
    report = exchange.cancel(None, [])
    assert (report.status, len(report.results), report.market_id) == (ReportStatus.SUCCESS, 2, None)
    assert [bet.bet_id for bet in exchange.bets.values() if bet.is_open] == [closing.bet_id]
    assert exchange.cancel(None, [CancelInstruction("1")]).error_code is ReportCode.INVALID_MARKET_ID


def test_everything_means_what_a_suspended_market_allows() -> None:
    exchange = new_exchange()
    kept, gone = place(exchange, back("3", "5")), place(exchange, back("3", "5"), PLACE)
    exchange.apply(Suspend(NOW, WIN))
    report = exchange.cancel(None, [])
    assert report.status is ReportStatus.PROCESSED_WITH_ERRORS
    assert (kept.is_open, gone.is_open) == (True, False)


def test_replacing_cancels_and_places_under_a_new_id() -> None:
    exchange = new_exchange()
    old = place(exchange, back("3", "10", order_ref="r", persistence=Persistence.PERSIST))
    exchange.cancel(WIN, [CancelInstruction(old.bet_id, Decimal(4))])
    result = exchange.replace(WIN, [ReplaceInstruction(old.bet_id, Decimal("3.5"))]).results[0]
    assert result.place is not None
    assert result.cancel is not None
    new = exchange.bets[result.place.bet_id or ""]
    assert (old.size_cancelled, result.cancel.size_cancelled) == (Decimal(10), Decimal(6))
    assert (new.price, new.size, new.order_ref, new.persistence) == (
        Decimal("3.5"),
        Decimal(6),
        "r",
        Persistence.PERSIST,
    )
    assert new.bet_id != old.bet_id
    assert exchange.account.exposure == Decimal(-6)


def test_a_replacement_that_cannot_be_placed_leaves_the_bet_cancelled() -> None:
    exchange = new_exchange(balance=Decimal(30))
    old = place(exchange, lay("3", "10"))
    report = exchange.replace(WIN, [ReplaceInstruction(old.bet_id, Decimal(8))])
    result = report.results[0]
    assert (report.status, report.error_code) == (ReportStatus.FAILURE, ReportCode.BET_ACTION_ERROR)
    assert result.error_code is InstructionCode.CANCELLED_NOT_PLACED
    assert result.place is not None
    assert result.place.error_code is InstructionCode.INSUFFICIENT_FUNDS
    assert (old.size_cancelled, len(exchange.bets), exchange.account.exposure) == (Decimal(10), 1, ZERO)


def test_a_replacement_of_a_stale_version_leaves_the_bet_cancelled() -> None:
    exchange = new_exchange()
    old = place(exchange, back("3", "10"))
    result = exchange.replace(WIN, [ReplaceInstruction(old.bet_id, Decimal(8))], market_version=1).results[0]
    assert result.error_code is InstructionCode.CANCELLED_NOT_PLACED
    assert old.size_cancelled == Decimal(10)


@pytest.mark.parametrize(
    ("price", "code"),
    [("3.01", InstructionCode.INVALID_ODDS), ("3.00", InstructionCode.INVALID_PRICE_EDIT)],
)
def test_a_wrong_new_price_leaves_the_bet_alone(price: str, code: InstructionCode) -> None:
    exchange = new_exchange()
    bet = place(exchange, back("3", "10"))
    result = exchange.replace(WIN, [ReplaceInstruction(bet.bet_id, Decimal(price))]).results[0]
    assert (result.error_code, bet.size_remaining) == (code, Decimal(10))


def test_updating_changes_the_persistence_only() -> None:
    exchange = new_exchange()
    bet = place(exchange, back("3", "10"))
    report = exchange.update(WIN, [UpdateInstruction(bet.bet_id, Persistence.PERSIST)])
    assert (report.status, bet.persistence) == (ReportStatus.SUCCESS, Persistence.PERSIST)
    again = exchange.update(
        WIN, [UpdateInstruction(bet.bet_id, Persistence.PERSIST), UpdateInstruction("1", Persistence.LAPSE)]
    )
    assert [result.error_code for result in again.results] == [
        InstructionCode.NO_ACTION_REQUIRED,
        InstructionCode.INVALID_BET_ID,
    ]
    exchange.apply(TurnInPlay(NOW, WIN))
    late = exchange.update(WIN, [UpdateInstruction(bet.bet_id, Persistence.MARKET_ON_CLOSE)])
    assert late.results[0].error_code is InstructionCode.INVALID_PERSISTENCE_TYPE


# --- Funds -----------------------------------------------------------------------------------------------------------


def test_an_order_beyond_the_balance_or_the_limit_is_refused() -> None:
    exchange = new_exchange(balance=Decimal(100), exposure_limit=Decimal(60))
    assert exchange.place(WIN, [lay("3", "30")]).error_code is None
    assert exchange.account.exposure == Decimal(-60)
    refused = exchange.place(PLACE, [back("3", "1")])
    assert codes(refused)[1] == [InstructionCode.INSUFFICIENT_FUNDS]
    poor = new_exchange(balance=Decimal("59.99"))
    assert codes(poor.place(WIN, [lay("3", "30")]))[1] == [InstructionCode.INSUFFICIENT_FUNDS]


def test_orders_of_one_request_share_the_funds() -> None:
    exchange = new_exchange(balance=Decimal(15))
    report = exchange.place(WIN, [back("3", "10"), back("3.1", "10")])
    assert codes(report)[1] == [InstructionCode.RELATED_ACTION_FAILED, InstructionCode.INSUFFICIENT_FUNDS]
    assert exchange.account.available == Decimal(15)


def test_a_hedge_is_taken_when_nothing_is_available() -> None:
    exchange = new_exchange(balance=Decimal(20))
    matched(exchange, back("3", "20"))
    assert exchange.account.available == 0
    matched(exchange, lay("2", "20"))
    assert exchange.account.exposure == 0
    assert exchange.account.available == Decimal(20)


def test_what_lessens_the_risk_is_taken_beyond_every_limit() -> None:
    exchange = new_exchange()
    matched(exchange, back("3", "20"))
    exchange.account.exposure_limit = Decimal(5)
    matched(exchange, lay("2", "20"))
    assert codes(exchange.place(PLACE, [back("3", "20")]))[1] == [InstructionCode.INSUFFICIENT_FUNDS]


def test_unmatched_orders_count_at_their_worst_on_each_runner() -> None:
    exchange = new_exchange()
    place(exchange, back("3", "10"))
    place(exchange, lay("2", "30"))
    # it wins: the lay matched alone loses 30; it loses: the back matched alone loses 10
    assert exchange.account.exposure == Decimal(-30)
    place(exchange, back("3", "10", selection_id=12), PLACE)
    assert exchange.account.exposure == Decimal(-40)


def test_exposure_knows_how_many_win() -> None:
    exchange = new_exchange()
    for runner in (11, 12, 13, 14):
        matched(exchange, lay("3", "10", selection_id=runner))
        matched(exchange, lay("3", "10", selection_id=runner), PLACE)
    # WIN: one of the four wins: 3 x 10 - 20. PLACE: three of them win: 10 - 3 x 20, worse than with the fifth.
    assert exchange.markets[WIN].worst_units() == 0
    assert exchange.markets[PLACE].worst_units() == -500000
    assert exchange.account.exposure == Decimal(-50)


def test_profit_and_loss_of_matched_bets() -> None:
    exchange = new_exchange()
    matched(exchange, back("3", "10"))
    matched(exchange, lay("4", "5", selection_id=12))
    place(exchange, back("9", "5"))
    found = exchange.profit_and_loss(WIN)
    assert list(found) == [11, 12, 13, 14, 15]
    assert found[11] == (Decimal(20), Decimal(-10), Decimal(25))
    assert found[12] == (Decimal(-15), Decimal(5), Decimal(-25))
    assert found[13] == (ZERO, ZERO, Decimal(-5))
    assert exchange.profit_and_loss(PLACE)[11].market_if_win is None


def test_a_market_without_starting_price_takes_no_orders_for_it() -> None:
    exchange = new_exchange([Redefine(NOW, define("1.103", market_type="WIN", is_bsp=False))])
    not_open = InstructionCode.MARKET_NOT_OPEN_FOR_BSP_BETTING
    assert codes(exchange.place("1.103", [on_close(Side.BACK, "10")]))[1] == [not_open]
    waiting = back("3", "5", persistence=Persistence.MARKET_ON_CLOSE)
    assert codes(exchange.place("1.103", [waiting]))[1] == [InstructionCode.INVALID_PERSISTENCE_TYPE]
    exchange.apply(quote(market_id="1.103"))
