"""The JSON Schemas: valid, closed, fresh, and of one mind with the loader."""

from __future__ import annotations

import copy
import random
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from policytrader.authoring.families import ALL_KINDS
from policytrader.authoring.key_texts import KEY_TEXTS, LITERAL_TEXTS, OPERATOR_TEXTS
from policytrader.authoring.load import load_document, load_files, policy_files
from policytrader.authoring.schema import all_schemas, file_name, schema_for, schema_text
from policytrader.authoring.schema_gate import schema_findings, validator_for
from policytrader.authoring.yaml import YamlDocument, read_yaml, read_yaml_file
from policytrader.errors import PolicyError, Severity
from policytrader.policy.fields import CATALOGUE, RUNNER_FIELDS, SELECTION_FIELDS, FieldType, Operator
from policytrader.resources import resource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHIPPED = {path.stem: path for path in policy_files(resource("rules"))}


def subschemas(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from subschemas(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from subschemas(value)


def refuses(kind: str, document: YamlDocument) -> bool:
    value: Any = document.value
    return not validator_for(kind).is_valid(value)


def leaf_errors(leaf: dict[str, Any], *, where: bool = False, kind: str = "validation") -> int:
    """How the schema takes one comparison, in a rule or in a fact's ``where``."""
    return len(list(condition_validator("runner_condition" if where else "condition", kind).iter_errors(leaf)))


@cache
def condition_validator(name: str, kind: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": schema_for(kind)["$defs"]})


# -- the documents themselves ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_schema_is_a_valid_schema(kind: str) -> None:
    Draft202012Validator.check_schema(schema_for(kind))


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_what_is_committed_is_what_is_made(kind: str, project_root: Path) -> None:
    committed = (project_root / "schemas" / file_name(kind)).read_text(encoding="utf-8")
    assert committed == schema_text(schema_for(kind)), "run `policytrader schema --write schemas`"


def test_there_is_one_schema_for_each_kind_and_nothing_else(project_root: Path) -> None:
    assert {path.name for path in (project_root / "schemas").iterdir()} == {file_name(kind) for kind in all_schemas()}


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_every_object_is_closed(kind: str) -> None:
    closed = [one for one in subschemas(schema_for(kind)) if one.get("type") == "object"]
    assert closed
    for one in closed:
        assert one.get("additionalProperties") is False, one


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_nothing_that_editors_compute_in_binary(kind: str) -> None:
    """In binary 36 is no multiple of 0.01: an editor would mark every amount."""
    assert not [one for one in subschemas(schema_for(kind)) if "multipleOf" in one]


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_every_key_explains_itself(kind: str) -> None:
    schema = schema_for(kind)
    for one in [schema, *schema.get("$defs", {}).values()]:
        assert one["description"]
        for name, key in one.get("properties", {}).items():
            assert key["description"], name


def test_no_key_is_explained_that_there_is_not() -> None:
    models = {model.__name__: model for kind in ALL_KINDS.values() for model in ancestors_and_parts(kind)}
    keys = {
        f"{name}.{field.alias or key}" for name, model in models.items() for key, field in model.model_fields.items()
    }
    assert set(KEY_TEXTS) <= keys
    assert set(OPERATOR_TEXTS) == set(Operator)
    assert set(LITERAL_TEXTS) == set(FieldType)


def ancestors_and_parts(_: object) -> Iterator[Any]:
    from policytrader.policy.values import Model  # noqa: PLC0415

    waiting = [Model]
    while waiting:
        model = waiting.pop()
        yield model
        waiting += model.__subclasses__()


# -- conditions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", CATALOGUE, ids=lambda field: field.name)
def test_a_field_takes_its_operators_and_no_other(field: Any) -> None:
    literals = {
        FieldType.DURATION: "30m", FieldType.ENUM: field.values[0] if field.values else "", FieldType.TEXT: "Ascot",
    }  # fmt: skip
    one = literals.get(field.type, 8)
    is_runner = field.name in RUNNER_FIELDS
    for op in Operator:
        leaf: dict[str, Any] = {"field": field.name, "op": str(op)}
        match op:
            case Operator.BETWEEN:
                leaf["value"] = [one, one]
            case Operator.IN | Operator.NOT_IN:
                leaf["value"] = [one]
            case Operator.EQ | Operator.NE | Operator.LT | Operator.LTE | Operator.GT | Operator.GTE:
                leaf["value"] = one
            case Operator.CONTAINS | Operator.SIZE_GTE:
                leaf["value"] = 3
            case _:
                pass
        assert (leaf_errors(leaf, where=is_runner) == 0) is (op in field.operators), op
        assert leaf_errors(leaf, where=not is_runner) > 0, "a field is read in its own scope only"


@pytest.mark.parametrize(
    ("leaf", "is_fine"),
    [
        ({"field": "selection.time_to_off", "op": "lt", "value": "30m"}, True),
        ({"field": "selection.time_to_off", "op": "lt", "value": 30}, False),
        ({"field": "selection.time_to_off", "op": "lt", "value": "30"}, False),
        ({"field": "market.status", "op": "eq", "value": "OPEN"}, True),
        ({"field": "market.status", "op": "eq", "value": "OPENED"}, False),
        ({"field": "runner.best_back", "op": "gte", "other": "selection.price_requested"}, True),
        ({"field": "runner.best_back", "op": "gte", "other": "runner.best_back_size"}, False),
        ({"field": "runner.best_back", "op": "gte", "other": "reference.age"}, False),
        ({"field": "runner.best_back", "op": "gte", "value": 2, "other": "selection.price_requested"}, False),
        ({"field": "runner.best_back", "op": "gte"}, False),
        ({"field": "runner.best_back", "op": "between", "value": [2, 3]}, True),
        ({"field": "runner.best_back", "op": "between", "value": [2, 3, 4]}, False),
        ({"field": "runner.best_back", "op": "between", "value": 2}, False),
        ({"field": "runner.best_back", "op": "between", "other": "selection.price_requested"}, False),
        ({"field": "runner.best_back", "op": "in", "value": []}, False),
        ({"field": "market.in_play", "op": "is_true", "value": True}, False),
        ({"field": "reference.number_of_runners", "op": "gt", "other": "fact.active_runners"}, True),
        ({"field": "fact.active_runners", "op": "lte", "value": 7}, True),
        ({"field": "fact.active_runners", "op": "lte", "value": "7"}, False),
        ({"field": "fact.Active", "op": "lte", "value": 7}, False),
        ({"field": "fact.out", "op": "contains", "value": 7}, True),
        ({"field": "fact.out", "op": "contains", "value": "7"}, False),
        ({"field": "market.status", "op": "eq", "value": "OPEN", "why": "x"}, False),
        ({"all": [{"field": "market.in_play", "op": "is_true"}]}, True),
        ({"all": []}, False),
        ({"all": [{"field": "market.in_play", "op": "is_true"}], "any": []}, False),
        ({"not": {"not": {"field": "market.in_play", "op": "is_true"}}}, True),
        ({"invalidated_by": ["x"]}, False),
        ({}, False),
    ],
)
def test_a_comparison_in_a_rule(leaf: dict[str, Any], is_fine: bool) -> None:  # noqa: FBT001
    assert (leaf_errors(leaf) == 0) is is_fine


def test_only_cash_out_asks_what_invalidated_and_only_validation_has_facts() -> None:
    asked = {"invalidated_by": ["short-price-removed"]}
    fact = {"field": "fact.active_runners", "op": "lte", "value": 7}
    assert [leaf_errors(asked, kind=kind) == 0 for kind in ("validation", "entry", "cash_out")] == [False, False, True]
    assert [leaf_errors(fact, kind=kind) == 0 for kind in ("validation", "entry", "cash_out")] == [True, False, False]
    assert leaf_errors(fact, where=True) > 0


def test_hover_explains_every_field(project_root: Path) -> None:
    text = (project_root / "schemas" / file_name("validation")).read_text(encoding="utf-8")
    for field in CATALOGUE:
        assert field.description in text


# -- with the loader ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SHIPPED)
def test_a_shipped_file_is_valid(kind: str) -> None:
    assert schema_findings(kind, read_yaml_file(SHIPPED[kind])) == []


STRICTER = {
    "E105": ("has more than", "must be at least 1s", "longer than 0"),
    "E202": ("`fact.",),
    "E203": ("wrong way round", "`fact.", "whole number", "selection ids"),
    "E204": ("`fact.",),
    "E205": ("unknown fact",),
    "E206": ("a second",),
    "E207": ("",),
    "E209": ("",),
    "E210": ("",),
    "E212": ("",),
    "E217": ("",),
    "E218": ("",),
}
"""Where the loader is stricter, by code and what the message says: order, references, sums, and the types of facts."""


def is_beyond_a_schema(document: YamlDocument, code: str, message: str) -> bool:
    """Whether a finding is one that the schema of a file cannot have."""
    if code == "E203" and "fact." in str(document.value):
        return True  # the operand of a fact: its type depends on the aggregate
    return any(part in message for part in STRICTER.get(code, ()))


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        yield (*path, key)
        yield from paths_of(part, (*path, key))


ODD_VALUES: tuple[Any, ...] = (
    "", "x", "OPEN", "BACK", "30m", "0h", "start", "10:00", "first_match", "keep", "W207", "W999", "runner.status",
    "runner.best_back", "fact.active_runners", "fact.other", "eq", "is_true", "own-runner-removed", "Not An Id",
    0, 1, 7, -1, 12, 10**12, Decimal("0.005"), Decimal("1.50"), Decimal("12.0"), True, False,
    [], {}, ["BACK"], [7], ["x", "y"], {"field": "market.in_play", "op": "is_true"}, {"hold": "Because"},
)  # fmt: skip


def mutate(value: Any, chance: random.Random) -> Any:
    """The same plain value with one or two small changes."""
    changed = copy.deepcopy(value)
    for _ in range(chance.choice([1, 1, 1, 2])):
        *above, last = chance.choice(list(paths_of(changed)))
        holder = changed
        for key in above:
            holder = holder[key]
        match chance.randrange(6):
            case 0:
                del holder[last]
            case 1 if isinstance(holder, dict):
                holder[chance.choice([f"{last}s", "other", "value", "any", "hold", "min", "on_missing"])] = holder.pop(
                    last
                )
            case 2 if isinstance(holder, dict):
                holder[chance.choice(["other", "value", "count", "list", "invalidate", "end", "extra", "tests"])] = (
                    chance.choice(ODD_VALUES)
                )
            case 3 if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[last]))
            case _:
                holder[last] = chance.choice(ODD_VALUES)
        if not changed:
            return {"policy": "schedule"}
    return changed


@pytest.mark.parametrize("kind", SHIPPED)
def test_schema_and_loader_agree_on_mutations(kind: str) -> None:
    """Whatever the schema refuses the loader refuses; what the loader alone refuses is on the list above."""
    document = read_yaml_file(SHIPPED[kind])
    chance = random.Random(kind)  # noqa: S311 - the same mutations in every run
    seen = {"both": 0, "loader": 0, "neither": 0}
    for _ in range(400):
        changed = replace(document, value=mutate(document.value, chance))
        if not isinstance(changed.value, dict) or changed.value.get("policy") != kind:
            continue
        _, found = load_document(changed)
        errors = [one for one in found if one.severity is Severity.ERROR]
        # Said of a list as well whose only item has a fault of its own.
        errors = [one for one in errors if "at least one item" not in one.message] or errors
        if refuses(kind, changed):
            assert errors, f"only the schema refuses {changed.value}: {schema_findings(kind, changed)}"
            seen["both"] += 1
        elif errors:
            beyond = [is_beyond_a_schema(changed, one.code, one.message) for one in errors]
            assert all(beyond), [one.render() for one in errors]
            seen["loader"] += 1
        else:
            seen["neither"] += 1
    assert seen["both"] > 100
    assert seen["neither"] > 10


# -- the gate ----------------------------------------------------------------------------------------------------------


def test_the_gate_names_place_and_reason() -> None:
    text = SHIPPED["schedule"].read_text().replace("every: 2m", "every: 2 minutes").replace("stop:", "stopp:")
    document = read_yaml(text.encode(), "schedule.yaml")
    found = schema_findings("schedule", document)
    assert [one.code for one in found] == ["E100", "E100"]
    assert [document.lines[one.place.line - 1][one.place.column - 1 :][:9] for one in found] == [
        "2 minutes",
        "stopp: af",
    ]
    assert found[0].message == "`every` does not have the form ^(0|[1-9][0-9]{0,5})(h|m|s)$"
    assert found[1].message == "unknown key `stopp`"
    assert found[0].severity is Severity.ERROR


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("op: lt, value: 12}", "op: lt, value: twelve}", "`value` must be a number"),
        ("op: eq, value: OPEN}", "op: eq, value: open}", "`value` must be one of INACTIVE, OPEN, SUSPENDED, CLOSED"),
        ("op: is_true}", "op: is_true, value: 1}", "`value` does not belong here"),
        ("{invalidate: Invalid Runner Removed}", "{invalid: Invalid Runner Removed}", "unknown key `invalid`"),
        (
            "{field: runner.own_status, op: eq, value: REMOVED}",
            "{field: runner.own_status, value: REMOVED}",
            "missing key `op`",
        ),
        ("expect: hold", "expect: holt", "`expect` must be one of keep, hold, invalidate"),
    ],
)
def test_the_gate_says_what_is_wrong_inside_conditions(before: str, after: str, message: str) -> None:
    text = SHIPPED["validation"].read_text()
    assert before in text
    document = read_yaml(text.replace(before, after, 1).encode(), "validation.yaml")
    found = schema_findings("validation", document)
    assert message in {one.message for one in found}
    changed = next(number for number, line in enumerate(document.lines, 1) if after in line)
    assert {one.place.line for one in found} == {changed}


def test_the_gate_takes_exact_numbers() -> None:
    text = SHIPPED["staking"].read_text().replace("fully_matched_within: 1.00", "fully_matched_within: 1000000.01")
    found = schema_findings("staking", read_yaml(text.encode(), "staking.yaml"))
    assert [one.message for one in found] == ["`fully_matched_within` is above the most of 1000000"]


def test_a_schema_that_did_not_come_with_the_installation_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("policytrader.authoring.schema_gate.resource", lambda _: tmp_path)
    validator_for.cache_clear()
    try:
        with pytest.raises(PolicyError, match=r"E108 .* `schedule` cannot be read"):
            schema_findings("schedule", read_yaml_file(SHIPPED["schedule"]))
    finally:
        validator_for.cache_clear()


def test_the_shipped_rules_load() -> None:
    result = load_files(list(SHIPPED.values()), complete=True)
    assert result.errors == ()
    assert set(SELECTION_FIELDS).isdisjoint(RUNNER_FIELDS)
