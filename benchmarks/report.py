"""What is printed: Markdown tables, so that a run can be pasted into the README as it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.measure import Timing


@dataclass(frozen=True)
class Goal:
    """One thing to reach: ``measured`` and ``bound`` in the same unit; a goal without a measurement was not met."""

    what: str
    measured: float | None
    bound: float
    unit: str
    remark: str = ""
    at_least: bool = False

    @property
    def met(self) -> bool:
        """True when the measurement keeps to the bound."""
        if self.measured is None:
            return False
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound

    def to_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "what": self.what,
            "measured": None if self.measured is None else round(self.measured, 4),
            "bound": self.bound,
            "at_least": self.at_least,
            "unit": self.unit,
            "met": self.met,
            "remark": self.remark,
        }


@dataclass(frozen=True)
class Section:
    """What one part of the run found."""

    title: str
    text: str
    data: dict[str, Any]
    goals: tuple[Goal, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def render(self) -> str:
        """Heading, table, notes."""
        notes = "".join(f"\n{note}\n" for note in self.notes)
        return f"## {self.title}\n{notes}\n{self.text}\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, columns aligned; all but the first to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        return "| " + " | ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]) + " |"

    rule = "|" + "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]) + "|"
    return "\n".join([line(head), rule, *map(line, rows)])


def timing_table(timings: Mapping[str, Timing], *, beside: str, count: int = 0) -> str:
    """Wall and CPU of each, and its CPU time as a multiple of ``beside``'s; with ``count``, decisions a CPU-second."""
    unit = timings[beside].cpu_p50
    head = ["", "p50 ms", "p99 ms", "CPU p50 ms", "x"] + (["decisions/CPU-s"] if count else [])
    rows = []
    for name, timing in timings.items():
        row = [name, ms(timing.p50), ms(timing.p99), ms(timing.cpu_p50), f"{timing.cpu_p50 / unit:.2f}"]
        rows.append(row + ([f"{count / timing.cpu_p50:,.0f}k"] if count else []))
    return table(head, rows)


def goals_table(goals: Sequence[Goal]) -> str:
    """Measured beside wanted."""
    rows = [
        [
            goal.what,
            _amount(goal.measured, goal.unit),
            f"{'>=' if goal.at_least else '<='} {_amount(goal.bound, goal.unit)}",
            "not measured" if goal.measured is None else "met" if goal.met else "NOT MET",
            goal.remark,
        ]
        for goal in goals
    ]
    return table(["goal", "measured", "wanted", "", "remark"], rows)


def ms(value: float) -> str:
    """Milliseconds, as many decimals as say something."""
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def _amount(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:.2f} {unit}".strip()
