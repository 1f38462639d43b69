"""What became of bets that named no match: on the screen, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from policytrader.engine.fixture_match import NoFixture
from policytrader.errors import printable

if TYPE_CHECKING:
    from policytrader.app.grading.find_fixtures import Finding, UnmatchedBet
    from policytrader.engine.fixture_match import Candidate

_WORDS = {
    NoFixture.AMBIGUOUS: "more than one match fits",
    NoFixture.NOT_FOUND: "no match of these two teams on its day",
    NoFixture.NO_TEAMS: "its match does not name two teams, as in Home vs Away",
    NoFixture.NO_DAY: "it says no day",
}


def print_finding(finding: Finding) -> None:
    """A line for each bet that has a match now, a warning for each that has none."""
    for one in finding.found:
        bet, fixture = one.bet, one.fixture
        click.echo(printable(f"{bet.bet_id}  {bet.match}  is fixture {fixture.fixture_id}, {fixture.name}"))
    for unmatched in finding.unmatched:
        click.echo(printable(f"warning: bet {unmatched.bet.bet_id}: {_why(unmatched)}"), err=True)
    for day, why in sorted(finding.failures.items()):
        click.echo(printable(f"warning: matches of {day}: {why}"), err=True)


def finding_document(finding: Finding) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "fixtures_found": [
            {"bet_id": one.bet.bet_id, "fixture_id": one.fixture.fixture_id, "match": one.fixture.name}
            for one in finding.found
        ],
        "unmatched": [
            {
                "bet_id": one.bet.bet_id,
                "reason": one.why.value,
                "candidates": [_candidate(candidate) for candidate in one.candidates],
                "is_given_up": one.is_given_up,
            }
            for one in finding.unmatched
        ],
        "list_failures": {str(day): why for day, why in sorted(finding.failures.items())},
    }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "fixture_id": candidate.fixture_id,
        "match": candidate.name,
        "score": candidate.score,
        "is_swapped": candidate.is_swapped,
    }


def _why(unmatched: UnmatchedBet) -> str:
    near = "; ".join(
        f"{one.name} ({one.fixture_id}{', home and away the other way round' if one.is_swapped else ''})"
        for one in unmatched.candidates
    )
    last = "; given up: settle it by hand with `policytrader bets result`" if unmatched.is_given_up else ""
    shown = f"{_WORDS[unmatched.why]}: {unmatched.bet.match or '-'}"
    return f"{shown}{f'; near: {near}' if near else ''}{last}"
