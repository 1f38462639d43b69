"""The reference is fresh and complete, and every example in the documentation loads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.recordings import codes as recording_codes
from policytrader.adapters.snapshots.columns import TABLES
from policytrader.adapters.snapshots.reader import read_snapshot
from policytrader.authoring.codes import CHECKS, ERRORS
from policytrader.authoring.families import ALL_KINDS, FAMILIES
from policytrader.authoring.lint import lint
from policytrader.authoring.load import load_document, load_files
from policytrader.authoring.reference.errors import ALL_CODES
from policytrader.authoring.reference.examples import EXAMPLES
from policytrader.authoring.reference.grades import PENDING, SETTLED
from policytrader.authoring.reference.reasons import AT_THE_GATE, MISSING_REASON, NO_REASON_STORED, OUTCOMES, PLANNED
from policytrader.authoring.reference.remedies import REMEDIES
from policytrader.authoring.yaml import read_yaml
from policytrader.cli import COMMANDS
from policytrader.cli.docs import topics
from policytrader.engine import evaluate, plan
from policytrader.engine.compile import Outcome
from policytrader.engine.protect import CHECKS as PROTECTION_CHECKS
from policytrader.errors import Severity
from policytrader.model.decision import Action
from policytrader.model.outcomes import Reason
from policytrader.policy.conditions import AGGREGATES
from policytrader.policy.fields import CATALOGUE, Operator
from policytrader.policy.grading.fields import GRADING_CATALOGUE
from policytrader.policy.grading.rules import PENDING_REASONS, RESULT_REASONS
from policytrader.policy.protection import Protections

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CODE = re.compile(r"""["']([EWSR]\d{3})["']""")
HEADING = re.compile(r"^#+ `?([^`\n]+)`?$", re.MULTILINE)
EXAMPLE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page(root: Path, topic: str) -> str:
    return (root / "docs" / "reference" / f"{topic}.md").read_text(encoding="utf-8")


def headings(text: str) -> list[str]:
    return HEADING.findall(text)


# -- fresh -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("topic", topics())
def test_a_page_is_what_is_made(project_root: Path, topic: str) -> None:
    assert page(project_root, topic) == topics()[topic][1](), "run `policytrader docs --write docs/reference`"


def test_there_is_a_page_for_each_topic_and_no_other(project_root: Path) -> None:
    assert {path.name for path in (project_root / "docs" / "reference").iterdir()} == {
        f"{name}.md" for name in topics()
    }


# -- complete ----------------------------------------------------------------------------------------------------------


def codes_in_source(root: Path) -> dict[str, str]:
    """Every code that the source names, and where. Tables of codes do not count: a code there may be used nowhere."""
    tables = {"authoring/codes.py", "authoring/reference/errors.py", "authoring/reference/remedies.py"}
    source = root / "src" / "policytrader"
    found: dict[str, str] = {}
    for path in sorted(source.rglob("*.py")):
        name = path.relative_to(source).as_posix()
        if name not in tables:
            found |= dict.fromkeys(CODE.findall(path.read_text(encoding="utf-8")), name)
    return found


def test_every_code_has_its_heading_and_every_heading_its_code(project_root: Path) -> None:
    used = codes_in_source(project_root)
    listed = [text for text in headings(page(project_root, "errors")) if re.fullmatch(r"[EWSR]\d{3}", text)]
    assert len(listed) == len(set(listed))
    assert set(used) - set(listed) == set(), {code: used[code] for code in set(used) - set(listed)}
    assert set(listed) - set(used) == set(), "explained, and used nowhere"
    assert set(listed) == set(ALL_CODES) == set(REMEDIES)
    assert set(ALL_CODES) >= set(ERRORS) | set(CHECKS)


def test_the_codes_of_recordings_are_those_that_are_declared() -> None:
    declared = {value for name, value in vars(recording_codes).items() if name.isupper()}
    assert declared == {code for code in ALL_CODES if code.startswith("R")}


def test_every_field_operator_kind_and_command_has_its_heading(project_root: Path) -> None:
    assert {field.name for field in (*CATALOGUE, *GRADING_CATALOGUE)} <= set(headings(page(project_root, "fields")))
    assert {str(op) for op in Operator} <= set(headings(page(project_root, "operators")))
    assert set(ALL_KINDS) <= set(headings(page(project_root, "kinds")))
    assert set(COMMANDS) <= set(headings(page(project_root, "commands")))
    assert set(Protections.model_fields) <= set(headings(page(project_root, "protections")))
    assert {str(action) for action in Action} <= set(headings(page(project_root, "reasons")))


def test_every_reason_of_the_engine_is_explained() -> None:
    explained = {(one.action, one.code) for one in OUTCOMES}
    simple = set(evaluate._SIMPLE.values())
    texts = {(evaluate._BY_OUTCOME[outcome], "<reason>") for outcome in evaluate._BY_OUTCOME}
    texts -= {(Action.PLACE, "<reason>")}
    others = {(Action.PLACE, "ladder"), (Action.WAIT, "below_minimum"), (Action.BLOCKED, "<protection>")}
    assert explained == simple | texts | others
    assert plan.NO_REASON_STORED == NO_REASON_STORED
    assert MISSING_REASON.startswith("Missing: ")


def test_reasons_stand_in_the_order_in_which_they_are_asked() -> None:
    engines = [evaluate._SIMPLE.get(number) or (evaluate._BY_OUTCOME[number], "<reason>") for number in Outcome]
    engines[-1] = (Action.PLACE, "ladder")
    ours = [(one.action, one.code) for one in OUTCOMES if one.code not in {"below_minimum", "<protection>"}]
    assert ours == engines


def test_every_reason_of_a_grade_is_explained_once() -> None:
    assert [*SETTLED, *PENDING] == list(Reason)
    assert set(RESULT_REASONS) <= set(SETTLED)
    assert set(PENDING_REASONS) <= set(PENDING)


def test_protections_are_explained_in_the_order_in_which_they_are_asked() -> None:
    assert list(PLANNED) == [name for name, _ in PROTECTION_CHECKS]
    assert set(PLANNED) | set(AT_THE_GATE) == set(Protections.model_fields)


def test_every_page_names_every_aggregate(project_root: Path) -> None:
    for name in AGGREGATES:
        assert f"`{name}: " in page(project_root, "fields")


def test_the_guides_name_every_column_and_every_reason(project_root: Path) -> None:
    snapshot = (project_root / "docs" / "snapshot.md").read_text(encoding="utf-8")
    for table in TABLES:
        section = snapshot.split(f"## {table.name}.csv")[1].split("\n## ")[0]
        named = {name: bold == "**" for bold, name in re.findall(r"(\*\*)?`([a-z_]+)`", section.split("\n\n|")[1])}
        required = {column.name: column.required for column in table.columns}
        assert {name: named.get(name) for name in required} == required, table.name
    guide = (project_root / "docs" / "plan.md").read_text(encoding="utf-8")
    for one in OUTCOMES:
        assert one.code.startswith("<") or f"| `{one.action}` | `{one.code}` |" in guide


# -- examples ----------------------------------------------------------------------------------------------------------


def documents(root: Path) -> Iterator[tuple[str, str]]:
    files = [*sorted((root / "docs").rglob("*.md")), root / "README.md"]
    for path in files:
        if path.is_file():
            for match in EXAMPLE.finditer(path.read_text(encoding="utf-8")):
                line = path.read_text(encoding="utf-8").count("\n", 0, match.start()) + 2
                yield f"{path.relative_to(root)}:{line}", match[1]


WRAPPED = """policy: validation
version: 1
rules:
  - id: example
    title: An example
    why: An example.
    then: {hold: An example}
"""


def complaints(name: str, text: str, folder: Path) -> list[str]:
    """What is wrong with one example: a policy file, a rule's ``when``, or the head of a snapshot."""
    document = read_yaml(text.encode(), name)
    assert isinstance(document.value, dict)
    if "now" in document.value:
        (folder / "snapshot.yaml").write_text(text)
        for table in TABLES:
            (folder / f"{table.name}.csv").write_text(",".join(table.names) + "\n")
        read_snapshot(folder)
        return []
    if "when" in document.value:
        indented = "".join(f"    {line}\n" for line in text.splitlines())
        document = read_yaml((WRAPPED + indented).encode(), name)
    _, found = load_document(document)
    return [one.render() for one in found if one.severity is Severity.ERROR]


def test_every_example_in_the_documentation_loads(project_root: Path, tmp_path: Path) -> None:
    examples = list(documents(project_root))
    assert len(examples) > 12
    assert {name: found for name, text in examples if (found := complaints(name, text, tmp_path))} == {}


def test_an_example_that_does_not_load_is_noticed(tmp_path: Path) -> None:
    assert complaints("x", "when: {field: market.statu, op: eq, value: OPEN}\n", tmp_path)
    assert complaints("x", EXAMPLES["entry"].replace("gte", "gt_e"), tmp_path)


def test_the_examples_of_the_kinds_are_a_policy_without_a_warning(tmp_path: Path) -> None:
    assert set(EXAMPLES) == set(ALL_KINDS)
    for family in FAMILIES:
        folder = tmp_path / family.folder
        folder.mkdir()
        for kind in family.kinds:
            (folder / f"{kind}.yaml").write_text(EXAMPLES[kind])
        result = load_files(sorted(folder.glob("*.yaml")), complete=True, family=family)
        assert [one.render() for one in [*result.diagnostics, *lint(result)] if one.code != "W207"] == []
