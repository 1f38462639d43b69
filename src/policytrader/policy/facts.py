"""Facts as fields: what a fact amounts to when a rule reads it."""

from __future__ import annotations

from policytrader.policy.conditions import Fact
from policytrader.policy.fields import RUNNER_FIELDS, Field, FieldType, Scope

FACT_PREFIX = "fact."


def fact_field(name: str, fact: Fact) -> Field:
    """The catalogue entry that a fact amounts to."""
    of = RUNNER_FIELDS.get(fact.of or "")
    kind, unit = {
        "count": (FieldType.NUMBER, "runners"),
        "list": (FieldType.LIST, "selection id"),
        "any": (FieldType.BOOLEAN, ""),
    }.get(fact.aggregate, (of.type if of else FieldType.NUMBER, of.unit if of else ""))
    nullable = fact.aggregate in {"min", "max"}
    return Field(
        FACT_PREFIX + name,
        kind,
        unit,
        Scope.SELECTION,
        "",
        "facts",
        f"Fact {name}.",
        nullable=nullable,
        places=of.places if of else 0,
    )
