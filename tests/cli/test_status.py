"""``policytrader status``: what comes next, what the day made, and the same again and again."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.model.records import BetOutcome, Result
from policytrader.model.times import parse_utc
from policytrader.wiring import open_store
from tests.cli.served_days import PROGRAM, ServedDay, served_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policytrader.ports.store import Store
    from tests.cli.conftest import Run

_LONG_SECONDS = 60


@pytest.fixture
def day(run: Run, tmp_path: Path) -> Iterator[ServedDay]:
    """Two races, four picks in each, one live tick."""
    with served_day(tmp_path, races=2) as made:
        assert run(*made.arguments("select", "import", "picks.csv")).code == 0
        assert run(*made.arguments("run", "--live", "--arm-file", "arm", "--once")).code == 0
        yield made


def store_of(day: ServedDay) -> closing[Store]:
    return closing(open_store(f"sqlite:///{day.folder}/policytrader-paper.db"))


def status(run: Run, day: ServedDay, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("-C", day.folder, *words, "status", "--json").out)
    return found


def test_the_next_offs(run: Run, day: ServedDay) -> None:
    with store_of(day) as store:
        picks = store.selections(parse_utc(day.facts["now"]).date())
        offs = sorted({pick.selection.race_time for pick in picks})
        assert store.invalidate(picks[0].selection.selection_ref, parse_utc(day.facts["now"]), "x")
    told = status(run, day)["next_offs"]
    assert [parse_utc(one["race_time"]) for one in told] == offs
    assert [one["seconds"] for one in told] == [
        int((off - parse_utc(day.facts["now"])).total_seconds()) for off in offs
    ]
    assert [(one["selections"], one["valid"]) for one in told] == [(4, 3), (4, 4)]
    text = run("-C", day.folder, "status").out
    head = f"next offs  {offs[0]:%H:%M}"
    assert head.replace(f"{offs[0]:%H:%M}", f"{offs[0] + timedelta(hours=1):%H:%M} BST  in ") in text
    assert f"{picks[0].course}: 4 selections, 1 invalid\n" in text
    # By the exchange's clock the first race is off.
    day.server.host.advance(offs[0] - parse_utc(day.facts["now"]) + timedelta(seconds=1))
    later = json.loads(run(*day.arguments("status", "--json")).out)
    assert [parse_utc(one["race_time"]) for one in later["next_offs"]] == offs[1:]
    assert later["now"] > status(run, day)["now"]
    none = status(run, day, "--now", "2001-01-01T12:00:00Z")
    assert (none["day"], none["next_offs"]) == ("2001-01-01", [])


def test_the_days_profit(run: Run, day: ServedDay) -> None:
    assert status(run, day)["profit"] == "0.00"
    at = parse_utc(day.facts["now"])
    with store_of(day) as store:
        won, lost = (pick.selection.selection_ref for pick in store.selections(at.date())[:2])
        results = [
            Result(
                selection_ref=ref, outcome=outcome, profit=Decimal(profit), commission=Decimal(commission),
                size_matched=Decimal(2),
            )
            for ref, outcome, profit, commission in (
                (won, BetOutcome.WON, "4.30", "0.22"), (lost, BetOutcome.LOST, "-10.00", "0.00"),
            )
        ]  # fmt: skip
        store.settle(results[:1], at)
        assert status(run, day)["profit"] == "4.08"
        store.settle(results[1:], at)
    document = status(run, day)
    assert (document["profit"], document["selections"]) == ("-5.92", {"total": 8, "settled": 2})
    text = run("-C", day.folder, "status").out
    assert "profit     -5.92\n" in text
    assert "selections 8, 2 settled\n" in text


def watching(day: ServedDay, *words: str, **more: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PROGRAM, "-C", str(day.folder), "status", "--watch", "--every", "0.2", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=dict(os.environ),
        **more,
    )


def test_watched_into_a_pipe(day: ServedDay) -> None:
    """Plain blocks, until Ctrl-C; a change shows in the next one."""
    with watching(day) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = [process.stdout.readline() for _ in range(4)]
        assert first[0] == "PAPER  profile paper  account paper-7\n"
        with store_of(day) as store:
            ref = store.selections(parse_utc(day.facts["now"]).date())[0].selection.selection_ref
            store.invalidate(ref, parse_utc(day.facts["now"]), "x")
        line = next(line for line in process.stdout if "1 invalid" in line)
        assert "4 selections, 1 invalid" in line
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=_LONG_SECONDS)
        assert (process.returncode, said) == (0, "")
        assert "\x1b" not in rest


def test_watched_as_json_while_the_store_goes_away_and_comes_back(day: ServedDay) -> None:
    file = day.folder / "policytrader-paper.db"
    with watching(day, "--json") as process:
        assert process.stdout is not None
        assert "problem" not in json.loads(process.stdout.readline())
        file.rename(file.with_suffix(".away"))
        told = next(one for line in process.stdout if "problem" in (one := json.loads(line)))
        assert "there is no such database yet" in told["problem"]
        assert told["orders"] == {"seen": 8}
        file.with_suffix(".away").rename(file)
        assert any("problem" not in json.loads(line) for line in process.stdout)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=_LONG_SECONDS)
        assert process.returncode == 0


def test_watched_on_a_terminal(day: ServedDay) -> None:
    """One screen that is drawn anew; when it ends, the terminal is as it was, and the last state stands on it."""
    main, other = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, "-C", str(day.folder), "status", "--watch", "--every", "0.2"],
        stdin=subprocess.DEVNULL,
        stdout=other,
        stderr=subprocess.PIPE,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "40"},
    )
    os.close(other)
    seen = b""
    try:
        while seen.count(b"PAPER  profile") < 3:
            assert select.select([main], [], [], _LONG_SECONDS)[0], "nothing was drawn"
            seen += os.read(main, 65536)
        process.send_signal(signal.SIGINT)
        while True:
            try:
                part = os.read(main, 65536)
            except OSError:  # Linux: the other end is closed
                break
            if not part:
                break
            seen += part
    finally:
        os.close(main)
        _, said = process.communicate(timeout=_LONG_SECONDS)
    assert (process.returncode, said) == (0, b"")
    drawn, _, left = seen.partition(b"\x1b[?1049l")  # the alternate screen is left
    assert b"\x1b[?1049h" in drawn
    assert b"Ctrl-C ends" in drawn
    assert left.startswith(b"PAPER  profile paper  account paper-7\r\n")
    assert b"Ctrl-C" not in left


def test_what_cannot_be_watched(run: Run, tmp_path: Path) -> None:
    assert run("-C", tmp_path, "status", "--every", "2").err == "error: --every goes with --watch\n"
    assert run("-C", tmp_path, "status", "--watch", "--every", "0").code == 2
    # What fails at once is an error, as without --watch.
    assert run("-C", tmp_path, "status", "--watch").code == 4
