"""Why two replays differ: the rule, the condition within it, and what each came to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from policytrader.app.replay.causes import Cause, CauseKind, causes_between
from policytrader.app.replay.compare import Difference, difference_of
from policytrader.app.replay.why import count_causes, explain_differences
from policytrader.engine.evaluate import evaluate
from policytrader.model.journal import Purpose
from policytrader.resources import resource
from policytrader.wiring import read_snapshot
from tests.app.replay.replays import HOUR, invalid, money, order, pick
from tests.one_day import MINUTE, OFF
from tests.policy_edits import (
    DEARER,
    KEEPS_BETS,
    LARGER_ORDERS,
    LARGER_POSITIONS,
    MILDER,
    MORE_EARLY,
    NARROW,
    OTHER_WORDS,
    PATIENT,
    SEVEN,
)

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from policytrader.model.snapshot import Snapshot
    from policytrader.policy.policy_set import PolicySet
    from tests.policy_edits import Edited


OTHER_NAME = (
    ("validation", "eight-to-seven-place", "seven-left"),
    ("cash_out", "eight-to-seven-place]", "seven-left]"),
    ("cash_out", "invalidated_by: eight-to-seven-place,", "invalidated_by: seven-left,"),
)
SLIPPING = ("cash_out", "max_slippage_ticks: 5", "max_slippage_ticks: 9")
SLOWER = ("schedule", '{from: "10:00", every: 15s}', '{from: "10:00", every: 30s}')


def scenario(number: str) -> Snapshot:
    (folder,) = (resource("golden") / "racing").glob(f"{number}-*")
    return read_snapshot(folder)


def causes(before: PolicySet, after: PolicySet, number: str) -> dict[str, tuple[Cause, ...]]:
    plans = [evaluate(policy, scenario(number), explain=True) for policy in (before, after)]
    refs = [one.selection.selection_ref for one in plans[0]]
    found = {ref: causes_between(plans[0], plans[1], ref) for ref in refs}
    return {ref: cause for ref, cause in found.items() if cause}


def told(cause: Cause) -> list[str]:
    """``A text | B text`` for each comparison."""

    def words(leaf: object) -> str:
        return (
            "-" if leaf is None else " ".join(str(getattr(leaf, name)) for name in ("field", "seen", "text", "truth"))
        )

    return [f"{words(one.before)} | {words(one.after)}" for one in cause.conditions]


RULE = "rule short-price-removed"
CASES: list[tuple[str, list[tuple[str, str, str]], dict[str, list[str]]]] = [
    ("25", [OTHER_WORDS], {"profit": [RULE], "loss": [RULE]}),
    ("25", [KEEPS_BETS], {ref: ["cash-out trigger close-invalidated"] for ref in ("profit", "loss")}),
    ("01", [MORE_EARLY], {"w": ["staking step 1h"], "a": ["staking step 1h"]}),
    ("01", [SEVEN], {"a": ["rule eight-to-seven-place"], "b": ["rule eight-to-seven-place"]}),
    ("43", [LARGER_ORDERS, LARGER_POSITIONS], {"back-over": ["protection max_order"]}),
    ("34", [PATIENT], {ref: ["order: cancel_unmatched_after"] for ref in ("second-over", "full", "lay")}),
    ("38", [NARROW], {ref: ["staking step fully_matched_within"] for ref in ("back-99p", "lay-99p")}),
    ("40", [DEARER], {"there": ["entry rule back-at-requested-or-better"]}),
]


@pytest.mark.parametrize(("number", "edits", "expected"), CASES)
def test_the_part_of_the_policy_that_made_the_difference(
    number: str, edits: list[tuple[str, str, str]], expected: dict[str, list[str]], edited: Edited
) -> None:
    found = causes(edited(), edited(*edits), number)
    assert {ref: [cause.label for cause in own] for ref, own in found.items() if ref in expected} == expected
    if number != "01":
        assert set(found) == set(expected)
    back = causes(edited(*edits), edited(), number)
    assert {ref: [cause.label for cause in own] for ref, own in back.items()} == {
        ref: [cause.label for cause in own] for ref, own in found.items()
    }


def test_the_condition_within_the_rule(edited: Edited) -> None:
    """A fact's value, and the comparison of each runner that made it another."""
    (cause,) = causes(edited(), edited(MILDER), "25")["profit"]
    assert (cause.kind, cause.name) == (CauseKind.VALIDATION, "short-price-removed")
    assert cause.before == "true: invalidate Invalid Short Price Removed"
    assert cause.after == "not true"
    assert told(cause) == [
        (
            "fact.short_priced_removed Short Cut, 8.00 this morning not empty true | "
            "fact.short_priced_removed none not empty false"
        ),
        "runner.reference_price None < 12.00  | runner.reference_price None < 8.00 ",
    ]
    (cause,) = causes(edited(), edited(SEVEN), "01")["a"]
    assert told(cause) == ["fact.active_runners 7 <= 7 true | fact.active_runners 7 <= 6 false"]


def test_a_rule_that_only_one_policy_has(edited: Edited) -> None:
    found = causes(edited(), edited(*OTHER_NAME), "01")
    by_name = {cause.name: cause for cause in found["a"]}
    assert set(by_name) == {"eight-to-seven-place", "seven-left"}
    assert by_name["seven-left"].before == "no such rule"
    assert by_name["eight-to-seven-place"].after == "no such rule"
    assert [one.before for one in by_name["seven-left"].conditions] == [None, None]


