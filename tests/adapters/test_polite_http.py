"""Asking a site over real sockets: seldom, bounded, patient, and nowhere else than told."""

from __future__ import annotations

import gzip
import random
import time
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.polite_http import Manners, PoliteHttp
from policytrader.errors import ConfigError, FeedError
from policytrader.ports.stat_feed import Tagged
from tests.adapters.polite_site import FAST, SECRET, Answer, Clock, Site

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


def test_an_answer_is_its_body_and_the_address_may_have_a_path(site: Site) -> None:
    site.script.append(Answer(gzip.compress(b'{"a": 1}'), headers={"Content-Encoding": "gzip"}))
    assert site.client(prefix="/base/").get("x?id=1") == b'{"a": 1}'
    assert site.asked[0][0] == "/base/x?id=1"


def test_an_answer_comes_with_its_mark_and_none_where_nothing_changed(site: Site) -> None:
    site.script.extend([Answer(b"1", headers={"ETag": 'W/"a b"'}), Answer(b"2", headers={"ETag": '"ab"'})])
    site.script.extend([Answer(b"", 304), Answer(b"3")])
    http = site.client()
    assert http.get_changed("x", None) == Tagged(b"1"), "that is no mark"
    assert http.get_changed("x", None) == Tagged(b"2", '"ab"')
    assert http.get_changed("x", '"ab"') is None
    assert http.get_changed("x", '"ab"') == Tagged(b"3")
    assert [headers.get("If-None-Match") for _, headers in site.asked] == [None, None, '"ab"', '"ab"']


def test_nothing_changed_is_no_answer_to_who_did_not_ask(site: Site) -> None:
    site.otherwise = Answer(b"", 304)
    http = site.client()
    for ask in (lambda: http.get("x"), lambda: http.get_changed("x", None)):
        with pytest.raises(FeedError, match="HTTP 304"):
            ask()


def test_requests_are_a_pause_apart(site: Site) -> None:
    clock = Clock()
    http = site.client(clock)
    for _ in range(3):
        http.get("x")
    assert clock.waits == [1.0, 1.0]
    clock.moment += timedelta(seconds=5)
    http.get("x")
    assert clock.waits == [1.0, 1.0]


@pytest.mark.parametrize(
    "failure", [Answer(status=500), Answer(status=502), Answer(b"x" * 50, cut=10), Answer(silent=True)]
)
def test_a_failure_that_may_pass_is_tried_again_after_longer_and_longer_waits(site: Site, failure: Answer) -> None:
    site.script.extend([failure, failure, Answer(b"[1]")])
    clock = Clock()
    assert site.client(clock, replace(FAST, silence_seconds=1)).get("x") == b"[1]"
    first, second = clock.waits
    assert 1.0 <= first <= 2.0
    assert 2.0 <= second <= 4.0


def test_the_jitter_is_the_seeds_own(site: Site) -> None:
    waits = []
    for seed in (1, 1, 2):
        site.script.extend([Answer(status=500), Answer(status=500)])
        clock = Clock()
        site.client(clock, seed=seed).get("x")
        waits.append(clock.waits)
    assert waits[0] == waits[1] != waits[2]


def test_after_the_last_attempt_it_gives_up(site: Site) -> None:
    site.otherwise = Answer(status=503)
    with pytest.raises(FeedError, match="HTTP 503") as caught:
        site.client().get("x", {"Authorization": SECRET})
    assert len(site.asked) == FAST.attempts
    assert SECRET not in caught.value.render()
    assert str(site.port) not in caught.value.render()


@pytest.mark.parametrize(
    ("status", "why"), [(403, "refuses"), (404, "nothing under"), (401, "let us in"), (400, "HTTP 400")]
)
def test_a_refusal_is_not_tried_again(site: Site, status: int, why: str) -> None:
    site.otherwise = Answer(b"<html>", status)
    with pytest.raises(FeedError, match=why):
        site.client().get("x")
    assert len(site.asked) == 1


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_wait_that_is_asked_for_is_kept(site: Site, form: str) -> None:
    clock = Clock()
    word = "30" if form == "seconds" else format_datetime(clock.now() + timedelta(seconds=30), usegmt=True)
    site.script.append(Answer(status=429, headers={"Retry-After": word}))
    site.client(clock).get("x")
    assert clock.waits == [30.0]


