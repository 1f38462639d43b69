"""Every kind of wrong value at every place of every kind of policy is told in a trader's words."""

from __future__ import annotations

import copy
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.authoring.load import load_document
from policytrader.authoring.yaml import YamlDocument, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policytrader.errors import Diagnostic

RULES = Path(__file__).parents[2] / "rules" / "racing"
SHIPPED = sorted(RULES.glob("*.yaml"))

MISSING, MISSPELT = object(), object()
WRONG: tuple[Any, ...] = (
    *(MISSING, MISSPELT, True, 0, -1, 10**17, Decimal("1.005"), "", "x", "8h", "0s", "10:00", "Two Words", "y" * 700),
    *([], {}, [1], [[]], [{}], {"a": 1}, [""], {"all": []}, {"not": {}}, {"field": "runner.best_back"}, ["y"] * 60),
    *({"field": "fact.x", "op": "gt", "value": {}}, {"invalidated_by": ["x"]}, {"any": [{"op": "lt"}], "all": 1}),
)
INSIDES = re.compile(
    r"(?i)pydantic|input should|discriminator|\btuple|\bdict\b|(?-i:\bNone\b)|Decimal\(|"
    r"<(All|AnyOf|Not|Leaf|InvalidatedBy)>|\[key\]|does not have the form that is expected"
)


def as_yaml(value: Any) -> str:
    """Flow style; YAML reads JSON, and JSON has no ``Decimal``."""
    match value:
        case dict():
            return "{" + ", ".join(f"{json.dumps(key)}: {as_yaml(part)}" for key, part in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(as_yaml, value)) + "]"
        case Decimal():
            return format(value, "f")
        case _:
            return json.dumps(value, ensure_ascii=False)


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places(part, (*path, key))


def kinds_of_places(value: Any) -> list[tuple[str | int, ...]]:
    """One path for each way to get somewhere, whatever the positions in lists."""
    first: dict[tuple[str, ...], tuple[str | int, ...]] = {}
    for path in places(value):
        first.setdefault(tuple("*" if isinstance(part, int) else part for part in path), path)
    return list(first.values())


def damage(value: Any, path: tuple[str | int, ...], wrong: Any) -> Any:
    damaged = copy.deepcopy(value)
    holder = damaged
    for part in path[:-1]:
        holder = holder[part]
    if wrong is MISSING:
        del holder[path[-1]]
    elif wrong is MISSPELT and isinstance(holder, dict):
        holder[f"{path[-1]}x"] = holder.pop(path[-1])
    elif wrong is not MISSPELT:
        holder[path[-1]] = wrong
    return damaged


def findings(document: YamlDocument) -> list[Diagnostic]:
    return load_document(document)[1]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_wrong_values_are_told_in_plain_words(path: Path) -> None:
    whole = read_yaml(path.read_bytes(), path.name).value
    assert findings(read_yaml(as_yaml(whole).encode(), path.name)) == []
    count = 0
    for place in kinds_of_places(whole):
        for wrong in WRONG:
            document = read_yaml(as_yaml(damage(whole, place, wrong)).encode(), path.name)
            for found in findings(document):
                count += 1
                told = f"{place} = {wrong!r}:\n{found.render()}"
                assert not INSIDES.search(f"{found.message} {found.help}"), told
                assert re.fullmatch(r"E[12]\d\d", found.code), told
                assert found.place.line == 1, told
                assert found.help, told
                assert not found.message.endswith("."), told
                assert "``" not in f"{found.message} {found.help}", told
                assert found.help not in {"Allowed here: .", "Required here: ."}, told
    assert count > 100
