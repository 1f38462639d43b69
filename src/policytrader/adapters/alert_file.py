"""Alert documents from a file of JSON lines, read like a collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from policytrader.errors import Diagnostic, Place, SnapshotError
from policytrader.files import TooLargeError, read_at_most

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES = 64_000_000

Document = Mapping[str, Any]


class AlertDocuments:
    """Documents in memory, with the part of pymongo's reading methods that searching alerts needs."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._documents = tuple(documents)

    def find(self, wanted: Mapping[str, Any] | None = None) -> list[Document]:
        """Those whose keys have the wanted values, or one of them: ``{"Market": {"$in": [...]}}``."""
        conditions = dict(wanted or {})
        return [one for one in self._documents if all(_fits(one.get(key), conditions[key]) for key in conditions)]

    def find_one(self, wanted: Mapping[str, Any] | None = None) -> Document | None:
        """The first of ``find``, or None."""
        return next(iter(self.find(wanted)), None)

    def aggregate(self, pipeline: Sequence[Mapping[str, Any]]) -> list[Document]:
        """The distinct values of one key: ``[{"$group": {"_id": "$KEY"}}]``. Raises ``ValueError`` for all else."""
        match pipeline:
            case [{"$group": {"_id": str(key), **rest}}] if key.startswith("$") and not rest:
                values = [one.get(key[1:]) for one in self._documents]
                return [{"_id": value} for number, value in enumerate(values) if value not in values[:number]]
            case _:
                message = "only the distinct values of one key can be asked for"
                raise ValueError(message)


def read_alert_file(path: Path) -> AlertDocuments:
    """The documents of a file, one JSON object a line. Raises ``SnapshotError`` with every broken line."""
    documents: list[Document] = []
    problems: list[Diagnostic] = []
    for number, line in enumerate(_read_bytes(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            document = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            problems.append(Diagnostic(Place(str(path), number, 1), "S103", f"not JSON: {error}"))
            continue
        if isinstance(document, dict):
            documents.append(document)
        else:
            problems.append(Diagnostic(Place(str(path), number, 1), "S103", "not a JSON object: one alert a line"))
    if problems:
        raise SnapshotError(problems)
    return AlertDocuments(documents)


def _read_bytes(path: Path) -> bytes:
    try:
        data = read_at_most(path, _MOST_BYTES)
    except TooLargeError:
        raise SnapshotError([Diagnostic(Place(str(path)), "S102", "too large for a file of alerts")]) from None
    except OSError as error:
        raise SnapshotError(
            [Diagnostic(Place(str(path)), "S101", f"cannot be read: {error.strerror or error}")]
        ) from None
    return data.removeprefix(b"\xef\xbb\xbf")


def _fits(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        if list(wanted) != ["$in"]:
            message = "only $in can be asked for"
            raise ValueError(message)
        return any(type(value) is type(one) and value == one for one in wanted["$in"])
    return bool(value == wanted)
