"""What a store keeps beside the journal: picks and their captures, prices, results, decisions, policies.

Keys are the exchange's and the trader's own texts. Where PostgreSQL's documented columns are narrower than these
(whole-number race ids, two decimals of an average), the store keeps both; here stands the exact one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from policytrader.model.money import ZERO
from policytrader.model.times import format_utc

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from policytrader.model.snapshot import MarketType, ReferenceRunner, RunnerStatus, Selection, Side


def unique_id_of(race_time: datetime, course: str, horse: str, selection_id: int) -> str:
    """The seed's ``unique_id``: a hash of race_time, course, horse and selection_id, 64 hexadecimal digits.

    It knows neither side nor market: a horse's WIN and PLACE picks share it.
    """
    parts = (format_utc(race_time), course.strip().casefold(), horse.strip().casefold(), str(selection_id))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSelection:
    """A pick to be stored, with the capture that it is judged against: a row for each runner of the race.

    ``selection.selection_ref`` is the key; ``unique_id`` is the seed's, shared by a horse's picks. ``horse_id`` is the
    trader's own number for the horse, else the exchange's ``selection_id``.
    """

    selection: Selection
    unique_id: str
    course: str
    capture: tuple[ReferenceRunner, ...]
    market_id_win: str | None = None
    market_id_place: str | None = None
    horse_id: int | None = None
    strategy_ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSelection:
    """A pick as it stands: ``selection`` says whether it is valid and closed."""

    selection: Selection
    unique_id: str
    course: str
    horse_id: int
    mode: str
    strategy_ref: str = ""
    invalidated_at: datetime | None = None
    size_matched: Decimal = ZERO
    average_price_matched: Decimal | None = None
    fully_matched: bool = False
    created_at: datetime
    processed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionUpdate:
    """What is matched for a selection now. ``closed`` never turns back to false."""

    selection_ref: str
    size_matched: Decimal
    average_price_matched: Decimal | None
    fully_matched: bool
    closed: bool


class MarketPrices(NamedTuple):
    """One runner's prices in one market; None is a missing one."""

    market_id: str
    last_traded: Decimal | None = None
    back_price: Decimal | None = None
    back_size: Decimal | None = None
    back_price_2: Decimal | None = None
    lay_price: Decimal | None = None
    lay_size: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerPrices:
    """One runner of a race at ``published_at``, in both markets as far as they are known."""

    race_id: str
    race_time: datetime
    course: str | None
    selection_id: int
    runner_name: str | None
    status: RunnerStatus | None
    win: MarketPrices | None
    place: MarketPrices | None
    published_at: datetime
    unique_id: str | None = None


class BetOutcome(StrEnum):
    """``bet_outcome``: the seed's three words, and one for bets that the exchange annulled."""

    TO_BE_RUN = "TO_BE_RUN"
    WON = "WON"
    LOST = "LOST"
    VOID = "VOID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a selection made, its hedges included. ``profit`` before ``commission``; both to the penny."""

    selection_ref: str
    outcome: BetOutcome
    profit: Decimal
    commission: Decimal
    size_matched: Decimal
    average_price_matched: Decimal | None = None
    starting_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBet:
    """A row of ``upcoming_bets`` (outcome TO_BE_RUN, no money yet) or ``live_results``."""

    selection_ref: str
    unique_id: str
    race_time: datetime
    runner_name: str | None
    side: Side
    market_type: MarketType
    market_id: str
    selection_id: int
    price_requested: Decimal
    valid: bool
    invalidated_at: datetime | None
    invalidated_reason: str | None
    size_matched: Decimal
    average_price_matched: Decimal | None
    closed: bool
    fully_matched: bool
    outcome: BetOutcome
    profit: Decimal | None
    commission: Decimal | None
    mode: str
    created_at: datetime
    processed_at: datetime
    starting_price: Decimal | None = None

    @property
    def net(self) -> Decimal:
        """What it made after commission; nothing while it is to be run."""
        return (self.profit or ZERO) - (self.commission or ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultEvent:
    """One settlement of a selection: the first, or one that changed it. ``seq`` rises."""

    seq: int
    at: datetime
    result: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedDecision:
    """A decision as a list shows it; ``document`` is JSON in UTF-8, returned byte for byte."""

    decision_id: str
    at: datetime
    selection_ref: str
    policy_hash: str
    snapshot_hash: str
    action: str
    code: str
    document: bytes
    is_shadow: bool = False
    mode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord(LoggedDecision):
    """A decision and all of its inputs by value: a second JSON document, also returned byte for byte.

    Inputs are shared: decisions of one tick name the same ``inputs``, which are stored once.
    """

    inputs: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRecord:
    """A stored policy; ``content`` is UTF-8 text, returned byte for byte and checked against its own SHA-256."""

    policy_hash: str
    content: bytes
    stored_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """One act of a person: this policy decides from now on, or watches (``is_shadow``). None ends a shadow."""

    seq: int
    at: datetime
    policy_hash: str | None
    who: str
    is_shadow: bool


class Contender(NamedTuple):
    """A horse that the trader marked, for the value table."""

    race_id: str
    race_time: datetime
    selection_id: int
    runner_name: str
    is_contender: bool
    starting_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStatus:
    """What a store says of itself. ``place`` holds no user and no password; ``warnings`` weaken a promise.

    ``revision`` is the schema's now (None before the first migration), ``newest`` the one that this program needs.
    """

    dialect: str
    place: str
    revision: str | None
    newest: str
    mode: str | None
    warnings: tuple[str, ...] = ()

    @property
    def is_current(self) -> bool:
        """Whether this program can use it as it is."""
        return self.revision == self.newest
