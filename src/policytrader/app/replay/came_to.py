"""What a folded day came to: each pick with its orders and its result, as values."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from policytrader.model.money import ZERO
from policytrader.model.replay import ReplayedOrder, ReplayedSelection
from policytrader.ports.races import runner_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policytrader.app.replay.fold import DayFold
    from policytrader.app.replay.run import PickRun
    from policytrader.model.journal import JournalEntry
    from policytrader.simulation.bets import SimulatedBet


def came_to(fold: DayFold) -> list[ReplayedSelection]:
    """Every pick of a day that is over."""
    orders = _orders(fold)
    return [_selection(fold, run, tuple(orders[ref])) for ref, run in fold.runs.items()]


def _selection(fold: DayFold, run: PickRun, orders: tuple[ReplayedOrder, ...]) -> ReplayedSelection:
    selection = run.selection
    pick = fold.store.picks[selection.selection_ref]
    result = fold.store.results.get(selection.selection_ref)
    last = run.history.race.markets[selection.market_id].last
    runner = runner_of(last, selection.selection_id)
    return ReplayedSelection(
        selection=selection,
        course=last.venue,
        decisions=len(run.history.ticks),
        actions=dict(sorted(run.actions.items())),
        refused=dict(sorted(run.refused.items())),
        invalidated_at=pick.invalidated_at,
        reason=pick.selection.invalidated_reason,
        rule=run.rule,
        orders=orders,
        starting_price=None if runner is None else runner.starting_price,
        outcome=None if result is None else str(result[0].outcome),
        profit=ZERO if result is None else result[0].profit,
        commission=ZERO if result is None else result[0].commission,
    )


def _orders(fold: DayFold) -> Mapping[str, list[ReplayedOrder]]:
    """The day's orders by pick, in the order in which they were sent."""
    bets = {bet.order_ref: bet for bet in fold.world.exchange.bets.values()}
    found: dict[str, list[ReplayedOrder]] = defaultdict(list)
    for entry in fold.store.entries.values():
        bet = bets.get(entry.intent.ref)
        found[entry.intent.selection_ref].append(_order(entry, bet) if bet is not None else _refused(entry))
    return found


def _refused(entry: JournalEntry) -> ReplayedOrder:
    """An order that the exchange did not take."""
    intent = entry.intent
    return ReplayedOrder(
        at=intent.created_at,
        selection_ref=intent.selection_ref,
        purpose=intent.purpose,
        market_id=intent.market_id,
        selection_id=intent.selection_id,
        side=intent.side,
        price=intent.price,
        size=intent.size,
        code=entry.code,
    )


def _order(entry: JournalEntry, bet: SimulatedBet) -> ReplayedOrder:
    return replace(
        _refused(entry),
        size_matched=bet.size_matched,
        average_price_matched=bet.average_price_matched,
        size_cancelled=bet.size_cancelled,
        size_lapsed=bet.size_lapsed,
        size_voided=bet.size_voided,
        profit=ZERO if bet.settled is None else bet.settled.profit,
    )
