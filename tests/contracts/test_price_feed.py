"""What every PriceFeed keeps."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from policytrader.model.books import MarketFilter
from policytrader.model.snapshot import MarketStatus, RunnerStatus
from tests.contracts.test_exchange import order
from tests.contracts.worlds import LATER, NOW, OFF, PLACE, RUNNERS, WIN

if TYPE_CHECKING:
    from policytrader.model.books import LiveMarket, LiveRunner
    from tests.contracts.worlds import World


def ids(world: World, wanted: MarketFilter) -> list[str]:
    return [market.market_id for market in world.prices.catalogue(wanted)]


def test_the_catalogue_tells_markets_by_start_and_id(world: World) -> None:
    markets = world.prices.catalogue(MarketFilter())
    assert [market.market_id for market in markets] == [WIN, PLACE, LATER]
    win = markets[0]
    assert (win.market_name, win.market_type, win.start, win.event_type_id) == ("6f Hcap", "WIN", OFF, "7")
    assert (win.event_id, win.event_name, win.venue, win.country_code) == ("30000001", "Ascot 2nd May", "Ascot", "GB")
    assert (win.base_rate, win.ladder, win.is_each_way) == (Decimal(5), "CLASSIC", False)
    assert [(one.selection_id, one.runner_name, one.sort_priority) for one in win.runners] == [
        (11, "Runner 11", 1),
        (12, "Runner 12", 2),
        (13, "Runner 13", 3),
        (14, "Runner 14", 4),
    ]
    assert markets[1].event_id == win.event_id


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (MarketFilter(event_type_ids=("7",)), [WIN, PLACE, LATER]),
        (MarketFilter(event_type_ids=("1",)), []),
        (MarketFilter(event_ids=("30000002",)), [LATER]),
        (MarketFilter(market_ids=(PLACE, "1.9", WIN)), [WIN, PLACE]),
        (MarketFilter(market_types=("WIN",)), [WIN, LATER]),
        (MarketFilter(market_types=()), []),
        (MarketFilter(countries=("IE", "FR")), [LATER]),
        (MarketFilter(venues=("Ascot",), market_types=("PLACE",)), [PLACE]),
        (MarketFilter(start_to=OFF), [WIN, PLACE]),
        (MarketFilter(start_from=OFF), [WIN, PLACE, LATER]),
        (MarketFilter(start_from=OFF.replace(minute=1)), [LATER]),
        (MarketFilter(market_ids=()), []),
    ],
    ids=str,
)
def test_the_catalogue_keeps_to_the_filter(wanted: MarketFilter, found: list[str], world: World) -> None:
    assert ids(world, wanted) == found


def test_a_settled_market_leaves_the_catalogue_and_keeps_its_book(world: World) -> None:
    world.settle(WIN, [12])
    assert ids(world, MarketFilter()) == [PLACE, LATER]
    settled = book(world)
    assert settled.status is MarketStatus.CLOSED
    assert [runner.status for runner in settled.runners] == [
        RunnerStatus.LOSER,
        RunnerStatus.WINNER,
        RunnerStatus.LOSER,
        RunnerStatus.LOSER,
    ]


def book(world: World, market_id: str = WIN) -> LiveMarket:
    (found,) = world.prices.books([market_id])
    return found


def runner(world: World, selection_id: int = 11, market_id: str = WIN) -> LiveRunner:
    (found,) = [one for one in book(world, market_id).runners if one.selection_id == selection_id]
    return found


def test_books_come_in_the_order_asked_for_without_strangers(world: World) -> None:
    found = world.prices.books([PLACE, "1.999999999", WIN, PLACE])
    assert [one.market_id for one in found] == [PLACE, WIN]
    assert world.prices.books([]) == ()


def test_a_book_tells_the_market(world: World) -> None:
    live = book(world, PLACE)
    assert (live.status, live.in_play, live.bet_delay) == (MarketStatus.OPEN, False, 0)
    assert (live.version, live.number_of_winners, live.is_delayed) == (100, 2, False)
    assert live.published_at == NOW
    assert [one.selection_id for one in live.runners] == list(RUNNERS)
    assert [one.adjustment_factor for one in live.runners] == [40, 30, 20, 10]


def test_a_book_tells_the_best_three_levels_best_first(world: World) -> None:
    back = (("3.0", "5"), ("4.0", "20"), ("2.0", "7"), ("3.5", "11.25"))
    lay = (("4.2", "3"), ("5.0", "4"), ("4.5", "6.01"), ("10", "8"))
    world.book(WIN, 11, back=back, lay=lay)
    live = runner(world)
    assert [(str(price.normalize()), size) for price, size in live.back] == [
        ("4", Decimal(20)),
        ("3.5", Decimal("11.25")),
        ("3", Decimal(5)),
    ]
    assert [(price, size) for price, size in live.lay] == [
        (Decimal("4.2"), Decimal(3)),
        (Decimal("4.5"), Decimal("6.01")),
        (Decimal(5), Decimal(4)),
    ]


def test_no_money_is_an_empty_ladder(world: World) -> None:
    assert (runner(world, 11, LATER).back, runner(world, 11, LATER).lay) == ((), ())
    assert runner(world, 11, LATER).last_traded is None


def test_an_own_order_shows_on_the_other_side(world: World) -> None:
    world.exchange.place(replace(order(), price=Decimal("4.1"), size=Decimal(5)))
    assert runner(world).lay[0] == (Decimal("4.1"), Decimal(5))


def test_a_suspension_shows_with_a_new_version(world: World) -> None:
    before = book(world).version
    world.suspend(WIN)
    suspended = book(world)
    assert suspended.status is MarketStatus.SUSPENDED
    assert suspended.version != before
    assert book(world, PLACE).status is MarketStatus.OPEN
    world.reopen(WIN)
    assert book(world).status is MarketStatus.OPEN


def test_a_removal_shows_in_every_market_of_the_race(world: World) -> None:
    world.remove(WIN, 12, "30")
    for market_id in (WIN, PLACE):
        gone = runner(world, 12, market_id)
        assert (gone.status, gone.adjustment_factor, gone.removed_at) == (RunnerStatus.REMOVED, Decimal(30), NOW)
        assert (gone.back, gone.lay) == ((), ())
        live = book(world, market_id)
        assert live.status is MarketStatus.OPEN
        assert live.version > 100
    assert runner(world, 12, LATER).status is RunnerStatus.ACTIVE


def test_the_off_shows(world: World) -> None:
    world.turn_in_play(WIN)
    live = book(world)
    assert (live.status, live.in_play) == (MarketStatus.OPEN, True)
    assert live.bet_delay > 0


def test_time_shows(world: World) -> None:
    world.advance(90)
    assert (book(world).published_at - NOW).total_seconds() == 90


def test_starting_prices_are_there_once_the_market_was_in_play(world: World) -> None:
    assert world.prices.starting_prices([WIN, PLACE, "1.9"]) == {}
    world.turn_in_play(WIN)
    found = world.prices.starting_prices([WIN, PLACE])
    assert set(found) <= {(WIN, selection_id) for selection_id in RUNNERS}
    assert world.prices.starting_prices([]) == {}
