"""What an account asks of the exchange, and the reports that it gets back.

Sizes and prices are exact decimals in the account's currency, times aware UTC. A code is None where nothing was wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from policytrader.model.money import ZERO

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from policytrader.model.bets import BetTarget, OrderType, Persistence
    from policytrader.model.snapshot import Side
    from policytrader.simulation.codes import InstructionCode, PlacedStatus, ReportCode, ReportStatus


@dataclass(frozen=True, slots=True)
class PlaceInstruction:
    """One order. LIMIT takes ``price`` and ``size`` (or a bet target), an on-close type ``liability`` (and ``price``).

    ``liability`` is the stake of a back and the liability of a lay.
    """

    selection_id: int
    side: Side
    order_type: OrderType
    handicap: Decimal = ZERO
    size: Decimal | None = None
    price: Decimal | None = None
    persistence: Persistence | None = None
    time_in_force: Literal["FILL_OR_KILL"] | None = None
    min_fill_size: Decimal | None = None
    bet_target_type: BetTarget | None = None
    bet_target_size: Decimal | None = None
    liability: Decimal | None = None
    order_ref: str | None = None


@dataclass(frozen=True, slots=True)
class CancelInstruction:
    """Cancel what is open of a bet, or ``size_reduction`` of it."""

    bet_id: str
    size_reduction: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ReplaceInstruction:
    """Cancel what is open of a bet, then place it anew at another price."""

    bet_id: str
    new_price: Decimal


@dataclass(frozen=True, slots=True)
class UpdateInstruction:
    """Change what becomes of a bet when the market turns in-play."""

    bet_id: str
    persistence: Persistence


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceResult:
    """What became of one order; ``average_price_matched`` is None while nothing is matched."""

    status: ReportStatus
    instruction: PlaceInstruction
    error_code: InstructionCode | None = None
    bet_id: str | None = None
    placed_at: datetime | None = None
    size_matched: Decimal = ZERO
    average_price_matched: Decimal | None = None
    order_status: PlacedStatus | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelResult:
    """What became of one cancellation."""

    status: ReportStatus
    instruction: CancelInstruction
    error_code: InstructionCode | None = None
    size_cancelled: Decimal = ZERO
    cancelled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceResult:
    """Both halves of one replacement; the second is None where the first failed."""

    status: ReportStatus
    instruction: ReplaceInstruction
    error_code: InstructionCode | None = None
    cancel: CancelResult | None = None
    place: PlaceResult | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateResult:
    """What became of one change of persistence."""

    status: ReportStatus
    instruction: UpdateInstruction
    error_code: InstructionCode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceReport:
    """The answer to a request to place, one result per instruction in their order."""

    status: ReportStatus
    market_id: str
    error_code: ReportCode | None = None
    customer_ref: str | None = None
    results: tuple[PlaceResult, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelReport:
    """The answer to a request to cancel. ``market_id`` is None where every bet of the account was meant."""

    status: ReportStatus
    market_id: str | None
    error_code: ReportCode | None = None
    customer_ref: str | None = None
    results: tuple[CancelResult, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceReport:
    """The answer to a request to replace."""

    status: ReportStatus
    market_id: str
    error_code: ReportCode | None = None
    customer_ref: str | None = None
    results: tuple[ReplaceResult, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateReport:
    """The answer to a request to update."""

    status: ReportStatus
    market_id: str
    error_code: ReportCode | None = None
    customer_ref: str | None = None
    results: tuple[UpdateResult, ...] = ()
