"""The next step of a cash-out (``docs/exchange-rules.md`` section 8).

There is no phase to remember: the step follows from the market as it was read, and the bets as they were read after
it. So a cash-out goes on after a crash from whatever is left, and no reply that was lost can lead it astray.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from policytrader.engine.protect import is_within_collar
from policytrader.model.money import ZERO, divide, floor_to_penny
from policytrader.model.position import Position, position_of
from policytrader.model.price import MIN_PRICE, is_on_ladder, ticks_between
from policytrader.model.snapshot import MarketStatus, OrderStatus, RunnerStatus, Side

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from decimal import Decimal

    from policytrader.model.bets import Bet
    from policytrader.model.books import LiveMarket, LiveRunner, PriceSize
    from policytrader.model.money import MinimumSize
    from policytrader.policy.protection import PriceCollar


class WaitCode(StrEnum):
    """Why nothing can be done at this moment."""

    ORDER_UNSEEN = "order_unseen"
    """An order was sent, or a bet was listed, and does not show in the account: a hedge could be one too many."""
    MARKET_NOT_OPEN = "market_not_open"
    IN_PLAY = "in_play"
    DELAYED = "delayed"
    """Prices of minutes ago, as a delayed application key shows them."""
    RUNNER_UNKNOWN = "runner_unknown"
    """The exchange does not show the runner, or hides it."""
    NO_PRICE = "no_price"
    """Nobody offers the other side; after a removal that may last for hours."""
    PRICE_COLLAR = "price_collar"
    """What is offered stands too far from the last traded price, or there is none."""
    NO_DEPTH = "no_depth"
    """What is offered within the slippage is less than the smallest order."""


class Ending(StrEnum):
    """How a cash-out ended."""

    FLAT = "flat"
    """Wins and loses the same."""
    RESIDUAL = "residual"
    """What is left is smaller than the exchange's smallest order."""
    VOID = "void"
    """The runner was removed: the exchange voids its bets."""
    MARKET_CLOSED = "market_closed"


