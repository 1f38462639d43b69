"""``policytrader validate``: are the rules in order? Form, meaning, and the numbered checks; never opens a socket."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from policytrader import __version__
from policytrader.authoring.codes import CHECKS, ERRORS
from policytrader.cli.context import FINDINGS, FINE, Context, print_json
from policytrader.cli.words import counted
from policytrader.errors import Diagnostic, PolicyError, Severity, UsageError
from policytrader.resources import resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policytrader.authoring.families import Family

FINDINGS_SCHEMA = "policytrader/findings/1"
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True)
class Findings:
    """What was found in so many files, in the order of files and places."""

    files: int
    found: tuple[Diagnostic, ...]

    def count(self, severity: Severity) -> int:
        """How many errors, or warnings."""
        return sum(one.severity is severity for one in self.found)

    @property
    def summary(self) -> str:
        """``3 files, 2 errors, 1 warning``."""
        errors, warnings = self.count(Severity.ERROR), self.count(Severity.WARNING)
        files = counted(self.files, "file")
        if not self.found:
            return f"{files}, ok"
        return f"{files}, {counted(errors, 'error')}, {counted(warnings, 'warning')}"


@click.command(short_help="Check policies: form, meaning, lint.")
@click.argument("paths", nargs=-1)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    help="text for people, json and sarif for programs, github for annotations of a change.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.pass_obj
def command(context: Context, paths: tuple[str, ...], form: str, as_json: bool) -> int:
    """Check rules: the form, the meaning, and the numbered checks (lint).

    A folder is checked as a complete set of rules, trading (`racing`) and grading (`football`) each by itself; a single
    file alone. Without PATHS, the project's rules.
    """
    findings = check(_chosen(context, paths))
    match "json" if as_json else form:
        case "json":
            print_json(_as_json(findings))
        case "sarif":
            print_json(_as_sarif(findings))
        case "github":
            for one in findings.found:
                click.echo(_as_annotation(one))
            click.echo(findings.summary)
        case _:
            _print_text(findings, color=None if context.color else False)
    return FINDINGS if findings.count(Severity.ERROR) else FINE


def _chosen(context: Context, paths: tuple[str, ...]) -> list[Path]:
    """The files and folders to check. Raises ``UsageError`` for one that is not there."""
    if not paths:
        own = context.path("rules")
        if own.is_dir():
            return [own]
        context.note(f"no folder {own} in this project: checking the rules that came with policytrader")
        return [resource("rules")]
    chosen = [context.path(path) for path in paths]
    for name, path in zip(paths, chosen, strict=True):
        if not _is_there(path):
            message = f"{name}: no such file or folder\n  Name a rule file, or a folder that holds a set of them."
            raise UsageError(message)
    return chosen


def _is_there(path: Path) -> bool:
    try:
        return path.is_symlink() or path.exists()
    except OSError:
        return True  # there, but out of reach: reading it says why
    except ValueError:
        return False


def check(paths: Sequence[Path]) -> Findings:
    """What is wrong with each path: a folder as a complete set of rules of each family in it, a file by itself."""
    count = 0
    found: list[Diagnostic] = []
    for path in paths:
        try:
            sets = _sets_in(path)
        except PolicyError as error:
            found += error.diagnostics
            continue
        for family, files in sets:
            found += _check_set(path, family, files)
            count += len(files)
    return Findings(count, tuple(_printable(one) for one in dict.fromkeys(found)))


def _sets_in(path: Path) -> list[tuple[Family, tuple[Path, ...]]]:
    """The files to check, by family. Raises ``PolicyError``."""
    from policytrader.authoring.families import RACING, families_in
    from policytrader.authoring.load import policy_files

    try:
        families = families_in(path) if path.is_dir() else (RACING,)
    except OSError:
        families = (RACING,)  # that it cannot be read is told where it is read
    return [(family, policy_files(path, family)) for family in families]


def _check_set(path: Path, family: Family, files: tuple[Path, ...]) -> list[Diagnostic]:
    from policytrader.authoring.lint import lint
    from policytrader.authoring.load import load_files

    is_set = path.is_dir()
    result = load_files(files, complete=is_set, shown_in=str(path) if is_set else "", family=family)
    order = {str(file): number for number, file in enumerate(files)}
    both = [*result.diagnostics, *lint(result)]
    return sorted(both, key=lambda one: (order.get(one.place.file, len(order)), one.place.line, one.place.column))


def _printable(one: Diagnostic) -> Diagnostic:
    """A file's name may hold anything; what is inside files was checked when they were read."""
    name = one.place.file
    shown = "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in name)
    if shown == name:
        return one
    return replace(one, place=replace(one.place, file=shown), message=one.message.replace(name, shown))


