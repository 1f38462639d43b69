"""Recorded streams, played and streamed by our server, give the books that the recordings give themselves."""

from __future__ import annotations

import bz2
import gzip
import json
from bisect import bisect_right
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from betfairlightweight import StreamListener

from policytrader.adapters.recordings.playback import first_time, read_events
from policytrader.model.price import PRICES
from policytrader.model.times import EPOCH
from tests.exchange_server.stream_world import CLIENT_WARNINGS, LibraryClient, open_world
from tests.recordings import RECORDINGS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = CLIENT_WARNINGS

STEPS_COMPARED = 250
LADDER = tuple(map(float, PRICES))


@pytest.mark.parametrize("name", RECORDINGS)
def test_the_books_are_those_of_the_recording(name: str, shared_data: Path) -> None:
    path = shared_data / "betfair" / "streams" / name
    messages = [json.loads(line) for line in read_lines(path)]
    moments = sorted({message["pt"] for message in messages})
    compared = moments_to_compare(messages, moments)
    recorded = StreamListener(max_latency=None, lightweight=True)
    recorded.register_stream(0, "marketSubscription")
    lines = iter(messages)
    upcoming = next(lines, None)
    with open_world(now=first_time([path]), feed=read_events([path])) as world:
        client = LibraryClient(world, is_keeping=False).markets(
            ["EX_ALL_OFFERS", "EX_TRADED", "EX_TRADED_VOL", "EX_LTP", "EX_MARKET_DEF", "SP_PROJECTED"]
        )
        for moment in moments:
            while upcoming is not None and upcoming["pt"] <= moment:
                without_settlement_artefact(upcoming, recorded)
                recorded.on_data(json.dumps(upcoming))
                upcoming = next(lines, None)
            with world.host.lock:
                world.exchange.advance(EPOCH + timedelta(milliseconds=moment))
            if moment in compared:
                client.catch_up()
                expected = {book["marketId"]: facts_of(book) for book in recorded.snap()}
                assert expected
                streamed = {market_id: facts_of(book) for market_id, book in client.books().items()}
                assert [f"at {moment}: {line}" for line in differences(streamed, expected)] == []
        assert client.books()


def read_lines(path: Path) -> list[str]:
    match path.suffix:
        case ".bz2":
            text = bz2.decompress(path.read_bytes()).decode()
        case ".gz":
            text = gzip.decompress(path.read_bytes()).decode()
        case _:
            return [path.read_text()]  # one message over many lines
    return text.splitlines()


def moments_to_compare(messages: list[dict[str, Any]], moments: list[int]) -> set[int]:
    """Every so many, the last, and each where something else than a price happens, with its neighbours."""
    found = {*moments[:: max(1, len(moments) // STEPS_COMPARED)], moments[-1]}
    indices = {moment: index for index, moment in enumerate(moments)}
    for message in messages:
        if any("marketDefinition" in change for change in message["mc"]):
            index = indices[message["pt"]]
            found |= set(moments[max(0, index - 1) : index + 2])
    return found


def without_settlement_artefact(message: dict[str, Any], recorded: StreamListener) -> None:
    """Volume that goes to zero at every price of a runner when the market is settled: playback has none of it."""
    traded = {
        (book["marketId"], runner["selectionId"]): {level["price"] for level in runner["ex"]["tradedVolume"]}
        for book in recorded.snap()
        for runner in book["runners"]
    }
    for change in message["mc"]:
        for runner in change.get("rc", ()):
            sizes = dict(runner.get("trd", ()))
            if sizes and not any(sizes.values()) and sizes.keys() >= traded.get((change["id"], runner["id"]), set()):
                del runner["trd"]


def facts_of(book: dict[str, Any]) -> dict[str, Any]:
    definition = book["marketDefinition"]
    return {
        "status": book["status"],
        "version": book["version"],
        "in play": book["inplay"],
        "bet delay": book["betDelay"],
        "winners": book["numberOfWinners"],
        "active": book["numberOfActiveRunners"],
        "reconciled": book["bspReconciled"],
        "start": definition["marketTime"],
        "settled": definition.get("settledTime"),
        "runners": {runner["selectionId"]: runner_facts(runner) for runner in book["runners"]},
    }


def runner_facts(runner: dict[str, Any]) -> dict[str, Any]:
    return {
        "status": runner["status"],
        "factor": runner["adjustmentFactor"],
        # On the way out a runner is still ACTIVE and dated already; playback dates those that are out.
        "removed": runner["removalDate"] if runner["status"] == "REMOVED" else None,
        "last traded": runner["lastPriceTraded"],
        "starting price": runner["sp"]["actualSP"],
        **{side: levels_of(runner["ex"][side]) for side in ("availableToBack", "availableToLay", "tradedVolume")},
    }


def levels_of(ladder: list[dict[str, float]]) -> list[tuple[float, float]]:
    """By price. A removal leaves traded prices off the ladder, which playback counts at the price below."""
    sizes: dict[float, float] = {}
    for level in ladder:
        price = LADDER[bisect_right(LADDER, level["price"]) - 1]
        sizes[price] = round(sizes.get(price, 0) + level["size"], 2)
    return sorted(sizes.items())


def differences(streamed: Any, expected: Any, where: str = "") -> list[str]:
    if not isinstance(streamed, dict) or not isinstance(expected, dict):
        return [] if streamed == expected else [f"{where}: streamed {streamed}, recorded {expected}"]
    return [
        line
        for key in streamed | expected
        for line in differences(streamed.get(key), expected.get(key), f"{where}/{key}")
    ]
