"""What a selection made: profit of its bets, hedges included, and its share of the market's commission.

The exchange charges commission on a market's net winnings, not on a bet. The convention here: a market's commission is
split over the selections that made a profit in it, in proportion, to the penny, and sums to the exchange's figure.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policytrader.model.money import AVERAGE_UNIT, PENNY, ZERO, average, divide, floor_to_penny, half_up
from policytrader.model.records import BetOutcome, Result
from policytrader.model.snapshot import Side
from policytrader.ports import ClearedStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

    from policytrader.model.snapshot import Selection
    from policytrader.ports import ClearedBet


def split_commission(profits: Mapping[str, Decimal], commission: Decimal) -> dict[str, Decimal]:
    """Shares of a market's commission by key, to the penny, summing to it exactly.

    In proportion to profit, losers none; pennies that flooring leaves over go to the largest remainders, then by key.
    Where nobody made a profit, the first key in order bears what was charged.
    """
    shares = dict.fromkeys(profits, ZERO)
    winners = {key: profit for key, profit in profits.items() if profit > ZERO}
    if commission == ZERO or not profits:
        return shares
    if not winners:
        shares[min(profits)] = commission
        return shares
    total = sum(winners.values(), ZERO)
    exact = {key: divide(commission * profit, total) for key, profit in winners.items()}
    shares.update({key: floor_to_penny(amount) for key, amount in exact.items()})
    left = commission - sum(shares.values(), ZERO)
    for key in sorted(winners, key=lambda one: (shares[one] - exact[one], one)):
        if left < PENNY:
            break
        shares[key] += PENNY
        left -= PENNY
    return shares


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledMarket:
    """How a market ended: its runners, and what the exchange charged (nothing where no bet was matched)."""

    market_id: str
    winners: frozenset[int]
    removed: frozenset[int] = frozenset()
    starting_prices: Mapping[int, Decimal] = field(default_factory=dict)
    commission: Decimal = ZERO

    def outcome(self, selection: Selection, bets: Iterable[ClearedBet]) -> BetOutcome:
        """How a pick ended, also one on which nothing was matched."""
        is_annulled = selection.selection_id in self.removed or any(bet.status is ClearedStatus.VOIDED for bet in bets)
        if is_annulled and not _matched(bets):
            return BetOutcome.VOID
        has_won = (selection.selection_id in self.winners) is (selection.side is Side.BACK)
        return BetOutcome.WON if has_won else BetOutcome.LOST


def results_of(
    selections: Iterable[Selection],
    bets_of: Mapping[str, Sequence[ClearedBet]],
    markets: Iterable[SettledMarket],
) -> tuple[Result, ...]:
    """The results of these selections, all of which are in these markets.

    ``bets_of``: selection ref -> its cleared bets, hedges included, of every status.
    """
    by_market: dict[str, list[Selection]] = defaultdict(list)
    for selection in selections:
        by_market[selection.market_id].append(selection)
    found: list[Result] = []
    for market in markets:
        picks = by_market[market.market_id]
        profits = {one.selection_ref: _profit(bets_of.get(one.selection_ref, ())) for one in picks}
        shares = split_commission(profits, market.commission)
        found += [_result(one, bets_of.get(one.selection_ref, ()), shares[one.selection_ref], market) for one in picks]
    return tuple(found)


def _profit(bets: Iterable[ClearedBet]) -> Decimal:
    return sum((bet.profit for bet in bets), ZERO)


def _matched(bets: Iterable[ClearedBet]) -> list[ClearedBet]:
    return [bet for bet in bets if bet.status is ClearedStatus.SETTLED and bet.price is not None]


def _result(selection: Selection, bets: Sequence[ClearedBet], commission: Decimal, market: SettledMarket) -> Result:
    own = [bet for bet in _matched(bets) if bet.side is selection.side]
    size = sum((bet.size for bet in own), ZERO)
    value = sum((bet.size * bet.price for bet in own if bet.price is not None), ZERO)
    starting_price = market.starting_prices.get(selection.selection_id)
    return Result(
        selection_ref=selection.selection_ref,
        outcome=market.outcome(selection, bets),
        profit=_profit(bets),
        commission=commission,
        size_matched=size,
        average_price_matched=average(value, size),
        starting_price=half_up(starting_price, AVERAGE_UNIT) if starting_price is not None else None,
    )
