"""Documents of others, read by path: what is missing is None, what has another form is refused with its place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.errors import LayoutUnknownError
from policytrader.model.json_nodes import MAX_TEXT, Node, read_json

if TYPE_CHECKING:
    from collections.abc import Callable


def document(value: object) -> Node:
    return read_json(json.dumps({"a": value}).encode(), "Feed")["a"]


def test_paths_and_what_is_missing() -> None:
    root = read_json(b'{"content": {"rows": [{"x": 1}, {"x": null}]}}', "Feed")
    rows = root["content"]["rows"].items()
    assert rows[1]["x"].path == "content.rows[1].x"
    assert [row["x"].whole(9) for row in rows] == [1, None]
    assert root["nothing"]["at all"].is_missing
    assert root["nothing"]["at all"].items() == []
    assert rows[1].has("x")
    assert not rows[1].has("y")


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (Node.flag, True, True),
        (Node.text, "x", "x"),
        (Node.text, "", None),
        (Node.text, "x" * 999, "x" * MAX_TEXT),
        (Node.identifier, 12, "12"),
        (Node.identifier, "12", "12"),
        (lambda node: node.whole(5), 5, 5),
        (Node.moment, None, None),
        (Node.flag, None, None),
    ],
)
def test_values(read: Callable[[Node], Any], value: object, expected: object) -> None:
    assert read(document(value)) == expected


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (Node.flag, 1),
        (Node.text, 1),
        (Node.items, {}),
        (Node.items, "x"),
        (lambda node: node["b"], []),
        (lambda node: node.has("b"), "x"),
        (lambda node: list(node.parts()), [1]),
        (Node.identifier, True),
        (Node.identifier, 1.0),
        (Node.identifier, ""),
        (Node.identifier, -1),
        (Node.identifier, "a/b"),
        (Node.identifier, "٣"),
        (Node.identifier, 10**40),
        (lambda node: node.whole(5), 6),
        (lambda node: node.whole(5), -1),
        (lambda node: node.whole(5), True),
        (lambda node: node.whole(5), 1.0),
        (Node.moment, "2026-03-07 15:00"),
        (Node.moment, 5),
    ],
)
def test_another_form_is_refused(read: Callable[[Node], Any], value: object) -> None:
    with pytest.raises(LayoutUnknownError, match=r"Feed: a is .*, not (an?|true|a whole)") as caught:
        read(document(value))
    assert "ask again later" in caught.value.render()


def test_half_a_character_can_be_written_afterwards() -> None:
    node = read_json(rb'{"a\udc00": "b\ud800\u0007"}', "Feed")
    ((_, value),) = node.parts()
    text = value.text()
    assert text is not None
    assert text.startswith("b")
    assert text.isprintable()
    text.encode()
    value.path.encode()
