"""The order book of one runner: what others display, what of it we took, what has traded, and our own resting orders.

Levels are dictionaries of tick -> pennies. The feed tells what others display; what we took of a level stays taken
until the feed raises it (then the increase is new), and is forgotten when the level goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.model.price import PRICES
from policytrader.model.snapshot import Side
from policytrader.simulation.units import from_pennies

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from policytrader.simulation.bets import SimulatedBet
    from policytrader.simulation.events import Quote


class RunnerBook:
    """One runner's book. ``back`` is what others make available to back (their unmatched lays), ``lay`` to lay."""

    __slots__ = (
        "back",
        "far",
        "is_seen",
        "last_traded",
        "lay",
        "near",
        "own_backs",
        "own_lays",
        "own_volume",
        "selection_id",
        "taken_back",
        "taken_lay",
        "volume",
        "volume_pennies",
    )

    def __init__(self, selection_id: int) -> None:
        self.selection_id = selection_id
        self.back: dict[int, int] = {}
        self.lay: dict[int, int] = {}
        self.taken_back: dict[int, int] = {}
        self.taken_lay: dict[int, int] = {}
        self.volume: dict[int, int] = {}
        self.own_volume: dict[int, int] = {}
        self.volume_pennies = 0
        self.own_backs: list[SimulatedBet] = []
        self.own_lays: list[SimulatedBet] = []
        self.last_traded: Decimal | None = None
        self.near: Decimal | None = None
        self.far: Decimal | None = None
        self.is_seen = False

    # --- what is shown ------------------------------------------------------------------------------------------------

    def back_levels(self) -> list[tuple[int, int]]:
        """Available to back as displayed, (tick, pennies), best (highest) first; our resting lays are part of it."""
        return sorted(_displayed(self.back, self.taken_back, self.own_lays).items(), reverse=True)

    def lay_levels(self) -> list[tuple[int, int]]:
        """Available to lay as displayed, (tick, pennies), best (lowest) first; our resting backs are part of it."""
        return sorted(_displayed(self.lay, self.taken_lay, self.own_backs).items())

    def best_back(self) -> tuple[int, int] | None:
        """The first of ``back_levels``."""
        return _best(self.back, self.taken_back, self.own_lays, max)

    def best_lay(self) -> tuple[int, int] | None:
        """The first of ``lay_levels``."""
        return _best(self.lay, self.taken_lay, self.own_backs, min)

    def traded_levels(self) -> list[tuple[int, int]]:
        """Volume per tick, both sides counted, lowest price first; ours is part of it."""
        total = dict(self.volume)
        for tick, pennies in self.own_volume.items():
            total[tick] = total.get(tick, 0) + pennies
        return sorted(level for level in total.items() if level[1])

    def available_to_back(self) -> list[tuple[Decimal, Decimal]]:
        """``back_levels`` as (price, size)."""
        return [(PRICES[tick], from_pennies(pennies)) for tick, pennies in self.back_levels()]

    def available_to_lay(self) -> list[tuple[Decimal, Decimal]]:
        """``lay_levels`` as (price, size)."""
        return [(PRICES[tick], from_pennies(pennies)) for tick, pennies in self.lay_levels()]

    def traded(self) -> list[tuple[Decimal, Decimal]]:
        """``traded_levels`` as (price, size)."""
        return [(PRICES[tick], from_pennies(pennies)) for tick, pennies in self.traded_levels()]

    @property
    def total_matched(self) -> Decimal:
        """All volume, both sides counted."""
        return from_pennies(self.volume_pennies)

    # --- what others do -----------------------------------------------------------------------------------------------

    def apply(self, quote: Quote) -> None:
        """New prices of others; what we took of a level stays taken as far as the level still stands."""
        if quote.back is not None:
            self.back = _changed(self.back, quote.back, self.taken_back, quote.replaces)
        if quote.lay is not None:
            self.lay = _changed(self.lay, quote.lay, self.taken_lay, quote.replaces)
        if quote.traded is not None:
            volume = self.volume
            for tick, pennies in quote.traded:
                self.volume_pennies += pennies - volume.get(tick, 0)
                volume[tick] = pennies
        if quote.last_traded is not None:
            self.last_traded = quote.last_traded
        if quote.near is not None:
            self.near = quote.near
        if quote.far is not None:
            self.far = quote.far
        self.is_seen = True

    def adopt(self, quote: Quote) -> None:
        """Forget what we took of the levels that a person sets, and count our volume as part of what is shown."""
        for changes, taken in ((quote.back, self.taken_back), (quote.lay, self.taken_lay)):
            for tick, _ in changes or ():
                taken.pop(tick, None)
        for tick, _ in quote.traded or ():
            self.volume[tick] = self.volume.get(tick, 0) + self.own_volume.pop(tick, 0)

    def clear(self) -> None:
        """Nothing is displayed any more: the runner's ladder goes before it is removed."""
        for levels in (self.back, self.lay, self.taken_back, self.taken_lay):
            levels.clear()

    def clear_back(self) -> None:
        """The unmatched lays of others are gone."""
        self.back.clear()
        self.taken_back.clear()

    # --- what we do ---------------------------------------------------------------------------------------------------

    def takeable(self, side: Side, limit: int | None) -> list[tuple[int, int]]:
        """What an order of ours on ``side`` could take of others, (tick, pennies), best first, down to its limit."""
        if side is Side.BACK:
            taken = self.taken_back
            ticks = sorted((tick for tick in self.back if limit is None or tick >= limit), reverse=True)
            found = [(tick, self.back[tick] - taken.get(tick, 0)) for tick in ticks]
        else:
            taken = self.taken_lay
            ticks = sorted(tick for tick in self.lay if limit is None or tick <= limit)
            found = [(tick, self.lay[tick] - taken.get(tick, 0)) for tick in ticks]
        return [level for level in found if level[1] > 0]

    def take(self, side: Side, tick: int, pennies: int) -> None:
        """An order of ours on ``side`` takes what others display at ``tick``."""
        taken = self.taken_back if side is Side.BACK else self.taken_lay
        taken[tick] = taken.get(tick, 0) + pennies

    def trade(self, tick: int, pennies: int) -> None:
        """Count volume that the feed does not know of: both sides of a match of ours."""
        self.own_volume[tick] = self.own_volume.get(tick, 0) + 2 * pennies
        self.volume_pennies += 2 * pennies
        self.last_traded = PRICES[tick]

    def queue_at(self, side: Side, tick: int) -> int:
        """What others display at ``tick`` on the side where an order of ours on ``side`` would rest."""
        if side is Side.BACK:
            return max(0, self.lay.get(tick, 0) - self.taken_lay.get(tick, 0))
        return max(0, self.back.get(tick, 0) - self.taken_back.get(tick, 0))

    def resting(self, side: Side) -> list[SimulatedBet]:
        """Our resting orders on one side, in order of time."""
        return self.own_backs if side is Side.BACK else self.own_lays


