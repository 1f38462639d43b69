"""What the parts of the store in memory share: the database behind them, and how values are checked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

from policytrader.errors import StoreError
from policytrader.model.records import StoreStatus

if TYPE_CHECKING:
    from datetime import date, datetime

    from policytrader.model.journal import Control, JournalEntry, JournalEvent, Lease
    from policytrader.model.records import (
        Activation,
        Contender,
        DecisionRecord,
        PolicyRecord,
        ResultEvent,
        RunnerPrices,
        StoredBet,
        StoredSelection,
    )
    from policytrader.model.snapshot import ReferenceRunner

_REVISION = "memory"


@dataclass
class MemoryDatabase:
    """What is durable. ``holders`` are the locks: account -> the store that leads it."""

    mode: str | None = None
    picks: dict[str, StoredSelection] = field(default_factory=dict)
    captures: dict[str, tuple[ReferenceRunner, ...]] = field(default_factory=dict)
    settled: dict[str, StoredBet] = field(default_factory=dict)
    history: list[ResultEvent] = field(default_factory=list)
    journal: dict[str, JournalEntry] = field(default_factory=dict)
    events: list[JournalEvent] = field(default_factory=list)
    decisions: dict[str, DecisionRecord] = field(default_factory=dict)
    policies: dict[str, PolicyRecord] = field(default_factory=dict)
    activations: list[Activation] = field(default_factory=list)
    leases: dict[str, Lease] = field(default_factory=dict)
    controls: list[Control] = field(default_factory=list)
    prices: dict[tuple[str, int], RunnerPrices] = field(default_factory=dict)
    contenders: dict[tuple[str, int], Contender] = field(default_factory=dict)
    holders: dict[str, Part] = field(default_factory=dict)
    seen_picks: dict[date, tuple[StoredSelection, ...]] = field(default_factory=dict)
    seen_captures: dict[date, tuple[ReferenceRunner, ...]] = field(default_factory=dict)
    """Answers that hold until a pick changes."""


class Part:
    """A database, and the mode that it serves."""

    def __init__(self, database: MemoryDatabase, mode: str) -> None:
        self._base = database
        self._mode = mode

    def migrate(self) -> tuple[str, ...]:
        applied = () if self._base.mode is not None else (_REVISION,)
        self._base.mode = self._base.mode or self._mode
        self._use()
        return applied

    def status(self) -> StoreStatus:
        revision = _REVISION if self._base.mode is not None else None
        return StoreStatus(dialect="memory", place="memory", revision=revision, newest=_REVISION, mode=self._base.mode)

    def _use(self) -> MemoryDatabase:
        if self._base.mode is None:
            message = "store memory: it has no tables yet"
            raise StoreError(message, "schema")
        if self._base.mode != self._mode:
            message = f"store memory: it is a {self._base.mode} store, and this is {self._mode}"
            raise StoreError(message, "mode")
        return self._base

    def _tell(self, event: JournalEvent) -> None:
        self._base.events.append(replace(event, seq=len(self._base.events) + 1))


def stored(column: Any, value: Any) -> Any:
    """The value as it would come back from the column. Raises ``ValueError`` for what does not fit."""
    if value is None:
        return None
    return column.type._read(column.type._stored(value, is_sqlite=True), is_sqlite=True)


def utc(at: datetime) -> datetime:
    return at.astimezone(UTC)
