"""Strict YAML: every accepted form with its value and place, every refused one with code and place."""

from __future__ import annotations

import json
import os
import string
import subprocess
import sys
from decimal import Decimal
from pathlib import Path, PosixPath
from time import perf_counter
from typing import NoReturn

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from policytrader.authoring.yaml import HAS_LIBYAML, YamlDocument, YamlPath, read_yaml, read_yaml_file
from policytrader.errors import Diagnostic, Place, PolicyError, Severity

FILE = "rules/example.yaml"
PROJECT = Path(__file__).parents[2]

POLICY = """\
# yaml-language-server: $schema=../../schemas/validation.schema.json
policy: validation
version: 1
resolve: first_match              # file order = priority
facts:
  short_priced_removed:
    list: runner.selection_id
    where:
      all:
        - {field: runner.status, op: eq, value: REMOVED}
        - {field: runner.active_at_capture, op: is_true}
        - {field: runner.reference_price, op: lt, value: 12.50}
rules:
  - id: own-runner-removed
    title: "The selected runner: withdrawn"
    why: The exchange voids bets on a withdrawn runner; there is nothing
      left to bet on.
    applies_to: {side: [BACK, 'LAY'], market_type: []}
    then: {invalidate: Invalid Runner Removed}
  - id: it's
    why: |
      two
        lines
    after: "10:00"
    residual: -5
    enabled: true
"""
POLICY_VALUE = {
    "policy": "validation",
    "version": 1,
    "resolve": "first_match",
    "facts": {
        "short_priced_removed": {
            "list": "runner.selection_id",
            "where": {
                "all": [
                    {"field": "runner.status", "op": "eq", "value": "REMOVED"},
                    {"field": "runner.active_at_capture", "op": "is_true"},
                    {"field": "runner.reference_price", "op": "lt", "value": Decimal("12.50")},
                ]
            },
        }
    },
    "rules": [
        {
            "id": "own-runner-removed",
            "title": "The selected runner: withdrawn",
            "why": "The exchange voids bets on a withdrawn runner; there is nothing left to bet on.",
            "applies_to": {"side": ["BACK", "LAY"], "market_type": []},
            "then": {"invalidate": "Invalid Runner Removed"},
        },
        {"id": "it's", "why": "two\n  lines\n", "after": "10:00", "residual": -5, "enabled": True},
    ],
}


@pytest.fixture(params=[pytest.param(True, id="libyaml"), pytest.param(False, id="pure")])
def libyaml(request: pytest.FixtureRequest) -> bool:
    uses_libyaml = bool(request.param)
    if uses_libyaml and not HAS_LIBYAML:
        pytest.skip("PyYAML was built without libyaml here")
    return uses_libyaml


def read(text: str | bytes, *, libyaml: bool = HAS_LIBYAML) -> YamlDocument:
    return read_yaml(text if isinstance(text, bytes) else text.encode(), FILE, libyaml=libyaml)


def refuse(text: str | bytes, *, libyaml: bool = HAS_LIBYAML) -> list[Diagnostic]:
    with pytest.raises(PolicyError) as caught:
        read(text, libyaml=libyaml)
    return list(caught.value.diagnostics)


def brief(diagnostics: list[Diagnostic]) -> list[tuple[str, int, int]]:
    return [(found.code, found.place.line, found.place.column) for found in diagnostics]


def same(value: object, expected: object) -> bool:
    """Equal in value and type all the way down: for ``==`` alone, 1, True and Decimal(1) are one."""
    return repr(value) == repr(expected)


# -- what is accepted -------------------------------------------------------------------------------


def test_policy_becomes_plain_values(libyaml: bool) -> None:  # noqa: FBT001 - a fixture
    document = read(POLICY, libyaml=libyaml)
    assert same(document.value, POLICY_VALUE)
    assert document.file == FILE
    assert document.lines == tuple(POLICY.split("\n"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-7", -7),
        ("123456789012345678", 123456789012345678),
        ("0.25", Decimal("0.25")),
        ("1.00", Decimal("1.00")),
        ("-0.5", Decimal("-0.5")),
        ("12345678901234567.8", Decimal("12345678901234567.8")),
        ("true", True),
        ("false", False),
        ("8h", "8h"),
        ("30m", "30m"),
        ("15s", "15s"),
        ("1.5h", "1.5h"),
        ("50%", "50%"),
        ("8 to 7", "8 to 7"),
        ("11.99 out", "11.99 out"),
        ("-5m", "-5m"),
        ("12e", "12e"),
        ("0xyz", "0xyz"),
        ("2024-03-10 was wet", "2024-03-10 was wet"),
        ("runner.status", "runner.status"),
        ("yesterday", "yesterday"),
        ("nobody", "nobody"),
        ("Norway", "Norway"),
        ("...", "..."),
        ("a - b", "a - b"),
        ("Really?", "Really?"),
        ("no # a comment is no part of it, but this is", None),
        ('""', ""),
        ('"10:30"', "10:30"),
        ("'010'", "010"),
        ('"no"', "no"),
        ('"null"', "null"),
        ('"a\\tb\\n"', "a\tb\n"),
        ("'it''s'", "it's"),
        ("é 😀", "é 😀"),
        ("[]", []),
        ("{}", {}),
        ("[1, two, 3.0]", [1, "two", Decimal("3.0")]),
        ("\n  - 1\n  -   - 2", [1, [2]]),
        (">\n  folded\n  text\n", "folded text\n"),
        ("|-\n  kept\n  text\n", "kept\ntext"),
        ("plain\n  goes on", "plain goes on"),
        ('"quoted\n  goes on"', "quoted goes on"),
    ],
)
def test_value(text: str, value: object, libyaml: bool) -> None:  # noqa: FBT001 - a fixture
    if value is None:
        assert brief(refuse(f"a: {text}", libyaml=libyaml)) == [("E009", 1, 4)]
    else:
        assert same(read(f"a: {text}", libyaml=libyaml).value, {"a": value})


