"""``policytrader record``: a served race day over real sockets, recorded, imported and played back."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.recordings.live import LiveRecorder
from policytrader.adapters.recordings.playback import read_events
from policytrader.errors import RecordingError
from policytrader.simulation.events import Quote, Redefine
from policytrader.simulation.exchange import SimulatedExchange
from policytrader.simulation.race_day import generate_race_day
from tests.adapters.recordings.streams import PLACE, WIN, change, image, message
from tests.adapters.test_playback import Cache
from tests.cli.served_days import served_day

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.simulation.events import Event
    from tests.cli.conftest import Run

SPEED = 900.0


@pytest.mark.slow
def test_a_recorded_race_plays_the_books_that_the_exchange_had(run: Run, here: Path, tmp_path: Path) -> None:
    folder = tmp_path / "served"
    folder.mkdir()
    with served_day(folder, after=timedelta(hours=1)) as day:
        day.let_run(SPEED)
        ran = run("record", "--exchange", str(folder / "line.json"), "--out", "raw", "--import", "recorded")
        assert day.orders() == []
    assert (ran.code, ran.out.count(" 2 closed")) == (0, 1), ran.err
    raw, imported = list(read_events([here / "raw"])), list(read_events([here / "recorded"]))
    assert sorted(raw, key=repr) == sorted(imported, key=repr)
    assert len(raw) > 100
    assert_books_were_so(imported)


def assert_books_were_so(events: list[Event]) -> None:
    """Against the same day in an exchange of its own, at every instant of the recording."""
    generated = generate_race_day(7, 1)
    exchange = SimulatedExchange(generated.now, generated.feed())
    cache = Cache()
    compared = 0
    moments = sorted({event.at for event in events if isinstance(event, Quote | Redefine)})
    waiting = iter(events)
    event = next(waiting, None)
    for moment in moments:
        while event is not None and isinstance(event, Quote | Redefine) and event.at <= moment:
            cache.apply(event)
            event = next(waiting, None)
        # The stream tells milliseconds.
        exchange.advance(max(exchange.now, moment + timedelta(microseconds=999)))
        for (market_id, selection_id), book in cache.books.items():
            mine = exchange.markets[market_id].books[selection_id]
            assert sorted(book.back.items(), reverse=True) == mine.back_levels()
            assert sorted(book.lay.items()) == mine.lay_levels()
            compared += bool(book.back)
    assert compared > 100


def test_messages_are_split_by_market_and_images_marked(tmp_path: Path) -> None:
    both = message(0, image({"id": 11, "atb": [[3, 5]]}), image(market=PLACE), ct="SUB_IMAGE", segmentType="SEG")
    del both["mc"][0]["img"]
    closed = image(market=PLACE, status="CLOSED")
    with LiveRecorder(tmp_path) as recorder:
        for one in (both, {"op": "mcm", "ct": "HEARTBEAT", "pt": 5}, message(1, change({"id": 11, "ltp": 3}), closed)):
            recorder.take(json.dumps(one))
        recorder.sync()
        assert (recorder.changes, recorder.over) == ({WIN: 2, PLACE: 2}, frozenset({PLACE}))
    first, second = (json.loads(line) for line in (tmp_path / f"{WIN}.json").read_text().splitlines())
    assert first == message(0, image({"id": 11, "atb": [[3, 5]]}))
    assert second == message(1, change({"id": 11, "ltp": 3}))


def test_a_recording_goes_on_after_a_crash(tmp_path: Path) -> None:
    with LiveRecorder(tmp_path) as recorder:
        recorder.take(json.dumps(message(0, image({"id": 11, "atb": [[3, 5]]}))))
    path = tmp_path / f"{WIN}.json"
    path.write_bytes(path.read_bytes() + b'{"op":"mcm","pt":17')
    with LiveRecorder(tmp_path) as recorder:
        recorder.take(json.dumps(message(9, image({"id": 12, "atl": [[4, 1]]}))))
    cache = Cache()
    for event in read_events([tmp_path]):
        cache.apply(event)
    assert (cache.prices(11), cache.prices(12)) == (({}, {}), ({}, {"4": 1}))


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RecordingError, match=r"R104.*cannot be written"), LiveRecorder(tmp_path / "file" / "raw"):
        pass
    with LiveRecorder(tmp_path) as recorder:
        (tmp_path / f"{WIN}.json").mkdir()
        recorder.take(json.dumps(message(0, image())))
        with pytest.raises(RecordingError, match=r"R104.*cannot be written"):
            recorder.sync()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--exchange", "line.json"), 2, "Missing option '--out'"),
        (("--out", "raw", "--exchange", "nowhere.json"), 1, "nowhere"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], code: int, told: str, run: Run, here: Path) -> None:
    ran = run("record", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert told in ran.err
    assert not list(here.glob("raw"))
