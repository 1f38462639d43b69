"""The last check of a policy file's form: the packaged JSON Schema itself, as any editor reads it.

The models say more and say it better, so they are asked first; this gate is for a file that they let pass and the
schema does not (E100). Then one of the two is wrong, and the file is refused until somebody knows which.
"""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from policytrader.authoring.schema import file_name
from policytrader.errors import Diagnostic, Place, PolicyError
from policytrader.resources import resource

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

    from policytrader.authoring.yaml import YamlDocument


def schema_findings(kind: str, document: YamlDocument) -> list[Diagnostic]:
    """What the packaged schema of this kind refuses in the document: E100, in the order of places.

    Ask when the models found nothing. Raises ``PolicyError`` (E108) when the schema did not come with the installation.
    """
    found: dict[tuple[Place, str], Diagnostic] = {}
    value: Any = document.value
    for error in validator_for(kind).iter_errors(value):
        cause = _deepest(error)
        path = _path(cause, value)
        at_key, path, message = _sentence(cause, path)
        help_ = f"{file_name(kind)} says so at #/{'/'.join(map(str, cause.absolute_schema_path))}."
        diagnostic = document.diagnostic(path, "E100", message, help_, at_key=at_key)
        found.setdefault((diagnostic.place, message), diagnostic)
    return sorted(found.values(), key=lambda one: (one.place, one.message))


@cache
def validator_for(kind: str) -> Validator:
    """The packaged schema of one kind, ready to validate plain values with ``Decimal`` numbers. Read once."""
    # Only here: costs as much as everything else that reads a policy together.
    from jsonschema import Draft202012Validator, validators  # noqa: PLC0415

    path = resource("schemas") / file_name(kind)
    try:
        schema = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, ValueError) as error:
        message = f"the JSON Schema of `{kind}` cannot be read: {getattr(error, 'strerror', None) or error}"
        remedy = "It comes with the installation: install it again, or write it with `policytrader schema --write`."
        raise PolicyError([Diagnostic(Place(str(path)), "E108", message, remedy)]) from None
    checker = Draft202012Validator.TYPE_CHECKER.redefine_many({"number": _is_number, "integer": _is_integer})
    extend: Any = validators.extend
    made: Validator = extend(Draft202012Validator, type_checker=checker)(schema)
    return made


def _is_number(_: object, value: object) -> bool:
    return isinstance(value, (int, Decimal, float)) and not isinstance(value, bool)


def _is_integer(_: object, value: object) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool) and value == int(value)


def _path(error: ValidationError, document: Any) -> tuple[str | int, ...]:
    """Keys and positions from the top. The library leaves out the last one where a schema is just ``false``."""
    path = tuple(error.absolute_path)
    if error.validator is not None:
        return path
    holder = document
    for key in path:
        holder = holder[key]
    items = holder.items() if isinstance(holder, dict) else ()
    return (*path, *(key for key, value in items if value is error.instance))


def _deepest(error: ValidationError) -> ValidationError:
    """Of several forms that a value could have had, the one that it comes nearest to."""
    while error.context:
        branches: dict[Any, list[ValidationError]] = {}
        for one in error.context:
            branches.setdefault(one.relative_schema_path[0], []).append(one)
        error = max(min(branches.values(), key=_distance), key=lambda one: len(one.absolute_path))
    return error


def _distance(errors: Iterable[ValidationError]) -> tuple[int, int]:
    """How far a value is from one form: keys that do not belong or are missing weigh most."""
    listed = list(errors)
    depth = max(len(one.absolute_path) for one in listed)
    wrong_keys = sum(one.validator in {"additionalProperties", "required", "type"} for one in listed)
    return wrong_keys - depth, len(listed)


def _sentence(error: ValidationError, path: tuple[str | int, ...]) -> tuple[bool, tuple[str | int, ...], str]:
    """Whether the key is meant, the path of what is meant, and what is wrong with it."""
    name = f"`{path[-1]}`" if path and isinstance(path[-1], str) else "this"
    allowed: Any = error.validator_value
    part: Any = error.schema
    given: Any = error.instance
    match error.validator:
        case "additionalProperties":
            known = part.get("properties", {})
            unknown = next((key for key in given if key not in known), "?")
            return True, (*path, unknown), f"unknown key `{unknown}`"
        case "required":
            missing = next((key for key in allowed if key not in given), "?")
            return False, path, f"missing key `{missing}`"
        case "enum":
            return False, path, f"{name} must be one of " + ", ".join(map(str, allowed))
        case "const":
            return False, path, f"{name} must be {allowed}"
        case "type":
            return False, path, f"{name} must be {_TYPES.get(str(allowed), str(allowed))}"
        case "pattern":
            return False, path, f"{name} does not have the form {allowed}"
        case "minimum" | "minItems" | "minLength":
            return False, path, f"{name} is under the least of {allowed}"
        case "maximum" | "maxItems" | "maxLength":
            return False, path, f"{name} is above the most of {allowed}"
        case None:
            return True, path, f"{name} does not belong here"
        case _:
            return False, path, f"{name} does not have the form that is asked for"


_TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a mapping of keys to values",
    "string": "a text",
}
