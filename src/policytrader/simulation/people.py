"""What a person did to a market, kept against the definitions of a recording, which know nothing of it.

A generated day tells acts and goes on from what the market is. A recording tells whole definitions: taken as they are,
the next one would reopen a market that a person settled, and bring back a runner whose bets are void.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from policytrader.model.snapshot import MarketStatus
from policytrader.simulation.events import Event, Remove, Reopen, Settle, Suspend, TurnInPlay

if TYPE_CHECKING:
    from policytrader.simulation.definition import MarketDefinition, RunnerDefinition


@dataclass(slots=True)
class Acts:
    """``is_held`` while a person suspends the market: only a person, or the off, opens it again."""

    is_any: bool = False
    is_held: bool = False
    is_off: bool = False
    is_settled: bool = False
    withdrawn: set[int] = field(default_factory=set)

    def remember(self, event: Event) -> None:
        """A person has done this."""
        self.is_any = True
        match event:
            case Suspend() | Reopen():
                self.is_held = isinstance(event, Suspend)
            case Remove():
                self.withdrawn.add(event.selection_id)
            case TurnInPlay():
                self.is_off = True
            case Settle():
                self.is_settled = True
            case _:
                pass

    def kept(self, old: MarketDefinition, told: MarketDefinition) -> MarketDefinition:
        """What a recording tells of a market that is now ``old``, with what a person did to it."""
        if not self.is_any:
            return told
        if self.is_settled:
            return old
        is_early = self.is_off and not told.in_play
        self.is_held = self.is_held and not (told.in_play and not old.in_play)
        is_held = self.is_held and told.status is MarketStatus.OPEN
        known = {runner.selection_id: runner for runner in old.runners}
        return replace(
            told,
            # Its numbers go on from the recorded ones: no older one may count again.
            version=max(old.version, told.version),
            status=MarketStatus.SUSPENDED if is_held else told.status,
            in_play=told.in_play or is_early,
            bet_delay=old.bet_delay if is_early else told.bet_delay,
            bsp_reconciled=told.bsp_reconciled or (is_early and old.bsp_reconciled),
            runners=tuple(self._runner(known.get(one.selection_id), one) for one in told.runners),
        )

    def _runner(self, old: RunnerDefinition | None, told: RunnerDefinition) -> RunnerDefinition:
        if old is None:
            return told
        if told.selection_id in self.withdrawn:
            return old
        has_price = self.is_off and old.starting_price is not None
        return replace(told, starting_price=old.starting_price) if has_price else told
