"""Recordings as events: the same books as other readers of the same files, and every form in which files come."""

from __future__ import annotations

import bz2
import gzip
import json
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import betfairlightweight
import pytest
from betfairlightweight import StreamListener

from policytrader.adapters.recordings.importer import import_recording
from policytrader.adapters.recordings.playback import first_time, read_events
from policytrader.adapters.recordings.tables import plain_rows, read_rows
from policytrader.errors import Diagnostic, RecordingError
from policytrader.model.price import PRICES, TICK_OF
from policytrader.model.snapshot import MarketStatus, RunnerStatus
from policytrader.simulation.events import Event, Quote, Redefine
from tests.adapters.recordings.streams import (
    PLACE,
    WIN,
    change,
    definition,
    image,
    lines,
    message,
    moment,
    runner,
    write,
)
from tests.recordings import BASIC, DEEP, IMAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from policytrader.simulation.definition import MarketDefinition

Ladder = dict[int, int]


@dataclass
class Book:
    """One runner as its quotes tell it."""

    back: Ladder = field(default_factory=dict)
    lay: Ladder = field(default_factory=dict)
    traded: Ladder = field(default_factory=dict)
    last: Decimal | None = None


class Cache:
    """The plainest reader of events: whole ladders as dictionaries."""

    def __init__(self) -> None:
        self.books: dict[tuple[str, int], Book] = {}
        self.definitions: dict[str, MarketDefinition] = {}

    def apply(self, event: Event) -> None:
        match event:
            case Redefine():
                self.definitions[event.definition.market_id] = event.definition
            case Quote():
                book = self.books.setdefault((event.market_id, event.selection_id), Book())
                for ladder, levels in ((book.back, event.back), (book.lay, event.lay)):
                    if event.replaces and levels is not None:
                        ladder.clear()
                    put(ladder, levels or ())
                put(book.traded, event.traded or ())
                book.last = event.last_traded or book.last
            case _:
                pytest.fail(f"a recording has no {event!r}")

    def prices(self, selection_id: int, market: str = WIN) -> tuple[dict[str, float], dict[str, float]]:
        """What is available to back and to lay, by price."""
        book = self.books[market, selection_id]
        shown = [
            {str(PRICES[tick].normalize()): size / 100 for tick, size in side.items()} for side in (book.back, book.lay)
        ]
        return shown[0], shown[1]


def put(ladder: Ladder, levels: Iterable[tuple[int, int]]) -> None:
    for tick, size in levels:
        if size:
            ladder[tick] = size
        else:
            ladder.pop(tick, None)


def played(*paths: Path) -> Cache:
    cache = Cache()
    for event in read_events(paths):
        cache.apply(event)
    return cache


def played_messages(folder: Path, *messages: object) -> Cache:
    return played(write(folder / "stream.json", *messages))


def ladder(**levels: float) -> dict[str, float]:
    return {price.replace("_", ".").lstrip("p"): size for price, size in levels.items()}


# --- Real recordings ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def streams(shared_data: Path) -> Path:
    return shared_data / "betfair" / "streams"


def raw_messages(path: Path) -> Iterator[dict[str, Any]]:
    unpack = {".bz2": bz2.decompress, ".gz": gzip.decompress}[path.suffix]
    for line in unpack(path.read_bytes()).splitlines():
        yield json.loads(line, parse_float=Decimal, parse_int=Decimal)


