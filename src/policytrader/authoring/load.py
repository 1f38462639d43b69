"""YAML files -> PolicySet: strict YAML, then the kind's model, then meaning. All errors of all files at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from policytrader.authoring.check import check_file, check_set
from policytrader.authoring.explain_schema import diagnose
from policytrader.authoring.suggest import did_you_mean
from policytrader.authoring.yaml import YamlDocument, read_yaml_file
from policytrader.errors import Diagnostic, Place, PolicyError, Severity
from policytrader.policy.policy_set import KINDS, PolicySet
from policytrader.policy.rules import PolicyFile

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class LoadedFile:
    """One policy file that has the form of its kind."""

    kind: str
    document: YamlDocument
    model: PolicyFile


@dataclass(frozen=True)
class LoadResult:
    """What a set of files came to; ``diagnostics`` in the order of files and places."""

    paths: tuple[Path, ...]
    files: tuple[LoadedFile, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The findings that refuse the policy."""
        return tuple(found for found in self.diagnostics if found.severity is Severity.ERROR)

    def policy_set(self) -> PolicySet:
        """The six kinds together. Raises ``PolicyError`` with every error."""
        if self.errors:
            raise PolicyError(self.errors)
        places = {
            (file.kind, path): place for file in self.files for path, place in file.document.places.items()
        }
        return PolicySet(**{file.kind: file.model for file in self.files}, places=places)  # type: ignore[arg-type]


def load_policy(path: str | Path) -> PolicySet:
    """The policy in a folder of rule files (``rules/racing``, or ``rules`` which holds it).

    Raises ``PolicyError`` with all errors of all files, each with file, line and column.
    """
    return load_files(policy_files(Path(path)), complete=True, shown_in=str(path)).policy_set()


def policy_files(path: Path) -> tuple[Path, ...]:
    """The rule files of a policy folder, or the one file that is named. Raises ``PolicyError`` when there are none."""
    if path.is_dir():
        folder = path / "racing" if (path / "racing").is_dir() else path
        found = tuple(sorted(file for file in folder.iterdir() if file.suffix in SUFFIXES))
        if found:
            return found
        raise PolicyError(
            [Diagnostic(Place(str(path)), "E001", "the folder holds no rule files", "Rule files end in .yaml; `policytrader init` writes a set.")]
        )
    return (path,)


def load_files(paths: Sequence[Path], *, complete: bool, shown_in: str = "") -> LoadResult:
    """Read and check files. ``complete`` asks for all six kinds, as an engine needs them."""
    files: list[LoadedFile] = []
    diagnostics: list[Diagnostic] = []
    kinds: dict[str, str] = {}
    root = Path(shown_in).resolve() if shown_in and Path(shown_in).is_dir() else None
    for path in paths:
        try:
            _refuse_outside(path, root)
            document = read_yaml_file(path)
        except PolicyError as error:
            diagnostics += error.diagnostics
            kinds.setdefault(path.stem, str(path))  # a file that cannot be read is not also reported as absent
            continue
        file, found = _load_document(document, kinds)
        diagnostics += found
        if file is not None:
            files.append(file)
    if complete:
        diagnostics += _missing_kinds(kinds, shown_in)
    if not any(found.severity is Severity.ERROR for found in diagnostics):
        diagnostics += check_set({file.kind: (file.model, file.document) for file in files})
    return LoadResult(tuple(paths), tuple(files), tuple(diagnostics))


def _refuse_outside(path: Path, root: Path | None) -> None:
    if root is not None and not path.resolve().is_relative_to(root):
        message = "the file is a link that leads out of the policy's folder"
        raise PolicyError([Diagnostic(Place(str(path)), "E001", message, "Put the file itself into the folder.")])


def _load_document(document: YamlDocument, kinds: dict[str, str]) -> tuple[LoadedFile | None, list[Diagnostic]]:
    value = document.value
    if not isinstance(value, dict):
        message = "a policy file is a mapping that begins with `policy:`"
        return None, [document.diagnostic((), "E104", message, "Begin with, for example, `policy: validation`.")]
    kind = value.get("policy")
    if not isinstance(kind, str) or kind not in KINDS:
        return None, [_unknown_kind(document, kind)]
    if kind in kinds:
        message = f"a second file of the kind `{kind}` (the first is {kinds[kind]})"
        return None, [document.diagnostic(("policy",), "E213", message, "A policy has one file of each kind; merge them.")]
    kinds[kind] = document.file
    try:
        model: PolicyFile = KINDS[kind].model_validate(value)
    except ValidationError as error:
        return None, diagnose(document, KINDS[kind], error)
    file = LoadedFile(kind, document, model)
    return file, check_file(kind, model, document)


def _unknown_kind(document: YamlDocument, kind: Any) -> Diagnostic:  # noqa: ANN401 - whatever the file holds
    allowed = "One of: " + ", ".join(KINDS) + "."
    if kind is None:
        return document.diagnostic((), "E101", "missing key `policy`: which kind of rules is this?", allowed)
    message = f"unknown kind of policy `{kind}`{did_you_mean(str(kind), KINDS)}"
    return document.diagnostic(("policy",), "E107", message, allowed)


def _missing_kinds(kinds: Iterable[str], shown_in: str) -> list[Diagnostic]:
    present = set(kinds)
    return [
        Diagnostic(
            Place(shown_in or "."),
            "E214",
            f"no file of the kind `{kind}`",
            "A policy needs all six kinds; `policytrader init` writes a complete set to begin with.",
        )
        for kind in KINDS
        if kind not in present
    ]
