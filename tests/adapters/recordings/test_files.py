"""Files of every kind, whole and damaged: what is read, what is told, what is kept."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.recordings import blocks, files, importer
from policytrader.adapters.recordings.importer import FileReport, import_recording
from policytrader.cli import main
from policytrader.errors import RecordingError
from tests.adapters.recordings.streams import (
    PLACE,
    WIN,
    change,
    definition,
    image,
    imported,
    lines,
    message,
    prices,
    rows,
    runner,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MESSAGES = [
    message(0, image({"id": 11, "atb": [[8, 10]]})),
    message(1, change({"id": 11, "atb": [[8.2, 10]]})),
    message(2, change({"id": 11, "atb": [[8.4, 10]]})),
]
PLAIN = lines(MESSAGES)


def zipped(**members: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("folder")
        for name, data in members.items():
            archive.writestr(name, data)
    return target.getvalue()


def read(folder: Path, data: bytes, name: str = "1.101") -> tuple[FileReport, ...]:
    path = folder / name
    path.write_bytes(data)
    return import_recording([path], folder / "recorded").files


@pytest.mark.parametrize(
    "pack",
    [
        bytes,
        gzip.compress,
        bz2.compress,
        lambda data: zipped(one=data),
        lambda data: zipped(one=bz2.compress(data)),
        lambda data: gzip.compress(data[:300]) + gzip.compress(data[300:]) + b"\0" * 20,
        lambda data: bz2.compress(data[:300]) + bz2.compress(data[300:]),
        lambda data: data.rstrip(b"\n"),
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b"\n", b"\n\n  \n"),
        lambda data: b"[" + data.rstrip(b"\n").replace(b"\n", b",\n") + b"]\n",
    ],
    ids=["plain", "gzip", "bzip2", "zip", "bzip2-in-zip", "gzips", "bzip2s", "no-end", "crlf", "bom", "empty", "array"],
)
def test_kinds_of_files(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    (report,) = read(tmp_path, pack(PLAIN))
    assert report.error is None
    assert (report.markets, report.updates, report.market_rows, report.runner_rows) == ((WIN,), 3, 1, 4)
    assert [row[0] for row in prices(tmp_path)] == [0, 1, 2]


def test_pieces_smaller_than_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_PIECE_BYTES", 7)
    monkeypatch.setattr(files, "_READ_BYTES", 5)
    for name, data in {"a": PLAIN, "b": gzip.compress(PLAIN), "c": bz2.compress(PLAIN)}.items():
        (report,) = read(tmp_path, data, name)
        assert (report.error, report.updates) == (None, 3)


def test_zip_with_several_members(tmp_path: Path) -> None:
    other = lines([message(0, image(market=PLACE, marketType="PLACE"))])
    win, place = read(tmp_path, zipped(win=PLAIN, place=gzip.compress(other)), "day.zip")
    assert (win.file, win.markets) == (f"{tmp_path}/day.zip!win", (WIN,))
    assert (place.file, place.markets) == (f"{tmp_path}/day.zip!place", (PLACE,))


def test_zip_member_that_is_damaged_does_not_stop_the_next(tmp_path: Path) -> None:
    other = lines([message(0, image(market=PLACE, marketType="PLACE"))])
    win, place = read(tmp_path, zipped(win=gzip.compress(PLAIN)[:-20], place=other), "day.zip")
    assert win.error
    assert (place.error, place.markets) == (None, (PLACE,))


def bad_checksum(data: bytearray, start: int) -> None:
    data[start + 20] ^= 1


def bad_deflate(data: bytearray, start: int) -> None:
    data[start : start + 20] = b"\xff" * 20


def bad_header(data: bytearray, start: int) -> None:
    data[data.rindex(b"PK\x03\x04", 0, start) + 2] = 0


def encrypted(data: bytearray, start: int) -> None:
    data[data.rindex(b"PK\x03\x04", 0, start) + 6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1


def unknown_method(data: bytearray, start: int) -> None:
    data[data.rindex(b"PK\x03\x04", 0, start) + 8] = 99
    data[data.index(b"PK\x01\x02") + 10] = 99


@pytest.mark.parametrize(
    ("method", "damage"),
    [
        (zipfile.ZIP_STORED, bad_checksum),
        (zipfile.ZIP_DEFLATED, bad_deflate),
        (zipfile.ZIP_LZMA, bad_deflate),
        (zipfile.ZIP_BZIP2, bad_deflate),
        (zipfile.ZIP_STORED, bad_header),
        (zipfile.ZIP_STORED, encrypted),
        (zipfile.ZIP_STORED, unknown_method),
    ],
)
def test_damaged_zip_member_is_told_and_the_rest_goes_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    method: int,
    damage: Callable[[bytearray, int], None],
) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        archive.writestr("bad", PLAIN)
        archive.writestr("good", lines([message(0, image(market=PLACE, marketType="PLACE"))]))
    data = bytearray(target.getvalue())
    damage(data, 30 + len("bad"))
    path, after = tmp_path / "day.zip", tmp_path / "after"
    path.write_bytes(data)
    after.write_bytes(PLAIN)
    bad, good, last = import_recording([path, after], tmp_path / "recorded").files
    assert bad.error
    assert (str(bad.error.place), bad.error.code, bad.markets) == (f"{path}!bad:1:1", "R102", ())
    assert (good.error, good.markets, last.markets) == (None, (PLACE,), (WIN,))
    command = ["policytrader", "recording", "import", str(path), str(after), "--out", str(tmp_path / "again")]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "day.zip!bad:1:1  R102" in capsys.readouterr().err


def test_endless_blank_lines_are_damage(tmp_path: Path) -> None:
    (fine,) = read(tmp_path, PLAIN + b"\n" * 1_000_000 + lines(MESSAGES[2:]))
    assert (fine.error, fine.updates) == (None, 4)
    (damaged,) = read(tmp_path, PLAIN + b"\n" * 1_000_001 + lines(MESSAGES[2:]))
    assert damaged.error
    assert (damaged.error.place.line, damaged.updates) == (1_000_004, 3)
    assert damaged.error.message == "more than 1,000,000 blank lines in a row"
    (bomb,) = read(tmp_path, bz2.compress(b"{\n" + b" \n" * 5_000_000))
    assert bomb.error
    assert bomb.error.message == "more than 1,000,000 blank lines in a row"


@pytest.mark.parametrize(
    "time",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1999-12-31T23:59:59Z",
        "2000-01-01T00:00:00+00:01",
        "2101-01-01T00:00:00Z",
    ],
)
@pytest.mark.parametrize("key", ["marketTime", "settledTime", "removalDate"])
def test_time_of_another_century_is_a_wrong_value(tmp_path: Path, key: str, time: str) -> None:
    out = runner(12, "REMOVED", **({key: time} if key == "removalDate" else {}))
    more = {} if key == "removalDate" else {key: time}
    (report,) = imported(tmp_path, MESSAGES[0], message(1, change(marketDefinition=definition(out, **more)))).files
    assert report.error
    assert (report.error.place.line, report.updates) == (2, 1)
    assert report.error.message == f"not a message of the stream: {key} is {time!r}"


def test_zip_that_breaks_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    other = lines([message(second, image(market=PLACE, marketType="PLACE")) for second in range(2000)])
    win, place, archive = read(tmp_path, zipped(win=PLAIN, place=other)[:-400], "day.zip")
    assert (win.error, win.markets) == (None, (WIN,))
    assert place.error
    assert place.markets == (PLACE,)
    assert archive.error
    assert archive.error.message.startswith("a zip that breaks off")


def test_pretty_printed_image_over_many_lines(tmp_path: Path) -> None:
    pretty = json.dumps(MESSAGES[0], indent=2).encode()
    (report,) = read(tmp_path, pretty + b"\n" + lines(MESSAGES[1:]))
    assert report.error is None
    assert [row[0] for row in prices(tmp_path)] == [0, 1, 2]


def test_lines_are_counted_through_a_document_of_many_lines(tmp_path: Path) -> None:
    pretty = json.dumps(MESSAGES[0], indent=2).encode() + b"\n"
    (report,) = read(tmp_path, pretty + lines(MESSAGES[1:]) + b"garbage\n")
    assert report.error
    assert report.error.place.line == pretty.count(b"\n") + 3


def test_pretty_printed_image_that_breaks_off(tmp_path: Path) -> None:
    pretty = json.dumps(MESSAGES[0], indent=2).encode().splitlines()
    (report,) = read(tmp_path, b"\n".join(pretty[:10]))
    assert report.error
    assert (report.error.place.line, report.markets) == (10, ())
    assert report.error.help == "Nothing of it was kept. Get the file again."


@pytest.mark.parametrize(
    ("broken", "message_part"),
    [
        (b'{"op":"mcm","pt":17777232', "the line breaks off"),
        (b"garbage", "not JSON"),
        (b'{"op":"mcm","pt":1,"mc":[{"id":"\xff"}]}', "not JSON: str is not valid UTF-8"),
        (b'{"pt":1}', "op is missing"),
        (b"5", "stands where another is expected"),
        (b"null", "stands where another is expected"),
        (b'{"op":"mcm","mc":[{"id":"1.101"}]}', "pt is missing"),
        (b'{"op":"mcm","pt":null,"mc":[{"id":"1.101"}]}', "pt is missing"),
        (b'{"op":"mcm","pt":99999999999999999999,"mc":[{"id":"1.101"}]}', "pt is"),
        (b'{"op":"mcm","pt":1777723202000,"mc":[{"id":"../x"}]}', "market id is '../x'"),
        (b'{"op":"mcm","pt":1777723202000,"mc":[{"id":5}]}', "market id is 5"),
        (b'{"op":"mcm","pt":1777723202000,"mc":[{"id":"1.101","rc":[{"id":null,"ltp":3}]}]}', "runner id is missing"),
        (b'{"op":"mcm","pt":1777723202000,"mc":[{"id":"1.101","rc":[{"id":11,"ltp":"x"}]}]}', "ltp is 'x'"),
        (b'{"op":"mcm","pt":1777723202000,"mc":[{"id":"1.101","rc":[{"id":11,"ltp":[]}]}]}', "ltp is []"),
        (b'{"op":"mcm","pt":1777723202000,"mc":[{"id":"1.101","rc":[{"id":11,"atb":[[8]]}]}]}', "atb is [[8]]"),
        (b'{"op":"mcm","pt":1777723202000,"mc":[{"id":"1.101","rc":[{"id":11,"atb":[[8,"x"]]}]}]}', "atb is 'x'"),
        (b'{"op":"mcm","pt":1777723202000,"mc":[{"id":"1.101","marketDefinition":[]}]}', "marketDefinition is []"),
        (
            b'{"op":"mcm","pt":1777723202000,"mc":[{"id":"1.101","marketDefinition":{"runners":[]}}]}',
            "marketTime is missing",
        ),
        (b'{"op":"mcm","pt":1777123202000,"mc":[{"id":"1.101","rc":[{"id":11,"ltp":3}]}]}', "goes back by"),
    ],
)
def test_broken_line_in_the_middle(tmp_path: Path, broken: bytes, message_part: str) -> None:
    first, second, third = PLAIN.splitlines()
    (report,) = read(tmp_path, b"\n".join([first, second, broken, third]), "bad.json")
    assert report.error
    assert str(report.error.place).startswith(f"{tmp_path}/bad.json:3:")
    assert message_part in report.error.message
    assert report.error.help.startswith(f"Kept: 2 updates up to line 2 of {WIN}.\nGet the file again")
    assert (report.lines, report.updates) == (2, 2)
    assert [row[0] for row in prices(tmp_path)] == [0, 1]
    assert rows(tmp_path, table="states")[0]["recorded_until"] == rows(tmp_path)[-1]["published_at"]


MANY = lines(
    [message(0, image())]
    + [message(second, change({"id": 11, "atb": [[2 + second / 50, second]]})) for second in range(1, 4000)]
)


@pytest.mark.parametrize(
    ("damaged", "message_part"),
    [
        (gzip.compress(MANY)[:-3000], "the gzip data ends early"),
        (gzip.compress(MANY)[:-4], "the gzip data ends early"),
        (gzip.compress(MANY)[:-8] + b"\0" * 8, "the gzip data is broken"),
        (gzip.compress(MANY) + b"trailing", "the gzip data is broken"),
        (bz2.compress(MANY, 1)[:-3000], "the bzip2 data ends early"),
        (zipped(one=MANY).replace(b"PK\x01\x02", b"PK\x01\x03"), "breaks off"),
    ],
    ids=["gzip-cut", "gzip-cut-in-its-checksum", "gzip-checksum", "gzip-trailing", "bzip2-cut", "zip-contents"],
)
def test_damaged_compression_keeps_what_came_before(tmp_path: Path, damaged: bytes, message_part: str) -> None:
    report = read(tmp_path, damaged, "bad")
    error = report[-1].error
    assert error
    assert message_part in error.message
    assert str(error.place).startswith(f"{tmp_path}/bad")
    kept = len(prices(tmp_path))
    assert kept > 500
    if error.place.line:
        assert kept <= error.place.line - 1
        assert f"up to line {error.place.line - 1:d} of {WIN}" in error.help


def test_cut_gzip_names_the_line_of_the_cut(tmp_path: Path) -> None:
    (report,) = read(tmp_path, gzip.compress(MANY)[:-3000])
    assert report.error
    assert report.error.place.line == report.lines + 1 == report.updates + 1 == len(prices(tmp_path)) + 1


def test_damaged_file_does_not_stop_the_next(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad", tmp_path / "good"
    bad.write_bytes(b"x\n")
    good.write_bytes(PLAIN)
    report = import_recording([bad, tmp_path / "absent", tmp_path, good], tmp_path / "recorded")
    assert [error.place.file for error in report.errors] == [str(bad), str(tmp_path / "absent"), str(tmp_path)]
    assert report.markets == (WIN,)
    assert (report.updates, report.rows) == (3, 5)


@pytest.mark.parametrize("data", [b"", b"\n\n", lines([{"op": "mcm", "pt": 1, "ct": "HEARTBEAT"}]), zipped(one=b"")])
def test_nothing_recorded_is_an_error(tmp_path: Path, data: bytes) -> None:
    (report,) = read(tmp_path, data)
    assert report.error
    assert report.error.message.startswith("holds no market change")


def test_market_without_a_definition_is_named(tmp_path: Path) -> None:
    (report,) = read(tmp_path, lines([message(0, change({"id": 11, "ltp": 3}))]))
    assert report.error
    assert report.error.message.startswith("defines no market")
    assert (report.undefined, report.markets) == ((WIN,), ())
    both = imported(tmp_path, message(0, image(), change({"id": 11, "ltp": 3}, market=PLACE)))
    assert (both.files[0].error, both.files[0].undefined, both.markets) == (None, (PLACE,), (WIN,))


def test_tar_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (report,) = read(tmp_path, b"x" * 257 + b"ustar" + b"\0" * 300)
    assert report.error
    assert report.error.help.startswith("Unpack it first")


def test_import_again_replaces_the_market(tmp_path: Path) -> None:
    assert read(tmp_path, PLAIN)[0].replaced == ()
    (report,) = read(tmp_path, lines(MESSAGES[:1]))
    assert report.replaced == (WIN,)
    assert len(prices(tmp_path)) == 1
    # Even where the newer file knows the market from another day.
    moved = definition(runner(11), marketTime="2026-05-04T14:10:00Z")
    imported(tmp_path, message(0, {"id": WIN, "marketDefinition": moved}))
    assert [path.name for path in sorted((tmp_path / "recorded").iterdir())] == ["day=2026-05-04"]


def test_rows_are_written_in_parts_when_there_are_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (whole,) = read(tmp_path, MANY)
    expected = rows(tmp_path)
    monkeypatch.setattr(importer, "ROWS_IN_MEMORY", 300)
    monkeypatch.setattr(blocks, "_BLOCK_BYTES", 1)
    monkeypatch.setattr(files, "_READ_BYTES", 5_000)
    (parts,) = read(tmp_path, MANY)
    (folder,) = (tmp_path / "recorded").glob("day=*/market=*")
    found = sorted(folder.glob("runners-*.parquet"), key=lambda path: int(path.stem.split("-")[1]))
    assert len(found) > 10
    assert parts.runner_rows == whole.runner_rows == len(expected)
    again = rows(tmp_path)
    assert sorted(again, key=lambda row: (row["published_at"], row["selection_id"])) == expected


def test_an_instant_is_not_torn_apart_between_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "ROWS_IN_MEMORY", 1)
    monkeypatch.setattr(blocks, "_BLOCK_BYTES", 1)
    monkeypatch.setattr(files, "_READ_BYTES", 100)
    numbers = (8, 9, 8.2, 8.4)
    imported(
        tmp_path,
        message(0, image()),
        *(message(second // 2, change({"id": 11, "ltp": number})) for second, number in enumerate(numbers, 2)),
    )
    assert [row["last_traded"] for row in rows(tmp_path) if row["selection_id"] == 11] == [
        None,
        Decimal(9),
        Decimal("8.4"),
    ]


def test_progress_ends_with_all_bytes_on_disk(tmp_path: Path) -> None:
    packed = {"a.gz": gzip.compress(MANY), "b": MANY, "c.zip": zipped(one=MANY), "d.bz2": bz2.compress(MANY)}
    paths = []
    for name, data in packed.items():
        (tmp_path / name).write_bytes(data)
        paths.append(tmp_path / name)
    seen: dict[str, list[tuple[int, int]]] = {}
    import_recording(
        paths, tmp_path / "recorded", progress=lambda path, *done: seen.setdefault(path.name, []).append(done)
    )
    for name, data in packed.items():
        done = [one for one, _ in seen[name]]
        assert {total for _, total in seen[name]} == {len(data)}
        assert done[-1] == len(data)
        assert all(0 < one <= len(data) for one in done)
    assert len(seen["b"]) > 3


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("in the way")
    with pytest.raises(RecordingError, match="cannot be written"):
        import_recording([], target / "recorded")
    assert not list(tmp_path.glob("**/.import-*"))


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    read(tmp_path, PLAIN)
    read(tmp_path, PLAIN[:-5])
    assert not list((tmp_path / "recorded").glob(".*"))
