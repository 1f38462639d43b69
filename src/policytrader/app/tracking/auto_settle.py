"""Settling one user's bets on request: the grading loop's own look, for one owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from policytrader.app.tracking.documents import settled_document

if TYPE_CHECKING:
    from policytrader.app.grading.find_fixtures import Finding
    from policytrader.app.grading.settle import FixtureLook
    from policytrader.model.fixture import Fixture
    from policytrader.model.tracked import TrackedBet
    from policytrader.ports.bet_store import Owner, PendingFixture

_MOST_FAILURES = 3
"""After so many fixtures in a row without an answer the feed is out of reach: whoever waits is told so."""


class Settler(Protocol):
    """``policytrader.app.grading.settle.Settler``, as far as it is needed here."""

    def due(self, owner: Owner | None = None) -> tuple[list[PendingFixture], list[PendingFixture]]:
        """Fixtures to ask for now, and those that the loop has given up."""
        ...

    def find_fixtures(self, owner: Owner | None = None, *, is_asked: bool = False) -> Finding:
        """Look for the matches of bets that name none."""
        ...

    def find_fixture(self, bet: TrackedBet) -> Finding:
        """Look for one bet's match, now."""
        ...

    def fixture_of(self, bet: TrackedBet) -> Fixture | None:
        """The match that a bet is on. Raises ``FeedError``."""
        ...

    def look_at(self, fixture_id: str, owner: Owner | None = None) -> FixtureLook:
        """Fetch one fixture, grade its bets, store what is new."""
        ...


@dataclass(frozen=True, slots=True)
class AutoSettled:
    """What a look came to. ``pending_count``: bets that were looked at and stay pending."""

    bets: tuple[TrackedBet, ...] = ()
    pending_count: int = 0
    failures: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The public answer."""
        return {
            "settled_count": len(self.bets),
            "settled_bets": [settled_document(bet) for bet in self.bets],
            "message": self.message,
        }

    @property
    def message(self) -> str:
        """In words: what was settled, what waits, what could not be read."""
        parts = [f"Settled {_counted(len(self.bets), 'bet')}", f"{self.pending_count} still pending"]
        if self.failures:
            parts.append(f"{_counted(len(self.failures), 'fixture')} could not be read ({self.failures[0]})")
        return "; ".join(parts)


def auto_settle(settler: Settler, owner: Owner) -> AutoSettled:
    """One look at every fixture with pending bets of the owner's, also those that the loop has given up.

    A fixture that cannot be read stops no other, unless the feed asks to be left alone or answers nothing at all.
    """
    finding = settler.find_fixtures(owner, is_asked=True)
    bets: list[TrackedBet] = []
    failures = [f"matches of {day}: {why}" for day, why in sorted(finding.failures.items())]
    pending, failed_in_a_row = finding.pending.total(), 0
    if finding.retry_after_seconds is not None:
        return AutoSettled((), pending, tuple(failures))
    due, given_up = settler.due(owner)
    for fixture in (*due, *given_up):
        look = settler.look_at(fixture.fixture_id, owner)
        bets += [one.bet for one in look.settled]
        pending += sum(number for _, number in look.pending)
        failed_in_a_row = failed_in_a_row + 1 if look.failure else 0
        if look.failure:
            failures.append(look.failure)
        if look.retry_after_seconds is not None or failed_in_a_row == _MOST_FAILURES:
            break
    return AutoSettled(tuple(bets), pending, tuple(failures))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
