"""What a replay came to by day, bet, price, course and rule; and how much each limit refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from policytrader.app.replay.breakdown import Group, breakdowns_of, largest
from policytrader.app.replay.summary import Refusal, summarise
from policytrader.model.journal import Purpose
from policytrader.model.snapshot import MarketType, Side
from tests.app.replay.replays import HOUR, money, order, pick, replay, season
from tests.one_day import OFF

if TYPE_CHECKING:
    from policytrader.model.replay import ReplayedSelection


def at_price(ref: str, price: str) -> ReplayedSelection:
    one = pick(ref)
    return replace(one, selection=one.selection._replace(price_requested=Decimal(price)))


def labels(picks: list[ReplayedSelection], by: str) -> list[str]:
    return next([group.label for group in one.groups] for one in breakdowns_of(picks) if one.by == by)


def test_a_group_is_counted_summed_and_divided() -> None:
    """A back of 10 that wins 70, a lay that risks 10 x 4; its hedge is in the net alone."""
    lay = order("lay", HOUR, "5.00", "20.00", side=Side.LAY, size_matched=money(10), profit=money(10))
    hedge = order("lay", HOUR, "5.50", "9.00", side=Side.BACK, purpose=Purpose.HEDGE, profit=money(-9))
    picks = [
        pick("won", order("won", HOUR, "8.00", "10.00", profit=money(70)), commission=money("3.50")),
        pick("lay", lay, hedge, side=Side.LAY, race=2),
    ]
    found = dict(breakdowns_of(picks))
    assert list(found) == ["day", "bet", "price", "course"]
    assert found["day"] == (Group("2026-05-02", 2, 2, money(50), money("67.50")),)
    assert found["day"][0].return_percent == 135 == summarise(replay(*picks)).totals.return_percent
    assert found["bet"] == (
        Group("BACK WIN", 1, 1, money(10), money("66.50")),
        Group("LAY WIN", 1, 1, money(40), money(1)),
    )
    assert [one.return_percent for one in found["bet"]] == [665, Decimal("2.5")]


def test_without_anything_matched_there_is_no_return() -> None:
    idle = summarise(replay(pick("idle")))
    assert idle.totals.return_percent is None
    assert idle.breakdowns[0].groups[0].return_percent is None


def test_each_breakdown_adds_up_to_the_totals() -> None:
    found = summarise(season(200))
    for one in found.breakdowns:
        assert sum(group.picks for group in one.groups) == found.totals.picks == 200
        assert sum(group.orders for group in one.groups) == found.totals.orders
        assert sum(group.risk_matched for group in one.groups) == found.totals.risk_matched
        assert sum(group.net for group in one.groups) == found.totals.net


def test_a_day_is_londons() -> None:
    late = pick("late")
    late = replace(late, selection=late.selection._replace(race_time=OFF.replace(hour=23, minute=5)))
    assert labels([late, pick("early")], "day") == ["2026-05-02", "2026-05-03"]
    assert summarise(replay(late)).days[0].isoformat() == "2026-05-03"


def test_bets_stand_in_their_order_whatever_came_first() -> None:
    picks = [
        replace(one, selection=one.selection._replace(market_type=market_type))
        for side in (Side.LAY, Side.BACK)
        for market_type in (MarketType.PLACE, MarketType.WIN)
        for one in [pick(f"{side}{market_type}", side=side)]
    ]
    assert labels(picks, "bet") == ["BACK WIN", "BACK PLACE", "LAY WIN", "LAY PLACE"]


@pytest.mark.parametrize(
    ("price", "band"),
    [
        ("1.01", "under 2"), ("1.99", "under 2"), ("2.00", "2 to 3"), ("2.98", "2 to 3"), ("3.00", "3 to 5"),
        ("5.00", "5 to 8"), ("7.80", "5 to 8"), ("8.00", "8 to 12"), ("12.00", "12 to 20"), ("20.00", "20 to 50"),
        ("48.00", "20 to 50"), ("50.00", "50 or more"), ("1000.00", "50 or more"),
    ],
)  # fmt: skip
def test_an_edge_belongs_to_the_higher_band(price: str, band: str) -> None:
    assert labels([at_price("a", price)], "price") == [band]


def test_price_bands_stand_by_price() -> None:
    picks = [at_price(price, price) for price in ("60", "9", "2.5", "1.5", "14")]
    assert labels(picks, "price") == ["under 2", "2 to 3", "8 to 12", "12 to 20", "50 or more"]


def test_a_course_that_is_not_known_comes_last() -> None:
    picks = [pick("a", course=None), pick("b", course="York"), pick("c", course="Ascot"), pick("d", course="York")]
    assert labels(picks, "course") == ["Ascot", "York", "not known"]


def test_rules_are_there_only_where_they_picked() -> None:
    assert "rule" not in dict(breakdowns_of([pick("a")]))
    picks = [pick("a", picked_by="short"), pick("b", picked_by="long"), pick("c", picked_by="short")]
    assert [(one.label, one.picks) for one in dict(breakdowns_of(picks))["rule"]] == [("long", 1), ("short", 2)]


def test_a_long_list_keeps_the_largest_and_adds_up_the_others() -> None:
    rows = [(Group(str(number), 1, 2, money(number * 7 % 10), money(number)),) for number in range(10)]
    assert largest(rows, 10) == tuple(rows)
    found = [row[0] for row in largest(rows, 4)]
    # 7 x 7 = 49, 4 x 7 = 28 and 1 x 7 are the most matched; in the order in which they were.
    assert [one.label for one in found] == ["1", "4", "7", "7 others"]
    assert found[-1] == Group("7 others", 7, 14, money(45 - 24), money(45 - 12))


def test_what_is_large_under_one_policy_is_kept_for_both() -> None:
    small, large = Group("x", 1, 0, money(0), money(0)), Group("x", 1, 1, money(9), money(1))
    rows = [(small._replace(label="z"), small._replace(risk_matched=money(1))), (small, small), (small, large)]
    assert [row[0].label for row in largest(rows, 2)] == ["x", "2 others"]
    assert largest(rows, 2)[0] == (small, large)


# --- Limits ---------------------------------------------------------------------------------------------------------


def test_what_a_limit_refused_is_counted_by_tick_pick_and_day() -> None:
    tomorrow = timedelta(days=1)
    picks = [
        pick("a", refused={"max_daily_loss": 40, "max_spread_ticks": 100}),
        pick("b", refused={"max_daily_loss": 5}),
        pick("c", refused={"max_daily_loss": 1}),
        pick("d"),
    ]
    picks[2] = replace(picks[2], selection=picks[2].selection._replace(race_time=OFF + tomorrow))
    found = summarise(replay(*picks))
    assert found.refusals == (Refusal("max_daily_loss", 46, 3, 2), Refusal("max_spread_ticks", 100, 1, 1))
    assert len(found.days) == 2
