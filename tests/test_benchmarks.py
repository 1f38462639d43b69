"""What the benchmarks of the live path promise beside their figures; the figures are nobody's test."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import benchmarks.__main__ as program
from benchmarks import live_day, postgres, served, stream_to_order
from benchmarks.live_day import PARTS, REST, STORE_READS, WHOLE, NotMeasuredError, TradedDay, timed_orders
from benchmarks.postgres import empty_postgres
from benchmarks.served import Control as ServedControl
from benchmarks.stream_to_order import DECIDED, READINGS, StreamedDay, ask_for_more, command_for
from policytrader.adapters.simulated.prices import InMemoryPrices
from policytrader.app.desk import Desk
from policytrader.app.morning import Pick
from policytrader.errors import Place
from policytrader.model.journal import Control, ControlKind
from policytrader.model.price import TICK_OF
from policytrader.model.snapshot import MarketType, Side
from policytrader.ports import Store
from policytrader.simulation.exchange import SimulatedExchange
from policytrader.simulation.race_day import generate_race_day
from tests import postgres_server
from tests.postgres_server import NoPostgresError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RECORDS = {
    "acquire", "activate", "add_selections", "append_decisions", "append_events", "close", "finish", "invalidate",
    "mark_contenders", "mark_sent", "migrate", "move_race", "pull", "quarantine", "release", "renew", "reserve",
    "resolve", "revalidate", "settle", "store_policy", "store_prices", "update_positions", "update_sizes",
}  # fmt: skip


def test_every_method_of_a_store_is_read_or_recorded() -> None:
    methods = {name for name in dir(Store) if not name.startswith("_")}
    assert RECORDS.isdisjoint(STORE_READS)
    assert methods == RECORDS | STORE_READS


# --- A live tick ------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer races: the day is the same for whoever ticks it."""
    monkeypatch.setattr(live_day, "RACES", 4)
    monkeypatch.setattr(live_day, "PICKS", 16)
    monkeypatch.setattr(stream_to_order, "RACES", 4)


@pytest.mark.usefixtures("small_day")
def test_a_ticks_parts_sum_up_and_its_orders_are_counted(tmp_path: Path) -> None:
    with TradedDay(f"sqlite:///{tmp_path / 'bench.db'}") as day, timed_orders() as orders:
        first = day.begins + timedelta(hours=1)
        ticks = [day.tick(first + timedelta(seconds=15 * number), orders) for number in range(8)]
    sent = sum(len(tick.executed) for tick in ticks)
    assert sent > 0
    assert len(day.orders) == len(day.sent) == sent
    assert len(day.sending) == sum(bool(tick.executed) for tick in ticks)
    assert len(day.quiet[WHOLE]) >= 2
    for number, whole in enumerate(day.quiet[WHOLE]):
        parts = {name: day.quiet[name][number] for name in PARTS}
        assert sum(part.wall for part in parts.values()) == pytest.approx(whole.wall)
        assert all(part.wall > 0 for part in parts.values()), parts
        assert parts[REST].wall < whole.wall / 2, "most of a tick is known"


@pytest.mark.usefixtures("small_day")
def test_an_order_that_is_refused_is_none(tmp_path: Path) -> None:
    with TradedDay(f"sqlite:///{tmp_path / 'bench.db'}") as day, timed_orders() as orders:
        day._store.pull(Control(kind=ControlKind.PAUSE, at=day.begins, who="a test", why="to see it"))
        tick = day.tick(day.begins + timedelta(hours=1), orders)
    assert tick.refused
    assert orders == day.sending == []


@pytest.mark.usefixtures("small_day")
def test_what_was_watched_is_let_go() -> None:
    before = Desk.send
    with timed_orders():
        assert Desk.send is not before
    assert Desk.send is before


@pytest.mark.usefixtures("small_day")
def test_a_section_tells_which_store_did_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(postgres.VARIABLE, raising=False)
    monkeypatch.setattr(postgres_server, "find_programs", none_installed)
    section = live_day.measure_live_tick(3, 5)
    assert "PostgreSQL did not run: none is installed." in section.notes
    assert list(section.data) == ["SQLite"]
    assert section.data["SQLite"][WHOLE]["count"] + section.data["SQLite"]["tick that sends"]["count"] <= 12


