"""Hand-made streams: messages as the exchange writes them, and a short way to import and read them again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from policytrader.adapters.recordings.importer import import_recording
from policytrader.adapters.recordings.tables import plain_rows, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from policytrader.adapters.recordings.reports import ImportReport

START = 1_777_723_200_000
"""2026-05-02T12:00:00Z in milliseconds, the first publish time."""
WIN, PLACE = "1.101", "1.102"


def moment(seconds: float) -> datetime:
    """Seconds after START."""
    return datetime.fromtimestamp(START / 1000 + seconds, UTC)


def runner(selection_id: int | str, status: str = "ACTIVE", **more: object) -> dict[str, Any]:
    return {"id": selection_id, "status": status, "sortPriority": 1} | more


def definition(*runners: dict[str, Any], **more: object) -> dict[str, Any]:
    return {
        "marketType": "WIN",
        "status": "OPEN",
        "inPlay": False,
        "version": 1,
        "numberOfWinners": 1,
        "numberOfActiveRunners": sum(one["status"] == "ACTIVE" for one in runners),
        "marketTime": "2026-05-02T14:10:00.000Z",
        "eventId": "77",
        "eventName": "Ascot 2nd May",
        "venue": "Ascot",
        "countryCode": "GB",
        "runners": list(runners),
    } | more


def change(*deltas: dict[str, Any], market: str = WIN, **more: object) -> dict[str, Any]:
    return {"id": market, "rc": list(deltas)} | more


def message(seconds: float, *changes: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"op": "mcm", "clk": "A", "pt": START + round(seconds * 1000), "mc": list(changes)} | more


def image(*deltas: dict[str, Any], market: str = WIN, **more: object) -> dict[str, Any]:
    """The first change of a market: an image with runners 11 and 12."""
    return change(*deltas, market=market, img=True, marketDefinition=definition(runner(11), runner(12), **more))


def lines(messages: Iterable[object]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in messages)


def write(path: Path, *messages: object) -> Path:
    path.write_bytes(lines(messages))
    return path


def imported(folder: Path, *messages: object) -> ImportReport:
    """Import messages from a plain file into ``folder / "recorded"``."""
    return import_recording([write(folder / "stream.json", *messages)], folder / "recorded")


def rows(folder: Path, market: str = WIN, table: str = "runners") -> list[dict[str, Any]]:
    (found,) = (folder / "recorded").glob(f"day=*/market={market}")
    return plain_rows(read_rows(sorted(found.glob(f"{table}-*.parquet"))))


def prices(folder: Path, selection_id: int = 11, market: str = WIN) -> list[tuple[Any, ...]]:
    """(seconds after START, best back, its size, best lay, its size) of each row of a runner."""
    return [
        (
            (row["published_at"] - moment(0)).total_seconds(),
            *(row[name] for name in ("best_back", "best_back_size", "best_lay", "best_lay_size")),
        )
        for row in rows(folder, market)
        if row["selection_id"] == selection_id
    ]


def book(*numbers: str | None) -> tuple[Decimal | None, ...]:
    return tuple(None if number is None else Decimal(number) for number in numbers)
