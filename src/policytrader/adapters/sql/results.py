"""Bets to come and bets that are settled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from policytrader.adapters.sql import tables
from policytrader.adapters.sql.part import Part
from policytrader.adapters.sql.selections import bet_row, locked_pick, of_day, rounded
from policytrader.model.records import BetOutcome, Result, ResultEvent, StoredBet
from policytrader.model.snapshot import MarketType, Side

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy import Connection, Row, Table

_UPCOMING = tables.upcoming_bets
_RESULTS = tables.live_results
_HISTORY = tables.results_history


class ResultPart(Part):
    """``upcoming_bets``, ``live_results`` and ``results_history``."""

    def upcoming_bets(self, day: date) -> tuple[StoredBet, ...]:
        """Not settled."""
        return self._bets(_UPCOMING, day)

    def live_results(self, day: date) -> tuple[StoredBet, ...]:
        """Settled."""
        return self._bets(_RESULTS, day)

    def settle(self, results: Sequence[Result], at: datetime) -> tuple[str, ...]:
        """Move or correct; what changes nothing is left out."""
        for result in results:
            if result.outcome is BetOutcome.TO_BE_RUN:
                message = f"{result.selection_ref}: TO_BE_RUN is no result"
                raise ValueError(message)
        with self._writing() as connection:
            return tuple(result.selection_ref for result in results if _settle(connection, result, at))

    def results_history(self, selection_ref: str) -> tuple[ResultEvent, ...]:
        """Oldest first."""
        query = select(_HISTORY).where(_HISTORY.c.selection_ref == selection_ref).order_by(_HISTORY.c.seq)
        with self._reading() as connection:
            return tuple(ResultEvent(seq=row.seq, at=row.at, result=_result(row)) for row in connection.execute(query))

    def _bets(self, table: Table, day: date) -> tuple[StoredBet, ...]:
        query = of_day(table, day)
        with self._reading() as connection:
            return tuple(map(_bet, connection.execute(query)))


def _settle(connection: Connection, result: Result, at: datetime) -> bool:
    pick = locked_pick(connection, result.selection_ref)
    last = connection.execute(
        select(_HISTORY)
        .where(_HISTORY.c.selection_ref == result.selection_ref)
        .order_by(_HISTORY.c.seq.desc())
        .limit(1)
    ).one_or_none()
    if last is not None and _result(last) == result:
        return False
    shown = rounded(result.average_price_matched)
    row = bet_row(pick) | {
        "bet_outcome": result.outcome,
        "profit": result.profit,
        "commission": result.commission,
        "size_matched": result.size_matched,
        "average_price_matched": shown,
        "price_matched": shown,
        "average_price_exact": result.average_price_matched,
        "starting_price": result.starting_price,
        "processed_at": at,
    }
    if last is None:
        connection.execute(insert(_RESULTS).values(row))
        connection.execute(delete(_UPCOMING).where(_UPCOMING.c.selection_ref == result.selection_ref))
    else:
        connection.execute(update(_RESULTS).where(_RESULTS.c.selection_ref == result.selection_ref).values(row))
    connection.execute(
        insert(_HISTORY).values(
            at=at,
            selection_ref=result.selection_ref,
            bet_outcome=result.outcome,
            profit=result.profit,
            commission=result.commission,
            size_matched=result.size_matched,
            average_price_matched=result.average_price_matched,
            starting_price=result.starting_price,
        )
    )
    return True


def _result(row: Row[Any]) -> Result:
    return Result(
        selection_ref=row.selection_ref,
        outcome=BetOutcome(row.bet_outcome),
        profit=row.profit,
        commission=row.commission,
        size_matched=row.size_matched,
        average_price_matched=row.average_price_matched,
        starting_price=row.starting_price,
    )


def _bet(row: Row[Any]) -> StoredBet:
    return StoredBet(
        selection_ref=row.selection_ref,
        unique_id=row.unique_id,
        race_time=row.race_time,
        runner_name=row.horse_name,
        side=Side(row.side),
        market_type=MarketType(row.market_type),
        market_id=row.market_id,
        selection_id=row.selection_id,
        price_requested=row.requested_odds,
        valid=row.valid is not False,
        invalidated_at=row.invalidated_at,
        invalidated_reason=row.invalidated_reason,
        size_matched=row.size_matched,
        average_price_matched=row.average_price_exact,
        closed=bool(row.cashed_out),
        fully_matched=bool(row.fully_matched),
        outcome=BetOutcome(row.bet_outcome),
        profit=row.profit,
        commission=row.commission,
        mode=row.mode,
        created_at=row.created_at,
        processed_at=row.processed_at,
        starting_price=row.starting_price,
    )