@pytest.mark.usefixtures("small_day")
def test_days_that_sent_other_orders_are_not_compared(tmp_path: Path) -> None:
    days = {name: TradedDay(f"sqlite:///{tmp_path / name}.db") for name in ("one", "other")}
    with days["one"] as one, days["other"] as other, timed_orders() as orders:
        for day in (one, other):
            day.tick(day.begins + timedelta(hours=1), orders)
        other.sent.pop()
        with pytest.raises(NotMeasuredError, match="other orders"):
            live_day._require_comparable(days)


@pytest.mark.usefixtures("small_day")
def test_a_day_without_orders_is_no_measurement(tmp_path: Path) -> None:
    with (
        TradedDay(f"sqlite:///{tmp_path / 'bench.db'}") as day,
        pytest.raises(NotMeasuredError, match="0 of four kinds"),
    ):
        live_day._require_comparable({"SQLite": day})


def none_installed() -> None:
    message = "none is installed"
    raise NoPostgresError(message)


@pytest.mark.slow
def test_a_postgresql_of_our_own_waits_for_its_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(postgres.VARIABLE, raising=False)
    psycopg: Any = pytest.importorskip("psycopg")
    try:
        with empty_postgres() as url, psycopg.connect(url) as connection:
            settings = [connection.execute(f"SHOW {name}").fetchone() for name in ("fsync", "synchronous_commit")]
    except NoPostgresError as error:
        pytest.skip(f"needs a real PostgreSQL: {error}")
    assert settings == [("on",), ("on",)]


# --- Stream update to order -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", Side)
def test_a_pick_asks_for_more_than_is_offered_until_it_is_offered(side: Side) -> None:
    made = generate_race_day(7, 1)
    world = SimulatedExchange(made.now, made.feed())
    world.advance(made.now)
    market_id = next(iter(world.markets))
    (book,) = InMemoryPrices(world).books([market_id])
    runner = next(one for one in book.runners if one.back and one.lay)
    offered = (runner.back if side is Side.BACK else runner.lay)[0].price
    pick = ask_for_more(
        Pick(
            market_type=MarketType.WIN,
            side=side,
            price_requested=offered,
            stake_points=Decimal(1),
            market_id=market_id,
            selection_id=runner.selection_id,
            place=Place("test"),
        ),
        {market_id: book},
    )
    asked, told = pick.price_requested, command_for(pick)["book"]
    assert asked > offered if side is Side.BACK else asked < offered
    ((back, _),), ((lay, _),) = told["back"], told["lay"]
    assert Decimal(str(back if side is Side.BACK else lay)) == asked
    assert TICK_OF[Decimal(str(back))] < TICK_OF[Decimal(str(lay))]


@pytest.fixture
def streamed(small_day: None) -> Iterator[StreamedDay]:  # noqa: ARG001 - the day that it is a small one of
    with StreamedDay() as day:
        day.wake_up()
        yield day


@pytest.mark.slow
def test_each_sample_is_one_order(streamed: StreamedDay) -> None:
    for _ in range(3):
        sample = streamed.take_sample()
        parts = sample.parts()
        assert all(part.wall > 0 for part in parts.values()), parts
        whole = sum(parts[name].wall for name in stream_to_order.PARTS)
        assert whole == pytest.approx(parts[stream_to_order.WHOLE].wall)
        assert sum(parts[name].wall for name in READINGS) == pytest.approx(parts[DECIDED].wall)
        streamed.settle_down()
    streamed.require_nothing_else(3)
    with pytest.raises(NotMeasuredError, match="4 samples: the exchange has 3 orders"):
        streamed.require_nothing_else(4)


@pytest.mark.slow
def test_a_sample_without_an_order_is_none(streamed: StreamedDay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_to_order, "PATIENCE_SECONDS", 1.0)
    told = ServedControl.send

    def too_short(control: ServedControl, command: dict[str, Any]) -> None:
        book = command["book"]
        nearly = {name: [[1.02 if name == "back" else 1000, 2]] for name in ("back", "lay")}
        told(control, {"book": book | nearly})

    monkeypatch.setattr(ServedControl, "send", too_short)
    with pytest.raises(NotMeasuredError, match="brought no order"):
        streamed.take_sample()


@pytest.mark.slow
def test_an_exchange_that_does_not_start_is_told() -> None:
    with pytest.raises(NotMeasuredError, match=r"did not start.*races"), served.served_exchange(7, 0):
        pass


def test_what_was_not_measured_ends_the_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        message = "no order"
        raise NotMeasuredError(message)

    monkeypatch.setattr(program, "_plan", lambda **_: [fail])
    assert program.main(["--quick"]) == 1
    assert "could not run: no order" in capsys.readouterr().err
