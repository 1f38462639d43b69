"""The page of errors: every code with its title, what it means and what to do.

``codes.ERRORS`` and ``codes.CHECKS`` name what is found in a policy; the codes of snapshots and recordings are named
here, because their readers stand above this house's floor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from policytrader.authoring.codes import CHECKS, ERRORS
from policytrader.authoring.reference.markdown import page
from policytrader.authoring.reference.remedies import REMEDIES

if TYPE_CHECKING:
    from collections.abc import Iterable

SNAPSHOT_CODES: Final[dict[str, str]] = {
    "S101": "A file or folder of a snapshot that is missing or cannot be read.",
    "S102": "A file that is too large, not UTF-8, or not a file.",
    "S103": "A table that cannot be divided into rows and cells.",
    "S104": "A column that the table does not have, or that is there twice.",
    "S105": "A value that must be there and is not.",
    "S106": "A cell that is not a number, or one out of range.",
    "S107": "A cell that is not one of its column's words.",
    "S108": "A cell that is not a time with a zone.",
    "S109": "A row, or a table, that is there twice.",
    "S110": "Values that contradict each other.",
    "S111": "A price that is not on the exchange's ladder.",
    "S112": "A crossed book: somebody backs at a price that somebody lays above.",
    "S113": "A text with invisible characters, spaces around it, or too many of them.",
    "S120": "A `snapshot.yaml` that cannot be used.",
}
"""Code -> what it means, in one line: snapshot folders."""

RECORDING_CODES: Final[dict[str, str]] = {
    "R101": "A recorded file that cannot be opened, or of a kind that is not read.",
    "R102": "A recorded file that is broken at a line.",
    "R103": "A recorded file without a market.",
    "R104": "A folder that cannot be written.",
    "R105": "A folder that holds no imported recording, or a broken one.",
    "R106": "A pick whose market or runner is not in the recording.",
    "R107": "A pick whose market was not published yet at the moment asked for.",
    "R108": "A pick that contradicts the recording, or a race with two names.",
    "R109": "A pick in a market that is recorded and cannot be bet on here.",
    "R110": "A file of picks that cannot be read as text.",
    "R111": "A column of a file of picks that is unknown, there twice, or missing.",
    "R112": "A cell of a file of picks that cannot be read.",
}
"""Code -> what it means, in one line: recorded markets."""

ALL_CODES: Final = ERRORS | CHECKS | SNAPSHOT_CODES | RECORDING_CODES


def errors_page() -> str:
    """Every error and warning by its code."""
    return page(
        "Errors and warnings",
        "errors",
        "Every finding is told as `file:line:column  CODE  message`, then the line at fault with a caret, then what "
        "to do. Errors refuse what they are about (exit code 1); warnings (`W…`) refuse nothing.",
        "## Files and YAML",
        *_headings(code for code in ERRORS if code.startswith("E0")),
        "## The form of a policy",
        *_headings(code for code in ERRORS if code.startswith("E1")),
        "## The meaning of a policy",
        *_headings(code for code in ERRORS if code.startswith("E2")),
        "## Checks that can be switched off",
        "A file switches a check off with `ignore: [W207]` at its top level; say why in a comment.",
        *_headings(CHECKS),
        "## Snapshots",
        *_headings(SNAPSHOT_CODES),
        "## Recordings",
        *_headings(RECORDING_CODES),
    )


def _headings(codes: Iterable[str]) -> list[str]:
    return [f"### {code}\n\n{ALL_CODES[code]}\n\n{REMEDIES[code]}" for code in codes]
