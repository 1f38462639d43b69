"""What every kind of rule shares: who it applies to, its inline tests, the head and tail of a policy file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from policytrader.policy.conditions import Condition
from policytrader.policy.values import CheckNumber, Identifier, Model, Sentence

SideName = Literal["BACK", "LAY"]
MarketTypeName = Literal["WIN", "PLACE"]

SIDES: tuple[SideName, ...] = ("BACK", "LAY")
MARKET_TYPES: tuple[MarketTypeName, ...] = ("WIN", "PLACE")


SHORT_NAMES = {"side": "selection.side", "market_type": "selection.market_type"}
"""What ``given`` may call these two, as ``applies_to`` does."""


class AppliesTo(Model):
    """Which selections a rule is about; an absent key means all of them."""

    side: Annotated[tuple[SideName, ...], Field(strict=False, min_length=1)] = SIDES
    market_type: Annotated[tuple[MarketTypeName, ...], Field(strict=False, min_length=1)] = MARKET_TYPES

    def includes(self, side: str, market_type: str) -> bool:
        """True when a selection of this side in this market is meant."""
        return side in self.side and market_type in self.market_type

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """All (side, market_type) that are meant."""
        return frozenset((side, market_type) for side in self.side for market_type in self.market_type)


class InlineTest(Model):
    """One example beside its rule: values by field name, and what the rule must say about them.

    A field that is not given is missing. ``side`` and ``market_type`` are short for the selection's.
    """

    name: Annotated[str, Field(min_length=1, max_length=120)]
    given: dict[str, Any]
    expect: str

    @field_validator("given", mode="before")
    @classmethod
    def _in_full(cls, given: Any) -> Any:
        return (
            {SHORT_NAMES.get(name, name): value for name, value in given.items()} if isinstance(given, dict) else given
        )


class Rule(Model):
    """A named condition that says why it exists."""

    id: Identifier
    title: Sentence
    why: Sentence
    applies_to: AppliesTo = AppliesTo()
    when: Condition
    tests: Annotated[tuple[InlineTest, ...], Field(strict=False)] = ()


class PolicyFile(Model):
    """The head and the tail of every file.

    ``ignore`` switches numbered checks off for this file; ``end`` repeats the kind as the last line, a guard against
    a file that was cut off.
    """

    policy: str
    version: Literal[1]
    ignore: Annotated[tuple[CheckNumber, ...], Field(strict=False)] = ()
    end: str | None = None
