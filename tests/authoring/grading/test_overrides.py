"""``--set NAME=VALUE``: one setting of a grading policy with another value."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.errors import UsageError
from policytrader.policy.grading.overrides import SETTING_NAMES, with_setting
from tests.authoring.grading.written import edited, loaded

if TYPE_CHECKING:
    from policytrader.policy.grading.grading_set import GradingSet

OWN_TERMS = (
    "participation",
    '  Bet365: {markets: {"Player Goals": must_start}, void_window: 24h}\n',
    (
        '  Bet365: {markets: {"Player Goals": must_start}, void_window: 24h, cards: {yellow: 1, red: 3}}\n'
        "  Other: {participation: must_start}\n"
    ),
)


def policy() -> GradingSet:
    return loaded(edited(OWN_TERMS)).grading_set()


def value_of(policy: GradingSet, path: str) -> Any:
    found: Any = policy
    for part in path.split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize(
    ("name", "value", "path", "expected"),
    [
        ("participation", "must_start", "participation.default.participation", "must_start"),
        ("void_window", "24h", "participation.default.void_window", "24h"),
        ("void_window_hours", "48", "participation.default.void_window", "48h"),
        ("void_window_hours", "1.5", "participation.default.void_window", "5400s"),
        ("void_window_minutes", "90", "participation.default.void_window", "90m"),
        ("card_red", "3", "participation.default.cards.red", 3),
        ("card_most_per_player", "1", "participation.default.cards.most_per_player", 1),
        ("live_confirm", "30s", "grading.settings.live_confirm", "30s"),
        ("live_confirm_seconds", "0", "grading.settings.live_confirm", "0s"),
        ("live_under_losses", "true", "grading.settings.live_under_losses", True),
        ("tackles_from_attempts", "true", "grading.settings.tackles_from_attempts", True),
        ("regrade_window_hours", "1", "grading.settings.regrade_window", "1h"),
        ("regrade_window", "0s", "grading.settings.regrade_window", "0s"),
        ("regrade_every_minutes", "5", "grading.settings.regrade_every", "5m"),
        ("interval", "10m", "grading.schedule.interval", "10m"),
        ("live", "true", "grading.schedule.live", True),
        ("faster_after_successes", "5", "grading.schedule.faster_after_successes", 5),
        ("name_score", "90.5", "names.accept.score", Decimal("90.5")),
    ],
)
def test_a_setting_by_its_name(name: str, value: str, path: str, expected: object) -> None:
    before = policy()
    after = with_setting(before, name, value)
    assert value_of(after, path) == expected != value_of(before, path)
    assert after.hash != before.hash == policy().hash
    assert after.places is before.places


def test_every_setting_has_a_name_and_takes_the_value_that_it_has() -> None:
    before = policy()
    present = {
        **before.grading.settings.model_dump(),
        **before.grading.schedule.model_dump(),
        **{f"card_{key}": value for key, value in before.participation.default.cards.model_dump().items()},
        **{f"name_{key}": value for key, value in before.names.accept.model_dump().items()},
        "void_window": before.participation.default.void_window,
        "participation": before.participation.default.participation,
    }
    assert set(present) == set(SETTING_NAMES)
    for name, value in present.items():
        after = with_setting(before, name, str(value).lower() if isinstance(value, bool) else str(value))
        assert (after.grading, after.names) == (before.grading, before.names)
        assert after.participation.default == before.participation.default


def test_an_override_holds_for_every_bookmaker_and_market() -> None:
    after = with_setting(policy(), "participation", "must_appear").participation
    assert [(own.participation, own.markets) for own in after.bookmakers.values()] == [(None, {}), (None, {})]
    assert after.bookmakers["Bet365"].void_window == "24h", "what is not about participation stays"
    windows = with_setting(policy(), "void_window", "1h").participation.bookmakers
    assert [own.void_window for own in windows.values()] == [None, None]
    assert windows["Other"].participation == "must_start"
    cards = with_setting(policy(), "card_red", "2").participation.bookmakers
    assert cards["Bet365"].cards is not None
    assert (cards["Bet365"].cards.red, cards["Bet365"].cards.most_per_player) == (2, 2)
    assert cards["Other"].cards is None


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("partcipation", "must_start", "--set partcipation: there is no such setting; did you mean `participation`?"),
        ("", "x", "--set : there is no such setting\n"),
        ("live_confirm_days", "1", "did you mean `live_confirm`?"),
        ("participation", "must_starts", "--set participation=must_starts: must be 'must_appear' or 'must_start'"),
        ("participation_hours", "1", "there is no such setting"),
        ("live_confirm", "30", "--set live_confirm=30: must be a duration such as 72h, 30m or 15s"),
        ("live_confirm_seconds", "-1", "--set live_confirm_seconds=-1: must be a number of seconds, not negative"),
        ("live_confirm_seconds", "0.5", "that comes to whole seconds"),
        ("live_confirm_seconds", "nan", "must be a number of seconds"),
        ("live_confirm_seconds", "1e30", "must be a duration such as"),
        ("live_under_losses", "yes", "--set live_under_losses=yes: must be true or false"),
        ("card_red", "1.5", "--set card_red=1.5: must be a whole number"),
        ("card_red", "99", "--set card_red=99: must be less than or equal to 10"),
        ("name_score", "NaN", "--set name_score=NaN: must be a finite number"),
        ("name_score", "much", "must be a number"),
        ("regrade_every", "0s", "--set regrade_every=0s: `regrade_every` (0s) must be at least 1m"),
        ("regrade_every", "80h", "`regrade_every` (80h) is more than `regrade_window` (72h)"),
        ("interval", "10s", "--set interval=10s: `interval` (10s) is less than `shortest` (60s)"),
    ],
)
def test_what_cannot_be_set_is_told(name: str, value: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        with_setting(policy(), name, value)
    assert told in caught.value.render()
    if "no such setting" in told:
        assert all(known in caught.value.render() for known in SETTING_NAMES)
