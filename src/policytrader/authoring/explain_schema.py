"""What the models refuse, told in the language's words: place in the file, code, allowed values, nearest name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import WithJsonSchema

from policytrader.authoring.models import models_in
from policytrader.authoring.suggest import did_you_mean, quoted
from policytrader.authoring.yaml_text import MAXIMUM_DIAGNOSTICS
from policytrader.policy import conditions
from policytrader.policy.conditions import AGGREGATES, Fact, Path
from policytrader.policy.grading.participation import WRITTEN_NAME
from policytrader.policy.grading.rules import MARGIN_PATTERN
from policytrader.policy.staking import START
from policytrader.policy.values import DURATION_PATTERN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

    from policytrader.authoring.yaml import YamlDocument
    from policytrader.errors import Diagnostic

_CONDITION_HELP = "A condition is `{field: …, op: …, value: …}`, or one of `all: […]`, `any: […]`, `not: {…}`."
_TREES = {conditions.All, conditions.AnyOf, conditions.Not, conditions.InvalidatedBy}

_TYPES = {
    "string_type": "must be a text",
    "number_expected": "must be a number, without quotes",
    "dict_type": "must be a mapping of names to values",
    "model_type": "must be a mapping of keys to values",
    "tuple_type": "must be a list",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number, without quotes",
}
_PATTERNS = {
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$": "must be lower case words joined by hyphens, such as `short-price-removed`",
    r"^[a-z][a-z0-9_]*$": "must be lower case words joined by underscores, such as `active_runners`",
    r"^W[0-9]{3}$": "must be the number of a check, such as W208",
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$": 'must be a time of day in quotes, such as "10:00"',
    r"^[A-Z]{2}$": "must be a country's code in capitals, such as GB or IE",
    MARGIN_PATTERN: 'must be a margin in quotes, in quarter steps: ">= 0.5", "0.25", "<= -0.5"',
    WRITTEN_NAME: "must be a name without spaces around it",
    r"^[a-z0-9]+$": "must be one word of lower case letters a to z and digits, as names are compared",
}
_BOUNDS = {
    "too_long": "has more than {max_length} items",
    "string_too_long": "is longer than {max_length} characters",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}
_DURATION = "must be a duration such as 8h, 30m or 15s"
_OWN_SENTENCES = frozenset(
    {
        "duration",
        "number_range",
        "number_places",
        "one_of",
        "one_of_three",
        "reason",
        "formula",
        "combine",
        "name_twice",
    }
)
"""Refusals of our own models: their message is the end of a sentence already."""

_SYNONYMS = {
    "=": "eq", "==": "eq", "equal": "eq", "equals": "eq", "is": "eq",
    "!=": "ne", "<>": "ne", "not_equal": "ne", "not_equals": "ne", "is_not": "ne",
    "<": "lt", "less": "lt", "less_than": "lt", "under": "lt", "below": "lt",
    "<=": "lte", "le": "lte", "at_most": "lte",
    ">": "gt", "more": "gt", "more_than": "gt", "greater": "gt", "greater_than": "gt", "over": "gt", "above": "gt",
    ">=": "gte", "ge": "gte", "at_least": "gte",
    "is_null": "is_missing", "missing": "is_missing", "exists": "is_present", "present": "is_present",
    "is_empty": "empty", "is_not_empty": "not_empty", "true": "is_true", "false": "is_false", "not": "is_false",
}  # fmt: skip
"""What other languages call our operators."""


def diagnose(document: YamlDocument, model: type[BaseModel], error: ValidationError) -> list[Diagnostic]:
    """One diagnostic per refusal, in the order of their places; the first 50."""
    refused = [details for details in error.errors(include_url=False) if not _is_echo(details)]
    placed = sorted(refused, key=lambda details: document.place(_file_path(details["loc"], document.value)))
    found = [_diagnostic(document, model, details) for details in placed[:MAXIMUM_DIAGNOSTICS]]
    return sorted(dict.fromkeys(found), key=lambda one: one.place)


def _is_echo(details: ErrorDetails) -> bool:
    """Items that were refused are told as such; that they are then too few says nothing new."""
    return details["type"] == "too_short" and bool(details["input"])


def _diagnostic(document: YamlDocument, model: type[BaseModel], details: ErrorDetails) -> Diagnostic:
    kind, loc, given = details["type"], details["loc"], details["input"]
    path = _file_path(loc, document.value)
    match kind:
        case "missing":
            owner = _model_at(model, loc[:-1])
            required = ", ".join(f"`{key}`" for key in _keys(owner, required=True))
            message, above = f"missing key `{loc[-1]}`", path[:-1]
            return document.diagnostic(above, "E101", message, f"Required here: {required}.", at_key=bool(above))
        case "extra_forbidden":
            owner = _model_at(model, loc[:-1])
            allowed = list(_keys(owner))
            message = f"unknown key {quoted(str(loc[-1]))}{did_you_mean(str(loc[-1]), allowed)}"
            remedy = f"Allowed here: {', '.join(f'`{key}`' for key in allowed)}."
            return document.diagnostic(
                path, "E102", message, _CONDITION_HELP if owner in _TREES else remedy, at_key=True
            )
        case "literal_error" | "enum":
            words = _words(str(details.get("ctx", {}).get("expected", "")))
            return document.diagnostic(path, "E103", *_not_a_word(_label(path), given, words))
        case "union_tag_not_found" | "union_tag_invalid":
            return document.diagnostic(path, "E106", "this is not a condition", _CONDITION_HELP, at_key=True)
        case "on_missing":
            remedy = "Write `then: {invalidate: <text>}`, or choose `hold` or `pass`."
            return document.diagnostic((*path, "on_missing"), "E105", details["msg"], remedy)
        case _ if kind in _TYPES:
            message = f"{_label(path)} {_form_of_text(model, loc) if kind == 'string_type' else _TYPES[kind]}"
            # A mapping or list of several lines is not underlined; its key is.
            at_key = isinstance(given, (dict, list))
            return document.diagnostic(path, "E104", message, f"It is {_described(given)} here.", at_key=at_key)
        case _:
            message = f"{_label(path)} {_sentence(details)}"
            at_key = loc[-1:] == ("[key]",) or isinstance(given, (dict, list))
            return document.diagnostic(path, "E105", message, _remedy(kind, given), at_key=at_key)


def _words(expected: str) -> list[str]:
    return [word.strip(" '") for word in expected.replace(" or ", ", ").split(",")]


def _not_a_word(label: str, given: Any, words: list[str]) -> tuple[str, str]:
    only = f"It is always {words[0]}." if len(words) == 1 else f"Allowed: {', '.join(words)}."
    if not isinstance(given, str):
        return f"{label} cannot be {_described(given)}", only
    if given in words:
        return f"{label} cannot be the text `{given}`", f"Write {given}, without quotes."
    if (synonym := _SYNONYMS.get(given.lower().replace(" ", "_"))) in words:
        return f"{label} cannot be {quoted(given)}; did you mean `{synonym}`?", only
    near = did_you_mean(given, words) or did_you_mean(given.upper(), words) or did_you_mean(given.lower(), words)
    return f"{label} cannot be {quoted(given)}{near}", only


def _label(path: Path) -> str:
    if not path:
        return "the file"
    name = path[-1]
    if isinstance(name, str):
        return f"`{name}`"
    holder = next((part for part in reversed(path) if isinstance(part, str)), None)
    return f"item {name + 1}" + (f" of `{holder}`" if holder else "")


def _sentence(details: ErrorDetails) -> str:
    context = details.get("ctx", {})
    match details["type"]:
        case "string_pattern_mismatch":
            pattern = str(context["pattern"])
            return _PATTERNS.get(pattern, f"must have the form {pattern}")
        case "too_short":
            return "must have at least one item"
        case "string_too_short":
            return "is empty" if context["min_length"] == 1 else f"is shorter than {context['min_length']} characters"
        case "number_places" if " 0 decimals" in details["msg"]:
            return "must be a whole number"
        case bound if bound in _BOUNDS:
            return _BOUNDS[bound].format(**context)
        case "duration" if not details["msg"].startswith("must"):
            return _DURATION
        case own if own in _OWN_SENTENCES:
            return details["msg"]
        case _:
            return "does not have the form that is expected here"


_REMEDIES = {
    "too_short": "An empty list says nothing: write an item, or leave the key out where that is allowed.",
    "too_long": "Shorten it.",
    "string_too_long": "Shorten it.",
    "string_too_short": "Say it in a few words: it is stored and printed.",
    "one_of": "Write one of the two, and only one.",
    "one_of_three": "Write one of them, and only one.",
    "reason": "For example `{outcome: refund, reason: did_not_play}`, or `{pending: not_finished}`.",
    "combine": "Write `scope: match`, or leave `combine` out.",
    "formula": "A formula is made of `stake`, `odds` and numbers with + - * / and brackets, such as `stake * odds`.",
    "name_twice": "Delete one of the two.",
    "number_range": "Correct the amount.",
    "number_places": "Correct the amount.",
}
"""Kind of refusal -> what to do, where that does not depend on what stands there."""


def _remedy(kind: str, given: Any) -> str:
    return _REMEDIES.get(kind) or f"It is {_described(given)} here."


def _file_path(loc: tuple[str | int, ...], value: Any) -> Path:
    """The path in the file: without the tags that the models put between."""
    path: list[str | int] = []
    for part in loc:
        is_tag = isinstance(part, str) and (part.startswith("<") or part == "[key]" or not isinstance(value, dict))
        if is_tag and not (isinstance(value, dict) and part in value):
            continue
        path.append(part)
        value = _below(value, part)
    return tuple(path)


def _below(value: Any, part: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(part)
    is_item = isinstance(value, list) and isinstance(part, int) and part < len(value)
    return value[part] if is_item else None


def _model_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> type[BaseModel] | None:
    """The model that describes the value at ``loc``."""
    current: type[BaseModel] | None = model
    for part in loc:
        if isinstance(part, int) or current is None:
            continue
        if part.startswith("<"):
            current = getattr(conditions, part.strip("<>"), current)
        else:
            fields = current.model_fields.items()
            annotation = next((field.annotation for name, field in fields if part in {name, field.alias}), current)
            current = next(models_in(annotation), None)
    return current


def _form_of_text(model: type[BaseModel], loc: tuple[str | int, ...]) -> str:
    """What kind of text a key takes: a duration, a name, a time of day, or any."""
    owner = _model_at(model, loc[:-1])
    fields = owner.model_fields.items() if owner else ()
    field = next((field for name, field in fields if loc[-1] in {name, field.alias}), None)
    for item in field.metadata if field else ():
        if isinstance(item, WithJsonSchema) and DURATION_PATTERN in str(item.json_schema):
            return _DURATION.replace("be a", "be `start` or a") if START in str(item.json_schema) else _DURATION
        if (pattern := getattr(item, "pattern", None)) in _PATTERNS:
            return _PATTERNS[pattern]
    return _TYPES["string_type"]


def _keys(model: type[BaseModel] | None, *, required: bool = False) -> Iterator[str]:
    for name, field in (model.model_fields if model else {}).items():
        if not required or field.is_required():
            yield field.alias or name
    if required and model is Fact:
        yield " or ".join(AGGREGATES)


def _described(value: Any) -> str:
    match value:
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case str():
            return f"the text {quoted(value)}" if value.strip() else "an empty text"
        case _:
            return quoted(str(value).lower() if isinstance(value, bool) else str(value))
