"""Golden scenarios of grading: a match, bets on it, and the grades that somebody worked out by hand."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from policytrader.app.csv_rows import Row, column_problems, read_rows, read_text
from policytrader.app.grading.bet_file import read_bet_file
from policytrader.app.grading.grade_file import grade_document, grade_rows
from policytrader.app.scenarios import Difference, ScenarioForm, ScenarioResult, cell_differences
from policytrader.authoring.suggest import did_you_mean
from policytrader.authoring.yaml import read_yaml_file
from policytrader.errors import Diagnostic, LayoutUnknownError, Place, PolicytraderError, SnapshotError
from policytrader.model.times import parse_utc
from policytrader.policy.grading.overrides import with_setting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path
    from typing import TypeAlias

    from policytrader.authoring.yaml import YamlDocument
    from policytrader.model.fixture import Fixture
    from policytrader.policy.grading.grading_set import GradingSet

    ReadMatch: TypeAlias = Callable[[Path, datetime], Fixture]
    Cells: TypeAlias = dict[str, str | None]

GRADING = ScenarioForm("scenario.yaml", "expected.csv")
MATCH, BETS = "match.json", "bets.csv"

_KEYS = ("title", "why", "now", "set")
_ROW, _WHY = "row", "why"
_REQUIRED = (_ROW, "status", "reason")
_COMPARED = ("status", "actual_value", "reason", "rule", "returns", "profit_loss", "problem")
_OPTIONAL = (*(name for name in _COMPARED if name not in _REQUIRED), _WHY)


@dataclass(frozen=True, slots=True)
class Head:
    """What ``scenario.yaml`` says: the moment of grading, and settings as ``grade --set`` takes them."""

    now: datetime
    settings: Mapping[str, str]


def run_grading_scenario(
    folder: Path,
    policy: GradingSet,
    read_match: ReadMatch,
    *,
    update: bool = False,
    saw: Callable[[Mapping[str, Any]], object] | None = None,
) -> ScenarioResult:
    """Grade the bets of a folder and compare. ``update`` makes the present grades the expected ones.

    ``read_match`` is told file and moment; it may raise ``LayoutUnknownError``, which leaves every bet pending.
    ``saw`` is told the values that the rules saw of each bet.
    """
    try:
        head = _read_head(folder / GRADING.head)
        is_new = update and not (folder / GRADING.expected).is_file()
        expected = {} if is_new else _read_expected(folder / GRADING.expected)
        actual = _grades(folder, head, policy, read_match, saw)
    except PolicytraderError as error:
        return ScenarioResult(folder, error=error.render())
    found = _compare(expected, actual)
    if update and found:
        _write_expected(folder / GRADING.expected, expected, actual)
        return ScenarioResult(folder, is_updated=True)
    return ScenarioResult(folder, found)


def _grades(
    folder: Path,
    head: Head,
    policy: GradingSet,
    read_match: ReadMatch,
    saw: Callable[[Mapping[str, Any]], object] | None,
) -> dict[str, Cells]:
    """What ``grade --json`` would say of each row, by its number."""
    for name, value in head.settings.items():
        policy = with_setting(policy, name, value)
    rows = read_bet_file(folder / BETS, _refuse)
    match: Fixture | LayoutUnknownError
    try:
        match = read_match(folder / MATCH, head.now)
    except LayoutUnknownError as error:
        match = error
    graded = grade_rows(policy, rows, match, head.now, explain=saw is not None)
    for _, grade in graded:
        if saw is not None and grade.values:
            saw(grade.values)
    documents = {str(row.row): grade_document(grade) for row, grade in graded}
    return {key: {name: _cell(document.get(name)) for name in _COMPARED} for key, document in documents.items()}


def _refuse(found: Diagnostic) -> NoReturn:
    """What a user is warned of, a scenario is not to have."""
    raise SnapshotError([found])


def _cell(value: object) -> str | None:
    """A value as the file has it, where nothing is an empty cell."""
    return None if value is None or value == "" else str(value)


def _compare(expected: Mapping[str, Cells], actual: Mapping[str, Cells]) -> tuple[Difference, ...]:
    found: list[Difference] = []
    if list(expected) != list(actual):
        found.append(Difference("rows", ", ".join(actual), ", ".join(expected)))
    for key, cells in expected.items():
        if key in actual:
            compared = {name: cell for name, cell in cells.items() if name in _COMPARED}
            found += cell_differences(compared, actual[key], f"row {key}, ")
    return tuple(found)


# --- expected.csv -----------------------------------------------------------------------------------------------------


def _read_expected(path: Path) -> dict[str, Cells]:
    """The expected cells of each row, ``why`` among them. Raises ``SnapshotError``."""

    def check(header: list[str], place: Place) -> list[Diagnostic]:
        return column_problems(header, place, required=_REQUIRED, optional=_OPTIONAL)

    seen: set[str] = set()

    def read(row: Row) -> tuple[str, Cells]:
        key = row.cells[_ROW]
        if key in seen:
            raise SnapshotError([Diagnostic(row.place, "S109", f"row {key} twice")])
        seen.add(key)
        return key, {name: cell or None for name, cell in row.cells.items() if name != _ROW}

    text = read_text(path, "grades")
    return dict(read_rows(text, str(path), check_header=check, read_row=read, empty="the file expects no grade"))


def _write_expected(path: Path, expected: Mapping[str, Cells], actual: Mapping[str, Cells]) -> None:
    """The present grades, in the file's own columns; what does not differ stays as somebody wrote it."""
    columns = next(iter(expected.values()), dict.fromkeys((*_COMPARED, _WHY)))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_ROW, *columns])
    for key, cells in actual.items():
        known = expected.get(key, {})
        writer.writerow([key, *(_kept(name, known, cells) for name in columns)])
    path.write_text(out.getvalue(), "utf-8")


