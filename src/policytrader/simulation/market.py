"""One market while it lives: its definition, the books of its runners, the bets on it and what they can lose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.model.snapshot import MarketStatus, RunnerStatus
from policytrader.simulation.book import RunnerBook
from policytrader.simulation.people import Acts
from policytrader.simulation.position import ProfitAndLoss, RunnerPosition, worst_units
from policytrader.simulation.units import from_pennies, from_units

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from policytrader.model.snapshot import Side
    from policytrader.simulation.bets import SimulatedBet
    from policytrader.simulation.definition import MarketDefinition, RunnerDefinition


class Market:
    """One market. ``net`` and ``commission`` are None until it is settled.

    ``versions`` are those seen since the last change that matters to orders: an order that names another one lapses.
    ``people`` is what persons did to it: the day's own reopening leaves a market alone that they hold.
    """

    def __init__(self, definition: MarketDefinition) -> None:
        self.definition = definition
        self.books: dict[int, RunnerBook] = {}
        self.positions: dict[int, RunnerPosition] = {}
        self.bets: dict[str, SimulatedBet] = {}
        self.open_bets: dict[str, SimulatedBet] = {}
        self.delayed: dict[str, SimulatedBet] = {}
        self.versions: tuple[int, ...] = (definition.version,)
        self.is_renewed_at_reopening = False
        self.people = Acts()
        self.is_reconciled = definition.bsp_reconciled or definition.in_play
        self.is_settled = False
        self.adjusted_until: dict[int, datetime] = {}
        self.net: Decimal | None = None
        self.commission: Decimal | None = None
        self.touched: dict[str, None] = {}
        self.moved: dict[int, None] = {}
        self._worst: int | None = 0
        self.add_runners()

    # --- facts --------------------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """True while orders match."""
        return self.definition.status is MarketStatus.OPEN

    @property
    def total_matched(self) -> Decimal:
        """All volume of the market, both sides counted."""
        return from_pennies(sum(book.volume_pennies for book in self.books.values()))

    def runner(self, selection_id: int) -> RunnerDefinition | None:
        """The runner's definition, None for one that is not in this market."""
        return self._runners.get(selection_id)

    def worst_units(self) -> int:
        """The worst result that the bets of this market can come to, never above zero (pennies x hundredths)."""
        if self.is_settled:
            return 0
        if self._worst is None:
            self._worst = worst_units(self._standing_positions(), max(1, self.definition.number_of_winners))
        return self._worst

    def profit_and_loss(self) -> dict[int, ProfitAndLoss]:
        """Per runner that is left in the market, in the order of the card."""
        everything_loses = sum(position.lose for position in self.positions.values())
        is_single = self.definition.number_of_winners <= 1
        return {
            runner.selection_id: ProfitAndLoss(
                from_units(position.win),
                from_units(position.lose),
                from_units(everything_loses - position.lose + position.win) if is_single else None,
            )
            for runner in self.definition.active_runners
            for position in (self.positions[runner.selection_id],)
        }

    # --- changes ------------------------------------------------------------------------------------------------------

    def define(self, definition: MarketDefinition) -> None:
        """Take a new definition as it is; what it does to bets is ``effects``' business."""
        self.definition = definition
        self.add_runners()
        self._worst = None

    def add_runners(self) -> None:
        """A book and a position for each runner that is new."""
        self._runners = {runner.selection_id: runner for runner in self.definition.runners}
        for selection_id in self._runners:
            if selection_id not in self.books:
                self.books[selection_id] = RunnerBook(selection_id)
                self.positions[selection_id] = RunnerPosition()

    def reserve(self, selection_id: int, side: Side, units: int) -> None:
        """What open orders can lose has changed by ``units``."""
        self.positions[selection_id].add_open(side, units)
        self._worst = None

    def add_matched(self, bet: SimulatedBet, pennies: int, payout: int) -> None:
        """A bet has matched (negative: no longer)."""
        self.positions[bet.selection_id].add_matched(bet.side, pennies, payout)
        self._worst = None

    def close_books(self, net: Decimal, commission: Decimal) -> None:
        """The market is settled: no money is at risk any more."""
        self.net, self.commission = net, commission
        self.is_settled = True

    def _standing_positions(self) -> list[RunnerPosition]:
        return [
            self.positions[runner.selection_id]
            for runner in self.definition.runners
            if runner.status is not RunnerStatus.REMOVED
        ]
