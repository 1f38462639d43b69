"""Real recordings, read where they lie: the facts of ``betfair.md`` 6.3, and a second derivation of the books.

The second derivation shares no line with the importer: it replays each file from its start with ``json`` and exact
decimals, and keeps whole ladders as sorted lists.
"""

from __future__ import annotations

import bz2
import gzip
import json
import random
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.adapters.recordings.as_of import snapshot_at
from policytrader.adapters.recordings.importer import import_recording
from policytrader.adapters.recordings.picks import Pick
from policytrader.adapters.recordings.tables import plain_rows, read_rows
from policytrader.errors import RecordingError
from policytrader.model.snapshot import MarketType, RunnerStatus, Side, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policytrader.adapters.recordings.reports import ImportReport

HORSE_WIN, HORSE_PLACE, BASIC = "1.206064380", "1.205822330", "1.132153978"
DOG_WIN, DOG_PLACE, IMAGE = "1.197931750", "1.197931751", "1.185781457"
SAMPLES = 50


@pytest.fixture(scope="module")
def streams(shared_data: Path) -> Path:
    return shared_data / "betfair" / "streams"


@pytest.fixture(scope="module")
def recording(streams: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ImportReport]:
    """All recordings in one folder."""
    folder = tmp_path_factory.mktemp("recorded")
    files = sorted(path for path in streams.iterdir() if "catalogue" not in path.name)
    return folder, import_recording(files, folder)


def rows(folder: Path, market: str, table: str) -> list[dict[str, Any]]:
    (found,) = folder.glob(f"day=*/market={market}")
    return plain_rows(read_rows(sorted(found.glob(f"{table}-*.parquet"))))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def pick(market: str, selection_id: int, market_type: MarketType = MarketType.WIN) -> Pick:
    return Pick("a", market, market_type, selection_id, Side.BACK, Decimal(3))


def snapshot(folder: Path, at: str, captured_at: str, one: Pick) -> Snapshot:
    return snapshot_at(folder, utc(at), utc(captured_at), (one,))


def test_every_file_is_read_to_its_end(recording: tuple[Path, ImportReport], shared_data: Path) -> None:
    _, report = recording
    facts = {
        Path(one["file"]).name: one
        for one in json.loads((shared_data / "betfair/manifest.json").read_text())["streams"]
    }
    assert report.errors == ()
    assert {Path(one.file).name: (one.markets, one.updates) for one in report.files} == {
        name: ((one["market_id"],), one["updates"]) for name, one in facts.items()
    }


def test_win_market_with_the_removal_of_a_short_price(recording: tuple[Path, ImportReport]) -> None:
    folder, _ = recording
    gone = [row for row in rows(folder, HORSE_WIN, "runners") if row["selection_id"] == 39540410]
    (removed,) = (row for row in gone if row["status"] == "REMOVED" and row["removed_at"])
    assert removed["removed_at"] == utc("2022-11-06T20:54:26Z")
    assert removed["adjustment_factor"] == Decimal("30.01")
    assert removed["best_back"] is None
    standing = [row["best_back"] for row in gone if row["best_back"] is not None and row["best_back"] > Decimal("1.01")]
    assert standing[-1] == Decimal("3.4")
    states = rows(folder, HORSE_WIN, "states")
    counts = [row["number_of_active_runners"] for row in states]
    assert [one for one, before in zip(counts, [None, *counts], strict=False) if one != before] == [13, 12, 0]
    assert [(row["status"], row["version"]) for row in states if row["published_at"] < utc("2022-11-06T21:00:00Z")] == [
        ("OPEN", 4893767901),
        ("SUSPENDED", 4896820785),
        ("SUSPENDED", 4896820785),
        ("OPEN", 4896820847),
    ]


def test_place_market_with_three_removals(recording: tuple[Path, ImportReport]) -> None:
    folder, _ = recording
    states = rows(folder, HORSE_PLACE, "states")
    counts = [row["number_of_active_runners"] for row in states]
    assert [one for one, before in zip(counts, [None, *counts], strict=False) if one != before] == [17, 16, 15, 14, 0]
    assert {row["number_of_winners"] for row in states} == {3}
    removals = {
        (row["selection_id"], row["removed_at"], row["adjustment_factor"])
        for row in rows(folder, HORSE_PLACE, "runners")
        if row["status"] == "REMOVED"
    }
    assert removals == {
        (2329545, utc("2022-10-31T07:39:36Z"), Decimal("27.58")),
        (49808340, utc("2022-10-31T21:18:59Z"), Decimal("8.37")),
        (42011335, utc("2022-10-31T22:52:32Z"), Decimal("2.41")),
    }


