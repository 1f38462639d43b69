"""A recorded ``marketDefinition`` as the simulated exchange's definition of a market."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from policytrader.adapters.recordings.definition import number, read_definition, whole
from policytrader.model.money import ZERO
from policytrader.model.snapshot import MarketStatus, RunnerStatus
from policytrader.model.times import from_microseconds, parse_utc
from policytrader.simulation.definition import MarketDefinition, RunnerDefinition, nameless

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from policytrader.adapters.recordings.definition import Definition, RunnerFacts

_PLAYED_LADDERS = (None, "CLASSIC")
_NAMES = {"WIN": "Win", "PLACE": "To Be Placed"}
_RUNNER_STATUSES: dict[str | None, RunnerStatus] = {
    **{one.value: one for one in RunnerStatus},
    "REMOVED_VACANT": RunnerStatus.REMOVED,
}
_MARKET_STATUSES: dict[str | None, MarketStatus] = {one.value: one for one in MarketStatus}


class UnplayableError(Exception):
    """A market that the simulated exchange has no rules for; says why."""


def play_definition(
    market_id: str,
    raw: Any,
    before: MarketDefinition | None,
    read: Definition | None = None,
    told: Sequence[Any] = (),
) -> MarketDefinition:
    """Read a ``marketDefinition``; names that it leaves out stay as they were ``before``.

    ``read`` is what ``read_definition`` makes of it, where that is known; ``told`` the runners that ``before`` was read
    from, where they are: most of them are told again as they were.

    Raises ``ValueError`` for one that has not its shape, and ``UnplayableError``.
    """
    market, facts = read_definition(raw) if read is None else read
    if market.price_ladder not in _PLAYED_LADDERS:
        message = f"its prices are on the ladder {market.price_ladder}, and only CLASSIC is known"
        raise UnplayableError(message)
    if len(facts) != len(raw["runners"]):
        message = "a runner is listed more than once (handicaps)"
        raise UnplayableError(message)
    known = () if before is None else before.runners
    definition = define(market_id, market._asdict(), ())
    return replace(
        definition,
        runners=_runners(raw["runners"], facts, known, told),
        timezone=_text(raw, "timezone") or definition.timezone,
        turns_in_play=raw.get("turnInPlayEnabled") is not False,
        bsp_reconciled=raw.get("bspReconciled") is True,
        open_date=_time(raw.get("openDate")),
        regulators=tuple(map(str, raw["regulators"])) if isinstance(raw.get("regulators"), list) else (),
        race_type=_text(raw, "raceType"),
    )


def define(market_id: str, state: Mapping[str, Any], runners: tuple[RunnerDefinition, ...]) -> MarketDefinition:
    """A definition from the columns that an import keeps (``MarketState``); what they do not say is as usual."""
    market_type = state["market_type"] or "OTHER"
    course, event_name = state["course"], state["event_name"]
    event_id = state["event_id"] or market_id
    base_rate, divisor = state["market_base_rate"], state["each_way_divisor"]
    return MarketDefinition(
        market_id=market_id,
        event_id=event_id,
        event_name=event_name or course or event_id,
        event_type_id=state["event_type_id"] or "",
        market_type=market_type,
        name=state["market_name"] or _NAMES.get(market_type, market_type),
        start=_moment(state["market_time"]),
        venue=course,
        country_code=state["country_code"],
        timezone="Europe/London" if state["country_code"] in {"GB", "IE"} else "UTC",
        number_of_winners=1 if state["number_of_winners"] is None else state["number_of_winners"],
        runners=runners,
        version=state["version"] or 0,
        status=_market_status(state["status"]),
        in_play=state["in_play"],
        bet_delay=state["bet_delay"] or 0,
        base_rate=ZERO if base_rate is None else Decimal(str(base_rate)),
        is_bsp=state["bsp_market"] is True,
        settled_at=None if state["settled_at"] is None else _moment(state["settled_at"]),
        each_way_divisor=None if divisor is None else Decimal(str(divisor)),
    )


def runner_status(text: str | None) -> RunnerStatus:
    """A runner's status. One that is unknown here is read as HIDDEN: the exchange does not say."""
    return _RUNNER_STATUSES.get(text, RunnerStatus.HIDDEN)


def _market_status(text: str | None) -> MarketStatus:
    """A market's status. One that is unknown here takes no orders."""
    return _MARKET_STATUSES.get(text, MarketStatus.INACTIVE)


def _runners(
    raw: list[Any], facts: Mapping[int, RunnerFacts], before: Sequence[RunnerDefinition], told: Sequence[Any]
) -> tuple[RunnerDefinition, ...]:
    known = {runner.selection_id: runner for runner in before}
    runners = []
    for place, one in enumerate(raw, 1):
        if place <= len(told) and one == told[place - 1]:
            runners.append(before[place - 1])
            continue
        selection_id = whole(one["id"], "runner id")
        fact = facts[selection_id]
        named = known.get(selection_id)
        removed_at = fact.removed_at
        runners.append(
            RunnerDefinition(
                selection_id=selection_id,
                name=fact.runner_name or (named.name if named else nameless(selection_id)),
                sort_priority=place if one.get("sortPriority") is None else whole(one["sortPriority"], "sortPriority"),
                status=runner_status(fact.status),
                adjustment_factor=_decimal(one.get("adjustmentFactor"), "adjustmentFactor"),
                removed_at=None if removed_at is None else from_microseconds(removed_at),
                starting_price=_decimal(one.get("bsp"), "bsp"),
                handicap=_decimal(one.get("hc"), "hc") or ZERO,
            )
        )
    listed = {runner.selection_id for runner in runners}
    # A runner that is no longer listed: bets on it are in doubt, and not lost.
    runners += [replace(one, status=RunnerStatus.HIDDEN) for key, one in known.items() if key not in listed]
    return tuple(runners)


def _decimal(value: Any, what: str) -> Decimal | None:
    found = number(value, what)
    return None if found is None else Decimal(str(found))


def _moment(value: Any) -> datetime:
    moment: datetime = from_microseconds(value) if isinstance(value, int) else value
    return moment


def _text(raw: Mapping[str, Any], key: str) -> str | None:
    value = raw.get(key)
    return value if isinstance(value, str) and value else None


def _time(value: Any) -> datetime | None:
    try:
        return parse_utc(value)
    except (TypeError, ValueError):
        return None