@pytest.mark.parametrize("word", ["", "soon", "-5", "99999999999", "Wed, 99 Foo 2026 00:00:00 GMT"])
def test_a_wait_that_nobody_can_read_is_our_own(site: Site, word: str) -> None:
    clock = Clock()
    site.script.append(Answer(status=429, headers={"Retry-After": word}))
    site.client(clock).get("x")
    assert 1.0 <= clock.waits[0] <= 2.0


def test_a_long_wait_is_told_and_until_then_nothing_is_sent(site: Site) -> None:
    clock = Clock()
    http = site.client(clock)
    site.script.append(Answer(status=429, headers={"Retry-After": "600"}))
    with pytest.raises(FeedError) as caught:
        http.get("x")
    assert caught.value.retry_after_seconds == 600
    clock.moment += timedelta(seconds=300)
    with pytest.raises(FeedError, match="300 s more") as caught:
        http.get("x")
    assert caught.value.retry_after_seconds == 300
    assert (len(site.asked), clock.waits) == (1, [])
    clock.moment += timedelta(seconds=300)
    assert http.get("x") == b"{}"


def test_an_answer_that_never_ends_is_left(site: Site) -> None:
    site.otherwise = Answer(b"x" * 200, drip_seconds=0.05)
    http = site.client(manners=Manners(answer_seconds=0.2, silence_seconds=5, attempts=1))
    started = time.monotonic()
    with pytest.raises(FeedError, match="too long"):
        http.get("x")
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("is_packed", [True, False])
def test_an_answer_that_is_too_large_is_left(site: Site, *, is_packed: bool) -> None:
    body = b" " * 1_000_000
    headers = {"Content-Encoding": "gzip"} if is_packed else {}
    site.otherwise = Answer(gzip.compress(body) if is_packed else body, headers=headers)
    with pytest.raises(FeedError, match="more than 100000 bytes"):
        site.client().get("x")


def test_a_broken_encoding_is_a_failed_connection(site: Site) -> None:
    site.otherwise = Answer(b"not packed", headers={"Content-Encoding": "gzip"})
    with pytest.raises(FeedError, match="DecodingError"):
        site.client().get("x")


def test_redirects_are_followed_at_home_only(site: Site) -> None:
    site.script.append(Answer(status=302, headers={"Location": "/elsewhere?id=2"}))
    assert site.client().get("x") == b"{}"
    assert [path for path, _ in site.asked] == ["/x", "/elsewhere?id=2"]
    with Site() as stranger:
        site.script.append(Answer(status=302, headers={"Location": f"{stranger.url}/x"}))
        with pytest.raises(FeedError, match="another host"):
            site.client().get("x", {"Authorization": SECRET})
        assert stranger.asked == []
    site.otherwise = Answer(status=302, headers={"Location": "/x"})
    with pytest.raises(FeedError, match="circle"):
        site.client().get("x")


def test_nobody_there_is_a_feed_error() -> None:
    with Site() as gone:
        url = gone.url
    with (
        closing(PoliteHttp(url, "the site", Clock(), random.Random(1), FAST)) as http,  # noqa: S311 - jitter
        pytest.raises(FeedError, match="ConnectError"),
    ):
        http.get("x")


def test_the_environment_has_no_say(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert site.client().get("x") == b"{}"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "www.example.org",
        "http://www.example.org",
        "ftp://127.0.0.1",
        f"https://user:{SECRET}@www.example.org",
        "https://www.example.org/?key=1",
        "https://www.example.org/#a",
        "https://[::1",
        "https://www.example.org:99999",
    ],
)
def test_an_address_that_cannot_be_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="the address of the site") as caught:
        PoliteHttp(address, "the site", Clock(), random.Random(1))  # noqa: S311 - jitter
    assert SECRET not in caught.value.render()
