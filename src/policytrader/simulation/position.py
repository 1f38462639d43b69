"""What the bets on one runner can win or lose, in pennies x hundredths, kept up as they match."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from policytrader.model.bets import BetTarget
from policytrader.model.snapshot import Side
from policytrader.simulation.units import HUNDREDTHS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from policytrader.simulation.bets import SimulatedBet


class ProfitAndLoss(NamedTuple):
    """A runner's matched bets before commission: the profit on them if it wins and if it loses.

    ``market_if_win`` is the whole market's profit if this runner wins, as the exchange tells it of a market with one
    winner; None where there are several.
    """

    if_win: Decimal
    if_lose: Decimal
    market_if_win: Decimal | None


class RunnerPosition:
    """Matched profit if the runner wins (``win``) and loses (``lose``), and what open orders can add to each loss."""

    __slots__ = ("lose", "open_back", "open_lay", "win")

    def __init__(self) -> None:
        self.win = 0
        self.lose = 0
        self.open_back = 0
        self.open_lay = 0

    def add_open(self, side: Side, units: int) -> None:
        """Reserve for (or release of) an open order."""
        if side is Side.BACK:
            self.open_back += units
        else:
            self.open_lay += units

    def add_matched(self, side: Side, pennies: int, payout: int) -> None:
        """A match of ``pennies`` that pays ``payout`` (pennies x hundredths) to its backer; negative takes it back."""
        if side is Side.BACK:
            self.win += payout - 100 * pennies
            self.lose -= 100 * pennies
        else:
            self.win -= payout - 100 * pennies
            self.lose += 100 * pennies


def open_units(bet: SimulatedBet) -> int:
    """What the open part of a bet can lose: the stake of a back, the liability of a lay at its limit."""
    if bet.is_on_close_open:
        return 100 * bet.liability_pennies
    if not bet.pennies_remaining or bet.tick is None:
        return 0
    return limit_units(bet.side, bet.pennies_remaining, bet.tick, bet.bet_target_type, bet.target_units)


def limit_units(side: Side, pennies: int, tick: int, target: BetTarget | None, target_units: int) -> int:
    """What an open limit order can lose. A target's lay may come to more than its size says: prices get better."""
    if side is Side.BACK:
        return 100 * pennies
    if target is BetTarget.BACKERS_PROFIT:
        return target_units
    if target is BetTarget.PAYOUT:
        return target_units - 100 * pennies
    return pennies * (HUNDREDTHS[tick] - 100)


def worst_units(positions: Iterable[RunnerPosition], winners: int) -> int:
    """The worst result over all outcomes with exactly ``winners`` winners; open orders count at their worst.

    A dead heat pays fractions that add up to the same number of winners, so it is never worse than the worst of these.
    """
    total = 0
    differences = []
    for position in positions:
        lose = position.lose - position.open_back
        total += lose
        differences.append(position.win - position.open_lay - lose)
    differences.sort()
    return min(0, total + sum(differences[:winners]))
