"""What many seeds came to together: kept in files, so that several workers can add to it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.faults.injected import ELSEWHERE, ROWS, Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.faults.day import Outcome


@dataclass
class Tally:
    """Sums over seeds; ``broken`` is a sentence for each violation."""

    seeds: int = 0
    ticks: int = 0
    crashes: int = 0
    bets: int = 0
    hedges: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """One more seed."""
        self.seeds += 1
        self.ticks += outcome.ticks
        self.crashes += outcome.crashes
        self.bets += outcome.bets
        self.hedges += outcome.hedges
        self.faults.update({fault.name: count for fault, count in outcome.faults.items()})
        self.broken += [f"seed {outcome.seed}: {one}" for one in outcome.violations]

    def write(self, file: Path) -> None:
        """Keep it; the file is there at once and whole."""
        made = file.with_suffix(".part")
        made.write_text(json.dumps(vars(self)), "utf-8")
        made.rename(file)

    @classmethod
    def together(cls, files: Iterable[Path]) -> Tally:
        """The sum of what was kept."""
        total = cls()
        for file in files:
            one = json.loads(file.read_text("utf-8"))
            total.faults.update(one.pop("faults"))
            total.broken += one.pop("broken")
            for name, count in one.items():
                setattr(total, name, getattr(total, name) + count)
        return total

    def never_hit(self) -> list[str]:
        """Faults of the catalogue's rows that did not happen."""
        return [f"row {row}: {one}" for row, (_, faults) in ROWS.items() for one in faults if not self.faults[one.name]]

    def rows_never_hit(self) -> list[int]:
        """Rows of which nothing happened."""
        return [row for row, (_, faults) in ROWS.items() if not any(self.faults[one.name] for one in faults)]

    def report(self) -> str:
        """For people."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"seeds {self.seeds}, ticks {self.ticks}, crashes {self.crashes}, violations {len(self.broken)}"
        yield f"bets {self.bets}, of them hedges {self.hedges}, faults {self.faults.total()}"
        for row, (title, faults) in ROWS.items():
            yield f"  row {row:2}  {title}: {sum(self.faults[one.name] for one in faults)}"
            yield from (f"      {self.faults[one.name]:7}  {one}" for one in faults)
        listed = {one for _, faults in ROWS.values() for one in faults}
        yield "  beside the catalogue"
        yield from (f"      {self.faults[one.name]:7}  {one}" for one in Fault if one not in listed)
        yield from (f"  row {row:2}  not here: {where}" for row, where in ELSEWHERE.items())
        yield from self.broken
