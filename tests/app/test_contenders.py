"""The value table: its formula, where prices come from, and marks that name what is not there."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytrader.app.contender_file import read_mark_file, read_marks
from policytrader.app.contenders import (
    BACK,
    MARKED,
    STARTING,
    TRADED,
    LivePrices,
    Mark,
    PriceNow,
    live_price,
    resolve_marks,
    stored_price,
    value_race,
    value_races,
)
from policytrader.app.morning import races_of
from policytrader.errors import Place, SnapshotError, UsageError
from policytrader.model.books import CatalogueMarket, CatalogueRunner, LiveMarket, LiveRunner, PriceSize
from policytrader.model.money import half_up
from policytrader.model.records import Contender, MarketPrices, RunnerPrices
from policytrader.model.snapshot import MarketStatus, RunnerStatus
from tests.one_day import MINUTE, OFF
from tests.strategies import ladder_prices

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from policytrader.model.books import MarketFilter


def contender(runner: int, *, price: str | None = None, is_contender: bool = True) -> Contender:
    kept = Decimal(price) if price is not None else None
    return Contender("1.1", OFF, runner, f"Horse {runner}", is_contender, kept)


def now(*prices: str) -> dict[int, PriceNow]:
    return {runner: PriceNow(Decimal(price), BACK) for runner, price in enumerate(prices, 1)}


def test_the_formula() -> None:
    """Worked out by hand: 1/2 + 1/4 + 1/5 = 0.95; the first: (1/3 + 0.5/0.95) / 2 = 0.4298…, 1/that = 2.3265…."""
    race = value_race("1.1", "York", [contender(1), contender(2), contender(3)], now("2", "4", "5"))
    shown = {
        one.contender.selection_id: [
            str(half_up(cell, Decimal("0.0001")))
            for cell in (
                one.value.equal,
                one.value.normalised,
                one.value.adjusted,
                one.value.adjusted_odds,
                one.value.value_percent,
            )
        ]
        for one in race.horses
        if one.value is not None
    }
    assert shown == {
        1: ["0.3333", "0.5263", "0.4298", "2.3265", "-14.0351"],
        2: ["0.3333", "0.2632", "0.2982", "3.3529", "19.2982"],
        3: ["0.3333", "0.2105", "0.2719", "3.6774", "35.9649"],
    }
    assert [one.contender.selection_id for one in race.horses] == [3, 2, 1]


@given(st.lists(ladder_prices, min_size=1, max_size=12))
def test_shares_are_of_one(prices: list[Decimal]) -> None:
    """Probabilities sum to one, equal prices are equal value, and value is what the price has over the odds."""
    marked = [contender(runner) for runner, _ in enumerate(prices, 1)]
    race = value_race("1.1", "", marked, {runner: PriceNow(price, BACK) for runner, price in enumerate(prices, 1)})
    values = [one.value for one in race.horses if one.value is not None]
    assert len(values) == len(prices)
    for share in ("equal", "normalised", "adjusted"):
        assert abs(sum(getattr(value, share) for value in values) - 1) < Decimal("1e-24")
    for one in race.horses:
        assert one.value is not None
        assert one.now.price is not None
        expected = (one.now.price * one.value.adjusted - 1) * 100
        assert abs(one.value.value_percent - expected) < Decimal("1e-20")


def test_the_withdrawn_and_the_unmarked_do_not_count() -> None:
    marked = [contender(1), contender(2), contender(3), contender(4, is_contender=False)]
    prices = now("2", "4", "5", "6") | {3: PriceNow(is_out=True)}
    race = value_race("1.1", "York", marked, prices)
    assert {one.contender.selection_id: one.value and str(one.value.equal) for one in race.horses} == {
        1: "0.5",
        2: "0.5",
        3: None,
        4: None,
    }
    assert race.problem == ""
    assert [one.contender.selection_id for one in race.horses][-1] == 4


def test_without_every_price_there_is_no_table() -> None:
    race = value_race("1.1", "York", [contender(1), contender(2)], now("2"))
    assert race.problem == "no price for Horse 2: the others cannot be valued either"
    assert [one.value for one in race.horses] == [None, None]
    kept = value_race("1.1", "York", [contender(1), contender(2, price="4")], now("2"))
    assert kept.problem == ""
    assert {one.now.source for one in kept.horses} == {BACK, MARKED}
    none = value_race("1.1", "York", [contender(1, is_contender=False)], now("2"))
    assert none.problem == "no contender"
    # A price that was kept does not bring a withdrawn horse back.
    out = value_race("1.1", "York", [contender(1, price="4")], {1: PriceNow(is_out=True)})
    assert out.horses[0].now == PriceNow(is_out=True)


def book(**changes: Any) -> LiveMarket:
    values: dict[str, Any] = {
        "market_id": "1.1", "status": MarketStatus.OPEN, "in_play": False, "bet_delay": 0, "version": 1,
        "number_of_winners": 1, "runners": (), "published_at": OFF,
    }  # fmt: skip
    return LiveMarket(**values | changes)


def runner(selection_id: int = 1, **changes: Any) -> LiveRunner:
    values: dict[str, Any] = {
        "selection_id": selection_id,
        "status": RunnerStatus.ACTIVE,
        "back": (PriceSize(Decimal("3.5"), Decimal(10)), PriceSize(Decimal("3.4"), Decimal(10))),
        "last_traded": Decimal("3.6"),
    }
    return LiveRunner(**values | changes)


@pytest.mark.parametrize(
    ("market", "one", "starting", "expected"),
    [
        ({}, {}, None, PriceNow(Decimal("3.5"), BACK)),
        ({}, {"back": ()}, None, PriceNow(Decimal("3.6"), TRADED)),
        ({}, {"back": (), "last_traded": None}, None, PriceNow()),
        ({"in_play": True}, {}, "3.7", PriceNow(Decimal("3.7"), STARTING)),
        ({"status": MarketStatus.CLOSED}, {"status": RunnerStatus.LOSER}, "3.7", PriceNow(Decimal("3.7"), STARTING)),
        ({"in_play": True}, {}, None, PriceNow()),
        ({"status": MarketStatus.CLOSED}, {}, None, PriceNow()),
        ({"status": MarketStatus.SUSPENDED}, {"back": ()}, None, PriceNow(Decimal("3.6"), TRADED)),
        ({}, {"status": RunnerStatus.REMOVED}, "3.7", PriceNow(is_out=True)),
    ],
)
def test_the_price_that_stands_now(
    market: dict[str, Any], one: dict[str, Any], starting: str | None, expected: PriceNow
) -> None:
    assert live_price(book(**market), runner(**one), Decimal(starting) if starting else None) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, PriceNow(Decimal("3.5"), BACK)),
        ({"win": MarketPrices("1.1", Decimal("3.6"))}, PriceNow(Decimal("3.6"), TRADED)),
        ({"win": MarketPrices("1.1")}, PriceNow()),
        ({"win": None}, PriceNow()),
        ({"published_at": OFF}, PriceNow()),
        ({"published_at": OFF + MINUTE, "status": RunnerStatus.LOSER}, PriceNow()),
        ({"status": RunnerStatus.WINNER}, PriceNow()),
        ({"status": RunnerStatus.REMOVED}, PriceNow(is_out=True)),
    ],
)
def test_the_price_that_was_stored(changes: dict[str, Any], expected: PriceNow) -> None:
    row: dict[str, Any] = {
        "race_id": "1.1", "race_time": OFF, "course": "York", "selection_id": 1, "runner_name": "Horse 1",
        "status": RunnerStatus.ACTIVE, "win": MarketPrices("1.1", Decimal("3.6"), Decimal("3.5")), "place": None,
        "published_at": OFF - MINUTE,
    }  # fmt: skip
    assert stored_price(RunnerPrices(**row | changes)) == expected


def test_books_go_before_stored_prices() -> None:
    stored = RunnerPrices(
        race_id="1.1", race_time=OFF, course="York", selection_id=1, runner_name="Horse 1", status=None,
        win=MarketPrices("1.1", None, Decimal(9)), place=None, published_at=OFF - MINUTE,
    )  # fmt: skip
    (race,) = value_races([contender(1)], [stored], LivePrices(), {})
    assert (race.course, race.horses[0].now.price) == ("York", Decimal(9))
    (race,) = value_races([contender(1)], [stored], LivePrices(books=(book(runners=(runner(),)),)), {"1.1": "Ayr"})
    assert (race.course, race.horses[0].now.price) == ("Ayr", Decimal("3.5"))


def market(market_id: str, kind: str, venue: str, off: datetime = OFF) -> CatalogueMarket:
    names = ("1. Blue Moon", "Kingmaker")
    return CatalogueMarket(
        market_id=market_id, market_name="", market_type=kind, start=off, event_id=venue, event_name=venue,
        event_type_id="7", venue=venue, country_code="GB", base_rate=None, ladder="CLASSIC", is_each_way=False,
        runners=tuple(CatalogueRunner(at, name, at) for at, name in enumerate(names, 1)),
    )  # fmt: skip


class Prices:
    """Books: the second runner has no price, the market 1.3 is over."""

    def catalogue(self, wanted: MarketFilter) -> tuple[CatalogueMarket, ...]:
        raise AssertionError(wanted)

    def books(self, market_ids: Sequence[str]) -> tuple[LiveMarket, ...]:
        two = (runner(1), runner(2, back=(), last_traded=None))
        return tuple(
            book(market_id=one, runners=two, status=MarketStatus.CLOSED if one == "1.3" else MarketStatus.OPEN)
            for one in market_ids
        )

    def starting_prices(self, market_ids: Sequence[str]) -> dict[tuple[str, int], Decimal]:
        assert market_ids == ["1.3"], "the others are not off"
        return {("1.3", 1): Decimal("2.94")}


RACES = races_of(
    [market("1.1", "WIN", "York"), market("1.2", "PLACE", "York"), market("1.3", "WIN", "Ayr", OFF + MINUTE)]
)


def mark(**changes: Any) -> Mark:
    values: dict[str, Any] = {
        "is_contender": True, "race_time": OFF, "course": "york ", "horse": "blue moon", "place": Place("x.csv", 2, 1),
    }  # fmt: skip
    return Mark(**values | changes)


def test_marks_find_their_horses() -> None:
    by_id = mark(race_id="1.2", race_time=None, course=None, horse=None, selection_id=2, is_contender=False)
    found, courses, live = resolve_marks([mark(), by_id], RACES, Prices())
    assert found == (
        Contender("1.1", OFF, 1, "1. Blue Moon", is_contender=True, starting_price=Decimal("3.5")),
        Contender("1.1", OFF, 2, "Kingmaker", is_contender=False, starting_price=None),
    )
    assert courses == {"1.1": "York"}
    assert [one.market_id for one in live.books] == ["1.1"]
    (over,), _, _ = resolve_marks([mark(course="Ayr", race_time=OFF + MINUTE)], RACES, Prices())
    assert over.starting_price == Decimal("2.94")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"horse": "Kingmakr"}, "no horse `Kingmakr` in 1.1; did you mean `Kingmaker`?"),
        ({"horse": None, "selection_id": 7}, "no runner 7 in 1.1"),
        ({"course": "Yrok"}, "no race at `Yrok` in the exchange's catalogue; did you mean `York`?"),
        ({"race_time": OFF + MINUTE}, "no race at york  at 2026-05-02T14:11Z"),
        ({"race_id": "1.9"}, "no race with the market 1.9"),
    ],
)
def test_a_mark_that_names_nothing(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve_marks([mark(), mark(**changes), mark(horse="also wrong")], RACES, Prices())
    assert says in caught.value.render()
    assert "x.csv:2:1  S120" in caught.value.render()
    assert "no horse `also wrong`" in caught.value.render()


def test_a_horse_twice() -> None:
    with pytest.raises(UsageError, match=r"S109  1\. Blue Moon is marked twice"):
        resolve_marks([mark(), mark(horse=None, selection_id=1)], RACES, Prices())


HEAD = "race_time,course,horse,contender\n"


def test_a_file_of_marks(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(
        b"\xef\xbb\xbfcontender,horse,course,race_time\r\nContender,Blue Moon,York,2026-05-02T15:10+01:00\r\n\r\n"
        b'not-contender,"Quick, Step",York,2026-05-02T14:10Z\r\n'
    )
    one, two = read_mark_file(path)
    assert (one.is_contender, one.horse, one.course, one.race_time) == (True, "Blue Moon", "York", OFF)
    assert (two.is_contender, two.horse, two.place.line) == (False, "Quick, Step", 4)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "x.csv:1:1  S104  the columns are none"),
        ("race_time,course,horse\n", "They must be race_time, course, horse, contender."),
        (HEAD, "x.csv  S105  the file marks no horse"),
        (HEAD + "2026-05-02T14:10Z,York,Blue Moon\n", "x.csv:2:1  S103  3 cells, and the header has 4"),
        (HEAD + "2026-05-02T14:10Z,York,,contender\n", "S105  horse: missing"),
        (HEAD + "2026-05-02T14:10Z,York,A,maybe\n", "S107  contender: maybe is not one of contender, not-contender"),
        (HEAD + "14:10,York,A,contender\n", "S108  race_time: 14:10 is not an ISO 8601 time with a zone"),
        (HEAD + f"2026-05-02T14:10Z,York,{'A' * 101},contender\n", "S113  horse: too long"),
        (HEAD + '2026-05-02T14:10Z,York,"A\n', "S103  not CSV"),
    ],
)
def test_broken_files_are_told_with_their_place(text: str, says: str) -> None:
    with pytest.raises(SnapshotError) as caught:
        read_marks(text, "x.csv")
    assert says in caught.value.render()


def test_every_problem_of_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError) as caught:
        read_marks(HEAD + "14:10,York,A,contender\n2026-05-02T14:10Z,York,A,maybe\n", "x.csv")
    assert len(caught.value.diagnostics) == 2
    with pytest.raises(SnapshotError, match="S101"):
        read_mark_file(tmp_path / "nothing.csv")
    (tmp_path / "latin.csv").write_bytes(b"\xff")
    with pytest.raises(SnapshotError, match="S102  not UTF-8 text"):
        read_mark_file(tmp_path / "latin.csv")
