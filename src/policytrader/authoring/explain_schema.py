"""What the models refuse, told in the language's words: place in the file, code, allowed values, nearest name."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from policytrader.authoring.suggest import did_you_mean
from policytrader.authoring.yaml import YamlDocument
from policytrader.errors import Diagnostic
from policytrader.policy import conditions
from policytrader.policy.conditions import Path

_CONDITION_HELP = "A condition is `{field: …, op: …, value: …}`, or one of `all: […]`, `any: […]`, `not: {…}`."

_TYPES = {
    "string_type": "must be a text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "number_expected": "must be a number, without quotes",
    "dict_type": "must be a mapping of names to values",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "decimal_type": "must be a number",
}


def diagnose(document: YamlDocument, model: type[BaseModel], error: ValidationError) -> list[Diagnostic]:
    """One diagnostic per refusal, in the order of their places."""
    found = [_diagnostic(document, model, details) for details in error.errors(include_url=False)]
    return sorted(dict.fromkeys(found), key=lambda one: one.place)


def _diagnostic(document: YamlDocument, model: type[BaseModel], details: ErrorDetails) -> Diagnostic:
    kind, loc = details["type"], details["loc"]
    path = _file_path(loc, document.value)
    context = details.get("ctx", {})
    name = path[-1] if path else ""
    label = f"`{name}`" if isinstance(name, str) else f"item {int(name) + 1}" if path else "the file"
    match kind:
        case "missing":
            missing = loc[-1]
            required = ", ".join(f"`{key}`" for key in _keys(_model_at(model, loc[:-1]), required=True))
            return document.diagnostic(_file_path(loc[:-1], document.value), "E101", f"missing key `{missing}`", f"Required here: {required}.")
        case "extra_forbidden":
            allowed = list(_keys(_model_at(model, loc[:-1])))
            message = f"unknown key `{loc[-1]}`{did_you_mean(str(loc[-1]), allowed)}"
            listed = ", ".join(f"`{key}`" for key in allowed)
            return document.diagnostic(path, "E102", message, f"Allowed here: {listed}.", at_key=True)
        case "literal_error" | "enum":
            expected = str(context.get("expected", ""))
            words = [word.strip(" '") for word in expected.replace(" or ", ", ").split(",")]
            given = details["input"]
            message = f"{label} cannot be `{_shown(given)}`{did_you_mean(str(given), words)}"
            return document.diagnostic(path, "E103", message, "Allowed: " + ", ".join(words) + ".")
        case "union_tag_not_found" | "union_tag_invalid":
            return document.diagnostic(path, "E106", "this is not a condition", _CONDITION_HELP)
        case _ if kind in _TYPES:
            return document.diagnostic(path, "E104", f"{label} {_TYPES[kind]}", f"It is {_described(details['input'])} here.")
        case _:
            return document.diagnostic(path, "E105", f"{label} {_sentence(kind, details['msg'], context)}")


def _sentence(kind: str, message: str, context: dict[str, Any]) -> str:
    match kind:
        case "string_pattern_mismatch":
            return _PATTERNS.get(str(context.get("pattern")), f"does not have the form {context.get('pattern')}")
        case "too_short":
            return "must have at least one item"
        case "too_long":
            return f"has more than {context.get('max_length')} items"
        case "string_too_short":
            return f"is too short: at least {context.get('min_length')} characters"
        case "string_too_long":
            return f"is too long: at most {context.get('max_length')} characters"
        case _:
            return message


_PATTERNS = {
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$": "must be lower case words joined by hyphens, such as `short-price-removed`",
    r"^[a-z][a-z0-9_]*$": "must be lower case words joined by underscores, such as `active_runners`",
    r"^W[0-9]{3}$": "must be the number of a check, such as W208",
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$": 'must be a time of day in quotes, such as "10:00"',
}


def _file_path(loc: tuple[str | int, ...], value: Any) -> Path:  # noqa: ANN401 - plain data
    """The path in the file: without the tags that pydantic puts between, as far as the file has it."""
    path: list[str | int] = []
    for part in loc:
        if isinstance(part, str) and part.startswith("<"):
            continue
        if part == "[key]":
            continue
        path.append(part)
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
    return tuple(path)


def _model_at(model: type[BaseModel] | None, loc: tuple[str | int, ...]) -> type[BaseModel] | None:
    """The model that describes the value at ``loc``."""
    current: Any = model
    for part in loc:
        if isinstance(part, str) and part.startswith("<"):
            current = getattr(conditions, part.strip("<>"))
        elif isinstance(part, int):
            continue
        elif isinstance(current, type) and issubclass(current, BaseModel):
            current = next(
                (field.annotation for name, field in current.model_fields.items() if part in {name, field.alias}), None
            )
        current = next(_models_in(current), None)
    return current


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - an annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is not None:
        for part in typing.get_args(annotation):
            yield from _models_in(part)


def _keys(model: type[BaseModel] | None, *, required: bool = False) -> Iterator[str]:
    for name, field in (model.model_fields if model else {}).items():
        if not required or field.is_required():
            yield field.alias or name


def _shown(value: Any) -> str:  # noqa: ANN401 - whatever the file holds
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _described(value: Any) -> str:  # noqa: ANN401 - whatever the file holds
    match value:
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case str():
            return f"the text `{_shown(value)}`"
        case _:
            return f"`{_shown(value)}`"
