"""What a folded day came to: each pick with its orders and its result, as values."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from policytrader.model.money import ZERO
from policytrader.model.reactions import SUCCESS
from policytrader.model.replay import ReplayedOrder, ReplayedSelection
from policytrader.model.times import from_microseconds
from policytrader.ports.races import runner_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policytrader.app.replay.fold import DayFold
    from policytrader.app.replay.run import PickRun
    from policytrader.model.journal import JournalEntry
    from policytrader.model.snapshot import Selection
    from policytrader.ports.races import RaceRecord
    from policytrader.simulation.bets import SimulatedBet


def came_to(fold: DayFold) -> list[ReplayedSelection]:
    """Every pick of a day that is over."""
    orders = _orders(fold)
    return [_selection(fold, run, tuple(orders[ref])) for ref, run in fold.runs.items()]


def _selection(fold: DayFold, run: PickRun, orders: tuple[ReplayedOrder, ...]) -> ReplayedSelection:
    pick = fold.store.picks[run.selection.selection_ref]
    result = fold.store.results.get(run.selection.selection_ref)
    return replace(
        undecided(run.history.race, run.selection),
        decisions=len(run.history.ticks),
        actions=dict(sorted(run.actions.items())),
        refused=dict(sorted(run.refused.items())),
        refused_at={
            code: (from_microseconds(first), from_microseconds(last))
            for code, (first, last) in sorted(run.refused_at.items())
        },
        invalidated_at=pick.invalidated_at,
        reason=pick.selection.invalidated_reason,
        rule=run.rule,
        orders=orders,
        outcome=None if result is None else str(result[0].outcome),
        profit=ZERO if result is None else result[0].profit,
        commission=ZERO if result is None else result[0].commission,
        settled_at=None if result is None else result[1],
    )


def undecided(race: RaceRecord, selection: Selection) -> ReplayedSelection:
    """A pick for which no tick came."""
    last = race.markets[selection.market_id].last
    runner = runner_of(last, selection.selection_id)
    return ReplayedSelection(
        selection=selection,
        course=last.venue,
        decisions=0,
        actions={},
        refused={},
        invalidated_at=None,
        reason=None,
        rule=None,
        orders=(),
        starting_price=None if runner is None else runner.starting_price,
        outcome=None,
        profit=ZERO,
        commission=ZERO,
    )


def _orders(fold: DayFold) -> Mapping[str, list[ReplayedOrder]]:
    """The day's orders by pick, in the order in which they were sent."""
    bets = {bet.order_ref: bet for bet in fold.world.exchange.bets.values()}
    found: dict[str, list[ReplayedOrder]] = defaultdict(list)
    for entry in fold.store.entries.values():
        bet = bets.get(entry.intent.ref)
        found[entry.intent.selection_ref].append(_sent(entry) if bet is None else _taken(entry, bet))
    return found


def _sent(entry: JournalEntry) -> ReplayedOrder:
    """An order that the exchange did not take: the entry's last word is its answer."""
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


def _taken(entry: JournalEntry, bet: SimulatedBet) -> ReplayedOrder:
    """An order that became a bet. The entry's last word is how its end became known: that is no answer."""
    return replace(
        _sent(entry),
        code=SUCCESS,
        size_matched=bet.size_matched,
        average_price_matched=bet.average_price_matched,
        size_cancelled=bet.size_cancelled,
        size_lapsed=bet.size_lapsed,
        size_voided=bet.size_voided,
        profit=ZERO if bet.settled is None else bet.settled.profit,
    )
