"""Grading rules: what a bet came to, or why nobody can say yet; the margin table; the money."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from policytrader.model.grades import Reason
from policytrader.policy.conditions import Condition
from policytrader.policy.grading.formulas import FormulaError, evaluate
from policytrader.policy.rules import InlineTest, PolicyFile
from policytrader.policy.values import Duration, Identifier, Model, Sentence

ScopeName = Literal["player", "team", "match"]
DirectionName = Literal["over", "under", "handicap"]
ResultName = Literal["won", "lost", "refund", "half_win", "half_loss"]
BY_MARGIN = "by_margin"

PENDING_REASONS = (
    Reason.NOT_FINISHED,
    Reason.POSTPONED_WAIT,
    Reason.VAR_PENDING,
    Reason.FIXTURE_UNMATCHED,
    Reason.MARKET_UNMAPPED,
    Reason.PLAYER_NOT_FOUND,
    Reason.PLAYER_AMBIGUOUS,
    Reason.UNRECONCILED,
    Reason.STAT_UNAVAILABLE,
    Reason.INCONSISTENT_VALUE,
    Reason.EXTRA_TIME_UNSPLIT,
    Reason.INVALID_BET,
)
"""What a rule may give for leaving a bet pending."""

RESULT_REASONS = (
    Reason.LINE,
    Reason.PUSH,
    Reason.QUARTER_LINE,
    Reason.DID_NOT_PLAY,
    Reason.DID_NOT_START,
    Reason.VOID_WINDOW,
    Reason.FIXTURE_CANCELLED,
    Reason.ABANDONED_DECIDED,
    Reason.ABANDONED_VOID,
    Reason.LIVE_DECIDED,
)
"""What a rule may give for a result."""


def _one_of(reasons: tuple[Reason, ...]) -> Any:
    def check(value: Reason) -> Reason:
        if value not in reasons:
            kind = "reason"
            raise PydanticCustomError(kind, f"must be one of {', '.join(reasons)}")
        return value

    return AfterValidator(check)


PendingReason = Annotated[Reason, Field(strict=False), _one_of(PENDING_REASONS)]
ResultReason = Annotated[Reason, Field(strict=False), _one_of(RESULT_REASONS)]


class GradeTo(Model):
    """What follows: ``outcome`` with ``reason``, ``pending`` with its reason, or ``keep`` what a person decided.

    ``outcome: by_margin`` asks the margin table, which also gives the reason where none is written here.
    """

    outcome: ResultName | Literal["by_margin"] | None = None
    reason: ResultReason | None = None
    pending: PendingReason | None = None
    keep: Literal["manual_override"] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> GradeTo:
        if sum(part is not None for part in (self.outcome, self.pending, self.keep)) != 1:
            kind = "one_of"
            raise PydanticCustomError(kind, "must be exactly one of `outcome`, `pending` and `keep`")
        if (self.outcome in {None, BY_MARGIN}) < (self.reason is None):
            kind = "reason"
            raise PydanticCustomError(kind, "a result needs its `reason`")
        if self.outcome is None and self.reason is not None:
            kind = "reason"
            raise PydanticCustomError(kind, "`reason` belongs to an `outcome`; `pending` names its reason itself")
        return self


class GradingAppliesTo(Model):
    """Which bets a rule is about; an absent key means all of them, also those without a market."""

    scope: Annotated[tuple[ScopeName, ...], Field(strict=False, min_length=1)] | None = None
    direction: Annotated[tuple[DirectionName, ...], Field(strict=False, min_length=1)] | None = None


class GradingRule(Model):
    """A named condition and what it means for the bet.

    Every rule is evaluated and recorded; the first that is true decides, and so does the first that is unknown:
    ``on_missing`` says what then happens, ``pass`` (ask the next rule) or the reason for leaving the bet pending.
    """

    id: Identifier
    title: Sentence
    why: Sentence
    applies_to: GradingAppliesTo = GradingAppliesTo()
    when: Condition
    then: GradeTo
    on_missing: Annotated[Literal["pass"] | PendingReason, Field(union_mode="left_to_right")] = Reason.STAT_UNAVAILABLE
    tests: Annotated[tuple[InlineTest, ...], Field(strict=False)] = ()


class MarginRow(Model):
    """``margin`` is ``">= 0.5"``, ``"<= -0.5"`` or one quarter step such as ``"0.25"``."""

    margin: Annotated[str, Field(pattern=r"^(>= |<= )?-?[0-9]{1,2}(\.(0|00|25|5|50|75))?$")]
    outcome: ResultName
    reason: ResultReason

    @property
    def bounds(self) -> tuple[Decimal | None, Decimal | None]:
        """Lowest and highest margin that is meant, in quarters; None is without end."""
        words = self.margin.split()
        value = Decimal(words[-1])
        if len(words) == 1:
            return value, value
        return (value, None) if words[0] == ">=" else (None, value)


class MarginTable(Model):
    """Margin to outcome; its rows must meet every multiple of a quarter exactly once."""

    id: Identifier
    rows: Annotated[tuple[MarginRow, ...], Field(strict=False, min_length=1)]


def _check_formula(text: str) -> str:
    try:
        evaluate(text, Decimal(1), Decimal(2))
    except FormulaError as error:
        kind = "formula"
        raise PydanticCustomError(kind, "{problem}", {"problem": str(error)}) from None
    return text


Money = Annotated[str, AfterValidator(_check_formula)]


class Returns(Model):
    """What comes back for each outcome, the stake included, of ``stake`` and ``odds``; a number alone needs quotes."""

    won: Money
    lost: Money
    refund: Money
    half_win: Money
    half_loss: Money


class Settings(Model):
    """Values that the rules read as ``terms.…`` and the statistics are read by; ``--set NAME=VALUE`` overrides one.

    ``regrade_window``: how long after the final whistle a corrected number grades again.
    """

    live_confirm: Duration = "120s"
    live_under_losses: bool = False
    tackles_from_attempts: bool = False
    regrade_window: Duration = "72h"


class GradingSchedule(Model):
    """When the loop looks: intervals between rounds, and how they adapt."""

    interval: Duration = "120s"
    shortest: Duration = "60s"
    longest: Duration = "3600s"
    faster_after_successes: Annotated[int, Field(ge=1, le=100)] = 3
    first_look: Duration = "105m"
    live: bool = False
    give_up_after: Duration = "168h"


class GradingPolicy(PolicyFile):
    """Rules in order of precedence, the margin table, the money, the settings, the schedule."""

    policy: Literal["grading"]
    resolve: Literal["first_match"] = "first_match"
    settings: Settings = Settings()
    rules: Annotated[tuple[GradingRule, ...], Field(strict=False, min_length=1)]
    otherwise: Annotated[GradeTo, Field(description="For a bet that no rule decides.")]
    margin_table: MarginTable
    returns: Returns
    schedule: GradingSchedule = GradingSchedule()
    end: Literal["grading"] | None = None
