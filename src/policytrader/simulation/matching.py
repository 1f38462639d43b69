"""Matching against the liquidity of others: orders that come in, orders that rest, and fill-or-kill orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.model.snapshot import Side
from policytrader.simulation import parts
from policytrader.simulation.units import HUNDREDTHS

if TYPE_CHECKING:
    from datetime import datetime

    from policytrader.simulation.bets import SimulatedBet
    from policytrader.simulation.book import RunnerBook
    from policytrader.simulation.events import Quote
    from policytrader.simulation.market import Market


def match_incoming(market: Market, bet: SimulatedBet, at: datetime) -> None:
    """A limit order takes what others display, level by level; the rest joins the queue, or is killed."""
    if bet.is_fill_or_kill:
        _fill_or_kill(market, bet, at)
        return
    book = market.books[bet.selection_id]
    for tick, available in book.takeable(bet.side, bet.tick):
        if not bet.pennies_remaining:
            break
        pennies = min(available, _wanted(bet, tick))
        if pennies:
            _take(market, book, bet, (tick, pennies), at)
    parts.rest(market, bet)


def play_quote(market: Market, book: RunnerBook, quote: Quote, at: datetime) -> None:
    """New prices of a runner on whom orders of ours rest: trades first eat the queue, then what crosses matches."""
    # The first volume that is seen is history, and a removal moves volume to other prices without a trade.
    has_traded = book.is_seen and not quote.is_repriced
    if market.is_open and quote.traded is not None and has_traded:
        for tick, total in quote.traded:
            # Both sides of a match are counted in the volume, hence half of it met orders at this price.
            volume = (total - book.volume.get(tick, 0)) // 2
            if volume > 0:
                _fill_from_trades(market, book, tick, volume, at)
    book.apply(quote)
    if market.is_open:
        settle_queues(market, book, at)


def settle_queues(market: Market, book: RunnerBook, at: datetime) -> None:
    """After new prices: who cancelled ahead of us is gone, and whoever now crosses us matches at our price."""
    for side in (Side.BACK, Side.LAY):
        queue = book.resting(side)
        if not queue:
            continue
        for bet in queue:
            if bet.ahead and bet.tick is not None:
                bet.ahead = min(bet.ahead, book.queue_at(side, bet.tick))
        if _is_crossed(book, side, queue):
            _match_crossing(market, book, side, at)


def _is_crossed(book: RunnerBook, side: Side, queue: list[SimulatedBet]) -> bool:
    ticks = [bet.tick for bet in queue if bet.tick is not None]
    if side is Side.BACK:
        return bool(book.back) and max(book.back) >= min(ticks)
    return bool(book.lay) and min(book.lay) <= max(ticks)


def _match_crossing(market: Market, book: RunnerBook, side: Side, at: datetime) -> None:
    sign = 1 if side is Side.BACK else -1
    # The best offer to the others first; the sort is stable, so equal prices keep their order of time.
    for bet in sorted(book.resting(side), key=lambda bet: sign * (bet.tick or 0)):
        for tick, available in book.takeable(side, bet.tick):
            if not bet.pennies_remaining or bet.tick is None:
                break
            pennies = min(available, bet.pennies_remaining)
            book.take(side, tick, pennies)
            book.trade(bet.tick, pennies)
            parts.fill(market, bet, pennies, bet.tick, at)
            market.moved[book.selection_id] = None


def _fill_from_trades(market: Market, book: RunnerBook, tick: int, volume: int, at: datetime) -> None:
    for side in (Side.BACK, Side.LAY):
        left = volume
        eaten = 0  # of others who stood before the order looked at
        for bet in [bet for bet in book.resting(side) if bet.tick == tick]:
            before_us = min(left, max(0, bet.ahead - eaten))
            left -= before_us
            eaten += before_us
            bet.ahead = max(0, bet.ahead - eaten)
            pennies = min(left, bet.pennies_remaining)
            if pennies:
                left -= pennies
                parts.fill(market, bet, pennies, tick, at)
                market.moved[book.selection_id] = None


def _wanted(bet: SimulatedBet, tick: int) -> int:
    if bet.bet_target_type is None:
        return bet.pennies_remaining
    return parts.size_of_target(bet.bet_target_type, bet.target_units, tick)


def _take(market: Market, book: RunnerBook, bet: SimulatedBet, level: tuple[int, int], at: datetime) -> None:
    tick, pennies = level
    book.take(bet.side, tick, pennies)
    book.trade(tick, pennies)
    market.moved[book.selection_id] = None
    parts.fill(market, bet, pennies, tick, at)


def _fill_or_kill(market: Market, bet: SimulatedBet, at: datetime) -> None:
    book = market.books[bet.selection_id]
    plan = _plan_within_average(bet, book.takeable(bet.side, None))
    required = bet.pennies if bet.min_fill_pennies is None else bet.min_fill_pennies
    if sum(pennies for _, pennies in plan) >= required:
        for level in plan:
            _take(market, book, bet, level, at)
    if bet.pennies_remaining:
        parts.lapse(market, bet, at)


def _plan_within_average(bet: SimulatedBet, levels: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """What a fill-or-kill order takes: fragments may be worse than its limit as long as their average is not."""
    limit = HUNDREDTHS[bet.tick or 0]
    sign = 1 if bet.side is Side.BACK else -1
    left, slack, plan = bet.pennies, 0, []
    for tick, available in levels:
        better_by = sign * (HUNDREDTHS[tick] - limit)
        pennies = min(left, available)
        if better_by < 0:
            pennies = min(pennies, slack // -better_by)
        if not pennies:
            break
        slack += pennies * better_by
        left -= pennies
        plan.append((tick, pennies))
    return plan
