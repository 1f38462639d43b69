"""Strict YAML: text in, plain values with their places out, or every problem at once.

The reader works on parser events, never on PyYAML's composer or constructor: those follow aliases into
gigabytes, overflow the stack at depth, let the last of two equal keys win, and read ``10:30`` as 630
(``docs/policy-language.md``). What YAML readers could understand differently is an error here that says
what to write instead. Values are ``dict[str, ...]``, ``list``, ``str``, ``int``, ``Decimal`` and ``bool``.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import yaml

from policytrader.authoring.yaml_events import Builder, YamlPath
from policytrader.authoring.yaml_text import MAXIMUM_BYTES, TOO_LARGE, Problems, check_characters, decode, source_line
from policytrader.errors import Diagnostic, Place, Severity
from policytrader.files import TooLargeError, read_at_most

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["HAS_LIBYAML", "YamlDocument", "YamlPath", "read_yaml", "read_yaml_file"]

HAS_LIBYAML: Final = bool(yaml.__with_libyaml__)


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """One document: its ``value``, and where in ``lines`` each value and each key stands.

    ``places`` and ``key_places`` know every path to a value; ``key_places`` only those that end in a key.
    """

    file: str
    value: object
    lines: tuple[str, ...]
    places: Mapping[YamlPath, Place]
    key_places: Mapping[YamlPath, Place]

    def place(self, path: YamlPath) -> Place:
        """Of the value at ``path``; of the nearest value around it where the file has no such path."""
        for length in range(len(path), -1, -1):
            found = self.places.get(path[:length])
            if found is not None:
                return found
        return Place(self.file)

    def key_place(self, path: YamlPath) -> Place:
        """Of the key that leads to ``path``; for an item of a list, of the item itself."""
        return self.key_places.get(path) or self.place(path)

    def diagnostic(
        self,
        path: YamlPath,
        code: str,
        message: str,
        help: str = "",  # noqa: A002 - the field's name
        *,
        at_key: bool = False,
        severity: Severity = Severity.ERROR,
    ) -> Diagnostic:
        """A finding about the value at ``path``, or about its key, with the line it stands on."""
        place = self.key_place(path) if at_key else self.place(path)
        return Diagnostic(place, code, message, help, source_line(self.lines, place.line), severity)


def read_yaml_file(path: Path, shown_as: str | None = None) -> YamlDocument:
    """Read one file; ``shown_as`` is its name in places and messages.

    Raises ``PolicyError`` for whatever is wrong with the file or with what it says.
    """
    problems = Problems(shown_as or str(path))
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            problems.refuse("E001", "this is a folder, not a file", "Name one of the files inside it.")
        if not stat.S_ISREG(mode):
            # Reading a pipe or a device could wait for ever.
            problems.refuse("E001", "this is not a regular file", "Name a file with YAML in it.")
        data = read_at_most(path, MAXIMUM_BYTES)
    except TooLargeError:
        problems.refuse(*TOO_LARGE)
    except FileNotFoundError:
        problems.refuse("E001", "there is no such file", "Check the name and the folder you are in.")
    except PermissionError:
        problems.refuse("E001", "this file may not be read", "Ask for permission to read it, or change its mode.")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable file name"
        problems.refuse("E001", f"this cannot be read: {reason}", "Check the name and that the disk is there.")
    return read_yaml(data, problems.file)


def read_yaml(data: bytes, file: str, *, libyaml: bool = HAS_LIBYAML) -> YamlDocument:
    """Read one document; ``file`` is its name in places and messages.

    ``libyaml`` picks the parser: the one in C where PyYAML was built with it, else the one in pure Python.
    Raises ``PolicyError`` with all problems that one pass can find, in the order of their places.
    """
    problems = Problems(file)
    text = decode(data, problems)
    problems.lines = tuple(text.split("\n"))
    check_characters(problems)
    problems.raise_if_any()
    # A block of text at the very end means the same with and without a last line break.
    text = text if text.endswith("\n") else text + "\n"
    builder = Builder(text, problems, yaml.parse(text, Loader=yaml.CSafeLoader if libyaml else yaml.SafeLoader))
    value = builder.build()
    problems.raise_if_any()
    places, key_places = MappingProxyType(builder.places), MappingProxyType(builder.key_places)
    return YamlDocument(file, value, problems.lines, places, key_places)
