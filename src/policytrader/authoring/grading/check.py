"""Meaning of a grading policy: what a schema cannot see. Every finding is an error here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from policytrader.authoring.check_conditions import ConditionChecker
from policytrader.authoring.grading.margin import check_margins
from policytrader.authoring.grading.markets import check_markets
from policytrader.authoring.grading.money import check_returns
from policytrader.authoring.grading.terms import check_aliases, check_participation, check_term_markets
from policytrader.policy.conditions import Leaf, walk
from policytrader.policy.grading.markets import MarketsPolicy
from policytrader.policy.grading.names import NamesPolicy
from policytrader.policy.grading.participation import ParticipationPolicy
from policytrader.policy.grading.rules import BY_MARGIN, GradingPolicy, schedule_problem, settings_problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policytrader.authoring.yaml import YamlDocument
    from policytrader.errors import Diagnostic
    from policytrader.policy.rules import PolicyFile

_SCHEDULE_REMEDY: Final = (
    "In order: at least 1s, `shortest`, `interval`, `longest`; `first_look` before `give_up_after`."
)
_SETTINGS_REMEDY: Final = "Between 1m and `regrade_window`; `regrade_window: 0s` for results that stand at once."
_READ_AS_TERMS: Final = ("live_confirm", "live_under_losses")
"""Settings that mean something only through a rule that reads ``terms.<name>``."""


def check_grading_file(model: PolicyFile, document: YamlDocument) -> Iterator[Diagnostic]:
    """What one file of a grading policy says that cannot be meant."""
    match model:
        case MarketsPolicy():
            yield from check_markets(model, document)
        case ParticipationPolicy():
            yield from check_participation(model, document)
        case NamesPolicy():
            yield from check_aliases(model, document)
        case GradingPolicy():
            yield from _check_grading(model, document)
        case _:
            pass


def check_grading_set(files: Mapping[str, tuple[PolicyFile, YamlDocument]]) -> Iterator[Diagnostic]:
    """What the files of a grading policy say of one another."""
    if "markets" not in files:
        return
    markets, document = files["markets"]
    assert isinstance(markets, MarketsPolicy)
    if "participation" in files:
        participation, terms_document = files["participation"]
        assert isinstance(participation, ParticipationPolicy)
        yield from check_term_markets(participation, markets, terms_document)
    if "grading" in files:
        yield from _check_whole(markets, document)


def _check_whole(markets: MarketsPolicy, document: YamlDocument) -> Iterator[Diagnostic]:
    """The margin table is a table of quarter steps: a count that is not whole may fall between two of them."""
    for number, market in enumerate(markets.markets):
        if not market.is_whole:
            message = f"`{market.name}` does not count in whole numbers: its margins may fall between the table's rows"
            remedy = "Only whole statistics can be graded: delete the market, and its bets stay pending."
            yield document.diagnostic(("markets", number, "is_whole"), "E222", message, remedy, at_key=True)


def _check_grading(model: GradingPolicy, document: YamlDocument) -> Iterator[Diagnostic]:
    yield from ConditionChecker("grading", document, {}).rules("rules", model.rules)
    yield from check_margins(model.margin_table, document)
    yield from check_returns(model.returns, document)
    yield from _check_otherwise(model, document)
    yield from _check_settings(model, document)
    for part, found, remedy in (
        ("schedule", schedule_problem(model.schedule), _SCHEDULE_REMEDY),
        ("settings", settings_problem(model.settings), _SETTINGS_REMEDY),
    ):
        if found is not None:
            key, problem = found
            # A value that is left out has no place of its own.
            path = (part, key) if (part, key) in document.places else (part,)
            yield document.diagnostic(path, "E212", problem, remedy, at_key=path == (part,))


def _check_otherwise(model: GradingPolicy, document: YamlDocument) -> Iterator[Diagnostic]:
    then = model.otherwise
    if then.outcome == BY_MARGIN:
        message = "`otherwise` cannot be by_margin: what no rule decides may have no margin"
        remedy = "Write a rule that asks for the margin, and here what holds without one: `{pending: …}`."
        yield document.diagnostic(("otherwise", "outcome"), "E226", message, remedy)
    elif then.keep is not None:
        message = "`otherwise` cannot keep what a person decided: it is for bets that no rule is about"
        yield document.diagnostic(("otherwise", "keep"), "E226", message, "For example `{pending: stat_unavailable}`.")


def _check_settings(model: GradingPolicy, document: YamlDocument) -> Iterator[Diagnostic]:
    """E227 for a setting that somebody wrote and no rule reads."""
    leaves = [leaf for rule in model.rules for _, leaf in walk(rule.when) if isinstance(leaf, Leaf)]
    read = {name for leaf in leaves for name in (leaf.field, leaf.other)}
    for name in _READ_AS_TERMS:
        if f"terms.{name}" not in read and ("settings", name) in document.places:
            message = f"no rule reads the setting `{name}`"
            remedy = f"Read `terms.{name}` in a rule, or delete the setting."
            yield document.diagnostic(("settings", name), "E227", message, remedy, at_key=True)
