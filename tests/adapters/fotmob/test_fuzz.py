"""Answers broken at random: a fixture or ``LayoutUnknownError``, and nothing else, whatever comes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policytrader.adapters.fotmob.match import parse_match
from policytrader.errors import LayoutUnknownError
from policytrader.model.fixture import Fixture, FixtureStatus, Quality, Stat
from tests.adapters.fotmob.recordings import recorded
from tests.fotmob_fixtures import DERIVED, LAYOUTS, Document, as_bytes, mini

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.sampled_from(["-", "4/2 (200%)", "1/3 (33%)", "\ud800", "Pen", "FT", "x" * 5000, "2026-03-07T15:00:00Z"]),
    st.lists(st.integers(0, 3), max_size=3),
    st.dictionaries(st.sampled_from(["id", "stats", "key", "value", "Periods"]), st.integers(0, 9), max_size=3),
    st.recursive(st.none(), lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner)),
)
# What the parser looks at; the rest of a recorded answer is of no interest to it.
READ = ("general", "header", "ongoing", "hasPendingVAR", "content")
READ_IN_CONTENT = ("matchFacts", "stats", "playerStats", "shotmap", "lineup")
FOUR_MINIS = {layout: mini(layout) for layout in LAYOUTS}
BROKEN_BYTES = (
    b"\xff",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"9" * 5000,
    b'"\\ud800"',
    b"[" * 2000,
    b'{"id":1,"id":2}',
    b"\0",
)


def read(raw: bytes) -> Fixture | None:
    try:
        fixture = parse_match(raw, fetched_at=None)
    except LayoutUnknownError:
        return None
    _check(fixture)
    return fixture


def _check(fixture: Fixture) -> None:
    """What holds for every fixture, whatever it was read from."""
    for player in fixture.players.values():
        assert set(player.stats) == set(Stat)
        player.name.encode()
        for value in player.stats.values():
            value.source_path.encode()
            assert (value.value is None) == (value.quality in {Quality.UNAVAILABLE, Quality.SUSPECT})
            if fixture.status is not FixtureStatus.FINISHED:
                assert value.quality is not Quality.ZERO_INFERRED
    for stats in fixture.team_stats.values():
        assert all(value.value is None or value.value >= 0 for sides in stats.values() for value in sides.values())
    for team in fixture.teams.values():
        team.name.encode()


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every part of a document, with what holds it."""
    parts = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in list(parts):
        yield node, key
        yield from _places(child)


def broken(document: Document, data: st.DataObject) -> Document:
    broken: Document = json.loads(json.dumps(document))
    for _ in range(data.draw(st.integers(1, 3))):
        places = list(_places(broken))
        holder, key = places[data.draw(st.integers(0, len(places) - 1))]
        match data.draw(st.sampled_from(["delete", "replace", "copy"])):
            case "delete" if isinstance(holder, dict):
                del holder[key]
            case "copy" if isinstance(holder, list):
                holder.append(holder[key])
            case _:
                holder[key] = data.draw(JUNK)
    return broken


@settings(max_examples=300)
@given(data=st.data(), layout=st.sampled_from(LAYOUTS), derivation=st.sampled_from([None, *DERIVED]))
def test_a_broken_match_is_a_fixture_or_refused(data: st.DataObject, layout: str, derivation: str | None) -> None:
    document = FOUR_MINIS[layout] if derivation is None else DERIVED[derivation](FOUR_MINIS[layout])
    # Half characters cannot be written as UTF-8: they travel escaped, as they would.
    read(json.dumps(broken(document, data)).encode())


@settings(max_examples=200)
@given(data=st.data(), layout=st.sampled_from(LAYOUTS))
def test_broken_bytes_are_a_fixture_or_refused(data: st.DataObject, layout: str) -> None:
    raw = as_bytes(FOUR_MINIS[layout])
    start = data.draw(st.integers(0, len(raw)))
    junk = data.draw(st.one_of(st.binary(max_size=8), st.sampled_from(BROKEN_BYTES)))
    read(raw[:start] + junk + raw[data.draw(st.integers(start, len(raw))) :])


@given(
    raw=st.one_of(st.binary(max_size=200), st.recursive(st.none(), st.lists).map(lambda one: json.dumps(one).encode()))
)
def test_anything_is_refused(raw: bytes) -> None:
    assert read(raw) is None


@pytest.fixture(scope="module", params=LAYOUTS)
def shortened(request: pytest.FixtureRequest, shared_data: Path) -> Document:
    """A recorded answer without what nobody reads."""
    document = json.loads(recorded(shared_data, str(request.param)))
    kept = {name: document[name] for name in READ if name in document}
    kept["content"] = {name: kept["content"][name] for name in READ_IN_CONTENT if name in kept["content"]}
    return kept


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_a_broken_recording_is_a_fixture_or_refused(data: st.DataObject, shortened: Document) -> None:
    read(json.dumps(broken(shortened, data)).encode())


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_a_recording_cut_off_is_refused(data: st.DataObject, shortened: Document) -> None:
    raw = json.dumps(shortened).encode()
    assert read(raw[: data.draw(st.integers(0, len(raw) - 1))]) is None
