"""``policytrader exchange serve`` as its own process: the first line, the world behind it, a clean end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.adapters.recordings.streams import change, image, lines, message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FACTS = ["schema", "identity", "identity_cert", "api", "stream", "control", "username", "password", "app_key", "now"]


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    command = [sys.executable, "-m", "policytrader", "exchange", "serve", *arguments]
    environment = {**os.environ, "PYTHONWARNINGS": "default"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def refusal(*arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "policytrader", "exchange", "serve", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout == ""
    assert "Traceback" not in ran.stderr
    return ran.returncode, ran.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_line_and_a_clean_end(number: signal.Signals) -> None:
    with serving("--race-day", "7", "--races", "2", "--speed", "0") as (process, facts):
        assert list(facts) == FACTS
        assert facts["schema"] == "policytrader/exchange/1"
        answer = requests.post(facts["control"], json={"advance": 60}, timeout=20)
        assert answer.json()["now"] > facts["now"]
        login = requests.post(
            f"{facts['identity']}login",
            data={"username": facts["username"], "password": facts["password"]},
            headers={"X-Application": facts["app_key"]},
            timeout=20,
        )
        assert login.json()["status"] == "SUCCESS"
        host, port = facts["stream"].split(":")
        with socket.create_connection((host, int(port)), timeout=20):
            process.send_signal(number)
            out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "")
    assert "race day 7 with 2 races, time stands still until told" in err
    assert err.endswith("Stopped.\n")
    assert "Warning" not in err


def test_the_day_is_fixed_by_its_seed() -> None:
    seen = []
    for seed in ("7", "7", "8"):
        with serving("--race-day", seed, "--races", "1", "--speed", "0") as (_, facts):
            headers = {"X-Application": facts["app_key"]}
            form = {"username": facts["username"], "password": facts["password"]}
            token = requests.post(f"{facts['identity']}login", data=form, headers=headers, timeout=20).json()["token"]
            url = f"{facts['api']}betting/rest/v1.0/listMarketCatalogue/"
            wanted: Any = {"filter": {}, "maxResults": 100, "marketProjection": ["EVENT", "RUNNER_METADATA"]}
            book = requests.post(url, json=wanted, headers=headers | {"X-Authentication": token}, timeout=20)
            seen.append((facts["username"], facts["now"], book.content))
    assert seen[0] == seen[1]
    assert all(one != other for one, other in zip(seen[0], seen[2], strict=True))


def test_a_recording_starts_at_its_first_event(tmp_path: Path) -> None:
    recorded = [message(0, image()), message(1, change({"id": 11, "batb": [[0, 3.0, 50.0]]}))]
    (tmp_path / "one.json").write_bytes(lines(recorded))
    (tmp_path / "notes.txt").write_text("no stream\n", "utf-8")
    with serving("--recording", str(tmp_path), "--speed", "0") as (process, facts):
        ledger = requests.get(facts["control"], timeout=20).json()
        assert ledger["now"] == facts["now"]
        process.terminate()
        _, err = process.communicate(timeout=20)
    assert "notes.txt" in err
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--races", "0"), "0 is not in the range"),
        (("--races", "61"), "61 is not in the range"),
        (("--race-day", "one"), "one"),
        (("--speed", "-1"), "--speed -1"),
        (("--speed", "nan"), "--speed nan"),
        (("--port", "70000"), "70000"),
        (("--recording", "nowhere"), "nowhere: no such folder"),
        (("--recording", ".", "--races", "2"), "do not go with it"),
        (("--recording", ".", "--race-day", "2"), "do not go with it"),
    ],
)
def test_wrong_options_are_refused_in_one_sentence(arguments: tuple[str, ...], says: str) -> None:
    code, err = refusal(*arguments)
    assert code == 2
    assert says in err


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for option in ("--port", "--stream-port"):
            code, err = refusal("--races", "1", option, port)
            assert code == 2
            assert f"127.0.0.1:{port}" in err
            assert "choose another port, or 0" in err
            assert err.count("127.0.0.1") == 1


def test_a_folder_without_recordings_is_told(tmp_path: Path) -> None:
    code, err = refusal("--recording", str(tmp_path))
    assert code == 1
    assert "holds no imported recording and no recorded stream" in err
