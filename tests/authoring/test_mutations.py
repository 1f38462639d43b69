"""Shipped policies cut off at every byte, and damaged in many ways: a policy or a ``PolicyError``, nothing else."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from policytrader.authoring.lint import lint_file
from policytrader.authoring.load import LoadedFile, load_document
from policytrader.authoring.yaml import read_yaml
from policytrader.errors import PolicyError, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

RULES = Path(__file__).parents[2] / "rules" / "racing"
SHIPPED = sorted(RULES.glob("*.yaml"))
MUTANTS = 5_000
FILE = "rules/racing/mutant.yaml"

TOKENS = re.compile(r"\w+|\s+|[^\w\s]")
STRANGE = (
    *("", "null", "~", "0", "-1", "1e9", "010", "10:00", "0.005", "999999999999999999", "8h", "0s", "true", "no"),
    *("*a", "&a", "!x", "<<", "{", "}", "[", "]", "{}", "[]", '"', "'", "|", ">", "%", "@", "`", ":", "- ", "# ", "? "),
    *("\t", "\n", "\r", "\0", "\u00a0", "\ufeff", "\u0430", "é", "\N{GRINNING FACE}", "\u2028", "\x1b[2J"),
)
"""Words that mean something to YAML, to the rules, or to nobody."""


def outcome(data: bytes) -> LoadedFile | None:
    """The policy, None when it is refused. Whatever else comes out fails the test that asks."""
    try:
        document = read_yaml(data, FILE)
    except PolicyError as error:
        check_refusal(error)
        return None
    file, found = load_document(document)
    for one in found:
        assert one.severity is Severity.ERROR
        assert one.render().count("\n") < 10
    assert found or file is not None
    if file is None or found:
        return None
    for one in lint_file(file.kind, file.model, file.document):
        assert one.severity is Severity.WARNING
        assert one.render().count("\n") < 10
    return file


def check_refusal(error: PolicyError) -> None:
    assert error.diagnostics
    assert all(found.severity is Severity.ERROR for found in error.diagnostics)


# -- every prefix ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_prefix_is_a_policy_or_a_policy_error(
    path: Path, record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    data = path.read_bytes()
    loaded = [length for length in range(len(data) + 1) if outcome(data[:length]) is not None]
    # Whole but for the line break, and whole.
    assert loaded[-2:] == [len(data) - 1, len(data)]
    record_property("prefixes_that_load", len(loaded))
    with capsys.disabled():
        print(f"\n{path.name}: {len(loaded)} of {len(data) + 1} prefixes load", end="")  # noqa: T201 - the count is the finding


# -- mutations ---------------------------------------------------------------------------------------------------------


def flip_bits(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def delete(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.choice((1, 1, 2, 5, 20, 80)) :]


def duplicate(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    end = start + chance.choice((1, 2, 5, 20, 80))
    return data[:end] + data[start:end] + data[end:]


def duplicate_line(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    number = chance.randrange(len(lines))
    return b"".join([*lines[: number + 1], *lines[number:]])


def delete_line(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    del lines[chance.randrange(len(lines))]
    return b"".join(lines)


def swap_lines(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    one, two = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    return b"".join(lines)


def replace_token(data: bytes, chance: random.Random) -> bytes:
    tokens = TOKENS.findall(data.decode())
    # Of the same file, so that many mutants keep the form of a policy; or a strange one.
    tokens[chance.randrange(len(tokens))] = chance.choice(tokens if chance.random() < 0.6 else STRANGE)
    return "".join(tokens).encode()


def replace_value(data: bytes, chance: random.Random) -> bytes:
    """A word for a word, a number for a number: what an author does by mistake."""
    text = data.decode()
    words = list(re.finditer(r"[\w.]+", text))
    one, two = chance.choice(words), chance.choice(words)
    return (text[: one.start()] + two.group() + text[one.end() :]).encode()


MUTATIONS = (flip_bits, delete, duplicate, duplicate_line, delete_line, swap_lines, replace_token, replace_value)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_mutant_is_a_policy_or_a_policy_error(
    path: Path, record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    data = path.read_bytes()
    whole = outcome(data)
    assert whole is not None
    chance = random.Random(f"mutants of {path.name}")  # noqa: S311 - a seed, not a secret
    counts: Counter[str] = Counter()
    for number in range(MUTANTS):
        mutate = MUTATIONS[number % len(MUTATIONS)]
        mutant = outcome(mutate(data, chance))
        meaning = "refused" if mutant is None else "same" if mutant.model == whole.model else "changed"
        counts[meaning] += 1
    # Most are refused; but a number for a number is a policy, or nothing could be changed in it.
    assert counts["refused"] > MUTANTS / 2
    assert counts["changed"]
    assert counts.total() == MUTANTS
    for meaning in ("same", "changed"):
        record_property(f"mutants_that_load_{meaning}", counts[meaning])
    with capsys.disabled():
        told = f"{counts['same']} of {MUTANTS} mutants load and mean the same, {counts['changed']} mean something else"
        print(f"\n{path.name}: {told}", end="")  # noqa: T201 - the count is the finding
