"""How a written name is found among those of a fixture: thresholds, words that say little, and the alias tables."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator
from pydantic_core import PydanticCustomError

from policytrader.policy.rules import PolicyFile
from policytrader.policy.values import Model, Percent

Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+$", max_length=40)]
"""A word as names are compared: lower-case Latin letters and digits."""

WrittenName = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Words = Annotated[tuple[Word, ...], Field(strict=False)]
WordGroups = Annotated[
    tuple[Annotated[tuple[Word, ...], Field(strict=False, min_length=2)], ...],
    Field(strict=False),
]


class Alias(Model):
    """One person or team, and the other names it goes by.

    ``ids`` are the feed's own, as a person chose them once: with one of them in the fixture nothing else is compared.
    """

    name: WrittenName
    also: Annotated[tuple[WrittenName, ...], Field(strict=False)] = ()
    ids: Annotated[tuple[int | str, ...], Field(strict=False)] = ()

    @field_validator("also")
    @classmethod
    def _no_name_twice(cls, also: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(also)) < len(also):
            kind = "name_twice"
            raise PydanticCustomError(kind, "names the same spelling twice")
        return also

    @property
    def names(self) -> tuple[str, ...]:
        """All spellings."""
        return (self.name, *self.also)


class NameWords(Model):
    """What words mean in one sort of names.

    ``ignored`` words neither speak for a match nor against it; ``other_forms`` are groups that stand for each other;
    ``common_first`` words are too common to name anyone unless they stand last; ``never_alone`` words name nobody by
    themselves; ``distinct`` words must be in both names or in neither. ``first_word_names`` tells whether the first of
    two words alone is a name: yes for a town, no for a person.
    """

    ignored: Words = ()
    other_forms: WordGroups = ()
    common_first: Words = ()
    never_alone: Words = ()
    distinct: Words = ()
    first_word_names: bool = False
    aliases: Annotated[tuple[Alias, ...], Field(strict=False)] = ()


class Acceptance(Model):
    """When a likeness decides: from 0 to 100, at least ``score``, and so far ahead of the second."""

    score: Percent
    ahead_by: Percent


class NamesPolicy(PolicyFile):
    """The rules for finding players in two squads, and teams in a fixture."""

    policy: Literal["names"]
    accept: Acceptance
    players: NameWords
    teams: NameWords
    end: Literal["names"] | None = None
