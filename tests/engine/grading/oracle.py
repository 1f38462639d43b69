"""A second grader, to compare the engine with: plain Python, one bet at a time, no SQL and no rules from YAML.

Written from the specification's order of precedence, margin table, live rules, participation and counting of cards. Of
the policy it reads only what is data: markets, words, bookmakers' terms, settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import TYPE_CHECKING

from policytrader.model.fixture import Period
from tests.engine.grading.counts import RUNNING, Counter, MissingError, Terms, named_player, named_side

if TYPE_CHECKING:
    from datetime import datetime

    from policytrader.model.fixture import Fixture, Player
    from policytrader.model.grades import BetToGrade, Grade
    from policytrader.policy.grading.grading_set import GradingSet
    from policytrader.policy.grading.markets import Market

QUARTER, HALF = Decimal("0.25"), Decimal("0.5")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Answer:
    """What both graders must agree about."""

    status: str
    reason: str
    actual: int | None = None
    returns: Decimal = Decimal(0)
    profit: Decimal = Decimal(0)


def folded(text: str) -> str:
    return " ".join(text.casefold().split())


def seconds(duration: str) -> int:
    return int(duration[:-1]) * _SECONDS[duration[-1]]


class Oracle:
    """One policy's data, looked up once, and a grade for each bet."""

    def __init__(self, policy: GradingSet) -> None:
        self.settings = policy.grading.settings
        self.participation = policy.participation
        self.directions = self._words(policy.markets.directions.model_dump())
        self.periods = self._words(policy.markets.periods.model_dump())
        self.names: dict[str, tuple[Market, Decimal | None, str | None, str | None]] = {}
        for market in policy.markets.markets:
            own: str | None = "handicap" if market.direction == "handicap" else None
            self.names.setdefault(folded(market.name), (market, None, own, market.period))
            for alias in market.aliases:
                if isinstance(alias, str):
                    self.names.setdefault(folded(alias), (market, None, own, market.period))
                else:
                    said = (market, alias.line, alias.direction or own, alias.period or market.period)
                    self.names.setdefault(folded(alias.name), said)
        self._terms: dict[tuple[str, str], Terms] = {}

    @staticmethod
    def _words(groups: dict[str, tuple[str, ...]]) -> dict[str, str]:
        return {folded(word): meaning for meaning, words in groups.items() for word in (meaning, *words)}

    def terms(self, bookmaker: str | None, market: str) -> Terms:
        key = (folded(bookmaker or ""), market)
        if key not in self._terms:
            usual = self.participation.default
            own = next((one for name, one in self.participation.bookmakers.items() if folded(name) == key[0]), None)
            by_market = [
                {self.names[folded(name)][0].name: asked for name, asked in one.markets.items()} if one else {}
                for one in (own, usual)
            ]
            asked = by_market[0].get(market) or (own and own.participation) or by_market[1].get(market)
            cards = (own and own.cards) or usual.cards
            self._terms[key] = Terms(
                asked or usual.participation,
                (own and own.void_window) or usual.void_window,
                {"yellow": cards.yellow, "red": cards.red, "second_yellow": cards.second_yellow},
                cards.most_per_player,
            )
        return self._terms[key]

    def grade(self, bet: BetToGrade, fixture: Fixture | None, at: datetime) -> Answer:
        """The bet's outcome, reason, count and money. Players and teams are named by their ids."""
        if bet.manual_override:
            return self._paid(bet, bet.status, "manual_override", None)
        status, reason, actual = self._decide(bet, fixture, at)
        if status != "pending" and not _is_payable(bet):
            return Answer("pending", "invalid_bet")
        return self._paid(bet, status, reason, actual)

    # --- The order of precedence --------------------------------------------------------------------------------------

    def _decide(self, bet: BetToGrade, fixture: Fixture | None, at: datetime) -> tuple[str, str, int | None]:
        if fixture is None:
            return "pending", "fixture_unmatched", None
        found = self.names.get(folded(bet.market))
        terms = self.terms(bet.bookmaker, found[0].name if found else "")
        early = self._by_fixture_state(bet, fixture, terms, at)
        if early is not None:
            return early
        if found is None:
            return "pending", "market_unmapped", None
        market = found[0]
        try:
            direction, period, line = self._understood(bet)
        except ValueError:
            return "pending", "invalid_bet", None
        if (direction == "handicap" and market.scope != "team") or (market.scope == "match" and bet.player_name):
            return "pending", "invalid_bet", None
        is_about_team = market.scope == "team" or (market.scope == "match" and bet.team_name)
        if is_about_team and named_side(bet, fixture) is None:
            return "pending", "fixture_unmatched", None
        if market.scope == "player" and named_player(bet, fixture) is None:
            return "pending", "player_not_found", None
        counter = Counter(market, fixture, terms, period, self.settings.tackles_from_attempts)
        actual: int | None = None
        problem = ""
        try:
            actual = counter.count(bet, direction)
        except MissingError as error:
            problem = str(error)
        margin = None if actual is None else self._margin(actual, direction, line)
        return self._on_the_count(bet, fixture, market, (direction, period, line), (actual, margin, problem, terms), at)

    @staticmethod
    def _by_fixture_state(
        bet: BetToGrade, fixture: Fixture, terms: Terms, at: datetime
    ) -> tuple[str, str, None] | None:
        status = fixture.status
        if status in {"CANCELLED", "AWARDED"}:
            return "refund", "fixture_cancelled", None
        if status == "POSTPONED":
            kickoff = bet.kickoff_at or fixture.kickoff_at
            is_out = kickoff is not None and (at - kickoff).total_seconds() > seconds(terms.void_window)
            return ("refund", "void_window", None) if is_out else ("pending", "postponed_wait", None)
        if status in {"UNKNOWN", "SCHEDULED"}:
            return "pending", "not_finished", None
        return None

    def _understood(self, bet: BetToGrade) -> tuple[str, str, Decimal]:
        """Direction, period and line. Raises ``ValueError`` for a bet that makes no sense."""
        market, said_line, said_direction, said_period = self.names[folded(bet.market)]
        direction = self._direction(bet, said_direction) or said_direction or market.direction
        period = self.periods.get(folded(bet.period or "match"))
        if period == "match":
            period = said_period or "match"
        line = said_line if said_line is not None else market.line
        if bet.line is not None and said_line not in {None, bet.line}:
            raise ValueError
        line = line if bet.line is None else bet.line
        if (
            direction is None
            or line is None
            or not line.is_finite()
            or period is None
            or period != (said_period or period)
        ):
            raise ValueError
        if not line.is_finite() or abs(line) > 10_000 or line % QUARTER or not bet.odds.is_finite():
            raise ValueError
        if bet.stake <= 0 or bet.odds <= 1:
            raise ValueError
        return direction, period, line

    def _direction(self, bet: BetToGrade, said: str | None) -> str | None:
        """What the bet states; `over` gives way to what the market's name says."""
        word = folded(bet.direction or "")
        if not word:
            return None
        direction = self.directions.get(word)
        if direction is None or (direction != "over" and said and (said == "handicap") != (direction == "handicap")):
            raise ValueError
        return None if direction == "over" and said else direction

    @staticmethod
    def _margin(actual: int, direction: str, line: Decimal) -> Decimal:
        return {"over": actual - line, "under": line - actual, "handicap": actual + line}[direction]

    def _on_the_count(
        self,
        bet: BetToGrade,
        fixture: Fixture,
        market: Market,
        asked: tuple[str, str, Decimal],
        found: tuple[int | None, Decimal | None, str, Terms],
        at: datetime,
    ) -> tuple[str, str, int | None]:
        (direction, period, line), (actual, margin, problem, terms) = asked, found
        is_over = self._is_over(fixture, period)
        if fixture.status in RUNNING:
            if fixture.is_var_pending is not False and market.needs_var:
                return "pending", "var_pending", None
            decided = self._live(bet, market, direction, (actual, margin, line), at)
            if decided is not None:
                return decided, "live_decided", actual
            if not is_over:
                return "pending", "not_finished", None
        if market.scope == "player":
            void = self._participation(fixture.players[named_player(bet, fixture) or ""], fixture, terms)
            if void is not None:
                return *void, None
        if not is_over:
            if fixture.status != "ABANDONED":
                return "pending", problem or "not_finished", None
            return self._abandoned(fixture, bet, market, (direction, actual, margin, problem))
        if problem:
            return "pending", problem, None
        assert margin is not None
        outcome, reason = self._by_margin(margin)
        return outcome, "abandoned_decided" if fixture.status == "ABANDONED" else reason, actual

    @staticmethod
    def _is_over(fixture: Fixture, period: str) -> bool:
        asked = Period.REGULAR if period == "match" else Period(period)
        return fixture.status == "FINISHED" or asked in fixture.finished_periods

    def _live(
        self,
        bet: BetToGrade,
        market: Market,
        direction: str,
        seen: tuple[int | None, Decimal | None, Decimal],
        at: datetime,
    ) -> str | None:
        actual, _, line = seen
        if actual is None or direction == "handicap" or not market.can_only_grow or actual - line < HALF:
            return None
        if direction == "under" and not self.settings.live_under_losses:
            return None
        ago = 0.0
        if bet.first_seen_value is not None and bet.first_seen_at is not None and bet.first_seen_value - line >= HALF:
            ago = max(0.0, (at - bet.first_seen_at).total_seconds())
        if ago < seconds(self.settings.live_confirm):
            return None
        return "won" if direction == "over" else "lost"

    @staticmethod
    def _participation(player: Player, fixture: Fixture, terms: Terms) -> tuple[str, str] | None:
        if player.took_part is None:
            # On the bench of a match that goes on no more: nobody will ever say that he did not play.
            is_broken_off = fixture.status == "ABANDONED"
            return ("refund", "abandoned_void") if is_broken_off else ("pending", "not_finished")
        if not player.took_part:
            return "refund", "did_not_play"
        if terms.participation == "must_start" and not player.started:
            return ("pending", "not_finished") if player.started is None else ("refund", "did_not_start")
        return None

    @staticmethod
    def _abandoned(
        fixture: Fixture, bet: BetToGrade, market: Market, found: tuple[str, int | None, Decimal | None, str]
    ) -> tuple[str, str, int | None]:
        direction, actual, margin, problem = found
        if direction != "over":
            return "refund", "abandoned_void", None  # open to the end, so no count could have decided it
        if problem:
            return "pending", problem, None
        if margin is not None and market.can_only_grow:
            if margin >= HALF:
                return "won", "abandoned_decided", actual
            if (
                market.scope == "player"
                and fixture.players[named_player(bet, fixture) or ""].is_off
                and margin <= -HALF
            ):
                return "lost", "abandoned_decided", actual
        return "refund", "abandoned_void", None

    @staticmethod
    def _by_margin(margin: Decimal) -> tuple[str, str]:
        """Two half stakes, a quarter below and a quarter above: each is won, lost or given back."""
        halves = sorted((part > 0) - (part < 0) for part in (margin - QUARTER, margin + QUARTER))
        return {
            (-1, -1): ("lost", "line"),
            (-1, 0): ("half_loss", "quarter_line"),
            (-1, 1): ("refund", "push"),
            (0, 1): ("half_win", "quarter_line"),
            (1, 1): ("won", "line"),
        }[halves[0], halves[1]]

    def _paid(self, bet: BetToGrade, status: str, reason: str, actual: int | None) -> Answer:
        if status == "pending" or not _is_payable(bet):
            return Answer(status, reason, actual)
        with localcontext(prec=100):
            back = {
                "won": bet.stake * bet.odds,
                "lost": Decimal(0),
                "refund": bet.stake,
                "half_win": bet.stake * (bet.odds + 1) / 2,
                "half_loss": bet.stake / 2,
            }[status].quantize(Decimal("0.01"), ROUND_HALF_UP)
            profit = bet.stake - back if bet.is_lay else back - bet.stake
            return Answer(status, reason, actual, bet.stake + profit, profit)


def _is_payable(bet: BetToGrade) -> bool:
    return bet.stake.is_finite() and bet.odds.is_finite()


def as_answer(grade: Grade) -> Answer:
    """An engine's grade in the oracle's words."""
    return Answer(str(grade.status), str(grade.reason), grade.actual_value, grade.returns, grade.profit_loss)
