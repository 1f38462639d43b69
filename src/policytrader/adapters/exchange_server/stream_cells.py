"""Cells: values that remember at which step each of them last changed.

From them follows the difference between now and any earlier step, whoever asks: a client that keeps up, one that lags,
one that comes back. So nothing is kept per client but a number, and a slow one costs no memory.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

K = TypeVar("K")
V = TypeVar("V")


class Cells(Generic[K, V]):
    """One ladder, or another table of values. A cell that is gone stays behind as a change to nothing."""

    __slots__ = ("_steps", "changed_at", "values")

    def __init__(self) -> None:
        self.values: Mapping[K, V] = {}
        self.changed_at = 0
        self._steps: dict[K, int] = {}

    def update(self, found: Mapping[K, V], step: int) -> bool:
        """Take the values as they are now; those that differ changed at ``step``. False when none does."""
        before = self.values
        if found == before:
            return False
        steps = self._steps
        for key, value in found.items():
            if before.get(key) != value:
                steps[key] = step
        for key in before.keys() - found.keys():
            steps[key] = step
        self.values = found
        self.changed_at = step
        return True

    def since(self, step: int) -> list[tuple[K, V | None]]:
        """What changed after ``step``, with the values of now; None for a cell that is gone."""
        if self.changed_at <= step:
            return []
        values = self.values
        return [(key, values.get(key)) for key, changed_at in self._steps.items() if changed_at > step]


def write_clock(*parts: str | int) -> str:
    """A token for a client to keep; what is in it is our business."""
    return base64.b64encode("/".join(map(str, parts)).encode()).decode()


def read_clock(token: str) -> list[str] | None:
    """The parts of a token; None for one that is not ours."""
    try:
        return base64.b64decode(token, validate=True).decode("ascii").split("/")
    except (binascii.Error, ValueError):
        return None
