"""What a user's bets came to: counts and units, by the store's own sums, and each bet in its own unit."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from policytrader.model.money import ZERO, divide
from policytrader.model.outcomes import Outcome
from policytrader.model.tracked_checks import units_of
from policytrader.ports.bet_store import Totals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policytrader.model.tracked import TrackedBet

_HUNDRED = Decimal(100)
_HALF = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Statistics:
    """Sums over bets that are not deleted; refunds count on both sides of the settled sums."""

    by_status: dict[Outcome, Totals]

    @classmethod
    def of(cls, totals: Iterable[Totals]) -> Statistics:
        """From a store's sums; a status that has no bets may be absent."""
        found = {one.status: one for one in totals}
        return cls({status: found.get(status) or _none(status) for status in Outcome})

    @classmethod
    def of_bets(cls, bets: Iterable[TrackedBet]) -> Statistics:
        """From bets that were chosen one by one."""
        found = {status: _none(status) for status in Outcome}
        for bet in bets:
            so_far = found[bet.status]
            found[bet.status] = Totals(
                status=bet.status,
                count=so_far.count + 1,
                staked_units=so_far.staked_units + units_of(bet, bet.actual_stake),
                returns_units=so_far.returns_units + units_of(bet, bet.returns),
            )
        return cls(found)

    def count(self, status: Outcome) -> int:
        """How many bets have this status."""
        return self.by_status[status].count

    @property
    def settled(self) -> tuple[Totals, ...]:
        """The sums of the five results."""
        return tuple(one for one in self.by_status.values() if one.status.is_settled)

    @property
    def settled_count(self) -> int:
        """Bets with a result, refunds among them."""
        return sum(one.count for one in self.settled)

    @property
    def settled_staked(self) -> Decimal:
        """Units on settled bets."""
        return sum((one.staked_units for one in self.settled), ZERO)

    @property
    def settled_returns(self) -> Decimal:
        """Units that came back from them."""
        return sum((one.returns_units for one in self.settled), ZERO)

    @property
    def profit(self) -> Decimal:
        """Units won or lost."""
        return self.settled_returns - self.settled_staked

    @property
    def roi_percent(self) -> Decimal:
        """Profit for each unit staked, which is the yield; 0 with nothing settled."""
        return divide(self.profit, self.settled_staked) * _HUNDRED if self.settled_staked else ZERO

    @property
    def win_rate_percent(self) -> Decimal:
        """Wins, half wins by half, among all settled bets; 0 with nothing settled."""
        return win_rate_percent(self.count(Outcome.WON), self.count(Outcome.HALF_WIN), self.settled_count)

    def document(self) -> dict[str, int | float]:
        """The fourteen numbers of the public statistics, unrounded."""
        pending = self.by_status[Outcome.PENDING]
        return {
            "total_bets": self.settled_count + pending.count,
            "wins": self.count(Outcome.WON),
            "losses": self.count(Outcome.LOST),
            "refunds": self.count(Outcome.REFUND),
            "pending": pending.count,
            "half_wins": self.count(Outcome.HALF_WIN),
            "half_losses": self.count(Outcome.HALF_LOSS),
            "total_staked_units": float(self.settled_staked + pending.staked_units),
            "total_returns_units": float(self.settled_returns + pending.returns_units),
            "settled_staked_units": float(self.settled_staked),
            "settled_returns_units": float(self.settled_returns),
            "pending_staked_units": float(pending.staked_units),
            "profit_loss_units": float(self.profit),
            "roi_percentage": float(self.roi_percent),
        }


def win_rate_percent(wins: int, half_wins: int, settled: int) -> Decimal:
    """A half win is half a win; refunds are settled, too."""
    return divide((wins + half_wins * _HALF) * _HUNDRED, Decimal(settled)) if settled else ZERO


def _none(status: Outcome) -> Totals:
    return Totals(status=status, count=0, staked_units=ZERO, returns_units=ZERO)
