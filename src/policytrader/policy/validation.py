"""Validation rules: may this selection still be bet?"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from policytrader.policy.conditions import Facts
from policytrader.policy.rules import PolicyFile, Rule
from policytrader.policy.values import Model

Reason = Annotated[str, Field(min_length=3, max_length=120)]


class Verdict(Model):
    """What follows when the rule's condition holds; the text is stored and printed exactly so."""

    invalidate: Reason | None = None
    hold: Reason | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Verdict:
        if (self.invalidate is None) == (self.hold is None):
            kind = "one_of"
            raise PydanticCustomError(kind, "must be exactly one of `invalidate: <text>` and `hold: <text>`")
        return self

    @property
    def text(self) -> str:
        """The reason."""
        return self.invalidate or self.hold or ""


class ValidationRule(Rule):
    """One reason to hold or to invalidate.

    ``on_missing`` decides what an unknown condition does: ``hold`` (default), ``pass`` or ``invalidate``.
    """

    then: Verdict
    on_missing: Literal["hold", "pass", "invalidate"] = "hold"

    @model_validator(mode="after")
    def _text_for_missing(self) -> ValidationRule:
        if self.on_missing == "invalidate" and self.then.invalidate is None:
            kind = "on_missing"
            raise PydanticCustomError(kind, "`on_missing: invalidate` needs a rule that invalidates")
        return self


class ValidationPolicy(PolicyFile):
    """All validation rules, in order of priority; every rule is evaluated, the first decides."""

    policy: Literal["validation"]
    resolve: Literal["first_match"] = "first_match"
    facts: Facts = {}
    rules: Annotated[tuple[ValidationRule, ...], Field(strict=False, min_length=1)]
    end: Literal["validation"] | None = None
