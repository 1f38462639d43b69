"""Cash-out triggers: when to close what is already matched."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from policytrader.policy.rules import PolicyFile, Rule
from policytrader.policy.values import Count, Model


class CashOut(Model):
    """How a position is closed: in full, by one hedge order at the best opposing price."""

    cash_out: Literal["full"]
    max_slippage_ticks: Count
    residual_below: Literal["minimum_stake"] = "minimum_stake"


class Trigger(Rule):
    """A condition under which a matched position is closed; unknown does not trigger."""

    then: CashOut


class CashOutPolicy(PolicyFile):
    """The triggers; the first that is true decides how."""

    policy: Literal["cash_out"]
    triggers: Annotated[tuple[Trigger, ...], Field(strict=False, min_length=1)]
    end: Literal["cash_out"] | None = None
