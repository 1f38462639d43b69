"""The markets that bets are tracked on: names, statistic, whose, which period, and the words for directions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from policytrader.model.fixture import Stat
from policytrader.policy.grading.rules import DirectionName, ScopeName
from policytrader.policy.rules import PolicyFile
from policytrader.policy.values import Line, Model

MarketText = Annotated[str, Field(min_length=2, max_length=80)]
PeriodName = Literal["match", "first_half", "second_half"]
EVENT_COUNTS = ("cards", "header_goals", "first_goal", "last_goal")
"""What is counted from events alone, beside the statistics."""


class Alias(Model):
    """Another name of a market; ``line``, ``direction`` or ``period`` where the name itself says them."""

    name: MarketText
    line: Line | None = None
    direction: DirectionName | None = None
    period: PeriodName | None = None


class Market(Model):
    """One market.

    ``statistics`` are summed; ``cards`` and the kinds of goals are counted from events. ``combine: lower`` takes the
    lower of the two teams' numbers (both teams to score). ``is_whole: false`` marks a statistic that is no whole
    number: the margin table refuses it. ``api_type_id`` is the other feed's number, null until somebody confirmed it.
    ``line`` and ``direction`` stand for a bet that states none.
    """

    name: MarketText
    aliases: Annotated[tuple[MarketText | Alias, ...], Field(strict=False)] = ()
    statistics: Annotated[
        tuple[Annotated[Stat, Field(strict=False)] | Literal["cards", "header_goals", "first_goal", "last_goal"], ...],
        Field(strict=False, min_length=1),
    ]
    scope: ScopeName
    combine: Literal["sum", "lower"] = "sum"
    period: PeriodName | None = None
    is_whole: bool = True
    can_only_grow: bool = True
    needs_var: bool = False
    line: Line | None = None
    direction: DirectionName | None = None
    api_type_id: Annotated[int, Field(ge=1)] | None = None
    api_location: Literal["player", "total", "side"] | None = None

    @model_validator(mode="after")
    def _lower_of_two(self) -> Market:
        if self.combine == "lower" and self.scope != "match":
            kind = "combine"
            raise PydanticCustomError(kind, "`combine: lower` compares the two teams: `scope` must be match")
        return self


class Words(Model):
    """How alerts and files write directions and periods; compared without case."""

    over: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    under: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    handicap: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]


class PeriodWords(Model):
    """As ``Words``, for periods."""

    match: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    first_half: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    second_half: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]


class MarketsPolicy(PolicyFile):
    """Every market; a name stands once, over all names and aliases."""

    policy: Literal["markets"]
    directions: Words
    periods: PeriodWords
    markets: Annotated[tuple[Market, ...], Field(strict=False, min_length=1)]
    end: Literal["markets"] | None = None