@pytest.mark.parametrize(
    "key", ["a", "A9", "back_stake", "fact.short-priced", '"8 h"', "'no'", '"10:30"', '"<<"', '"?"']
)
@pytest.mark.parametrize("form", ["{}: 1", "{{{}: 1}}"])
def test_key(key: str, form: str, libyaml: bool) -> None:  # noqa: FBT001 - a fixture
    assert read(form.format(key), libyaml=libyaml).value == {key.strip("'\""): 1}


@pytest.mark.parametrize("text", ["a: 1", "\ufeffa: 1\n", "---\na: 1\n...\n", "a: 1\r\n", "# why?\n\na: 1 # ?\n\n"])
def test_harmless_dress(text: str, libyaml: bool) -> None:  # noqa: FBT001 - a fixture
    assert read(text, libyaml=libyaml).value == {"a": 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1 # why?\n# why?\nb: 2\n", {"a": 1, "b": 2}),
        ("a: [1]\nb: {c: 2}\nd: Really?\n", {"a": [1], "b": {"c": 2}, "d": "Really?"}),
        ("a: |\n  text", {"a": "text\n"}),
    ],
    ids=["question in a comment", "question behind brackets", "no last line break"],
)
def test_neighbours_do_not_matter(text: str, value: object, libyaml: bool) -> None:  # noqa: FBT001 - a fixture
    assert same(read(text, libyaml=libyaml).value, value)


def test_windows_line_ends_change_nothing(libyaml: bool) -> None:  # noqa: FBT001 - a fixture
    assert read(POLICY.replace("\n", "\r\n"), libyaml=libyaml) == read(POLICY, libyaml=libyaml)


# -- places -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value_at", "key_at"),
    [
        ((), (2, 1, 1), (2, 1, 1)),
        (("policy",), (2, 9, 10), (2, 1, 6)),
        (("facts",), (6, 3, 1), (5, 1, 5)),
        (("facts", "short_priced_removed", "where", "all", 2), (12, 11, 1), (12, 11, 1)),
        (("facts", "short_priced_removed", "where", "all", 2, "value"), (12, 58, 5), (12, 51, 5)),
        (("rules", 0, "title"), (15, 12, 32), (15, 5, 5)),
        (("rules", 0, "why"), (16, 10, 63), (16, 5, 3)),
        (("rules", 0, "applies_to", "side", 1), (18, 31, 5), (18, 31, 5)),
        (("rules", 1, "why"), (21, 10, 1), (21, 5, 3)),
        # Paths that the file does not have: the nearest value around them.
        (("rules", 0, "absent"), (14, 5, 1), (14, 5, 1)),
        (("rules", 7, "absent", 3), (14, 3, 1), (14, 3, 1)),
        (("absent",), (2, 1, 1), (2, 1, 1)),
    ],
)
def test_places(
    path: YamlPath,
    value_at: tuple[int, int, int],
    key_at: tuple[int, int, int],
    libyaml: bool,  # noqa: FBT001 - a fixture
) -> None:
    document = read(POLICY, libyaml=libyaml)
    assert document.place(path) == Place(FILE, *value_at)
    assert document.key_place(path) == Place(FILE, *key_at)


def test_columns_count_characters(libyaml: bool) -> None:  # noqa: FBT001 - a fixture
    document = read("# 😀\na: {b: é😀é, c: 1}\n", libyaml=libyaml)
    assert document.place(("a", "b")) == Place(FILE, 2, 8, 3)
    assert document.place(("a", "c")) == Place(FILE, 2, 16, 1)


def test_diagnostic_carries_place_and_line() -> None:
    document = read(POLICY)
    found = document.diagnostic(("rules", 1, "residual"), "E999", "too low", "Raise it.")
    assert found == Diagnostic(Place(FILE, 25, 15, 2), "E999", "too low", "Raise it.", "    residual: -5")
    at_key = document.diagnostic(("version",), "E999", "old", at_key=True, severity=Severity.WARNING)
    assert at_key == Diagnostic(Place(FILE, 3, 1, 7), "E999", "old", "", "version: 1", Severity.WARNING)


