"""``policytrader contenders`` against a served exchange."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.app.morning import races_of
from policytrader.model.books import MarketFilter
from policytrader.wiring import open_exchange
from tests.cli.served_days import ServedDay, served_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from policytrader.app.race_names import Race
    from tests.cli.conftest import Ran, Run


@pytest.fixture
def day(tmp_path: Path) -> Iterator[ServedDay]:
    with served_day(tmp_path) as made:
        yield made


@pytest.fixture
def race(day: ServedDay) -> Race:
    with open_exchange(day.folder / "line.json", None) as trading:
        (found,) = races_of(trading.prices.catalogue(MarketFilter(market_types=("WIN", "PLACE"))))
    return found


@pytest.fixture
def contenders(run: Run, day: ServedDay) -> Callable[..., Ran]:
    return lambda *words: run(*day.arguments("contenders", *map(str, words)))


def horses(text: str) -> dict[str, dict[str, Any]]:
    (race,) = json.loads(text)["races"]
    return {horse["horse"]: horse for horse in race["horses"]}


def test_marked_listed_and_valued(contenders: Callable[..., Ran], race: Race, day: ServedDay, run: Run) -> None:
    one, two, three = race.win.runners[:3]
    ran = contenders(
        "mark", "--race", race.race_id, "--horse", one.runner_name.upper(), "--selection", two.selection_id
    )
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"PAPER  {day.facts['now'][:10]}  1 race with marked horses\n")
    assert f"{race.win.venue}  {race.race_id}  2 of 2 marked are contenders" in ran.out
    off = race.win.start.isoformat()
    named = ("--race-time", off, "--course", race.win.venue or "", "--horse", three.runner_name)
    told = horses(contenders("mark", *named, "--not", "--json").out)
    assert {name: horse["contender"] for name, horse in told.items()} == {
        one.runner_name: True,
        two.runner_name: True,
        three.runner_name: False,
    }
    assert {horse["price_from"] for horse in told.values()} == {"best back"}
    valued = [told[runner.runner_name] for runner in (one, two)]
    prices = [Decimal(horse["starting_price"]) for horse in valued]
    total = sum(1 / price for price in prices)
    for price, horse in zip(prices, valued, strict=True):
        adjusted = (Decimal("0.5") + 1 / price / total) / 2
        assert abs(Decimal(horse["adjusted_probability"]) - adjusted) < Decimal("0.000001")
        assert abs(Decimal(horse["value_percent"]) - (price * adjusted - 1) * 100) < Decimal("0.01")
    assert told[three.runner_name]["value_percent"] is None
    # The store alone knows the prices of the moment of marking.
    listed = run("-C", day.folder, "contenders", "list", day.facts["now"][:10], "--json")
    assert {horse["price_from"] for horse in horses(listed.out).values()} == {"as marked"}
    assert [horse["value_percent"] for horse in horses(listed.out).values()][:2] == sorted(
        (horse["value_percent"] for horse in valued), key=Decimal, reverse=True
    )


def test_the_price_is_of_now_and_then_the_starting_price(
    contenders: Callable[..., Ran], race: Race, day: ServedDay
) -> None:
    name = race.win.runners[0].runner_name
    first = horses(contenders("mark", "--race", race.race_id, "--horse", name, "--json").out)[name]
    day.server.host.advance(race.win.start - timedelta(minutes=2) - day.server.host.exchange.now)
    second = horses(contenders("list", "--json").out)[name]
    assert second["price_from"] == "best back"
    day.server.host.advance(timedelta(hours=1))
    third = horses(contenders("list", "--json").out)[name]
    assert third["price_from"] == "starting price"
    assert first["starting_price"] != second["starting_price"]


def test_a_file_of_marks(contenders: Callable[..., Ran], race: Race, day: ServedDay) -> None:
    head = f"{race.win.start.isoformat()},{race.win.venue}"
    names = [runner.runner_name for runner in race.win.runners]
    file = day.folder / "c.csv"
    text = f"race_time,course,horse,contender\n{head},{names[0]},contender\n{head},{names[1]},not-contender\n"
    file.write_text(text, "utf-8")
    told = horses(contenders("import", "c.csv", "--json").out)
    assert {name: horse["contender"] for name, horse in told.items()} == {names[0]: True, names[1]: False}
    file.write_text(text.replace(names[1], names[1][:-1]) + f"{head},{names[2]},perhaps\n", "utf-8")
    ran = contenders("import", "c.csv")
    assert (ran.code, ran.out) == (1, "")
    assert "c.csv:4:1  S107" in ran.err
    file.write_text(text.replace("not-contender", "contender").replace(names[1], names[1][:-1]), "utf-8")
    ran = contenders("import", "c.csv")
    assert (ran.code, ran.out) == (2, "")
    assert f"c.csv:3:1  S120  no horse `{names[1][:-1]}`" in ran.err
    assert f"did you mean `{names[1]}`?" in ran.err
    assert {name: horse["contender"] for name, horse in horses(contenders("list", "--json").out).items()} == {
        names[0]: True,
        names[1]: False,
    }


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("mark", "--horse", "A"), "name the race: --race MARKET, or --race-time ISO and --course NAME"),
        (("mark", "--horse", "A", "--course", "York"), "name the race"),
        (("mark", "--horse", "A", "--race", "1", "--race-time", "x", "--course", "York"), "name the race"),
        (("mark", "--race", "1.1"), "name a horse"),
        (("mark", "--horse", "A", "--race", "1.1"), "no race with the market 1.1 in the exchange's catalogue"),
        (("mark", "--horse", "A", "--race-time", "13:30", "--course", "York"), "--race-time 13:30: not an ISO 8601"),
        (("list", "tomorrow"), "tomorrow: not a date such as 2026-05-02"),
    ],
)
def test_what_cannot_be(
    words: tuple[str, ...], says: str, contenders: Callable[..., Ran], run: Run, day: ServedDay
) -> None:
    assert run("-C", day.folder, "db", "migrate").code == 0
    ran = contenders(*words)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err


def test_nothing_marked(contenders: Callable[..., Ran], run: Run, day: ServedDay) -> None:
    assert contenders("list").code == 4  # there is no store yet
    assert run("-C", day.folder, "db", "migrate").code == 0
    assert contenders("list").out == f"PAPER  {day.facts['now'][:10]}  0 races with marked horses\n"
