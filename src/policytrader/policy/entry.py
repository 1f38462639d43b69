"""Entry rules: is the price there, and what order takes it?"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from policytrader.policy.rules import PolicyFile, Rule
from policytrader.policy.values import Duration, Model, Sentence


class OrderForm(Model):
    """The order that takes a price."""

    price: Literal["best_available"] = "best_available"
    size_up_to: Literal["depth_at_price"] = "depth_at_price"
    persistence: Literal["LAPSE"] = "LAPSE"
    cancel_unmatched_after: Duration


class EntryRule(Rule):
    """A condition on the price. It may go without ``title`` and ``why``: its id says it, and the why is the price."""

    title: Sentence = "The price is there"
    why: Sentence = "The trader asked for this price."


class EntryPolicy(PolicyFile):
    """A price is taken when every entry rule that applies is true; unknown is not true, and none at all is no."""

    policy: Literal["entry"]
    rules: Annotated[tuple[EntryRule, ...], Field(strict=False, min_length=1)]
    order: OrderForm
    end: Literal["entry"] | None = None
