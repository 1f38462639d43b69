"""Damaged grading policies: a policy or findings in plain words; schema and loader of one mind."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest

from policytrader.authoring.load import load_document
from policytrader.authoring.schema_gate import schema_findings, validator_for
from policytrader.authoring.yaml import YamlDocument, read_yaml
from policytrader.errors import Severity
from tests.authoring.grading.written import TEXTS
from tests.authoring.test_mutations import MUTATIONS, outcome
from tests.authoring.test_schema import mutate
from tests.authoring.test_wrong_values import INSIDES, WRONG, as_yaml, damage, kinds_of_places

STRICTER = {
    "E105": ("has more than", "formula", "may not hold", "divides", "same spelling twice"),
    "E203": ("wrong way round", "whole number"),
    "E206": ("",),
    "E212": ("",),
    "E217": ("",),
    "E218": ("",),
    "E220": ("",),
    "E221": ("",),
    "E223": ("",),
    "E225": ("",),
    "E226": ("",),
    "E227": ("",),
}
"""What no schema can say, by code."""


@pytest.mark.parametrize("kind", TEXTS)
def test_wrong_values_are_told_in_plain_words(kind: str) -> None:
    whole = read_yaml(TEXTS[kind].encode(), kind).value
    assert load_document(read_yaml(as_yaml(whole).encode(), kind))[1] == []
    count = 0
    for place in kinds_of_places(whole):
        for wrong in WRONG:
            document = read_yaml(as_yaml(damage(whole, place, wrong)).encode(), kind)
            for found in load_document(document)[1]:
                count += 1
                told = f"{place} = {wrong!r}:\n{found.render()}"
                assert not INSIDES.search(f"{found.message} {found.help}"), told
                assert re.fullmatch(r"E[12]\d\d", found.code), told
                assert found.code != "E100" or place == ("version",), told  # true is 1 to Python, not to a schema
                assert found.place.line == 1, told
                assert found.help, told
                assert not found.message.endswith("."), told
                assert "``" not in f"{found.message} {found.help}", told
                assert found.help not in {"Allowed here: .", "Required here: ."}, told
    assert count > 100


@pytest.mark.parametrize("kind", TEXTS)
def test_schema_and_loader_agree(kind: str) -> None:
    document = read_yaml(TEXTS[kind].encode(), kind)
    chance = random.Random(kind)  # noqa: S311 - the same mutations in every run
    seen = {"both": 0, "loader": 0, "neither": 0}
    for _ in range(400):
        changed = replace(document, value=mutate(document.value, chance))
        if not isinstance(changed.value, dict) or changed.value.get("policy") != kind:
            continue
        errors = [one for one in load_document(changed)[1] if one.severity is Severity.ERROR]
        errors = [one for one in errors if "at least one item" not in one.message] or errors
        if not is_valid(kind, changed):
            assert errors, f"only the schema refuses {changed.value}: {schema_findings(kind, changed)}"
            seen["both"] += 1
        elif errors:
            beyond = [any(part in one.message for part in STRICTER.get(one.code, ())) for one in errors]
            assert all(beyond), [one.render() for one in errors]
            seen["loader"] += 1
        else:
            seen["neither"] += 1
    assert seen["both"] > 100
    assert seen["neither"] > 10


def is_valid(kind: str, document: YamlDocument) -> bool:
    value: object = document.value
    return bool(validator_for(kind).is_valid(value))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", TEXTS)
def test_every_prefix_and_every_mutant_is_a_policy_or_refused(kind: str) -> None:
    data = TEXTS[kind].encode()
    loaded = [length for length in range(len(data) + 1) if outcome(data[:length]) is not None]
    assert loaded[-2:] == [len(data) - 1, len(data)]
    chance = random.Random(kind)  # noqa: S311 - a seed, not a secret
    refused = sum(outcome(MUTATIONS[number % len(MUTATIONS)](data, chance)) is None for number in range(500))
    assert 250 < refused < 500
