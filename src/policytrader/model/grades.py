"""What grading says about a tracked bet: outcome, reason, money."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from policytrader.model.money import ZERO
from policytrader.model.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from policytrader.model.fixture import Fixture, Quality
    from policytrader.model.outcomes import Reason
    from policytrader.model.tracked import By


@dataclass(frozen=True, slots=True, kw_only=True)
class BetToGrade:
    """What the engine is told of a bet; ``key`` comes back with its grade.

    ``market`` is the alert's own text. ``player_id`` or ``team_id`` decide where the name agrees with them, or is none.
    ``matched_by`` says who found the id in this feed: where a person chose, the name is not asked.
    ``line`` is None where none was given; a market may have one of its own. ``first_seen`` is the actual value that an
    earlier look at this live fixture gave, and when: what a live decision is confirmed by. ``kickoff_at`` is when the
    bet expects its match, which may be moved; None takes the fixture's. ``is_lay``: money the other way round.
    """

    key: str
    market: str
    direction: str | None
    line: Decimal | None
    odds: Decimal
    stake: Decimal
    period: str | None = None
    player_name: str | None = None
    player_id: str | None = None
    team_name: str | None = None
    team_id: str | None = None
    bookmaker: str | None = None
    status: Outcome = Outcome.PENDING
    manual_override: bool = False
    actual_value: Decimal | None = None
    first_seen_value: int | None = None
    first_seen_at: datetime | None = None
    kickoff_at: datetime | None = None
    is_lay: bool = False
    matched_by: By | None = None


@dataclass(frozen=True, slots=True)
class FixtureBets:
    """The bets on one fixture; ``fixture`` is None for bets whose fixture nobody knows."""

    fixture: Fixture | None
    bets: tuple[BetToGrade, ...]


@dataclass(frozen=True, slots=True)
class RuleTruth:
    """What one rule of the policy said: True, False or unknown."""

    rule_id: str
    truth: bool | None


class Nearest(NamedTuple):
    """A name of the fixture that comes near one which was not found; ``score`` from 0 to 100."""

    name: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """The answer for one bet. ``rule`` is the rule that decided; money is of a settled bet, zero while pending.

    ``player_id``/``team_id`` are what a name was matched with, to be kept with the bet. ``problem`` explains an invalid
    bet in words. ``first_seen_value`` and ``first_seen_at``: the live count to remember until the next look, and since
    when it has stood; None where nothing is to be remembered. ``values`` are the fields that the rules read,
    ``source_paths`` where the numbers came from.
    """

    key: str
    status: Outcome
    reason: Reason
    rule: str
    actual_value: int | None = None
    margin: Decimal | None = None
    returns: Decimal = ZERO
    profit_loss: Decimal = ZERO
    market_key: str | None = None
    player_id: str | None = None
    team_id: str | None = None
    quality: Quality | None = None
    first_seen_value: int | None = None
    first_seen_at: datetime | None = None
    problem: str = ""
    suggestions: tuple[Nearest, ...] = ()
    source_paths: tuple[str, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)
    rules: tuple[RuleTruth, ...] = ()
