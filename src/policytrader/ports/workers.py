"""Workers: whoever does the parts of a large piece of work, here, in other processes or on other machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Argument = TypeVar("Argument")
Result = TypeVar("Result")

MOST_ATTEMPTS = 3
"""How many workers one unit may cost before it is given up."""


@dataclass(frozen=True, slots=True)
class Unit(Generic[Argument]):
    """One part of the work. ``name`` is for people; ``argument`` is what the function is called with.

    The argument is sent to wherever the work is done: plain values, paths rather than what stands in the files.
    """

    name: str
    argument: Argument


class Progress(Protocol):
    """Who wants to know how far the work is."""

    def __call__(self, done: int, total: int, name: str) -> None:
        """``done`` of ``total`` units are done, the one called ``name`` last."""
        ...


class UnitCrashedError(Exception):
    """A unit ended in an exception that is not one of ours, or in a result that cannot be sent: a defect."""


class Workers(Protocol):
    """Where units of work are done."""

    @property
    def jobs(self) -> int:
        """How many units are done at a time."""
        ...

    def run(
        self,
        function: Callable[[Argument], Result],
        units: Sequence[Unit[Argument]],
        progress: Progress | None = None,
    ) -> Iterator[Result]:
        """The results in the order of ``units``, whatever the order in which they are ready.

        ``function`` stands at the top of a module and depends on nothing but its argument: a worker that is lost in
        the middle costs its unit another attempt, ``MOST_ATTEMPTS`` in all. Nothing is left running when the iteration
        ends, however it does.

        An error in a unit is raised in that unit's turn and names it: one of ours as itself, any other as
        ``UnitCrashedError``. Raises ``WorkersError`` for a unit whose workers keep dying, and where there are no
        workers.
        """
        ...
