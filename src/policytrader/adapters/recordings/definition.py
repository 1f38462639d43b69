"""The market definition of a stream message, as rows: one of the market, one of each runner.

A definition is taken as it stands; what it does not say is missing. Only a definition of the wrong shape is an error
(``ValueError`` with a sentence): its line is then damaged.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any, NamedTuple

from policytrader.model.times import EPOCH, format_utc, from_microseconds, microseconds_between, parse_utc

_MOST_DIGITS = 10**18
_FIRST_YEAR, _LAST_YEAR = 2000, 2100

REMOVED = ("REMOVED", "REMOVED_VACANT")
"""Runner statuses of a runner that does not run; the second is the greyhounds' word for an empty trap."""


class MarketState(NamedTuple):
    """What a definition says about the market, in the order of the Parquet columns. Times in microseconds."""

    market_type: str | None
    status: str | None
    in_play: bool
    version: int | None
    number_of_winners: int | None
    number_of_active_runners: int | None
    market_time: int
    course: str | None
    event_id: str | None
    event_name: str | None
    country_code: str | None
    event_type_id: str | None
    market_name: str | None
    betting_type: str | None
    price_ladder: str | None
    bet_delay: int | None
    market_base_rate: float | None
    each_way_divisor: float | None
    bsp_market: bool | None
    settled_at: int | None


class RunnerFacts(NamedTuple):
    """What a definition says about one runner; ``listed`` is false once a later definition leaves it out."""

    runner_name: str | None
    status: str | None
    adjustment_factor: float | None
    removed_at: int | None
    listed: bool


class Definition(NamedTuple):
    """One definition: the market, and its runners by selection id."""

    market: MarketState
    runners: dict[int, RunnerFacts]


def read_definition(raw: Any) -> Definition:
    """Read a ``marketDefinition``. Raises ``ValueError`` for one that has not its shape."""
    if not isinstance(raw, dict):
        raise _wrong(raw, "marketDefinition")
    runners = raw.get("runners")
    if not isinstance(runners, list):
        raise _wrong(runners, "runners")
    facts = {whole(_object(runner).get("id"), "runner id"): _runner_facts(runner) for runner in runners}
    market_time = _time(raw, "marketTime")
    if market_time is None:
        raise _wrong(None, "marketTime")
    active = _count(raw, "numberOfActiveRunners")
    ladder = raw.get("priceLadderDefinition")
    market = MarketState(
        market_type=_text(raw, "marketType"),
        status=_text(raw, "status"),
        in_play=raw.get("inPlay") is True,
        version=_count(raw, "version", _MOST_DIGITS),
        number_of_winners=_count(raw, "numberOfWinners"),
        number_of_active_runners=sum(one.status == "ACTIVE" for one in facts.values()) if active is None else active,
        market_time=market_time,
        course=_text(raw, "venue"),
        event_id=_text(raw, "eventId"),
        event_name=_text(raw, "eventName"),
        country_code=_text(raw, "countryCode"),
        event_type_id=_text(raw, "eventTypeId"),
        market_name=_text(raw, "name"),
        betting_type=_text(raw, "bettingType"),
        price_ladder=_text(ladder, "type") if isinstance(ladder, dict) else None,
        bet_delay=_count(raw, "betDelay"),
        market_base_rate=number(raw.get("marketBaseRate"), "marketBaseRate"),
        each_way_divisor=number(raw.get("eachWayDivisor"), "eachWayDivisor"),
        bsp_market=raw["bspMarket"] is True if "bspMarket" in raw else None,
        settled_at=_time(raw, "settledTime"),
    )
    return Definition(market, facts)


def race_id_of(market_id: str, first: MarketState) -> str:
    """The name that a race's WIN and PLACE markets share: event and first market time.

    A market without an event stands alone.
    """
    start = format_utc(from_microseconds(first.market_time))
    return f"{first.event_id or market_id}@{start}"


def first_start(race_id: str) -> datetime:
    """The first known start of a race: its name tells it."""
    return parse_utc(race_id.rpartition("@")[2])


def number(value: Any, what: str) -> float | None:
    """A number; as text too. Not finite (``"NaN"``, ``"Infinity"``) is missing. ``ValueError`` for anything else."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _wrong(value, what)
    try:
        found = float(value)
    except ValueError:
        raise _wrong(value, what) from None
    return found if math.isfinite(found) else None


def whole(value: Any, what: str, most: int = _MOST_DIGITS) -> int:
    """A whole number from 0 to ``most``, as a number or as text. ``ValueError`` for anything else."""
    found = value
    if isinstance(value, str) and value.isascii() and value.isdigit():
        found = int(value[:20])
    if isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= most:
        return found
    raise _wrong(value, what)


def _count(raw: dict[str, Any], key: str, most: int = 10**9) -> int | None:
    value = raw.get(key)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value is None else whole(value, key, most)


def plain_deltas(raw: Any) -> list[dict[str, Any]]:
    """Runner changes whose ladders hold numbers only: text is read, and a size that is not finite deletes.

    ``ValueError`` for what has not the shape of runner changes.
    """
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise _wrong(raw, "rc")
    return [_plain_delta(_object(delta)) for delta in raw]


def _plain_delta(delta: dict[str, Any]) -> dict[str, Any]:
    plain = dict(delta)
    for key in ("atb", "atl", "batb", "batl", "bdatb", "bdatl", "trd"):
        if key not in delta:
            continue
        entries = [] if delta[key] is None else delta[key]
        width = 3 if key.startswith("b") else 2
        if not isinstance(entries, list) or any(not isinstance(one, list) or len(one) != width for one in entries):
            raise _wrong(entries, key)
        numbers = [[number(value, key) for value in entry] for entry in entries]
        plain[key] = [[*keys, size or 0] for *keys, size in numbers if None not in keys]
    return plain


def _runner_facts(raw: dict[str, Any]) -> RunnerFacts:
    status = _text(raw, "status")
    return RunnerFacts(
        runner_name=_text(raw, "name"),
        status=status,
        adjustment_factor=number(raw.get("adjustmentFactor"), "adjustmentFactor"),
        # A runner that came back may still carry the date of its removal.
        removed_at=_time(raw, "removalDate") if status in REMOVED else None,
        listed=True,
    )


def _object(raw: Any) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise _wrong(raw, "runners")
    return raw


def _text(raw: dict[str, Any], key: str) -> str | None:
    value = raw.get(key)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _wrong(value, key)


def _time(raw: dict[str, Any], key: str) -> int | None:
    value = raw.get(key)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
        # Without a zone it is UTC, as the exchange's times are.
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise _wrong(value, key) from None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise _wrong(value, key)
    return microseconds_between(EPOCH, moment)


def _wrong(value: object, what: str) -> ValueError:
    shown = "missing" if value is None else repr(value)
    return ValueError(f"{what} is {shown if len(shown) <= 60 else shown[:59] + '…'}")  # noqa: PLR2004
