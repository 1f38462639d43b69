"""Every error that policytrader raises on purpose, and the one form in which it is told.

::

    PolicytraderError            carries diagnostics: what, where, what to do
    ├── PolicyError              a policy file (YAML, schema, meaning)
    ├── SnapshotError            a snapshot folder or one of its cells
    ├── RecordingError           a recorded market file or an imported recording
    ├── ConfigError              config/*.yaml
    ├── FeedError                the statistics feed did not answer, or refused (exit code 4)
    │   └── LayoutUnknownError   it answered something that is no fixture as far as is known (exit code 4)
    ├── ExchangeError            the exchange did not answer, or refused (exit code 4)
    ├── StoreError               the store is out of reach, read-only, full, of another schema (exit code 4)
    │   ├── StoreUnknownError    the answer to a commit was lost: read the row again (exit code 4)
    │   ├── StoreConflictError   what was asked contradicts what is stored (exit code 1)
    │   └── StaleEpochError      another process leads (exit code 5)
    ├── WorkersError             a cluster does not answer, or a unit of work keeps losing its workers (exit code 4)
    ├── RefusedError             a safety latch says no (exit code 5)
    └── UsageError               the caller asked for something that cannot be (exit code 2)

Drivers' errors (DuckDB, pyarrow, OS) are mapped to one of these at the edge where they happen.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Severity(StrEnum):
    """Errors refuse the input; warnings are printed and refuse nothing."""

    ERROR = "error"
    WARNING = "warning"


_WINDOW = 120


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands in a file.

    ``line`` and ``column`` count from 1, in characters; 0 means that the file as a whole is meant.
    ``length`` is the number of characters to underline.
    """

    file: str
    line: int = 0
    column: int = 0
    length: int = 1

    def __str__(self) -> str:
        """``file:line:column``; a whole file is named without numbers."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: ``code`` has a heading in ``docs/reference/errors.md``; ``source`` is the line at fault."""

    place: Place
    code: str
    message: str
    help: str = ""
    source: str = ""
    severity: Severity = Severity.ERROR

    def render(self) -> str:
        """The finding as text, ten lines at most: place, code, message, the line with a caret, the help."""
        lines = [f"{self.place}  {self.code}  {_clip(self.message, 400)}"]
        if self.source and self.place.line:
            lines += self._caret()
        lines += [f"  {part}" for part in _clip(self.help, 800).splitlines()[:5]]
        return "\n".join(map(printable, lines))

    def _caret(self) -> list[str]:
        number = str(self.place.line)
        # A very long line is shown as a window around the fault, so that the caret stays in view.
        start = max(0, self.place.column - _WINDOW // 2) if len(self.source) > _WINDOW else 0
        shown = self.source[start : start + _WINDOW].replace("\t", " ")
        indent = self.place.column - 1 - start
        caret = "^" * max(1, min(self.place.length, _WINDOW - indent))
        return [f"  {number} | {shown}".rstrip(), f"  {' ' * len(number)} | {' ' * indent}{caret}"]


class PolicytraderError(Exception):
    """The root of the tree: one or more diagnostics, in the order of their places."""

    def __init__(self, diagnostics: Iterable[Diagnostic] | str) -> None:
        """Take diagnostics, or one plain sentence for an error that has no place."""
        self.diagnostics: Sequence[Diagnostic] = () if isinstance(diagnostics, str) else tuple(diagnostics)
        self.sentence = diagnostics if isinstance(diagnostics, str) else ""
        super().__init__(self.render())

    def render(self) -> str:
        """All diagnostics as text, one after the other; what a terminal shows."""
        return self.sentence or "\n".join(diagnostic.render() for diagnostic in self.diagnostics)


class PolicyError(PolicytraderError):
    """A policy that cannot be used: broken YAML, schema or meaning."""


class SnapshotError(PolicytraderError):
    """A snapshot folder that cannot be used: a missing file, an unknown column, a broken cell."""


class RecordingError(PolicytraderError):
    """A recorded file or an imported recording that cannot be read."""


class ConfigError(PolicytraderError):
    """A configuration file that cannot be used."""


class ExchangeError(PolicytraderError):
    """The exchange did not answer, refused, or said what cannot be: no data. ``code`` is its word for it."""

    def __init__(self, sentence: str, code: str = "", reactions: frozenset[str] = frozenset()) -> None:
        """``reactions`` as in ``policytrader.model.orders.Reaction``."""
        super().__init__(sentence)
        self.code = code
        self.reactions = reactions


class FeedError(PolicytraderError):
    """The statistics feed did not answer, or refused; a later try may go through."""

    def __init__(self, sentence: str, retry_after_seconds: float | None = None) -> None:
        """``retry_after_seconds``: how long the feed asked to be left alone."""
        super().__init__(sentence)
        self.retry_after_seconds = retry_after_seconds


class LayoutUnknownError(FeedError):
    """The feed answered something that is no fixture as far as is known: another layout, HTML, or cut off."""


class StoreError(PolicytraderError):
    """The store could not do it, and nothing happened. ``code`` is one of ours, whatever the driver."""

    def __init__(self, sentence: str, code: str = "unreachable") -> None:
        """``code``: unreachable, read_only, full, busy, schema, mode, denied, damaged or failed."""
        super().__init__(sentence)
        self.code = code


class StoreUnknownError(StoreError):
    """A commit was sent and its answer lost: it happened, or it did not. Read the row by its key."""

    def __init__(self, sentence: str) -> None:
        """Its code is ``unknown``."""
        super().__init__(sentence, "unknown")


class StoreConflictError(StoreError):
    """What was asked contradicts what is stored; nothing happened."""

    def __init__(self, sentence: str) -> None:
        """Its code is ``conflict``."""
        super().__init__(sentence, "conflict")


class StaleEpochError(StoreError):
    """Another process leads, or the lease is lost: nothing happened, and nothing may be sent."""

    def __init__(self, sentence: str) -> None:
        """Its code is ``stale``."""
        super().__init__(sentence, "stale")


class WorkersError(PolicytraderError):
    """Work cannot be done: a cluster does not answer, or every worker that a unit was given to was lost."""


class RefusedError(PolicytraderError):
    """A safety latch says no: the account is not armed, or another process leads. Nothing happened."""


class UsageError(PolicytraderError):
    """What was asked for cannot be: exit code 2."""


def printable(text: str) -> str:
    """The text with a sign in place of each character that a terminal would act on instead of showing it."""
    return (
        text
        if text.isprintable()
        else "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    )


def _clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
