"""The numbered checks: what each finds, what it leaves alone, and that what is called impossible is impossible."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policytrader.authoring.boxes import Claim, Solver
from policytrader.authoring.lint import CHECKS, lint, lint_file
from policytrader.authoring.load import load_document, load_files, policy_files
from policytrader.authoring.yaml import read_yaml
from policytrader.errors import Severity
from policytrader.policy.conditions import All, AnyOf, Condition, Leaf, Not
from policytrader.policy.fields import SELECTION_FIELDS, FieldType, Operator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from policytrader.errors import Diagnostic

RULES = Path(__file__).parents[2] / "rules" / "racing"


def lint_text(text: str) -> list[Diagnostic]:
    document = read_yaml(text.encode(), "rules.yaml")
    file, found = load_document(document)
    assert found == []
    assert file is not None
    return lint_file(file.kind, file.model, document)


def numbers(text: str) -> list[str]:
    return [found.code for found in lint_text(text)]


def rule(
    name: str, when: str, *, applies_to: str = "{}", on_missing: str = "hold", then: str = "{hold: Not now}"
) -> str:
    return (
        f"  - id: {name}\n    title: A rule\n    why: It explains something.\n    applies_to: {applies_to}\n"
        f"    when: {when}\n    then: {then}\n    on_missing: {on_missing}\n"
        "    tests: [{name: nothing, given: {}, expect: hold}]\n"
    )


def validation(*rules: str, facts: str = "{}") -> str:
    return f"policy: validation\nversion: 1\nfacts: {facts}\nrules:\n{''.join(rules)}"


def trigger(name: str, when: str, applies_to: str = "{}") -> str:
    return (
        f"  - id: {name}\n    title: A trigger\n    why: It explains something.\n    applies_to: {applies_to}\n"
        f"    when: {when}\n    then: {{cash_out: full, max_slippage_ticks: 5}}\n"
        "    tests: [{name: nothing, given: {}, expect: leave}]\n"
    )


def cash_out(*triggers: str) -> str:
    return f"policy: cash_out\nversion: 1\ntriggers:\n{''.join(triggers)}"


def price(op: str, value: str) -> str:
    return f"{{field: runner.best_back, op: {op}, value: {value}}}"


IN_PLAY = "{field: market.in_play, op: is_true}"
OPEN = "{field: market.status, op: eq, value: OPEN}"
COUNT = "{total: {count: runners, where: {field: runner.status, op: eq, value: ACTIVE}}}"


def count(op: str, value: int) -> str:
    return f"{{field: fact.total, op: {op}, value: {value}}}"


# -- conditions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "facts"),
    [
        (f"{{all: [{price('lt', '5')}, {price('gte', '5')}]}}", "{}"),
        (f"{{all: [{price('gt', '5')}, {price('lt', '5.01')}]}}", "{}"),
        (f"{{all: [{price('lte', '5')}, {IN_PLAY}, {{not: {price('lt', '8')}}}]}}", "{}"),
        (f"{{all: [{price('lt', '5')}, {{field: runner.best_back, op: is_missing}}]}}", "{}"),
        (f"{{not: {{any: [{IN_PLAY}, {{not: {IN_PLAY}}}]}}}}", "{}"),
        (f"{{any: [{{all: [{OPEN}, {{not: {OPEN}}}]}}, {IN_PLAY}]}}", "{}"),
        ("{field: reference.number_of_runners, op: eq, value: 7.5}", "{}"),
        ("{field: reference.number_of_runners, op: lt, value: 0}", "{}"),
        ("{field: runner.best_back, op: lt, other: runner.best_back}", "{}"),
        (
            (
                "{all: [{field: runner.best_back, op: lt, other: runner.best_lay}, "
                "{field: runner.best_lay, op: is_missing}]}"
            ),
            "{}",
        ),
        (
            (
                "{all: [{field: runner.best_back, op: lt, other: runner.best_lay}, "
                "{field: runner.best_lay, op: lte, other: runner.best_back}]}"
            ),
            "{}",
        ),
        (
            (
                "{all: [{field: market.course, op: in, value: [Ascot, York]}, "
                "{field: market.course, op: not_in, value: [York, Ascot, Ayr]}]}"
            ),
            "{}",
        ),
        (f"{{all: [{count('gte', 8)}, {count('lt', 8)}]}}", COUNT),
        (
            "{all: [{field: fact.total, op: contains, value: 7}, {field: fact.total, op: empty}]}",
            "{total: {list: runner.selection_id, where: {field: runner.status, op: eq, value: REMOVED}}}",
        ),
        ("{all: [{field: market.price_age, op: gt, value: 1m}, {field: market.price_age, op: lte, value: 60s}]}", "{}"),
    ],
)
def test_a_condition_that_is_never_true_is_found(when: str, facts: str) -> None:
    assert numbers(validation(rule("a", when), facts=facts)) == ["W202"]


@pytest.mark.parametrize(
    ("when", "facts"),
    [
        (f"{{all: [{price('lte', '5')}, {price('gte', '5')}]}}", "{}"),
        (f"{{all: [{price('gt', '5')}, {price('lt', '5.02')}]}}", "{}"),
        # Prices need not stand on the ladder: what a trader asks for does not.
        (("{all: [{field: selection.price_requested, op: gt, value: 20}, "
         "{field: selection.price_requested, op: lt, value: 20.5}]}"), "{}"),
        ("{field: runner.best_back, op: lt, other: runner.best_lay}", "{}"),
        ("{field: market.price_age, op: lt, value: 0s}", "{}"),
        (f"{{any: [{OPEN}, {{field: market.status, op: is_missing}}]}}", "{}"),
        # Between two bounds only, a count is neither.
        (f"{{any: [{count('gte', 8)}, {count('lt', 7)}]}}", COUNT),
    ],
)  # fmt: skip
def test_a_condition_that_can_be_both_is_left_alone(when: str, facts: str) -> None:
    assert numbers(validation(rule("a", when), facts=facts)) == []


def test_what_a_rule_applies_to_counts() -> None:
    of_nobody = rule("a", "{field: selection.side, op: eq, value: LAY}", applies_to="{side: [BACK]}")
    (found, *rest) = lint_text(validation(of_nobody, rule("b", IN_PLAY)))
    assert (found.code, found.place.line, rest) == ("W202", 9, [])
    assert "not for the selections that the rule applies to" in found.message


@pytest.mark.parametrize(
    "when",
    [
        f"{{any: [{price('lt', '5')}, {price('gte', '5')}]}}",
        f"{{any: [{OPEN}, {{field: market.status, op: ne, value: OPEN}}]}}",
        f"{{all: [{IN_PLAY}, {price('gte', '1.01')}]}}",
        f"{{not: {{all: [{price('lt', '5')}, {price('gt', '8')}]}}}}",
        "{field: position.size_matched, op: gte, value: 0}",
        "{field: market.status, op: in, value: [OPEN, CLOSED, INACTIVE, SUSPENDED]}",
    ],
)
def test_a_condition_that_is_never_false_is_found(when: str) -> None:
    assert numbers(validation(rule("a", when))) == ["W204"]


def test_a_fact_may_be_about_every_runner() -> None:
    every = "{total: {count: runners, where: {field: runner.reference_price, op: gte, value: 1}}}"
    assert numbers(validation(rule("a", count("lt", 8)), facts=every)) == []
    none = "{total: {count: runners, where: {field: runner.reference_price, op: lt, value: 1}}}"
    assert numbers(validation(rule("a", count("lt", 8)), facts=none)) == ["W202"]


# -- rules beside each other -------------------------------------------------------------------------------------------


def test_the_same_rule_twice_is_found_however_it_is_spelt() -> None:
    one = rule("a", f"{{all: [{price('in', '[2, 3.0]')}, {IN_PLAY}, {OPEN}]}}")
    two = rule("b", f"{{all: [{OPEN}, {IN_PLAY}, {price('in', '[3, 2.00, 2]')}]}}")
    assert numbers(validation(one, two)) == ["W201"]
    other_verdict = rule("c", f"{{all: [{OPEN}, {IN_PLAY}, {price('eq', '2')}]}}", then="{hold: Something else}")
    assert numbers(validation(one, other_verdict)) == ["W203"]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (price("lt", "12"), price("lt", "8"), ["W203"]),
        (price("lt", "8"), price("lt", "12"), []),
        (f"{{any: [{IN_PLAY}, {OPEN}]}}", f"{{all: [{OPEN}, {price('lt', '8')}]}}", ["W203"]),
        (f"{{all: [{IN_PLAY}, {OPEN}]}}", OPEN, []),
        # Where the first is unknown it holds, so that the second is not asked either.
        (
            f"{{all: [{price('gte', '1.02')}, {OPEN}]}}",
            f"{{all: [{OPEN}, {price('gte', '1.02')}, {IN_PLAY}]}}",
            ["W203"],
        ),
        (f"{{not: {OPEN}}}", "{field: market.status, op: in, value: [CLOSED, SUSPENDED]}", ["W203"]),
    ],
)
def test_a_rule_behind_one_that_always_comes_first_is_found(first: str, second: str, expected: list[str]) -> None:
    assert numbers(validation(rule("a", first), rule("b", second))) == expected


def test_what_the_earlier_rule_applies_to_counts() -> None:
    wide, narrow = price("lt", "12"), price("lt", "8")
    back = rule("back", wide, applies_to="{side: [BACK]}")
    lay = rule("lay", wide, applies_to="{side: [LAY]}")
    assert numbers(validation(back, rule("b", narrow))) == []
    (found,) = lint_text(validation(back, lay, rule("b", narrow)))
    assert found.message == "rule `b` never fires: `back` and `lay` always come first"
    assert numbers(validation(back, lay, rule("b", narrow, applies_to="{side: [BACK]}"))) == ["W203"]


def test_a_rule_that_lets_the_unknown_pass_does_not_stop_it() -> None:
    # Unknown in play, price known: the first passes it on, and the second fires.
    first = f"{{any: [{IN_PLAY}, {{not: {IN_PLAY}}}]}}"
    second = rule("b", price("lt", "12"))
    assert numbers(validation(rule("a", first), second)) == ["W204", "W203"]
    assert numbers(validation(rule("a", first, on_missing="pass"), second)) == ["W204"]
    known = rule("a", price("lt", "20"), on_missing="pass")
    assert numbers(validation(known, second)) == ["W203"]


def test_a_fact_between_two_bounds_does_not_stop_the_next_rule() -> None:
    # With 6 to 8 runners the first is unknown, and lets it pass; the second is unknown, too, or true.
    first = rule("a", f"{{any: [{count('gte', 7)}, {count('lt', 7)}]}}", on_missing="pass")
    assert numbers(validation(first, rule("b", count("lt", 9)), facts=COUNT)) == ["W204"]
    under = rule("a", count("lt", 9), on_missing="pass")
    assert numbers(validation(under, rule("b", count("lt", 8)), facts=COUNT)) == ["W203"]


def test_triggers_are_compared_and_unknown_does_not_stop_the_next() -> None:
    by = "{invalidated_by: [a-rule, another]}"
    assert numbers(cash_out(trigger("a", by), trigger("b", "{invalidated_by: [another]}"))) == ["W203"]
    assert numbers(cash_out(trigger("a", f"{{all: [{by}, {IN_PLAY}]}}"), trigger("b", by))) == []
    never_false = f"{{any: [{IN_PLAY}, {{not: {IN_PLAY}}}]}}"
    assert numbers(cash_out(trigger("a", never_false), trigger("b", by))) == ["W204"]
    assert numbers(cash_out(trigger("a", "{all: [{invalidated_by: [one-rule]}, {invalidated_by: [another]}]}"))) == [
        "W202"
    ]


def test_entry_rules_that_exclude_each_other_are_found() -> None:
    def entry(name: str, op: str, applies_to: str) -> str:
        when = f"{{field: runner.best_back, op: {op}, other: selection.price_requested}}"
        text = rule(name, when, applies_to=applies_to).replace("    then: {hold: Not now}\n    on_missing: hold\n", "")
        return text.replace("expect: hold", "expect: wait")

    def policy(*rules: str) -> str:
        return f"policy: entry\nversion: 1\nrules:\n{''.join(rules)}order: {{cancel_unmatched_after: 5m}}\n"

    assert numbers(policy(entry("a", "gte", "{}"), entry("b", "gte", "{side: [LAY]}"))) == []
    (found,) = lint_text(policy(entry("a", "gte", "{}"), entry("b", "lt", "{side: [LAY], market_type: [WIN]}")))
    assert found.message == "LAY WIN selections are never bet: `a` and `b` cannot all be true"


# -- the shipped rules, and what is switched off -----------------------------------------------------------------------


def test_the_shipped_rules_have_nothing_to_find() -> None:
    result = load_files(policy_files(RULES), complete=True, shown_in=str(RULES))
    assert result.errors == ()
    assert [found.render() for found in lint(result)] == []
    (staking,) = (file for file in result.files if file.kind == "staking")
    assert {found.code for found in lint_file("staking", staking.model, staking.document)} == {"W207"}


def test_a_file_switches_a_check_off_for_itself_only(tmp_path: Path) -> None:
    text = validation(
        rule("a", price("lt", "5")).replace("    tests: [{name: nothing, given: {}, expect: hold}]\n", "")
    )
    triggers = cash_out(trigger("a", IN_PLAY)).replace("    tests: [{name: nothing, given: {}, expect: leave}]\n", "")
    paths = [tmp_path / "validation.yaml", tmp_path / "cash_out.yaml"]
    for ignored, expected in (("[]", ["W208", "W208"]), ("[W208]", ["W208"]), ("[W207]", ["W208", "W208"])):
        paths[0].write_text(f"{text}ignore: {ignored}\n", encoding="utf-8")
        paths[1].write_text(triggers, encoding="utf-8")
        found = lint(load_files(paths, complete=False))
        assert [one.code for one in found] == expected
        assert {one.severity for one in found} == {Severity.WARNING}


def test_files_with_errors_are_not_linted(tmp_path: Path) -> None:
    path = tmp_path / "validation.yaml"
    path.write_text(validation(rule("a", price("lt", "5")), rule("a", price("lt", "5"))), encoding="utf-8")
    result = load_files([path], complete=False)
    assert [found.code for found in result.errors] == ["E206"]
    assert lint(result) == ()


def test_each_check_has_a_line() -> None:
    assert len(CHECKS) == 15
    assert all(line.endswith(".") and "\n" not in line for line in CHECKS.values())


# -- what is impossible ------------------------------------------------------------------------------------------------

# A field of each type, with values that the literals below tell apart; None is missing.
WORLD: Mapping[str, tuple[Any, ...]] = {
    "market.in_play": (None, True, False),
    "market.status": (None, "INACTIVE", "OPEN", "SUSPENDED", "CLOSED"),
    "market.course": (None, "Ascot", "York", "elsewhere"),
    "reference.number_of_runners": (None, 0, 6, 7, 8, 1000),
    "position.size_matched": (Decimal(0), Decimal("0.01"), Decimal(1), Decimal(2), Decimal(9)),
}
LITERALS: Mapping[FieldType, tuple[Any, ...]] = {
    FieldType.ENUM: ("OPEN", "CLOSED"),
    FieldType.TEXT: ("Ascot", "York"),
    FieldType.NUMBER: (0, 7, 8, Decimal("7.5")),
    FieldType.MONEY: (0, Decimal("0.01"), Decimal("2.00"), Decimal("0.005")),
}
COMPARE: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: lambda one, two: one == two,
    Operator.NE: lambda one, two: one != two,
    Operator.LT: lambda one, two: one < two,
    Operator.LTE: lambda one, two: one <= two,
    Operator.GT: lambda one, two: one > two,
    Operator.GTE: lambda one, two: one >= two,
    Operator.IN: lambda one, two: one in two,
    Operator.NOT_IN: lambda one, two: one not in two,
    Operator.BETWEEN: lambda one, two: two[0] <= one <= two[1],
}


@st.composite
def leaves(draw: st.DrawFn) -> Leaf:
    field = SELECTION_FIELDS[draw(st.sampled_from(sorted(WORLD)))]
    op = draw(st.sampled_from(field.operators))
    if op not in COMPARE:
        return Leaf(field=field.name, op=op)
    literals = st.sampled_from(LITERALS[field.type])
    if op is Operator.BETWEEN:
        return Leaf(field=field.name, op=op, value=tuple(sorted((draw(literals), draw(literals)))))
    is_list = op in {Operator.IN, Operator.NOT_IN}
    return Leaf(
        field=field.name, op=op, value=tuple(draw(st.lists(literals, min_size=1))) if is_list else draw(literals)
    )


conditions = st.recursive(
    leaves(),
    lambda parts: st.one_of(
        st.lists(parts, min_size=1, max_size=3).map(lambda listed: All(all=tuple(listed))),
        st.lists(parts, min_size=1, max_size=3).map(lambda listed: AnyOf(any=tuple(listed))),
        parts.map(lambda part: Not.model_validate({"not": part})),
    ),
    max_leaves=7,
)


def truth(condition: Condition, world: Mapping[str, Any]) -> bool | None:
    match condition:
        case All(all=parts):
            found = [truth(part, world) for part in parts]
            return False if False in found else None if None in found else True
        case AnyOf(any=parts):
            found = [truth(part, world) for part in parts]
            return True if True in found else None if None in found else False
        case Not(not_=part):
            inner = truth(part, world)
            return None if inner is None else not inner
        case Leaf(field=field, op=op, value=value):
            seen = world[field]
            if op in {Operator.IS_MISSING, Operator.IS_PRESENT}:
                return (seen is None) == (op is Operator.IS_MISSING)
            if seen is None:
                return None
            return COMPARE[op](seen, value) if op in COMPARE else seen == (op is Operator.IS_TRUE)
        case _:
            raise AssertionError(condition)


HOLDS: Mapping[Claim, set[bool | None]] = {
    Claim.TRUE: {True},
    Claim.FALSE: {False},
    Claim.NOT_TRUE: {False, None},
    Claim.NOT_FALSE: {True, None},
}
ALL_WORLDS = [dict(zip(WORLD, values, strict=True)) for values in product(*WORLD.values())]


@settings(max_examples=300)
@given(one=conditions, two=conditions, claims=st.tuples(st.sampled_from(Claim), st.sampled_from(Claim)))
def test_what_is_called_possible_is_exactly_what_some_snapshot_shows(
    one: Condition, two: Condition, claims: tuple[Claim, Claim]
) -> None:
    seen = any(truth(one, world) in HOLDS[claims[0]] and truth(two, world) in HOLDS[claims[1]] for world in ALL_WORLDS)
    assert Solver(SELECTION_FIELDS).is_possible((one, claims[0]), (two, claims[1])) == seen


def test_a_question_that_is_too_large_counts_as_possible() -> None:
    ways = AnyOf(any=tuple(Leaf(field="runner.best_back", op=Operator.EQ, value=2 + n) for n in range(20)))
    others = AnyOf(any=tuple(Leaf(field="runner.best_back", op=Operator.EQ, value=200 + n) for n in range(20)))
    between = [replace_field(ways, number) for number in range(4)]
    solver = Solver(SELECTION_FIELDS)
    assert not solver.is_possible((All(all=(ways, others)), Claim.TRUE))
    # Nor can this be; but who tries everything in between finds out in a hundred thousand steps.
    assert solver.is_possible((All(all=(ways, *between, others)), Claim.TRUE))
    assert not solver.is_exhausted


def replace_field(condition: AnyOf, number: int) -> AnyOf:
    field = ("runner.best_lay", "runner.last_traded", "selection.price_requested", "runner.best_back_size")[number]
    return AnyOf(any=tuple(part.model_copy(update={"field": field}) for part in condition.any))
