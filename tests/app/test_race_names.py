"""Picks and marks find races and horses in the same way, and are told what there is where they find none."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.app.contenders import Mark
from policytrader.app.morning import Pick, listed_races, races_of, resolve_picks
from policytrader.app.race_names import HorseName, find_race, find_runner, not_found
from policytrader.errors import Place, UsageError
from policytrader.model.books import CatalogueMarket, CatalogueRunner, LiveMarket, LiveRunner, MarketFilter
from policytrader.model.snapshot import MarketStatus, MarketType, RunnerStatus, Side
from tests.one_day import MINUTE, OFF

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


def market(market_id: str, kind: str, venue: str | None, off: datetime = OFF) -> CatalogueMarket:
    names = ("1. Blue Moon", "Kingmaker") if kind == "WIN" else ("Kingmaker",)
    return CatalogueMarket(
        market_id=market_id, market_name="", market_type=kind, start=off, event_id=venue or "", event_name="",
        event_type_id="7", venue=venue, country_code="GB", base_rate=None, ladder="CLASSIC", is_each_way=False,
        runners=tuple(CatalogueRunner(len(name), name, at) for at, name in enumerate(names, 1)),
    )  # fmt: skip


LISTED = (
    market("1.1", "WIN", "York"),
    market("1.2", "PLACE", "York"),
    market("1.3", "WIN", "Ayr", OFF + MINUTE),
    market("1.4", "WIN", None),
)
RACES = races_of(LISTED)
BLUE_MOON, KINGMAKER = 12, 9


class Prices:
    """A feed that lists the races above and shows an open book for whatever is asked."""

    def __init__(self) -> None:
        self.asked: list[MarketFilter] = []

    def catalogue(self, wanted: MarketFilter) -> tuple[CatalogueMarket, ...]:
        self.asked.append(wanted)
        return LISTED

    def books(self, market_ids: Sequence[str]) -> tuple[LiveMarket, ...]:
        runners = tuple(
            LiveRunner(selection_id=one, status=RunnerStatus.ACTIVE, last_traded=None) for one in (BLUE_MOON, KINGMAKER)
        )
        return tuple(
            LiveMarket(
                market_id=one, status=MarketStatus.OPEN, in_play=False, bet_delay=0, version=1, number_of_winners=1,
                runners=runners, published_at=OFF,
            )
            for one in market_ids
        )  # fmt: skip

    def starting_prices(self, market_ids: Sequence[str]) -> dict[tuple[str, int], Decimal]:
        raise AssertionError(market_ids)


def named(**changes: Any) -> HorseName:
    values: dict[str, Any] = {
        "market_id": None, "race_time": OFF, "course": "york ", "selection_id": None, "horse": "BLUE moon",
    }  # fmt: skip
    return HorseName(**values | changes)


def pick(**changes: Any) -> Pick:
    values: dict[str, Any] = {
        "market_type": MarketType.WIN, "side": Side.BACK, "price_requested": Decimal(3), "stake_points": Decimal(1),
        "race_time": OFF, "course": "york ", "horse": "blue moon", "place": Place("x.csv", 2, 1),
    }  # fmt: skip
    return Pick(**values | changes)


BY_ID = {"race_time": None, "course": None, "horse": None}


@pytest.mark.parametrize(
    ("changes", "kind", "race_id"),
    [
        ({}, None, "1.1"),
        ({}, MarketType.PLACE, "1.1"),
        ({"course": "Ayr", "race_time": OFF + MINUTE}, MarketType.PLACE, "1.3"),
        ({"course": "Ayr"}, None, None),
        ({"market_id": "1.1"}, None, "1.1"),
        ({"market_id": "1.2"}, None, "1.1"),
        ({"market_id": "1.2"}, MarketType.PLACE, "1.1"),
        ({"market_id": "1.2"}, MarketType.WIN, None),
        ({"market_id": "1.3", "course": "York"}, None, "1.3"),
        ({"market_id": "1.3"}, MarketType.PLACE, None),
        ({"course": None}, None, None),
    ],
)
def test_a_race_is_found(changes: dict[str, Any], kind: MarketType | None, race_id: str | None) -> None:
    race = find_race(named(**changes), RACES, kind)
    assert (race.race_id if race is not None else None) == race_id


@pytest.mark.parametrize(
    ("changes", "selection_id"),
    [
        ({}, BLUE_MOON),
        ({"horse": "7. blue moon "}, BLUE_MOON),
        ({"horse": "Dr. Blue Moon"}, None),
        ({"horse": None}, None),
        ({"horse": None, "selection_id": KINGMAKER}, KINGMAKER),
        ({"horse": "Blue Moon", "selection_id": KINGMAKER}, KINGMAKER),
        ({"horse": "Blue Moon", "selection_id": 1}, None),
    ],
)
def test_a_horse_is_found(changes: dict[str, Any], selection_id: int | None) -> None:
    runner = find_runner(named(**changes), RACES[0].win)
    assert (runner.selection_id if runner is not None else None) == selection_id


def test_picks_and_marks_are_looked_up_by_all_that_they_name() -> None:
    whole = HorseName(market_id="1.2", race_time=OFF, course="York", selection_id=KINGMAKER, horse="Kingmaker")
    ids = {"race_time": OFF, "course": "York", "selection_id": KINGMAKER, "horse": "Kingmaker"}
    assert pick(market_id="1.2", **ids).name == whole
    assert Mark(is_contender=True, race_id="1.2", place=Place("x"), **ids).name == whole  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"horse": "Blue Mon"}, ("no horse `Blue Mon` in 1.1; did you mean `1. Blue Moon`?", "Its runners: 1. Blue M")),
        (
            {"horse": "Kingmakr", "market_type": MarketType.PLACE},
            ("no horse `Kingmakr` in 1.2; did you mean `Kingmaker`?", "Its runners: Kingmaker."),
        ),
        ({**BY_ID, "market_id": "1.1", "selection_id": 7}, ("no runner 7 in 1.1", "Its runners: 1. Blue M")),
        ({"course": "Yrok"}, ("no race at `Yrok` in the exchange's catalogue; did you mean `York`?", "es: Ayr, York.")),
        ({"race_time": OFF + MINUTE}, ("no race at york  at 2026-05-02T14:11Z", "Its offs: 2026-05-02T14:10Z.")),
        (
            {**BY_ID, "market_id": "1.2", "selection_id": KINGMAKER},
            ("no race with the WIN market 1.2 in the exchange's catalogue", "Name the race's WIN market."),
        ),
        (
            {"course": "Ayr", "race_time": OFF + MINUTE, "market_type": MarketType.PLACE},
            ("the race at Ayr at 2026-05-02T14:11Z has no PLACE market", "its WIN market alone: 1.3."),
        ),
        ({"race_time": None}, ("no race at york  at no time",)),
    ],
)
def test_a_pick_that_names_nothing(changes: dict[str, Any], says: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        resolve_picks([pick(), pick(**changes), pick(horse="also wrong")], RACES, Prices(), OFF)
    told = caught.value.render()
    assert "x.csv:2:1  S120" in told
    assert "no horse `also wrong`" in told
    for part in says:
        assert part in told


def test_an_empty_catalogue_is_told() -> None:
    assert not_found(named(), Place("x"), ()).help == "Courses: none."


def test_picks_find_their_markets() -> None:
    by_name, by_id = resolve_picks(
        [pick(), pick(**BY_ID, market_type=MarketType.PLACE, market_id="1.2", selection_id=KINGMAKER)],
        RACES,
        Prices(),
        OFF,
    )
    assert (by_name.selection.market_id, by_name.selection.selection_id) == ("1.1", BLUE_MOON)
    assert by_name.selection.runner_name == "1. Blue Moon"
    assert (by_id.selection.market_id, by_id.selection.runner_name) == ("1.2", "Kingmaker")
    assert (by_id.selection.race_id, by_id.selection.selection_ref) == ("1.1", f"1.2-{KINGMAKER}-back")


def test_the_races_that_are_listed() -> None:
    prices = Prices()
    assert listed_races(prices) == RACES
    assert prices.asked == [MarketFilter(event_type_ids=("7",), market_types=("WIN", "PLACE"))]
    assert [market.market_id for market in RACES[0].markets] == ["1.1", "1.2"]
    assert replace(RACES[0], place=None).markets == (RACES[0].win,)
