"""FotMob's feed over real sockets, and what it keeps on disk."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.fotmob.feed import DETAILS, FotMobFeed
from policytrader.adapters.fotmob.kept import KeptAnswers
from policytrader.errors import FeedError, LayoutUnknownError
from policytrader.model.fixture import FixtureStatus
from policytrader.model.times import parse_utc
from tests.adapters.polite_site import Answer, Clock, Site
from tests.fotmob_fixtures import MATCH_ID, as_bytes, derived_corrected, derived_live, mini
from tests.fotmob_match import KICKOFF

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WINDOW = timedelta(hours=72)
FINISHED = as_bytes(mini("L3"))
CORRECTED = as_bytes(derived_corrected(mini("L3"), {"content.stats.Periods.All.stats[0].stats[1].stats[0]": 6}))
PATH = f"/{DETAILS}{MATCH_ID}"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(otherwise=Answer(FINISHED)) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    """The evening of the made-up match."""
    return Clock()


@pytest.fixture
def kept(tmp_path: Path) -> KeptAnswers:
    return KeptAnswers(tmp_path / "answers")


@pytest.fixture
def feed(site: Site, clock: Clock, kept: KeptAnswers) -> FotMobFeed:
    return FotMobFeed(site.client(clock), clock, kept, regrade_window=WINDOW)


def test_a_match_is_asked_for_by_its_id(feed: FotMobFeed, site: Site, clock: Clock) -> None:
    answer = feed.fixture(MATCH_ID)
    assert [path for path, _ in site.asked] == [PATH]
    assert (answer.fixture.fixture_id, answer.is_cached) == (MATCH_ID, False)
    assert answer.fixture.source.fetched_at is not None
    assert answer.fixture.source.fetched_at <= clock.now()


def test_the_raw_answer_is_kept_under_its_hash(feed: FotMobFeed, kept: KeptAnswers, site: Site) -> None:
    site.otherwise = Answer(as_bytes(derived_live(mini("L3"), 30)))
    fixture = feed.fixture(MATCH_ID).fixture
    assert kept.raw(fixture.source.hash) == site.otherwise.body
    assert kept.noted(MATCH_ID) is None


def test_a_finished_match_is_asked_for_again_until_numbers_stand(feed: FotMobFeed, site: Site, clock: Clock) -> None:
    feed.fixture(MATCH_ID)
    clock.moment += timedelta(hours=24)
    site.otherwise = Answer(CORRECTED)
    assert not feed.fixture(MATCH_ID).is_cached
    clock.moment += timedelta(hours=60)
    last = feed.fixture(MATCH_ID)
    assert not last.is_cached
    assert len(site.asked) == 3
    clock.moment += timedelta(days=100)
    again = feed.fixture(MATCH_ID)
    assert again.is_cached
    assert again.fixture == last.fixture
    assert len(site.asked) == 3


def test_what_is_final_is_asked_for_where_something_newer_is_wanted(feed: FotMobFeed, site: Site, clock: Clock) -> None:
    clock.moment += timedelta(days=10)
    before = feed.fixture(MATCH_ID).fixture
    fetched_at = clock.moment
    clock.moment += timedelta(hours=1)
    assert feed.fixture(MATCH_ID, newer_than=fetched_at - timedelta(seconds=1)).is_cached
    site.otherwise = Answer(CORRECTED)
    again = feed.fixture(MATCH_ID, newer_than=fetched_at)
    assert not again.is_cached
    assert len(site.asked) == 2
    assert again.fixture.source.hash != before.source.hash
    # The correction is what is remembered from now on.
    later = feed.fixture(MATCH_ID)
    assert (later.is_cached, later.fixture) == (True, again.fixture)


def test_a_site_that_marks_its_answers_is_asked_whether_anything_changed(
    feed: FotMobFeed, site: Site, clock: Clock
) -> None:
    site.otherwise = Answer(FINISHED, headers={"ETag": 'W/"state-1"'})
    first = feed.fixture(MATCH_ID)
    clock.moment += timedelta(minutes=31)
    site.otherwise = Answer(b"", 304)
    same = feed.fixture(MATCH_ID, newer_than=clock.moment)
    assert not same.is_cached
    assert same.fixture.source.hash == first.fixture.source.hash
    assert same.fixture.source.fetched_at == clock.now()
    site.otherwise = Answer(CORRECTED, headers={"ETag": '"state-2"'})
    clock.moment += timedelta(minutes=31)
    assert feed.fixture(MATCH_ID).fixture.source.hash != first.fixture.source.hash
    feed.fixture(MATCH_ID)
    assert [headers.get("If-None-Match") for _, headers in site.asked] == [
        None, 'W/"state-1"', 'W/"state-1"', '"state-2"'
    ]  # fmt: skip


def test_what_did_not_change_by_the_last_day_is_final(feed: FotMobFeed, site: Site, clock: Clock) -> None:
    site.otherwise = Answer(FINISHED, headers={"ETag": '"state-1"'})
    feed.fixture(MATCH_ID)
    clock.moment += WINDOW + timedelta(hours=3)
    site.otherwise = Answer(b"", 304)
    assert not feed.fixture(MATCH_ID).is_cached
    assert feed.fixture(MATCH_ID).is_cached


@pytest.mark.parametrize("damage", ["raw", "etag"])
def test_nobody_asks_about_changes_of_what_is_lost(feed: FotMobFeed, site: Site, tmp_path: Path, damage: str) -> None:
    site.otherwise = Answer(FINISHED, headers={"ETag": '"state-1"'})
    feed.fixture(MATCH_ID)
    (raw,) = tmp_path.rglob("*.gz")
    (note,) = tmp_path.rglob(f"{MATCH_ID}.json")
    if damage == "raw":
        raw.unlink()
    else:
        note.write_text(json.dumps(json.loads(note.read_text()) | {"etag": 'a"\r\nX: y'}))
    assert feed.fixture(MATCH_ID).fixture.status is FixtureStatus.FINISHED
    assert "If-None-Match" not in site.asked[1][1]


@pytest.mark.parametrize(("minutes", "is_final"), [(-1, False), (1, True)])
def test_the_window_begins_three_hours_after_the_kick_off(
    feed: FotMobFeed, clock: Clock, minutes: int, *, is_final: bool
) -> None:
    clock.moment = parse_utc(KICKOFF) + timedelta(hours=3, minutes=minutes) + WINDOW
    feed.fixture(MATCH_ID)
    assert feed.fixture(MATCH_ID).is_cached == is_final


def test_without_a_kick_off_the_window_begins_when_the_end_was_first_seen(
    feed: FotMobFeed, site: Site, clock: Clock
) -> None:
    site.otherwise = Answer(as_bytes(mini("L1")))
    feed.fixture(MATCH_ID)
    clock.moment += WINDOW - timedelta(hours=1)
    assert not feed.fixture(MATCH_ID).is_cached
    clock.moment += timedelta(hours=2)
    assert not feed.fixture(MATCH_ID).is_cached
    assert feed.fixture(MATCH_ID).is_cached


def test_a_running_match_is_never_from_disk(feed: FotMobFeed, site: Site, clock: Clock) -> None:
    site.otherwise = Answer(as_bytes(derived_live(mini("L3"), 30)))
    for _ in range(2):
        clock.moment += timedelta(days=100)
        assert not feed.fixture(MATCH_ID).is_cached
    assert len(site.asked) == 2


@pytest.mark.parametrize(
    "damage", ["raw cut", "raw other", "raw not packed", "raw gone", "note cut", "note other", "note list"]
)
def test_a_damaged_file_is_as_if_it_were_not_there(
    feed: FotMobFeed, site: Site, clock: Clock, tmp_path: Path, damage: str
) -> None:
    clock.moment += timedelta(days=10)
    feed.fixture(MATCH_ID)
    assert feed.fixture(MATCH_ID).is_cached
    (raw,) = tmp_path.rglob("*.gz")
    (note,) = tmp_path.rglob(f"{MATCH_ID}.json")
    match damage:
        case "raw cut":
            raw.write_bytes(raw.read_bytes()[:-20])
        case "raw other":
            raw.write_bytes(gzip.compress(b"{}"))
        case "raw not packed":
            raw.write_bytes(FINISHED)
        case "raw gone":
            raw.unlink()
        case "note cut":
            note.write_bytes(note.read_bytes()[:-5])
        case "note other":
            note.write_text(json.dumps({"hash": "../../etc/passwd", "fetched_at": 5, "first_at": None}))
        case _:
            note.write_text("[]")
    again = feed.fixture(MATCH_ID)
    assert not again.is_cached
    assert feed.fixture(MATCH_ID).is_cached
    assert len(site.asked) == 2


def test_nothing_half_written_is_left(feed: FotMobFeed, tmp_path: Path) -> None:
    feed.fixture(MATCH_ID)
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_folder_that_cannot_be_written_is_told(site: Site, clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "answers").write_text("a file in the way")
    feed = FotMobFeed(site.client(clock), clock, KeptAnswers(tmp_path / "answers"), regrade_window=WINDOW)
    with pytest.raises(FeedError, match="cannot be kept"):
        feed.fixture(MATCH_ID)


def test_without_a_folder_everything_is_asked_for(site: Site, clock: Clock) -> None:
    feed = FotMobFeed(site.client(clock), clock, None, regrade_window=WINDOW)
    clock.moment += timedelta(days=10)
    assert not feed.fixture(MATCH_ID).is_cached
    assert not feed.fixture(MATCH_ID).is_cached


def test_another_match_is_refused_and_not_kept(feed: FotMobFeed, tmp_path: Path) -> None:
    with pytest.raises(LayoutUnknownError, match=f"about match {MATCH_ID}"):
        feed.fixture("7000002")
    assert not list(tmp_path.rglob("*.gz"))


@pytest.mark.parametrize("body", [b"<html>just a moment</html>", b"", FINISHED[:500], b"[]", b'{"match": {}}'])
def test_an_answer_that_is_no_match_is_refused(feed: FotMobFeed, site: Site, tmp_path: Path, body: bytes) -> None:
    site.otherwise = Answer(body)
    with pytest.raises(LayoutUnknownError):
        feed.fixture(MATCH_ID)
    assert not list(tmp_path.rglob("*.gz"))
    site.otherwise = Answer(FINISHED)
    assert feed.fixture(MATCH_ID).fixture.status is FixtureStatus.FINISHED


def test_a_failure_is_a_feed_error_and_no_unknown_layout(feed: FotMobFeed, site: Site) -> None:
    site.otherwise = Answer(b"<html>", 403)
    with pytest.raises(FeedError) as caught:
        feed.fixture(MATCH_ID)
    assert not isinstance(caught.value, LayoutUnknownError)


@pytest.mark.parametrize("fixture_id", ["", "x", "1/../2", "1&a=b", "-1", "٣", "1" * 30, "12\n"])
def test_an_id_that_is_none_is_never_sent(feed: FotMobFeed, site: Site, fixture_id: str) -> None:
    with pytest.raises(FeedError, match="no match id"):
        feed.fixture(fixture_id)
    assert site.asked == []