def test_document_cannot_be_changed() -> None:
    document = read("a: 1")
    with pytest.raises(TypeError):
        document.places[()] = Place(FILE)  # type: ignore[index]


# -- what is refused --------------------------------------------------------------------------------

# The table of reliability.md section 7, and what else YAML 1.1 and 1.2 read differently or not as text.
AMBIGUOUS_WORDS = """
    10:30 8:00 08:00 00:30 07:30 10:00 23:59 12:30:45 1:2:3.5 -1:30
    2024-03-10 2024-13-45 2024-3-1 2024-03-10T10:30:00Z 2001-12-14t21:59:43.10-05:00
    1e3 1.0e3 1e-3 1.5e+3 1E3 .5e3 -1e3 5.e2
    010 017 08 -07 00 01.5 0o17 0O17 0x1F 0XfF -0x1 0b101 0b1
    1_000 1_0.5 1.0_0 1_ +1 +1.5 -+1 .5 -.5 +.5 5. -5. 1.2.3 1,000 1-2
    1234567890123456789 123456789012345678.9 0.1234567890123456789
    yes Yes YES no No NO on On ON off Off OFF oFf y Y n N
    True TRUE tRue False FALSE fALSE
    null Null NULL nUll ~ none None NONE
    .nan .NaN .NAN .inf .Inf -.inf +.INF nan NaN inf -inf Inf Infinity infinity -Infinity
    = <<
"""
AMBIGUOUS = [word for line in AMBIGUOUS_WORDS.splitlines() for word in line.split()]


@pytest.mark.parametrize("word", [*AMBIGUOUS, "2001-12-14 21:59:43.10 -5"])
def test_ambiguous_word_must_be_quoted(word: str, libyaml: bool) -> None:  # noqa: FBT001 - a fixture
    (found,) = refuse(f"a: 1\nlimit: {word}  # why", libyaml=libyaml)
    assert (found.code, found.place) == ("E009", Place(FILE, 2, 8, len(word)))
    assert f"`{word}`" in found.message
    assert found.source == f"limit: {word}  # why"
    assert "uote" in found.help
    in_list = refuse(f"- [{word}, {word}]" if "," not in word else f"-\n - {word}\n - {word}", libyaml=libyaml)
    assert [found.code for found in in_list] == ["E009", "E009"]
    assert read(f'limit: "{word}"', libyaml=libyaml).value == {"limit": word}


@pytest.mark.parametrize(
    ("word", "remedy"),
    [
        ("1e3", "Write 1000 if it is a number."),
        ("1_000", "Write 1000 if it is a number."),
        ("+1", "Write 1 if it is a number."),
        (".5", "Write 0.5 if it is a number."),
        ("5.", "Write 5 if it is a number."),
        ("0x1F", "Write 31 if it is a number."),
        ("no", "Otherwise write false."),
        ("ON", "Otherwise write true."),
        ("null", "leave the line out"),
        ("1234567890123456789", "at most 18 digits"),
    ],
)
def test_ambiguous_word_names_the_other_spelling(word: str, remedy: str) -> None:
    assert remedy in refuse(f"a: {word}")[0].help


@pytest.mark.parametrize("word", ["1e999999999", "10:30", "2024-03-10", "1,000", "1e-40"])
def test_no_number_is_guessed(word: str) -> None:
    assert refuse(f"a: {word}")[0].help == f'Quote it if it is text: "{word}".'