@pytest.mark.parametrize(
    ("market", "selection_id", "removed_at", "last_best_back"),
    [
        (HORSE_WIN, 39540410, "2022-11-06T20:54:26Z", "3.4"),
        (HORSE_PLACE, 2329545, "2022-10-31T07:39:36Z", "1.3"),
        (HORSE_PLACE, 49808340, "2022-10-31T21:18:59Z", "4.3"),
        (HORSE_PLACE, 42011335, "2022-10-31T22:52:32Z", "6.6"),
    ],
)
def test_snapshots_around_a_removal(
    recording: tuple[Path, ImportReport], market: str, selection_id: int, removed_at: str, last_best_back: str
) -> None:
    folder, _ = recording
    market_type = MarketType.WIN if market == HORSE_WIN else MarketType.PLACE
    one = pick(market, selection_id, market_type)
    before = utc(removed_at) - timedelta(seconds=5)
    found = snapshot_at(folder, utc(removed_at) + timedelta(minutes=1), before, (one,))
    (live,) = (row for row in found.runners if row.selection_id == selection_id)
    assert (live.status, live.best_back, live.best_lay) == (RunnerStatus.REMOVED, None, None)
    assert live.removed_at == utc(removed_at)
    (captured,) = (row for row in found.reference if row.selection_id == selection_id)
    assert captured.status is RunnerStatus.ACTIVE
    # A race's reference is its WIN market: where only PLACE was recorded there is none.
    assert captured.reference_price == (Decimal(last_best_back) if market == HORSE_WIN else None)
    (then,) = (row for row in snapshot_at(folder, before, before, (one,)).runners if row.selection_id == selection_id)
    assert (then.status, then.best_back) == (RunnerStatus.ACTIVE, Decimal(last_best_back))


def test_last_traded_only_recording(recording: tuple[Path, ImportReport]) -> None:
    folder, _ = recording
    found = rows(folder, BASIC, "runners")
    assert {row[name] for row in found for name in ("best_back", "best_lay")} == {None}
    shot = snapshot(folder, "2017-06-14T09:30:00Z", "2017-06-14T07:02:00Z", pick(BASIC, 12115648))
    removed = {(row.selection_id, row.adjustment_factor) for row in shot.runners if row.status is RunnerStatus.REMOVED}
    assert {factor for _, factor in removed} == {Decimal("7.14"), Decimal("5.55")}
    assert {row.number_of_runners for row in shot.reference} == {13}
    # The last traded price stands in; a removal has reduced it to one that is on no ladder.
    prices = {row.selection_id: row.reference_price for row in shot.reference}
    assert prices[12115648] == Decimal("3.57")


def test_win_and_place_market_of_one_race(recording: tuple[Path, ImportReport]) -> None:
    folder, _ = recording
    shot = snapshot(folder, "2022-04-19T18:25:00Z", "2022-04-19T18:24:40Z", pick(DOG_PLACE, 44331354, MarketType.PLACE))
    assert [(market.market_id, market.number_of_winners) for market in shot.markets] == [(DOG_WIN, 1), (DOG_PLACE, 2)]
    assert {market.race_id for market in shot.markets} == {"31389771@2022-04-19T18:26:00Z"}
    assert {market.course for market in shot.markets} == {"Sheffield"}
    assert len(shot.runners) == 12
    assert len(shot.reference) == 6
    assert all(row.reference_price for row in shot.reference)


def test_pretty_printed_image_of_a_race_with_seven_left(recording: tuple[Path, ImportReport]) -> None:
    folder, _ = recording
    shot = snapshot(folder, "2021-07-30T03:54:00Z", "2021-07-30T03:54:00Z", pick(IMAGE, 17427522))
    statuses = [row.status for row in shot.runners]
    assert (statuses.count(RunnerStatus.ACTIVE), statuses.count(RunnerStatus.REMOVED)) == (7, 1)
    assert {row.number_of_runners for row in shot.reference} == {7}
    assert shot.markets[0].published_at == utc("2021-07-30T03:53:22.953Z")


def test_cricket_is_imported_and_not_bet_on(recording: tuple[Path, ImportReport]) -> None:
    folder, _ = recording
    assert {row["market_type"] for row in rows(folder, "1.200806927", "states")} == {"MATCH_ODDS"}
    with pytest.raises(RecordingError, match="is of type MATCH_ODDS: only WIN and PLACE"):
        snapshot(folder, "2022-07-10T00:00:00Z", "2022-07-09T00:00:00Z", pick("1.200806927", 228749))


