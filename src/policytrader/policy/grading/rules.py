"""Grading rules: what a bet came to, or why nobody can say yet; the margin table; the money."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from policytrader.model.outcomes import Reason
from policytrader.policy.conditions import Condition
from policytrader.policy.grading.formulas import FormulaError, evaluate
from policytrader.policy.rules import InlineTest, PolicyFile
from policytrader.policy.values import Duration, Identifier, Model, Sentence, duration_microseconds

ScopeName = Literal["player", "team", "match"]
DirectionName = Literal["over", "under", "handicap"]
ResultName = Literal["won", "lost", "refund", "half_win", "half_loss"]
OutcomeName = Literal["won", "lost", "refund", "half_win", "half_loss", "by_margin"]
BY_MARGIN = "by_margin"
PASS = "pass"  # noqa: S105 - a word of the language

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

KEEP = Reason.MANUAL_OVERRIDE
NEXT = "next"
EXPECTED: tuple[str, ...] = (*get_args(ResultName), *PENDING_REASONS, KEEP, NEXT)
"""What a test beside a rule may expect: a result, the reason for leaving it pending, or that the next rule is asked."""


def one_of_words(words: Iterable[str], make: Callable[[str], str] = str) -> tuple[Any, Any]:
    """A validator and a schema for a text that is one of these words; ``make`` turns it into what it means."""
    allowed = [str(word) for word in words]

    def check(value: Any) -> str:
        if isinstance(value, str) and value in allowed:
            return make(value)
        kind = "literal_error"  # as pydantic's own, so that it is told in the same way
        listed = ", ".join(repr(word) for word in allowed)
        raise PydanticCustomError(kind, "must be one of {expected}", {"expected": listed})

    return PlainValidator(check), WithJsonSchema({"type": "string", "enum": allowed})


def _reason_or_pass(word: str) -> str:
    return word if word == PASS else Reason(word)


if TYPE_CHECKING:
    PendingReason = Reason
    ResultReason = Reason
    OnMissing = Reason | Literal["pass"]
else:
    PendingReason = Annotated[Reason, *one_of_words(PENDING_REASONS, Reason)]
    ResultReason = Annotated[Reason, *one_of_words(RESULT_REASONS, Reason)]
    OnMissing = Annotated[Any, *one_of_words((PASS, *PENDING_REASONS), _reason_or_pass)]


class GradeTo(Model):
    """What follows: ``outcome`` with ``reason``, ``pending`` with its reason, or ``keep`` what a person decided.

    ``outcome: by_margin`` asks the margin table, which also gives the reason where none is written here.
    """

    outcome: OutcomeName | None = None
    reason: ResultReason | None = None
    pending: PendingReason | None = None
    keep: Literal["manual_override"] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> GradeTo:
        if sum(part is not None for part in (self.outcome, self.pending, self.keep)) != 1:
            kind = "one_of_three"
            raise PydanticCustomError(kind, "must be exactly one of `outcome`, `pending` and `keep`")
        if (self.outcome in {None, BY_MARGIN}) < (self.reason is None):
            kind = "reason"
            raise PydanticCustomError(kind, "needs the `reason` of its outcome")
        if self.outcome is None and self.reason is not None:
            kind = "reason"
            raise PydanticCustomError(kind, "has a `reason`, which belongs to an `outcome`; `pending` names its own")
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
    on_missing: OnMissing = Reason.STAT_UNAVAILABLE
    tests: Annotated[tuple[InlineTest, ...], Field(strict=False)] = ()


MARGIN_PATTERN = r"^(>= |<= )?-?[0-9]{1,2}(\.(0|00|25|5|50|75))?$"


class MarginRow(Model):
    """``margin`` is ``">= 0.5"``, ``"<= -0.5"`` or one quarter step such as ``"0.25"``."""

    margin: Annotated[str, Field(pattern=MARGIN_PATTERN)]
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
    """What comes back for each outcome, the stake included, made of ``stake`` and ``odds``.

    A number alone stands in quotes.
    """

    won: Money
    lost: Money
    refund: Money
    half_win: Money
    half_loss: Money


class Settings(Model):
    """Values that the rules read as ``terms.…`` and the statistics are read by; ``--set NAME=VALUE`` overrides one.

    ``regrade_window``: how long after a result a corrected number grades again; ``0s`` for never. ``regrade_every``:
    how often a fixture with results alone is looked at for that.
    """

    live_confirm: Duration = "120s"
    live_under_losses: bool = False
    tackles_from_attempts: bool = False
    regrade_window: Duration = "72h"
    regrade_every: Duration = "30m"


def settings_problem(settings: Settings) -> tuple[str, str] | None:
    """The setting that makes no sense, and what is wrong with it."""
    every, window = (duration_microseconds(text) for text in (settings.regrade_every, settings.regrade_window))
    if every < _MINUTE:
        return "regrade_every", f"`regrade_every` ({settings.regrade_every}) must be at least 1m"
    if 0 < window < every:
        values = f"`regrade_every` ({settings.regrade_every}) is more than `regrade_window` ({settings.regrade_window})"
        return "regrade_every", f"{values}: no settled fixture would be looked at again"
    return None


class GradingSchedule(Model):
    """When the loop looks: intervals between rounds, and how they adapt."""

    interval: Duration = "120s"
    shortest: Duration = "60s"
    longest: Duration = "3600s"
    faster_after_successes: Annotated[int, Field(ge=1, le=100)] = 3
    first_look: Duration = "105m"
    live: bool = False
    give_up_after: Duration = "168h"


def schedule_problem(schedule: GradingSchedule) -> tuple[str, str] | None:
    """The value of the schedule that is out of order, and what is wrong with it."""
    times = {name: duration_microseconds(getattr(schedule, name)) for name in _TIMES}
    if times["shortest"] < _SECOND:
        return "shortest", "`shortest` must be at least 1s"
    for low, high in (("shortest", "interval"), ("interval", "longest"), ("first_look", "give_up_after")):
        if times[low] > times[high]:
            return high, f"`{high}` ({getattr(schedule, high)}) is less than `{low}` ({getattr(schedule, low)})"
    return None


_TIMES = ("shortest", "interval", "longest", "first_look", "give_up_after")
_SECOND, _MINUTE = duration_microseconds("1s"), duration_microseconds("1m")


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
