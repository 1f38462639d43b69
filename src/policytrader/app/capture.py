"""The capture of a race: the runners that took part when its picks were made, which the picks are judged by later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.model.snapshot import ReferenceRunner, RunnerStatus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from decimal import Decimal


def capture_id_of(race_id: str, at: datetime) -> str:
    """The name of the capture of a race at ``at`` (UTC)."""
    return f"{race_id}@{at:%Y%m%dT%H%M%S%fZ}"


def capture_of(
    race_id: str, at: datetime, active: Iterable[tuple[int, str | None, Decimal | None]]
) -> tuple[ReferenceRunner, ...]:
    """The rows of a capture in the order of ``active``: of each runner that takes part its id, name and price."""
    runners = tuple(active)
    capture_id = capture_id_of(race_id, at)
    return tuple(
        ReferenceRunner(capture_id, race_id, at, len(runners), selection_id, name, RunnerStatus.ACTIVE, price)
        for selection_id, name, price in runners
    )
