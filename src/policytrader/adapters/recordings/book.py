"""One runner's ladders, and the columns that a change of them makes a row of."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from policytrader.adapters.recordings.definition import number

Message: TypeAlias = dict[str, Any]

NO_BACK, NO_LAY = 0, 1_000_000_000
"""Stand for "no price" in the ladders and rows: below and above every price. Missing in the tables."""


class RunnerState(NamedTuple):
    """What makes a row when it changes; ``facts`` is an index into the market's facts. Held as plain tuples."""

    best_back: float
    best_back_size: float | None
    best_lay: float
    best_lay_size: float | None
    last_traded: float | None
    facts: int


State: TypeAlias = tuple[float, float | None, float, float | None, float | None, int]
RunnerRow: TypeAlias = tuple[int, int, float | None, State]
"""One change of one runner: published in milliseconds, selection id, traded volume, ``RunnerState``."""


class RunnerBook:
    """One runner's ladders (price -> size), and what was last written of it."""

    __slots__ = (
        "back",
        "back_levels",
        "best_back",
        "best_lay",
        "facts",
        "is_out",
        "last_traded",
        "lay",
        "lay_levels",
        "selection_id",
        "trades",
        "volume",
        "written",
    )

    def __init__(self, selection_id: int) -> None:
        self.selection_id = selection_id
        self.facts = -1
        self.is_out = False
        self.written: State | None = None
        self.clear()

    def clear(self) -> None:
        """Forget all prices, as an image asks for."""
        self.clear_ladders()
        self.last_traded: float | None = None
        self.volume: float | None = None
        self.trades: dict[float, float] = {}

    def forget_text(self) -> None:
        """Forget levels at prices that are text, as a change leaves them behind that broke off at them."""
        ladders: list[dict[Any, float]] = [self.back, self.lay, self.trades]
        for ladder in ladders:
            for price in [price for price in ladder if isinstance(price, str)]:
                del ladder[price]

    def clear_ladders(self) -> None:
        """Forget the prices on offer."""
        self.back: dict[float, float] = {}
        self.lay: dict[float, float] = {}
        self.back_levels: dict[int, tuple[float, float]] = {}
        self.lay_levels: dict[int, tuple[float, float]] = {}
        self.best_back: float = NO_BACK
        self.best_lay: float = NO_LAY

    def state(self) -> State:
        """The columns that are compared, in the order of ``RunnerState``. A runner that is out has no prices."""
        if self.is_out:
            return (NO_BACK, None, NO_LAY, None, self.last_traded, self.facts)
        best_back, best_lay = self.best_back, self.best_lay
        return (best_back, self.back.get(best_back), best_lay, self.lay.get(best_lay), self.last_traded, self.facts)

    def trade(self, trades: list[list[float]]) -> None:
        """Sum up the volume of a stream that tells it by price only."""
        for price, size in trades:
            if size > 0:
                self.trades[price] = size
            else:
                self.trades.pop(price, None)
        self.volume = round(sum(self.trades.values()), 2)

    def set_levels(self, delta: Message, back: str, lay: str) -> None:
        """Apply [level, price, size] ladders; the lowest level that is there is the best price."""
        if delta.get(back):
            best = _apply_levels(self.back_levels, delta[back])
            self.best_back = best[0] if best else NO_BACK
            self.back = dict([best]) if best else {}
        if delta.get(lay):
            best = _apply_levels(self.lay_levels, delta[lay])
            self.best_lay = best[0] if best else NO_LAY
            self.lay = dict([best]) if best else {}

    def set_traded(self, delta: Message) -> None:
        """Apply last traded price and volume."""
        if "ltp" in delta:
            last_traded = delta["ltp"]
            self.last_traded = last_traded if last_traded.__class__ is float else number(last_traded, "ltp")
        if "tv" in delta:
            volume = delta["tv"]
            self.volume = volume if volume.__class__ is float else number(volume, "tv")
        elif delta.get("trd"):
            self.trade(delta["trd"])


def _apply_levels(levels: dict[int, tuple[float, float]], changes: list[list[Any]]) -> tuple[float, float] | None:
    for level, price, size in changes:
        if size > 0:
            levels[level + 0] = (price + 0, size)  # a TypeError where they are text
        else:
            levels.pop(level, None)
    return levels[min(levels)] if levels else None
