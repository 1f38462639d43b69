"""What of a market's prices a book read asks for, what it weighs, and how levels are cut and rolled up."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from policytrader.adapters.exchange_server.api_errors import ApingCode, ApingError
from policytrader.model.money import MINIMUM_SIZES, ONE, ZERO

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policytrader.adapters.exchange_server.wire import Fields

Levels = list[tuple[Decimal, Decimal]]

MAX_WEIGHT = 200
USUAL_DEPTH = 3
MAX_DEPTH = 350


class PriceData(StrEnum):
    """Kinds of prices."""

    SP_AVAILABLE = "SP_AVAILABLE"
    SP_TRADED = "SP_TRADED"
    EX_BEST_OFFERS = "EX_BEST_OFFERS"
    EX_ALL_OFFERS = "EX_ALL_OFFERS"
    EX_TRADED = "EX_TRADED"


class RollupModel(StrEnum):
    """How small sizes are added to the next level."""

    STAKE = "STAKE"
    PAYOUT = "PAYOUT"
    MANAGED_LIABILITY = "MANAGED_LIABILITY"
    NONE = "NONE"


_NOTHING_WEIGHT = 2
_BEST, _ALL, _TRADED = PriceData.EX_BEST_OFFERS, PriceData.EX_ALL_OFFERS, PriceData.EX_TRADED
# Exchange prices do not add up: together they weigh more, or less, than their parts.
_EXCHANGE_WEIGHTS = {
    frozenset[PriceData](): 0,
    frozenset({_BEST}): 5,
    frozenset({_ALL}): 17,
    frozenset({_TRADED}): 17,
    frozenset({_BEST, _TRADED}): 20,
    frozenset({_ALL, _TRADED}): 32,
}
_STARTING_PRICE_WEIGHTS = {PriceData.SP_AVAILABLE: 3, PriceData.SP_TRADED: 7}


@dataclass(frozen=True, slots=True)
class PriceProjection:
    """What a book shows of prices. ``depth`` is None unless the call overrides it."""

    data: frozenset[PriceData]
    depth: int | None
    rollup: RollupModel
    rollup_limit: Decimal
    liability_threshold: Decimal
    liability_factor: Decimal
    is_rolled_over: bool

    @property
    def has_exchange_prices(self) -> bool:
        """Whether a book has ``ex``."""
        return bool(self.data & {_BEST, _ALL, _TRADED})

    @property
    def has_starting_prices(self) -> bool:
        """Whether a book has ``sp``."""
        return bool(self.data & _STARTING_PRICE_WEIGHTS.keys())

    @property
    def weight(self) -> Decimal:
        """What one market weighs against the limit of 200."""
        exchange = self.data & {_BEST, _ALL, _TRADED}
        if _ALL in exchange:
            exchange -= {_BEST}  # all offers trump the best ones
        weight = Decimal(_EXCHANGE_WEIGHTS[exchange])
        if _BEST in exchange and self.depth is not None:
            weight = weight * self.depth / USUAL_DEPTH
        weight += sum(_STARTING_PRICE_WEIGHTS.get(kind, 0) for kind in self.data)
        return weight or Decimal(_NOTHING_WEIGHT)

    def check_weight(self, markets: int) -> None:
        """Raise ``ApingError`` TOO_MUCH_DATA for more than the exchange tells at once."""
        if self.weight * markets > MAX_WEIGHT:
            raise ApingError(ApingCode.TOO_MUCH_DATA, "data weight x markets is more than 200")

    def offers(self, levels: Iterable[tuple[Decimal, Decimal]]) -> list[dict[str, Any]]:
        """One side of a runner, best first, as this projection shows it."""
        if _ALL in self.data:
            shown = list(levels)
        elif _BEST in self.data:
            shown = self._rolled_up(levels)[: self.depth or USUAL_DEPTH]
        else:
            shown = []
        if self.is_rolled_over:
            total = ZERO
            for index, (price, size) in enumerate(shown):
                total += size
                shown[index] = (price, total)
        return price_sizes(shown)

    def _rolled_up(self, levels: Iterable[tuple[Decimal, Decimal]]) -> Levels:
        """Sizes under the limit are added to the next worse level; what never reaches it is still shown at the last."""
        if self.rollup is RollupModel.NONE:
            return list(levels)
        shown: Levels = []
        open_size = ZERO
        price = ZERO
        for price, size in levels:
            open_size += size
            if self._is_enough(price, open_size):
                shown.append((price, open_size))
                open_size = ZERO
        if open_size:
            shown.append((price, open_size))
        return shown

    def _is_enough(self, price: Decimal, size: Decimal) -> bool:
        match self.rollup:
            case RollupModel.PAYOUT:
                return size * price >= self.rollup_limit
            case RollupModel.MANAGED_LIABILITY if price >= self.liability_threshold:
                return size * (price - ONE) >= self.rollup_limit * self.liability_factor
            case _:
                return size >= self.rollup_limit


def read_price_projection(fields: Fields) -> PriceProjection:
    """The call's ``priceProjection``; without one a book has no prices. Raises ``ApiError``."""
    part = fields.part("priceProjection")
    data = frozenset(part.choices("priceData", PriceData)) if part else frozenset[PriceData]()
    overrides = part.part("exBestOffersOverrides") if part else None
    depth = overrides.whole("bestPricesDepth") if overrides else None
    if overrides and depth is not None and not 1 <= depth <= MAX_DEPTH:
        overrides.refuse("bestPricesDepth", f"must be 1 to {MAX_DEPTH}")
    rollup = overrides.choice("rollupModel", RollupModel) if overrides else None
    limit = overrides.number("rollupLimit") if overrides else None
    threshold = overrides.number("rollupLiabilityThreshold") if overrides else None
    factor = overrides.number("rollupLiabilityFactor") if overrides else None
    if part:
        part.flag("virtualise")  # nothing here is matched across runners: both kinds of prices are the same
    return PriceProjection(
        data=data,
        depth=depth,
        rollup=rollup or RollupModel.STAKE,
        rollup_limit=MINIMUM_SIZES["GBP"].size if limit is None else limit,
        liability_threshold=ZERO if threshold is None else threshold,
        liability_factor=ONE if factor is None else factor,
        is_rolled_over=part.flag("rolloverStakes") if part else False,
    )


def price_sizes(levels: Iterable[tuple[Decimal, Decimal]]) -> list[dict[str, Any]]:
    """Levels as the exchange writes them."""
    return [{"price": price, "size": size} for price, size in levels]
