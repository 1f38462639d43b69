"""What a replay found: each pick's orders over recorded markets, and what they came to.

Amounts are ``Decimal`` in the account's currency, times aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.model.money import ZERO

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from policytrader.model.journal import Purpose
    from policytrader.model.snapshot import Selection, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedOrder:
    """One order as it was sent at the tick ``at``, and what had become of it when its market was over.

    ``code`` is the exchange's answer. ``size_matched`` leaves out what a removal made void; ``profit`` is what the
    matched part came to before commission, zero where the market has no result.
    """

    at: datetime
    selection_ref: str
    purpose: Purpose
    market_id: str
    selection_id: int
    side: Side
    price: Decimal
    size: Decimal
    code: str
    size_matched: Decimal = ZERO
    average_price_matched: Decimal | None = None
    size_cancelled: Decimal = ZERO
    size_lapsed: Decimal = ZERO
    size_voided: Decimal = ZERO
    profit: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedSelection:
    """One pick over its recorded life.

    ``selection`` is the pick as it was made. ``decisions`` counts the ticks at which it was decided. ``actions``
    (PLACE, WAIT, HOLD …) and ``refused`` (by code, what the protections and the last gate said) count the ticks at
    which something could happen to it, and which were therefore worked out. ``outcome`` is WON, LOST or VOID for the
    runner's result on the pick's side, None where the recording has no result.
    ``profit`` is before ``commission``, which is the pick's share of its market's.
    """

    selection: Selection
    course: str | None
    decisions: int
    actions: Mapping[str, int]
    refused: Mapping[str, int]
    invalidated_at: datetime | None
    reason: str | None
    rule: str | None
    orders: tuple[ReplayedOrder, ...]
    starting_price: Decimal | None
    outcome: str | None
    profit: Decimal
    commission: Decimal

    @property
    def net(self) -> Decimal:
        """Profit after commission."""
        return self.profit - self.commission

    @property
    def matched(self) -> tuple[Decimal, Decimal]:
        """Size matched on the pick's own side, hedges left out, and size x average price."""
        own = [one for one in self.orders if one.side is self.selection.side and one.average_price_matched is not None]
        size = sum((one.size_matched for one in own), ZERO)
        return size, sum((one.size_matched * (one.average_price_matched or ZERO) for one in own), ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One policy over recorded markets.

    ``cadence`` is ``15s`` or ``change``. ``decisions`` counts every pick at every tick; ``evaluated`` the rows that the
    statement was run on: ticks at which nothing differs from the one before are decided as that one was.
    ``selections`` are in order of off, race, market, runner, side and reference; ``problems`` name what could not be
    replayed, and why.
    """

    policy_hash: str
    cadence: str
    selections: tuple[ReplayedSelection, ...]
    markets: int
    ticks: int
    decisions: int
    evaluated: int
    problems: tuple[str, ...] = ()
