"""What the simulated exchange holds of ours: on a pick's runner, and at risk in a market."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.app.replay.rows import AMOUNT
from policytrader.model.position import exposure_of
from policytrader.model.times import EPOCH, microseconds_between

if TYPE_CHECKING:
    from policytrader.app.replay.run import PickRun
    from policytrader.simulation.bets import SimulatedBet
    from policytrader.simulation.exchange import SimulatedExchange


class Scales:
    """Weighs what is there now; amounts in 1e-10."""

    def __init__(self, exchange: SimulatedExchange) -> None:
        """Nothing was weighed yet."""
        self._exchange = exchange
        self._held: dict[str, int] = {}
        """Market id -> what its bets could lose when they were last weighed."""
        self._risks: dict[tuple[str, int, int, int], int] = {}

    def weigh(self, run: PickRun) -> None:
        """What the exchange holds on the pick's runner now."""
        market_id, selection_id = run.key
        market = self._exchange.markets.get(market_id)
        bets = [] if market is None else [bet for bet in market.bets.values() if bet.selection_id == selection_id]
        run.has_orders = bool(bets)
        run.is_resting = any(bet.is_open for bet in bets)
        run.is_matched = any(bet.pennies_matched for bet in bets)
        own = [bet for bet in bets if bet.side is run.selection.side]
        resting = [microseconds_between(EPOCH, bet.placed_at) for bet in own if bet.is_open]
        run.rests_since = min(resting, default=None)
        run.exposure = sum(map(self._risk_of, own))

    def weigh_market(self, market_id: str) -> bool:
        """What the market's bets can lose; true where that is less than when it was last weighed."""
        before = self._held.get(market_id, 0)
        now = sum(map(self._risk_of, self._exchange.markets[market_id].bets.values()))
        self._held[market_id] = now
        return now < before

    def _risk_of(self, bet: SimulatedBet) -> int:
        """What a bet can lose; worked out once for each state of it."""
        state = (bet.bet_id, bet.pennies_matched, bet.payout, bet.pennies_remaining)
        if state not in self._risks:
            self._risks[state] = int(exposure_of(bet.as_bet().as_order(is_ours=True)) * AMOUNT)
        return self._risks[state]
