"""Settling one user's bets on request: the grading loop's own look, for one owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from policytrader.app.tracking.documents import settled_document

if TYPE_CHECKING:
    from policytrader.app.grading.find_fixtures import Finding
    from policytrader.app.grading.settle import FixtureLook, SettledBet
    from policytrader.model.fixture import Fixture
    from policytrader.model.tracked import TrackedBet
    from policytrader.ports.bet_store import Owner, PendingFixture, SettledFixture

_MOST_FAILURES = 3
"""After so many fixtures in a row without an answer the feed is out of reach: whoever waits is told so."""
_MOST_AGAIN = 20
"""Fixtures with results alone that somebody waits for; the rest is for the next time, or the loop."""


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

    def due_again(self, owner: Owner | None = None, *, limit: int = ...) -> tuple[SettledFixture, ...]:
        """Fixtures with results that a corrected number may change."""
        ...

    def look_at(self, fixture_id: str, owner: Owner | None = None, *, is_again: bool = False) -> FixtureLook:
        """Fetch one fixture, grade its bets, store what is new."""
        ...


@dataclass(frozen=True, slots=True)
class AutoSettled:
    """What a look came to. ``pending_count``: bets that were looked at and stay pending.

    ``again_count``: bets that had a result already; those among ``bets`` that got another one are ``corrected_count``.
    """

    bets: tuple[TrackedBet, ...] = ()
    pending_count: int = 0
    failures: tuple[str, ...] = ()
    again_count: int = 0
    corrected_count: int = 0

    def document(self) -> dict[str, Any]:
        """The public answer."""
        return {
            "settled_count": len(self.bets),
            "settled_bets": [settled_document(bet) for bet in self.bets],
            "message": self.message,
        }

    @property
    def message(self) -> str:
        """In words: what was settled, what waits, what was corrected, what could not be read."""
        parts = [f"Settled {_counted(len(self.bets), 'bet')}", f"{self.pending_count} still pending"]
        if self.again_count:
            again = f"{_counted(self.again_count, 'result')} looked at again"
            parts.append(f"{again}, {self.corrected_count} changed by corrected statistics")
        if self.failures:
            parts.append(f"{_counted(len(self.failures), 'fixture')} could not be read ({self.failures[0]})")
        return "; ".join(parts)


def auto_settle(settler: Settler, owner: Owner) -> AutoSettled:
    """One look at every fixture with pending bets of the owner's, also those that the loop has given up.

    Then at those whose results may be corrected. A fixture that cannot be read stops no other, unless the feed asks to
    be left alone or answers nothing at all.
    """
    finding = settler.find_fixtures(owner, is_asked=True)
    bets: list[SettledBet] = []
    failures = [f"matches of {day}: {why}" for day, why in sorted(finding.failures.items())]
    pending, again_count, failed_in_a_row = finding.pending.total(), 0, 0
    if finding.retry_after_seconds is not None:
        return AutoSettled((), pending, tuple(failures))
    due, given_up = settler.due(owner)
    again = dict.fromkeys(one.fixture_id for one in settler.due_again(owner, limit=_MOST_AGAIN))
    for fixture_id in dict.fromkeys([*(one.fixture_id for one in (*due, *given_up)), *again]):
        look = settler.look_at(fixture_id, owner, is_again=fixture_id in again)
        bets += look.settled
        pending += sum(number for _, number in look.pending)
        again_count += look.again
        failed_in_a_row = failed_in_a_row + 1 if look.failure else 0
        if look.failure:
            failures.append(look.failure)
        if look.retry_after_seconds is not None or failed_in_a_row == _MOST_FAILURES:
            break
    corrected = sum(one.is_corrected for one in bets)
    return AutoSettled(tuple(one.bet for one in bets), pending, tuple(failures), again_count, corrected)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
