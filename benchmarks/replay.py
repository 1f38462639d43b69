"""``replay`` beside flumine and orjson: recorded markets, one bet on each runner when its price is there."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

import orjson

from benchmarks.live_day import NotMeasuredError
from benchmarks.recordings import real_files, unpack
from benchmarks.replay_side import Request
from benchmarks.report import Goal, Section, table
from policytrader.adapters.recordings.importer import import_recording
from policytrader.adapters.recordings.playback import read_events
from policytrader.errors import RecordingError
from policytrader.model.price import PRICES
from policytrader.simulation.exchange import SimulatedExchange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policytrader.simulation.exchange import Change

ROOT = Path(__file__).resolve().parent.parent
POLICY = ROOT / "benchmarks" / "one_bet"
FLUMINE_PYTHON = "POLICYTRADER_BENCH_FLUMINE"
RACING = frozenset({"WIN", "PLACE"})
REACHED_BY = 9, 10
"""The price asked for is one that the best back price has reached in one of ten updates before the off."""
TITLE = "Replay beside flumine"
NOTE = (
    "CPU seconds, medians of several runs, of the recorded WIN and PLACE markets. Both back two pounds on each runner, "
    "once, before the off, at the best price as soon as it is the requested one or higher and two pounds stand there; "
    "the list of requested prices is the same. flumine waits 120 ms for an order and skips what is in play; ours "
    "bets at the tick and knows removals, starting prices and commission. Each in a process of its own, start-up and "
    "one run to warm up not counted. *From raw files* imports them first; orjson only parses lines that lie unpacked."
)
ROWS = {
    "raw": "replay from raw files, first time, every change",
    "change": "replay from Parquet, every change",
    "15s": "replay from Parquet, every 15 s",
}


def measure_replay(round_count: int) -> Section:
    """Raises ``NotMeasuredError`` where one of the sides does not run."""
    files = _racing_files()
    if not files:
        note = "The recorded files are not on this machine (they lie beside the project, not in it)."
        return Section(TITLE, "", {}, _goals({}), (note,))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        selections = folder / "selections.csv"
        updates = _write_selections(files, selections)
        if errors := import_recording(files, folder / "imported").errors:
            raise RecordingError(errors)
        found: dict[str, dict[str, Any]] = {"orjson": _parse(files, round_count)}
        notes = [NOTE]
        if python := _flumine_python():
            found["flumine"] = _flumine(python, files, selections, round_count)
        else:
            notes.append(
                f"Not beside it: flumine. `make bench` installs it, or name a Python with it in {FLUMINE_PYTHON}."
            )
        for row, source in _sources(files, folder / "imported").items():
            request = Request(
                str(selections), str(POLICY), "15s" if row == "15s" else "change", rounds=round_count, **source
            )
            found[row] = run_side(request)
    return Section(
        TITLE, _text(found, updates), {"updates": updates, "sides": found}, _goals(found), (*notes, _agreement(found))
    )


def run_side(request: Request) -> dict[str, Any]:
    """One measurement of ours, in a process of its own."""
    return _run([sys.executable, "-m", "benchmarks.replay_side", request.text()], "replay")


def median_cpu(side: dict[str, Any]) -> float:
    """The median of its runs, in CPU seconds."""
    return float(statistics.median(side["cpu"]))


# --- What both are given ----------------------------------------------------------------------------------------------


def _racing_files() -> list[Path]:
    return [file for file in real_files() if "-basic-" not in file.name and _market_type(file) in RACING]


def _market_type(file: Path) -> str:
    first = orjson.loads(unpack(file).split(b"\n", 1)[0])
    return str(first["mc"][0]["marketDefinition"]["marketType"])


def _write_selections(files: Sequence[Path], path: Path) -> int:
    """A back on every runner, at a price that it reaches. Returns how many updates the files hold."""
    rows = [row for file in files for row in _reached(file)]
    with path.open("w", encoding="utf-8", newline="") as written:
        writer = csv.writer(written, lineterminator="\n")
        writer.writerow(("market_id", "market_type", "selection_id", "side", "price_requested"))
        writer.writerows(rows)
    return sum(unpack(file).count(b"\n") for file in files)


def _reached(file: Path) -> list[tuple[str, str, int, str, str]]:
    """The rows of one file's runners, as far as anybody offered a price before the off."""
    events = list(read_events([file]))
    exchange = SimulatedExchange(events[0].at - timedelta(milliseconds=1), events)
    seen: dict[tuple[str, str, int], list[int]] = {}

    def note(change: Change) -> None:
        market = exchange.markets[change.market_id]
        if not market.is_open or market.definition.in_play:
            return
        for selection_id in sorted(change.selections):
            if back := market.books[selection_id].back:
                seen.setdefault((change.market_id, market.definition.market_type, selection_id), []).append(max(back))

    exchange.subscribe(note)
    exchange.advance(events[-1].at)
    reached, of = REACHED_BY
    return [
        (*runner, "BACK", str(PRICES[sorted(ticks)[len(ticks) * reached // of]]))
        for runner, ticks in sorted(seen.items())
    ]


# --- The sides --------------------------------------------------------------------------------------------------------


def _sources(files: Sequence[Path], imported: Path) -> dict[str, dict[str, Any]]:
    return {
        "raw": {"files": tuple(map(str, files))},
        "change": {"recording": str(imported)},
        "15s": {"recording": str(imported)},
    }


def _parse(files: Sequence[Path], round_count: int) -> dict[str, Any]:
    lines = [line for file in files for line in unpack(file).splitlines()]
    cpu = []
    for _ in range(round_count + 1):
        before = process_time()
        for line in lines:
            orjson.loads(line)
        cpu.append(process_time() - before)
    return {"cpu": cpu[1:]}


def _flumine_python() -> str | None:
    """A Python that has flumine: the one that was named, else this one."""
    return os.environ.get(FLUMINE_PYTHON) or (sys.executable if importlib.util.find_spec("flumine") else None)


def _flumine(python: str, files: Sequence[Path], selections: Path, round_count: int) -> dict[str, Any]:
    script = ROOT / "benchmarks" / "flumine_side.py"
    return _run([python, str(script), str(selections), str(round_count), *map(str, files)], "flumine")


def _run(command: Sequence[str], what: str) -> dict[str, Any]:
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if ran.returncode:
        said = ran.stderr.strip().splitlines() or [f"exit code {ran.returncode}"]
        message = f"{what} did not run: {said[-1]}"
        raise NotMeasuredError(message)
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


# --- What is told -----------------------------------------------------------------------------------------------------


def _text(found: dict[str, dict[str, Any]], updates: int) -> str:
    names = {"orjson": "orjson, parse only", "flumine": f"flumine {found.get('flumine', {}).get('version', '')}"} | ROWS
    rows = []
    for key, name in names.items():
        if key not in found:
            continue
        cpu = median_cpu(found[key])
        rows.append(
            [
                name,
                f"{cpu:.3f}",
                f"{updates / cpu:,.0f}",
                f"{median_cpu(found['flumine']) / cpu:.1f}" if "flumine" in found else "-",
                f"{median_cpu(found['orjson']) / cpu:.3f}",
                f"{found[key].get('orders', '')}",
                f"{sum(size > 0 for size in found[key].get('matched', {}).values()) or ''}",
                f"{found[key]['decisions']:,}" if "decisions" in found[key] else "",
                f"{found[key]['decisions'] / cpu:,.0f}" if "decisions" in found[key] else "",
            ]
        )
    head = ("", "CPU s", "updates/CPU-s", "x flumine", "x orjson", "orders", "matched", "decisions", "decisions/CPU-s")
    return table(head, rows)


def _agreement(found: dict[str, dict[str, Any]]) -> str:
    if "flumine" not in found or "change" not in found:
        return "Nothing to compare orders with."
    theirs = {key for key, size in found["flumine"]["matched"].items() if size > 0}
    ours = {key for key, size in found["change"]["matched"].items() if size > 0}
    return (
        f"At every change, {len(ours & theirs)} runners were matched on both sides, {len(ours - theirs)} by ours alone "
        f"and {len(theirs - ours)} by flumine alone."
    )


def _goals(found: dict[str, dict[str, Any]]) -> tuple[Goal, ...]:
    def ratio(beside: str, row: str) -> float | None:
        return median_cpu(found[beside]) / median_cpu(found[row]) if {beside, row} <= found.keys() else None

    return (
        Goal("replay from raw files, first time, x flumine", ratio("flumine", "raw"), 6, "x", "CPU", at_least=True),
        Goal(
            "replay from raw files, first time, x orjson parse", ratio("orjson", "raw"), 0.25, "x", "CPU", at_least=True
        ),
        Goal(
            "replay from Parquet, every change, x flumine",
            ratio("flumine", "change"),
            10,
            "x",
            "CPU; aim 50",
            at_least=True,
        ),
        Goal("replay from Parquet, every 15 s, x flumine", ratio("flumine", "15s"), 50, "x", "CPU", at_least=True),
    )
