"""Live markets: what the exchange shows of one market at one moment, and what its catalogue says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from policytrader.model.snapshot import MarketStatus, RunnerStatus


class PriceSize(NamedTuple):
    """One level: a ladder price, and the money that waits there."""

    price: Decimal
    size: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRunner:
    """One runner in a book. ``back`` (available to back) and ``lay`` best first; a missing ladder is empty.

    ``status`` is HIDDEN where the exchange does not say. ``last_traded`` may stand off the ladder after a removal.
    """

    selection_id: int
    status: RunnerStatus | None
    back: tuple[PriceSize, ...] = ()
    lay: tuple[PriceSize, ...] = ()
    last_traded: Decimal | None = None
    adjustment_factor: Decimal | None = None
    removed_at: datetime | None = None
    starting_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveMarket:
    """One market at ``published_at``. Delayed prices may not be traded on. ``version`` compares for equality only."""

    market_id: str
    status: MarketStatus
    in_play: bool
    bet_delay: int
    version: int
    number_of_winners: int
    runners: tuple[LiveRunner, ...]
    published_at: datetime
    is_delayed: bool = False


class CatalogueRunner(NamedTuple):
    """One runner's name in the catalogue."""

    selection_id: int
    runner_name: str
    sort_priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueMarket:
    """What the catalogue says of a market. ``ladder`` is CLASSIC for the 350 prices; others are refused by traders."""

    market_id: str
    market_name: str
    market_type: str
    start: datetime
    event_id: str
    event_name: str
    event_type_id: str
    venue: str | None
    country_code: str | None
    base_rate: Decimal | None
    ladder: str | None
    is_each_way: bool
    runners: tuple[CatalogueRunner, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketFilter:
    """Which markets of the catalogue are meant; None means any."""

    event_type_ids: tuple[str, ...] | None = None
    event_ids: tuple[str, ...] | None = None
    market_ids: tuple[str, ...] | None = None
    market_types: tuple[str, ...] | None = None
    countries: tuple[str, ...] | None = None
    venues: tuple[str, ...] | None = None
    start_from: datetime | None = None
    start_to: datetime | None = None