# --- A second derivation --------------------------------------------------------------------------------------------

Book = tuple[Decimal | None, Decimal | None, Decimal | None, Decimal | None, Decimal | None]


def messages(path: Path) -> Iterator[dict[str, Any]]:
    unpacked = (bz2.decompress if path.suffix == ".bz2" else gzip.decompress)(path.read_bytes())
    for line in unpacked.splitlines():
        yield json.loads(line, parse_float=Decimal, parse_int=Decimal)


class SlowMarket:
    """A market whose ladders are plain lists, rewritten at every change."""

    def __init__(self) -> None:
        self.ladders: dict[tuple[int, str], list[tuple[Decimal, Decimal]]] = {}
        self.traded: dict[int, Decimal] = {}
        self.statuses: dict[int, str] = {}

    def apply(self, change: dict[str, Any]) -> None:
        if change.get("img"):
            self.ladders.clear()
            self.traded.clear()
        if "marketDefinition" in change:
            self.statuses = {int(one["id"]): one["status"] for one in change["marketDefinition"]["runners"]}
        for delta in change.get("rc", []):
            one = int(delta["id"])
            for side in ("atb", "atl"):
                for price, size in delta.get(side, []):
                    rest = [level for level in self.ladders.get((one, side), []) if level[0] != price]
                    self.ladders[one, side] = sorted(rest + [(price, size)] * (size != 0))
            if "ltp" in delta:
                self.traded[one] = delta["ltp"]

    def books(self) -> dict[int, Book]:
        return {one: self._book(one, status) for one, status in self.statuses.items()}

    def _book(self, one: int, status: str) -> Book:
        back, lay = ([] if status == "REMOVED" else self.ladders.get((one, side), []) for side in ("atb", "atl"))
        best_back = back[-1] if back else (None, None)
        best_lay = lay[0] if lay else (None, None)
        return (*best_back, *best_lay, self.traded.get(one))


def replayed(path: Path, moments: list[int]) -> list[dict[int, Book]]:
    """The books at each moment (milliseconds, rising)."""
    market = SlowMarket()
    waiting = iter(messages(path))
    message = next(waiting, None)
    found = []
    for moment in moments:
        while message is not None and message["pt"] <= moment:
            for change in message["mc"]:
                market.apply(change)
            message = next(waiting, None)
        found.append(market.books())
    return found


@pytest.mark.parametrize(
    "name",
    [
        "cricket-match-odds-in-1.180305278-volume.bz2",
        "greyhound-win-gb-1.197931750.gz",
        "horse-place-au-1.205822330-three-removals.bz2",
        "horse-win-au-1.206064380-short-price-removal.bz2",
        "horse-win-gb-1.132153978-basic-two-removals.gz",
    ],
)
def test_books_equal_a_second_derivation(recording: tuple[Path, ImportReport], streams: Path, name: str) -> None:
    folder, _ = recording
    market = next(part for part in name.replace(".gz", "").replace(".bz2", "").split("-") if part.startswith("1."))
    published = sorted({int(message["pt"]) for message in messages(streams / name)})
    moments = sorted(random.Random(name).sample(published, SAMPLES))  # noqa: S311 - a sample, no secret
    expected = replayed(streams / name, moments)

    by_runner: dict[int, list[dict[str, Any]]] = {}
    for row in rows(folder, market, "runners"):
        by_runner.setdefault(row["selection_id"], []).append(row)
    columns = ("best_back", "best_back_size", "best_lay", "best_lay_size", "last_traded")
    for moment, books in zip(moments, expected, strict=True):
        at = datetime.fromtimestamp(moment // 1000, UTC) + timedelta(milliseconds=moment % 1000)
        found = {}
        for selection_id, changes in by_runner.items():
            index = bisect_right(changes, at, key=lambda row: row["published_at"])
            found[selection_id] = tuple(changes[index - 1][column] for column in columns)
        assert found == books, at


def test_rows_are_one_per_instant_and_each_changes_something(recording: tuple[Path, ImportReport]) -> None:
    folder, _ = recording
    previous: dict[int, dict[str, Any]] = {}
    found = rows(folder, HORSE_WIN, "runners")
    assert all(one["published_at"] <= other["published_at"] for one, other in pairwise(found))
    for row in found:
        before = previous.get(row["selection_id"])
        if before is not None:
            assert before["published_at"] < row["published_at"]
            told = {name for name in row if row[name] != before[name]} - {"published_at", "traded_volume"}
            assert told
        previous[row["selection_id"]] = row
