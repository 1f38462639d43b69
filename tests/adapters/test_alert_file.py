"""Alert documents from a file of JSON lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from policytrader.adapters.alert_file import AlertDocuments, read_alert_file
from policytrader.errors import SnapshotError

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS: list[dict[str, Any]] = [
    {"Match": "A vs B", "n": 1},
    {"Match": "A vs B", "n": "1"},
    {"Match": "C vs D", "n": 2},
    {"n": 3},
]


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        (None, [0, 1, 2, 3]),
        ({}, [0, 1, 2, 3]),
        ({"n": 1}, [0]),
        ({"n": {"$in": [1, "1"]}}, [0, 1]),
        ({"n": {"$in": [True]}}, []),
        ({"n": {"$in": [1, 2]}, "Match": {"$in": ["C vs D"]}}, [2]),
        ({"Match": {"$in": []}}, []),
        ({"absent": 1}, []),
    ],
)
def test_find(wanted: dict[str, Any] | None, places: list[int]) -> None:
    collection = AlertDocuments(DOCUMENTS)
    found = [DOCUMENTS[place] for place in places]
    assert collection.find(wanted) == found
    assert collection.find_one(wanted) == (found[0] if found else None)


def test_distinct_values() -> None:
    found = AlertDocuments(DOCUMENTS).aggregate([{"$group": {"_id": "$Match"}}])
    assert found == [{"_id": "A vs B"}, {"_id": "C vs D"}, {"_id": None}]


def test_what_it_cannot_do_is_refused() -> None:
    collection = AlertDocuments(DOCUMENTS)
    with pytest.raises(ValueError, match=r"only \$in"):
        collection.find({"n": {"$gt": 1}})
    others: list[list[dict[str, Any]]] = [
        [],
        [{"$match": {}}],
        [{"$group": {"_id": "$n", "count": {"$sum": 1}}}],
        [{"$group": {"_id": "n"}}],
    ]
    for pipeline in others:
        with pytest.raises(ValueError, match="distinct values"):
            collection.aggregate(pipeline)


def test_a_file_with_one_object_a_line(tmp_path: Path) -> None:
    file = tmp_path / "alerts.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"Player": "Jos\xc3\xa9"}\n\n  {"Player": null}\r\n')
    assert read_alert_file(file).find() == [{"Player": "José"}, {"Player": None}]


def test_every_broken_line_is_told(tmp_path: Path) -> None:
    file = tmp_path / "alerts.jsonl"
    file.write_bytes(b'{"a": 1}\n{"a": \n[1]\n{"a": NaN}\n"\xff"\n')
    with pytest.raises(SnapshotError) as raised:
        read_alert_file(file)
    assert [(one.place.line, one.code) for one in raised.value.diagnostics] == [(line, "S103") for line in (2, 3, 4, 5)]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match=r"S101 .*cannot be read: No such file"):
        read_alert_file(tmp_path / "alerts.jsonl")
