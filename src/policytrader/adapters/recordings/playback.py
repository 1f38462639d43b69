"""Recorded markets played as events of the simulated exchange, in order of time over any number of files.

Files are raw streams with whatever depth they were recorded at, or folders that ``recording import`` wrote, which tell
the same. A file is opened when its time comes: a month needs as many open files as markets were open at once.
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heapreplace
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from policytrader.adapters.recordings import codes
from policytrader.adapters.recordings.files import GET_AGAIN, open_members
from policytrader.adapters.recordings.playback_stream import StreamPlayback, publish_time
from policytrader.adapters.recordings.playback_tables import first_published, played_market
from policytrader.errors import Diagnostic, Place, RecordingError
from policytrader.model.times import from_microseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from policytrader.adapters.recordings.files import Member
    from policytrader.simulation.events import Event

    Step: TypeAlias = Callable[[int], Iterable[Event]]
    Steps: TypeAlias = Iterator[tuple[int, Step]]

_WRONG_SHAPE = (ValueError, TypeError, KeyError, AttributeError, IndexError)
_MICROSECONDS = 1000
"""In a millisecond: streams count publish times in milliseconds, the rest here in microseconds since 1970."""

_PLAYED_UNTIL_THERE = "What stands before it is played. Get the file again."


def read_events(paths: Iterable[Path], *, tell: Callable[[Diagnostic], None] | None = None) -> Iterator[Event]:
    """The events of recorded files, of folders of such files and of imported recordings, merged in order of time.

    A file that breaks off is played up to the damage, and the others go on. ``tell`` hears of each damage, and of each
    market that cannot be played, when it is met; without it they are raised as one ``RecordingError`` after the last
    event. Raises ``RecordingError`` at once where nothing can be read of a path.
    """
    return _merged(_find_sources(paths), tell)


def first_time(paths: Iterable[Path]) -> datetime:
    """When the first message of the recordings was published, aware UTC; only the start of each file is read.

    Raises ``RecordingError`` where nothing can be read of a path.
    """
    return from_microseconds(min(source.first for source in _find_sources(paths).sources))


class _Source(Protocol):
    """One recorded file, member of a zip, or imported market. ``first`` is when its first message was published."""

    @property
    def first(self) -> int: ...

    def steps(self, stream: StreamPlayback) -> Steps:
        """What it has at each instant, as something that makes the events, dated as told, when their turn comes."""
        ...


# --- Raw streams ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Raw:
    """A raw stream: the ``index``-th member of a file."""

    path: Path
    index: int
    first: int

    def steps(self, stream: StreamPlayback) -> Steps:
        with open_members(self.path) as members:
            for member in islice(members, self.index, self.index + 1):
                for line, message in _messages(member):
                    yield message["pt"] * _MICROSECONDS, _RawStep(stream, member, line, message).events


class _RawStep(NamedTuple):
    stream: StreamPlayback
    member: Member
    line: int
    message: Any

    def events(self, at: int) -> list[Event]:
        self.stream.reading = self.member.name
        try:
            return self.stream.apply(self.message, at)
        except _WRONG_SHAPE as error:
            raise _not_a_message(self.member, self.line, error) from error


def _messages(member: Member) -> Iterator[tuple[int, Any]]:
    """Line and content of each market change message, its publish time checked."""
    line = 0
    try:
        for line, document in member.documents():
            for message in document if document.__class__ is list else (document,):
                if message["op"] == "mcm" and message.get("mc"):
                    message["pt"] = publish_time(message["pt"])
                    yield line, message
    except _WRONG_SHAPE as error:
        raise _not_a_message(member, line, error) from error


def _not_a_message(member: Member, line: int, error: Exception) -> RecordingError:
    match error:
        case KeyError():
            what = f"{error.args[0]} is missing"
        case ValueError():
            what = str(error)
        case _:
            what = "a list, an object or a number stands where another is expected"
    return member.error(line, f"not a message of the stream: {what}")


# --- Imported recordings --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Imported:
    """The folder of one imported market."""

    folder: Path
    first: int

    def steps(self, stream: StreamPlayback) -> Steps:
        del stream
        for time, events in played_market(self.folder):
            yield time, _Ready(events).events


class _Ready(NamedTuple):
    made: list[Event]

    def events(self, at: int) -> list[Event]:
        del at  # a table stands in the order of time
        return self.made


# --- Finding them ---------------------------------------------------------------------------------------------------


class _Found(NamedTuple):
    sources: list[_Source]
    damages: list[Diagnostic]


def _find_sources(paths: Iterable[Path]) -> _Found:
    """All sources, and the damages met in finding them that leave something to play."""
    found = _Found([], [])
    for path in paths:
        if path.is_dir():
            _find_in_folder(path, found)
        elif not (damages := _find_in_file(path, found)):
            continue
        elif any(isinstance(source, _Raw) and source.path == path for source in found.sources):
            found.damages.extend(damages)
        else:
            raise RecordingError(damages)
    if not found.sources:
        message = "no recording was named"
        raise RecordingError(message)
    return found


def _find_in_folder(folder: Path, found: _Found) -> None:
    """An imported recording, or else whatever recorded files lie in the folder; what is none of them is told."""
    before = len(found.sources)
    markets = sorted(folder.glob("day=*/market=*"))
    found.sources.extend(_Imported(market, first_published(market)) for market in markets)
    if not markets:
        for path in sorted(one for one in folder.iterdir() if one.is_file() and not one.name.startswith(".")):
            found.damages.extend(_find_in_file(path, found))
    if len(found.sources) == before:
        message = "holds no imported recording and no recorded stream"
        raise RecordingError([Diagnostic(Place(str(folder)), codes.NOT_A_RECORDING, message)])


def _find_in_file(path: Path, found: _Found) -> list[Diagnostic]:
    """Add a file's streams, each with its first time. Returns what is wrong with it."""
    damages: list[Diagnostic] = []
    # What was begun stays open until the end: a member of a zip that broke off can only be read over, not skipped.
    with ExitStack() as stack:
        try:
            for index, member in enumerate(stack.enter_context(open_members(path))):
                messages = stack.enter_context(closing(_messages(member)))  # type: ignore[type-var]
                try:
                    first = next(messages, None)
                except RecordingError as error:
                    damages.extend(error.diagnostics)
                else:
                    if first is None:
                        damages.append(_no_market(member))
                    else:
                        found.sources.append(_Raw(path, index, first[1]["pt"] * _MICROSECONDS))
        except RecordingError as error:
            damages.extend(error.diagnostics)
    return damages


