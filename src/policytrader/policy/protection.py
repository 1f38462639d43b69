"""Protections: limits that no rule can lift (``docs/policy-language.md``). A missing limit means no order."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from policytrader.policy.rules import PolicyFile
from policytrader.policy.values import Count, Model, Money, Percent


class SelectionLimit(Model):
    """The most that one selection may have at risk, all orders together."""

    back_stake: Money
    lay_liability: Money


class OrderLimit(Model):
    """The most that one order may risk."""

    stake: Money
    liability: Money


class PriceCollar(Model):
    """How far an order's price may stand from the last traded one; beyond either bound it is refused."""

    vs: Literal["last_traded"] = "last_traded"
    max_ticks: Count
    max_percent: Percent
    no_ltp: Literal["refuse", "allow"] = "refuse"


class Protections(Model):
    """The limits. Every one may be left out of the file, and then forbids every order: no limit is no permission."""

    max_order: OrderLimit | None = None
    max_exposure_per_selection: SelectionLimit | None = None
    max_exposure_per_market: Money | None = None
    max_exposure_per_day: Money | None = None
    max_daily_loss: Money | None = None
    max_orders_per_minute: Count | None = None
    max_orders_per_selection: Count | None = None
    max_rejects_in_a_row: Count | None = None
    max_unknown_intents: Count | None = None
    price_collar: PriceCollar | None = None
    max_spread_ticks: Count | None = None
    max_price_age_seconds: Count | None = None
    max_snapshot_age_hours: Count | None = None
    no_new_orders_before_off_seconds: Count | None = None
    reconcile_every_seconds: Count | None = None
    kill_switch_file: Annotated[str | None, Field(max_length=400)] = None


class ProtectionPolicy(PolicyFile):
    """The protections."""

    policy: Literal["protection"]
    protections: Protections
    end: Literal["protection"] | None = None
