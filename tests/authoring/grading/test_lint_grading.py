"""The numbered checks over grading policies."""

from __future__ import annotations

import pytest

from policytrader.authoring.families import FOOTBALL
from policytrader.authoring.lint import lint
from policytrader.authoring.load import load_files, policy_files
from policytrader.resources import resource
from tests.authoring.grading.written import Edit, Told, edited, loaded, warnings_of


def rule(name: str, when: str, then: str = "{pending: var_pending}", more: str = "") -> str:
    return (
        f"  - id: {name}\n    title: A rule\n    why: To be looked at.\n    when: {when}\n    then: {then}\n{more}"
        "    tests: [{name: one, given: {}, expect: next}]\n"
    )


def added_before(name: str, text: str) -> Edit:
    return ("grading", f"  - id: {name}\n", f"{text}  - id: {name}\n")


def test_the_small_policy_is_clean() -> None:
    assert warnings_of() == []


def test_the_shipped_policy_is_clean() -> None:
    files = policy_files(resource("rules"), FOOTBALL)
    result = load_files(files, complete=True, shown_in=str(resource("rules")), family=FOOTBALL)
    assert [one.render() for one in (*result.diagnostics, *lint(result))] == []


NEVER = "never fires: `not-finished` always comes first"
CASES = (
    (
        "an earlier rule is true wherever it is",
        added_before("line", rule("late", "{field: fixture.status, op: eq, value: LIVE}")),
        Told("W203", "grading", "late", f"rule `late` {NEVER}"),
    ),
    (
        "of some bets, by a rule about all",
        added_before(
            "line",
            rule("late", "{field: fixture.status, op: in, value: [LIVE, HALF_TIME]}",
                 more="    applies_to: {scope: [team], direction: [over]}\n"),
        ),
        Told("W203", "grading", "late", f"rule `late` {NEVER}"),
    ),
    (
        "the same rule twice",
        added_before("line", rule("again", "{field: fixture.status, op: ne, value: FINISHED}",
                                  "{pending: not_finished}",
                                  "    on_missing: not_finished\n")),
        Told("W201", "grading", "again", "rule `again` says the same as `not-finished` (line 11)"),
    ),
    (
        "contradiction",
        added_before(
            "line",
            rule("odd", "{all: [{field: bet.margin, op: gte, value: 0.5}, {field: bet.margin, op: lt, value: 0}]}"),
        ),
        Told("W202", "grading", "bet.margin", "`bet.margin lt 0` can never be true together with `bet.margin gte 0.5` "
             "(line 31)"),
    ),
    (
        "not for the bets that the rule is about",
        added_before(
            "line", rule("odd", "{field: bet.scope, op: eq, value: team}", more="    applies_to: {scope: [player]}\n")
        ),
        Told("W202", "grading", "bet.scope",
             "`bet.scope eq team` can never be true: not for the bets that the rule applies to"),
    ),
    (
        "always true",
        ("grading", "otherwise:", rule("odd", "{any: [{field: bet.manual_override, op: is_true}, "
                                       "{field: bet.manual_override, op: is_false}]}") + "otherwise:"),
        Told("W204", "grading", "bet.manual_override", "`bet.manual_override is_false` is true wherever "
             "`bet.manual_override is_true` (line 39) is false, so this can never be false"),
    ),
    (
        "no test",
        ("grading", ("    tests:\n      - {name: on the bench, given: {bet.scope: player, player.took_part: false}, "
         "expect: refund}\n"), ""),
        Told("W208", "grading", "did-not-play", "rule `did-not-play` has no test"),
    ),
    (
        "alias of its own name",
        ("markets", "- Player Total Goals", "- player  GOALS"),
        Told("W214", "markets", "player  GOALS", "`player  GOALS` is the name of its own market"),
    ),
)  # fmt: skip


@pytest.mark.parametrize(("edit", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_hardly_meant_is_a_warning(edit: Edit, expected: Told) -> None:
    assert warnings_of(edit) == [expected]


def test_what_only_some_bets_are_decided_by_shadows_nothing() -> None:
    """`did-not-play` is about players; of a bet without a known market nobody knows whose count it is."""
    assert warnings_of(added_before("line", rule("late", "{field: player.took_part, op: is_false}"))) == []


def test_rules_about_every_scope_leave_the_bets_without_one() -> None:
    condition = "{field: bet.is_sound, op: is_false}"
    scoped = rule("scoped", condition, more="    applies_to: {scope: [player, team, match]}\n")
    assert warnings_of(added_before("line", scoped + rule("late", condition, "{pending: invalid_bet}"))) == []
    everybody = rule("scoped", condition)
    found = warnings_of(added_before("line", everybody + rule("late", condition, "{pending: invalid_bet}")))
    assert [(one.code, one.marked) for one in found] == [("W203", "late")]


def test_unknown_decides_unless_it_passes() -> None:
    """`on_missing` with a reason stops there, so that a rule about the missing value is never asked."""
    late = added_before("line", rule("late", "{field: fixture.status, op: is_missing}"))
    assert [one.code for one in warnings_of(late)] == ["W203"]
    passing = ("grading", "    on_missing: not_finished\n", "    on_missing: pass\n")
    assert warnings_of(late, passing) == []


def test_a_check_is_switched_off_by_its_number() -> None:
    alias = ("markets", "- Player Total Goals", "- player goals")
    assert [one.code for one in warnings_of(alias)] == ["W214"]
    assert warnings_of(alias, ("markets", "end: markets", "ignore: [W214]\nend: markets")) == []


def test_a_fixed_word_of_the_remedy_fits_the_rule() -> None:
    """W208 shows what a test of this rule would expect."""
    tests = "    tests:\n      - {name: a quarter past, given: {bet.margin: 0.25}, expect: half_win}\n"
    (found,) = lint(loaded(edited(("grading", tests + "      - {name: no count, given: {}, expect: next}\n", ""))))
    assert "expect: won}" in found.help
