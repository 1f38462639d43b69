"""An imported recording tells the simulated exchange what the raw stream tells it, event by event."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from policytrader.adapters.recordings import one_file
from policytrader.adapters.recordings.importer import import_recording
from policytrader.adapters.recordings.ladders import DEFINITIONS, LADDERS
from policytrader.adapters.recordings.playback import read_events
from policytrader.errors import Diagnostic, RecordingError
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
from tests.recordings import RECORDINGS

if TYPE_CHECKING:
    from pathlib import Path


def by_market(events: list[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for event in events:
        assert isinstance(event, Quote | Redefine)
        market = event.market_id if isinstance(event, Quote) else event.definition.market_id
        found.setdefault(market, []).append(event)
    return found


def both_ways(path: Path, recorded: Path) -> dict[str, list[Event]]:
    """The events of the file by market, played from its import, once they equal those of the file itself."""
    told: list[Diagnostic] = []
    raw = by_market(list(read_events([path], tell=told.append)))
    import_recording([path], recorded)
    played = by_market(list(read_events([recorded], tell=told.append)))
    assert played == raw
    assert repr(played[min(played)]) == repr(raw[min(raw)])  # 4.0 is written as it was
    return played


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_plays_as_its_file_does(
    shared_data: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_file, "LADDER_ROWS_IN_MEMORY", 2500)
    assert both_ways(shared_data / "betfair" / "streams" / name, tmp_path)
    assert len(list(tmp_path.glob("*/*/ladders-*.parquet"))) > (name.startswith("horse") and "volume" not in name) - 1


def test_what_the_tables_say(tmp_path: Path) -> None:
    path = write(
        tmp_path / "one",
        message(0, image({"id": 11, "atb": [[3.4, 1.15], [1.01, 7]], "trd": [[3.4, 1.1]], "ltp": 3.4})),
        message(1, change({"id": 12, "atl": [[1000, 0]], "spn": 3.456, "spf": 7})),
        message(2, change({"id": 11, "trd": [[3.4, 1]]}, {"id": 11, "atb": []}, {"id": 11, "spn": "NaN"})),
    )
    assert len(both_ways(path, tmp_path / "recorded")[WIN]) == 7
    (folder,) = (tmp_path / "recorded").glob("day=2026-05-02/market=1.101")
    (defined,) = pq.read_table(folder / "definitions-0.parquet").to_pylist()
    assert (defined["published_at"], defined["change_no"]) == (moment(0), 0)
    assert '"marketType":"WIN"' in defined["raw"]
    table = pq.read_table(folder / "ladders-0.parquet")
    assert (table.schema, table.schema.names) == (LADDERS, LADDERS.names)
    assert pq.read_schema(folder / "definitions-0.parquet") == DEFINITIONS
    rows = [tuple(row.values()) for row in table.to_pylist()]
    assert {row[0] for row in rows[:6]} == {moment(0)}
    assert [row[1:] for row in rows] == [
        (1, 11, 0, 157, 115, None),
        (1, 11, 0, 0, 700, None),
        (1, 11, 2, 157, 110, None),
        (1, 11, 3, -1, 340, None),
        (1, 11, 6, -1, 3, None),
        (2, 12, 6, -1, 3, None),
        (3, 12, 1, 349, 0, None),
        (3, 12, 4, -1, 345, "3.456"),
        (3, 12, 5, -1, 700, None),
        (4, 11, 2, 157, 100, None),
        (4, 11, 7, -1, 0, None),
        (5, 11, 8, -1, 1, None),
        (6, 11, 8, -1, 0, None),
    ]


def odd_stream(chance: random.Random) -> list[dict[str, Any]]:
    """Some minutes of two markets in which everything happens that a stream may hold."""
    messages = [message(0, image(), *[image(market=PLACE, marketType="PLACE")] * chance.choice((0, 1)))]
    second = 0.0
    for _ in range(chance.randrange(5, 40)):
        second += chance.choice((0, 0, 0.25, 1, 1, -0.5, 7))
        changes = [odd_change(chance) for _ in range(chance.choice((1, 1, 1, 2)))]
        more = {"ct": "SUB_IMAGE", "segmentType": chance.choice(("SEG", "SEG_START"))} if chance.random() < 0.05 else {}
        messages.append(message(max(0, second), *changes, **more))
    return messages


def odd_change(chance: random.Random) -> dict[str, Any]:
    made = change(
        *[odd_delta(chance) for _ in range(chance.choice((0, 1, 1, 2, 3)))], market=chance.choice((WIN, WIN, PLACE))
    )
    if chance.random() < 0.12:
        status = chance.choice(("ACTIVE", "ACTIVE", "REMOVED", "HIDDEN"))
        ids = chance.choice(((11, 12), (11, 12), (11,), (12, 11, 13), ("11", 12)))
        made["marketDefinition"] = definition(
            *(runner(one, status) for one in ids), version=chance.randrange(3), inPlay=chance.random() < 0.3
        )
        if chance.random() < 0.04:
            made["marketDefinition"]["priceLadderDefinition"] = {"type": "FINEST"}
    if chance.random() < 0.06:
        made["img"] = chance.choice((True, True, False, None))
    if chance.random() < 0.03:
        made["rc"] = None
    return made


def odd_delta(chance: random.Random) -> dict[str, Any]:
    delta: dict[str, Any] = {"id": chance.choice((11, 11, 11, 12, 12, 13, "11"))}
    keys = ["atb", "atl", "trd", "ltp", "tv", "spn", "spf"]
    if chance.random() < 0.1:
        keys += ["batb", "batl", "bdatb", "bdatl"]
    for key in chance.sample(keys, chance.choice((0, 1, 1, 2, 3))):
        delta[key] = odd_value(chance, key)
    return delta


def odd_value(chance: random.Random, key: str) -> Any:
    if key in {"ltp", "spn", "spf"}:
        return chance.choice((3, 3.4, 3.45, 3.456, 1, 1000, "NaN", "Infinity", None, "3.5"))
    if key == "tv":
        return chance.choice((0, 10, 20.5, 400.25, "NaN", None))
    price = [3, 3.0, 3.05, 3.1, 1000, 1.01, 3.07, 3.07] + ["3.1", "NaN", 2000] * (chance.random() < 0.1)
    size = [0, 0, 2, 2.5, 10.01, 0.005, 3e9] + ["2", "NaN", -1, None] * (chance.random() < 0.1)
    levels = [[chance.choice(price), chance.choice(size)] for _ in range(chance.choice((0, 1, 1, 2, 3)))]
    if key.startswith("b"):
        levels = [[chance.randrange(3), *level] for level in levels]
    return levels if chance.random() < 0.97 else None


def usual_stream(chance: random.Random) -> list[dict[str, Any]]:
    """Many changes as nearly all are, of full ladders at prices on the ladder, and now and then an odd one."""
    markets = (WIN,) if chance.random() < 0.7 else (WIN, PLACE)
    first = {"id": 11, "atb": [[3, 5]], "atl": [[3.1, 2]], "trd": [[3, 2]], "tv": 2, "ltp": 3}
    messages = [message(0, *(image(first, {"id": 12, "atb": [[8, 1]]}, market=one) for one in markets))]
    second, oddness = 0.0, chance.choice((0, 0.01, 0.03))
    for _ in range(chance.randrange(20, 150)):
        second += chance.choice((0, 0, 0.25, 1, 1, -0.5))
        changes = [usual_change(chance, chance.choice(markets)) for _ in range(chance.choice((1, 1, 1, 2)))]
        if chance.random() < oddness:
            changes.append(odd_change(chance))
        messages.append(message(max(0, second), *changes))
    return messages


def usual_change(chance: random.Random, market: str) -> dict[str, Any]:
    if chance.random() < 0.06:
        more = {"status": chance.choice(("OPEN", "SUSPENDED")), "version": chance.randrange(3)}
        gone = chance.choice(("ACTIVE", "ACTIVE", "REMOVED"))
        deltas = [usual_delta(chance) for _ in range(chance.choice((0, 0, 1, 2)))]
        return {
            "id": market,
            "marketDefinition": definition(runner(11), runner(12, gone, bsp=chance.choice((3, "NaN"))), **more),
            **({"rc": deltas} if deltas else {}),
        }
    return change(*[usual_delta(chance) for _ in range(chance.choice((1, 1, 2, 3)))], market=market)


def usual_delta(chance: random.Random) -> dict[str, Any]:
    delta: dict[str, Any] = {"id": chance.choice((11, 12))}
    for key in chance.sample(("atb", "atl", "trd", "ltp", "spn", "spf"), chance.choice((1, 1, 2))):
        prices = [3, 3.05, 3.1, 1000, 1.01, 8.2, 990] + [3.07] * (key == "trd" and chance.random() < 0.05)
        sizes = (0, 0, 2, 2.5, 10.01, 0.004, 7, 3e9)
        if key in {"ltp", "spn", "spf"}:
            delta[key] = chance.choice((3, 3.05, 3.1, 3.456, "NaN") if key == "ltp" else (3.45, 3.456, "Infinity"))
            continue
        delta[key] = [[chance.choice(prices), chance.choice(sizes)] for _ in range(chance.choice((1, 1, 2, 3)))]
        if key == "trd":
            delta["tv"] = chance.choice((10, 20.5, 400.25))
    return delta


@pytest.mark.parametrize("seed", range(60))
def test_usual_streams_play_the_same_and_make_the_same_rows(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - an example, no secret
    same_one_by_one(write(tmp_path / "one.json", *usual_stream(chance)), tmp_path)


@pytest.mark.parametrize(
    "delta", [{"ltp": None}, {"tv": None, "trd": [[3, 4]]}, {"atb": [[3, None]]}, {"spn": "NaN", "ltp": 3.1}]
)
def test_a_definition_hides_no_word_beside_it(tmp_path: Path, delta: dict[str, Any]) -> None:
    defined = definition(runner(11), runner(12, "REMOVED"))
    path = write(
        tmp_path / "one.json",
        message(0, image({"id": 11, "ltp": 3, "atb": [[3, 5]], "trd": [[3, 2]], "tv": 2})),
        message(1, change({"id": 11, "atb": [[3.05, 5]]})),
        message(2, change({"id": 11} | delta, {"id": 12, "atb": [[8, 2]]}, marketDefinition=defined)),
        message(3, change({"id": 11, "atb": [[3.1, 5]]})),
    )
    same_one_by_one(path, tmp_path)


def test_trades_that_settlement_takes_away_are_told_as_one_by_one(tmp_path: Path) -> None:
    path = write(
        tmp_path / "one.json",
        message(0, image({"id": 11, "atb": [[3, 5]], "trd": [[3, 2]], "tv": 2})),
        message(1, change({"id": 11, "trd": [[3, 4], [3.05, 1]], "tv": 5})),
        message(2, change({"id": 11, "trd": [[3, 3], [3.1, 1]], "tv": 5}, {"id": 12, "trd": [[8, 1]], "tv": 1})),
        message(3, change({"id": 11, "trd": [[3, 0], [3.05, 0], [3.1, 0]], "tv": 0})),
        message(4, change({"id": 11, "trd": [[3, 3.5], [3, 4]], "tv": 6}, {"id": 12, "trd": [[8.05, 2]], "tv": 3})),
        message(5, change({"id": 11, "trd": [[3.05, 0.5]], "tv": 6}, {"id": 12, "trd": [[8, 2]], "tv": 4})),
    )
    same_one_by_one(path, tmp_path)


def same_one_by_one(path: Path, tmp_path: Path) -> None:
    """Check that a file plays the same from its import, and makes the same tables when read message by message."""
    both_ways(path, tmp_path / "recorded")
    # Messages in lists are no usual block: each is read by itself.
    slowly = tmp_path / "slowly.json"
    slowly.write_bytes(b"".join(b"[" + line + b"]\n" for line in path.read_bytes().splitlines()))
    import_recording([slowly], tmp_path / "one-by-one")
    for table in sorted((tmp_path / "recorded").rglob("*.parquet")):
        other = tmp_path / "one-by-one" / table.relative_to(tmp_path / "recorded")
        assert in_order(pq.read_table(table)) == in_order(pq.read_table(other)), table.name


def in_order(table: pa.Table) -> list[dict[str, Any]]:
    """The rows; those of an instant by runner."""
    rows: list[dict[str, Any]] = table.to_pylist()
    return (
        rows
        if "market_id" not in table.schema.names
        else sorted(rows, key=lambda row: (row["published_at"], row.get("selection_id", 0)))
    )


@pytest.mark.parametrize("seed", range(60))
def test_odd_streams_play_the_same(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - an example, no secret
    both_ways(write(tmp_path / "one.json", *odd_stream(chance)), tmp_path / "recorded")


def test_a_damaged_file_plays_up_to_the_damage_in_both(tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.write_bytes(
        lines([message(0, image({"id": 11, "ltp": 3})), message(1, change({"id": 11, "spn": "much"}))])
        + lines([message(2, change({"id": 11, "ltp": 4}))])
    )
    told: list[Diagnostic] = []
    raw = list(read_events([path], tell=told.append))
    (report,) = import_recording([path], tmp_path / "recorded").files
    assert list(read_events([tmp_path / "recorded"])) == raw
    assert report.error
    assert str(report.error.place) == str(told[0].place) == f"{path}:2:1"
    assert report.lines == 1


def test_a_market_that_cannot_be_played_is_told_by_whoever_plays_it(tmp_path: Path) -> None:
    fine = definition(runner(11), priceLadderDefinition={"type": "FINEST"})
    path = write(
        tmp_path / "one",
        message(0, image({"id": 11, "ltp": 3}), {"id": "1.7", "marketDefinition": fine}),
        message(1, change({"id": 11, "ltp": 3.1}, marketDefinition=fine)),
        message(2, change({"id": 11, "ltp": 3.2})),
    )
    assert set(both_ways(path, tmp_path / "recorded")) == {WIN}
    with pytest.raises(RecordingError) as raised:
        list(read_events([tmp_path / "recorded"]))
    assert [(one.code, one.message.split(":")[0]) for one in raised.value.diagnostics] == [
        ("R109", "market 1.7 is not played"),
        ("R109", "market 1.101 is not played"),
    ]


@pytest.mark.parametrize("name", ["ladders-0", "definitions-0"])
@pytest.mark.parametrize("damage", ["cut", "other columns", "missing values"])
def test_a_damaged_table_is_named(tmp_path: Path, name: str, damage: str) -> None:
    import_recording([write(tmp_path / "one", message(0, image({"id": 11, "ltp": 3})))], tmp_path / "recorded")
    (path,) = (tmp_path / "recorded").glob(f"*/*/{name}.parquet")
    table = pq.read_table(path)
    match damage:
        case "cut":
            path.write_bytes(b"PAR1")
        case "other columns":
            pq.write_table(table.drop(["published_at"]), path)
        case _:
            missing = pa.nulls(len(table), pa.int32())
            pq.write_table(table.set_column(1, table.schema.field(1), missing), path)
    with pytest.raises(RecordingError, match=rf"{name}\.parquet.*R105.*cannot be read"):
        list(read_events([tmp_path / "recorded"]))


def test_a_price_that_no_hundredths_hold_is_exact(tmp_path: Path) -> None:
    path = write(tmp_path / "one", message(0, image()), message(1, change({"id": 11, "ltp": 3.14159, "spf": 1e300})))
    last = both_ways(path, tmp_path / "recorded")[WIN][-1]
    assert isinstance(last, Quote)
    assert (last.last_traded, last.far) == (Decimal("3.14159"), Decimal("1E+300"))
