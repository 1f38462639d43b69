"""Conditions: a tree of ``all`` / ``any`` / ``not`` over leaves. Data, not code.

A leaf compares one field with a literal (``value``) or with another field of the same unit (``other``). Everything is
three-valued: a comparison with a missing value is unknown, and ``all``/``any``/``not`` carry it as SQL does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator

from policytrader.policy.fields import Operator
from policytrader.policy.values import FactName, Identifier, Model

Path = tuple[str | int, ...]
"""Keys and indexes from a file's root to a value."""


class Leaf(Model):
    """One comparison. The literal's form depends on the field's type; ``check`` knows it."""

    field: Annotated[str, Field(description="What is read; see the field catalogue.")]
    op: Annotated[Operator, Field(strict=False, description="How it is compared.")]
    value: Annotated[Any, Field(description="A literal of the field's type and unit.")] = None
    other: Annotated[str | None, Field(description="Another field of the same unit.")] = None

    @field_validator("value")
    @classmethod
    def _freeze(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value


class All(Model):
    """True when every part is true, false when one is false, otherwise unknown."""

    all: Annotated[tuple[Condition, ...], Field(strict=False, min_length=1)]


class AnyOf(Model):
    """True when one part is true, false when every part is false, otherwise unknown."""

    any: Annotated[tuple[Condition, ...], Field(strict=False, min_length=1)]


class Not(Model):
    """True for false, false for true, unknown for unknown."""

    not_: Annotated[Condition, Field(alias="not")]


class InvalidatedBy(Model):
    """In cash-out triggers: the selection is invalid, and one of these validation rules made it so."""

    invalidated_by: Annotated[tuple[Identifier, ...], Field(strict=False, min_length=1)]


def _form(value: Any) -> str | None:
    keys: set[str] = set(value) if isinstance(value, dict) else set()
    if isinstance(value, Model):
        return f"<{type(value).__name__}>"
    for key, form in (("all", "<All>"), ("any", "<AnyOf>"), ("not", "<Not>"), ("invalidated_by", "<InvalidatedBy>")):
        if key in keys:
            return form
    return "<Leaf>" if keys & {"field", "op"} else None


Condition = Annotated[
    Annotated[All, Tag("<All>")]
    | Annotated[AnyOf, Tag("<AnyOf>")]
    | Annotated[Not, Tag("<Not>")]
    | Annotated[InvalidatedBy, Tag("<InvalidatedBy>")]
    | Annotated[Leaf, Tag("<Leaf>")],
    Discriminator(_form),
]
"""A condition: exactly one of ``all``, ``any``, ``not``, ``invalidated_by`` (cash-out only) or a leaf."""


class Fact(Model):
    """A named aggregate over the runners of the race; the only way in which a rule sees other rows.

    Exactly one of ``count: runners``, ``list: <field>``, ``any: runners``, ``min: <field>``, ``max: <field>``.
    """

    count: Literal["runners"] | None = None
    list: Literal["runner.selection_id"] | None = None
    any: Literal["runners"] | None = None
    min: str | None = None
    max: str | None = None
    where: Condition

    @property
    def aggregate(self) -> str:
        """Which aggregate it is: count, list, any, min or max."""
        return next(name for name in AGGREGATES if getattr(self, name) is not None)

    @property
    def of(self) -> str | None:
        """The field that ``min`` or ``max`` looks at."""
        return self.min or self.max


AGGREGATES = ("count", "list", "any", "min", "max")

Facts = dict[FactName, Fact]

for _model in (All, AnyOf, Not, Fact):
    _model.model_rebuild()


def walk(condition: Condition, path: Path = ()) -> Iterator[tuple[Path, Leaf | InvalidatedBy]]:
    """Every leaf with its path below ``condition``, in file order."""
    match condition:
        case All(all=parts):
            for index, part in enumerate(parts):
                yield from walk(part, (*path, "all", index))
        case AnyOf(any=parts):
            for index, part in enumerate(parts):
                yield from walk(part, (*path, "any", index))
        case Not(not_=part):
            yield from walk(part, (*path, "not"))
        case Leaf() | InvalidatedBy():
            yield path, condition
