"""The oracle's protections: what a snapshot alone can say about an order that is about to be placed."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from policytrader.model.price import PRICES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from decimal import Decimal

    from policytrader.model.snapshot import Order, Selection, Snapshot
    from policytrader.policy.protection import Protections
    from tests.oracle.truth import Fields

SECOND = 1_000_000
HOUR = 3600 * SECOND
LADDER = [Fraction(price) for price in PRICES]


def risk(side: str, price: Fraction, size: Fraction) -> Fraction:
    """What a bet can lose: the stake of a back, the liability of a lay."""
    return size if side == "BACK" else size * (price - 1)


def matched_size(order: Order) -> Fraction:
    """Of an order whose fate is not known, nothing is known to be matched."""
    return Fraction(0) if order.status == "UNKNOWN" else Fraction(order.size_matched)


def open_size(order: Order) -> Fraction:
    """What may still be matched: of an order whose fate is not known, all."""
    return Fraction(order.size if order.status == "UNKNOWN" else order.size_remaining)


def exposure(order: Order) -> Fraction:
    """Matched at its average, open at its price."""
    average = Fraction(order.average_price_matched or order.price)
    matched = risk(order.side, average, matched_size(order))
    return matched + risk(order.side, Fraction(order.price), open_size(order))


class Proposal(NamedTuple):
    """An order about to be placed, and what is known about its selection."""

    selection: Selection
    fields: Fields
    own_orders: list[Order]
    price: Fraction
    size: Fraction

    @property
    def risk(self) -> Fraction:
        """What the order can lose."""
        return risk(self.selection.side, self.price, self.size)


class Guard:
    """The protections over one snapshot, and the orders that were planned before."""

    def __init__(self, limits: Protections, snapshot: Snapshot) -> None:
        self.limits, self.snapshot = limits, snapshot
        self.planned: list[Proposal] = []

    def forbids(self, order: Proposal) -> str | None:
        """The first protection that forbids this order; where none does, it counts against the next orders."""
        if not self._is_market_open(order):
            return "market_open"
        if order.fields["runner.own_status"] != "ACTIVE":
            return "runner_active"
        for name, allows in (*self._amounts(order), *self._counts(order), *self._prices(order), *self._times(order)):
            limit = getattr(self.limits, name)
            if limit is None or not allows(limit):
                return name
        self.planned.append(order)
        return None

    def _is_market_open(self, order: Proposal) -> bool:
        return order.fields["market.status"] == "OPEN" and order.fields["market.in_play"] is False

    def _amounts(self, order: Proposal) -> Iterator[tuple[str, Callable[[Any], bool]]]:
        is_back, market_id = order.selection.side == "BACK", order.selection.market_id
        own = order.fields["position.exposure"] + order.risk
        own += sum(one.risk for one in self.planned if key_of(one.selection) == key_of(order.selection))
        every = [(one.market_id, exposure(one)) for one in self.snapshot.orders]
        every += [(one.selection.market_id, one.risk) for one in (*self.planned, order)]
        in_market = sum(amount for its_market, amount in every if its_market == market_id)
        in_day = sum(amount for _, amount in every)
        yield "max_order", lambda limit: order.risk <= (limit.stake if is_back else limit.liability)
        yield "max_exposure_per_selection", lambda limit: own <= (limit.back_stake if is_back else limit.lay_liability)
        yield "max_exposure_per_market", lambda limit: in_market <= limit
        yield "max_exposure_per_day", lambda limit: in_day <= limit

    def _counts(self, order: Proposal) -> Iterator[tuple[str, Callable[[Decimal], bool]]]:
        a_minute_ago = self.snapshot.now - timedelta(seconds=60)
        ours = [one for one in self.snapshot.orders if one.order_ref is not None]
        recent = [one for one in ours if one.placed_at is None or one.placed_at > a_minute_ago]
        own = [one for one in order.own_orders if one.order_ref is not None]
        unknown = [
            one
            for one in self.snapshot.orders
            if one.market_id == order.selection.market_id and one.status == "UNKNOWN"
        ]
        yield "max_orders_per_minute", lambda limit: len(recent) + len(self.planned) < limit
        yield "max_orders_per_selection", lambda limit: len(own) < limit
        yield "max_unknown_intents", lambda limit: len(unknown) < limit

    def _prices(self, order: Proposal) -> Iterator[tuple[str, Callable[[Any], bool]]]:
        last, back, lay = (order.fields[f"runner.{name}"] for name in ("last_traded", "best_back", "best_lay"))

        def is_near(collar: Any) -> bool:
            if last is None:
                return bool(collar.no_ltp == "allow")
            percent = abs(order.price - last) / last * 100
            return bool(ticks_apart(order.price, last) <= collar.max_ticks and percent <= collar.max_percent)

        yield "price_collar", is_near
        yield (
            "max_spread_ticks",
            lambda limit: back is not None and lay is not None and 0 < tick(lay) - tick(back) <= limit,
        )

    def _times(self, order: Proposal) -> Iterator[tuple[str, Callable[[Decimal], bool]]]:
        price_age, capture_age = order.fields["market.price_age"], order.fields["reference.age"]
        time_to_off = order.fields["selection.time_to_off"]
        yield (
            "max_price_age_seconds",
            lambda limit: price_age is not None and -5 * SECOND <= price_age <= limit * SECOND,
        )
        yield (
            "max_snapshot_age_hours",
            lambda limit: capture_age is not None and -5 * SECOND <= capture_age <= limit * HOUR,
        )
        yield "no_new_orders_before_off_seconds", lambda limit: time_to_off > limit * SECOND


def key_of(selection: Selection) -> tuple[str, int, str]:
    """What has one cap."""
    return selection.market_id, selection.selection_id, selection.side


def ticks_apart(price: Fraction, last_traded: Fraction) -> int:
    """A last traded price between two of the ladder, as after a removal, counts as the one that is farther away."""
    below = max(step for step, one in enumerate(LADDER) if one <= last_traded)
    above = min(step for step, one in enumerate(LADDER) if one >= last_traded)
    return max(abs(tick(price) - below), abs(tick(price) - above))


def tick(price: Fraction) -> int:
    """The price's place on the exchange's ladder."""
    return LADDER.index(price)
