"""Where alerts are kept, and who else may know one: what a use case asks of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from policytrader.model.tracked import BotType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BOT_TYPES = tuple(str(bot_type) for bot_type in BotType)
"""The two alert bots; each has a collection of its own."""


class AlertCollection(Protocol):
    """Alert documents, with the reading methods of pymongo's collections: one of those is an alert collection."""

    def find(self, *args: Any, **kwargs: Any) -> Iterable[Any]:
        """The documents that a filter lets through; it may let through more, whoever asks looks again."""
        ...

    def find_one(self, *args: Any, **kwargs: Any) -> Any:
        """One of them, or None."""
        ...

    def aggregate(self, *args: Any, **kwargs: Any) -> Iterable[Any]:
        """What a pipeline makes of them; asked for the distinct values of one key alone."""
        ...


class AlertLookup(Protocol):
    """Another source that may know an alert by its ids, such as SportMonks."""

    def __call__(self, *, token: str, fixture_id: int, subject_id: int, bot_type: str) -> Mapping[str, Any] | None:
        """Keys of an alert document that the source knows, or None. ``subject_id`` is the player's or the team's."""
        ...
