"""The latest prices, one row per race and runner; and the horses marked as contenders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from policytrader.adapters.sql import tables
from policytrader.adapters.sql.part import Part, executed, race_number
from policytrader.model.records import Contender, MarketPrices, RunnerPrices
from policytrader.model.snapshot import RunnerStatus
from policytrader.model.times import london_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from sqlalchemy import Row

_PRICES = tables.updated_price_data
_CONTENDERS = tables.contender_selections
_MARKET_COLUMNS = (
    "market_id_{0}", "betfair_{0}_sp", "back_price_1_{0}", "back_price_1_depth_{0}", "back_price_2_{0}",
    "lay_price_1_{0}", "lay_price_1_depth_{0}",
)  # fmt: skip
"""In the order of ``MarketPrices``."""
_CONTENDER, _NO_CONTENDER = "contender", "not-contender"


class PricePart(Part):
    """``updated_price_data`` and ``contender_selections``."""

    def store_prices(self, rows: Sequence[RunnerPrices]) -> None:
        """The later one stays."""
        statement = self._upsert(_PRICES)
        new = statement.excluded
        keys = {"race_ref", "selection_id"}
        statement = statement.on_conflict_do_update(
            index_elements=[_PRICES.c.race_ref, _PRICES.c.selection_id],
            set_={column.name: new[column.name] for column in _PRICES.columns if column.name not in keys},
            where=or_(_PRICES.c.created_at.is_(None), new.created_at >= _PRICES.c.created_at),
        )
        with self._writing() as connection:
            executed(connection, statement, [_price_row(row) for row in rows])

    def prices(self, race_ids: Iterable[str]) -> tuple[RunnerPrices, ...]:
        """By race and runner."""
        c = _PRICES.c
        query = select(_PRICES).where(c.race_ref.in_(list(race_ids))).order_by(c.race_ref, c.selection_id)
        with self._reading() as connection:
            return tuple(map(_runner_prices, connection.execute(query)))

    def mark_contenders(self, rows: Sequence[Contender], at: datetime) -> None:
        """A later mark replaces an earlier one."""
        statement = self._upsert(_CONTENDERS)
        keys = {"race_ref", "selection_id"}
        statement = statement.on_conflict_do_update(
            index_elements=[_CONTENDERS.c.race_ref, _CONTENDERS.c.selection_id],
            set_={
                column.name: statement.excluded[column.name]
                for column in _CONTENDERS.columns
                if column.name not in keys
            },
        )
        values = [
            {
                "race_id": race_number(row.race_id),
                "race_time": row.race_time,
                "race_date": london_day(row.race_time),
                "horse_id": row.selection_id,
                "horse_name": row.runner_name,
                "selection_id": row.selection_id,
                "contender": _CONTENDER if row.is_contender else _NO_CONTENDER,
                "betfair_win_sp": row.starting_price,
                "created_at": at,
                "race_ref": row.race_id,
            }
            for row in rows
        ]
        with self._writing() as connection:
            executed(connection, statement, values)

    def contenders(self, day: date) -> tuple[Contender, ...]:
        """The marked horses of a day."""
        c = _CONTENDERS.c
        query = (
            select(c.race_ref, c.race_time, c.selection_id, c.horse_name, c.contender, c.betfair_win_sp)
            .where(c.race_date == day, c.race_ref.is_not(None))
            .order_by(c.race_time, c.race_ref, c.selection_id)
        )
        with self._reading() as connection:
            return tuple(Contender(*row[:4], row[4] == _CONTENDER, row[5]) for row in connection.execute(query))


def _price_row(row: RunnerPrices) -> dict[str, Any]:
    return {
        "race_time": row.race_time,
        "horse_name": row.runner_name,
        "race_date": london_day(row.race_time),
        "course": row.course,
        "status": row.status,
        "selection_id": row.selection_id,
        "created_at": row.published_at,
        "unique_id": row.unique_id,
        "race_id": race_number(row.race_id),
        "race_ref": row.race_id,
        **_market_row("win", row.win),
        **_market_row("place", row.place),
    }


def _market_row(market: str, prices: MarketPrices | None) -> dict[str, Any]:
    values = (None,) * len(_MARKET_COLUMNS) if prices is None else prices
    return {name.format(market): value for name, value in zip(_MARKET_COLUMNS, values, strict=True)}


def _runner_prices(row: Row[Any]) -> RunnerPrices:
    def market(name: str) -> MarketPrices | None:
        values = [getattr(row, column.format(name)) for column in _MARKET_COLUMNS]
        return None if values[0] is None else MarketPrices(*values)

    return RunnerPrices(
        race_id=row.race_ref,
        race_time=row.race_time,
        course=row.course,
        selection_id=row.selection_id,
        runner_name=row.horse_name,
        status=None if row.status is None else RunnerStatus(row.status),
        win=market("win"),
        place=market("place"),
        published_at=row.created_at,
        unique_id=row.unique_id,
    )
