"""``recording import`` beside orjson on the same lines: how far from only parsing them it is."""

from __future__ import annotations

import bz2
import gzip
import random
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import orjson

from benchmarks.measure import Stopwatch, frozen_heap
from benchmarks.report import Goal, Section, table
from policytrader.adapters.recordings.importer import import_recording
from policytrader.errors import RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterator

REAL = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "betfair" / "streams"
START_MILLISECONDS = 1_777_723_200_000
RUNNER_COUNT = 10
WANTED = 0.25
HEAD = (
    "stream",
    "updates",
    "MB",
    "imported/s",
    "orjson parse/s",
    "unpacking ms",
    "share",
    "off the import",
    "for both",
)
NOTE = (
    "Rates per CPU-second. An import unpacks, parses, keeps the books and writes Parquet: best prices, whole ladders, "
    "what was traded, definitions; orjson only parses lines that lie unpacked. The goal is on `share`, orjson's time "
    "as a part of the import's. The columns after it tell how much of the rest is unpacking: taken off the import, and "
    "counted for both."
)


def measure_recordings(update_count: int, round_count: int, *, real: bool) -> Section:
    """A generated stream, and the recorded files where they are (``real``)."""
    with TemporaryDirectory() as name:
        generated = Path(name) / "generated.json"
        generated.write_bytes(b"\n".join(map(orjson.dumps, _messages(update_count))) + b"\n")
        measured = {"generated": _measure([generated], round_count)}
        files = real_files() if real else []
        if files:
            measured["recorded"] = _measure(files, round_count)
    notes = [NOTE]
    if real and not files:
        notes.append("The recorded files are not on this machine (they lie beside the project, not in it).")
    rows = [
        [
            name,
            f"{one['updates']:,}",
            f"{one['bytes'] / 1e6:.1f}",
            f"{one['import_rate']:,.0f}",
            f"{one['parse_rate']:,.0f}",
            f"{one['unpack_ms']:.0f}",
            f"{one['share']:.3f}",
            f"{one['share_unpacking_off']:.3f}",
            f"{one['share_unpacking_both']:.3f}",
        ]
        for name, one in measured.items()
    ]
    text = table(HEAD, rows)
    goals = tuple(
        Goal(f"import of the {name} stream / orjson parse", one["share"], WANTED, "x", _remark(one), at_least=True)
        for name, one in measured.items()
    )
    return Section("Recordings", text, measured, goals, tuple(notes))


def _remark(one: dict[str, Any]) -> str:
    return f"CPU; {one['share_unpacking_off']:.2f} with unpacking taken off the import"


def _measure(files: list[Path], round_count: int) -> dict[str, Any]:
    lines = [line for file in files for line in unpack(file).splitlines() if line]
    unpacking, parsing, importing = Stopwatch(), Stopwatch(), Stopwatch()
    updates = 0
    with frozen_heap():
        for number in range(round_count + 1):
            with unpacking.lap():
                for file in files:
                    unpack(file)
            with parsing.lap():
                for line in lines:
                    orjson.loads(line)
            with TemporaryDirectory() as out, importing.lap():
                report = import_recording(files, Path(out))
            if report.errors:
                raise RecordingError(report.errors)
            updates = report.updates
            if number == 0:
                for watch in (unpacking, parsing, importing):
                    watch.forget()
    unpack_ms, parse_ms, import_ms = (watch.timing.cpu_p50 for watch in (unpacking, parsing, importing))
    return {
        "updates": updates,
        "bytes": sum(map(len, lines)),
        "import_rate": round(updates / import_ms * 1000),
        "parse_rate": round(updates / parse_ms * 1000),
        "unpack_ms": round(unpack_ms, 1),
        "share": round(parse_ms / import_ms, 4),
        "share_unpacking_off": round(parse_ms / (import_ms - unpack_ms), 4),
        "share_unpacking_both": round((unpack_ms + parse_ms) / import_ms, 4),
        "import": importing.timing.to_dict(),
        "parse": parsing.timing.to_dict(),
    }


def real_files() -> list[Path]:
    """The recorded streams of full depth beside the project; none where they are not there."""
    files = (file for file in REAL.glob("*") if file.suffix in {".gz", ".bz2"})
    return sorted(file for file in files if "catalogue" not in file.name and "basic" not in file.name)


def unpack(file: Path) -> bytes:
    """The lines of a recorded file."""
    match file.suffix:
        case ".gz":
            return gzip.decompress(file.read_bytes())
        case ".bz2":
            return bz2.decompress(file.read_bytes())
        case _:
            return file.read_bytes()


def _messages(update_count: int) -> Iterator[dict[str, Any]]:
    """A market's afternoon as the exchange streams it: an image, then mostly one runner's ladder, sometimes a trade."""
    chance = random.Random(1)
    yield _message(0, {"marketDefinition": _definition(), "img": True, "rc": [_image(chance, one) for one in _ids()]})
    for number in range(1, update_count):
        runners = chance.sample(_ids(), chance.choice((1, 1, 1, 1, 2, 3)))
        change: dict[str, Any] = {"rc": [_delta(chance, runner) for runner in runners]}
        if number % 2000 == 0:
            change["marketDefinition"] = _definition()
        yield _message(number, change)


def _ids() -> list[int]:
    return list(range(1001, 1001 + RUNNER_COUNT))


def _message(number: int, change: dict[str, Any]) -> dict[str, Any]:
    published = START_MILLISECONDS + number * 120
    return {"op": "mcm", "id": 2, "clk": f"A{number}", "pt": published, "mc": [{"id": "1.100001"} | change]}


def _definition() -> dict[str, Any]:
    runners = [{"id": one, "status": "ACTIVE", "sortPriority": place} for place, one in enumerate(_ids(), start=1)]
    return {
        "marketType": "WIN",
        "status": "OPEN",
        "inPlay": False,
        "version": 1,
        "numberOfWinners": 1,
        "numberOfActiveRunners": RUNNER_COUNT,
        "marketTime": "2026-05-02T14:10:00.000Z",
        "openDate": "2026-05-02T14:10:00.000Z",
        "eventId": "77",
        "venue": "Ascot",
        "countryCode": "GB",
        "runners": runners,
    }


def _image(chance: random.Random, runner: int) -> dict[str, Any]:
    backs = [[round(4 - step * 0.1, 2), round(chance.uniform(2, 400), 2)] for step in range(10)]
    lays = [[round(4.1 + step * 0.1, 2), round(chance.uniform(2, 400), 2)] for step in range(10)]
    return {"id": runner, "atb": backs, "atl": lays, "trd": [[4.0, 12.5]], "ltp": 4.0, "tv": 12.5}


def _delta(chance: random.Random, runner: int) -> dict[str, Any]:
    side, first, way = chance.choice((("atb", 4.0, -0.1), ("atl", 4.1, 0.1)))
    levels = [
        [round(first + way * chance.randrange(10), 2), chance.choice((0, 1, 1)) and round(chance.uniform(2, 400), 2)]
        for _ in range(chance.choice((1, 1, 2)))
    ]
    delta: dict[str, Any] = {side: levels, "id": runner}
    if chance.random() < 0.15:
        delta |= {
            "trd": [[4.0, round(chance.uniform(2, 4000), 2)]],
            "ltp": 4.0,
            "tv": round(chance.uniform(2, 9000), 2),
        }
    return delta
