"""Orders that were planned and refused at the last gate: planned again, they count against the others'."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection
    from decimal import Decimal

_AMOUNTS = frozenset({"max_exposure_per_market", "max_exposure_per_day", "max_daily_loss"})
"""What the last gate says of sums over orders, which are no less until one is cancelled, voided or settled."""


class Refusals:
    """By pick: the gate's code and, where an amount was too much, the least risk that was, as far as that holds."""

    def __init__(self) -> None:
        """Nothing was refused yet."""
        self._refused: dict[str, tuple[str, Decimal | None]] = {}

    @property
    def refs(self) -> Collection[str]:
        """The picks, in the order in which they were refused."""
        return self._refused.keys()

    def note(self, ref: str, code: str | None, risk: Decimal | None) -> None:
        """What the gate said of a pick's order, None for nothing; ``risk`` None where sums may be less afterwards."""
        _, least = self._refused.pop(ref, (None, None))
        if code is None:
            return
        known = [one for one in (risk if code in _AMOUNTS else None, least) if one is not None]
        self._refused[ref] = code, min(known, default=None)

    def why(self, ref: str, risk: Decimal) -> str | None:
        """The gate's code where it is known to refuse the pick's order of that risk again."""
        code, least = self._refused.get(ref, (None, None))
        return code if least is not None and risk >= least else None

    def lasts(self, ref: str) -> bool:
        """Whether what was refused is refused also beside one more order."""
        return self._refused.get(ref, ("", None))[1] is not None

    def forget_amounts(self) -> None:
        """What counts against the limits may be less than it was."""
        self._refused = {ref: (code, None) for ref, (code, _) in self._refused.items()}
