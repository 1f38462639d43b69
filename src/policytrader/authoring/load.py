"""YAML files -> PolicySet or GradingSet: strict YAML, the kind's model, meaning. All errors of all files at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from policytrader.authoring.check import check_file, check_set
from policytrader.authoring.explain_schema import diagnose
from policytrader.authoring.families import ALL_KINDS, FOOTBALL, RACING, SELECTIONS, SUFFIXES, Family, likely_family
from policytrader.authoring.schema_gate import schema_findings
from policytrader.authoring.suggest import did_you_mean, quoted
from policytrader.authoring.yaml import read_yaml, read_yaml_file
from policytrader.errors import Diagnostic, Place, PolicyError, Severity
from policytrader.policy.grading.grading_set import GradingSet
from policytrader.policy.policy_set import PolicySet
from policytrader.policy.selections import SelectionsPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from policytrader.authoring.yaml import YamlDocument
    from policytrader.policy.rules import PolicyFile


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
        """The six kinds that trade, together. Raises ``PolicyError`` with every error."""
        return PolicySet(**self._parts())

    def grading_set(self) -> GradingSet:
        """The four kinds that grade, together. Raises ``PolicyError`` with every error."""
        return GradingSet(**self._parts())

    def _parts(self) -> dict[str, Any]:
        if self.errors:
            raise PolicyError(self.errors)
        places = {(file.kind, path): place for file in self.files for path, place in file.document.places.items()}
        return {**{file.kind: file.model for file in self.files}, "places": places}


def load_policy(path: str | Path) -> PolicySet:
    """The policy in a folder of rule files (``rules/racing``, or ``rules`` which holds it).

    Raises ``PolicyError`` with all errors of all files, each with file, line and column.
    """
    return load_files(policy_files(Path(path)), complete=True, shown_in=str(path)).policy_set()


def load_grading(path: str | Path) -> GradingSet:
    """The grading policy in a folder of rule files (``rules/football``, or ``rules`` which holds it).

    Raises ``PolicyError`` as ``load_policy`` does.
    """
    files = policy_files(Path(path), FOOTBALL)
    return load_files(files, complete=True, shown_in=str(path), family=FOOTBALL).grading_set()


def load_selections(path: str | Path) -> SelectionsPolicy:
    """The selections file at ``path``. Raises ``PolicyError`` as ``load_policy`` does."""
    result = load_files((Path(path),), complete=True, shown_in=str(path), family=SELECTIONS)
    if result.errors:
        raise PolicyError(result.errors)
    (file,) = result.files
    assert isinstance(file.model, SelectionsPolicy)
    return file.model


def policy_files(path: Path, family: Family = RACING) -> tuple[Path, ...]:
    """The rule files of a policy folder, or the one file that is named.

    Raises ``PolicyError`` when there are none, or the folder cannot be read.
    """
    try:
        if not path.is_dir():
            return (path,)
        folder = path / family.folder if (path / family.folder).is_dir() else path
        found = tuple(sorted(file for file in folder.iterdir() if file.suffix in SUFFIXES))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable name"
        message, remedy = f"this folder cannot be read: {reason}", "Check its name and its mode."
        raise PolicyError([Diagnostic(Place(str(path)), "E001", message, remedy)]) from None
    if not found:
        remedy = "Rule files end in .yaml; `policytrader init` writes a set."
        raise PolicyError([Diagnostic(Place(str(path)), "E001", "the folder holds no rule files", remedy)])
    return found


@dataclass
class _Kinds:
    """Which kinds were seen, and in which file."""

    read: dict[str, str] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    """Names of files whose kind is not known: such a kind is not also reported as absent."""


def load_files(paths: Sequence[Path], *, complete: bool, shown_in: str = "", family: Family = RACING) -> LoadResult:
    """Read and check files. ``complete`` asks for all kinds of the family and no others, as an engine needs them.

    ``shown_in`` is the folder that the files belong to: a link that leads out of it is refused.
    """

    def read(path: Path) -> YamlDocument:
        _refuse_outside(path, shown_in)
        return read_yaml_file(path)

    return _load(paths, read, family=family if complete else None, shown_in=shown_in)


def load_texts(texts: Mapping[str, bytes], *, shown_in: str = "", family: Family = RACING) -> LoadResult:
    """Read and check a whole policy from the bytes of its files, by name: one that a store kept.

    ``shown_in`` is what a missing kind is reported against.
    """

    def read(path: Path) -> YamlDocument:
        return read_yaml(texts[str(path)], str(path))

    return _load([Path(name) for name in texts], read, family=family, shown_in=shown_in)


def load_grading_texts(texts: Mapping[str, bytes], *, shown_in: str = "") -> LoadResult:
    """As ``load_texts``, of a grading policy."""
    return load_texts(texts, shown_in=shown_in, family=FOOTBALL)


def _load(
    paths: Sequence[Path], read: Callable[[Path], YamlDocument], *, family: Family | None, shown_in: str
) -> LoadResult:
    """``family`` is asked for as a whole; None takes each file by itself."""
    files: list[LoadedFile] = []
    diagnostics: list[Diagnostic] = []
    kinds = _Kinds()
    for path in paths:
        try:
            document = read(path)
        except PolicyError as error:
            diagnostics += error.diagnostics
            kinds.unread.add(path.stem)
            continue
        file, found = load_document(document, kinds.read, family)
        diagnostics += found
        if file is not None:
            files.append(file)
        elif document.file not in kinds.read.values():
            kinds.unread.add(path.stem)
    if family is not None:
        diagnostics += _missing_kinds(kinds, shown_in, family)
    if not any(found.severity is Severity.ERROR for found in diagnostics):
        diagnostics += check_set({file.kind: (file.model, file.document) for file in files})
    return LoadResult(tuple(paths), tuple(files), tuple(diagnostics))


def _refuse_outside(path: Path, shown_in: str) -> None:
    message, remedy = "the file is a link that leads out of the policy's folder", "Put the file itself into the folder."
    try:
        if not shown_in or not (folder := Path(shown_in)).is_dir() or path.resolve().is_relative_to(folder.resolve()):
            return
    except (OSError, RuntimeError):  # Python before 3.13 raises RuntimeError for a link to itself
        message = "the file is a link that leads nowhere"
    raise PolicyError([Diagnostic(Place(str(path)), "E001", message, remedy)])


def load_document(
    document: YamlDocument, kinds: dict[str, str] | None = None, family: Family | None = None
) -> tuple[LoadedFile | None, list[Diagnostic]]:
    """One document as the file of its kind, when it has the form, and what is wrong with it.

    ``kinds`` names the file of each kind that was read before; this one is added. ``family`` admits its kinds only.
    """
    kinds = {} if kinds is None else kinds
    value = document.value
    if not isinstance(value, dict):
        message = "a policy file is a mapping that begins with `policy:`"
        return None, [document.diagnostic((), "E104", message, "Begin with, for example, `policy: validation`.")]
    kind = value.get("policy")
    if not isinstance(kind, str) or kind not in (family.kinds if family else ALL_KINDS):
        return None, [_unknown_kind(document, kind, family)]
    if kind in kinds:
        message = f"a second file of the kind `{kind}` (the first is {kinds[kind]})"
        return None, [
            document.diagnostic(("policy",), "E213", message, "A policy has one file of each kind: merge them.")
        ]
    kinds[kind] = document.file
    try:
        model: PolicyFile = ALL_KINDS[kind].model_validate(value)
    except ValidationError as error:
        return None, diagnose(document, ALL_KINDS[kind], error)
    return LoadedFile(kind, document, model), check_file(kind, model, document) or schema_findings(kind, document)


def _unknown_kind(document: YamlDocument, kind: Any, family: Family | None) -> Diagnostic:
    family = family or likely_family(kind if isinstance(kind, str) else "", Path(document.file))
    allowed = f"One of: {', '.join(family.kinds)}."
    if kind is None:
        return document.diagnostic((), "E101", "missing key `policy`: which kind of rules is this?", allowed)
    if not isinstance(kind, str):
        return document.diagnostic(("policy",), "E107", "`policy` must be the name of a kind", allowed, at_key=True)
    if kind in ALL_KINDS:
        message = f"`{kind}` is no kind of a {family.title} policy: the file belongs into another folder"
    else:
        message = f"unknown kind of policy {quoted(kind)}{did_you_mean(kind, family.kinds)}"
    return document.diagnostic(("policy",), "E107", message, allowed)


def _missing_kinds(kinds: _Kinds, shown_in: str, family: Family) -> list[Diagnostic]:
    if kinds.unread and len(family.kinds) == 1:
        return []  # whatever its name, the file that cannot be read was meant for the one kind
    return [
        Diagnostic(Place(shown_in or "."), "E214", f"no file of the kind `{kind}`", family.incomplete)
        for kind in family.kinds
        if kind not in kinds.read and kind not in kinds.unread
    ]
