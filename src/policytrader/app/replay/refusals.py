"""Orders that the last gate refuses: the daemon plans them at every tick, and what is planned counts against others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection
    from decimal import Decimal

    from policytrader.app.gate import Exposures
    from policytrader.policy.protection import Protections


class Refusals:
    """The picks whose order the gate refuses, and what it is known to refuse without being asked.

    The sums over a market's or the day's orders only grow until one is cancelled, voided or settled: a risk that was
    too much beside them is too much until then.
    """

    def __init__(self, limits: Protections) -> None:
        """Nothing was refused, and nothing is known."""
        self._limits = limits
        self._sums: Exposures | None = None
        self._refused: dict[str, bool] = {}
        """By pick, whether it is for a sum."""

    @property
    def refs(self) -> Collection[str]:
        """The picks."""
        return self._refused.keys()

    def note(self, ref: str, *, is_refused: bool, is_sum: bool = False) -> None:
        """What became of a pick's order; ``is_sum`` where ``why`` has told it."""
        self._refused.pop(ref, None)
        if is_refused:
            self._refused[ref] = is_sum

    def lasts(self, ref: str) -> bool:
        """Whether what was refused is refused also beside one more order."""
        return self._refused.get(ref, False)

    def learn(self, sums: Exposures) -> None:
        """What counted against the limits before a tick's orders, which can only add to it."""
        self._sums = sums

    def forget(self) -> None:
        """What counts against the limits may be less than it was."""
        self._sums = None
        self._refused = dict.fromkeys(self._refused, False)

    def why(self, market_id: str, risk: Decimal) -> str | None:
        """The limit over all orders for which the gate is known to refuse one more of ``risk``."""
        return None if self._sums is None else self._sums.passed_by(self._limits, market_id, risk)
