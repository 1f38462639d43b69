"""The pages of fields and operators, from the catalogue."""

from __future__ import annotations

from policytrader.authoring.key_texts import LITERAL_TEXTS, OPERATOR_TEXTS
from policytrader.authoring.reference.markdown import code, codes, page, table
from policytrader.policy.conditions import AGGREGATES
from policytrader.policy.fields import (
    CATALOGUE,
    COMPARISONS,
    OPERATORS,
    WITHOUT_OPERAND,
    Field,
    FieldType,
    Operator,
    Scope,
)
from policytrader.policy.grading.fields import GRADING_CATALOGUE

_FACTS = {
    "count": (
        "`count: runners`",
        "number of runners",
        "How many runners fulfil `where`, as bounds: certainly and possibly.",
    ),
    "list": ("`list: runner.selection_id`", "list", "Their numbers; one certain member makes it not empty."),
    "any": ("`any: runners`", "boolean", "True when one certainly does, false when none possibly does."),
    "min": (
        "`min: <price of a runner>`",
        "price",
        "The lowest over the runners that fulfil `where`; missing when none does.",
    ),
    "max": (
        "`max: <price of a runner>`",
        "price",
        "The highest over the runners that fulfil `where`; missing when none does.",
    ),
}


def fields_page() -> str:
    """What a condition may read."""
    facts = [(*_FACTS[name],) for name in AGGREGATES]
    return page(
        "Fields",
        "fields",
        "A condition reads fields. A field that can be missing also takes `is_missing` and `is_present`; every other "
        "comparison with a missing value is unknown.",
        "## In rules",
        "About the selection, its market, its runner, its capture and its position.",
        _fields(Scope.SELECTION),
        "## In the `where` of a fact",
        "About each runner of the race, merged over the race's markets.",
        _fields(Scope.RUNNERS),
        "## Facts",
        "A validation rule reads a fact of its file as `fact.<name>`.",
        table(("declared as", "type", "meaning"), facts),
        "## In grading rules",
        "About a tracked bet, its fixture with the statistics, and the terms that hold for it.",
        "\n\n".join(_field(field) for field in GRADING_CATALOGUE),
        "## Types",
        table(("type", "a literal is", "for example"), [(kind, *_literal(kind)) for kind in FieldType]),
    )


def _literal(kind: FieldType) -> tuple[str, str]:
    text, example = LITERAL_TEXTS[kind]
    return text, code(example)


def _fields(scope: Scope) -> str:
    return "\n\n".join(_field(field) for field in CATALOGUE if field.scope is scope)


def _field(field: Field) -> str:
    kind = f"{field.type} in {field.unit}" if field.unit else str(field.type)
    about = [kind, "may be missing" if field.nullable else "never missing", f"from {field.source}"]
    lines = [f"### `{field.name}`", field.description, " · ".join(about)]
    if field.values:
        lines.append(f"Words: {codes(field.values)}")
    lines.append(f"Operators: {codes(field.operators)}")
    return "\n\n".join(lines)


def operators_page() -> str:
    """How a condition compares."""
    return page(
        "Operators",
        "operators",
        "Every comparison is true, false or unknown; it is unknown when it needs a value that is missing.",
        table(("type", "operators"), [(str(kind), codes(OPERATORS[kind])) for kind in FieldType]),
        "A field that can be missing also takes `is_missing` and `is_present`.",
        *(_operator(op) for op in Operator),
    )


def _operator(op: Operator) -> str:
    types = [kind for kind in FieldType if op in OPERATORS[kind]]
    of = f"For {', '.join(types)}." if types else "For every field that can be missing."
    if op in WITHOUT_OPERAND:
        takes = "Takes neither `value` nor `other`."
    elif op in COMPARISONS:
        takes = "Takes `value`, or `other`: a field of the same type and unit."
    else:
        takes = "Takes `value`."
    text = OPERATOR_TEXTS[op]
    return f"## `{op}`\n\n{text[0].upper()}{text[1:]}. {of} {takes}"