def _best(
    levels: dict[int, int], taken: dict[int, int], own: list[SimulatedBet], first: Callable[..., int]
) -> tuple[int, int] | None:
    shown = _displayed(levels, taken, own) if taken or own else levels
    if not shown:
        return None
    tick = first(shown)
    return tick, shown[tick]


def _displayed(levels: dict[int, int], taken: dict[int, int], own: list[SimulatedBet]) -> dict[int, int]:
    shown = {tick: pennies - taken.get(tick, 0) for tick, pennies in levels.items()} if taken else dict(levels)
    for bet in own:
        if bet.tick is not None:
            shown[bet.tick] = shown.get(bet.tick, 0) + bet.pennies_remaining
    return {tick: pennies for tick, pennies in shown.items() if pennies > 0}


def _changed(
    levels: dict[int, int],
    changes: tuple[tuple[int, int], ...],
    taken: dict[int, int],
    replaces: bool,  # noqa: FBT001 - called once per side of every quote
) -> dict[int, int]:
    if replaces:
        levels = {tick: pennies for tick, pennies in changes if pennies}
    else:
        for tick, pennies in changes:
            if pennies:
                levels[tick] = pennies
            else:
                levels.pop(tick, None)
    if taken:
        for tick in list(taken):
            standing = min(taken[tick], levels.get(tick, 0))
            if standing:
                taken[tick] = standing
            else:
                del taken[tick]
    return levels
