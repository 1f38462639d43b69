"""Written is read: any snapshot in any form; and nothing is lost or overwritten by accident."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policytrader.adapters.snapshots import read_snapshot, write_snapshot
from policytrader.errors import SnapshotError, UsageError
from policytrader.model.price import PRICES
from policytrader.model.snapshot import (
    Market,
    MarketStatus,
    MarketType,
    Order,
    OrderStatus,
    ReferenceRunner,
    Runner,
    RunnerStatus,
    Selection,
    Side,
    Snapshot,
)
from tests.adapters.snapshots.folders import write_folder

FORMATS: tuple[Literal["csv", "parquet", "json"], ...] = ("csv", "parquet", "json")

# Letters that files, shells and spreadsheets stumble over.
LETTERS = "aZ019 ,;\"'\\=+-@#:{}[]<>|`%$&éß漢😀\u0301\u00a0"
texts = st.none() | st.text(LETTERS, min_size=1, max_size=12)
titles = st.text(LETTERS.replace("\u00a0", ""), max_size=12)
identifiers = st.text("abcXYZ0189.,;\"'-_:é", min_size=1, max_size=6)
times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - bounds have no zone
ids = st.integers(0, 2**63 - 1)
counts = st.none() | st.integers(0, 1000)


def decimals(low: str, high: str, places: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(Decimal(low), Decimal(high), places=places, allow_nan=False, allow_infinity=False)


prices = st.sampled_from(PRICES)
any_prices = decimals("1.01", "1000", 2)
sizes = decimals("0", "10000000", 2)


@st.composite
def orders(draw: st.DrawFn, number: int) -> Order:
    status = draw(st.sampled_from(OrderStatus))
    size = draw(decimals("0.01", "10000000", 2))
    matched = draw(st.just(Decimal(0)) | decimals("0", str(size), 2))
    averages = decimals("1.00000001", "1000", 8)
    if status is OrderStatus.UNKNOWN:
        average = draw(st.none() | averages) if matched else None
    else:
        average = draw(averages) if matched else None
    return Order(
        draw(st.none() | st.just(f"o{number}")),
        draw(identifiers),
        draw(ids),
        draw(st.sampled_from(Side)),
        draw(prices),
        size,
        matched,
        average,
        draw(decimals("0", str(size - matched), 2) if status is OrderStatus.EXECUTABLE else sizes),
        status,
        draw(st.none() | times),
    )


@st.composite
def runners(draw: st.DrawFn, market_id: str, selection_id: int) -> Runner:
    best_lay, best_back = draw(st.none() | prices), draw(st.none() | prices)
    if best_back is not None and best_lay is not None and best_back >= best_lay:
        best_lay = None
    return Runner(
        market_id,
        selection_id,
        draw(texts),
        draw(st.none() | st.sampled_from(RunnerStatus)),
        best_back,
        draw(st.none() | sizes),
        best_lay,
        draw(st.none() | sizes),
        draw(st.none() | any_prices),
        draw(st.none() | decimals("0", "100", 5)),
        draw(st.none() | times),
    )


@st.composite
def selections(draw: st.DrawFn, number: int, market: Market) -> Selection:
    return Selection(
        f"s{number}",
        market.race_id,
        draw(times),
        market.market_id,
        market.market_type,
        draw(ids) // 8 * 8 + number,
        draw(texts),
        draw(st.sampled_from(Side)),
        draw(any_prices),
        draw(decimals("0.0001", "1000", 4)),
        draw(st.none() | st.just("nowhere")),
        draw(st.booleans()),
        draw(texts),
        draw(st.booleans()),
    )


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    market_ids = draw(st.lists(identifiers, max_size=3, unique_by=str.casefold))
    markets = tuple(
        Market(
            market_id,
            draw(identifiers),
            draw(st.sampled_from(MarketType)),
            draw(st.none() | st.sampled_from(MarketStatus)),
            draw(st.booleans()),
            draw(st.none() | ids),
            draw(counts),
            draw(st.none() | times),
            draw(texts),
        )
        for market_id in market_ids
    )
    keys = draw(st.lists(st.tuples(st.sampled_from(market_ids), ids), max_size=4, unique=True)) if markets else []
    capture = (draw(identifiers), draw(identifiers), draw(st.none() | times), draw(counts))
    captured = [
        ReferenceRunner(
            *capture,
            selection_id,
            draw(texts),
            draw(st.none() | st.sampled_from(RunnerStatus)),
            draw(st.none() | any_prices),
        )
        for selection_id in draw(st.lists(ids, max_size=3, unique=True))
        if capture[0] != "nowhere"
    ]
    count = draw(st.integers(0, 3)) if markets else 0
    picks = [draw(selections(number, draw(st.sampled_from(markets)))) for number in range(count)]
    return Snapshot(
        draw(times),
        tuple(picks),
        tuple(captured),
        markets,
        tuple(draw(runners(*key)) for key in keys),
        tuple(draw(orders(number)) for number in range(draw(st.integers(0, 3)))),
        title=draw(titles),
        why=draw(titles),
        policy=draw(st.none() | st.just("../rules")),
    )


@settings(max_examples=60)
@given(snapshots(), st.sampled_from(FORMATS))
def test_any_snapshot_comes_back_as_it_was(snapshot: Snapshot, form: Literal["csv", "parquet", "json"]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_snapshot(snapshot, folder, form)
        again = read_snapshot(folder)
        assert again == snapshot
        assert again.hash == snapshot.hash
        assert len(list(Path(folder).iterdir())) == 6


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    return read_snapshot(write_folder(tmp_path / "small"))


def test_forms_replace_each_other_and_other_files_stay(tmp_path: Path, snapshot: Snapshot) -> None:
    folder = tmp_path / "small"
    (folder / "expected.json").write_text("{}")
    for form in FORMATS:
        write_snapshot(snapshot, folder, form)
        names = {"snapshot.yaml", "expected.json"}
        names |= {f"{name}.{form}" for name in ("selections", "reference", "markets", "runners", "orders")}
        assert {path.name for path in folder.iterdir()} == names
        assert read_snapshot(folder) == snapshot


def test_new_folders_are_made_and_an_empty_one_is_filled(tmp_path: Path, snapshot: Snapshot) -> None:
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "deep" / "new"):
        write_snapshot(snapshot, str(folder))
        assert read_snapshot(folder) == snapshot


def test_written_twice_is_the_same_bytes(tmp_path: Path, snapshot: Snapshot) -> None:
    for form in FORMATS:
        write_snapshot(snapshot, tmp_path / "one", form)
        write_snapshot(read_snapshot(tmp_path / "one"), tmp_path / "two", form)
        for path in (tmp_path / "one").iterdir():
            assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_a_folder_with_other_things_is_not_written_into(tmp_path: Path, snapshot: Snapshot) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "thesis.txt").write_text("x")
    with pytest.raises(SnapshotError, match=r"thesis\.txt") as refused:
        write_snapshot(snapshot, folder)
    assert refused.value.diagnostics[0].code == "S102"
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]


def test_a_half_written_folder_is_no_snapshot_and_may_be_written_again(tmp_path: Path, snapshot: Snapshot) -> None:
    folder = tmp_path / "small"
    (folder / "snapshot.yaml").unlink()
    (folder / ".writing-x").mkdir()
    with pytest.raises(SnapshotError, match="S101"):
        read_snapshot(folder)
    write_snapshot(snapshot, folder)
    assert read_snapshot(folder) == snapshot


def test_what_could_not_be_read_is_not_written(tmp_path: Path, snapshot: Snapshot) -> None:
    order = snapshot.orders[0]
    broken = [
        replace(snapshot, orders=(order._replace(price=Decimal("8.1")),)),
        replace(snapshot, orders=(order._replace(price=Decimal("NaN")),)),
        replace(snapshot, orders=(order._replace(order_ref=""),)),
        replace(snapshot, orders=(order._replace(average_price_matched=Decimal("8.123456789")),)),
        replace(snapshot, orders=(order._replace(placed_at=datetime(2026, 5, 2)),)),  # noqa: DTZ001 - the fault
        replace(snapshot, orders=(order, order)),
        replace(snapshot, markets=(snapshot.markets[0]._replace(course="As\ncot"),)),
        replace(snapshot, now=snapshot.now - timedelta(days=36_525)),
        replace(snapshot, title="a\nb"),
    ]
    for one in broken:
        for form in FORMATS:
            with pytest.raises(SnapshotError) as refused:
                write_snapshot(one, tmp_path / "new", form)
            assert str(tmp_path / "new") in refused.value.diagnostics[0].place.file
            assert ".writing" not in str(refused.value)
            assert not (tmp_path / "new").exists()


def test_a_failure_leaves_the_old_snapshot(tmp_path: Path, snapshot: Snapshot) -> None:
    with pytest.raises(SnapshotError):
        write_snapshot(replace(snapshot, title="a\nb"), tmp_path / "small", "json")
    assert read_snapshot(tmp_path / "small") == snapshot
    assert len(list((tmp_path / "small").iterdir())) == 6


def test_a_place_that_cannot_be_written(tmp_path: Path, snapshot: Snapshot) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(SnapshotError):
            write_snapshot(snapshot, folder)
    with pytest.raises(UsageError, match="xlsx"):
        write_snapshot(snapshot, tmp_path / "new", "xlsx")  # type: ignore[arg-type]
