"""What a grade was read from: every field as seen, every rule's truth, and the places of the counted numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from policytrader.engine.grading import tables
from policytrader.model.fixture import CardHolder, Period, Stat, TeamSide
from policytrader.model.grades import RuleTruth
from policytrader.model.outcomes import BetPeriod, Direction
from policytrader.policy.fields import Field, FieldType
from policytrader.policy.grading.catalogue import STATS
from policytrader.policy.grading.fields import GRADING_CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policytrader.engine.grading.batch import Placed
    from policytrader.engine.grading.compile import GradedRow
    from policytrader.model.fixture import Fixture
    from policytrader.policy.grading.catalogue import Listing
    from policytrader.policy.grading.rules import GradingRule

_SECOND = 1_000_000


def seen_values(row: Mapping[str, Any]) -> dict[str, object]:
    """Field -> value: text, truth, ``Decimal``; durations as the policy writes them (``120s``); None is missing."""
    return {field.name: _seen(field, row[field.column]) for field in GRADING_CATALOGUE}


def _seen(field: Field, value: Any) -> object:
    if value is None:
        return None
    if field.type is FieldType.DURATION:
        return f"{Decimal(value) / _SECOND:f}s"
    return hundredths(value) if field.type is FieldType.NUMBER else value


def hundredths(value: int) -> Decimal:
    """A line, count or margin from the statement: without needless zeros."""
    whole, rest = divmod(value, 100)
    return Decimal(whole) if not rest else Decimal(value).scaleb(-2).normalize()


def rule_truths(rules: tuple[GradingRule, ...], row: Mapping[str, Any]) -> tuple[RuleTruth, ...]:
    """In the policy's order; a rule that is not about the bet is false."""
    return tuple(RuleTruth(rule.id, row[f"r{index}"]) for index, rule in enumerate(rules))


def source_paths(placed: Placed, listing: Listing, row: GradedRow, *, tackles_from_attempts: bool) -> tuple[str, ...]:
    """Where in the feed's answer the numbers stand that the bet's market counts, each once."""
    fixture = placed.fixture
    if fixture is None or row.bet_period is None:
        return ()
    read = Period.REGULAR if row.bet_period == BetPeriod.MATCH else Period(row.bet_period)
    paths: list[str] = []
    for owner_no, player_id in _owners(placed, row):
        for part in dict.fromkeys(listing.market.statistics):
            stated: list[str] = []
            if part in STATS:
                found = tables.stated_values(
                    fixture, owner_no, player_id, STATS[part], tackles_from_attempts=tackles_from_attempts
                )
                stated = [value.source_path for period, value in found if period is read and value.value is not None]
            is_in_events = part not in STATS or part == Stat.GOALS
            if not stated and is_in_events and (part not in STATS or player_id is None or read is not Period.REGULAR):
                paths += _event_paths(fixture, part, owner_no, player_id, read)
            paths += stated
    return tuple(dict.fromkeys(path for path in paths if path))


def _owners(placed: Placed, row: GradedRow) -> Iterator[tuple[int, str | None]]:
    if row.bet_scope == "player":
        if row.player_no is not None:
            yield row.player_no, placed.player.key
    elif row.bet_scope == "match":
        yield from ((number, None) for number in tables.SIDES.values())
    elif row.team_no is not None:
        yield row.team_no, None
        if row.bet_direction == Direction.HANDICAP:
            yield 1 - row.team_no, None


def _event_paths(fixture: Fixture, part: str, owner_no: int, player_id: str | None, read: Period) -> Iterator[str]:
    """The cards or goals of an owner in a period."""
    cards = [card for card in fixture.cards if card.holder is CardHolder.PLAYER and not card.is_after_whistle]
    for event in cards if part == "cards" else fixture.goals:
        is_in = event.period is read or (read is Period.REGULAR and event.period is not Period.EXTRA_TIME)
        is_owners = event.side is tuple(TeamSide)[owner_no] if player_id is None else event.player_id == player_id
        if is_in and is_owners:
            yield event.source_path