def second_derivation(path: Path) -> Iterator[tuple[datetime, dict[int, Book]]]:
    """After each message: books by selection, of ``json`` and exact decimals alone."""
    books: dict[int, Book] = {}
    volumes: dict[int, dict[Decimal, Decimal]] = {}
    for one in raw_messages(path):
        for part in one["mc"]:
            if part.get("img"):
                books.clear()
                volumes.clear()
            for delta in part.get("rc", []):
                book = books.setdefault(int(delta["id"]), Book())
                for name, side in (("atb", book.back), ("atl", book.lay)):
                    put(side, [(TICK_OF[price], round(size * 100)) for price, size in delta.get(name, ())])
                trades = volumes.setdefault(int(delta["id"]), {})
                if any(size for _, size in delta.get("trd", ())):
                    trades.update(delta["trd"])
                    book.traded = by_tick(trades)
                book.last = delta.get("ltp", book.last)
        milliseconds = int(one["pt"])
        yield datetime.fromtimestamp(milliseconds // 1000, UTC) + timedelta(milliseconds=milliseconds % 1000), books


def by_tick(volumes: dict[Decimal, Decimal]) -> Ladder:
    """Volume at reduced prices, which are on no ladder, at the price below."""
    found: Ladder = {}
    for price, size in volumes.items():
        tick = max(tick for tick, one in enumerate(PRICES) if one <= price)
        found[tick] = found.get(tick, 0) + round(size * 100)
    return {tick: size for tick, size in found.items() if size}


@pytest.mark.parametrize("name", DEEP)
def test_ladders_equal_a_second_derivation_after_every_instant(streams: Path, name: str) -> None:
    cache = Cache()
    events = read_events([streams / name])
    event = next(events, None)
    checked = 0
    for number, (at, books) in enumerate(second_derivation(streams / name)):
        while event is not None and event.at <= at:
            cache.apply(event)
            event = next(events, None)
        if number % 97 == 0:
            checked += 1
            mine = {selection_id: book for (_, selection_id), book in cache.books.items() if book != Book()}
            assert mine == {selection_id: book for selection_id, book in books.items() if book != Book()}
    assert event is None
    assert checked
    mine = {selection_id: book for (_, selection_id), book in cache.books.items() if book != Book()}
    assert mine == {selection_id: book for selection_id, book in books.items() if book != Book()}


def in_ticks(levels: Iterable[Any]) -> Ladder:
    return {TICK_OF[Decimal(str(level.price))]: round(level.size * 100) for level in levels}


@pytest.mark.parametrize("name", ["horse-place-au-1.205822330-three-removals.bz2", "greyhound-win-gb-1.197931750.gz"])
def test_ladders_equal_the_exchange_library(streams: Path, tmp_path: Path, name: str) -> None:
    unpack = bz2.decompress if name.endswith("bz2") else gzip.decompress
    plain = tmp_path / "plain.json"
    plain.write_bytes(unpack((streams / name).read_bytes()))
    client = betfairlightweight.APIClient("user", "password", app_key="key")
    stream = client.streaming.create_historical_generator_stream(str(plain), StreamListener(max_latency=None))
    cache = Cache()
    events = read_events([streams / name])
    event = next(events, None)
    checked = 0
    for number, (book,) in enumerate(stream.get_generator()()):
        at = book.publish_time.replace(tzinfo=UTC)
        while event is not None and event.at <= at:
            cache.apply(event)
            event = next(events, None)
        if number % 50 or book.status == "CLOSED":
            continue
        for one in book.runners:
            mine = cache.books.get((book.market_id, one.selection_id), Book())
            checked += 1
            assert mine.back == in_ticks(one.ex.available_to_back)
            assert mine.lay == in_ticks(one.ex.available_to_lay)
            assert mine.traded == in_ticks(one.ex.traded_volume)
        known = cache.definitions[book.market_id]
        assert (known.status, known.version, known.in_play) == (book.status, book.version, book.inplay)
        assert {one.selection_id: one.status for one in known.runners} == {
            one.selection_id: one.status for one in book.runners
        }
    assert checked > 10


def test_the_definition_is_whole(streams: Path) -> None:
    events = list(read_events([streams / "horse-win-au-1.206064380-short-price-removal.bz2"]))
    first, *_, last = (event.definition for event in events if isinstance(event, Redefine))
    assert (first.market_id, first.event_id, first.event_name, first.venue) == (
        "1.206064380",
        "31885239",
        "Moe (AUS) 7th Nov",
        "Moe",
    )
    assert (first.name, first.market_type, first.event_type_id) == ("R6 1000m Hcap", "WIN", "7")
    assert (first.country_code, first.timezone, first.regulators) == ("AU", "Australia/Sydney", ("MR_INT",))
    assert first.base_rate == 7
    assert (first.number_of_winners, first.is_bsp, first.turns_in_play) == (1, True, True)
    assert first.start == datetime(2022, 11, 7, 4, 30, tzinfo=UTC)
    assert first.open_date == datetime(2022, 11, 7, 2, tzinfo=UTC)
    assert (first.status, first.in_play, first.bet_delay, first.version) == ("OPEN", False, 0, 4893767901)
    horse = first.runners[2]
    assert (horse.selection_id, horse.name, horse.sort_priority, horse.adjustment_factor) == (
        39540410,
        "3. Mutinous",
        3,
        Decimal("30.01"),
    )
    assert (last.status, last.in_play, last.bet_delay, last.bsp_reconciled) == ("CLOSED", True, 1, True)
    assert last.settled_at is not None
    assert [one.status for one in last.runners].count(RunnerStatus.WINNER) == 1
    assert sum(one.starting_price is not None for one in last.runners) == 12
    gone = next(one for one in last.runners if one.selection_id == 39540410)
    assert (gone.status, gone.removed_at) == (RunnerStatus.REMOVED, datetime(2022, 11, 6, 20, 54, 26, tzinfo=UTC))
    assert len(last.active_runners) == 12


def test_removals_come_as_recorded(streams: Path) -> None:
    events = list(read_events([streams / "horse-place-au-1.205822330-three-removals.bz2"]))
    seen = [(event.definition.status, event.definition.version, len(event.definition.active_runners))
            for event in events if isinstance(event, Redefine)]  # fmt: skip
    assert (MarketStatus.SUSPENDED, 4881914566, 17) in seen
    assert seen[seen.index((MarketStatus.SUSPENDED, 4881914566, 17)) + 1] == (MarketStatus.SUSPENDED, 4881914566, 16)
    assert [count for count, before in pairwise([count for _, _, count in seen]) if count != before] == [17, 16, 15]
    assert all(one != other for one, other in pairwise(event for event in events if isinstance(event, Redefine)))


def test_last_traded_only(streams: Path) -> None:
    cache = played(streams / BASIC)
    assert all(not book.back and not book.lay and book.last for book in cache.books.values())
    assert cache.books["1.132153978", 12115648].last is not None
    assert len(cache.definitions["1.132153978"].active_runners) == 12


def test_one_image_over_many_lines(streams: Path) -> None:
    cache = played(streams / IMAGE)
    assert len(cache.definitions["1.185781457"].active_runners) == 7
    assert sum(bool(book.back) for book in cache.books.values()) == 7
    assert first_time([streams / IMAGE]) == datetime(2021, 7, 30, 3, 53, 22, 953000, tzinfo=UTC)


def test_a_folder_of_streams_is_merged_and_what_is_no_stream_is_told(streams: Path) -> None:
    told: list[Diagnostic] = []
    last, markets, count = datetime(2000, 1, 1, tzinfo=UTC), set(), 0
    for event in read_events([streams], tell=told.append):
        assert event.at >= last
        last = event.at
        count += 1
        if isinstance(event, Redefine):
            markets.add(event.definition.market_id)
    assert len(markets) == 9
    assert count > 145_000
    assert [one.code for one in told] == ["R103", "R103"]
    assert all("catalogue" in one.place.file for one in told)
    assert first_time([streams]) == datetime(2017, 6, 13, 10, 53, 40, 318000, tzinfo=UTC)


def import_as_before(paths: list[Path], folder: Path) -> None:
    """Import without whole ladders, as versions before 0.6 did."""
    import_recording(paths, folder)
    for path in folder.glob("*/*/*"):
        if not path.name.startswith(("states-", "runners-")):
            path.unlink()


@pytest.mark.parametrize("name", [DEEP[3], DEEP[4], BASIC])
def test_an_import_of_an_earlier_version_plays_its_best_prices(streams: Path, tmp_path: Path, name: str) -> None:
    import_as_before([streams / name], tmp_path)
    (folder,) = tmp_path.glob("day=*/market=*")
    market = folder.name.removeprefix("market=")
    rows = plain_rows(read_rows(sorted(folder.glob("runners-*.parquet"))))
    assert first_time([tmp_path]) == rows[0]["published_at"]
    raw, imported = Cache(), Cache()
    most: dict[int, int] = {}
    streamed, tabled = read_events([streams / name]), read_events([tmp_path])
    event, other = next(streamed, None), next(tabled, None)
    for number, row in enumerate(rows):
        at = row["published_at"]
        most[row["selection_id"]] = max(most.get(row["selection_id"], 0), int((row["traded_volume"] or 0) * 100))
        if number + 1 < len(rows) and rows[number + 1]["published_at"] == at:
            continue
        while other is not None and other.at <= at:
            imported.apply(other)
            other = next(tabled, None)
        while event is not None and event.at <= at:
            raw.apply(event)
            event = next(streamed, None)
        book = imported.books[market, row["selection_id"]]
        expected = [
            {} if row[side] is None else {TICK_OF[row[side]]: int(row[f"{side}_size"] * 100)}
            for side in ("best_back", "best_lay")
        ]
        assert [book.back, book.lay, book.last] == [*expected, row["last_traded"]]
        whole = raw.books.get((market, row["selection_id"]), Book())
        if row["status"] == "ACTIVE":
            assert max(whole.back, default=None) == max(book.back, default=None)
            assert min(whole.lay, default=None) == min(book.lay, default=None)
        if row["traded_volume"] is not None and row["last_traded"] is not None:
            # What is voided afterwards stays: the tables do not say at which price it was.
            assert sum(book.traded.values()) == most[row["selection_id"]]
    for one in tabled:
        imported.apply(one)
    for one in streamed:
        raw.apply(one)
    first, second = raw.definitions[market], imported.definitions[market]
    for attribute in (
        "event_id",
        "event_name",
        "start",
        "venue",
        "status",
        "version",
        "number_of_winners",
        "base_rate",
    ):
        assert getattr(first, attribute) == getattr(second, attribute)
    assert {(one.selection_id, one.name, one.status, one.removed_at) for one in first.runners} == {
        (one.selection_id, one.name, one.status, one.removed_at) for one in second.runners
    }


@pytest.mark.parametrize("name", [DEEP[3], DEEP[4]])
def test_an_import_of_an_earlier_version_tells_nothing_twice(streams: Path, tmp_path: Path, name: str) -> None:
    import_as_before([streams / name], tmp_path)
    told = [event for event in read_events([tmp_path]) if isinstance(event, Redefine)]
    assert all(one.definition != other.definition for one, other in pairwise(told))
    quotes: dict[int, list[Quote]] = {}
    for quote in read_events([tmp_path]):
        if isinstance(quote, Quote):
            quotes.setdefault(quote.selection_id, []).append(quote._replace(at=moment(0)))
    assert all(one.traded or one != other for mine in quotes.values() for other, one in pairwise(mine))


# --- Forms of streams -----------------------------------------------------------------------------------------------


def test_deltas_add_change_and_delete_levels(tmp_path: Path) -> None:
    events = list(
        read_events(
            [
                write(
                    tmp_path / "one.json",
                    message(0, image({"id": 11, "atb": [[3.4, 1.15], [3.35, 2]], "trd": [[3.4, 1.1]], "ltp": 3.4})),
                    message(1, change({"id": 11, "atb": [[3.35, 0]], "atl": [[3.5, 7]], "spn": 3.456, "spf": "NaN"})),
                    message(2, change({"id": 11, "spn": "Infinity", "trd": [[3.4, 6.2]], "tv": 6.2})),
                )
            ]
        )
    )
    redefine, opening, empty, second, third = events
    assert isinstance(redefine, Redefine)
    assert opening == Quote(
        moment(0),
        WIN,
        11,
        back=((TICK_OF[Decimal("3.4")], 115), (TICK_OF[Decimal("3.35")], 200)),
        lay=(),
        traded=((TICK_OF[Decimal("3.4")], 110),),
        last_traded=Decimal("3.4"),
        replaces=True,
    )
    assert empty == Quote(moment(0), WIN, 12, back=(), lay=(), replaces=True)
    assert second == Quote(
        moment(1),
        WIN,
        11,
        back=((TICK_OF[Decimal("3.35")], 0),),
        lay=((TICK_OF[Decimal("3.5")], 700),),
        near=Decimal("3.456"),
    )
    assert third == Quote(moment(2), WIN, 11, traded=((TICK_OF[Decimal("3.4")], 620),))


@pytest.mark.parametrize("how", ["img", "SUB_IMAGE"])
def test_an_image_in_mid_stream_replaces_everything(tmp_path: Path, how: str) -> None:
    deltas = ({"id": 11, "atb": [[3, 5]], "trd": [[3, 8]]},)
    again = change(*deltas, img=True) if how == "img" else change(*deltas)
    more = {"ct": how} if how == "SUB_IMAGE" else {}
    cache = played_messages(
        tmp_path,
        message(0, image({"id": 11, "atb": [[3.4, 10]], "trd": [[3.4, 2], [3, 4]]}, {"id": 12, "atl": [[2, 9]]})),
        message(1, again, **more),
        message(2, change({"id": 11, "atl": [[3.4, 1]]})),
    )
    assert cache.prices(11) == (ladder(p3=5), ladder(p3_4=1))
    assert cache.prices(12) == ({}, {})
    assert cache.books[WIN, 11].traded == {TICK_OF[Decimal(3)]: 800}


def test_an_image_in_segments_replaces_once(tmp_path: Path) -> None:
    cache = played_messages(
        tmp_path,
        message(0, image({"id": 11, "atb": [[3.4, 10]]}, {"id": 12, "atb": [[9, 1]]})),
        message(1, change({"id": 11, "atb": [[3, 5]]}), ct="SUB_IMAGE", segmentType="SEG_START"),
        message(1, change({"id": 12, "atb": [[2, 5]]}), ct="SUB_IMAGE", segmentType="SEG_END"),
    )
    assert cache.prices(11)[0] == ladder(p3=5)
    assert cache.prices(12)[0] == ladder(p2=5)


@pytest.mark.parametrize(("back", "lay"), [("batb", "batl"), ("bdatb", "bdatl")])
def test_levels_by_number(tmp_path: Path, back: str, lay: str) -> None:
    cache = played_messages(
        tmp_path,
        message(0, image({"id": 11, back: [[0, 3.4, 10], [1, 3.35, 4]], lay: [[0, 3.5, 1]]})),
        message(1, change({"id": 11, back: [[0, 3.35, 4], [1, 0, 0]], lay: []})),
    )
    assert cache.prices(11) == (ladder(p3_35=4), ladder(p3_5=1))


def test_a_deeper_ladder_takes_over(tmp_path: Path) -> None:
    cache = played_messages(
        tmp_path,
        message(0, image({"id": 11, "bdatb": [[0, 3.4, 10]]}, {"id": 12, "bdatb": [[0, 2, 10]]})),
        message(1, change({"id": 11, "atb": [[3.3, 2]], "bdatb": [[0, 3.45, 3]]})),
        message(2, change({"id": 12, "bdatb": [[0, 2.2, 3]]})),
    )
    assert cache.prices(11)[0] == ladder(p3_3=2)
    assert cache.prices(12)[0] == {}


def test_an_image_may_be_shallower_than_what_came_before(tmp_path: Path) -> None:
    cache = played_messages(
        tmp_path,
        message(0, image({"id": 11, "atb": [[3.3, 2]]})),
        message(1, change({"id": 11, "batb": [[0, 3.4, 1]]}, img=True)),
        message(2, change({"id": 11, "batb": [[0, 3.5, 1]]})),
    )
    assert cache.prices(11)[0] == ladder(p3_5=1)


def test_volume_without_prices_counts_at_the_last_traded_one(tmp_path: Path) -> None:
    cache = played_messages(
        tmp_path,
        message(0, image({"id": 11, "ltp": 3.4, "tv": 10})),
        message(1, change({"id": 11, "tv": 12.5})),
        message(2, change({"id": 11, "ltp": 3.37, "tv": 14})),
    )
    assert cache.books[WIN, 11].traded == {TICK_OF[Decimal("3.4")]: 1250, TICK_OF[Decimal("3.35")]: 150}
    assert cache.books[WIN, 11].last == Decimal("3.37")


def test_volume_that_a_removal_re_prices_is_no_trade(tmp_path: Path) -> None:
    path = write(
        tmp_path / "one",
        message(0, image({"id": 11, "trd": [[4, 10], [5, 20]]})),
        message(1, change({"id": 11, "trd": [[4, 0], [5, 0], [2.8, 10], [3.5, 18], [3.51, 2]]})),
        message(2, change({"id": 11, "trd": [[3.51, 6]]})),
        message(3, change({"id": 11, "trd": [[3.5, 20]]})),
    )
    quotes = [event for event in read_events([path]) if isinstance(event, Quote) and event.traded]
    assert [quote.is_repriced for quote in quotes] == [False, True, False, False]
    ticks = [TICK_OF[Decimal(price)] for price in ("4", "5", "2.8", "3.5")]
    assert quotes[1].traded == tuple(zip(ticks, (0, 0, 1000, 2000), strict=True))
    assert [quote.traded for quote in quotes[2:]] == [((ticks[3], 2400),), ((ticks[3], 2600),)]


def test_zero_volume_at_every_price_is_an_artefact(tmp_path: Path) -> None:
    cache = played_messages(
        tmp_path,
        message(0, image({"id": 11, "trd": [[3.4, 2], [3, 4]]}, {"id": 12, "trd": [[3.4, 2], [3, 4]]})),
        message(1, change({"id": 11, "trd": [[3.4, 0], [3, 0]]}, {"id": 12, "trd": [[3.4, 0]]})),
    )
    assert len(cache.books[WIN, 11].traded) == 2
    assert len(cache.books[WIN, 12].traded) == 1


def test_numbers_and_ids_as_text(tmp_path: Path) -> None:
    cache = played_messages(
        tmp_path,
        message(0, image({"id": "11", "atb": [["3.4", "10"], ["3.3", "NaN"]], "ltp": "3.4"})),
        message(1, change({"id": 11, "atl": [[3.5, "2.50"]], "ltp": "NaN"}, {"id": "11", "atb": [[3.3, 1]]})),
    )
    assert cache.prices(11) == (ladder(p3_4=10, p3_3=1), ladder(p3_5=2.5))
    assert cache.books[WIN, 11].last == Decimal("3.4")


def test_prices_off_the_ladder_are_left_out(tmp_path: Path) -> None:
    cache = played_messages(
        tmp_path, message(0, image({"id": 11, "atb": [[3.41, 10], [3.4, 4]], "ltp": 1.0}))
    )  # fmt: skip
    assert cache.prices(11)[0] == ladder(p3_4=4)
    assert cache.books[WIN, 11].last is None


def test_removed_reinstated_and_unlisted_runners(tmp_path: Path) -> None:
    def told(seconds: float, *runners: dict[str, Any]) -> dict[str, Any]:
        return message(seconds, {"id": WIN, "marketDefinition": definition(*runners)})

    path = write(
        tmp_path / "golf.json",
        told(0, runner(11, name="Blue Moon", hc=0), runner(12, adjustmentFactor=12.5)),
        told(1, runner(11), runner(12, "REMOVED", adjustmentFactor=None, removalDate="2026-05-02T12:00:01.000Z")),
        told(2, runner(11), runner(12)),
        told(3, runner(11), runner(12)),
        told(4, runner(11, "REMOVED_VACANT")),
        told(5, runner(11, "SOMETHING"), runner(12, "WINNER", bsp=3.14159)),
    )
    definitions = [event.definition for event in read_events([path]) if isinstance(event, Redefine)]
    assert [[one.status for one in each.runners] for each in definitions] == [
        ["ACTIVE", "ACTIVE"],
        ["ACTIVE", "REMOVED"],
        ["ACTIVE", "ACTIVE"],
        ["REMOVED", "HIDDEN"],
        ["HIDDEN", "WINNER"],
    ]
    assert {each.runners[0].name for each in definitions} == {"Blue Moon"}
    assert definitions[0].runners[1].name == "Selection 12"
    assert definitions[0].runners[1].adjustment_factor == Decimal("12.5")
    assert definitions[1].runners[1].removed_at == moment(1)
    assert definitions[-1].runners[1].starting_price == Decimal("3.14159")


def test_several_markets_in_a_file_and_a_clock_that_is_null(tmp_path: Path) -> None:
    both = message(
        0,
        image({"id": 11, "atb": [[3, 5]]}),
        image({"id": 11, "atb": [[1.5, 5]]}, market=PLACE, marketType="PLACE", numberOfWinners=3, status="WEIRD"),
        clk=None,
    )
    cache = played_messages(
        tmp_path, {"op": "connection"}, both, message(1, change({"id": 11, "atb": [[2, 1]]})), {"op": "mcm", "pt": 5}
    )
    assert cache.prices(11)[0] == ladder(p3=5, p2=1)
    assert cache.prices(11, PLACE)[0] == ladder(p1_5=5)
    place = cache.definitions[PLACE]
    assert (place.market_type, place.name, place.number_of_winners) == ("PLACE", "To Be Placed", 3)
    assert place.status is MarketStatus.INACTIVE


def test_files_are_merged_in_order_of_time(tmp_path: Path) -> None:
    one = write(
        tmp_path / "one", message(0, image()), *(message(second, change({"id": 11, "ltp": 3})) for second in (2, 6))
    )
    late = message(3, image(market=PLACE), change({"id": 11, "ltp": 4}, market=PLACE))
    other = write(tmp_path / "other", late, message(9, change({"id": 11, "ltp": 5}, market=PLACE)))
    events = [event for event in read_events([other, one]) if isinstance(event, Quote) and event.last_traded]
    assert [(event.at, event.market_id) for event in events] == [
        (moment(2), WIN),
        (moment(3), PLACE),
        (moment(6), WIN),
        (moment(9), PLACE),
    ]
    assert first_time([other, one]) == moment(0)
    assert first_time([other]) == moment(3)


def test_a_market_over_two_files_forgets_what_the_second_image_leaves_out(tmp_path: Path) -> None:
    one = write(tmp_path / "one", message(0, image({"id": 12, "atb": [[3, 5]], "trd": [[3, 2]]})))
    other = write(tmp_path / "other", message(60, image({"id": 11, "atb": [[3, 5]]})))
    cache = played(one, other)
    assert cache.prices(12) == ({}, {})
    assert cache.books[WIN, 12].traded == {}


def test_late_messages_are_dated_like_the_one_before(tmp_path: Path) -> None:
    path = write(tmp_path / "one", message(0, image()), message(9, change()), message(5, change({"id": 11, "ltp": 3})))
    assert [event.at for event in read_events([path])][-1] == moment(9)
    write(path, message(0, image()), message(99, change()), message(5, change({"id": 11, "ltp": 3})))
    with pytest.raises(RecordingError, match=r"one:3:1 .*goes back by 94 s"):
        list(read_events([path]))


@pytest.mark.parametrize("form", ["plain", "gz", "bz2", "zip", "cut zip"])
def test_every_packing(tmp_path: Path, form: str) -> None:
    data = lines([message(0, image({"id": 11, "atb": [[3, 5]]}))])
    place = lines([message(1, image({"id": 11, "atb": [[2, 5]]}, market=PLACE)), message(3, change(market=PLACE))])
    path = tmp_path / "recording"
    told: list[Diagnostic] = []
    if "zip" in form:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("place.json", place)
            archive.writestr("win.bz2", bz2.compress(data))
        if form == "cut zip":
            path.write_bytes(path.read_bytes()[:-40])
    else:
        path.write_bytes({"plain": data, "gz": gzip.compress(data), "bz2": bz2.compress(data)}[form])
    cache = Cache()
    for event in read_events([path], tell=told.append):
        cache.apply(event)
    assert first_time([path]) == moment(0)
    assert cache.prices(11)[0] == ladder(p3=5)
    if "zip" in form:
        assert cache.prices(11, PLACE)[0] == ladder(p2=5)
    assert [one.code for one in told] == (["R102"] if form == "cut zip" else [])


def test_files_of_nothing_that_is_asked_for_yet_are_not_held_open(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{number}.json", message(number, image(market=f"1.{number}"))) for number in range(1200)]
    defined = [event.at for event in read_events(paths[::-1]) if isinstance(event, Redefine)]
    assert defined == [moment(number) for number in range(1200)]


# --- What goes wrong ------------------------------------------------------------------------------------------------


def test_a_damaged_end_is_told_after_what_stands_before_it(tmp_path: Path) -> None:
    good = lines([message(0, image({"id": 11, "ltp": 3})), message(4, change({"id": 11, "ltp": 4}))])
    broken = tmp_path / "broken.gz"
    broken.write_bytes(gzip.compress(good)[:-6])
    other = write(
        tmp_path / "other", message(1, image(market=PLACE)), message(9, change({"id": 12, "ltp": 7}, market=PLACE))
    )
    found: list[Event] = []
    with pytest.raises(RecordingError, match=r"broken\.gz.*R102.*ends early") as raised:
        found.extend(iter_into(found, read_events([broken, other])))
    assert "What stands before it is played." in raised.value.render()
    assert [event.last_traded for event in found if isinstance(event, Quote) and event.last_traded] == [3, 4, 7]
    told: list[Diagnostic] = []
    assert list(read_events([broken, other], tell=told.append)) == found
    assert [one.place.file for one in told] == [str(broken)]


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"op": "mcm", "pt": "soon", "mc": [{}]}, "pt is 'soon'"),
        ({"pt": 5}, "op is missing"),
        (message(1, {"rc": []}), "id is missing"),
        (message(1, {"id": "../x"}), "market id is '../x'"),
        (message(1, change({"atb": []})), "id is missing"),
        (message(1, change({"id": 11, "atb": [[3]]})), "atb is"),
        (message(1, change({"id": 11, "ltp": "much"})), "is 'much'"),
        (message(1, {"id": WIN, "marketDefinition": {"runners": 5}}), "runners is 5"),
        ([5], "another is expected"),
    ],
)
def test_a_message_without_its_shape_ends_the_file_with_its_line(tmp_path: Path, wrong: object, what: str) -> None:
    path = write(tmp_path / "one", message(0, image({"id": 11, "ltp": 3})), wrong)
    found: list[Event] = []
    with pytest.raises(RecordingError, match=what) as raised:
        found.extend(iter_into(found, read_events([path])))
    assert (raised.value.diagnostics[0].place.line, raised.value.diagnostics[0].code) == (2, "R102")
    assert len(found) == 3


