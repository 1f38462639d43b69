"""The shipped grading policy, and stricter ones for tests."""

from __future__ import annotations

from functools import cache
from typing import Any

from policytrader.authoring.load import load_grading
from policytrader.policy.grading.grading_set import GradingSet
from policytrader.policy.grading.participation import CardCounting, Terms
from tests.conftest import PROJECT_ROOT


@cache
def shipped() -> GradingSet:
    """As it is in the project."""
    return load_grading(PROJECT_ROOT / "rules")


def with_terms(policy: GradingSet, **bookmakers: Terms) -> GradingSet:
    """Bookmakers with terms of their own."""
    changed = policy.participation.model_copy(update={"bookmakers": bookmakers})
    return GradingSet(policy.markets, changed, policy.grading, policy.names)


def with_settings(policy: GradingSet, **settings: Any) -> GradingSet:
    """Other settings."""
    changed = policy.grading.model_copy(update={"settings": policy.grading.settings.model_copy(update=settings)})
    return GradingSet(policy.markets, policy.participation, changed, policy.names)


@cache
def strict() -> GradingSet:
    """Everything that the shipped policy leaves off, and a bookmaker who asks for more."""
    cards = CardCounting(yellow=1, red=2, second_yellow=1, most_per_player=3)
    bet365 = Terms(participation=None, markets={"player shots": "must_start"}, void_window="24h", cards=cards)
    policy = with_terms(shipped(), Bet365=bet365, Elsewhere=Terms(participation="must_start"))
    return with_settings(policy, live_under_losses=True, tackles_from_attempts=True, live_confirm="0s")
