"""The file of picks: what may be left out, and every problem told at once with its place."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.recordings.picks import Pick, read_picks
from policytrader.errors import Place, SnapshotError
from policytrader.model.snapshot import MarketType, Selection, Side
from tests.adapters.recordings.streams import moment

if TYPE_CHECKING:
    from pathlib import Path

NEEDED = "market_id,market_type,selection_id,side,price_requested"


def picks(folder: Path, text: str) -> tuple[Pick, ...]:
    path = folder / "picks.csv"
    path.write_bytes(text.encode())
    return read_picks(path)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(SnapshotError) as raised:
        picks(folder, text)
    return [f"{one.place.line}:{one.place.column} {one.code} {one.message}" for one in raised.value.diagnostics]


def test_only_five_columns_are_needed(tmp_path: Path) -> None:
    found = picks(tmp_path, f"\ufeff{NEEDED}\r\n1.101,WIN,11,BACK,8.00\r\n\r\n1.102, PLACE,12,LAY,3\r\n")
    place = Place(str(tmp_path / "picks.csv"), 2, 1)
    assert found[0] == Pick("1.101-11-BACK", "1.101", MarketType.WIN, 11, Side.BACK, Decimal(8), place=place)
    assert found[0].stake_points == 1
    assert (found[1].selection_ref, found[1].market_type) == ("1.102-12-LAY", MarketType.PLACE)


def test_every_column_of_a_snapshot_is_read(tmp_path: Path) -> None:
    header = ",".join(Selection._fields)
    row = 'a,r1,2026-05-02T13:00:00+01:00,1.101,WIN,11,"The ""Duke"", gb",LAY,8.2,1.5,c1,false,"Invalid, so",true'
    (found,) = picks(tmp_path, f"{header}\n{row}")
    assert found._replace(place=None) == Pick(
        selection_ref="a",
        market_id="1.101",
        market_type=MarketType.WIN,
        selection_id=11,
        side=Side.LAY,
        price_requested=Decimal("8.2"),
        stake_points=Decimal("1.5"),
        race_id="r1",
        race_time=moment(0),
        runner_name='The "Duke", gb',
        capture_id="c1",
        valid=False,
        invalidated_reason="Invalid, so",
        closed=True,
    )


def test_empty_cells_are_missing(tmp_path: Path) -> None:
    (found,) = picks(tmp_path, f"{NEEDED},stake_points,valid,closed,race_id\n1.101,WIN,11,BACK,8,,,,")
    assert (found.valid, found.closed, found.race_id) == (True, False, None)
    assert found.stake_points == 1


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = f"""{NEEDED},stake_points,race_time,valid
1.101,MATCH_ODDS,11,BACK,8,1,,
1.101,WIN,eleven,BACK,8,1,,
1.101,WIN,11,BUY,8,1,,
1.101,WIN,11,BACK,8.055,1,,
1.101,WIN,11,BACK,8,0,,
1.101,WIN,11,BACK,8,1.00001,,
1.101,WIN,11,BACK,8,1,2026-05-02T13:00:00,
1.101,WIN,11,BACK,8,1,,yes
,WIN,11,BACK,,1,,
1.101,WIN,11,BACK,NaN,1,,
"""
    assert problems(tmp_path, text) == [
        "2:7 R112 market_type is 'MATCH_ODDS'",
        "3:11 R112 selection_id is 'eleven'",
        "4:14 R112 side is 'BUY'",
        "5:19 R112 price_requested is '8.055'",
        "6:21 R112 stake_points is '0'",
        "7:21 R112 stake_points is '1.00001'",
        "8:23 R112 race_time is '2026-05-02T13:00:00'",
        "9:24 R112 valid is 'yes'",
        "10:1 R112 market_id is empty",
        "10:14 R112 price_requested is empty",
        "11:19 R112 price_requested is 'NaN'",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["1:1 R111 there is no header line"]),
        (f"{NEEDED},odds,side\n", ["1:57 R111 unknown column 'odds'", "1:62 R111 column side is there twice"]),
        (
            "market_id,market_type,selection_id,side,price,stakepoints\n",
            [
                "1:41 R111 unknown column 'price'; did you mean `price_requested`?",
                "1:47 R111 unknown column 'stakepoints'; did you mean `stake_points`?",
            ],
        ),
        (f"{NEEDED}\n1.101,WIN,11,BACK,8\n".replace(",", ";"), ["1:1 R111 separated by ;: write commas"]),
        (f"{NEEDED}\n1.101,WIN,11,BACK,8\n".replace(",", "\t"), ["1:1 R111 separated by tabs: write commas"]),
        ("market_id,side\n", ["1:1 R111 missing: market_type, selection_id, price_requested"]),
        (f"{NEEDED}\n1.101,WIN,11,BACK\n", ["2:14 R112 4 cells under 5 columns"]),
        (f'{NEEDED}\n1.101,WIN,11,BACK,"8\n', ["2:19 R112 a quote that does not end on this line"]),
        (f'{NEEDED}\n"1.101"x,WIN,11,BACK,8\n', ["2:8 R112 text after a closing quote"]),
        (
            f"{NEEDED}\n1.101,WIN,11,BACK,8\n1.101,WIN,11,BACK,9\n",
            ["3:11 S109 the same market, runner and side as in line 2"],
        ),
        (
            f"selection_ref,{NEEDED}\na,1.101,WIN,11,BACK,8\na,1.101,WIN,12,BACK,9\n",
            ["3:1 R112 selection_ref a is that of line 2 too"],
        ),
        (
            f"selection_ref,{NEEDED}\na,m1,WIN,11,BACK,8\nb,M1,WIN,011,BACK,9\nc,m1,WIN,11,LAY,9\n",
            ["3:10 S109 the same market, runner and side as in line 2"],
        ),
        (f"{NEEDED}\n1.101,WIN,\u0661,BACK,8\n", ["2:11 R112 selection_id is '\u0661'"]),
        (f"{NEEDED}\n1.101,WIN,11,BACK,\uff18.5\n", ["2:19 R112 price_requested is '\uff18.5'"]),
        (
            f"{NEEDED},runner_name\n1.101,WIN,11,BACK,8,Blue\x1b[2JMoon\n",
            ["2:21 S113 runner_name is 'Blue\\x1b[2JMoon', with U+001B (control character) in it"],
        ),
        (
            f"{NEEDED},runner_name\n1.101,WIN,11,BACK,8,Blue\x85Moon\n",
            ["2:21 S113 runner_name is 'Blue\\x85Moon', with U+0085 (control character) in it"],
        ),
        (
            f"{NEEDED}\n1.1\u200b01,WIN,11,BACK,8\n",
            ["2:1 S113 market_id is '1.1\\u200b01', with U+200B (zero width space) in it"],
        ),
    ],
)
def test_a_file_of_the_wrong_shape(tmp_path: Path, text: str, expected: list[str]) -> None:
    found = problems(tmp_path, text)
    assert found == expected


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match=r"absent.csv  R110  cannot be read: No such file"):
        read_picks(tmp_path / "absent.csv")
    (tmp_path / "latin.csv").write_bytes(b"caf\xe9")
    with pytest.raises(SnapshotError, match=r"R110  is not UTF-8 \(byte 4\)"):
        read_picks(tmp_path / "latin.csv")
    with (tmp_path / "large.csv").open("wb") as file:
        file.truncate((8 << 20) + 1)
    with pytest.raises(SnapshotError, match=r"large.csv  R110  cannot be read: larger than 8,388,608 bytes"):
        read_picks(tmp_path / "large.csv")
