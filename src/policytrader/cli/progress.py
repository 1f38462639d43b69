"""How far a long piece of work is: a bar on a terminal, nothing elsewhere."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policytrader.cli.context import Context
    from policytrader.ports.workers import Progress


@contextmanager
def work_bar(context: Context, what: str) -> Iterator[Progress | None]:
    """A bar of units of work that are done; None where nobody looks."""
    console = context.console(stderr=True)
    if not console.is_terminal or not context.verbosity:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=console, transient=True) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total, name: bars.update(task, completed=done, total=total, description=name)
