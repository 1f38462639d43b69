"""SportMonks' feed: with a token or not at all, and the token is told to nobody."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from policytrader.adapters.sportmonks.feed import SportMonksFeed
from policytrader.errors import FeedError, LayoutUnknownError
from tests.adapters.polite_site import SECRET, Answer, Clock, Site
from tests.adapters.sportmonks.test_fixture import match

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(otherwise=Answer(json.dumps(match()).encode())) as running:
        yield running


def feed(site: Site, token: str | None) -> SportMonksFeed:
    clock = Clock()
    return SportMonksFeed(site.client(clock), clock, SecretStr(token) if token else None)


def test_the_token_travels_in_a_header(site: Site) -> None:
    answer = feed(site, SECRET).fixture("555")
    ((path, headers),) = site.asked
    assert answer.fixture.fixture_id == "555"
    assert path.startswith("/fixtures/555?include=participants;")
    assert SECRET not in path
    assert headers["Authorization"] == SECRET


def test_without_a_token_nothing_is_sent(site: Site) -> None:
    with pytest.raises(FeedError, match="needs a token"):
        feed(site, None).fixture("555")
    assert site.asked == []


def test_a_refusal_does_not_tell_the_token(site: Site) -> None:
    site.otherwise = Answer(SECRET.encode(), 401)
    with pytest.raises(FeedError) as caught:
        feed(site, SECRET).fixture("555")
    assert SECRET not in caught.value.render()


def test_another_fixture_and_another_id_are_refused(site: Site) -> None:
    with pytest.raises(LayoutUnknownError, match="about fixture 555"):
        feed(site, SECRET).fixture("556")
    with pytest.raises(FeedError, match="no fixture id"):
        feed(site, SECRET).fixture("5;6")