def _no_market(member: Member) -> Diagnostic:
    message = "holds no market change (messages with op mcm and mc)"
    return Diagnostic(Place(member.name), codes.NO_MARKET, message, "Is this a recording of the Exchange Stream?")


# --- Merging them ---------------------------------------------------------------------------------------------------


def _merged(found: _Found, tell: Callable[[Diagnostic], None] | None) -> Iterator[Event]:
    damages = _Damages(tell)
    damages.add(found.damages)
    stream = StreamPlayback(lambda diagnostic: damages.add([diagnostic]))
    waiting = [(source.first, index) for index, source in enumerate(found.sources)]
    heapify(waiting)
    opened: dict[int, Steps] = {}
    steps: dict[int, Step] = {}
    while waiting:
        time, index = waiting[0]
        following = None
        try:
            if index in opened:
                yield from steps[index](time)
            else:
                opened[index] = found.sources[index].steps(stream)
            following = next(opened[index], None)
        except RecordingError as error:
            damages.add(error.diagnostics)
        if following is None:
            heappop(waiting)
            del opened[index]
        else:
            # A message may be a little late; it is then dated like the one before it.
            heapreplace(waiting, (max(time, following[0]), index))
            steps[index] = following[1]
    stream.end()
    damages.raise_untold()


class _Damages:
    """Damages on their way to somebody."""

    def __init__(self, tell: Callable[[Diagnostic], None] | None) -> None:
        self._tell = tell
        self._untold: list[Diagnostic] = []

    def add(self, diagnostics: Iterable[Diagnostic]) -> None:
        for diagnostic in diagnostics:
            one = replace(diagnostic, help=diagnostic.help.replace(GET_AGAIN, _PLAYED_UNTIL_THERE))
            if self._tell is None:
                self._untold.append(one)
            else:
                self._tell(one)

    def raise_untold(self) -> None:
        if self._untold:
            raise RecordingError(self._untold)
