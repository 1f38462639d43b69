"""What the change from one definition to the next does to bets: one path for recordings, generated days and people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.model.snapshot import MarketStatus, RunnerStatus
from policytrader.simulation import parts, removal, settlement, starting_price
from policytrader.simulation.matching import settle_queues

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from fractions import Fraction

    from policytrader.model.money import MinimumSize
    from policytrader.simulation.definition import MarketDefinition
    from policytrader.simulation.market import Market


def redefine(
    market: Market,
    new: MarketDefinition,
    at: datetime,
    minimum: MinimumSize,
    shares: Mapping[int, Fraction] | None = None,
) -> None:
    """Take a new definition and do what it does. ``shares`` tells how winners share the places, where that is known."""
    old = market.definition
    known = {runner.selection_id: runner.status for runner in old.runners}
    market.define(new)
    is_material = False
    for runner in new.runners:
        before = known.get(runner.selection_id)
        is_removed = runner.status is RunnerStatus.REMOVED
        is_material |= before is None or (before is RunnerStatus.REMOVED) is not is_removed
        if is_removed and before is not RunnerStatus.REMOVED:
            removal.remove_runner(market, runner.selection_id, runner.adjustment_factor, at)
    is_off = new.in_play and not old.in_play
    if (is_off or new.bsp_reconciled) and not market.is_reconciled:
        starting_price.reconcile(market, at, minimum)
    if is_off:
        starting_price.lapse_at_the_off(market, at)
    _renew_versions(market, old, is_material=is_material or is_off)
    if new.status is MarketStatus.CLOSED:
        _close(market, at, shares)
    elif market.is_open and old.status is not MarketStatus.OPEN:
        for book in market.books.values():
            settle_queues(market, book, at)


def _renew_versions(market: Market, old: MarketDefinition, *, is_material: bool) -> None:
    version = market.definition.version
    if is_material:
        # Under suspension the change is complete only when the market opens again, with a newer version.
        market.is_renewed_at_reopening = not market.is_open
        market.versions = (version,)
    elif market.is_renewed_at_reopening and market.is_open:
        market.is_renewed_at_reopening = False
        market.versions = (version,)
    elif version != old.version:
        market.versions = (*market.versions, version)


def _close(market: Market, at: datetime, shares: Mapping[int, Fraction] | None) -> None:
    for bet in list(market.open_bets.values()):
        parts.lapse(market, bet, at)
    for book in market.books.values():
        book.clear()
        market.moved[book.selection_id] = None
    if market.is_settled:
        return
    shares = settlement.shares_of_definition(market.definition) if shares is None else shares
    if shares is not None:
        settlement.settle_market(market, shares, at)
