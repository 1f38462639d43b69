"""The bets of one call as rows, each with its fixture and the people that it names."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from policytrader.engine.grading import tables
from policytrader.engine.grading.people import Match, People, names_somebody
from policytrader.model.fixture import TeamSide
from policytrader.model.money import ONE, ZERO
from policytrader.model.times import microseconds_between
from policytrader.policy.grading.folding import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    import pyarrow as pa

    from policytrader.engine.player_names import NameMatcher
    from policytrader.model.fixture import Fixture
    from policytrader.model.grades import BetToGrade, FixtureBets
    from policytrader.policy.grading.catalogue import Catalogue

MOST_LINE = Decimal(10_000)
MOST_AMOUNT = Decimal(1_000_000_000)
_MOST_DECIMALS = 18
_MOST_COUNT = 2**31

_UNMATCHED = Match("")
_TEAMS = tuple(tables.SIDES.values())


def line_problem(line: Decimal) -> str | None:
    """What is wrong with a stated line; None for one in quarters."""
    if not line.is_finite() or abs(line) > MOST_LINE:
        return f"lies outside of -{MOST_LINE:,} to {MOST_LINE:,}"
    return "is no multiple of 0.25" if line % Decimal("0.25") else None


def amount_problem(amount: Decimal, above: Decimal) -> str | None:
    """What is wrong with a stake or odds; None for one that money can be worked out with."""
    if not amount.is_finite() or not above < amount <= MOST_AMOUNT:
        return f"must be more than {above} and at most {MOST_AMOUNT:,}"
    exponent = amount.as_tuple().exponent
    is_exact = isinstance(exponent, int) and -exponent <= _MOST_DECIMALS
    return None if is_exact else f"has more than {_MOST_DECIMALS} decimals"


@dataclass(frozen=True, slots=True)
class Placed:
    """A bet with its fixture and whom it means there."""

    bet: BetToGrade
    fixture: Fixture | None
    player: Match
    team: Match


@dataclass
class Batch:
    """All bets of a call, numbered in their order, and the rows of the tables that they need."""

    placed: list[Placed] = field(default_factory=list)
    rows: dict[str, list[tuple[Any, ...]]] = field(
        default_factory=lambda: {table.name: [] for table in tables.BATCH_TABLES}
    )

    def arrow(self) -> dict[str, pa.Table]:
        """The tables, by name."""
        return {table.name: tables.to_arrow(table, self.rows[table.name]) for table in tables.BATCH_TABLES}


class BatchMaker:
    """Turns fixtures with their bets into a ``Batch``."""

    def __init__(
        self, catalogue: Catalogue, matcher: NameMatcher, bookmakers: Iterable[str], *, tackles_from_attempts: bool
    ) -> None:
        """``bookmakers`` have terms of their own."""
        self._catalogue = catalogue
        self._matcher = matcher
        self._bookmakers = frozenset(map(fold, bookmakers))
        self._tackles_from_attempts = tackles_from_attempts

    def make(self, batches: Sequence[FixtureBets], at: datetime) -> Batch:
        """Number everything; ``at`` is now."""
        batch = Batch()
        for number, fixture_bets in enumerate(batches):
            if fixture_bets.fixture is None:
                for bet in fixture_bets.bets:
                    self._add_bet(batch, Placed(bet, None, _UNMATCHED, _UNMATCHED), (None, None, None), at)
            else:
                self._add_fixture(batch, number, fixture_bets.fixture, fixture_bets.bets, at)
        return batch

    def _add_fixture(
        self, batch: Batch, number: int, fixture: Fixture, bets: Sequence[BetToGrade], at: datetime
    ) -> None:
        people = People(fixture, self._matcher)
        players: dict[str, int] = {}
        asked: set[tuple[int, str]] = set()
        for bet in bets:
            listing = self._catalogue.listing(bet.market)
            is_on_match = listing is not None and listing.market.scope == "match"
            team = people.team_of_match(bet) if is_on_match else people.team(bet)
            placed = Placed(bet, fixture, people.player(bet), team)
            player_no = team_no = None
            if placed.player.key is not None:
                player_no = players.setdefault(placed.player.key, tables.FIRST_PLAYER + len(players))
            if placed.team.key is not None:
                team_no = tables.SIDES[TeamSide(placed.team.key)]
            if listing is not None:
                # Both teams, which may be added up or subtracted; of players only the one who is meant.
                owners = _TEAMS if listing.market.scope != "player" else () if player_no is None else (player_no,)
                asked.update((owner, stat) for stat in listing.stats for owner in owners)
            self._add_bet(batch, placed, (number, player_no, team_no), at)
        rows = batch.rows
        rows["fixtures"].append(tables.fixture_row(number, fixture))
        rows["players"] += tables.player_rows(number, fixture, players)
        rows["stated"] += tables.value_rows(
            number, fixture, asked, players, tackles_from_attempts=self._tackles_from_attempts
        )
        rows["cards"] += tables.card_rows(number, fixture, players)
        rows["goals"] += tables.goal_rows(number, fixture, players)

    def _add_bet(
        self, batch: Batch, placed: Placed, numbers: tuple[int | None, int | None, int | None], at: datetime
    ) -> None:
        bet, (fixture_no, player_no, team_no) = placed.bet, numbers
        is_line_good = bet.line is not None and line_problem(bet.line) is None
        bookmaker = fold(bet.bookmaker or "")
        batch.rows["bets"].append(
            (
                len(batch.placed),
                fixture_no,
                fold(bet.market),
                _word(bet.direction),
                _word(bet.period),
                bet.line is not None,
                int(bet.line * 100) if bet.line is not None and is_line_good else None,
                amount_problem(bet.stake, ZERO) is None and amount_problem(bet.odds, ONE) is None,
                bookmaker if bookmaker in self._bookmakers else tables.ANYBODY,
                bet.bookmaker,
                bet.manual_override,
                *_seen(bet, at),
                _since_kickoff(placed, at),
                player_no,
                placed.player.word or None,
                team_no,
                placed.team.word or None,
                names_somebody(bet.player_name),
            )
        )
        batch.placed.append(placed)


def _word(text: str | None) -> str | None:
    """Folded; a blank one is none."""
    return fold(text) or None if text is not None else None


def _since_kickoff(placed: Placed, at: datetime) -> int | None:
    """Since the match was to begin: as the bet knows it, for a feed that moves a match moves its kick-off too."""
    expected = placed.bet.kickoff_at
    if expected is None and placed.fixture is not None:
        expected = placed.fixture.kickoff_at
    return None if expected is None else microseconds_between(expected, at)


def _seen(bet: BetToGrade, at: datetime) -> tuple[int | None, int | None]:
    """What an earlier look gave, and how long ago; a look that lies ahead is none."""
    value, seen_at = bet.first_seen_value, bet.first_seen_at
    if value is None or seen_at is None or seen_at > at or not 0 <= value < _MOST_COUNT:
        return None, None
    return value, microseconds_between(seen_at, at)
