"""Selections by a rule: which runners of a recorded race would have been picked, with no morning's file at hand."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from policytrader.policy.rules import MarketTypeName, PolicyFile, SideName
from policytrader.policy.values import Change, Count, Identifier, Model, Odds, Points, PositiveDuration, Sentence

CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
CourseName = Annotated[str, StringConstraints(min_length=2, max_length=60)]


class PriceRange(Model):
    """Which price is looked at, and between which bounds it must lie, both included. A missing one is in no range."""

    of: Literal["best_back", "best_lay", "last_traded"]
    from_: Annotated[Odds, Field(alias="from")]
    to: Odds


class PickRule(Model):
    """Pick every runner whose price is in the range, and ask for a price that follows from it.

    ``ask_percent`` is over the price that was looked at (under it where it is negative). What it comes to is put on the
    exchange's ladder so that never a worse price is asked for: up for a back, down for a lay. Where that leads off the
    ladder there is no pick.
    """

    id: Identifier
    title: Sentence
    why: Sentence
    side: SideName
    market_type: Annotated[tuple[MarketTypeName, ...], Field(strict=False, min_length=1)]
    price: PriceRange
    ask_percent: Change
    stake_points: Points
    most_per_race: Annotated[Count, Field(ge=1)] | None = None
    countries: Annotated[tuple[CountryCode, ...], Field(strict=False)] = ()
    courses: Annotated[tuple[CourseName, ...], Field(strict=False)] = ()


class SelectionsPolicy(PolicyFile):
    """The picks of each race at one moment before its off, which is also when the race is captured.

    Where two rules pick the same runner in the same market on the same side, the first in file order is the one.
    """

    policy: Literal["selections"]
    at: PositiveDuration
    picks: Annotated[tuple[PickRule, ...], Field(strict=False, min_length=1)]
    end: Literal["selections"] | None = None
