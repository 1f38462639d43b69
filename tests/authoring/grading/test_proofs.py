"""The proofs of the margin table and of the money, beside plain counting."""

from __future__ import annotations

import random
import re
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytrader.authoring.load import load_grading
from policytrader.policy.grading.formulas import FormulaError, evaluate
from policytrader.resources import resource
from tests.authoring.grading.written import TEXTS, errors_of, warnings_of

if TYPE_CHECKING:
    from policytrader.policy.grading.rules import MarginRow

_ROWS = TEXTS["grading"].split("  rows:\n    - {margin")[1].split("returns:")[0]
ROWS = "    - {margin" + _ROWS
QUARTER = Decimal("0.25")
FAR = 3
"""Beyond the rows that are made here nothing changes any more."""


def rows_text(margins: list[str]) -> str:
    return "".join(f'    - {{margin: "{margin}", outcome: won, reason: line}}\n' for margin in margins)


def meets(margin: str, value: Decimal) -> bool:
    """As a reader takes it, not as the proof does."""
    sign, _, bound = margin.rpartition(" ")
    limit = Decimal(bound)
    return value >= limit if sign == ">=" else value <= limit if sign == "<=" else value == limit


def margins_told(text: str) -> tuple[Decimal, Decimal]:
    """The margins that a message about a gap names."""
    found = [Decimal(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]
    if "at or below" in text:
        return Decimal(-FAR), found[0]
    if "at or above" in text:
        return found[0], Decimal(FAR)
    return found[0], found[-1]


@pytest.mark.parametrize("seed", range(150))
def test_what_is_told_of_a_table_is_what_counting_finds(seed: int) -> None:
    """Random tables: the gaps named are the margins that no row meets; overlaps are told where two rows meet."""
    chance = random.Random(seed)  # noqa: S311 - tables, not secrets
    edges = [f"<= {chance.randint(-8, 2) * QUARTER}", f">= {chance.randint(-2, 8) * QUARTER}"]
    singles = [str(number * QUARTER) for number in range(-4, 5) if chance.random() < 0.7]
    margins = [margin for margin in (*edges, *singles) if chance.random() < 0.9] or edges
    chance.shuffle(margins)
    values = [number * QUARTER for number in range(-4 * FAR, 4 * FAR + 1)]
    hits = {value: [margin for margin in margins if meets(margin, value)] for value in values}
    told = [one.message for one in errors_of(("grading", ROWS, rows_text(margins)))]
    gaps = [margins_told(message) for message in told if message.startswith("no row")]
    named = {value for value in values for low, high in gaps if low <= value <= high}
    assert named == {value for value, found in hits.items() if not found}
    pairs = {frozenset(found) for found in hits.values() if len(found) == 2}
    pairs |= {frozenset((one, other)) for found in hits.values() for one in found for other in found if one != other}
    overlaps = {frozenset(re.findall(r"`([^`]+)`", message)) for message in told if "both meet" in message}
    assert overlaps == pairs


def test_a_better_margin_with_a_worse_outcome_is_a_warning() -> None:
    swapped = ("grading", 'margin: "0.25", outcome: half_win', 'margin: "0.25", outcome: lost')
    (found,) = warnings_of(swapped)
    assert (found.code, found.marked) == ("W215", "lost")
    assert found.message == "lost at `0.25` is worse than refund at `0`"


@given(
    st.integers(-60, 60),
    st.decimals(Decimal("0.01"), Decimal(1000), places=2),
    st.decimals(Decimal("1.01"), Decimal(50), places=2),
)
def test_the_shipped_table_and_money_are_two_half_stakes(steps: int, stake: Decimal, odds: Decimal) -> None:
    """A quarter line is half a stake on each of the two lines beside it."""
    policy = SHIPPED.grading
    margin = steps * QUARTER

    def outcome(at: Decimal) -> str:
        (row,) = [row for row in policy.margin_table.rows if is_within(row, at)]
        return row.outcome

    def brings(what: str, amount: Fraction) -> Fraction:
        return evaluate(getattr(policy.returns, what), Decimal(1), odds) * amount

    whole = brings(outcome(margin), Fraction(stake))
    if steps % 2:
        halves = sum(brings(outcome(margin + side * QUARTER), Fraction(stake) / 2) for side in (-1, 1))
        assert whole == halves
    else:
        assert whole in {0, Fraction(stake), Fraction(stake) * Fraction(odds)}


SHIPPED = load_grading(resource("rules"))


def is_within(row: MarginRow, margin: Decimal) -> bool:
    low, high = row.bounds
    return (low is None or low <= margin) and (high is None or margin <= high)


FORMS = (
    ("won", "stake*odds", True),
    ("won", "odds * (stake + 0)", True),
    ("won", "stake + stake * (odds - 1)", True),
    ("won", "stake + stake * (odds - 1) * 0.98", False),
    ("won", "stake * odds + (stake - 10) * (stake - 11) * (stake - 12) * (odds - 3)", False),
    ("won", "stake * odds + (odds - 3) * (odds - 3.5) * (odds - 4) * (odds - 4.5) * stake", False),
    ("won", "stake * stake * odds / 10", False),
    ("won", "1 / 0 * stake", False),
    ("half_win", "0.5 * stake * odds + 0.5 * stake", True),
    ("half_win", "stake * odds / 2", False),
    ("half_win", "stake", False),
    ("half_loss", "stake * 0.5", True),
    ("half_loss", "-stake / 2", False),
    ("lost", "stake - stake", True),
    ("lost", "odds - odds + 0.01", False),
    ("refund", "(stake)", True),
    ("refund", "stake * 3 / 3", True),
)


@pytest.mark.parametrize(("outcome", "formula", "is_right"), FORMS)
def test_a_formula_counts_by_what_it_comes_to(outcome: str, formula: str, is_right: bool) -> None:  # noqa: FBT001
    written = {"won": "won: stake * odds", "half_win": "half_win: stake * (odds + 1) / 2", "refund": "refund: stake",
               "half_loss": "half_loss: stake / 2", "lost": 'lost: "0"'}[outcome]  # fmt: skip
    found = errors_of(("grading", written, f'{outcome}: "{formula}"'))
    assert [one.code for one in found] in ([[]] if is_right else [["E225"], ["E105"]])


def test_a_counterexample_is_one() -> None:
    """The stake and odds that are named do give the two amounts that are named."""
    formula = "stake * odds + (stake - 10) * (stake - 11) * (odds - 3)"
    (found,) = errors_of(("grading", "won: stake * odds", f"won: {formula}"))
    actual, stake, odds, expected = map(Decimal, re.findall(r"\d+(?:\.\d+)?", found.message))
    assert evaluate(formula, stake, odds) == Fraction(actual) != Fraction(expected)
    assert Fraction(expected) == Fraction(stake) * Fraction(odds)
    with pytest.raises(FormulaError):
        evaluate("__import__('os')", stake, odds)
