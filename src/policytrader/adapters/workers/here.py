"""Units of work done one after the other, in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.adapters.workers.answers import do_unit, result_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from policytrader.ports.workers import Argument, Progress, Result, Unit


class OneWorker:
    """This process."""

    jobs = 1

    def run(
        self,
        function: Callable[[Argument], Result],
        units: Sequence[Unit[Argument]],
        progress: Progress | None = None,
    ) -> Iterator[Result]:
        """As in the port. Results are packed here too, so that what cannot be sent is noticed with one job."""
        for number, unit in enumerate(units, 1):
            result: Result = result_of(do_unit(function, unit.name, unit.argument))
            if progress is not None:
                progress(number, len(units), unit.name)
            yield result
