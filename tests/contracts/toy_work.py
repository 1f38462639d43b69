"""Work for the contract of workers: at the top of a module, so that other processes find it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import NamedTuple

from policytrader.errors import Diagnostic, Place, RecordingError


class Toy(NamedTuple):
    """One unit: ``deaths`` is how many workers it kills before it is done."""

    number: int
    folder: str = ""
    deaths: int = 0
    seconds: float = 0.0


def square(toy: Toy) -> tuple[int, int]:
    """The square and who worked it out. The first units take longest, so that the last are ready first."""
    if toy.seconds:
        time.sleep(toy.seconds)  # noqa: TID251 - real processes, in real time
    _die(toy)
    return toy.number * toy.number, os.getpid()


def fail(toy: Toy) -> int:
    """Numbers above 2: ours at 3, a defect at 4, later than the one at 5."""
    match toy.number:
        case 3:
            raise RecordingError([Diagnostic(Place("market.gz", 7, 1), "R201", "is damaged", "Get it again.")])
        case 4:
            message = "no such thing"
            raise ValueError(message)
        case _:
            return toy.number


def give_unsendable(toy: Toy) -> object:
    """A result that cannot leave its process."""
    return (lambda: toy.number) if toy.number == 1 else toy.number


def _die(toy: Toy) -> None:
    for attempt in range(toy.deaths):
        try:
            Path(toy.folder, f"{toy.number}-{attempt}").touch(exist_ok=False)
        except FileExistsError:
            continue
        os.kill(os.getpid(), signal.SIGKILL)
