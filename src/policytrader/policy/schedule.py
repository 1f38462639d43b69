"""The schedule of the loop: how often, in which zone, until when."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from policytrader.policy.rules import PolicyFile
from policytrader.policy.values import Model, PositiveDuration

ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""A time of day, ``"10:00"``; quoted in YAML."""


class Interval(Model):
    """From this time of day on, one tick in this time."""

    from_: Annotated[ClockTime, Field(alias="from")]
    every: PositiveDuration


class SchedulePolicy(PolicyFile):
    """When the loop ticks. The first interval starts at ``"00:00"``, so that no time of day is without one."""

    policy: Literal["schedule"]
    zone: Literal["Europe/London"] = "Europe/London"
    intervals: Annotated[tuple[Interval, ...], Field(strict=False, min_length=1)]
    stop: Literal["after_last_race", "never"] = "after_last_race"
    end: Literal["schedule"] | None = None
