"""How a bankroll went, bet by bet, and how the prices taken compare with the last ones before kick-off."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from policytrader.model.money import ZERO, divide
from policytrader.model.times import EPOCH
from policytrader.model.tracked_checks import closing_line_value, units_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from policytrader.model.tracked import TrackedBet

_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """After one settled bet. ``drawdown_units``: below the highest total so far, the start at 0 among them."""

    at: datetime
    bet_id: str
    profit_units: Decimal
    total_units: Decimal
    drawdown_units: Decimal


@dataclass(frozen=True, slots=True)
class Curve:
    """Every settled bet, in the order of settling."""

    points: tuple[CurvePoint, ...]
    staked_units: Decimal = ZERO

    @property
    def total_units(self) -> Decimal:
        """Where it ended."""
        return self.points[-1].total_units if self.points else ZERO

    @property
    def yield_percent(self) -> Decimal:
        """Profit for each unit staked, in percent; 0 with nothing settled."""
        return divide(self.total_units, self.staked_units) * _HUNDRED if self.staked_units else ZERO

    @property
    def worst_drawdown_units(self) -> Decimal:
        """The deepest fall from a height."""
        return max((one.drawdown_units for one in self.points), default=ZERO)


@dataclass(frozen=True, slots=True)
class ClosingLine:
    """Prices taken against closing prices: how many bets have one, the mean, and how many were better."""

    bet_count: int
    known_count: int
    better_count: int
    mean: Decimal | None


def bankroll_curve(bets: Iterable[TrackedBet]) -> Curve:
    """In units, each bet in its own; bets settled at once by their kick-off, then by when they were tracked."""
    settled = [bet for bet in bets if bet.status.is_settled and bet.settled_at is not None]
    settled.sort(key=lambda bet: (bet.settled_at, bet.kickoff_at or EPOCH, bet.tracked_at, bet.bet_id))
    points, total, highest, staked = [], ZERO, ZERO, ZERO
    for bet in settled:
        assert bet.settled_at is not None
        # As the statistics add up: returns less stake, each in units.
        profit = units_of(bet, bet.returns) - units_of(bet, bet.actual_stake)
        staked += units_of(bet, bet.actual_stake)
        total += profit
        highest = max(highest, total)
        point = CurvePoint(
            at=bet.settled_at,
            bet_id=bet.bet_id,
            profit_units=profit,
            total_units=total,
            drawdown_units=highest - total,
        )
        points.append(point)
    return Curve(tuple(points), staked)


def closing_line(bets: Iterable[TrackedBet]) -> ClosingLine:
    """Over all bets given; the mean is of those that have a closing price."""
    found = [closing_line_value(bet) for bet in bets]
    known = [value for value in found if value is not None]
    mean = divide(sum(known, ZERO), ZERO + len(known)) if known else None
    return ClosingLine(len(found), len(known), sum(value > ZERO for value in known), mean)
