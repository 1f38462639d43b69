"""Random snapshots that the readers would let in, between tidy and full of holes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from policytrader.model.price import PRICES, TICK_OF
from policytrader.model.snapshot import (
    Market,
    MarketStatus,
    MarketType,
    Order,
    OrderStatus,
    ReferenceRunner,
    Runner,
    RunnerStatus,
    Selection,
    Side,
    Snapshot,
)
from tests.oracle.pools import (
    AVERAGES,
    COURSES,
    FACTORS,
    LARGEST_SIZE,
    PRICES_NOW,
    REASONS,
    REFERENCE_PRICES,
    SELECTION_IDS,
    SIZES,
    STAKE_POINTS,
    STEPS,
    in_order,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

T = TypeVar("T")
ANY_STATUS = (None, RunnerStatus.HIDDEN, *RunnerStatus)
RESULTS = (RunnerStatus.WINNER, RunnerStatus.PLACED, RunnerStatus.LOSER, RunnerStatus.HIDDEN)
MOSTLY_ACTIVE = (RunnerStatus.ACTIVE,) * 6 + (RunnerStatus.REMOVED,)
NAMES = ("Blue Moon", "O'Neill", "Zoë, the 2nd")
STORED_REASONS = (None, *REASONS, *REASONS, *REASONS, "Trainer's word", "Held back")
ZERO = Decimal(0)


def random_snapshot(rng: Random, *, is_calm: bool) -> Snapshot:
    """One to three races with their markets, captures, picks and orders; the rows of each table in any order.

    In a calm one hardly anything is missing, most runners run, and there is money at every price.
    """
    return _Maker(rng, is_calm=is_calm).snapshot()


def _opposite(order: Order) -> Order:
    return order._replace(order_ref=None, side=Side.LAY if order.side is Side.BACK else Side.BACK)


class _Maker:
    def __init__(self, rng: Random, *, is_calm: bool) -> None:
        self.rng, self.is_calm = rng, is_calm
        self.mess = rng.choice((0.0, 0.0, 0.02) if is_calm else (0.0, 0.02, 0.1, 0.3))
        self.statuses = RESULTS if not is_calm and rng.random() < 0.1 else MOSTLY_ACTIVE
        self.now = datetime(2026, 5, 2, 13, 42, 15, rng.choice((0, 0, 1, 500_000, 999_999)), tzinfo=UTC)
        self.races = rng.sample(("r9", "r10", "Q9"), rng.choice((1, 1, 2, 3)))
        # The same runners in several races: a join that forgets the race shows.
        self.ids = {race: rng.sample(SELECTION_IDS, rng.randint(1, len(SELECTION_IDS))) for race in self.races}
        self.captures = {race: [f"c-{race}-{number}" for number in range(rng.choice((1, 1, 2)))] for race in self.races}
        self.times = {race: self._race_time() for race in self.races}

    def snapshot(self) -> Snapshot:
        reference = [
            row for race in self.races for capture in self.captures[race] for row in self._capture(capture, race)
        ]
        # From 1.8 on, because as a text 1.10 comes before 1.8.
        markets = [market for number, race in enumerate(self.races) for market in self._markets(race, 8 + 3 * number)]
        if not self.is_calm and self.rng.random() < 0.05:  # no runner at all, live or from the morning
            reference, markets = [row._replace(status=RunnerStatus.REMOVED) for row in reference], []
        captured = [row.captured_at for row in reference if row.captured_at]
        runners = [row for market in markets for row in self._runners(market, captured)]
        picks = {
            (pick.market_id.casefold(), pick.selection_id, pick.side): pick
            for pick in (self._selection(number, markets) for number in range(self.rng.choice((1, 3, 4, 6, 8))))
        }
        selections = list(picks.values())
        orders = [self._order(number, selections, markets) for number in range(self.rng.choice((0, 0, 1, 2, 3, 5, 8)))]
        # A bet and its opposite: nothing is left to hedge.
        orders += [_opposite(order) for order in orders if self.rng.random() < 0.15]
        for rows in (reference, markets, runners, orders, selections):
            self.rng.shuffle(rows)
        return Snapshot(self.now, tuple(selections), tuple(reference), tuple(markets), tuple(runners), tuple(orders))

    def _is_messy(self, factor: float = 1.0) -> bool:
        return self.rng.random() < self.mess * factor

    def _maybe(self, pool: Sequence[T]) -> T | None:
        """One of the pool, or missing."""
        return None if self._is_messy() else self.rng.choice(pool)

    def _at_or_beside(self, moment: datetime) -> datetime:
        return moment + timedelta(microseconds=self.rng.choice((0, 0, 1, -1, 1_000_000, -1_000_000, 500_000)))

    def _ago(self, *seconds: int) -> datetime:
        return self._at_or_beside(self.now - timedelta(seconds=self.rng.choice(seconds)))

    def _race_time(self) -> datetime:
        left = int(in_order(self.rng.choice(("0s", *STEPS, *STEPS, "10h"))))
        return self._ago(left if self.rng.random() < 0.05 else -left)

    def _status(self) -> RunnerStatus | None:
        statuses: Sequence[RunnerStatus | None] = ANY_STATUS if self._is_messy() else self.statuses
        return self.rng.choice(statuses)

    def _capture(self, capture: str, race: str) -> list[ReferenceRunner]:
        captured_at = None if self._is_messy() else self._ago(3600, 8 * 3600, 18 * 3600)
        number_of_runners = self._maybe((2, 3, 4, 8))
        return [
            ReferenceRunner(
                capture_id=capture,
                race_id=race,
                captured_at=captured_at,
                number_of_runners=number_of_runners,
                selection_id=one,
                runner_name=self._maybe(NAMES),
                status=self._status(),
                reference_price=self._maybe(REFERENCE_PRICES),
            )
            for one in SELECTION_IDS
            if (one in self.ids[race]) != self._is_messy()
        ]

    def _markets(self, race: str, first: int) -> list[Market]:
        win, place = MarketType.WIN, MarketType.PLACE
        kinds = self.rng.choice(((win, place), (win, place), (win,), (place,), (win, win, place)))
        return [
            Market(
                market_id=f"1.{number}",
                race_id=race,
                market_type=kind,
                status=self._maybe(tuple(MarketStatus)) if self._is_messy(2) else MarketStatus.OPEN,
                in_play=self._is_messy(),
                version=self._maybe((5, 6)),
                number_of_winners=self._maybe((1, 2, 3)),
                published_at=None if self._is_messy() else self._ago(0, 5, 15, 20, 20, 60, -3),
                course=self._maybe(COURSES),
            )
            for number, kind in enumerate(() if self._is_messy(0.3) else kinds, first)
        ]

    def _runners(self, market: Market, captured: Sequence[datetime]) -> list[Runner]:
        ids = self.ids[market.race_id]
        listed = [one for one in SELECTION_IDS if (not self._is_messy() if one in ids else self._is_messy(0.3))]
        return [self._runner(market, one, captured) for one in listed]

    def _runner(self, market: Market, selection_id: int, captured: Sequence[datetime]) -> Runner:
        status = self._status()
        removed_at = None
        if status is RunnerStatus.REMOVED or self._is_messy(0.3):
            removed_at = self._maybe([*map(self._at_or_beside, captured), self._ago(600)])
        back = self._maybe(PRICES_NOW)
        lay = None if self._is_messy() else self._ticks_from(back, (1, 1, 2, 5, 15, 16))
        sizes = SIZES[5:] if self.is_calm else SIZES
        return Runner(
            market_id=market.market_id,
            selection_id=selection_id,
            runner_name=self._maybe(NAMES),
            status=status,
            best_back=back,
            best_back_size=self._maybe(sizes),
            best_lay=lay,
            best_lay_size=self._maybe(sizes),
            last_traded=self._last_traded(back),
            adjustment_factor=self._maybe(FACTORS),
            removed_at=removed_at,
        )

    def _last_traded(self, back: Decimal | None) -> Decimal | None:
        if self._is_messy():
            return None
        on_ladder = self._ticks_from(back, (0, 0, 1, -1, 2, 10, -10, 11, 60))
        # After a removal the exchange reduces it, and then it may stand between two prices of the ladder.
        return on_ladder + Decimal("0.01") if self.rng.random() < 0.25 and on_ladder < PRICES[-1] else on_ladder

    def _ticks_from(self, price: Decimal | None, ticks: Sequence[int]) -> Decimal:
        return PRICES[min(max(TICK_OF[price or Decimal(8)] + self.rng.choice(ticks), 0), len(PRICES) - 1)]

    def _selection(self, number: int, markets: Sequence[Market]) -> Selection:
        rng = self.rng
        race, side = rng.choice(self.races), rng.choice(tuple(Side))
        listed = [] if self._is_messy(0.3) else [market for market in markets if market.race_id == race]
        market = rng.choice(listed) if listed else None
        # Mostly a price that the market meets.
        usual = PRICES_NOW[:5] if side is Side.BACK else PRICES_NOW[4:]
        valid = rng.random() < 0.9
        says_why = not valid or self._is_messy()
        return Selection(
            selection_ref=f"s{number}",
            race_id=race,
            # Two picks of one race may have been taken down with different times.
            race_time=self._race_time() if self._is_messy() else self.times[race],
            market_id=market.market_id if market else f"1.{race}",
            market_type=market.market_type if market else MarketType.WIN,
            selection_id=rng.choice(SELECTION_IDS if self._is_messy() else self.ids[race]),
            runner_name=self._maybe(NAMES),
            side=side,
            price_requested=rng.choice((*PRICES_NOW, *usual, *usual, Decimal("8.13"), Decimal("1000.00"))),
            stake_points=rng.choice(STAKE_POINTS),
            capture_id=rng.choice((None, "c-gone")) if self._is_messy() else rng.choice(self.captures[race]),
            valid=valid,
            invalidated_reason=rng.choice(STORED_REASONS) if says_why else None,
            closed=rng.random() < 0.03,
        )

    def _order(self, number: int, selections: Sequence[Selection], markets: Sequence[Market]) -> Order:
        """Mostly on the account of a pick, on its own side."""
        rng = self.rng
        pick = rng.choice(selections)
        elsewhere = [market.market_id for market in markets] or ["1.elsewhere"]
        complete = OrderStatus.EXECUTION_COMPLETE
        status = rng.choice((OrderStatus.EXECUTABLE, complete, complete, OrderStatus.UNKNOWN))
        price, size = rng.choice(PRICES_NOW), LARGEST_SIZE if rng.random() < 0.02 else rng.choice(SIZES[1:7])
        matched = size if status is complete else rng.choice((ZERO, ZERO, (size / 2).quantize(Decimal("0.01"))))
        average = rng.choice((price, price, price, *AVERAGES)) if matched else None
        left = size - matched if status is OrderStatus.EXECUTABLE or self._is_messy(0.3) else ZERO
        return Order(
            order_ref=f"o{number}" if rng.random() < 0.8 else None,
            market_id=rng.choice(elsewhere) if rng.random() < 0.1 else pick.market_id,
            selection_id=rng.choice(SELECTION_IDS) if rng.random() < 0.15 else pick.selection_id,
            side=rng.choice(tuple(Side)) if rng.random() < 0.2 else pick.side,
            price=price,
            size=size,
            size_matched=matched,
            average_price_matched=None if status is OrderStatus.UNKNOWN and rng.random() < 0.5 else average,
            size_remaining=rng.choice((left, left, left, ZERO)),
            status=status,
            placed_at=None if self._is_messy() else self._ago(0, 60, 60, 300, 300, 3600, -5),
        )