DEEP_FLOW = "a: " + "[" * 20 + "]" * 20
REFUSED = [
    # text, code, line, column
    pytest.param("", "E006", 0, 0, id="empty"),
    pytest.param("# only\n# comments\n", "E006", 0, 0, id="comments"),
    pytest.param("---\n", "E006", 0, 0, id="empty document"),
    pytest.param("a: 1\n---\nb: 2\n", "E006", 2, 1, id="two documents"),
    pytest.param("a: 1\n--- b\n", "E006", 2, 1, id="second document is text"),
    pytest.param(b"a: 1\nb: \xc3\xa9\xe9\n", "E003", 2, 5, id="latin-1"),
    pytest.param(b"\xef\xbb\xbfa: \xff", "E003", 1, 4, id="latin-1 behind a byte order mark"),
    pytest.param(b"\xff\xfea\x00", "E003", 0, 0, id="utf-16"),
    pytest.param("a:\n\u00a0 b: 1\n", "E004", 2, 1, id="no-break space"),
    pytest.param("a: 1\nb\u200b: 1\n", "E004", 2, 2, id="zero width"),
    pytest.param("a: x\u202ey\n", "E004", 1, 5, id="bidi"),
    pytest.param("a: 1\n\ufeffb: 1\n", "E004", 2, 1, id="byte order mark inside"),
    pytest.param("a: x\x07\n", "E004", 1, 5, id="bell"),
    pytest.param("a: x\x85b: 1\n", "E004", 1, 5, id="line break of YAML 1.1"),
    pytest.param("a: x\u2028b: 1\n", "E004", 1, 5, id="line separator"),
    pytest.param("a: 1\rb: 2\n", "E004", 1, 5, id="carriage return alone"),
    pytest.param("a: \u0378\n", "E004", 1, 4, id="unassigned"),
    pytest.param("a: \ue000\n", "E004", 1, 4, id="private"),
    pytest.param("a: \u3164\n", "E004", 1, 4, id="hangul filler"),
    pytest.param("# \u200b\n", "E004", 1, 3, id="zero width in a comment"),
    pytest.param('a: "\\0"\n', "E004", 1, 4, id="escaped nul"),
    pytest.param('a: "x\\u200b"\n', "E004", 1, 4, id="escaped zero width"),
    pytest.param("a:\n\tb: 1\n", "E005", 2, 1, id="tab as indentation"),
    pytest.param("a:\tb\n", "E005", 1, 3, id="tab as separation"),
    pytest.param("a: b: c\n", "E005", 1, 5, id="colon in value"),
    pytest.param("a: 1\n  b: 2\n", "E005", 2, 4, id="too deep"),
    pytest.param("a:\n    b: 1\n  c: 2\n", "E005", 3, 3, id="between two levels"),
    pytest.param("- a\nb: 1\n", "E005", 2, 1, id="list, then key"),
    pytest.param("a: - b\n", "E005", 1, 4, id="dash in value"),
    pytest.param("a: 1\nlonely\n", "E005", 2, 1, id="neither key nor item"),
    pytest.param('a: 1\nb: "open\n', "E005", 2, 4, id="open double quote"),
    pytest.param("a: 1\nb: 'open\nc: 1\n", "E005", 2, 4, id="open single quote"),
    pytest.param("a: 'it's'\n", "E005", 1, 8, id="apostrophe in single quotes"),
    pytest.param("a: [1, 2\n", "E005", 1, 4, id="open list"),
    pytest.param("a: {b: 1\n\n", "E005", 1, 4, id="open mapping"),
    pytest.param("a: [1, 2\nb: 3\n", "E005", 2, 2, id="list broken off"),
    pytest.param("a: [1,\n", "E005", 1, 7, id="list ends in a comma"),
    pytest.param(": 2\n", "E005", 1, 1, id="colon first"),
    pytest.param("a: [1, , 2]\n", "E005", 1, 8, id="two commas"),
    pytest.param("a: 1\n]\n", "E005", 2, 1, id="bracket too many"),
    pytest.param("a: >= 0.5\n", "E005", 1, 4, id="comparison"),
    pytest.param("a: >#\n  x\n", "E005", 1, 4, id="comment glued to >"),
    pytest.param("a: @x\n", "E005", 1, 4, id="at sign"),
    pytest.param("a: %x\n", "E005", 1, 4, id="per cent"),
    pytest.param("a: `x`\n", "E005", 1, 4, id="backtick"),
    pytest.param('a: "\\q"\n', "E005", 1, 5, id="unknown escape"),
    pytest.param('a: "b\\xzz"\n', "E005", 1, 6, id="broken escape"),
    pytest.param('a: "x\\ud800"\n', "E005", 1, 6, id="escaped surrogate"),
    pytest.param('a: "\\U00110000"\n', "E005", 1, 5, id="escape beyond Unicode"),
    pytest.param('a: "\\UFFFFFFFF"\n', "E005", 1, 5, id="escape beyond integers"),
    pytest.param("a: ? b\n", "E005", 1, 4, id="question mark in value"),
    pytest.param("a: [why?]\n", "E005", 1, 8, id="question mark in list"),
    pytest.param(f"{DEEP_FLOW}\n", "E007", 1, 23, id="depth 21 in brackets"),
    pytest.param("- " * 21 + "a\n", "E007", 1, 41, id="depth 21 in dashes"),
    pytest.param("[" + "1, " * 20_000 + "]\n", "E007", 1, 1 + 3 * 19_999 + 1, id="20,001 nodes"),
    pytest.param("a: " + "x" * 4097, "E007", 1, 4, id="long plain"),
    pytest.param("a: " + "1" * 4097, "E007", 1, 4, id="long number"),
    pytest.param("a: 1\nb: '" + "é" * 2049 + "'", "E007", 2, 4, id="long in bytes"),
    pytest.param("a: 1\nb: !!str x\n", "E008", 2, 4, id="tag"),
    pytest.param("a: !x y\n", "E008", 1, 4, id="local tag"),
    pytest.param("a: ! y\n", "E008", 1, 4, id="bare tag"),
    pytest.param("a: !x!y z\n", "E008", 1, 4, id="undefined tag"),
    pytest.param("a: !!set {b: 1}\n", "E008", 1, 4, id="tagged mapping"),
    pytest.param("!a b: 1\n", "E008", 1, 1, id="tagged key"),
    pytest.param("a: !!null\n", "E008", 1, 4, id="tagged nothing"),
    pytest.param("a: &b 1\n", "E008", 1, 4, id="anchor"),
    pytest.param("a: &b [1]\n", "E008", 1, 4, id="anchored list"),
    pytest.param("&a b: 1\n", "E008", 1, 1, id="anchored key"),
    pytest.param("a: *b\n", "E008", 1, 4, id="alias"),
    pytest.param("*a : 1\n", "E008", 1, 1, id="alias as key"),
    pytest.param("a: *\n", "E008", 1, 4, id="star"),
    pytest.param("a: **bold**\n", "E008", 1, 4, id="stars"),
    pytest.param("<<: {a: 1}\n", "E008", 1, 1, id="merge"),
    pytest.param("%YAML 1.1\n---\na: 1\n", "E008", 1, 1, id="version directive"),
    pytest.param("# x\n\n%TAG ! tag:x,2000:\n---\na: 1\n", "E008", 3, 1, id="tag directive"),
    pytest.param("a: 1\n%FOO x\n", "E008", 2, 1, id="late directive"),
    pytest.param("a: 1\n...\n%FOO x\n---\nb: 2\n", "E008", 3, 1, id="directive of a second document"),
    pytest.param("a:\nb: 1\n", "E009", 1, 1, id="no value"),
    pytest.param("a:\n  b:\n", "E009", 2, 3, id="no value at the end"),
    pytest.param("{a: , b: 1}\n", "E009", 1, 2, id="no value in braces"),
    pytest.param("{b: 1, a}\n", "E009", 1, 8, id="key alone in braces"),
    pytest.param("- 1\n-\n- 2\n", "E009", 2, 2, id="no item"),
    pytest.param("no: 1\n", "E009", 1, 1, id="ambiguous key"),
    pytest.param("a: {true: 1}\n", "E009", 1, 5, id="boolean key"),
    pytest.param("1: 2\n", "E010", 1, 1, id="number as key"),
    pytest.param("a:\n  8 h: 2\n", "E010", 2, 3, id="space in key"),
    pytest.param("l\u0456mit: 2\n", "E010", 1, 1, id="cyrillic letter in key"),
    pytest.param('"l\u0456mit": 2\n', "E010", 1, 1, id="cyrillic letter in quoted key"),
    pytest.param('" a": 2\n', "E010", 1, 1, id="key begins with a space"),
    pytest.param('"a\\n": 2\n', "E010", 1, 1, id="line break in key"),
    pytest.param('"": 2\n', "E010", 1, 1, id="empty key"),
    pytest.param("{: 2}\n", "E005", 1, 2, id="no key"),
    pytest.param("{a:1}\n", "E010", 1, 2, id="colon without space"),
    pytest.param("? a\n: b\n", "E010", 1, 3, id="question mark"),
    pytest.param("a: 1\n? b\n: c\n", "E010", 2, 3, id="question mark later"),
    pytest.param("[? a : b]\n", "E010", 1, 4, id="question mark in brackets"),
    pytest.param("? # why\n  a\n: b\n", "E010", 2, 3, id="question mark a line above"),
    pytest.param("[a]: b\n", "E010", 1, 1, id="list as key"),
    pytest.param("{a: 1}: b\n", "E010", 1, 1, id="mapping as key"),
    pytest.param("limits: 1\nx: 2\nlimits: 3\n", "E110", 3, 1, id="duplicate"),
    pytest.param("a: {b: 1, b: 1}\n", "E110", 1, 11, id="duplicate in braces"),
    pytest.param("a: 1\n'a': 1\n", "E110", 2, 1, id="duplicate in quotes"),
]