def test_effect_and_limits_are_told(edited: Edited) -> None:
    (cause,) = causes(edited(), edited(OTHER_WORDS), "25")["loss"]
    assert (cause.before, cause.after) == (
        "true: invalidate Invalid Short Price Removed",
        "true: invalidate Favourite gone",
    )
    assert cause.conditions == ()
    (cause,) = causes(edited(), edited(LARGER_ORDERS, LARGER_POSITIONS), "43")["back-over"]
    assert cause.before.startswith("refuses (stake 100")
    assert cause.after.startswith("does not refuse (stake 160")
    (cause,) = causes(edited(), edited(MORE_EARLY), "01")["w"]
    assert (cause.before, cause.after) == ("step 1h: 36.00 of at most 50.00", "step 1h: 40.00 of at most 50.00")


def test_only_the_rules_that_differ_are_named(edited: Edited) -> None:
    """The 8 to 7 rule holds under both; the one before it took over."""
    after = edited(("validation", "short_priced_removed, op: not_empty}", "short_priced_removed, op: empty}"))
    (cause,) = causes(edited(), after, "01")["a"]
    assert cause.label == RULE


# --- From a replay --------------------------------------------------------------------------------------------------


def difference(ref: str = "profit", at: timedelta = HOUR) -> Difference:
    """B goes on where A stops."""
    stopped = invalid(pick(ref), OFF - at, "Invalid Short Price Removed", "short-price-removed")
    found = difference_of(stopped, pick(ref, order(ref, at, "8.00", "6.00")))
    assert found is not None
    return found


def test_each_difference_is_decided_again_at_its_moment(edited: Edited) -> None:
    asked: list[tuple[str, datetime]] = []

    def snapshot_of(ref: str, at: datetime) -> Snapshot:
        asked.append((ref, at))
        return scenario("25")

    policies = edited(), edited(MILDER)
    found = explain_differences([difference(), difference("loss", 2 * HOUR)], policies, snapshot_of)
    assert asked == [("profit", OFF - HOUR), ("loss", OFF - 2 * HOUR)]
    assert [one.names for one in found] == [(RULE,), (RULE,)]
    (count,) = count_causes(found)
    assert (count.names, count.picks, count.net) == ((RULE,), 2, money(-12))


def test_inputs_are_never_taken_for_others(edited: Edited) -> None:
    """Neither from the pick before, nor from the same pick at another moment."""
    later = scenario("25")
    earlier = replace(later, now=later.now - 8 * HOUR)
    policies = edited(), edited(MORE_EARLY)
    found = explain_differences(
        [difference(at=HOUR), difference(at=9 * HOUR), difference("loss", at=HOUR)],
        policies,
        lambda _ref, at: later if at == OFF - HOUR else earlier,
    )
    step, none = [CauseKind.STAKING], [CauseKind.ELSEWHERE]
    assert [[cause.kind for cause in one.causes] for one in found] == [step, none, step]


def test_without_inputs_nothing_is_guessed(edited: Edited) -> None:
    policies = edited(), edited(MILDER)
    for snapshot_of in (lambda _ref, _at: None, lambda _ref, _at: scenario("01")):
        (found,) = explain_differences([difference()], policies, snapshot_of)
        assert [cause.kind for cause in found.causes] == [CauseKind.UNKNOWN]
        assert found.names == ("not known",)


def kinds(edited: Edited, one: Difference | None, *edits: tuple[str, str, str]) -> list[CauseKind]:
    """Of a difference on inputs on which both policies decide alike."""
    assert one is not None
    (found,) = explain_differences([one], (edited(), edited(*edits)), lambda _ref, _at: scenario("25"))
    return [cause.kind for cause in found.causes]


def test_what_lies_beside_the_inputs(edited: Edited) -> None:
    whole, half = (order("profit", HOUR, "8.00", "3.00", size_matched=money(size)) for size in ("3.00", "1.50"))
    fate = difference_of(pick("profit", whole), pick("profit", half))
    assert kinds(edited, fate, LARGER_ORDERS) == [CauseKind.MATCHING]
    assert kinds(edited, fate, PATIENT) == [CauseKind.ORDER]
    later = difference_of(pick("profit", whole), pick("profit", half, order("profit", MINUTE, "8.00", "1.50")))
    assert kinds(edited, later, LARGER_ORDERS) == [CauseKind.MATCHING]
    assert kinds(edited, later, PATIENT) == [CauseKind.ORDER]
    alone = difference_of(pick("profit"), pick("profit", whole))
    assert kinds(edited, alone, LARGER_ORDERS) == [CauseKind.ELSEWHERE]
    assert kinds(edited, alone, SLOWER) == [CauseKind.SCHEDULE]
    hedge = order("profit", HOUR, "8.00", "3.00", purpose=Purpose.HEDGE)
    closed = difference_of(pick("profit"), pick("profit", hedge))
    assert kinds(edited, closed, SLIPPING) == [CauseKind.CASH_OUT]
    paid = difference_of(pick("profit", commission=money("0.5")), pick("profit", commission=money(1)))
    assert kinds(edited, paid, MILDER) == [CauseKind.COMMISSION]
    assert paid is not None
    (found,) = explain_differences([paid], (edited(), edited(MILDER)), lambda _ref, _at: None)
    assert [(cause.before, cause.after) for cause in found.causes] == [("0.50", "1.00")]


def test_a_pick_counts_once_so_that_the_money_adds_up(edited: Edited) -> None:
    """Also where two parts of the policy made the difference together."""
    policies = edited(), edited(MORE_EARLY, DEARER)
    differences = [difference("w"), difference("a")]
    found = explain_differences(differences, policies, lambda _ref, _at: scenario("01"))
    counts = count_causes(found)
    assert sum(one.picks for one in counts) == 2
    assert sum(one.net for one in counts) == sum(one.net for one in differences)
