"""``snapshot.yaml``: the clock, and what describes a scenario."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Final

from policytrader.adapters.snapshots import codes
from policytrader.adapters.snapshots.cells import MAXIMUM_CHARACTERS, TIME
from policytrader.adapters.snapshots.files import HEAD
from policytrader.adapters.snapshots.problems import CONTROLS, CellError, Problems
from policytrader.authoring.suggest import did_you_mean
from policytrader.authoring.yaml import YamlDocument, read_yaml_file
from policytrader.errors import Diagnostic, PolicyError

if TYPE_CHECKING:
    from datetime import datetime

KEYS: Final = ("title", "why", "now", "policy")

_EXAMPLE: Final = 'Write it like now: "2026-05-02T13:42:15Z", in quotes and with its zone.'


@dataclass(frozen=True, slots=True)
class Head:
    """What the file says. ``policy`` is a relative folder, as it is written."""

    title: str
    why: str
    now: datetime
    policy: str | None


def read_head(folder: Path, problems: Problems) -> Head | None:
    """Read the folder's ``snapshot.yaml``; None where anything is wrong with it."""
    path = folder / HEAD
    try:
        document = read_yaml_file(path, str(path))
    except PolicyError as error:
        for found in error.diagnostics:
            problems.add(_as_ours(found))
        return None
    return _HeadReader(document, problems).read()


def _as_ours(found: Diagnostic) -> Diagnostic:
    match found.code:
        case "E001":
            return replace(found, code=codes.MISSING_FILE)
        case "E006" if not found.place.line:
            return replace(found, code=codes.WRONG_HEAD, help=f"Write a title: and the time. {_EXAMPLE}")
        case _:
            return replace(found, code=codes.WRONG_HEAD)


class _HeadReader:
    def __init__(self, document: YamlDocument, problems: Problems) -> None:
        self._document = document
        self._problems = problems
        self._values = document.value if isinstance(document.value, dict) else {}

    def read(self) -> Head | None:
        before = self._problems.count
        if not isinstance(self._document.value, dict):
            self._refuse((), "this is not a list of keys and values", f"Its keys are {', '.join(KEYS)}.")
            return None
        for key in self._values:
            if key not in KEYS:
                message = f"unknown key `{key}`{did_you_mean(key, KEYS)}"
                self._refuse((key,), message, f"The keys are {', '.join(KEYS)}.", at_key=True)
        title, why = self._text("title", required=True), self._text("why")
        now, policy = self._now(), self._policy()
        if self._problems.count > before or now is None:
            return None
        return Head(title or "", why or "", now, policy)

    def _text(self, key: str, *, required: bool = False) -> str | None:
        if key not in self._values:
            if required:
                self._refuse((), f"`{key}` is missing", _EXAMPLE if key == "now" else f"Add a line: {key}: …")
            return None
        text = self._values[key]
        if not isinstance(text, str):
            self._refuse((key,), f"`{key}` is not text", "Write text in double quotes.")
            return None
        # Reasons may run over several lines; what is shown in a list may not.
        if len(text) > MAXIMUM_CHARACTERS or CONTROLS.search(text.replace("\n", " ") if key == "why" else text):
            message = f"`{key}` is not at most {MAXIMUM_CHARACTERS:,} visible characters in one line"
            self._refuse((key,), message, "Shorten it; only `why` may have several lines.")
            return None
        return text

    def _now(self) -> datetime | None:
        text = self._text("now", required=True)
        if text is None:
            return None
        try:
            moment: datetime = TIME.read(text)
        except CellError as error:
            self._refuse(("now",), f"`now`: {error.message}", _EXAMPLE)
            return None
        return moment

    def _policy(self) -> str | None:
        text = self._text("policy")
        if text is None:
            return None
        # Where it leads is the caller's to check, against the project that the snapshot belongs to.
        is_relative = text and not PurePosixPath(text).is_absolute() and not PureWindowsPath(text).anchor
        if not is_relative or "\\" in text or text.startswith("~"):
            message = "`policy` is not a relative folder"
            self._refuse(("policy",), message, "Write the way from this folder, with slashes: ../../rules/racing.")
            return None
        return text

    def _refuse(self, path: tuple[str, ...], message: str, remedy: str, *, at_key: bool = False) -> None:
        self._problems.add(self._document.diagnostic(path, codes.WRONG_HEAD, message, remedy, at_key=at_key))