@dataclass(frozen=True, slots=True)
class CancelOpen:
    """Cancel these own orders on the runner; only what is confirmed gone may be hedged around."""

    bet_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hedge:
    """One order that brings the two outcomes together, on the market version that was read before the bets."""

    side: Side
    price: Decimal
    size: Decimal
    market_version: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing can be done now; ask again."""

    code: WaitCode


@dataclass(frozen=True, slots=True)
class Closed:
    """Nothing is left to do."""

    ending: Ending


Step = CancelOpen | Hedge | Wait | Closed


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingTerms:
    """What to close, and within which bounds. ``strategy_ref`` tells our own orders from a person's.

    ``collar`` None asks for none.
    """

    market_id: str
    selection_id: int
    strategy_ref: str
    max_slippage_ticks: int
    minimum: MinimumSize
    collar: PriceCollar | None = None


def bets_on(bets: Iterable[Bet], terms: ClosingTerms) -> list[Bet]:
    """Those on the runner, whoever placed them."""
    return [bet for bet in bets if (bet.market_id, bet.selection_id) == (terms.market_id, terms.selection_id)]


def position_on(bets: Sequence[Bet], terms: ClosingTerms) -> Position:
    """The position of all matched bets on the runner, both sides, whoever placed them."""
    return position_of(bet.as_order(is_ours=True) for bet in bets_on(bets, terms))


def next_step(terms: ClosingTerms, market: LiveMarket | None, bets: Sequence[Bet], unseen: Collection[str]) -> Step:
    """What to do next about the runner.

    Args:
        terms: What to close.
        market: The market as read *before* the bets (a removal in between lowers averages, and a hedge computed from
            the old ones would make the worst outcome worse); None where the exchange does not list it.
        bets: The account's bets in the market as read after it, complete.
        unseen: What may live and is not among the bets: orders that were sent, and bets that were listed before.

    """
    on_runner = bets_on(bets, terms)
    if market is None:
        # Bets are listed until their market is settled: an answer that leaves it out is no proof that it is over.
        return Wait(WaitCode.MARKET_NOT_OPEN) if on_runner else Closed(Ending.MARKET_CLOSED)
    if market.status is MarketStatus.CLOSED:
        return Closed(Ending.MARKET_CLOSED)
    runner = next((one for one in market.runners if one.selection_id == terms.selection_id), None)
    if runner is not None and runner.status is RunnerStatus.REMOVED:
        return Closed(Ending.VOID)
    closed_for_now = _why_not_now(market)
    if closed_for_now is not None:
        return Wait(closed_for_now)
    if runner is None or runner.status is not RunnerStatus.ACTIVE:
        return Wait(WaitCode.RUNNER_UNKNOWN)
    resting = tuple(bet.bet_id for bet in on_runner if _is_ours(bet, terms) and bet.status is OrderStatus.EXECUTABLE)
    if resting:
        return CancelOpen(resting)
    # It forbids the hedge, which is made for a sum; what rests can only make things worse meanwhile.
    if unseen or any(_is_ours(bet, terms) and bet.status is OrderStatus.UNKNOWN for bet in on_runner):
        return Wait(WaitCode.ORDER_UNSEEN)
    return _hedge(terms, market.version, runner, position_on(bets, terms))


def _why_not_now(market: LiveMarket) -> WaitCode | None:
    if market.status is not MarketStatus.OPEN:
        return WaitCode.MARKET_NOT_OPEN
    if market.in_play or market.bet_delay:
        return WaitCode.IN_PLAY
    return WaitCode.DELAYED if market.is_delayed else None


def _is_ours(bet: Bet, terms: ClosingTerms) -> bool:
    return bet.strategy_ref == terms.strategy_ref


def _hedge(terms: ClosingTerms, version: int, runner: LiveRunner, position: Position) -> Step:
    """The order that levels the position as far as the depth goes.

    Size x limit price never passes the exposure n = W - L: n keeps its sign, unless a back is matched at better prices
    than those that stood there, and then the one outcome has grown, not the other shrunk.
    """
    exposure = position.if_wins - position.if_loses
    if exposure == ZERO:
        return Closed(Ending.FLAT)
    side, offers = (Side.LAY, runner.lay) if exposure > ZERO else (Side.BACK, runner.back)
    if not offers:
        # What could not be bet at the longest price is a residual at any.
        return Wait(WaitCode.NO_PRICE)
    usable = [level for level in offers if _is_usable(level, offers[0], runner.last_traded, terms)]
    # Without a price that may be taken, only what is too small at any price is a residual: the lower, the larger.
    judged_at = usable[0].price if usable else MIN_PRICE
    if not terms.minimum.allows(floor_to_penny(divide(abs(exposure), judged_at)), judged_at):
        return Closed(Ending.RESIDUAL)
    if not usable:
        return Wait(WaitCode.PRICE_COLLAR)
    price, size = _take(side, usable, abs(exposure))
    return Hedge(side, price, size, version) if terms.minimum.allows(size, price) else Wait(WaitCode.NO_DEPTH)


def _is_usable(level: PriceSize, best: PriceSize, last_traded: Decimal | None, terms: ClosingTerms) -> bool:
    return (
        is_on_ladder(level.price)
        and ticks_between(level.price, best.price) <= terms.max_slippage_ticks
        and (terms.collar is None or is_within_collar(terms.collar, level.price, last_traded))
    )


def _take(side: Side, levels: list[PriceSize], exposure: Decimal) -> tuple[Decimal, Decimal]:
    """The limit price and the size that use up as much of the exposure as these levels can."""
    return _lay(levels, exposure) if side is Side.LAY else _back(levels, exposure)


def _lay(levels: list[PriceSize], exposure: Decimal) -> tuple[Decimal, Decimal]:
    """The largest lay whose payout at its limit does not pass the exposure; what it gets better only costs less."""
    price, size, depth = levels[0].price, ZERO, ZERO
    for level in levels:
        depth += floor_to_penny(level.size)
        possible = min(depth, floor_to_penny(divide(exposure, level.price)))
        if possible > size:
            price, size = level.price, possible
    return price, size


def _back(levels: list[PriceSize], exposure: Decimal) -> tuple[Decimal, Decimal]:
    """Each level at its own price: at its limit the whole back pays less than the exposure."""
    price, size, left = levels[0].price, ZERO, exposure
    for level in levels:
        taken = min(floor_to_penny(level.size), floor_to_penny(divide(left, level.price)))
        if taken > ZERO:
            price, size, left = level.price, size + taken, left - taken * level.price
    return price, size
