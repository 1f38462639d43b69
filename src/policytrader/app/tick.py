"""What one tick is for, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policytrader.model.journal import ControlState

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from policytrader.app.cash_out import Round
    from policytrader.app.execute import Executed
    from policytrader.app.reconcile import Finding
    from policytrader.engine.plan import Plan
    from policytrader.model.money import MinimumSize
    from policytrader.model.orders import CancelAnswer
    from policytrader.ports import Clock, Exchange, PriceFeed
    from policytrader.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class TraderTerms:
    """Whose orders these are. ``strategy_ref`` (at most 15 characters) tells them from all others on the account."""

    account: str
    mode: str
    strategy_ref: str
    minimum: MinimumSize


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a trader works with. ``new_ref`` gives a reference of at most 32 characters, never the same one twice."""

    exchange: Exchange
    prices: PriceFeed
    store: Store
    clock: Clock
    new_ref: Callable[[], str]
    terms: TraderTerms


@dataclass(slots=True, kw_only=True)
class Tick:
    """What one tick saw and did."""

    at: datetime
    plan: Plan
    findings: tuple[Finding, ...] = ()
    is_complete: bool = False
    """The account was reconciled completely: every cleared bet of the day was read too."""
    levers: ControlState = field(default_factory=ControlState)
    """The levers and latches as they stood when it began to act."""
    executed: list[Executed] = field(default_factory=list)
    cancelled: list[CancelAnswer] = field(default_factory=list)
    closing: dict[str, list[Round]] = field(default_factory=dict)
    """Selection ref -> the rounds of its cash-out."""
    refused: list[tuple[str, str]] = field(default_factory=list)
    """Selection ref and the code of what the last gate said."""
    invalidated: list[tuple[str, str]] = field(default_factory=list)
    settled: tuple[str, ...] = ()
    """Selection refs whose results are new, or not what they were."""
