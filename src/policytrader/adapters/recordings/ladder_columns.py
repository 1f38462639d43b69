"""Rows of the ladders' table as arrays: those of many quotes at once."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from policytrader.adapters.recordings.ladders import MOST_HUNDREDTHS, LadderColumns, written
from policytrader.model.price import MIN_PRICE
from policytrader.simulation.tape import NO_TICK, Kind, Sides

if TYPE_CHECKING:
    from policytrader.adapters.recordings.blocks import Block, Entries
    from policytrader.adapters.recordings.tick_arrays import Floats, Ints

_KINDS = 16
_PRICES = ((Kind.LAST_TRADED, "ltp"), (Kind.NEAR, "spn"), (Kind.FAR, "spf"))


class Quotes(NamedTuple):
    """What is the same in all rows of a quote, of each quote."""

    at: Ints
    change_no: Ints
    selection_id: Ints


class _Rows(NamedTuple):
    """Some rows of one kind: of which quote, and what."""

    kind: Kind
    quote: Ints
    tick: Ints
    pennies: Ints


def ladder_columns(
    block: Block, deltas: Ints, levels: dict[str, Entries], quotes: Quotes, traded: Ints, repriced: Ints
) -> LadderColumns:
    """The rows of quotes that the ``deltas`` of a block are, with their ``levels``.

    ``traded`` tells (quote, tick, pennies) of what was traded, a row each; the quotes in ``repriced`` only move it.
    """
    parts: list[_Rows] = []
    empty = np.zeros(len(deltas), np.int64)
    has_rows = np.zeros(len(deltas), bool)
    for kind, key, side in ((Kind.BACK, "atb", Sides.BACK), (Kind.LAY, "atl", Sides.LAY)):
        told = levels[key]
        parts.append(_Rows(kind, told.delta, told.ticks, told.pennies()))
        is_empty = block.levels[key].told[deltas]
        is_empty[told.delta] = False
        empty += is_empty * int(side)
    parts.append(_Rows(Kind.TRADED, *traded))
    texts: list[tuple[int, int, str]] = []
    for kind, key in _PRICES:
        parts.append(_priced(kind, block.numbers[key][deltas], texts))
    for part in parts:
        has_rows[part.quote] = True
    parts.append(_remarks(Kind.IS_REPRICED, repriced, empty * 0))
    has_rows[parts[-1].quote] = True
    parts.append(_remarks(Kind.EMPTY, np.flatnonzero((empty > 0) | ~has_rows), empty))
    return _joined(parts, quotes, texts)


def _remarks(kind: Kind, which: Ints, pennies: Ints) -> _Rows:
    return _Rows(kind, which, np.full(len(which), NO_TICK), pennies[which])


def _priced(kind: Kind, values: Floats, texts: list[tuple[int, int, str]]) -> _Rows:
    """Prices as hundredths; ``texts`` takes (quote, kind, text) of those that hundredths do not hold."""
    which = np.flatnonzero(values >= float(MIN_PRICE))  # NaN is not
    prices = values[which]
    small = prices < MOST_HUNDREDTHS / 100
    pennies = np.round(np.where(small, prices, 0) * 100).astype(np.int64)
    for place in np.flatnonzero((pennies / 100 != prices) | ~small).tolist():
        pennies[place], text = written(Decimal(str(float(prices[place]))))
        if text is not None:
            texts.append((int(which[place]), kind, text))
    return _Rows(kind, which, np.full(len(which), NO_TICK), pennies)


def _joined(parts: list[_Rows], quotes: Quotes, texts: list[tuple[int, int, str]]) -> LadderColumns:
    quote = np.concatenate([part.quote for part in parts])
    kinds = np.concatenate([np.full(len(part.quote), int(part.kind)) for part in parts])
    key = quote * _KINDS + kinds
    order = np.argsort(key, kind="stable")
    key, quote = key[order], quote[order]
    places = np.searchsorted(key, [one * _KINDS + kind for one, kind, _ in texts])
    return LadderColumns(
        at=quotes.at[quote],
        change_no=quotes.change_no[quote],
        selection_id=quotes.selection_id[quote],
        kind=kinds[order],
        tick=np.concatenate([part.tick for part in parts])[order],
        pennies=np.concatenate([part.pennies for part in parts])[order],
        exact={int(place): text for place, (_, _, text) in zip(places, texts, strict=True)},
    )
