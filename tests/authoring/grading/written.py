"""A small grading policy as text, and what the loader says about it with something else in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.authoring.families import FOOTBALL
from policytrader.authoring.lint import lint
from policytrader.authoring.load import LoadResult, load_grading_texts
from policytrader.authoring.reference.examples import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policytrader.errors import Diagnostic

TEXTS = {kind: EXAMPLES[kind] for kind in FOOTBALL.kinds}

Edit = tuple[str, str, str]
"""Kind, what stands in its text, what stands there instead."""


def edited(*edits: Edit) -> dict[str, str]:
    """The texts by kind; what is replaced stands there exactly once."""
    texts = dict(TEXTS)
    for kind, old, new in edits:
        assert texts[kind].count(old) == 1, f"{old!r} stands {texts[kind].count(old)} times in {kind}"
        texts[kind] = texts[kind].replace(old, new)
    return texts


def loaded(texts: dict[str, str]) -> LoadResult:
    return load_grading_texts({f"{kind}.yaml": text.encode() for kind, text in texts.items()}, shown_in="rules")


@dataclass(frozen=True)
class Told:
    """A finding, with the text that it marks."""

    code: str
    kind: str
    marked: str
    message: str


def told(texts: dict[str, str], found: Iterable[Diagnostic]) -> list[Told]:
    answers = []
    for one in found:
        kind = one.place.file.removesuffix(".yaml")
        lines = texts[kind].splitlines() if kind in texts else []
        line = lines[one.place.line - 1] if one.place.line else ""
        start = one.place.column - 1
        answers.append(Told(one.code, kind, line[start : start + one.place.length], one.message))
    return answers


def errors_of(*edits: Edit) -> list[Told]:
    texts = edited(*edits)
    return told(texts, loaded(texts).diagnostics)


def warnings_of(*edits: Edit) -> list[Told]:
    texts = edited(*edits)
    result = loaded(texts)
    assert not result.errors, [one.render() for one in result.errors]
    return told(texts, lint(result))
