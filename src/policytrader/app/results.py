"""What a selection made: profit of its bets, hedges included, and its share of the market's commission.

The exchange charges commission on a market's net winnings, not on a bet. The convention here: a market's commission is
split over the selections that made a profit in it, in proportion, to the penny, and sums to the exchange's figure.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from policytrader.model.money import AVERAGE_UNIT, PENNY, ZERO, divide, floor_to_penny, half_up
from policytrader.model.records import BetOutcome, Result
from policytrader.model.snapshot import Side
from policytrader.ports import ClearedStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

    from policytrader.model.snapshot import Selection
    from policytrader.ports import ClearedBet, ClearedMarket


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


def results_of(
    selections: Iterable[Selection],
    bets_of: Mapping[str, Sequence[ClearedBet]],
    markets: Mapping[str, ClearedMarket],
    winners: Mapping[str, frozenset[int]],
) -> tuple[Result, ...]:
    """The results of these selections, whose markets are all settled.

    Args:
        selections: Picks in settled markets.
        bets_of: Selection ref -> its cleared bets, hedges included, of every status.
        markets: Market id -> what the exchange charged; a market without matched bets is not in it.
        winners: Market id -> the runners that won it (or were placed).

    """
    by_market: dict[str, list[Selection]] = defaultdict(list)
    for selection in selections:
        by_market[selection.market_id].append(selection)
    found: list[Result] = []
    for market_id, picks in by_market.items():
        profits = {one.selection_ref: _profit(bets_of.get(one.selection_ref, ())) for one in picks}
        charged = markets[market_id].commission if market_id in markets else ZERO
        shares = split_commission(profits, charged)
        found += [
            _result(one, bets_of.get(one.selection_ref, ()), shares[one.selection_ref], winners[market_id])
            for one in picks
        ]
    return tuple(found)


def _profit(bets: Iterable[ClearedBet]) -> Decimal:
    return sum((bet.profit for bet in bets), ZERO)


def _result(selection: Selection, bets: Sequence[ClearedBet], commission: Decimal, winners: frozenset[int]) -> Result:
    matched = [bet for bet in bets if bet.status is ClearedStatus.SETTLED and bet.price is not None]
    own = [bet for bet in matched if bet.side is selection.side]
    size = sum((bet.size for bet in own), ZERO)
    value = sum((bet.size * bet.price for bet in own if bet.price is not None), ZERO)
    is_void = not matched and any(bet.status is ClearedStatus.VOIDED for bet in bets)
    has_won = (selection.selection_id in winners) is (selection.side is Side.BACK)
    outcome = BetOutcome.VOID if is_void else BetOutcome.WON if has_won else BetOutcome.LOST
    return Result(
        selection_ref=selection.selection_ref,
        outcome=outcome,
        profit=_profit(bets),
        commission=commission,
        size_matched=size,
        average_price_matched=half_up(divide(value, size), AVERAGE_UNIT) if size else None,
    )
