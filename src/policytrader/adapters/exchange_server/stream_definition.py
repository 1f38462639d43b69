"""The market definition as the stream tells it (``marketDefinition``).

Names of market, event and runners are not in it: the live stream has none, they are the catalogue's.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from policytrader.model.snapshot import MarketStatus, RunnerStatus

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from policytrader.simulation.definition import MarketDefinition, RunnerDefinition


def write_definition(market: MarketDefinition) -> dict[str, Any]:
    """The definition in the stream's names; what is not known is left out."""
    start = write_time(market.start)
    optional = {
        "eachWayDivisor": _number(market.each_way_divisor),
        "settledTime": _time(market.settled_at),
        "venue": market.venue,
        "countryCode": market.country_code,
        "openDate": _time(market.open_date),
        "raceType": market.race_type,
    }
    return {
        "bspMarket": market.is_bsp,
        "turnInPlayEnabled": market.turns_in_play,
        "persistenceEnabled": market.turns_in_play,
        "marketBaseRate": _number(market.base_rate),
        "eventId": market.event_id,
        "eventTypeId": market.event_type_id,
        "numberOfWinners": market.number_of_winners,
        "bettingType": "ODDS",
        "marketType": market.market_type,
        "marketTime": start,
        "suspendTime": start,
        "bspReconciled": market.bsp_reconciled,
        "complete": True,
        "inPlay": market.in_play,
        "crossMatching": False,  # the displayed prices hold no virtual ones
        "runnersVoidable": False,
        "numberOfActiveRunners": sum(runner.status is RunnerStatus.ACTIVE for runner in market.runners),
        "betDelay": market.bet_delay,
        "status": market.status.value,
        "runners": [_write_runner(runner) for runner in market.runners],
        "regulators": list(market.regulators) or ["MR_INT"],
        "discountAllowed": True,
        "timezone": market.timezone,
        "version": market.version,
        "priceLadderDefinition": {"type": "CLASSIC"},
        **{key: value for key, value in optional.items() if value is not None},
    }


def is_closed(market: MarketDefinition) -> bool:
    """Whether the market is settled."""
    return market.status is MarketStatus.CLOSED


def write_time(moment: datetime) -> str:
    """``2021-07-30T06:20:00.000Z``, as the stream writes times."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _write_runner(runner: RunnerDefinition) -> dict[str, Any]:
    raw: dict[str, Any] = {
        "adjustmentFactor": _number(runner.adjustment_factor),
        "status": runner.status.value,
        "sortPriority": runner.sort_priority,
        "removalDate": _time(runner.removed_at),
        "bsp": _number(runner.starting_price),
        "id": runner.selection_id,
        "hc": _number(runner.handicap) or None,
    }
    return {key: value for key, value in raw.items() if value is not None}


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else write_time(moment)


def _number(value: Decimal | None) -> float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)
