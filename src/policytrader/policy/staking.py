"""Staking ladders: how much money, by time to the off."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from policytrader.policy.rules import AppliesTo, PolicyFile
from policytrader.policy.values import (
    DURATION_PATTERN,
    Identifier,
    Model,
    Money,
    Sentence,
    duration_microseconds,
)

START = "start"


def _check_step_start(text: str) -> str:
    if text != START and (not re.fullmatch(DURATION_PATTERN, text) or duration_microseconds(text) == 0):
        kind = "duration"
        raise PydanticCustomError(kind, "must be `start` or a duration such as 4h, 30m or 15s, longer than 0")
    return text


StepStart = Annotated[
    str,
    AfterValidator(_check_step_start),
    WithJsonSchema({"anyOf": [{"const": START}, {"type": "string", "pattern": DURATION_PATTERN}]}),
]


class Step(Model):
    """A step starts when this much time is left, and holds until the next one starts."""

    from_: Annotated[StepStart, Field(alias="from")]
    back_stake: Money
    lay_liability: Money

    @property
    def microseconds(self) -> int | None:
        """Time left at which it starts; None for the first step, which holds from the beginning."""
        return None if self.from_ == START else duration_microseconds(self.from_)

    def amount(self, side: str) -> Decimal:
        """Stake for BACK, liability for LAY, at one stake point."""
        return self.back_stake if side == "BACK" else self.lay_liability


class LadderLimits(Model):
    """The most that one selection may have at one stake point."""

    back_stake: Money
    lay_liability: Money

    def amount(self, side: str) -> Decimal:
        """Stake for BACK, liability for LAY, at one stake point."""
        return self.back_stake if side == "BACK" else self.lay_liability


class Ladder(Model):
    """Amounts by time to the off; one edge per step makes gaps and overlaps unwritable."""

    id: Identifier
    title: Sentence
    why: Sentence
    applies_to: AppliesTo = AppliesTo()
    by: Literal["selection.time_to_off"] = "selection.time_to_off"
    steps: Annotated[tuple[Step, ...], Field(strict=False, min_length=1, max_length=50)]
    after_off: Literal["nothing"] = "nothing"
    limits: LadderLimits
    scale_by: Literal["selection.stake_points"] = "selection.stake_points"
    fully_matched_within: Money

    def step_at(self, time_to_off: int) -> Step | None:
        """The step in force with this many microseconds left; None from the off on."""
        if time_to_off <= 0:
            return None
        for step in reversed(self.steps):
            starts = step.microseconds
            if starts is None or time_to_off <= starts:
                return step
        return self.steps[0]


class StakingPolicy(PolicyFile):
    """The ladders; each side and market type is served by exactly one."""

    policy: Literal["staking"]
    ladders: Annotated[tuple[Ladder, ...], Field(strict=False, min_length=1)]
    end: Literal["staking"] | None = None

    def ladder_for(self, side: str, market_type: str) -> Ladder:
        """The one ladder that serves these selections; ``check`` sees to it that there is one."""
        return self._serving[side, market_type]

    @cached_property
    def _serving(self) -> dict[tuple[str, str], Ladder]:
        return {pair: ladder for ladder in self.ladders for pair in ladder.applies_to.pairs}
