"""From an alert to a tracked bet: which keys of the alert are read, and what is refused.

An alert that says too little to be graded is tracked all the same, for the bet was placed: it stays pending, with a
reason. Refused is what cannot be right: odds of 1, a line of "1,5", an over of -2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

from policytrader.app.alerts.kickoff import read_kick_off
from policytrader.app.tracking import values
from policytrader.app.tracking.dedup import dedup_key
from policytrader.app.tracking.market_facts import location
from policytrader.app.tracking.values import Refusal
from policytrader.model.money import ZERO
from policytrader.model.outcomes import BetPeriod, Direction, Reason
from policytrader.model.tracked import ResultTracking, TrackedBet
from policytrader.model.tracked_checks import kept, kept_time

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from policytrader.app.tracking.market_facts import Catalogue, MarketFacts
    from policytrader.ports.bet_store import Owner

_YES_NO_LINE = Decimal("0.5")
_SOURCE_KEYS = ("source_message_id", "message_id")
"""Where an alert says which message it came from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a user asks to track; everything as the caller gave it, unchecked."""

    alert: object
    actual_stake: object
    unit_size: object
    tags: object = ()
    note: object = ""
    is_lay: object = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a new bet is read by. ``zone``: of the kick-offs that alerts print."""

    catalogue: Catalogue
    zone: ZoneInfo


def new_bet(owner: Owner, bet_id: str, request: Request, terms: Terms, at: datetime) -> TrackedBet:
    """The bet, at its first version. Raises ``Refusal`` with the name of the field that cannot be used."""
    alert = request.alert
    if not isinstance(alert, Mapping):
        message = "alert_data: must be an alert, with keys such as Player, Market and Odds"
        raise Refusal(message)
    market = values.text("Market", alert.get("Market"))
    if market is None:
        message = "Market: is missing; a bet needs one"
        raise Refusal(message)
    player, team = values.text("Player", alert.get("Player")), values.text("Team", alert.get("Team"))
    if player is None and team is None:
        message = "Player, Team: are both missing; a bet needs one of them"
        raise Refusal(message)
    facts = terms.catalogue.market(market)
    line, direction = _selection(alert, facts, terms.catalogue)
    match = values.text("Match", alert.get("Match"))
    bet = TrackedBet(
        bet_id=bet_id,
        user_id=owner.user_id,
        bot_type=owner.bot_type,
        tracked_at=kept_time(at),
        alert_id=values.text("alert_id", alert.get("alert_id"), longest=500),
        market=market,
        market_key=facts.key if facts is not None else None,
        player_name=player,
        player_id=values.feed_id("player_id", alert.get("player_id")),
        team=team,
        team_id=values.feed_id("team_id", alert.get("team_id")),
        match=match,
        date=values.day("Date", alert.get("Date")),
        time=values.time_of_day("Time", alert.get("Time")),
        kickoff_at=kickoff(alert.get("Date"), alert.get("Time"), terms.zone),
        threshold=line,
        market_direction=direction,
        period=_period(alert, facts, terms.catalogue),
        bookmaker=values.text("bookmaker", alert.get("bookmaker")),
        odds=values.odds("Odds", alert.get("Odds")),
        actual_stake=values.stake("actual_stake", request.actual_stake),
        unit_size=values.money("unit_size", request.unit_size),
        is_lay=values.flag("is_lay", request.is_lay),
        fixture_id=values.feed_id("fixture_id", alert.get("fixture_id")),
        tags=values.tags("tags", request.tags),
        note=values.note("note", request.note),
        result=tracking_of(facts, team, match),
    )
    return _kept_with_key(bet, alert)


def tracking_of(facts: MarketFacts | None, team: str | None, match: str | None) -> ResultTracking:
    """How the result will be found; a market that the catalogue does not know waits for it, or for a person."""
    if facts is None:
        return ResultTracking(reason=Reason.MARKET_UNMAPPED)
    return ResultTracking(
        api_type_id=facts.api_type_id, api_location=location(facts, team, match), stat_type=facts.stat_type
    )


def kickoff(day: object, at: object, zone: ZoneInfo) -> datetime | None:
    """The kick-off of a day and a time as alerts print them; None where they do not say one."""
    if isinstance(day, datetime):
        try:
            return kept_time(day if day.tzinfo is not None else day.replace(tzinfo=zone))
        except ValueError:
            return None
    parts = (one.isoformat() if isinstance(one, (date, time)) else one for one in (day, at))
    written = " ".join(one for one in parts if isinstance(one, str))
    found = read_kick_off(written, None)
    if found is None or found.day is None or found.at is None:
        return None
    try:
        return datetime.combine(found.day, found.at, zone).astimezone(UTC)
    except OverflowError:
        return None


def checked_line(line: Decimal | None, direction: str | None, facts: MarketFacts | None) -> None:
    """Raises ``Refusal`` for a line that no bet can have."""
    if line is None:
        return
    if line < ZERO and direction != Direction.HANDICAP:
        message = f"Threshold: {line} is below zero, which only a handicap can be"
        raise Refusal(message)
    # Of a market that nobody knows, nobody knows the steps either.
    if facts is not None and facts.is_whole and line % values.LINE_STEP:
        message = f"Threshold: {line} is no multiple of {values.LINE_STEP}, as lines are"
        raise Refusal(message)


def _selection(
    alert: Mapping[str, object], facts: MarketFacts | None, catalogue: Catalogue
) -> tuple[Decimal | None, str | None]:
    """Line and direction: what the alert says, else what the market itself has; else unknown, never a default."""
    given = alert.get("Threshold")
    line = values.count("Threshold", given) if given is not None and given != "" else None
    if line is None and facts is not None:
        line = facts.line
    direction = _direction(alert, facts, catalogue)
    if direction is None and line == _YES_NO_LINE:
        direction = Direction.OVER.value
    checked_line(line, direction, facts)
    return line, direction


def _direction(alert: Mapping[str, object], facts: MarketFacts | None, catalogue: Catalogue) -> str | None:
    word = values.text("market_direction", alert.get("market_direction"))
    known = facts.direction if facts is not None else None
    if word is None or known == Direction.HANDICAP:
        return known
    if (direction := catalogue.direction(word)) is None:
        message = f"market_direction: `{word}` is not one of {', '.join(Direction)}"
        raise Refusal(message)
    return direction


def _period(alert: Mapping[str, object], facts: MarketFacts | None, catalogue: Catalogue) -> str:
    word = values.text("period", alert.get("period"))
    if word is not None:
        period = catalogue.period(word)
        if period is None:
            message = f"period: `{word}` is not one of {', '.join(BetPeriod)}"
            raise Refusal(message)
        return period
    return facts.period if facts is not None and facts.period is not None else BetPeriod.MATCH.value


def _kept_with_key(bet: TrackedBet, alert: Mapping[str, object]) -> TrackedBet:
    source = next((one for key in _SOURCE_KEYS if (one := values.identifier(key, alert.get(key))) is not None), None)
    try:
        return kept(replace(bet, dedup_key=dedup_key(bet, source)))
    except ValueError as error:
        raise Refusal(str(error)) from None