@pytest.mark.parametrize(("text", "code", "line", "column"), REFUSED)
def test_refused(text: str | bytes, code: str, line: int, column: int, libyaml: bool) -> None:  # noqa: FBT001
    diagnostics = refuse(text, libyaml=libyaml)
    assert brief(diagnostics) == [(code, line, column)]
    found = diagnostics[0]
    assert found.place.file == FILE
    assert found.severity is Severity.ERROR
    assert found.help.endswith((".", '".'))
    assert bool(found.source.strip()) == bool(line)
    # Told in our own words, safe to print.
    assert not any(word in found.message for word in ("token", "scalar", "block end", "flow", "stream"))
    assert found.render().replace("\n", "").replace("\t", "").isprintable()


def test_limits_are_reached_without_complaint(libyaml: bool) -> None:  # noqa: FBT001 - a fixture
    read(DEEP_FLOW.replace("[]", ""), libyaml=libyaml)
    read("[" + "1, " * 19_999 + "]", libyaml=libyaml)
    read(f"a: {'x' * 4096}\nb: '{'é' * 2048}'", libyaml=libyaml)
    read(b"a: 1 #" + b"x" * (256 * 1024 - 6), libyaml=libyaml)


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ("x: 1\nlimits: 1\nlimits: 2", "duplicate key `limits` (first on line 2)", "Keep one"),
        ("a: 1\na: 2\na: 3", "duplicate key `a` (first on line 1)", "Keep one"),
        ("a: [1,\n", "the file ends where a value is expected", "Say the value"),
        ("a:\u00a0b", "forbidden character U+00A0 (no-break space)", "plain space"),
        ("a: \x1b[31m", "forbidden character U+001B (control character)", "Delete it"),
        ("l\u0456mit: 2", "U+0456 (cyrillic small letter byelorussian-ukrainian i)", "plain letters"),
        ("{a:1}", "key `a:1` is not a plain name", "space after the colon"),
        ("limits:\nback: 1", "`limits` has no value", "Say what it should be"),
        ("a: [1,\n b: 2", "the list that opens here is never closed", "]"),
        ("a: {b: 1\n c: 2}", "the mapping that opens on line 1 is broken off here", "commas"),
        ("a: @x", "a value cannot begin with `@`", "Quote it"),
        (b"a: \xe9", "byte 0xe9 at offset 3 is not UTF-8", "Save the file as UTF-8"),
    ],
)
def test_message_says_what_and_what_to_do(text: str | bytes, message: str, remedy: str) -> None:
    found = refuse(text)[-1]
    assert message in found.message
    assert remedy in found.help