# -- text --------------------------------------------------------------------------------------------------------------


def _print_text(findings: Findings, *, color: bool | None) -> None:
    """The findings, then the summary. ``color`` None means: on a terminal."""
    for one in findings.found:
        click.echo(_colored(one), color=color)
    errors = findings.count(Severity.ERROR)
    hue = "red" if errors else "yellow" if findings.found else "green"
    click.echo(click.style(findings.summary, fg=hue, bold=True), color=color)


def _colored(one: Diagnostic) -> str:
    """The rendered finding with place, code and caret set off; the words are the same without colours."""
    hue = "red" if one.severity is Severity.ERROR else "yellow"
    first, *rest = one.render().split("\n")
    place, code = str(one.place), one.code
    lines = [
        click.style(place, bold=True) + "  " + click.style(code, fg=hue, bold=True) + first[len(place + code) + 2 :]
    ]
    for line in rest:
        before, bar, caret = line.partition(" | ")
        is_caret = bool(bar) and not before.strip() and not caret.strip(" ^")
        lines.append(before + bar + click.style(caret, fg=hue) if is_caret else line)
    return "\n".join(lines)


# -- for programs ------------------------------------------------------------------------------------------------------


def _as_json(findings: Findings) -> dict[str, Any]:
    return {
        "schema": FINDINGS_SCHEMA,
        "files": findings.files,
        "errors": findings.count(Severity.ERROR),
        "warnings": findings.count(Severity.WARNING),
        "findings": [
            {
                "file": one.place.file,
                "line": one.place.line,
                "column": one.place.column,
                "length": one.place.length,
                "code": one.code,
                "severity": str(one.severity),
                "message": one.message,
                "help": one.help,
            }
            for one in findings.found
        ],
    }


def _as_sarif(findings: Findings) -> dict[str, Any]:
    """SARIF 2.1.0, as code scanning reads it."""
    known = ERRORS | CHECKS
    codes = sorted({one.code for one in findings.found})
    rules = [{"id": code, "shortDescription": {"text": known.get(code, code)}} for code in codes]
    driver = {"name": "policytrader", "version": __version__, "rules": rules}
    results = [
        {
            "ruleId": one.code,
            "ruleIndex": codes.index(one.code),
            "level": str(one.severity),
            "message": {"text": _told(one)},
            "locations": [{"physicalLocation": _location(one)}],
        }
        for one in findings.found
    ]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def _location(one: Diagnostic) -> dict[str, Any]:
    place = one.place
    path = Path(place.file)
    location: dict[str, Any] = {
        "artifactLocation": {"uri": path.as_uri() if path.is_absolute() else quote(path.as_posix())}
    }
    if place.line:
        end = place.column + place.length
        location["region"] = {"startLine": place.line, "startColumn": place.column, "endColumn": end}
    return location


def _told(one: Diagnostic) -> str:
    return f"{one.message}\n{one.help}".strip()


def _as_annotation(one: Diagnostic) -> str:
    """A workflow command of GitHub: one line, marked in the change where the finding stands."""
    place = one.place
    fields = {"file": place.file}
    if place.line:
        fields |= {"line": str(place.line), "col": str(place.column), "endColumn": str(place.column + place.length)}
    fields["title"] = one.code
    listed = ",".join(f"{name}={_escaped(value, in_field=True)}" for name, value in fields.items())
    text = _escaped(_told(one), in_field=False)
    return f"::{one.severity} {listed}::{text}"


def _escaped(text: str, *, in_field: bool) -> str:
    escapes = {"%": "%25", "\r": "%0D", "\n": "%0A"} | ({":": "%3A", ",": "%2C"} if in_field else {})
    return "".join(escapes.get(character, character) for character in text)
