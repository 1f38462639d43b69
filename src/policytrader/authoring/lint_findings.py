"""How a finding of ``lint.py`` is made, and how a condition is named in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.authoring.codes import CHECKS
from policytrader.errors import Diagnostic, Severity
from policytrader.policy.conditions import Condition, InvalidatedBy, Leaf, Path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policytrader.authoring.yaml import YamlDocument

_SHOWN_CHARACTERS = 120


def warn(
    document: YamlDocument, path: Path, code: str, message: str, remedy: str, *, at_key: bool = False
) -> Diagnostic:
    """A warning at the value (or key) at ``path``; its help ends in how to switch the check off."""
    assert code in CHECKS, code
    help_ = f"{remedy}\n`ignore: [{code}]` at the file's top level switches this check off for the file."
    return document.diagnostic(path, code, message, help_, at_key=at_key, severity=Severity.WARNING)


def name_condition(condition: Condition, path: Path, document: YamlDocument) -> str:
    """A comparison as it was written; a larger condition by its line."""
    match condition:
        case Leaf():
            return f"`{_leaf_text(condition)}`"
        case InvalidatedBy(invalidated_by=names):
            return f"`invalidated_by [{_clip(', '.join(names))}]`"
        case _:
            return f"what begins on line {document.place(path).line}"


def _leaf_text(leaf: Leaf) -> str:
    operand = leaf.other if leaf.other is not None else _literal_text(leaf.value)
    return _clip(f"{leaf.field} {leaf.op} {operand}".rstrip())


def _literal_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_literal_text, value))}]"
    return str(value)


def list_names(names: Iterable[str]) -> str:
    """`` `a`, `b` and `c` ``."""
    quoted = [f"`{name}`" for name in names]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def _clip(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