def test_forbidden_characters_in_a_row_are_one_finding() -> None:
    (found,) = refuse("a:\n\u00a0\u00a0\u00a0b: 1")
    assert found.place == Place(FILE, 2, 1, 3)


def test_all_problems_of_a_pass_come_in_the_order_of_the_file(libyaml: bool) -> None:  # noqa: FBT001 - a fixture
    text = 'a: no\nb: &x 010\nb: {c: , 1: 2}\nd:\n  - *x\n  - !t y\n? e\n: f\n"\\0": 1\ng: [\n'
    assert brief(refuse(text, libyaml=libyaml)) == [
        ("E009", 1, 4),
        ("E008", 2, 4),
        ("E009", 2, 4),
        ("E110", 3, 1),
        ("E009", 3, 5),
        ("E010", 3, 10),
        ("E008", 5, 5),
        ("E008", 6, 5),
        ("E010", 7, 3),
        ("E010", 9, 1),
        ("E005", 10, 5),
    ]


@pytest.mark.parametrize("text", ["- no\n" * 60, "a\u00a0b\n" * 60, "- &a\n" * 60 + "]", "- no\n" * 49 + "]"])
def test_at_most_fifty_findings(text: str, libyaml: bool) -> None:  # noqa: FBT001 - a fixture
    diagnostics = refuse(text, libyaml=libyaml)
    assert len(diagnostics) == 50
    assert brief(diagnostics) == sorted(brief(diagnostics), key=lambda found: found[1:])


# -- files ------------------------------------------------------------------------------------------


def refuse_file(path: Path, shown_as: str | None = None) -> Diagnostic:
    with pytest.raises(PolicyError) as caught:
        read_yaml_file(path, shown_as)
    (found,) = caught.value.diagnostics
    return found


def test_file_is_read_under_the_name_it_is_shown_as(tmp_path: Path) -> None:
    path = tmp_path / "entry.yaml"
    path.write_bytes(POLICY.encode())
    assert read_yaml_file(path, FILE) == read(POLICY)
    assert read_yaml_file(path).place(("policy",)).file == str(path)
    path.write_bytes(b"a: no")
    assert refuse_file(path, FILE).place == Place(FILE, 1, 4, 2)


def test_missing_file(tmp_path: Path) -> None:
    found = refuse_file(tmp_path / "absent.yaml", FILE)
    assert (found.code, found.place, found.message) == ("E001", Place(FILE), "there is no such file")
    assert refuse_file(tmp_path / "absent" / "entry.yaml").code == "E001"


def test_folder_instead_of_file(tmp_path: Path) -> None:
    found = refuse_file(tmp_path)
    assert (found.code, found.place) == ("E001", Place(str(tmp_path)))
    assert "folder" in found.message


def test_file_as_folder(tmp_path: Path) -> None:
    (tmp_path / "entry.yaml").write_bytes(b"a: 1")
    assert refuse_file(tmp_path / "entry.yaml" / "x").code == "E001"


def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refuse_file(tmp_path / "pipe").code == "E001"


