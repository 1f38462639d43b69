"""Grading: its rules by their folder, a match from a file, the feed, and what settles bets from it."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

from policytrader.addresses import is_loopback
from policytrader.errors import UsageError
from policytrader.files import TooLargeError, read_at_most
from policytrader.policy.values import duration
from policytrader.resources import resource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from policytrader.app.grading.settle import Settler
    from policytrader.model.fixture import Fixture
    from policytrader.policy.grading.grading_set import GradingSet
    from policytrader.ports.bet_store import BetStore
    from policytrader.ports.clock import Clock
    from policytrader.ports.stat_feed import FixtureLists, MatchFeed, StatFeed

FOTMOB_URL = "POLICYTRADER_FOTMOB_URL"
"""The variable with the address that answers in FotMob's place."""
_MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a feed that does not answer is asked again: for a loop that has all day, and where somebody waits."""

    pause_seconds: float
    attempts: int
    backoff_seconds: float
    longest_wait_seconds: float
    connect_seconds: float


ALL_DAY = Patience(pause_seconds=1.0, attempts=4, backoff_seconds=2.0, longest_wait_seconds=60.0, connect_seconds=5.0)
SOMEBODY_WAITS = Patience(
    pause_seconds=1.0, attempts=2, backoff_seconds=0.5, longest_wait_seconds=2.0, connect_seconds=3.0
)


def grading_folder(project: Path, named: str | None = None) -> Path:
    """The grading rules: those that are named, else the project's, else the shipped. Raises ``UsageError``."""
    if named is not None:
        folder = Path(named) if Path(named).exists() else project / named
        if not folder.exists():
            message = f"--policy {named}: no such folder of grading rules"
            raise UsageError(message)
        return folder
    return own_grading_folder(project) or resource("rules")


def own_grading_folder(project: Path) -> Path | None:
    """The project's own grading rules; None where it has none, and the shipped ones are read."""
    own = project / "rules"
    return own if (own / "football").is_dir() else None


def read_grading(folder: Path) -> GradingSet:
    """The grading policy of a folder. Raises ``PolicyError`` with every error of every file."""
    from policytrader.authoring.load import load_grading

    return load_grading(folder)


def read_match(path: Path, fetched_at: datetime) -> Fixture:
    """A match's answer from a file, FotMob's or SportMonks's.

    Raises ``LayoutUnknownError`` for an answer that is neither, ``UsageError`` for a file that cannot be read.
    """
    from policytrader.adapters.fotmob.match import parse_match
    from policytrader.adapters.sportmonks.fixture import parse_fixture
    from policytrader.errors import LayoutUnknownError

    try:
        raw = read_at_most(path, _MOST_BYTES)
    except TooLargeError:
        message = f"--fixture {path}: larger than any match's answer"
        raise UsageError(message) from None
    except OSError as error:
        message = f"--fixture {path}: {error.strerror or error}"
        raise UsageError(message) from None
    try:
        return parse_match(raw, fetched_at=fetched_at)
    except LayoutUnknownError as unknown:
        try:
            return parse_fixture(raw, fetched_at=fetched_at)
        except LayoutUnknownError:
            raise unknown from None


@contextmanager
def opened_feed(policy: GradingSet, clock: Clock, patience: Patience, kept: Path | None = None) -> Iterator[MatchFeed]:
    """FotMob, or what answers at ``POLICYTRADER_FOTMOB_URL``; answers are kept in the folder ``kept``."""
    from random import SystemRandom

    from policytrader.adapters.fotmob.feed import FOTMOB, FotMobFeed
    from policytrader.adapters.fotmob.kept import KeptAnswers
    from policytrader.adapters.polite_http import Manners, PoliteHttp

    address = os.environ.get(FOTMOB_URL) or FOTMOB
    if is_loopback(urlsplit(address).hostname or ""):
        patience = replace(patience, pause_seconds=0.0)  # a server of our own needs no pauses
    manners = Manners(**asdict(patience))
    window = duration(policy.grading.settings.regrade_window)
    with closing(PoliteHttp(address, "FotMob", clock, SystemRandom(), manners)) as answers:
        yield FotMobFeed(answers, clock, None if kept is None else KeptAnswers(kept), regrade_window=window)


@contextmanager
def opened_settler(
    store: BetStore, feed: StatFeed, lists: FixtureLists, policy: GradingSet, clock: Clock
) -> Iterator[Settler]:
    """What looks at fixtures and settles the bets on them; ``lists`` has those that bets name by their teams alone."""
    from policytrader.app.grading.find_fixtures import FixtureFinder
    from policytrader.app.grading.same_fixture import SameFixture
    from policytrader.app.grading.settle import Settler
    from policytrader.engine.fixture_match import FixtureMatcher
    from policytrader.engine.grading.evaluate import GradingEngine
    from policytrader.engine.player_names import NameMatcher

    names = NameMatcher(policy.names)
    moved = duration(policy.participation.default.void_window)
    matcher = FixtureMatcher(names, policy.names.accept)
    finder = FixtureFinder(store, lists, matcher, clock, policy.grading.schedule)
    with GradingEngine(policy, names) as engine:
        yield Settler(store, feed, engine, clock, SameFixture(names, moved), finder, grader=uuid4().hex)
