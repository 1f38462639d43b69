"""Golden scenarios: a snapshot folder and the plan that a trader expects of it."""

from __future__ import annotations

import fnmatch
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policytrader.errors import Diagnostic, Place, SnapshotError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policytrader.engine.plan import Plan


@dataclass(frozen=True, slots=True)
class ScenarioForm:
    """How a family's scenarios lie: the file that makes a folder one, and the file with what is expected of it."""

    head: str
    expected: str


TRADING = ScenarioForm("snapshot.yaml", "expected.json")
EXPECTED = TRADING.expected


@dataclass(frozen=True)
class Difference:
    """One cell that is not as expected."""

    where: str
    actual: str
    expected: str

    def __str__(self) -> str:
        """``decision bm-win, stake.target: actual 36.00, expected 50.00``."""
        return f"{self.where}: actual {self.actual}, expected {self.expected}"


@dataclass(frozen=True)
class ScenarioResult:
    """One golden scenario: the cells that differ, or why it could not be read."""

    folder: Path
    differences: tuple[Difference, ...] = ()
    error: str = ""
    is_updated: bool = False

    @property
    def is_passed(self) -> bool:
        """True when nothing differs."""
        return not self.differences and not self.error


def scenario_folders(
    root: Path, name: str = "", *, form: ScenarioForm = TRADING, with_expected: bool = True
) -> tuple[Path, ...]:
    """The folders below ``root`` that hold a scenario of the form (and what is expected of it), by name."""
    found = sorted(path.parent for path in root.rglob(form.head))
    if with_expected:
        found = [folder for folder in found if (folder / form.expected).is_file()]
    return tuple(folder for folder in found if name in str(folder.relative_to(root)))


def read_expected(folder: Path) -> dict[str, Any]:
    """The expected plan. Raises ``SnapshotError`` when it is not JSON of an object."""
    path = folder / EXPECTED
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SnapshotError([Diagnostic(Place(str(path)), "S101", f"cannot be read: {error}")]) from None
    except json.JSONDecodeError as error:
        place = Place(str(path), error.lineno, error.colno)
        raise SnapshotError([Diagnostic(place, "S103", f"broken JSON: {error.msg}")]) from None
    except (ValueError, RecursionError):
        message = "broken JSON: a number of thousands of digits, or lists inside each other without end"
        raise SnapshotError([Diagnostic(Place(str(path)), "S103", message)]) from None
    if not _is_plan(document):
        message = 'the expected plan is an object with a list of "decisions", each with its "selection_ref"'
        raise SnapshotError([Diagnostic(Place(str(path)), "S103", message)])
    found: dict[str, Any] = document
    return found


def _is_plan(document: object) -> bool:
    decisions = document.get("decisions") if isinstance(document, dict) else None
    return isinstance(decisions, list) and all(
        isinstance(one, dict) and isinstance(one.get("selection_ref"), str) for one in decisions
    )


def compare(expected: dict[str, Any], plan: Plan) -> tuple[Difference, ...]:
    """Every cell that the expected plan names and that the plan has otherwise.

    Decisions are found by ``selection_ref`` and must stand in the same order. ``*`` in an expected text stands for
    anything.
    """
    actual = plan.to_dict()
    found: list[Difference] = []
    order = [one["selection_ref"] for one in expected["decisions"]]
    real = [one["selection_ref"] for one in actual["decisions"]]
    if order != real:
        found.append(Difference("order of decisions", ", ".join(real), ", ".join(order)))
    by_ref = {one["selection_ref"]: one for one in actual["decisions"]}
    for one in expected["decisions"]:
        ref = one["selection_ref"]
        if ref in by_ref:
            found += cell_differences(one, by_ref[ref], f"decision {ref}, ")
    found += cell_differences({key: value for key, value in expected.items() if key != "decisions"}, actual, "")
    return tuple(found)


def cell_differences(expected: Any, actual: Any, where: str) -> Iterator[Difference]:
    """What ``expected`` names and ``actual`` has otherwise; ``where`` begins each cell's name.

    ``*`` in an expected text stands for anything.
    """
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key, value in expected.items():
            if key not in actual:
                yield Difference(where + key, "absent", _shown(value))
            else:
                yield from cell_differences(value, actual[key], where + key + ("." if isinstance(value, dict) else ""))
        return
    if isinstance(expected, str) and "*" in expected and isinstance(actual, str):
        if not fnmatch.fnmatchcase(actual, expected.replace("[", "[[]").replace("?", "[?]")):
            yield Difference(where, actual, expected)
        return
    if expected != actual or type(expected) is not type(actual):
        yield Difference(where.rstrip("."), _shown(actual), _shown(expected))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def write_expected(folder: Path, plan: Plan) -> None:
    """Make the plan the expected one: a change on purpose, to be read before it is committed."""
    document = plan.to_dict()
    decisions = ",\n".join(_decision_text(decision) for decision in document["decisions"])
    summary = json.dumps(document["summary"])
    text = f'{{"decisions": [\n{decisions}\n ],\n "summary": {summary}}}\n'
    (folder / EXPECTED).write_text(text, "utf-8")


def _decision_text(decision: dict[str, Any]) -> str:
    cells = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in decision.items()]
    groups = [cells[:5], cells[5:11], cells[11:12], cells[12:14], cells[14:15], cells[15:17], cells[17:]]
    return "  {" + ",\n   ".join(", ".join(group) for group in groups if group) + "}"