def iter_into(found: list[Event], events: Iterator[Event]) -> list[Event]:
    for event in events:
        found.append(event)  # noqa: PERF402 - what came before an error counts
    return []


def test_a_path_of_which_nothing_can_be_read_is_refused_at_once(tmp_path: Path) -> None:
    good, empty = write(tmp_path / "good", message(0, image())), tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(RecordingError, match=r"absent.*R101.*cannot be opened"):
        read_events([good, tmp_path / "absent"])
    with pytest.raises(RecordingError, match=r"R103.*no market change"):
        first_time([write(tmp_path / "other", {"op": "connection"})])
    with pytest.raises(RecordingError, match=r"R105.*no imported recording and no recorded stream"):
        read_events([empty])
    with pytest.raises(RecordingError, match="no recording was named"):
        read_events([])


def test_markets_without_definition_and_on_other_ladders_are_told(tmp_path: Path) -> None:
    fine = definition(runner(11), priceLadderDefinition={"type": "FINEST"})
    twice = definition(runner(11, hc=-1), runner(11, hc=1))
    path = write(
        tmp_path / "one",
        message(0, image(), {"id": "1.7", "marketDefinition": fine}, {"id": "1.8", "marketDefinition": twice}),
        message(1, change({"id": 11, "ltp": 3}, market="1.7"), change({"id": 11, "ltp": 3}, market="1.9")),
        message(2, {"id": "1.7", "marketDefinition": fine}, change({"id": 99, "ltp": 3})),
    )
    told: list[Diagnostic] = []
    events = list(read_events([path], tell=told.append))
    assert {event.market_id for event in events if isinstance(event, Quote)} == {WIN}
    assert {event.selection_id for event in events if isinstance(event, Quote)} == {11, 12}
    assert [(one.code, one.message.split(":")[0]) for one in told] == [
        ("R109", "market 1.7 is not played"),
        ("R109", "market 1.8 is not played"),
        ("R103", "market 1.9 is not played"),
    ]


def test_a_damaged_import_of_an_earlier_version_is_named(tmp_path: Path) -> None:
    import_as_before([write(tmp_path / "stream", message(0, image({"id": 11, "ltp": 3})))], tmp_path / "recorded")
    (table,) = (tmp_path / "recorded").glob("day=*/market=*/runners-0.parquet")
    table.write_bytes(b"PAR1")
    with pytest.raises(RecordingError, match=r"runners-0\.parquet.*R105.*cannot be read"):
        list(read_events([tmp_path / "recorded"]))
