"""Parser events into values and places: the one pass that finds most problems of a policy file."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias, cast

import yaml
from yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from policytrader.authoring.yaml_scalars import Ambiguous, read_plain
from policytrader.authoring.yaml_syntax import (
    SyntaxProblem,
    explain_block_header,
    explain_escape,
    explain_question_mark,
    explain_syntax,
)
from policytrader.authoring.yaml_text import EnoughError, Problems, is_forbidden, name_character
from policytrader.errors import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from yaml.error import Mark

YamlPath: TypeAlias = tuple[str | int, ...]
"""How to get to a value from the top: keys and positions from 0; ``()`` is the whole document."""

MAXIMUM_DEPTH: Final = 20
MAXIMUM_NODES: Final = 20_000
MAXIMUM_SCALAR_BYTES: Final = 4096

_SHOWN_CHARACTERS = 60
_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_QUOTED_KEY = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_GLUED_COMMENT = re.compile(r"[|>][-+0-9]*#")
_COMMENT = re.compile(r"#[^\n]*")
_LEADING_DIRECTIVE = re.compile(r"(?:[ ]*(?:#[^\n]*)?\n)*(%)")


class Builder:
    """Turns the events of one document into values. Depth is bounded, so recursion is safe."""

    def __init__(self, text: str, problems: Problems, events: Iterator[Event]) -> None:
        """``text`` is what ``events`` were parsed from, so that their marks fit it."""
        self.text = text
        self.problems = problems
        self.events = events
        self.places: dict[YamlPath, Place] = {}
        self.key_places: dict[YamlPath, Place] = {}
        self._end = 0  # index behind the last event
        self._nodes = 0
        self._flow_depth = 0  # how many [ and { are open

    def build(self) -> object:
        """The document's value; means nothing when there were problems."""
        value: object = None
        try:
            self._refuse_directive(0)
            value = self._build_document()
        except EnoughError:
            pass
        except yaml.MarkedYAMLError as error:
            self._add_syntax(explain_syntax(error, self.text, self._end))
        except (yaml.YAMLError, ValueError, OverflowError):
            # The pure parser lets through what ``chr`` says about an escape beyond Unicode.
            self._add_syntax(explain_escape(self.text, self._end))
        return value

    def _refuse_directive(self, index: int) -> None:
        match = _LEADING_DIRECTIVE.match(self.text, index)
        if match:
            place = self._place_at(match.start(1), 1)
            remedy = "Delete the line; a line of text is indented."
            self.problems.stop(place, "E008", "a directive (`%`) is not allowed", remedy)

    def _build_document(self) -> object:
        self._next()  # start of stream
        start = self._next()
        event = start if isinstance(start, StreamEndEvent) else self._next()
        if isinstance(event, StreamEndEvent) or _is_missing(event):
            whole_file = Place(self.problems.file)
            self.problems.stop(whole_file, "E006", "the file is empty", "Write the policy, beginning with `policy:`.")
        value = self._build_node(event, (), 1)
        self._next()  # end of document
        event = self._next()
        if not isinstance(event, StreamEndEvent):
            self._refuse_directive(_start(event).index)
            remedy = "Move it to a file of its own, or delete the line `---`."
            self.problems.stop(self._place(event), "E006", "a second document begins here", remedy)
        return value

    def _next(self) -> Event:
        event = next(self.events)
        self._end = _end(event).index
        return event

    def _build_node(self, event: Event, path: YamlPath, depth: int) -> object:
        place = self.places[path] = self._place(event)
        self._check_node(event, place)
        if isinstance(event, ScalarEvent):
            return self._build_scalar(event, place)
        if isinstance(event, AliasEvent):
            return None
        if depth > MAXIMUM_DEPTH:
            message = f"more than {MAXIMUM_DEPTH} lists or mappings inside each other"
            self.problems.stop(place, "E007", message, "Write the policy in fewer levels.")
        is_flow = isinstance(event, SequenceStartEvent | MappingStartEvent) and bool(event.flow_style)
        self._flow_depth += is_flow
        value: object
        if isinstance(event, SequenceStartEvent):
            value = self._build_sequence(path, depth)
        else:
            value = self._build_mapping(path, depth, _start(event).index)
        self._flow_depth -= is_flow
        return value

    def _build_sequence(self, path: YamlPath, depth: int) -> list[object]:
        items: list[object] = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            if _is_missing(event):
                remedy = "Say what it should be, or delete the dash; indent lines that belong to it deeper."
                self.problems.add(self._place(event), "E009", "this item has no value", remedy)
            items.append(self._build_node(event, (*path, len(items)), depth + 1))
        return items

    def _build_mapping(self, path: YamlPath, depth: int, start: int) -> dict[str, object]:
        entries: dict[str, object] = {}
        gap_start = start
        while True:
            event = self._next()
            if isinstance(event, MappingEndEvent):
                return entries
            place = self._place(event)
            key = self._read_key(event, place, gap_start, (*path, "?"), depth)
            if key is None:
                self._build_node(self._next(), (*path, "?"), depth + 1)
                gap_start = self._end
                continue
            below = (*path, key)
            if key in entries:
                message = f"duplicate key `{_clip(key)}` (first on line {self.key_places[below].line})"
                self.problems.add(place, "E110", message, "Keep one of the two, or give this one another name.")
            self.key_places.setdefault(below, place)
            event = self._next()
            if _is_missing(event):
                remedy = f"Say what it should be: `{_clip(key)}: ...`; indent lines that belong to it deeper."
                self.problems.add(place, "E009", f"`{_clip(key)}` has no value", remedy)
            entries[key] = self._build_node(event, below, depth + 1)
            gap_start = self._end

    def _read_key(self, event: Event, place: Place, gap_start: int, path: YamlPath, depth: int) -> str | None:
        """The name that a key gives; None for a key that gives none, after saying so."""
        if not isinstance(event, ScalarEvent):
            self._build_node(event, path, depth + 1)
            if not isinstance(event, AliasEvent):
                remedy = 'Write a name before the colon; quote text that begins with { or [, such as "{name}".'
                self.problems.add(place, "E010", "a list or mapping cannot be a key", remedy)
            return None
        self._check_node(event, place)
        # No event tells `? key` from `key:`, but the text between this event and the one before does.
        gap = self.text[gap_start : _start(event).index]
        if "?" in gap and "?" in _COMMENT.sub("", gap):
            self.problems.add(place, "E010", "a key behind `?` is not allowed", "Write `key: value`.")
            return None
        if event.tag or event.anchor:
            return None
        return self._read_name(event.value, place, is_plain=_is_plain(event))

    def _read_name(self, key: str, place: Place, *, is_plain: bool) -> str | None:
        if is_plain and key == "<<":
            remedy = "Write the entries out; a key that is really << is quoted."
            self.problems.add(place, "E008", "a merge key is not allowed", remedy)
        elif not (_PLAIN_KEY if is_plain else _QUOTED_KEY).fullmatch(key):
            self._refuse_name(key, place)
        elif is_plain and (meaning := read_plain(key)) != key:
            reading = meaning.reading if isinstance(meaning, Ambiguous) else "true/false or text"
            self.problems.add(place, "E009", f"ambiguous key `{key}`: {reading}", f'Quote it if it is a name: "{key}".')
        else:
            return key
        return None

    def _refuse_name(self, key: str, place: Place) -> None:
        foreign = next((character for character in key if not " " <= character <= "~"), None)
        remedy = 'Use letters, digits, _ - and . with a letter first, or put the key in quotes: "8 h".'
        if foreign is not None:
            message = f"a key with {name_character(foreign)}"
            remedy = "Type the key again with plain letters; look-alikes from other alphabets make another key."
        elif not key.strip():
            message = "a key without a name"
        elif ":" in key:
            message = f"key `{_clip(key)}` is not a plain name"
            remedy = "Put a space after the colon, or quote the key if the colon is part of it."
        else:
            message = f"key `{_clip(key)}` is not a plain name"
        self.problems.add(place, "E010", message, remedy)

    def _build_scalar(self, event: ScalarEvent, place: Place) -> object:
        value = event.value
        if not _is_plain(event):
            if event.style == '"':
                self._check_escapes(event, place)
            return value
        if not value or event.tag or len(value) > MAXIMUM_SCALAR_BYTES:
            return value  # told already
        meaning = read_plain(value)
        if isinstance(meaning, Ambiguous):
            message = f"ambiguous value `{_clip(value)}`: {meaning.reading}"
            self.problems.add(place, "E009", message, meaning.remedy)
        return meaning

    def _check_escapes(self, event: ScalarEvent, place: Place) -> None:
        for character in filter(is_forbidden, event.value):
            if character == "\t":
                continue
            if unicodedata.category(character) == "Cs":
                self._add_syntax(explain_escape(self.text, _start(event).index))
                raise EnoughError
            message = f"an escape for the forbidden character {name_character(character)}"
            self.problems.add(place, "E004", message, "Delete the escape; text here is visible text.")
            return

    def _check_node(self, event: Event, place: Place) -> None:
        """Check what every node must obey: their number, no anchor, tag or alias, no endless text."""
        self._nodes += 1
        if self._nodes > MAXIMUM_NODES:
            message = f"more than {MAXIMUM_NODES} keys, values and lists"
            self.problems.stop(place, "E007", message, "Split the policy into several files.")
        if isinstance(event, AliasEvent):
            self._forbid(place, "alias", "Write the value out here; quote text that begins with *.")
            return
        if isinstance(event, NodeEvent) and event.anchor:
            self._forbid(place, "anchor", "Delete it, and write the value out where it is needed.")
        if isinstance(event, ScalarEvent | SequenceStartEvent | MappingStartEvent) and event.tag:
            self._forbid(place, "tag", "Delete it; quote text that begins with an exclamation mark.")
        if isinstance(event, ScalarEvent) and len(event.value) * 4 > MAXIMUM_SCALAR_BYTES:
            size = len(event.value.encode("utf-8", "replace"))
            if size > MAXIMUM_SCALAR_BYTES:
                message = f"a text of {size} bytes; {MAXIMUM_SCALAR_BYTES} is the most"
                self.problems.add(place, "E007", message, "Shorten it; check that its quotes are closed.")
        if isinstance(event, ScalarEvent):
            self._refuse_what_only_libyaml_reads(event)

    def _refuse_what_only_libyaml_reads(self, event: ScalarEvent) -> None:
        """A policy must not depend on how PyYAML was built, so the stricter of its two parsers decides."""
        start = _start(event).index
        problem = None
        if self._flow_depth and _is_plain(event) and "?" in event.value:
            problem = explain_question_mark(self.text, start)
        elif event.style in {"|", ">"} and _GLUED_COMMENT.match(self.text, start):
            problem = explain_block_header(start)
        if problem:
            self._add_syntax(problem)
            raise EnoughError

    def _forbid(self, place: Place, what: str, remedy: str) -> None:
        article = "an" if what[0] == "a" else "a"
        self.problems.add(place, "E008", f"{article} {what} is not allowed", remedy)

    def _add_syntax(self, problem: SyntaxProblem) -> None:
        index = min(problem.index, len(self.text.rstrip()))
        place = self._place_at(index, 1)
        with suppress(EnoughError):
            self.problems.add(place, problem.code, problem.message, problem.remedy)

    def _place_at(self, index: int, length: int) -> Place:
        line = self.text.count("\n", 0, index) + 1
        return Place(self.problems.file, line, index - self.text.rfind("\n", 0, index), length)

    def _place(self, event: Event) -> Place:
        start, end = _start(event), _end(event)
        if isinstance(event, ScalarEvent):
            # Text of several lines is underlined to the end of its first.
            stop = end.column if end.line == start.line else len(self.problems.lines[start.line])
        else:
            stop = 0
        return Place(self.problems.file, start.line + 1, start.column + 1, max(1, stop - start.column))


def _start(event: Event) -> Mark:
    return cast("Mark", event.start_mark)  # parsers always set it; only events made by hand have none


def _end(event: Event) -> Mark:
    return cast("Mark", event.end_mark)


def _is_plain(event: ScalarEvent) -> bool:
    return not event.style  # None from the pure parser, "" from libyaml


def _is_missing(event: Event) -> bool:
    return isinstance(event, ScalarEvent) and not (event.value or event.style or event.tag or event.anchor)


def _clip(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
