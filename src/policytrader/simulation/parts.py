"""The only functions that move the parts of a bet: each keeps book, reservation, position and change list in step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.model.bets import BetTarget
from policytrader.simulation.bets import Match
from policytrader.simulation.position import open_units
from policytrader.simulation.units import HUNDREDTHS, from_pennies

if TYPE_CHECKING:
    from datetime import datetime

    from policytrader.simulation.bets import SimulatedBet
    from policytrader.simulation.codes import LapseCode
    from policytrader.simulation.market import Market


def enter(market: Market, bet: SimulatedBet) -> None:
    """A new bet of the account, all of it open."""
    market.bets[bet.bet_id] = market.open_bets[bet.bet_id] = bet
    market.reserve(bet.selection_id, bet.side, open_units(bet))
    market.touched[bet.bet_id] = None


def rest(market: Market, bet: SimulatedBet) -> None:
    """What is open of a bet joins the queue at its limit."""
    if not bet.pennies_remaining or bet.tick is None:
        return
    book = market.books[bet.selection_id]
    bet.ahead = book.queue_at(bet.side, bet.tick)
    book.resting(bet.side).append(bet)
    market.moved[bet.selection_id] = None


def fill(market: Market, bet: SimulatedBet, pennies: int, tick: int, at: datetime) -> None:
    """``pennies`` of a bet match at a price of the ladder."""
    before = open_units(bet)
    hundredths = HUNDREDTHS[tick]
    _add_match(market, bet, Match(from_pennies(hundredths), pennies, at, tick, hundredths))
    if bet.bet_target_type is None:
        bet.pennies_remaining -= pennies
    else:
        bet.target_units -= pennies * target_hundredths(bet.bet_target_type, tick)
        bet.pennies_remaining = size_of_target(bet.bet_target_type, bet.target_units, bet.tick or 0)
        bet.pennies = _sum_of_parts(bet)
    _release(market, bet, before)


def match_at_starting_price(market: Market, bet: SimulatedBet, pennies: int, hundredths: int, at: datetime) -> None:
    """The rest of a bet matches at the starting price, which may turn a liability into another size."""
    before = open_units(bet)
    bet.pennies_remaining = 0
    bet.is_on_close_open = False
    _add_match(market, bet, Match(from_pennies(hundredths), pennies, at, None, hundredths))
    bet.pennies = _sum_of_parts(bet)
    _release(market, bet, before)


def lapse(market: Market, bet: SimulatedBet, at: datetime, code: LapseCode | None = None) -> None:
    """The open part lapses."""
    before = open_units(bet)
    bet.pennies_lapsed += bet.pennies_remaining
    bet.pennies_remaining = 0
    bet.is_on_close_open = False
    bet.lapsed_at = at
    bet.lapse_code = code
    _release(market, bet, before)


def cancel(market: Market, bet: SimulatedBet, pennies: int, at: datetime) -> None:
    """``pennies`` of the open part are cancelled."""
    before = open_units(bet)
    bet.pennies_cancelled += pennies
    bet.pennies_remaining -= pennies
    bet.cancelled_at = at
    if bet.bet_target_type is not None and bet.tick is not None:
        bet.target_units -= pennies * target_hundredths(bet.bet_target_type, bet.tick)
    _release(market, bet, before)


def void(market: Market, bet: SimulatedBet, at: datetime) -> None:
    """What is matched is annulled: the runner was removed."""
    if not bet.pennies_matched:
        return
    market.add_matched(bet, -bet.pennies_matched, -bet.payout)
    bet.pennies_voided += bet.pennies_matched
    bet.pennies_matched = bet.payout = 0
    bet.voided_at = at
    market.touched[bet.bet_id] = None


def reprice(market: Market, bet: SimulatedBet, match: Match, hundredths: int) -> None:
    """One matched fragment has another price from now on."""
    change = match.pennies * (hundredths - match.hundredths)
    match.hundredths = hundredths
    bet.payout += change
    market.add_matched(bet, 0, change)
    market.touched[bet.bet_id] = None


def target_hundredths(target: BetTarget, tick: int) -> int:
    """What a penny at ``tick`` adds to a bet target: its payout or its profit, in hundredths."""
    return HUNDREDTHS[tick] if target is BetTarget.PAYOUT else HUNDREDTHS[tick] - 100


def size_of_target(target: BetTarget, units: int, tick: int) -> int:
    """The pennies at ``tick`` that stay within what is left of a bet target."""
    return max(0, units) // target_hundredths(target, tick)


def _sum_of_parts(bet: SimulatedBet) -> int:
    done = bet.pennies_matched + bet.pennies_lapsed + bet.pennies_cancelled + bet.pennies_voided
    return done + bet.pennies_remaining


def _add_match(market: Market, bet: SimulatedBet, match: Match) -> None:
    bet.matches.append(match)
    bet.pennies_matched += match.pennies
    payout = match.pennies * match.hundredths
    bet.payout += payout
    bet.matched_at = match.at
    market.add_matched(bet, match.pennies, payout)


def _release(market: Market, bet: SimulatedBet, before: int) -> None:
    market.reserve(bet.selection_id, bet.side, open_units(bet) - before)
    market.touched[bet.bet_id] = None
    queue = market.books[bet.selection_id].resting(bet.side)
    if bet in queue:
        market.moved[bet.selection_id] = None
        if not bet.pennies_remaining:
            queue.remove(bet)
    if not bet.is_open:
        market.open_bets.pop(bet.bet_id, None)
