"""Two policies over the same recordings and picks: side by side, what differs, and from which moment on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from policytrader.app.replay.bootstrap import RESAMPLES, SEED, Interval, Resamples
from policytrader.app.replay.summary import Result, nets_of, races_of, summarise
from policytrader.errors import UsageError
from policytrader.model.money import shown_difference
from policytrader.model.times import EPOCH

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from policytrader.model.replay import Replay, ReplayedOrder, ReplayedSelection


class Part(StrEnum):
    """In what a pick differs."""

    INVALIDATION = "invalidation"
    """When, or why, it was invalidated, or whether at all."""
    ORDERS = "orders"
    """What was sent, when, or what the exchange answered."""
    MATCHED = "matched"
    """The same orders were sent, and something else became of them."""
    COMMISSION = "commission"
    """The same bets; its share of the market's commission is another."""


class Did(NamedTuple):
    """What one policy did about a pick at one moment."""

    orders: tuple[ReplayedOrder, ...]
    invalidated: bool
    reason: str | None
    rule: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One pick that the policies treat differently.

    ``at`` is the first moment at which they differ in what they send or in an invalidation, ``first`` which of these
    it is. Where they send the same and only what became of it differs, ``at`` is when the first such order was sent;
    where only a share of commission differs, there is no moment.
    """

    before: ReplayedSelection
    after: ReplayedSelection
    parts: tuple[Part, ...]
    first: Part
    at: datetime | None
    did: tuple[Did, Did]

    @property
    def selection_ref(self) -> str:
        """The pick."""
        return self.before.selection.selection_ref

    @property
    def net(self) -> Decimal:
        """What the second policy made more, after commission."""
        return self.after.net - self.before.net


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Policy A (``before``) and policy B (``after``) over the same races.

    ``net_interval`` is of B's net profit less A's; None where there are fewer than two races.
    """

    before: Result
    after: Result
    differences: tuple[Difference, ...]
    net_interval: Interval | None

    @property
    def net(self) -> Decimal:
        """What B made more than A, after commission."""
        return self.after.totals.net - self.before.totals.net

    @property
    def net_shown(self) -> Decimal:
        """The same of the two amounts as they are shown, so that nobody who subtracts them finds another."""
        return shown_difference(self.before.totals.net, self.after.totals.net)

    @property
    def same(self) -> int:
        """How many picks the two treat alike."""
        return self.before.totals.picks - len(self.differences)


def compare(before: Replay, after: Replay, *, resamples: int = RESAMPLES, seed: int = SEED) -> Comparison:
    """Compare two replays of the same picks. Pure: the same replays give the same comparison.

    Raises ``UsageError`` where they are not about the same: other picks, or another cadence.
    """
    _require_same(before, after)
    others = {one.selection.selection_ref: one for one in after.selections}
    found = (difference_of(one, others[one.selection.selection_ref]) for one in before.selections)
    races = races_of(before.selections)
    nets = nets_of(races)
    then = {race: [others[one.selection.selection_ref] for one in group] for race, group in races.items()}
    return Comparison(
        before=summarise(before, resamples=resamples, seed=seed),
        after=summarise(after, resamples=resamples, seed=seed),
        differences=tuple(one for one in found if one is not None),
        net_interval=Resamples(len(races), resamples, seed).of_sum(
            [two - one for one, two in zip(nets, nets_of(then), strict=True)]
        ),
    )


def difference_of(before: ReplayedSelection, after: ReplayedSelection) -> Difference | None:
    """In what two replays of one pick differ; None where in nothing that was done, matched or paid."""
    parts: dict[Part, datetime | None] = {}
    if _invalidation(before) != _invalidation(after):
        parts[Part.INVALIDATION] = _first(before.invalidated_at, after.invalidated_at)
    one, two = _in_order(before), _in_order(after)
    if (pair := _first_pair(list(map(_sent, one)), list(map(_sent, two)))) is not None:
        parts[Part.ORDERS] = _first(*(orders[pair].at if pair < len(orders) else None for orders in (one, two)))
    elif (pair := _first_pair(one, two)) is not None:
        parts[Part.MATCHED] = one[pair].at
    if not parts and (before.profit, before.commission) != (after.profit, after.commission):
        parts[Part.COMMISSION] = None
    if not parts:
        return None
    # What became of an order has no time of its own: it comes first only where nothing else differs.
    dated: list[Part] = [part for part in Part if part in parts and part is not Part.MATCHED] or [Part.MATCHED]
    first = min(dated, key=lambda part: parts[part] or EPOCH)
    at = parts[first]
    return Difference(
        before=before, after=after, parts=tuple(parts), first=first, at=at, did=(_did(before, at), _did(after, at))
    )


def _did(pick: ReplayedSelection, at: datetime | None) -> Did:
    is_now = at is not None and pick.invalidated_at == at
    orders = tuple(one for one in _in_order(pick) if one.at == at)
    return Did(orders, is_now, pick.reason if is_now else None, pick.rule if is_now else None)


def _invalidation(pick: ReplayedSelection) -> tuple[datetime | None, str | None, str | None]:
    return pick.invalidated_at, pick.reason, pick.rule


def _in_order(pick: ReplayedSelection) -> list[ReplayedOrder]:
    return sorted(pick.orders, key=lambda one: one.at)


def _sent(order: ReplayedOrder) -> tuple[Any, ...]:
    """What was sent, and the answer; not what became of it."""
    return (
        order.at, order.purpose, order.market_id, order.selection_id, order.side, order.price, order.size, order.code,
    )  # fmt: skip


def _first_pair(one: list[Any], two: list[Any]) -> int | None:
    """The first place at which two lists differ."""
    pairs = enumerate(zip_longest(one, two))
    return next((place for place, (left, right) in pairs if left != right), None)


def _first(*moments: datetime | None) -> datetime | None:
    return min((one for one in moments if one is not None), default=None)


def _require_same(before: Replay, after: Replay) -> None:
    if before.cadence != after.cadence:
        message = f"one replay is at cadence {before.cadence}, the other at {after.cadence}: replay both alike"
        raise UsageError(message)
    one, two = (Counter(pick.selection for pick in replay.selections) for replay in (before, after))
    if one != two:
        named = sorted({pick.selection_ref for pick in [*(one - two), *(two - one)]})
        message = f"the replays are not of the same selections: {', '.join(named[:5])}{' …' if len(named) > 5 else ''}"  # noqa: PLR2004
        raise UsageError(message)