def test_circle_of_links(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert refuse_file(tmp_path / "a").code == "E001"


def test_name_that_no_file_can_have() -> None:
    assert refuse_file(Path("a\0b"), FILE).code == "E001"
    assert refuse_file(Path("a" * 5000), FILE).code == "E001"


def test_file_without_permission() -> None:
    class Locked(PosixPath):  # a real one would be readable for root, who runs tests in containers
        def stat(self, *, follow_symlinks: bool = True) -> NoReturn:
            raise PermissionError(follow_symlinks)

    found = refuse_file(Locked("entry.yaml"), FILE)
    assert found.code == "E001"
    assert "permission" in found.help


def test_large_file(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"#" * (256 * 1024 + 1))
    assert (refuse_file(path, FILE).code, refuse_file(path, FILE).place) == ("E002", Place(FILE))


# -- hostile input ----------------------------------------------------------------------------------

HOSTILE = r"""
import json, resource, sys
from time import perf_counter
from policytrader.authoring.yaml import read_yaml
from policytrader.errors import PolicyError
SIZE = 256 * 1024
def fill(text, end=b""):
    return (text * (SIZE // len(text) + 1))[: SIZE - len(end)] + end
CASES = {
    "5 MB of aliases": b"a: &a x\nb:\n" + b"- *a\n" * 1_000_000,
    "brackets": fill(b"["), "braces": fill(b"{"), "braced keys": fill(b"{a: "), "dashes": fill(b"- "),
    "bomb": fill(b"&a [*a, "), "aliases": fill(b"*a, "), "anchors": fill(b"- &a x\n"), "merges": fill(b"<<: *a\n"),
    "keys": b"".join(b"k%d: 1\n" % number for number in range(200_000))[:SIZE],
    "200k keys": b"".join(b"k%d: 1\n" % number for number in range(200_000)),
    "keys in braces": b"{" + b",".join(b"k%d: 1" % number for number in range(200_000))[: SIZE - 1],
    "same keys": fill(b"a: 1\n"), "long keys": fill(b"k" * 1000 + b": b\n"), "items": fill(b"- 1\n"),
    "long plain": fill(b"x"), "long words": fill(b"x "), "long lines": fill(b"x\n"), "quotes": fill(b"'"),
    "long quoted": b'"' + b"x" * (SIZE - 2) + b'"', "escapes": b'"' + b"\\n" * (SIZE // 2 - 1) + b'"',
    "open quote": b'"' + fill(b"x\n")[1:], "long block": b"|\n" + fill(b" x\n")[:-2],
    "surrogates": fill(b'"\\ud800", '),
    "nested dashes": b"".join(b" " * depth + b"-\n" for depth in range(700)),
    "nested keys": b"".join(b" " * depth + b"a:\n" for depth in range(700)),
    "blanks": fill(b" "), "lines": fill(b"\n"), "comments": fill(b"#\n"), "questions": fill(b"? "),
    "colons": fill(b":"),
    "documents": fill(b"---\n"), "directives": fill(b"%A b\n"), "tags": fill(b"!a "), "long tag": fill(b"!<%41"),
    "no-break spaces": "\u00a0 ".encode() * (SIZE // 3), "tabs": fill(b"\t"), "nul": fill(b"\0"),
    "bytes": fill(b"\xff"),
    "private": "".join(map(chr, range(0xE000, 0xF8FF))).encode() * 13,
    "digits": fill(b"1"), "underscores": fill(b"1_"), "short underscores": fill(b"- " + b"1_" * 2000 + b"x\n", b"x"),
    "dots": fill(b"1."), "times": fill(b"1:"), "dates": b"a: 2024-01-01" + b" " * (SIZE - 20) + b"x",
    "short exponents": fill(b"- " + b"1" * 4000 + b"ex\n", b"x"), "minus": fill(b"-"), "exponent": b"a: 1e999999999",
    "mixed": fill(b"- " + b"1_.," * 1000 + b"x\n", b"x"),
}
resource.setrlimit(resource.RLIMIT_AS, (300 << 20, 300 << 20))
answers = {}
for name, data in CASES.items():
    started = perf_counter()
    try:
        read_yaml(data, "hostile.yaml", libyaml=sys.argv[1] == "True")
        codes = []
    except PolicyError as error:
        codes = sorted({found.code for found in error.diagnostics})
    answers[name] = [codes, perf_counter() - started]
print(json.dumps(answers))
"""


def test_hostile_input_is_answered_soon_and_in_little_memory(libyaml: bool) -> None:  # noqa: FBT001 - a fixture
    # In a process of its own: a memory limit, and a crash of the parser in C would show as one.
    environment = {**os.environ, "PYTHONPATH": str(PROJECT / "src")}
    command = [sys.executable, "-c", HOSTILE, str(libyaml)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert ran.returncode == 0, ran.stderr
    answers = json.loads(ran.stdout)
    assert {name: seconds for name, (_, seconds) in answers.items() if seconds > 2} == {}
    codes = {name: found for name, (found, _) in answers.items()}
    assert codes["5 MB of aliases"] == codes["200k keys"] == ["E002"]
    assert codes["brackets"] == codes["braces"] == codes["dashes"] == codes["nested keys"] == ["E007"]
    assert codes["keys"] == codes["keys in braces"] == codes["long plain"] == codes["long quoted"] == ["E007"]
    assert codes["bomb"] == ["E007", "E008"]
    accepted = {name for name, found in codes.items() if not found}
    assert accepted == {"short underscores", "short exponents", "mixed"}


def test_rules_are_read_in_a_moment() -> None:
    files = sorted((PROJECT / "rules" / "racing").glob("*.yaml"))
    if not files or not HAS_LIBYAML:
        pytest.skip("needs the shipped rules and PyYAML with libyaml")

    def measure() -> float:
        started = perf_counter()
        for file in files:
            read_yaml_file(file)
        return perf_counter() - started

    assert min(measure() for _ in range(5)) < 0.060


# -- properties -------------------------------------------------------------------------------------

FRAGMENTS = [
    *"ab10 \n:-?,[]{}#&*!|>'\"%@`\\.~=<",
    "\n  ",
    "\n- ",
    ": ",
    "- ",
    "---\n",
    "? ",
    "\r\n",
    "\t",
    "é",
    "\u00a0",
]
FRAGMENTS += [
    "key: ",
    "!!str ",
    "&a ",
    "*a",
    "10:30",
    "no",
    "null",
    '"\\u',
    "\\ud800",
    "\\UFFFFFFFF",
    "\x00",
    "%YAML 1.1\n",
]


@st.composite
def mutated_policies(draw: st.DrawFn) -> str:
    text = POLICY
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.sampled_from([start, start + 1, start + 3, start + 40, len(text)]))
        text = text[:start] + draw(st.sampled_from(["", *FRAGMENTS])) + text[end:]
    return text


def answer(data: bytes, *, libyaml: bool) -> YamlDocument | None:
    """The document, or None for a refusal; anything else that is raised fails the test."""
    try:
        return read_yaml(data, FILE, libyaml=libyaml)
    except PolicyError as error:
        check_refusal(error, data)
        return None


def check_refusal(error: PolicyError, data: bytes) -> None:
    assert 0 < len(error.diagnostics) <= 50
    places = [found.place for found in error.diagnostics]
    assert places == sorted(places)
    lines = data.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    for found in error.diagnostics:
        assert found.message
        assert found.help
        assert 0 <= found.place.line <= len(lines)
        assert found.place.column <= len(found.source) + 1
    assert error.render().replace("\n", "").replace("\t", "").isprintable()


def check_answers(data: bytes) -> None:
    """Both parsers answer, and what one accepts the other reads to the same value."""
    pure = answer(data, libyaml=False)
    if HAS_LIBYAML:
        fast = answer(data, libyaml=True)
        assert same(fast and (fast.value, dict(fast.key_places)), pure and (pure.value, dict(pure.key_places)))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80) | st.text(max_size=60).map(str.encode))
