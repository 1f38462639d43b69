"""Protections, as far as a snapshot alone can decide them (``docs/policy-language.md``).

They are independent of the rules: they read the snapshot and the order, never a rule's result. Each check answers for
one order; sums run in the order of decision over the snapshot's orders and the orders planned before this one.
A limit that is not set forbids the order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from policytrader.model.decision import PlannedOrder
from policytrader.model.money import ZERO
from policytrader.model.position import exposure_of, risk_of
from policytrader.model.price import ticks_between
from policytrader.model.snapshot import MarketStatus, Order, OrderStatus, RunnerStatus, Selection, Side, Snapshot

if TYPE_CHECKING:
    from decimal import Decimal

    from policytrader.policy.protection import PriceCollar, Protections

_MINUTE = timedelta(minutes=1)
_CLOCKS_AGREE = timedelta(seconds=-5)

MARKET_OPEN, RUNNER_ACTIVE = "market_open", "runner_active"
"""What is asked before any limit, and cannot be switched off by a policy."""


def is_within_collar(collar: PriceCollar, price: Decimal, last_traded: Decimal | None) -> bool:
    """Not more ticks and percent away from the last traded price; without one, what the collar says of that."""
    if last_traded is None:
        return collar.no_ltp == "allow"
    return (
        ticks_between(price, last_traded) <= collar.max_ticks
        and abs(price - last_traded) * 100 <= collar.max_percent * last_traded
    )


class Guard:
    """The protections over one snapshot; remembers the orders that were planned before."""

    def __init__(self, protections: Protections, snapshot: Snapshot) -> None:
        """Nothing is read before the first order is asked about."""
        self._limits = protections
        self._snapshot = snapshot
        self._planned_count = 0
        self._planned_risk: dict[tuple[str, int, Side], Decimal] = {}

    @cached_property
    def _market_exposure(self) -> dict[str, Decimal]:
        sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for order in self._snapshot.orders:
            sums[order.market_id] += exposure_of(order)
        return sums

    @cached_property
    def _day_exposure(self) -> list[Decimal]:
        return [sum(self._market_exposure.values(), ZERO)]

    @cached_property
    def _recent_count(self) -> int:
        now = self._snapshot.now
        return sum(
            1
            for order in self._snapshot.orders
            # An order of ours without a time has just been sent, for all we know.
            if order.order_ref is not None and (order.placed_at is None or order.placed_at > now - _MINUTE)
        )

    @cached_property
    def _unknown_markets(self) -> dict[str, int]:
        counts: dict[str, int] = defaultdict(int)
        for order in self._snapshot.orders:
            counts[order.market_id] += order.status is OrderStatus.UNKNOWN
        return counts

    def refuse(self, selection: Selection, order: PlannedOrder) -> str | None:
        """The id of the first protection that forbids this order, in the order of ``CHECKS``; None when none does.

        Before all limits: the market takes bets before the off, and the runner takes part. No rule can lift that.
        """
        if not self._is_market_open(selection):
            return MARKET_OPEN
        if not self._is_runner_active(selection):
            return RUNNER_ACTIVE
        for name, check in CHECKS:
            if getattr(self._limits, name) is None or not check(self, selection, order):
                return name
        return None

    def count_in(self, selection: Selection, order: PlannedOrder) -> None:
        """Remember an order that is going to be placed."""
        risk = risk_of(order.side, order.price, order.size)
        self._market_exposure[selection.market_id] = self._market_exposure.get(selection.market_id, ZERO) + risk
        self._day_exposure[0] += risk
        self._planned_count += 1
        key = (selection.market_id, selection.selection_id, selection.side)
        self._planned_risk[key] = self._planned_risk.get(key, ZERO) + risk

    def _is_market_open(self, selection: Selection) -> bool:
        market = self._snapshot.markets_by_id.get(selection.market_id)
        return market is not None and market.status is MarketStatus.OPEN and not market.in_play

    def _is_runner_active(self, selection: Selection) -> bool:
        """ACTIVE in one of the race's markets, REMOVED in none."""
        statuses = {
            runner.status
            for market_id in self._markets_of_race.get(selection.race_id, ())
            if (runner := self._snapshot.runners_by_id.get((market_id, selection.selection_id))) is not None
        }
        return RunnerStatus.ACTIVE in statuses and RunnerStatus.REMOVED not in statuses

    @cached_property
    def _markets_of_race(self) -> dict[str, list[str]]:
        races: dict[str, list[str]] = defaultdict(list)
        for market in self._snapshot.markets:
            races[market.race_id].append(market.market_id)
        return races

    # -- one method per protection: True when the order may go ---------------------------------------------------------

    def max_order(self, _: Selection, order: PlannedOrder) -> bool:
        """One order's stake (BACK) or liability (LAY)."""
        limit = self._limits.max_order
        assert limit is not None
        return risk_of(*order) <= (limit.stake if order.side is Side.BACK else limit.liability)

    def max_exposure_per_selection(self, selection: Selection, order: PlannedOrder) -> bool:
        """All orders of the same market, runner and side, and those planned before."""
        limit = self._limits.max_exposure_per_selection
        assert limit is not None
        held = sum(map(exposure_of, self._own_orders(selection)), ZERO)
        most = limit.back_stake if order.side is Side.BACK else limit.lay_liability
        planned = self._planned_risk.get((selection.market_id, selection.selection_id, selection.side), ZERO)
        return held + planned + risk_of(*order) <= most

    def max_exposure_per_market(self, selection: Selection, order: PlannedOrder) -> bool:
        """Backs' stakes and lays' liabilities over all runners of the market; nothing is netted."""
        limit = self._limits.max_exposure_per_market
        assert limit is not None
        return self._market_exposure.get(selection.market_id, ZERO) + risk_of(*order) <= limit

    def max_exposure_per_day(self, _: Selection, order: PlannedOrder) -> bool:
        """The same over every order of the snapshot."""
        limit = self._limits.max_exposure_per_day
        assert limit is not None
        return self._day_exposure[0] + risk_of(*order) <= limit

    def max_orders_per_minute(self, _selection: Selection, _order: PlannedOrder) -> bool:
        """Our orders placed within the last minute, and those planned before."""
        limit = self._limits.max_orders_per_minute
        assert limit is not None
        return self._recent_count + self._planned_count < limit

    def max_orders_per_selection(self, selection: Selection, _: PlannedOrder) -> bool:
        """Our orders of the same market, runner and side."""
        limit = self._limits.max_orders_per_selection
        assert limit is not None
        return sum(order.order_ref is not None for order in self._own_orders(selection)) < limit

    def max_unknown_intents(self, selection: Selection, _: PlannedOrder) -> bool:
        """Orders of unknown fate in the market: at the limit nothing new goes in."""
        limit = self._limits.max_unknown_intents
        assert limit is not None
        return self._unknown_markets.get(selection.market_id, 0) < limit

    def price_collar(self, selection: Selection, order: PlannedOrder) -> bool:
        """Not more ticks and not more percent away from the last traded price."""
        limit = self._limits.price_collar
        assert limit is not None
        last_traded = self._snapshot.runners_by_id[selection.market_id, selection.selection_id].last_traded
        return is_within_collar(limit, order.price, last_traded)

    def max_spread_ticks(self, selection: Selection, _: PlannedOrder) -> bool:
        """Price steps between best back and best lay; with one side missing nobody knows the spread."""
        limit = self._limits.max_spread_ticks
        assert limit is not None
        runner = self._snapshot.runners_by_id[selection.market_id, selection.selection_id]
        if runner.best_back is None or runner.best_lay is None:
            return False
        # A crossed book is a broken one.
        return runner.best_back < runner.best_lay and ticks_between(runner.best_back, runner.best_lay) <= limit

    def max_price_age_seconds(self, selection: Selection, _: PlannedOrder) -> bool:
        """Age of the market's prices."""
        limit = self._limits.max_price_age_seconds
        assert limit is not None
        published_at = self._snapshot.markets_by_id[selection.market_id].published_at
        if published_at is None:
            return False
        # Prices from the future: one of the two clocks is wrong, and nobody knows how old they are.
        return _CLOCKS_AGREE <= self._snapshot.now - published_at <= timedelta(seconds=int(limit))

    def max_snapshot_age_hours(self, selection: Selection, _: PlannedOrder) -> bool:
        """Age of the capture that the selection was made on."""
        limit = self._limits.max_snapshot_age_hours
        assert limit is not None
        captured_at = self._snapshot.captured_at.get(selection.capture_id or "")
        if captured_at is None:
            return False
        return _CLOCKS_AGREE <= self._snapshot.now - captured_at <= timedelta(hours=int(limit))

    def no_new_orders_before_off_seconds(self, selection: Selection, _: PlannedOrder) -> bool:
        """The last seconds before the scheduled off, their first instant included."""
        limit = self._limits.no_new_orders_before_off_seconds
        assert limit is not None
        return selection.race_time - self._snapshot.now > timedelta(seconds=int(limit))

    def _own_orders(self, selection: Selection) -> list[Order]:
        orders = self._snapshot.orders_by_runner.get((selection.market_id, selection.selection_id), [])
        return [order for order in orders if order.side is selection.side]


Check = Callable[[Guard, Selection, PlannedOrder], bool]

CHECKS: tuple[tuple[str, Check], ...] = (
    ("max_order", Guard.max_order),
    ("max_exposure_per_selection", Guard.max_exposure_per_selection),
    ("max_exposure_per_market", Guard.max_exposure_per_market),
    ("max_exposure_per_day", Guard.max_exposure_per_day),
    ("max_orders_per_minute", Guard.max_orders_per_minute),
    ("max_orders_per_selection", Guard.max_orders_per_selection),
    ("max_unknown_intents", Guard.max_unknown_intents),
    ("price_collar", Guard.price_collar),
    ("max_spread_ticks", Guard.max_spread_ticks),
    ("max_price_age_seconds", Guard.max_price_age_seconds),
    ("max_snapshot_age_hours", Guard.max_snapshot_age_hours),
    ("no_new_orders_before_off_seconds", Guard.no_new_orders_before_off_seconds),
)
"""Protections in the order in which they are asked; the first that forbids names the reason."""
