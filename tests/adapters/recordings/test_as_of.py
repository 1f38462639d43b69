"""Snapshots from a recording: the markets at T, the captures at T0, and picks that cannot be served."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from policytrader.adapters.recordings.as_of import snapshot_at
from policytrader.adapters.recordings.picks import Pick
from policytrader.errors import Place, RecordingError, UsageError
from policytrader.model.snapshot import (
    Market,
    MarketStatus,
    MarketType,
    ReferenceRunner,
    Runner,
    RunnerStatus,
    Selection,
    Side,
    Snapshot,
)
from tests.adapters.recordings.streams import PLACE, WIN, change, definition, imported, message, moment, runner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RACE = "77@2026-05-02T14:10:00Z"
OFF = moment(2 * 3600 + 600)
PICK = Pick("a", WIN, MarketType.WIN, 11, Side.BACK, Decimal(8))
PLACE_PICK = Pick("b", PLACE, MarketType.PLACE, 12, Side.LAY, Decimal(3), Decimal(2))


def win(*runners: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"id": WIN, "marketDefinition": definition(*runners, **more)}


def place(*runners: dict[str, Any], **more: object) -> dict[str, Any]:
    more = {"marketType": "PLACE", "numberOfWinners": 3} | more
    return {"id": PLACE, "marketDefinition": definition(*runners, **more)}


def snapshot(folder: Path, at: float, captured_at: float, *picks: Pick) -> Snapshot:
    return snapshot_at(folder / "recorded", moment(at), moment(captured_at), picks or (PICK,))


def refusal(folder: Path, at: float, captured_at: float, *picks: Pick) -> list[str]:
    with pytest.raises(RecordingError) as raised:
        snapshot(folder, at, captured_at, *picks)
    return [f"{one.code} {one.message} {one.help}".strip() for one in raised.value.diagnostics]


@pytest.fixture
def race(tmp_path: Path) -> Path:
    """Three runners; 13 is out before the capture at 100 s, 12 after it; the markets end at 500 s and 400 s."""
    three = runner(11, name="Blue Moon", adjustmentFactor=40.5), runner(12), runner(13)
    out_13 = runner(13, "REMOVED", adjustmentFactor=10, removalDate="2026-05-02T12:00:50.000Z")
    out_12 = runner(12, "REMOVED", adjustmentFactor=9.123, removalDate="2026-05-02T12:03:20.000Z")
    imported(
        tmp_path,
        message(0, win(*three), place(*three)),
        message(10, change({"id": 11, "atb": [[8, 10]], "atl": [[8.2, 4]], "ltp": 8.2}, {"id": 12, "ltp": 4.5})),
        message(11, change({"id": 11, "atb": [[2.5, 3]]}, {"id": 12, "atb": [[1.5, 2]]}, market=PLACE)),
        message(50, win(*three[:2], out_13, version=2), place(*three[:2], out_13, version=2)),
        message(200, win(three[0], out_12, out_13, version=3, marketTime="2026-05-02T14:12:00.000Z")),
        message(300, change({"id": 11, "atb": [[8, 0], [7.8, 6]]}), place(three[0], out_12, out_13, version=3)),
        message(400, change({"id": 11, "ltp": 2}, market=PLACE)),
        message(500, change({"id": 11, "atb": [[1.01, 6]]})),
    )
    return tmp_path


def test_snapshot_of_a_race_with_win_and_place(race: Path) -> None:
    found = snapshot(race, 250, 100, PICK, PLACE_PICK)
    assert found.now == moment(250)
    assert found.markets == (
        Market(WIN, RACE, MarketType.WIN, MarketStatus.OPEN, False, 3, 1, moment(250), "Ascot"),  # noqa: FBT003
        Market(PLACE, RACE, MarketType.PLACE, MarketStatus.OPEN, False, 2, 3, moment(250), "Ascot"),  # noqa: FBT003
    )
    gone = (None, None, None, None)
    assert found.runners[:3] == (
        Runner(
            market_id=WIN,
            selection_id=11,
            runner_name="Blue Moon",
            status=RunnerStatus.ACTIVE,
            best_back=Decimal(8),
            best_back_size=Decimal(10),
            best_lay=Decimal("8.2"),
            best_lay_size=Decimal(4),
            last_traded=Decimal("8.2"),
            adjustment_factor=Decimal("40.5"),
            removed_at=None,
        ),
        Runner(WIN, 12, None, RunnerStatus.REMOVED, *gone, Decimal("4.5"), Decimal("9.123"), moment(200)),
        Runner(WIN, 13, None, RunnerStatus.REMOVED, *gone, None, Decimal(10), moment(50)),
    )
    assert [(row.market_id, row.selection_id, row.status, row.best_back) for row in found.runners[3:]] == [
        (PLACE, 11, RunnerStatus.ACTIVE, Decimal("2.5")),
        (PLACE, 12, RunnerStatus.ACTIVE, Decimal("1.5")),
        (PLACE, 13, RunnerStatus.REMOVED, None),
    ]
    assert [str(row.adjustment_factor) for row in found.runners[:3]] == ["40.5", "9.123", "10"]
    assert found.orders == ()


def test_capture_is_the_race_at_its_own_time(race: Path) -> None:
    found = snapshot(race, 450, 100, PICK)
    capture = f"capture-{RACE}"
    assert found.reference == (
        ReferenceRunner(capture, RACE, moment(100), 2, 11, "Blue Moon", RunnerStatus.ACTIVE, Decimal(8)),
        ReferenceRunner(capture, RACE, moment(100), 2, 12, None, RunnerStatus.ACTIVE, Decimal("4.5")),
        ReferenceRunner(capture, RACE, moment(100), 2, 13, None, RunnerStatus.REMOVED, None),
    )


def test_selection_takes_race_time_capture_and_name_from_the_recording(race: Path) -> None:
    wrong = PLACE_PICK._replace(selection_id=11, race_time=moment(9), capture_id="mine", closed=True)
    found = snapshot(race, 250, 100, wrong).selections
    assert found == (
        Selection(
            selection_ref="b",
            race_id=RACE,
            race_time=moment(2 * 3600 + 720),
            market_id=PLACE,
            market_type=MarketType.PLACE,
            selection_id=11,
            runner_name="Blue Moon",
            side=Side.LAY,
            price_requested=Decimal(3),
            stake_points=Decimal(2),
            capture_id=f"capture-{RACE}",
            valid=True,
            invalidated_reason=None,
            closed=True,
        ),
    )
    assert snapshot(race, 199, 100, PICK._replace(runner_name="Mine")).selections[0][2] == OFF
    assert snapshot(race, 199, 100, PICK._replace(runner_name="Mine")).selections[0].runner_name == "Mine"


def test_market_is_current_until_its_recording_ends(race: Path) -> None:
    def published(at: float) -> list[object]:
        return [market.published_at for market in snapshot(race, at, 100).markets]

    assert published(399) == [moment(399), moment(399)]
    assert published(450) == [moment(450), moment(400)]
    assert published(9999) == [moment(500), moment(400)]


@pytest.mark.parametrize(("at", "expected"), [(9.999, None), (10, "8"), (299.999, "8"), (300, "7.8"), (501, "7.8")])
def test_prices_are_those_of_the_last_change(race: Path, at: float, expected: str | None) -> None:
    (found,) = (row for row in snapshot(race, at, 0).runners if (row.market_id, row.selection_id) == (WIN, 11))
    assert found.best_back == (None if expected is None else Decimal(expected))


def test_own_name_of_a_race_is_used_everywhere(race: Path) -> None:
    found = snapshot(race, 250, 100, PICK._replace(race_id="ascot-1"), PLACE_PICK)
    names = {row.race_id for rows in (found.markets, found.reference, found.selections) for row in rows}
    assert names == {"ascot-1"}
    assert {row.capture_id for row in found.reference} == {"capture-ascot-1"}


def test_place_market_alone_has_no_reference_prices(tmp_path: Path) -> None:
    imported(tmp_path, message(0, place(runner(12)) | {"rc": [{"id": 12, "atb": [[2, 1]], "ltp": 2}]}), message(9))
    found = snapshot(tmp_path, 5, 1, PLACE_PICK)
    assert [(row.selection_id, row.reference_price) for row in found.reference] == [(12, None)]


def test_runner_that_left_the_definition_is_captured_and_not_live(tmp_path: Path) -> None:
    imported(tmp_path, message(0, win(runner(11), runner(12))), message(9, win(runner(12))))
    found = snapshot(tmp_path, 9, 8)
    assert [row.selection_id for row in found.reference] == [11, 12]
    assert [row.selection_id for row in found.runners] == [12]
    assert found.selections[0].selection_id == 11


def test_status_of_the_race_in_the_capture(tmp_path: Path) -> None:
    imported(
        tmp_path,
        message(
            0,
            win(runner(11), runner(12, "HIDDEN"), runner(13, "HIDDEN"), runner(14, "NEWS")),
            place(runner(11, "REMOVED_VACANT"), runner(12), runner(13, "HIDDEN")),
        ),
    )
    found = snapshot(tmp_path, 9, 8)
    status = RunnerStatus
    assert [row.status for row in found.reference] == [status.REMOVED, status.ACTIVE, status.HIDDEN, None]
    assert {row.number_of_runners for row in found.reference} == {1}


def test_other_races_and_other_markets_of_the_event_stay_out(tmp_path: Path) -> None:
    imported(
        tmp_path,
        message(
            0,
            win(runner(11)),
            {"id": "1.103", "marketDefinition": definition(runner(11), marketType="EACH_WAY")},
            {"id": "1.104", "marketDefinition": definition(runner(11), eventId="78")},
            {"id": "1.105", "marketDefinition": definition(runner(11), marketTime="2026-05-02T15:10:00Z")},
        ),
        message(5, place(runner(11))),
    )
    assert [market.market_id for market in snapshot(tmp_path, 4, 0).markets] == [WIN]
    later = snapshot(tmp_path, 5, 0)
    assert [market.market_id for market in later.markets] == [WIN, PLACE]
    assert [row.selection_id for row in later.reference] == [11]


def test_a_market_that_appears_after_its_race_was_moved_is_of_that_race(tmp_path: Path) -> None:
    """As in the catalogue, and in a replay: without it the PLACE pick would have no reference prices."""
    moved = {"marketTime": "2026-05-02T14:20:00.000Z"}
    imported(
        tmp_path,
        message(0, win(runner(11), runner(12)) | {"rc": [{"id": 12, "atb": [[3.5, 20]]}]}),
        message(10, win(runner(11), runner(12), **moved)),
        message(20, place(runner(11), runner(12), **moved)),
    )
    found = snapshot(tmp_path, 50, 40, PLACE_PICK)
    assert [market.market_id for market in found.markets] == [WIN, PLACE]
    assert {row.selection_id: row.reference_price for row in found.reference} == {11: None, 12: Decimal("3.5")}
    assert {market.race_id for market in found.markets} == {RACE}


def test_parts_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    parts = []
    folder = tmp_path / "recorded" / "day=2026-05-02" / f"market={WIN}"
    for number in range(2, 13):
        imported(tmp_path, message(0, win(runner(11)) | {"rc": [{"id": 11, "ltp": number}]}))
        parts.append((folder / "runners-0.parquet").read_bytes())
    for number, data in enumerate(parts):
        (folder / f"runners-{number}.parquet").write_bytes(data)
    (folder / "source.json").unlink()  # which says that there is one part
    assert len(parts) == 11
    assert snapshot(tmp_path, 1, 0).runners[0].last_traded == Decimal(12)


def test_picks_that_the_recording_cannot_serve_are_told_together(race: Path) -> None:
    imported(
        race,
        message(0, win(runner(11))),
        message(60, {"id": "1.200", "marketDefinition": definition(runner(5), marketType="MATCH_ODDS", eventId="9")}),
        message(
            60,
            {
                "id": "1.300",
                "marketDefinition": definition(runner(5), priceLadderDefinition={"type": "FINEST"}, eventId="8"),
            },
        ),
        message(70, place(runner(12))),
    )
    told = refusal(
        race,
        65,
        50,
        PICK._replace(market_id="1.999"),
        PICK._replace(market_type=MarketType.PLACE),
        PLACE_PICK,
        PICK._replace(selection_ref="c", place=Place("picks.csv", 7, 1)),
    )
    held = "1.101 (WIN), 1.102 (PLACE), 1.200 (MATCH_ODDS), 1.300 (WIN)"
    when = "the snapshot at 2026-05-02T12:01:05Z and the capture at 2026-05-02T12:00:50Z"
    span = "2026-05-02T12:01:10Z to 2026-05-02T12:01:10Z"
    assert told == [
        f"R106 pick a: market 1.999 is not in the recording {race}/recorded holds {held}.",
        "R108 pick a: market 1.101 is a WIN market in the recording and PLACE in the pick",
        f"R107 pick b: market 1.102 was not published yet for {when} It is recorded from {span}.",
    ]
    for market_id, sentence in {
        "1.200": "R109 pick a: market 1.200 is of type MATCH_ODDS: only WIN and PLACE can be bet on",
        "1.300": "R109 pick a: market 1.300 has the price ladder FINEST: only CLASSIC is known",
    }.items():
        assert refusal(race, 65, 61, PICK._replace(market_id=market_id)) == [sentence]


def test_capture_before_the_market_was_published(race: Path) -> None:
    assert refusal(race, 65, -1, PICK)[0].startswith("R107 pick a: market 1.101 was not published yet for the capture")


def test_unknown_runner_is_refused_with_those_there_are(race: Path) -> None:
    pick = PICK._replace(selection_id=99, place=Place("picks.csv", 7, 1))
    with pytest.raises(
        RecordingError, match=r"picks.csv:7:1  R106  pick a: market 1.101 has no runner 99\n.*11, 12, 13"
    ):
        snapshot(race, 65, 1, pick)


def test_a_race_has_one_name_and_a_name_one_race(race: Path) -> None:
    other = definition(runner(11), eventId="78")
    imported(race, message(0, win(runner(11)), place(runner(12)), {"id": "1.104", "marketDefinition": other}))
    one, two = PICK._replace(race_id="x"), PLACE_PICK._replace(race_id="y")
    assert refusal(race, 5, 0, one, two) == [
        f"R108 pick b: race {RACE} is named x and y Give all picks of a race one race_id, or none."
    ]
    two = PICK._replace(selection_ref="c", market_id="1.104", race_id="x")
    (told,) = refusal(race, 5, 0, one, two)
    assert told.startswith(f"R108 pick c: x names two races, {RACE} and 78@2026-05-02T14:10:00Z Give each race")


def test_price_off_the_ladder_is_refused(tmp_path: Path) -> None:
    imported(tmp_path, message(0, win(runner(11)) | {"rc": [{"id": 11, "atb": [[8.05, 1]]}]}))
    (told,) = refusal(tmp_path, 5, 0)
    assert told.startswith("R105 market 1.101, runner 11: the best price 8.05 published at 2026-05-02T12:00:00Z is not")


def test_folder_without_a_recording(tmp_path: Path) -> None:
    (tmp_path / "recorded").mkdir()
    assert refusal(tmp_path, 5, 0)[0].startswith("R105 holds no imported recording")


@pytest.mark.parametrize(
    ("back", "lay", "expected"),
    [
        ("8.2", "8", (None,) * 4),
        ("8", "8", (None,) * 4),
        ("8", "8.2", tuple(map(Decimal, ("8", "3", "8.2", "4")))),
    ],
)
def test_no_prices_from_a_crossed_book(tmp_path: Path, back: str, lay: str, expected: tuple[object, ...]) -> None:
    delta = {"id": 11, "atb": [[float(back), 3]], "atl": [[float(lay), 4]], "ltp": 5}
    imported(tmp_path, message(0, win(runner(11)) | {"rc": [delta]}))
    found = snapshot(tmp_path, 5, 0)
    row = found.runners[0]
    assert (row.best_back, row.best_back_size, row.best_lay, row.best_lay_size) == expected
    assert found.reference[0].reference_price == (expected[0] or 5)


def emptied(path: Path) -> None:
    pq.write_table(pq.read_table(path).slice(0, 0), path)


def without(name: str) -> Callable[[Path], None]:
    return lambda path: pq.write_table(pq.read_table(path).drop_columns([name]), path)


def as_text(name: str) -> Callable[[Path], None]:
    def change_type(path: Path) -> None:
        found = pq.read_table(path)
        index = found.schema.get_field_index(name)
        pq.write_table(found.set_column(index, name, found[name].cast(pa.string())), path)

    return change_type


def blanked(name: str) -> Callable[[Path], None]:
    def blank(path: Path) -> None:
        found = pq.read_table(path)
        index = found.schema.get_field_index(name)
        pq.write_table(found.set_column(index, name, pa.nulls(len(found), found.schema.field(name).type)), path)

    return blank


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : len(data) // 2] = b"\xff" * (len(data) // 2 - len(data) // 3)
    path.write_bytes(data)


@pytest.mark.parametrize("table", ["states-0.parquet", "runners-0.parquet"])
@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (emptied, "holds no rows"),
        (without("published_at"), "cannot be read"),
        (without("market_id"), "cannot be read: it has no column market_id"),
        (as_text("published_at"), "cannot be read"),
        (blanked("market_id"), "cannot be read: market_id is missing in some rows"),
        (flipped, "cannot be read"),
        (lambda path: path.write_bytes(b""), "cannot be read"),
        (lambda path: path.write_bytes(b"PAR1"), "cannot be read"),
        (lambda path: path.write_bytes(b"not Parquet " * 99), "cannot be read"),
        (lambda path: path.unlink(), "is missing"),
    ],
)
def test_damaged_recording_names_its_file(race: Path, table: str, damage: Callable[[Path], None], told: str) -> None:
    """Whatever the damage is, also where an import of before did not note how large its files were."""
    (folder,) = (race / "recorded").glob(f"day=*/market={WIN}")
    damage(folder / table)
    (folder / "source.json").unlink()
    with pytest.raises(RecordingError) as raised:
        snapshot(race, 5, 0)
    (found,) = raised.value.diagnostics
    assert (found.place.file, found.code) == (str(folder / table), "R105")
    assert found.message.startswith(told)


@pytest.mark.parametrize(
    "target", [f"day=2026-05-03/market={WIN}", "day=2026-05-02/market=1.999"], ids=["day", "market"]
)
def test_market_in_the_wrong_folder(race: Path, target: str) -> None:
    (folder,) = (race / "recorded").glob(f"day=*/market={WIN}")
    moved = race / "recorded" / target
    moved.parent.mkdir(exist_ok=True)
    folder.rename(moved)
    assert refusal(race, 5, 0, PICK._replace(market_id=moved.name.removeprefix("market=")))[0].startswith("R105")


def test_market_that_names_no_runners_is_no_damage(tmp_path: Path) -> None:
    imported(tmp_path, message(0, win(runner(11)), place()))
    found = snapshot(tmp_path, 5, 0)
    assert [market.market_id for market in found.markets] == [WIN, PLACE]
    assert [row.market_id for row in found.runners] == [WIN]


def test_capture_after_the_snapshot(race: Path) -> None:
    with pytest.raises(UsageError, match=r"the capture .* is later than the snapshot"):
        snapshot(race, 5, 6)
