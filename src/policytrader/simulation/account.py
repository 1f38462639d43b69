"""The account: its balance, what its bets can lose, and whether it can afford another order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.model.money import ZERO, floor_to_penny
from policytrader.simulation.units import from_units

if TYPE_CHECKING:
    from decimal import Decimal

    from policytrader.simulation.market import Market


class Account:
    """Amounts in the account's currency. ``balance`` moves when a market is settled, and only then."""

    def __init__(self, balance: Decimal, exposure_limit: Decimal) -> None:
        self.balance = balance
        self.exposure_limit = exposure_limit
        self.commission = ZERO
        self._markets: dict[str, Market] = {}

    @property
    def exposure(self) -> Decimal:
        """The sum of what each market can lose at worst; zero or negative, rounded towards the greater loss."""
        return floor_to_penny(self._exact_exposure())

    @property
    def available(self) -> Decimal:
        """What may still be risked: the balance less what the bets can lose."""
        return self.balance + self.exposure

    def add_market(self, market: Market) -> None:
        """Count a market with bets."""
        self._markets.setdefault(market.definition.market_id, market)

    def can_afford(self) -> bool:
        """True while neither the balance nor the exposure limit is passed by what the bets can lose."""
        loss = -self._exact_exposure()
        return loss <= self.balance and loss <= self.exposure_limit

    def book(self, net: Decimal, commission: Decimal) -> None:
        """A market is settled."""
        self.balance += net - commission
        self.commission += commission

    def _exact_exposure(self) -> Decimal:
        return from_units(sum(market.worst_units() for market in self._markets.values()))
