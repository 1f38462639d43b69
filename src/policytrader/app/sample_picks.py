"""Sample picks: a selection of every kind for a day that an exchange shows, for newcomers and for tests.

Chosen from what stands in the books at this moment and from a seed, broadly: nothing here knows what will happen.
"""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import TYPE_CHECKING

from policytrader.app.morning import Pick, listed_races
from policytrader.errors import Place
from policytrader.model.price import PRICES, TICK_OF
from policytrader.model.snapshot import MarketStatus, MarketType, RunnerStatus, Side
from policytrader.model.times import format_utc
from policytrader.simulation.race_chance import Chance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from policytrader.app.race_names import Race
    from policytrader.model.books import CatalogueMarket, LiveMarket, LiveRunner
    from policytrader.ports import PriceFeed

DEFAULT_POINTS = Decimal("0.2")
"""Small enough for the shipped limits: a day of many picks is traded to its end within them."""
HEADER = (
    "race_time", "course", "horse", "market_type", "side", "price_requested", "stake_points", "market_id",
    "selection_id",
)  # fmt: skip
RECORDING_HEADER = (
    "race_time", "market_id", "market_type", "selection_id", "runner_name", "side", "price_requested", "stake_points",
)  # fmt: skip
_LONGEST = {Side.BACK: Decimal(26), Side.LAY: Decimal(9)}
"""Longer prices are left to others where there are shorter ones: a lay of them takes much liability for little."""
_EASIEST, _HARDEST = 3, 2
"""How many steps of the price ladder a requested price may stand on either side of what is offered."""


def draw(prices: PriceFeed, *, seed: int, per_market: int) -> tuple[Pick, ...]:
    """Sample picks for all races that an exchange lists, at the prices of this moment. Raises ``ExchangeError``."""
    races = listed_races(prices)
    books = prices.books(sorted(market.market_id for race in races for market in race.markets))
    return sample_picks(races, {book.market_id: book for book in books}, seed=seed, per_market=per_market)


def sample_picks(
    races: Sequence[Race],
    books: Mapping[str, LiveMarket],
    *,
    seed: int,
    per_market: int,
    points: Decimal = DEFAULT_POINTS,
) -> tuple[Pick, ...]:
    """Picks in every open market, ``per_market`` runners each, as far as there are prices: backs and lays in turn.

    ``books`` by market id. The requested prices stand near the offered ones: most can be had at once, some are waited
    for. The same races, books and seed give the same picks.
    """
    return tuple(
        pick
        for number, race in enumerate(races)
        for place, kind in enumerate(MarketType)
        if (market := race.market(kind)) is not None and (book := books.get(market.market_id)) is not None
        for pick in _of_market(market, kind, book, sides=_sides(number + place, per_market), seed=seed, points=points)
    )


def picks_csv(picks: Iterable[Pick]) -> str:
    """The picks as a file that ``select import`` reads; horses by name for people, by id for the machine."""
    return _csv(
        HEADER,
        (
            (_time_text(pick), pick.course or "", pick.horse or "", pick.market_type, pick.side, pick.price_requested,
             pick.stake_points, pick.market_id, pick.selection_id)
            for pick in picks
        ),
    )  # fmt: skip


def selections_csv(picks: Iterable[Pick]) -> str:
    """The picks as a file that is read beside a recording, references made from what identifies a bet."""
    return _csv(
        RECORDING_HEADER,
        (
            (_time_text(pick), pick.market_id, pick.market_type, pick.selection_id, pick.horse or "", pick.side,
             pick.price_requested, pick.stake_points)
            for pick in picks
        ),
    )  # fmt: skip


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return written.getvalue()


def _time_text(pick: Pick) -> str:
    return format_utc(pick.race_time) if pick.race_time is not None else ""


def _sides(turn: int, count: int) -> list[Side]:
    """Backs and lays in turn; where one is left over, the next market has the other one."""
    both = list(Side)
    return [both[(turn + one) % 2] for one in range(count)]


def _of_market(
    market: CatalogueMarket, kind: MarketType, book: LiveMarket, *, sides: Sequence[Side], seed: int, points: Decimal
) -> Iterator[Pick]:
    if book.status is not MarketStatus.OPEN or book.in_play:
        return
    chance = Chance("sample picks", seed, market.market_id)
    names = {runner.selection_id: runner.runner_name for runner in market.runners}
    left = chance.shuffled(
        one for one in book.runners if one.status is RunnerStatus.ACTIVE and one.selection_id in names
    )
    for side in sides:
        runner = _choose(left, side)
        if runner is None:
            continue
        left.remove(runner)
        yield Pick(
            market_type=kind,
            side=side,
            price_requested=_requested(chance, side, _offered(runner, side) or PRICES[0]),
            stake_points=points,
            race_time=market.start,
            course=market.venue,
            horse=names[runner.selection_id],
            market_id=market.market_id,
            selection_id=runner.selection_id,
            place=Place("sample picks"),
        )


def _choose(runners: Iterable[LiveRunner], side: Side) -> LiveRunner | None:
    """The first at a price that is not long, else the one at the shortest; None where nobody offers anything."""
    priced = [(price, one) for one in runners if (price := _offered(one, side)) is not None]
    near = next((one for price, one in priced if price <= _LONGEST[side]), None)
    return near or min(priced, key=lambda one: one[0], default=(None, None))[1]


def _offered(runner: LiveRunner, side: Side) -> Decimal | None:
    offers = runner.back if side is Side.BACK else runner.lay
    return offers[0].price if offers and offers[0].price in TICK_OF else None


def _requested(chance: Chance, side: Side, offered: Decimal) -> Decimal:
    """A back asks for this price or a higher one, a lay for this or a lower one."""
    harder = chance.whole(-_EASIEST, _HARDEST)
    tick = TICK_OF[offered] + (harder if side is Side.BACK else -harder)
    return PRICES[min(max(tick, 0), len(PRICES) - 1)]
