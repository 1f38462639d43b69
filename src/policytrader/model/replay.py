"""What a replay found: each pick's orders over recorded markets, and what they came to.

Amounts are ``Decimal`` in the account's currency, times aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from policytrader.model.journal import Purpose
from policytrader.model.money import ZERO
from policytrader.model.position import risk_of
from policytrader.model.reactions import SUCCESS
from policytrader.model.times import london_day

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from decimal import Decimal

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

    @property
    def is_taken(self) -> bool:
        """Whether it became a bet: all else is why it did not."""
        return self.code == SUCCESS

    @property
    def risk_sent(self) -> Decimal:
        """What it asked to risk: the stake of a back, the liability of a lay."""
        return risk_of(self.side, self.price, self.size)

    @property
    def risk_matched(self) -> Decimal:
        """What of it was matched, at the average."""
        average = self.average_price_matched
        return ZERO if average is None else risk_of(self.side, average, self.size_matched)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedSelection:
    """One pick over its recorded life.

    ``selection`` is the pick as it was made. ``decisions`` counts the ticks at which it was decided. ``actions``
    (PLACE, WAIT, HOLD …) and ``refused`` (by code, what the protections and the last gate said) count the ticks at
    which something could happen to it, and which were therefore worked out; ``refused_at`` has the first and the last
    of those, by code. ``outcome`` is WON, LOST or VOID for the runner's result on the pick's side, None where the
    recording has no result. ``profit`` is before ``commission``, which is the pick's share of its market's;
    ``settled_at`` is the tick at which both were read. ``picked_by`` is the rule of a
    ``policy: selections`` file that made the pick, None for a pick that was given.
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
    settled_at: datetime | None = None
    refused_at: Mapping[str, tuple[datetime, datetime]] = field(default_factory=dict)
    picked_by: str | None = None

    @property
    def day(self) -> date:
        """The London day of its off."""
        return london_day(self.selection.race_time)

    @property
    def opening(self) -> tuple[ReplayedOrder, ...]:
        """The orders that were to open its position: not its hedges."""
        return tuple(one for one in self.orders if one.purpose is Purpose.OPENING)

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


class Problem(NamedTuple):
    """What could not be replayed, and why: ``text``; or, as a remark, what was replayed but not exactly.

    Many of one ``group`` (a plural: ``picks are …``) are told as one, by the text of the lowest ``rank``.
    """

    text: str
    group: str = ""
    rank: int = 0
    is_remark: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePicks:
    """What a rule of a selections file picked, and how much it left out because of what.

    ``races_left_out`` counts races by what kept the whole race out, ``runners_left_out`` the runners of the others by
    what kept one of them out.
    ``not_found`` tells of names in the rule that no race has.
    """

    rule: str
    picked: int
    races_left_out: Mapping[str, int]
    runners_left_out: Mapping[str, int]
    not_found: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PicksMade:
    """How the picks of a replay came about.

    ``captures`` counts them, ``moved`` those whose markets are not recorded as early as was asked for, so that the
    beginning was taken. ``rules`` are those that picked, in order; ``countries`` and ``courses`` those of the races
    that they were asked about.
    """

    captures: int = 0
    moved: int = 0
    rules: tuple[RulePicks, ...] = ()
    countries: frozenset[str] = frozenset()
    courses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One policy over recorded markets.

    ``cadence`` is a duration such as ``15s``, ``change`` or ``schedule``. ``decisions`` counts each pick's own ticks;
    ``evaluated`` the rows that the statement was run on: ticks at which nothing differs from the one before are decided
    as that one was. ``selections`` are in order of off, race, market, runner, side and reference; ``made`` says how
    they came about, ``problems`` what could not be replayed, or not exactly.
    """

    policy_hash: str
    cadence: str
    selections: tuple[ReplayedSelection, ...]
    markets: int
    ticks: int
    decisions: int
    evaluated: int
    problems: tuple[Problem, ...] = ()
    made: PicksMade = PicksMade()
