"""The JSON Schemas of the policy files (draft 2020-12), made from the models and the field catalogue.

Pydantic gives the form of each kind; here the conditions are expanded: which fields may be read where, which operators
a field takes, what a literal looks like, which other fields it may be compared with. So an editor completes and
explains, and a file can be validated by anyone who reads JSON Schema.

What a schema of this kind cannot say is left to the loader: references (facts, rules), order of steps, unique ids,
bounds the right way round, the number of decimals. (``multipleOf: 0.01`` would be the keyword, and editors compute it
in binary: 36 would be refused.)
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from policytrader.authoring.check_conditions import EXPECTATIONS
from policytrader.authoring.families import ALL_KINDS
from policytrader.authoring.key_texts import OPERATOR_TEXTS, docstring_of, text_of
from policytrader.authoring.models import models_below
from policytrader.policy.conditions import All, AnyOf, InvalidatedBy, Leaf, Not
from policytrader.policy.facts import FACT_PREFIX
from policytrader.policy.fields import (
    COMPARISONS,
    OPERATORS,
    RUNNER_FIELDS,
    SELECTION_FIELDS,
    WITHOUT_OPERAND,
    Field,
    FieldType,
    Operator,
)
from policytrader.policy.grading.fields import GRADING_FIELDS
from policytrader.policy.grading.rules import BY_MARGIN
from policytrader.policy.rules import SHORT_NAMES
from policytrader.policy.values import DURATION_PATTERN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import BaseModel

    from policytrader.policy.values import Model

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
FACT_PATTERN: Final = r"^fact\.[a-z][a-z0-9_]*$"
LARGEST_LITERAL: Final = 10**9
LINE_LENGTH: Final = 120

Schema = dict[str, Any]
"""A JSON Schema, or a part of one."""

_IDENTIFIER: Final = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
_KINDS_WITH_CONDITIONS: Final = frozenset(EXPECTATIONS)
_CONDITION_MODELS: Final = frozenset({"All", "AnyOf", "Not", "InvalidatedBy", "Leaf", "Operator"})
_NUMBER: Final[Schema] = {"type": "number", "minimum": -LARGEST_LITERAL, "maximum": LARGEST_LITERAL}
_WHOLE: Final[Schema] = {"type": "integer"}
_SIZE: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": 1000}
_FACT_UNITS: Final = {(FieldType.NUMBER, "runners"), (FieldType.PRICE, "odds")}


def all_schemas() -> dict[str, Schema]:
    """The schemas of all kinds, by kind."""
    return {kind: schema_for(kind) for kind in ALL_KINDS}


def schema_for(kind: str) -> Schema:
    """The schema of one kind of file. Raises ``KeyError`` for a kind that there is not."""
    model: type[Model] = ALL_KINDS[kind]
    raw = model.model_json_schema(by_alias=True)
    models = models_below(model)
    definitions = {
        name: _object(models[name], body, kind)
        for name, body in raw.pop("$defs", {}).items()
        if name not in _CONDITION_MODELS
    }
    if kind in _KINDS_WITH_CONDITIONS:
        definitions |= _condition_definitions(kind)
    schema = {"$schema": DIALECT, "title": f"policytrader: {kind}", **_object(model, raw, kind)}
    return {**schema, "$defs": dict(sorted(definitions.items()))} if definitions else schema


def schema_text(schema: Schema) -> str:
    """The one written form of a schema: keys in the order in which they are made, what fits on a line on one line."""
    return _written(schema, 0, 0) + "\n"


def _written(value: Any, indent: int, before: int) -> str:
    """JSON text at this indentation; ``before`` characters stand on its first line already."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or not value or indent + before + len(flat) < LINE_LENGTH:
        return flat
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        heads = [json.dumps(key, ensure_ascii=False) + ": " for key in value]
        parts = [head + _written(one, indent + 2, len(head)) for head, one in zip(heads, value.values(), strict=True)]
    else:
        parts = [_written(one, indent + 2, 0) for one in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return opening + ",".join(f"\n{inner}{part}" for part in parts) + f"\n{' ' * indent}{closing}"


def file_name(kind: str) -> str:
    """The file of a kind's schema in the folder ``schemas``."""
    return f"{kind}.schema.json"


# -- from pydantic's form to ours --------------------------------------------------------------------------------------


def _object(model: type[BaseModel], raw: Schema, kind: str) -> Schema:
    """One model's object: described keys, no noise, closed."""
    condition = "#/$defs/runner_condition" if model.__name__ == "Fact" else "#/$defs/condition"
    properties = {
        key: {"description": text_of(model, key), **_tidy(value, condition)} for key, value in raw["properties"].items()
    }
    schema: Schema = {"description": docstring_of(model), "type": "object", "properties": properties}
    if required := raw.get("required"):
        schema["required"] = required
    schema["additionalProperties"] = False
    return _refine(model.__name__, schema, kind)


def _tidy(raw: Schema, condition: str) -> Schema:
    """A value's schema without pydantic's made-up titles, without ``null`` (YAML here has none) and float bounds."""
    if _is_condition(raw):
        return {"$ref": condition}
    if "anyOf" in raw and {"type": "null"} in raw["anyOf"]:
        (present,) = (one for one in raw["anyOf"] if one != {"type": "null"})
        rest = {key: value for key, value in raw.items() if key not in {"anyOf", "default"}}
        return _tidy({**rest, **present}, condition)
    tidied: Schema = {}
    for key, value in raw.items():
        match key:
            case "title" | "multipleOf":
                continue
            case "default" if isinstance(value, dict):
                tidied[key] = {name: one for name, one in value.items() if one is not None}
            case "items":
                tidied[key] = _tidy(value, condition)
            case "minimum" | "maximum":
                tidied[key] = int(value)
            case "patternProperties":
                tidied[key] = {pattern: _tidy(one, condition) for pattern, one in value.items()}
                tidied["additionalProperties"] = False
            case _:
                tidied[key] = value
    return tidied


def _is_condition(raw: Schema) -> bool:
    return any(one == {"$ref": "#/$defs/Leaf"} for one in raw.get("oneOf", ()))


def _refine(name: str, schema: Schema, kind: str) -> Schema:
    """What a model's own code checks, where a schema can say it too."""
    match name:
        case "Verdict":
            schema["oneOf"] = [{"required": ["invalidate"]}, {"required": ["hold"]}]
        case "Fact":
            aggregates = [key for key in schema["properties"] if key != "where"]
            schema["oneOf"] = [{"required": [key]} for key in aggregates]
            prices = [field.name for field in RUNNER_FIELDS.values() if field.type is FieldType.PRICE]
            for key in ("min", "max"):
                schema["properties"][key] |= _named(prices, RUNNER_FIELDS)
        case "ValidationRule":
            schema["if"] = {"properties": {"on_missing": {"const": "invalidate"}}, "required": ["on_missing"]}
            schema["then"] = {"properties": {"then": {"required": ["invalidate"]}}}
        case "GradeTo":
            forms = [{"required": [key]} for key in ("outcome", "pending", "keep")]
            schema["oneOf"] = forms
            schema["dependentRequired"] = {"reason": ["outcome"]}
            by_margin = {"properties": {"outcome": {"const": BY_MARGIN}}}
            schema["if"] = {"required": ["outcome"], "not": by_margin}
            schema["then"] = {"required": ["reason"]}
        case "Market":
            schema["if"] = {"properties": {"combine": {"const": "lower"}}, "required": ["combine"]}
            schema["then"] = {"properties": {"scope": {"const": "match"}}}
        case "InlineTest":
            if kind == "grading":  # the short names are those of selections
                schema["description"] = schema["description"].partition(" `side`")[0]
            schema["properties"]["given"] |= _given(kind)
            schema["properties"]["expect"]["enum"] = list(EXPECTATIONS[kind])
        case _:
            pass
    return schema


# -- conditions --------------------------------------------------------------------------------------------------------


def _condition_definitions(kind: str) -> dict[str, Schema]:
    has_facts = kind == "validation"
    forms = [_leaf_definition(_fields_of(kind), has_facts=has_facts), *_combinations("condition")]
    if kind == "cash_out":
        forms.append(_invalidated_by())
    text = "A comparison, or one of `all`, `any` and `not`" + ("." if kind != "cash_out" else ", or `invalidated_by`.")
    definitions = {"condition": {"description": text, "anyOf": forms}}
    if has_facts:
        runner_forms = [_leaf_definition(RUNNER_FIELDS, has_facts=False), *_combinations("runner_condition")]
        about = "A condition on each runner of the race: a comparison, or one of `all`, `any` and `not`."
        definitions["runner_condition"] = {"description": about, "anyOf": runner_forms}
    return definitions


def _fields_of(kind: str) -> Mapping[str, Field]:
    return GRADING_FIELDS if kind == "grading" else SELECTION_FIELDS


def _combinations(name: str) -> list[Schema]:
    here = {"$ref": f"#/$defs/{name}"}
    several = {"type": "array", "minItems": 1, "items": here}
    return [_closed(All, {"all": several}), _closed(AnyOf, {"any": several}), _closed(Not, {"not": here})]


def _invalidated_by() -> Schema:
    rules = {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": _IDENTIFIER, "maxLength": 60}}
    return _closed(InvalidatedBy, {"invalidated_by": rules})


def _closed(model: type[BaseModel], properties: Mapping[str, Schema]) -> Schema:
    described = {key: {"description": text_of(model, key), **value} for key, value in properties.items()}
    return {
        "description": docstring_of(model),
        "type": "object",
        "properties": described,
        "required": list(properties),
        "additionalProperties": False,
    }


def _leaf_definition(fields: Mapping[str, Field], *, has_facts: bool) -> Schema:
    """A comparison: any field and operator at first, then what the field that was chosen allows."""
    groups: dict[tuple[Any, ...], list[Field]] = {}
    for field in fields.values():
        groups.setdefault((field.type, field.unit, field.nullable, field.values), []).append(field)
    cases = [_group_case(group, fields, has_facts=has_facts) for group in groups.values()]
    named = _named(fields, fields)
    if has_facts:
        fact = {"description": "A fact of this file: `fact.` and its name.", "pattern": FACT_PATTERN}
        named["anyOf"].append(fact)
        cases.append(_fact_case(fields))
    operators = dict.fromkeys(op for field in fields.values() for op in field.operators)
    if has_facts:
        operators |= dict.fromkeys(OPERATORS[FieldType.LIST])
    listed = [{"const": str(op), "description": OPERATOR_TEXTS[op]} for op in Operator if op in operators]
    leaf = _closed(Leaf, {"field": named, "op": {"type": "string", "anyOf": listed}, "value": {}, "other": {}})
    return {**leaf, "required": ["field", "op"], "allOf": cases}


def _named(names: Iterable[str], fields: Mapping[str, Field]) -> Schema:
    """One of these fields, each with what an editor shows about it."""
    listed = [{"const": name, "title": _title(fields[name]), "description": fields[name].description} for name in names]
    return {"type": "string", "anyOf": listed}


def _title(field: Field) -> str:
    return f"{field.name}: {field.type}" + (f" in {field.unit}" if field.unit else "")


def _group_case(group: list[Field], fields: Mapping[str, Field], *, has_facts: bool) -> Schema:
    model = group[0]
    others = [one.name for one in fields.values() if (one.type, one.unit) == (model.type, model.unit)]
    other: Schema = {"type": "string", "enum": others}
    if has_facts and (model.type, model.unit) in _FACT_UNITS:
        other = {"type": "string", "anyOf": [{"enum": others}, {"pattern": FACT_PATTERN}]}
    when = {"properties": {"field": {"enum": [field.name for field in group]}}, "required": ["field"]}
    return {"if": when, "then": _operands(model.operators, literal_schema(model), other)}


def _fact_case(fields: Mapping[str, Field]) -> Schema:
    """A fact's type depends on its aggregate, which only the loader follows."""
    operators = [*OPERATORS[FieldType.NUMBER], *OPERATORS[FieldType.BOOLEAN], *OPERATORS[FieldType.LIST]]
    operators += [Operator.IS_MISSING, Operator.IS_PRESENT]
    others = [field.name for field in fields.values() if (field.type, field.unit) in _FACT_UNITS]
    other = {"type": "string", "anyOf": [{"enum": others}, {"pattern": FACT_PATTERN}]}
    when = {"properties": {"field": {"type": "string", "pattern": FACT_PATTERN}}, "required": ["field"]}
    return {"if": when, "then": _operands(operators, _NUMBER, other)}


def literal_schema(field: Field) -> Schema:
    """One literal of the field's type."""
    match field.type:
        case FieldType.DURATION:
            return {"type": "string", "pattern": DURATION_PATTERN}
        case FieldType.ENUM:
            return {"type": "string", "enum": list(field.values)}
        case FieldType.TEXT:
            return {"type": "string"}
        case FieldType.BOOLEAN:
            return {"type": "boolean"}
        case FieldType.LIST:
            return _WHOLE
        case FieldType.NUMBER | FieldType.MONEY | FieldType.PRICE:
            return _NUMBER


def _operands(operators: Iterable[Operator], literal: Schema, other: Schema) -> Schema:
    """The operators of a field, and what each of them is given."""
    forms: dict[str, tuple[list[Operator], Schema]] = {}
    for op in operators:
        name, form = _operand_form(op, literal, other)
        forms.setdefault(name, ([], form))[0].append(op)
    allowed = [str(op) for group, _ in forms.values() for op in group]
    cases = [
        {"if": {"properties": {"op": {"enum": [str(op) for op in group]}}, "required": ["op"]}, "then": form}
        for group, form in forms.values()
    ]
    return {"properties": {"op": {"enum": allowed}}, "allOf": cases}


def _operand_form(op: Operator, literal: Schema, other: Schema) -> tuple[str, Schema]:
    if op in WITHOUT_OPERAND:
        return "none", {"properties": {"value": False, "other": False}}
    if op in COMPARISONS:
        either = [{"required": ["value"]}, {"required": ["other"]}]
        return "comparison", {"properties": {"value": literal, "other": other}, "oneOf": either}
    value = {
        Operator.BETWEEN: {"type": "array", "minItems": 2, "maxItems": 2, "items": literal},
        Operator.IN: {"type": "array", "minItems": 1, "items": literal},
        Operator.NOT_IN: {"type": "array", "minItems": 1, "items": literal},
        Operator.CONTAINS: _WHOLE,
        Operator.SIZE_GTE: _SIZE,
    }[op]
    return str(op), {"properties": {"value": value, "other": False}, "required": ["value"]}


# -- tests beside rules ------------------------------------------------------------------------------------------------


def _given(kind: str) -> Schema:
    """Values by field name, each in its field's form."""
    properties: dict[str, Schema] = {
        field.name: {"title": _title(field), "description": field.description, **literal_schema(field)}
        for field in _fields_of(kind).values()
    }
    properties |= {short: properties[name] for short, name in SHORT_NAMES.items() if name in properties}
    schema: Schema = {"properties": properties, "additionalProperties": False}
    if kind == "cash_out":
        about = "The validation rule that made the selection invalid; left out, it is valid."
        properties["invalidated_by"] = {"description": about, "type": "string"}
    if kind == "validation":
        about = (
            f"What a fact came to: a number, true or false, or a list of runners' numbers. Named {FACT_PREFIX}<name>."
        )
        value = [_NUMBER, {"type": "boolean"}, {"type": "array", "items": _WHOLE}]
        schema["patternProperties"] = {FACT_PATTERN: {"description": about, "anyOf": value}}
    return schema
