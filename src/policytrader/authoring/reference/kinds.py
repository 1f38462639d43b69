"""The page of kinds: every key with its form, default and meaning, from the same schemas that editors read."""

from __future__ import annotations

from typing import Any, Final

from policytrader.authoring.families import ALL_KINDS, FOOTBALL, RACING, SELECTIONS, Family
from policytrader.authoring.reference.examples import EXAMPLES
from policytrader.authoring.reference.markdown import code, codes, page, table
from policytrader.authoring.schema import schema_for
from policytrader.policy.grading.names import Word
from policytrader.policy.grading.rules import MARGIN_PATTERN
from policytrader.policy.schedule import ClockTime
from policytrader.policy.selections import CountryCode
from policytrader.policy.values import DURATION_PATTERN, CheckNumber, Identifier

_ABOUT: Final = {
    "validation": "May this selection still be bet?",
    "staking": "How much, by time to the off?",
    "entry": "Is the price there, and what order takes it?",
    "cash_out": "When is what is already matched closed?",
    "protection": "Which limits may no order pass?",
    "schedule": "How often does the loop tick, and until when?",
    "selections": "Which runners would have been picked, in a replay?",
    "markets": "Which markets are bets tracked on, and what counts there?",
    "participation": "What does a bookmaker ask of player and fixture, and how do cards count?",
    "grading": "What did the bet come to?",
    "names": "Which player, which team is meant by a name?",
}


def _pattern(annotated: Any) -> str:
    return str(annotated.__metadata__[0].pattern)


_PATTERNS: Final = {
    DURATION_PATTERN: "duration such as `8h`, `30m`, `15s`",
    _pattern(Identifier): "name: lower case words joined by hyphens",
    _pattern(CheckNumber): "number of a check, such as `W207`",
    _pattern(ClockTime): 'time of day in quotes, such as `"10:00"`',
    _pattern(CountryCode): "two capitals, such as `GB`",
    MARGIN_PATTERN: 'margin in quotes, in quarter steps: `">= 0.5"`, `"0.25"`, `"<= -0.5"`',
    _pattern(Word): "word of lower case letters and digits",
}


def kinds_page() -> str:
    """The kinds of policy file."""
    return page(
        "Kinds of policy file",
        "kinds",
        "A policy that trades is six files and one that grades is four, one of each kind; a file's first key says "
        "which. A key in **bold** is required. What is not listed is refused.",
        "Trading, in `rules/racing`:",
        _listed(RACING),
        "Grading, in `rules/football`:",
        _listed(FOOTBALL),
        "Selections of a [replay](../replay.md), each in a file of its own that belongs to no set:",
        _listed(SELECTIONS),
        *(_kind(kind) for kind in ALL_KINDS),
        "## Conditions",
        "A condition is one comparison or a combination: `{field: …, op: …, value: …}`, `{field: …, op: …, other: …}`, "
        "`{all: […]}`, `{any: […]}`, `{not: {…}}`, and in cash-out triggers `{invalidated_by: […]}`. "
        "Fields: `policytrader docs fields`; operators: `policytrader docs operators`.",
    )


def _listed(family: Family) -> str:
    return table(("kind", "asks"), [(f"[`{kind}`](#{kind})", _ABOUT[kind]) for kind in family.kinds])


def _kind(kind: str) -> str:
    schema = schema_for(kind)
    definitions = schema.get("$defs", {})
    used = [name for name in _order(schema, definitions) if not name.endswith("condition")]
    parts = [f"## {kind}", f"{_ABOUT[kind]} {schema['description']}", _keys(schema, kind)]
    for name in used:
        parts += [f"### {kind}: {_words(name)}", definitions[name]["description"], _keys(definitions[name], kind)]
    parts.append(f"### {kind}: example\n\n```yaml\n{EXAMPLES[kind]}```")
    return "\n\n".join(parts)


def _order(schema: dict[str, Any], definitions: dict[str, Any]) -> list[str]:
    """The definitions in the order in which the keys lead to them."""
    found: list[str] = []

    def follow(node: Any) -> None:
        if isinstance(node, dict):
            name = str(node.get("$ref", "")).removeprefix("#/$defs/")
            if name in definitions and name not in found:
                found.append(name)
                follow(definitions[name])
            for value in node.values():
                follow(value)
        elif isinstance(node, list):
            for value in node:
                follow(value)

    follow(schema["properties"])
    return found


def _keys(schema: dict[str, Any], kind: str) -> str:
    required = schema.get("required", ())
    rows = []
    for key, value in schema["properties"].items():
        name = f"**`{key}`**" if key in required else code(key)
        default = _default(key, value["default"], kind) if "default" in value else ""
        rows.append((name, _form(value, kind), default, value["description"]))
    return table(("key", "form", "default", "meaning"), rows)


def _form(schema: dict[str, Any], kind: str) -> str:
    """What a value may be, in words."""
    if reference := schema.get("$ref"):
        name = reference.removeprefix("#/$defs/")
        return (
            "[condition](#conditions)" if name.endswith("condition") else f"[{_words(name)}](#{kind}-{_anchor(name)})"
        )
    if "const" in schema:
        return code(schema["const"])
    if "enum" in schema:
        return "one of " + codes(schema["enum"])
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(_form(one, kind) for one in schema[several])
    match schema.get("type"):
        case "array":
            bounds = [f"{word} {schema[key]}" for key, word in _LIST_BOUNDS if key in schema]
            return ", ".join([f"list of {_form(schema['items'], kind)}", *bounds])
        case "object":
            patterns = schema.get("patternProperties", {})
            parts = " or ".join(_form(one, kind) for one in patterns.values() if one.keys() & {"$ref", "enum"})
            return f"mapping of names to {parts}" if parts else "mapping of field names to values"
        case _:
            return _scalar_form(schema)


def _scalar_form(schema: dict[str, Any]) -> str:
    match schema.get("type"):
        case "boolean":
            return "true or false"
        case "integer" | "number" as kind_of_number:
            noun = "whole number" if kind_of_number == "integer" else "amount, at most 2 decimals"
            return f"{noun}, {schema['minimum']:,} to {schema['maximum']:,}" if "minimum" in schema else noun
        case _:
            if pattern := schema.get("pattern"):
                return _PATTERNS.get(pattern, f"text of the form `{pattern}`")
            bounds = [f"{word} {schema[key]} characters" for key, word in _TEXT_BOUNDS if schema.get(key, 1) > 1]
            return ", ".join(["text", *bounds])


_LIST_BOUNDS: Final = (("minItems", "at least"), ("maxItems", "at most"))
_TEXT_BOUNDS: Final = (("minLength", "at least"), ("maxLength", "at most"))


def _default(key: str, value: Any, kind: str) -> str:
    if key == "applies_to":
        return "all bets" if kind in FOOTBALL.kinds else "all selections"
    match value:
        case bool():
            return code(str(value).lower())
        case list() | dict() if not value:
            return "none"
        case list():
            return codes(value)
        case dict():
            return code("{" + ", ".join(f"{name}: {str(one).lower()}" for name, one in value.items()) + "}")
        case _:
            return code(value)


def _words(name: str) -> str:
    """``PriceCollar`` as ``price collar``."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


def _anchor(name: str) -> str:
    return _words(name).replace(" ", "-")
