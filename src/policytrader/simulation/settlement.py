"""The result: which share of a stake wins on each runner, what each bet comes to, and the market's commission."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from policytrader.model.money import half_up
from policytrader.model.snapshot import RunnerStatus, Side
from policytrader.simulation.bets import Settlement
from policytrader.simulation.codes import BetOutcome
from policytrader.simulation.units import from_pennies

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from policytrader.simulation.bets import SimulatedBet
    from policytrader.simulation.definition import MarketDefinition
    from policytrader.simulation.market import Market

WINNERS = (RunnerStatus.WINNER, RunnerStatus.PLACED)
_UNDECIDED = (RunnerStatus.ACTIVE, RunnerStatus.HIDDEN)
_HUNDRED = Decimal(100)


def shares_of_finishers(finishers: Sequence[int], places: int) -> dict[int, Fraction]:
    """Winning share of a stake by runner, for a known order of finish: those from the last place on share it."""
    outright = min(len(finishers), places) - (1 if len(finishers) > places else 0)
    tied = finishers[outright:]
    shares = dict.fromkeys(finishers[:outright], Fraction(1))
    return shares | dict.fromkeys(tied, Fraction(1, len(tied)) if tied else Fraction(0))


def shares_of_definition(definition: MarketDefinition) -> dict[int, Fraction] | None:
    """The same where only the winners are known: more of them than places share all places. None without a result."""
    statuses = [runner.status for runner in definition.runners]
    winners = [runner.selection_id for runner in definition.runners if runner.status in WINNERS]
    if any(status in _UNDECIDED for status in statuses):
        return None
    if not winners and RunnerStatus.LOSER not in statuses and RunnerStatus.REMOVED not in statuses:
        return None
    places = max(1, definition.number_of_winners)
    return dict.fromkeys(winners, Fraction(min(places, len(winners)), max(1, len(winners))))


def profit_pennies(bet: SimulatedBet, share: Fraction) -> int:
    """What the matched part comes to when ``share`` of its stake wins: to the penny, a half away from zero."""
    units = share * bet.payout - 100 * bet.pennies_matched
    pennies = (abs(units) + 50) // 100
    sign = (1 if units >= 0 else -1) * (1 if bet.side is Side.BACK else -1)
    return sign * int(pennies)


def settle_bet(bet: SimulatedBet, share: Fraction, at: datetime) -> int:
    """Settle one bet; its profit in pennies. A bet of which nothing was ever matched is not settled."""
    if not bet.pennies_matched:
        if bet.pennies_voided:
            bet.settled = Settlement(from_pennies(0), BetOutcome.VOID, at, price_reduced=False)
        return 0
    profit = profit_pennies(bet, share)
    has_won = (share > 0) is (bet.side is Side.BACK) if share in {0, 1} else profit > 0
    outcome = BetOutcome.WON if has_won else BetOutcome.LOST
    bet.settled = Settlement(from_pennies(profit), outcome, at, price_reduced=bool(bet.adjustments))
    return profit


def commission_of(net: Decimal, base_rate: Decimal) -> Decimal:
    """Commission on a market's net winnings, half up to the penny; none on a loss."""
    return half_up(net * base_rate / _HUNDRED) if net > 0 else from_pennies(0)


def settle_market(market: Market, shares: Mapping[int, Fraction], at: datetime) -> None:
    """Settle every bet of a market once; ``market.net`` and ``market.commission`` tell the account what to book."""
    net = 0
    for bet in market.bets.values():
        net += settle_bet(bet, shares.get(bet.selection_id, Fraction(0)), at)
        market.touched[bet.bet_id] = None
    market.close_books(from_pennies(net), commission_of(from_pennies(net), market.definition.base_rate))
