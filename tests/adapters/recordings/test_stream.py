"""Messages of the stream become rows: every trap of ``betfair.md`` 6.4 and 7.2 in a small hand-made stream."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytrader.adapters.recordings import tables
from tests.adapters.recordings.streams import (
    PLACE,
    START,
    WIN,
    book,
    change,
    definition,
    image,
    imported,
    message,
    moment,
    prices,
    rows,
    runner,
)

if TYPE_CHECKING:
    from pathlib import Path

NOTHING = book(None, None, None, None)


def test_full_ladder_best_prices_follow_every_change(tmp_path: Path) -> None:
    imported(
        tmp_path,
        message(0, image({"id": 11, "atb": [[8, 10], [7.8, 5.5]], "atl": [[8.2, 3], [9, 4]], "ltp": 8.2, "tv": 20})),
        message(1, change({"id": 11, "atb": [[7.8, 99]]})),  # below the best: no row
        message(2, change({"id": 11, "atb": [[8, 0]]})),  # the best goes: the next one, with its newest size
        message(3, change({"id": 11, "atb": [[8.4, 1.23]], "atl": [[8.2, 0], [8.6, 2]]})),
        message(4, change({"id": 11, "atb": [[8.4, 7]]})),  # only the size
        message(5, change({"id": 11, "atb": [[8.4, 0], [7.8, 0]]})),  # the side is empty
        message(6, change({"id": 11, "tv": 21.5})),  # traded volume alone makes no row
        message(7, change({"id": 11, "ltp": 8.6, "tv": 22})),
    )
    assert prices(tmp_path) == [
        (0, *book("8", "10", "8.2", "3")),
        (2, *book("7.8", "99", "8.2", "3")),
        (3, *book("8.4", "1.23", "8.6", "2")),
        (4, *book("8.4", "7", "8.6", "2")),
        (5, *book(None, None, "8.6", "2")),
        (7, *book(None, None, "8.6", "2")),
    ]
    last = rows(tmp_path)[-1]
    assert (last["last_traded"], last["traded_volume"]) == book("8.6", "22")


def test_every_runner_of_the_definition_has_a_first_row(tmp_path: Path) -> None:
    imported(tmp_path, message(0, image()))
    assert prices(tmp_path, 11) == prices(tmp_path, 12) == [(0, *NOTHING)]


def test_image_in_mid_stream_replaces_everything(tmp_path: Path) -> None:
    imported(
        tmp_path,
        message(0, image({"id": 11, "atb": [[8, 10]], "atl": [[9, 1]], "ltp": 8}, {"id": 12, "atb": [[3, 1]]})),
        # Images of the historical files come without a definition, one entry per field of a runner.
        message(5, change({"id": 11, "atl": [[9.2, 4]]}, {"id": 11, "atb": [[7, 2]]}, img=True)),
        message(6, change({"id": 11, "atb": [[7, 0]]})),
    )
    assert prices(tmp_path) == [
        (0, *book("8", "10", "9", "1")),
        (5, *book("7", "2", "9.2", "4")),
        (6, *book(None, None, "9.2", "4")),
    ]
    assert prices(tmp_path, 12) == [(0, *book("3", "1", None, None)), (5, *NOTHING)]
    assert [row["last_traded"] for row in rows(tmp_path) if row["selection_id"] == 11] == [Decimal(8), None, None]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"ct": "SUB_IMAGE"}, book("5", "1", None, None)),
        ({"ct": "SUB_IMAGE", "segmentType": "SEG_START"}, book("5", "1", None, None)),
        ({"ct": "SUB_IMAGE", "segmentType": "SEG"}, book("8", "10", None, None)),
        ({"ct": "RESUB_DELTA"}, book("8", "10", None, None)),
    ],
)
def test_sub_image_replaces_and_resub_delta_patches(
    tmp_path: Path, fields: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    imported(
        tmp_path,
        message(0, image({"id": 11, "atb": [[8, 10]]})),
        message(1, change({"id": 11, "atb": [[5, 1]]}), **fields),
        message(2, change({"id": 11, "ltp": 2})),
    )
    assert prices(tmp_path)[-1] == (2, *expected)


def test_best_levels_are_replaced_by_level(tmp_path: Path) -> None:
    imported(
        tmp_path,
        message(0, image({"id": "11", "batb": [[0, 4.7, 4.33], [1, 4.6, 2]], "batl": [[0, 4.9, 1]]})),
        message(1, change({"id": "11", "batb": [[0, 4.6, 2], [1, 0, 0]]})),
        message(2, change({"id": 11, "batl": [[0, 0, 0]]})),
        message(3, change({"id": 11, "batb": []})),
    )
    assert prices(tmp_path) == [
        (0, *book("4.7", "4.33", "4.9", "1")),
        (1, *book("4.6", "2", "4.9", "1")),
        (2, *book("4.6", "2", None, None)),
    ]


def test_displayed_levels_serve_only_where_nothing_deeper_comes(tmp_path: Path) -> None:
    imported(
        tmp_path,
        message(0, image({"id": 11, "bdatb": [[0, 4.8, 9]]})),
        message(1, change({"id": 11, "bdatb": [[0, 5, 9]]})),
        message(2, change({"id": 11, "bdatb": [[0, 5.1, 9]], "batb": [[0, 4, 1]]})),
        message(3, change({"id": 11, "bdatb": [[0, 5.2, 9]]})),
        message(4, change({"id": 11, "atb": [[3.5, 2]], "bdatb": [[0, 5.3, 9]], "batb": [[0, 4.1, 1]]})),
        message(5, change({"id": 11, "batb": [[0, 4.2, 1]]})),
    )
    assert [row[:3] for row in prices(tmp_path)] == [
        (0, *book("4.8", "9")),
        (1, *book("5", "9")),
        (2, *book("4", "1")),
        (4, *book("3.5", "2")),
    ]


def test_deepest_ladder_of_an_image_is_read(tmp_path: Path) -> None:
    levels = {"bdatb": [[0, 4.8, 9]], "batb": [[0, 4, 1]]}
    imported(
        tmp_path,
        message(0, image({"id": 11, "atb": [[3.5, 2]]} | levels, {"id": 12} | levels)),
        message(1, change({"id": 11, "bdatb": [[0, 4.9, 9]]}, img=True)),  # another subscription
        message(2, change({"id": 11, "batb": [[0, 4.1, 9]]} | levels, img=True)),
    )
    assert [row[:3] for row in prices(tmp_path)] == [
        (0, *book("3.5", "2")),
        (1, *book("4.9", "9")),
        (2, *book("4", "1")),
    ]
    assert prices(tmp_path, 12) == [(0, *NOTHING)]


def test_displayed_prices_go_for_every_runner_when_a_deeper_ladder_comes(tmp_path: Path) -> None:
    imported(
        tmp_path,
        message(0, image({"id": 11, "bdatb": [[0, 4.8, 9]]}, {"id": 12, "bdatb": [[0, 2, 9]]})),
        message(1, change({"id": 11, "atb": [[4.7, 9]]})),
    )
    assert prices(tmp_path, 12) == [(0, *book("2", "9", None, None)), (1, *NOTHING)]


def test_last_traded_only(tmp_path: Path) -> None:
    imported(
        tmp_path,
        message(0, {"id": WIN, "marketDefinition": definition(runner(11))}),
        message(1, change({"id": 11, "ltp": 3.57})),  # off the ladder: reduced by a non-runner
        message(2, change({"id": 11, "ltp": "NaN"})),
        message(3, change({"id": 11, "ltp": "Infinity"})),  # missing as before: no row
        message(4, change({"id": 11, "ltp": 1})),  # what a hidden runner shows is no price
    )
    assert [row["last_traded"] for row in rows(tmp_path)] == [None, Decimal("3.57"), None, None]
    assert {row[1:] for row in prices(tmp_path)} == {NOTHING}


def test_volume_is_summed_where_only_trades_come(tmp_path: Path) -> None:
    imported(
        tmp_path,
        message(0, image({"id": 11, "trd": [[8, 0.1], [9, 0.2]]})),
        message(1, change({"id": 11, "trd": [[8, 5]], "ltp": 8})),
        message(2, change({"id": 11, "trd": [[9, 0], [8, 0]], "ltp": 9})),  # the settlement artefact
        message(3, change({"id": 12, "trd": [[9, 4]], "tv": "NaN", "ltp": 9}, {"id": 11, "trd": [[5, 9]], "ltp": 5})),
        message(4, change({"id": 11, "trd": [[7, 3]], "ltp": 7}, img=True)),
        message(5, change({"id": 11, "trd": [[6, 1]], "ltp": 6})),
    )
    volumes = [row["traded_volume"] for row in rows(tmp_path) if row["last_traded"] or row["selection_id"] == 11]
    assert volumes == [*book("0.3", "5.2", "0"), None, *book("9", "3", "4")]


def test_numbers_as_text_are_read_and_not_finite_sizes_delete(tmp_path: Path) -> None:
    imported(
        tmp_path,
        message(0, image({"id": 11, "atb": [[8, 10], [7, 3]]})),
        message(1, change({"id": 11, "atb": [["8.2", "4.5"]], "spn": "NaN", "spf": "Infinity"})),
        message(2, change({"id": 11, "atb": [[7, 3], [8.2, "NaN"], [8, 0]]})),
        message(3, change({"id": 11, "atb": [[7, 0], ["6", "1"]]})),
        message(4, change({"id": 11, "atb": [[6, 0]]}, {"id": 12, "atb": [["NaN", "1"], ["4", 1]]})),
    )
    assert prices(tmp_path, 12)[-1] == (4, *book("4", "1", None, None))
    assert [row[:3] for row in prices(tmp_path)] == [
        (0, *book("8", "10")),
        (1, *book("8.2", "4.5")),
        (2, *book("7", "3")),
        (3, *book("6", "1")),
        (4, None, None),
    ]


def test_several_changes_in_one_instant_make_one_row(tmp_path: Path) -> None:
    imported(
        tmp_path,
        message(0, image({"id": 11, "atb": [[8, 10]]}, {"id": 12, "atb": [[2, 1]]})),
        message(1, change({"id": 11, "atb": [[8, 0]]}, {"id": 12, "ltp": 2}, {"id": 11, "atb": [[7, 1]]})),
        message(1, change({"id": 11, "atb": [[7, 2]]}), change({"id": 11, "atl": [[9, 1]]})),
        message(2, change({"id": 11, "atb": [[9, 1]]}, {"id": 11, "atb": [[9, 0]]})),  # there and back: no row
    )
    assert prices(tmp_path) == [(0, *book("8", "10", None, None)), (1, *book("7", "2", "9", "1"))]


def test_removal_and_reinstatement(tmp_path: Path) -> None:
    out = runner(11, "REMOVED", adjustmentFactor=None, removalDate="2026-05-02T12:00:01.000Z")
    imported(
        tmp_path,
        message(0, image({"id": 11, "atb": [[8, 10]], "ltp": 8.4})),
        message(2, change(market=WIN, marketDefinition=definition(out, runner(12), version=2))),
        message(3, change({"id": 11, "atb": [[8, 4]]})),  # no price of a removed runner is told
        message(
            4,
            change(marketDefinition=definition(runner(11, removalDate="2026-05-02T12:00:01.000Z"), runner(12))),
        ),
    )
    first, removed, back = (row for row in rows(tmp_path) if row["selection_id"] == 11)
    assert (removed["status"], removed["removed_at"]) == ("REMOVED", moment(1))
    assert (removed["adjustment_factor"], removed["best_back"], removed["last_traded"]) == (None, None, Decimal("8.4"))
    assert (back["status"], back["removed_at"], back["best_back_size"]) == ("ACTIVE", None, Decimal(4))
    assert [row["number_of_active_runners"] for row in rows(tmp_path, table="states")] == [2, 1, 2]
    assert first["best_back"] == Decimal(8)


def test_runner_left_out_of_a_definition_is_no_longer_listed(tmp_path: Path) -> None:
    imported(
        tmp_path,
        message(0, image({"id": 11, "atb": [[8, 10]]})),
        message(1, change(marketDefinition=definition(runner(12)))),
        message(2, change({"id": 11, "atb": [[9, 10]]})),
    )
    found = [(row["listed"], row["status"]) for row in rows(tmp_path) if row["selection_id"] == 11]
    assert found == [(True, "ACTIVE"), (False, None)]
    assert prices(tmp_path)[-1] == (1, *NOTHING)


def test_states_are_written_when_the_definition_changes(tmp_path: Path) -> None:
    imported(
        tmp_path,
        message(0, image()),
        message(1, change(marketDefinition=definition(runner(11), runner(12)))),  # the same again
        message(2, change(marketDefinition=definition(runner(11), runner(12), status="SUSPENDED", version=2))),
        message(3, change(marketDefinition=definition(runner(11), runner(12), marketTime="2026-05-02T15:00:00+01:00"))),
        message(9, change({"id": 11, "ltp": 3})),
    )
    states = rows(tmp_path, table="states")
    assert [(row["published_at"], row["status"], row["version"]) for row in states] == [
        (moment(0), "OPEN", 1),
        (moment(2), "SUSPENDED", 2),
        (moment(3), "OPEN", 1),
    ]
    assert states[-1]["market_time"] == moment(2 * 3600)
    assert {row["race_id"] for row in states} == {"77@2026-05-02T14:10:00Z"}
    assert {row["recorded_until"] for row in states} == {moment(9)}
    assert (states[0]["course"], states[0]["event_name"], states[0]["country_code"]) == ("Ascot", "Ascot 2nd May", "GB")


def test_names_may_be_absent_and_a_known_name_stays(tmp_path: Path) -> None:
    imported(
        tmp_path,
        message(0, image()),
        message(1, change(marketDefinition=definition(runner(11, name="Lá Breá"), runner(12)))),
        message(2, change(marketDefinition=definition(runner(11, hc=0), runner(12), version=2))),
        message(3, change({"id": 11, "hc": 0, "ltp": 4})),
    )
    names = [row["runner_name"] for row in rows(tmp_path) if row["selection_id"] == 11]
    assert names == [None, "Lá Breá", "Lá Breá"]


def test_what_may_be_absent_null_or_extra(tmp_path: Path) -> None:
    bare = {"runners": [{"id": 11}], "marketTime": "2026-05-02T14:10:00Z", "new": {"deep": [1]}}
    report = imported(
        tmp_path,
        {"op": "connection", "connectionId": "x"},
        {"op": "status", "statusCode": "SUCCESS"},
        {"op": "mcm", "id": 2, "status": 503},
        {"op": "mcm", "id": 2, "clk": None, "pt": START, "ct": "HEARTBEAT"},
        {"op": "ocm", "pt": START, "oc": []},
        message(0, {"id": WIN, "marketDefinition": bare, "rc": None, "con": True}, clk=None, initialClk="z", id=1),
        message(1, change({"id": 11, "atb": [[2, 1]], "atl": None, "unheard": 1}, img=None), extra=True),
        message(2, {"id": WIN, "tv": 5}),
    )
    assert report.errors == ()
    assert prices(tmp_path) == [(0, *NOTHING), (1, *book("2", "1", None, None))]
    (state,) = rows(tmp_path, table="states")
    assert (state["race_id"], state["status"], state["number_of_active_runners"]) == (
        f"{WIN}@2026-05-02T14:10:00Z",
        None,
        0,
    )


def test_several_markets_in_one_file(tmp_path: Path) -> None:
    report = imported(
        tmp_path,
        message(
            0,
            image({"id": 11, "atb": [[8, 1]]}),
            image({"id": 11, "atb": [[3, 1]]}, market=PLACE, marketType="PLACE"),
        ),
        message(1, change({"id": 11, "atb": [[3.1, 1]]}, market=PLACE)),
    )
    assert report.markets == (WIN, PLACE)
    assert prices(tmp_path) == [(0, *book("8", "1", None, None))]
    assert [row[1] for row in prices(tmp_path, market=PLACE)] == [Decimal(3), Decimal("3.1")]
    assert {row["recorded_until"] for row in rows(tmp_path, WIN, "states")} == {moment(0)}


def test_prices_before_the_definition_are_kept_for_it(tmp_path: Path) -> None:
    imported(
        tmp_path,
        message(0, change({"id": 11, "atb": [[8, 1]]}, img=True)),
        message(1, change(marketDefinition=definition(runner(11)))),
    )
    assert prices(tmp_path) == [(1, *book("8", "1", None, None))]


def test_late_message_counts_from_the_one_before(tmp_path: Path) -> None:
    report = imported(
        tmp_path,
        message(5, image()),
        message(4, change({"id": 11, "atb": [[8, 1]]})),
        message(6, change({"id": 11, "atb": [[8, 2]]})),
    )
    assert report.files[0].late == 1
    assert [row[0] for row in prices(tmp_path)] == [5, 6]


CENTS = st.integers(min_value=101, max_value=99_999_900)


@given(st.lists(CENTS, min_size=1, max_size=50))
def test_decimals_are_those_of_the_file(cents: list[int]) -> None:
    written = [f"{one // 100}.{one % 100:02}" for one in cents]
    column = tables._decimals([float(one) for one in written], tables.PRICE, tables._PRICES)
    assert column.to_pylist() == [Decimal(one) for one in written]


def test_further_decimals_are_rounded_off_beside_exact_ones() -> None:
    column = tables._decimals([8.2, 2.675, None, 1.0, 1000], tables.PRICE, tables._PRICES)
    assert column.to_pylist() == [Decimal("8.20"), Decimal("2.67"), None, None, Decimal("1000.00")]


@given(st.integers(min_value=0, max_value=10**13))
def test_sizes_are_those_of_the_file(cents: int) -> None:
    written = f"{cents // 100}.{cents % 100:02}"
    assert tables._decimals([float(written)], tables.SIZE, tables._SIZES).to_pylist() == [Decimal(written)]