def _kept(name: str, known: Mapping[str, str | None], actual: Mapping[str, str | None]) -> str | None:
    if name not in actual or (name in known and not list(cell_differences(known[name], actual[name], name))):
        return known.get(name)
    return actual[name]


# --- scenario.yaml ----------------------------------------------------------------------------------------------------


def _read_head(path: Path) -> Head:
    """Raises ``PolicyError`` for what is no YAML, ``SnapshotError`` for what does not say what it must."""
    document = read_yaml_file(path, str(path))
    values = document.value if isinstance(document.value, dict) else {}
    problems = [
        _wrong(document, (key,), f"unknown key `{key}`{did_you_mean(key, _KEYS)}", f"The keys are {', '.join(_KEYS)}.")
        for key in values
        if key not in _KEYS
    ]
    problems += [
        _wrong(document, (key,), f"`{key}` must be there, as text", f"Add a line: {key}: …")
        for key in ("title", "now")
        if not isinstance(values.get(key), str)
    ]
    settings = values.get("set", {})
    if not isinstance(settings, dict) or any(isinstance(value, dict | list) for value in settings.values()):
        remedy = "As in  set: {participation: must_start}."
        problems.append(_wrong(document, ("set",), "`set` must be names of settings with a value each", remedy))
    if problems:
        raise SnapshotError(problems)
    try:
        now = parse_utc(values["now"])
    except ValueError as error:
        remedy = 'Write it like now: "2026-05-02T13:42:15Z", in quotes and with its zone.'
        raise SnapshotError([_wrong(document, ("now",), f"`now` is {error}", remedy)]) from None
    return Head(now, {name: _as_written(value) for name, value in settings.items()})


def _as_written(value: object) -> str:
    """A plain value as on a command line."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _wrong(document: YamlDocument, path: tuple[str, ...], message: str, remedy: str) -> Diagnostic:
    return document.diagnostic(path, "S120", message, remedy)