@example(b'"\\UFFFFFFFF"')
@example(b"\xef\xbb\xbf")
def test_any_bytes_are_answered(data: bytes) -> None:
    check_answers(data)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join))
def test_any_yaml_like_text_is_answered(text: str) -> None:
    check_answers(text.encode())


@settings(max_examples=200, deadline=None)
@given(mutated_policies())
def test_any_mutation_of_a_policy_is_answered(text: str) -> None:
    check_answers(text.encode())


@pytest.mark.parametrize("length", range(0, len(POLICY), 7))
def test_any_beginning_of_a_policy_is_answered(length: int) -> None:
    check_answers(POLICY[:length].encode())


SCALARS = (
    st.booleans()
    | st.integers(-(10**18) + 1, 10**18 - 1)
    | st.decimals(-(10**6), 10**6, places=3)
    | st.text(st.sampled_from(string.printable[:95] + "é€😀\n\t"), max_size=30)
    | st.sampled_from(AMBIGUOUS)
)
KEYS = st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,8}", fullmatch=True) | st.sampled_from(
    ["8 h", "no", "10:30", "?", "<<"]
)
PLAIN_DATA = st.recursive(
    SCALARS, lambda below: st.lists(below, max_size=4) | st.dictionaries(KEYS, below, max_size=4), max_leaves=12
)


def write_flow(value: object) -> str:
    """The value on one line, all text and keys in quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {write_flow(below)}" for key, below in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(write_flow, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def write_block(value: object, indent: int = 0) -> str:
    """The value on many lines; what has no lines of its own stands in flow form."""
    margin = "\n" + " " * indent
    if isinstance(value, dict) and value:
        return "".join(f"{margin}{json.dumps(key)}: {write_block(below, indent + 2)}" for key, below in value.items())
    if isinstance(value, list) and value:
        return "".join(f"{margin}- {write_block(below, indent + 2)}" for below in value)
    return write_flow(value)


def find_at(document: YamlDocument, place: Place) -> str:
    return document.lines[place.line - 1][place.column - 1 :]


@settings(max_examples=150, deadline=None)
@given(PLAIN_DATA, st.sampled_from([write_flow, write_block]), st.booleans())
def test_written_data_reads_back(value: object, write: object, uses_libyaml: bool) -> None:  # noqa: FBT001
    assert callable(write)
    document = read(write(value), libyaml=uses_libyaml and HAS_LIBYAML)
    assert same(document.value, value)
    for path, place in document.key_places.items():
        assert find_at(document, place).startswith(json.dumps(path[-1]))
    for path, place in document.places.items():
        found: object = document.value
        for step in path:
            found = found[step]  # type: ignore[index]
        if not isinstance(found, dict | list):
            assert find_at(document, place)[: place.length] == write_flow(found)
