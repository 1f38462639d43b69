"""``policytrader exchange picks``: sample picks for the day that is served."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from policytrader.app.morning import races_of
from policytrader.app.pick_file import read_picks
from policytrader.app.sample_picks import DEFAULT_POINTS, HEADER, picks_csv, sample_picks
from policytrader.model.books import MarketFilter
from policytrader.model.price import TICK_OF
from policytrader.model.snapshot import MarketType, Side
from policytrader.wiring import open_exchange
from tests.cli.served_days import ServedDay, served_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policytrader.app.morning import Pick
    from policytrader.app.race_names import Race
    from policytrader.model.books import LiveMarket
    from tests.cli.conftest import Run

RACES = 6


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedDay]:
    with served_day(tmp_path_factory.mktemp("picks"), races=RACES) as made:
        yield made


@pytest.fixture(scope="module")
def shown(day: ServedDay) -> tuple[tuple[Race, ...], dict[str, LiveMarket]]:
    with open_exchange(day.folder / "line.json", None) as trading:
        races = races_of(trading.prices.catalogue(MarketFilter(market_types=("WIN", "PLACE"))))
        ids = [market.market_id for race in races for kind in MarketType if (market := race.market(kind)) is not None]
        return races, {book.market_id: book for book in trading.prices.books(ids)}


def chosen(shown: tuple[tuple[Race, ...], dict[str, LiveMarket]], seed: int, per_market: int = 2) -> tuple[Pick, ...]:
    races, books = shown
    return sample_picks(races, books, seed=seed, per_market=per_market)


@pytest.mark.parametrize("per_market", [1, 2, 3])
def test_every_market_and_all_four_kinds(
    shown: tuple[tuple[Race, ...], dict[str, LiveMarket]], per_market: int
) -> None:
    picks = chosen(shown, 3, per_market)
    assert Counter(pick.market_id for pick in picks) == dict.fromkeys(shown[1], per_market)
    kinds = Counter((pick.side, pick.market_type) for pick in picks)
    assert set(kinds) == {(side, kind) for side in Side for kind in MarketType}
    assert max(kinds.values()) - min(kinds.values()) <= RACES // 2
    assert len({(pick.market_id, pick.selection_id) for pick in picks}) == len(picks), "no runner against itself"


@pytest.mark.parametrize("seed", range(20))
def test_prices_stand_near_what_is_offered(shown: tuple[tuple[Race, ...], dict[str, LiveMarket]], seed: int) -> None:
    for pick in chosen(shown, seed):
        (runner,) = (one for one in shown[1][str(pick.market_id)].runners if one.selection_id == pick.selection_id)
        offered = (runner.back if pick.side is Side.BACK else runner.lay)[0].price
        assert abs(TICK_OF[pick.price_requested] - TICK_OF[offered]) <= 3
        assert pick.stake_points == DEFAULT_POINTS


def test_most_can_be_had_at_once_and_the_others_are_waited_for(
    shown: tuple[tuple[Race, ...], dict[str, LiveMarket]],
) -> None:
    met: Counter[tuple[Side, bool]] = Counter()
    for pick in (one for seed in range(20) for one in chosen(shown, seed)):
        (runner,) = (one for one in shown[1][str(pick.market_id)].runners if one.selection_id == pick.selection_id)
        is_back = pick.side is Side.BACK
        offered = (runner.back if is_back else runner.lay)[0].price
        met[pick.side, offered >= pick.price_requested if is_back else offered <= pick.price_requested] += 1
    for side in Side:
        assert 6 < 10 * met[side, True] / (met[side, True] + met[side, False]) < 8


def test_a_seed_is_a_choice(shown: tuple[tuple[Race, ...], dict[str, LiveMarket]]) -> None:
    assert chosen(shown, 3) == chosen(shown, 3)
    assert chosen(shown, 3) != chosen(shown, 4)


def test_what_is_written_is_what_is_read(shown: tuple[tuple[Race, ...], dict[str, LiveMarket]]) -> None:
    picks = chosen(shown, 5)
    text = picks_csv(picks)
    assert tuple(text.splitlines()[0].split(",")) == HEADER
    read = read_picks(text, "picks.csv")
    assert [one.selection_id for one in read] == [one.selection_id for one in picks]
    assert [(one.price_requested, one.side, one.race_time, one.horse) for one in read] == [
        (one.price_requested, one.side, one.race_time, one.horse) for one in picks
    ]


def test_the_command_writes_a_file_that_is_imported(day: ServedDay, run: Run) -> None:
    ran = run(*day.arguments("exchange", "picks", "--out", "mine.csv", "--per-market", "1"))
    assert (ran.code, ran.out) == (0, "")
    assert f"wrote 12 picks to {day.folder / 'mine.csv'}" in ran.err
    told = json.loads(run(*day.arguments("select", "import", "mine.csv", "--json")).out)["selections"]
    assert len(told) == 12
    on_screen = run(*day.arguments("exchange", "picks", "--per-market", "1"))
    assert on_screen.out == (day.folder / "mine.csv").read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO(on_screen.out)))
    assert {Decimal(row["stake_points"]) for row in rows} == {DEFAULT_POINTS}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--per-market", "0"), "--per-market"),
        (("--seed", "-1"), "--seed"),
        (("--out", "no/such/folder.csv"), "cannot be written"),
    ],
)
def test_wrong_usage(words: tuple[str, ...], said: str, day: ServedDay, run: Run) -> None:
    ran = run(*day.arguments("exchange", "picks", *words))
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_a_day_that_is_over_has_no_picks(tmp_path: Path, run: Run) -> None:
    with served_day(tmp_path) as over:
        over.server.host.advance(timedelta(hours=14))
        ran = run(*over.arguments("exchange", "picks"))
    assert (ran.code, ran.out) == (2, "")
    assert "the day that is served is over" in ran.err
