"""What tests of tracking share: an alert, a book of bets in memory, a clock that is moved by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from policytrader.app.tracking.at_once import AtOnce
from policytrader.app.tracking.book import BetBook, Rules
from policytrader.app.tracking.market_catalogue import MarketCatalogue
from policytrader.app.tracking.new_bet import Request, Terms
from policytrader.app.tracking.opened import OpenedBets
from policytrader.authoring.load import load_grading
from policytrader.engine.grading.money import Payout, payout
from policytrader.errors import ConfigError
from policytrader.model.tracked import BotType
from policytrader.ports.bet_store import BetFilter, BetStore, Owner
from tests.memory_bet_store import MemoryBetStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policytrader.app.tracking.auto_settle import Settler
    from policytrader.model.outcomes import Outcome
    from policytrader.model.tracked import TrackedBet
    from policytrader.policy.grading.grading_set import GradingSet

NOW = datetime(2024, 3, 10, 12, 0, tzinfo=UTC)
USER, OTHER_USER = 123456789, 987654321
OWNER = Owner(user_id=USER, bot_type=BotType.PLAYER)
OTHER = Owner(user_id=OTHER_USER, bot_type=BotType.PLAYER)
LONDON = ZoneInfo("Europe/London")

ALERT: dict[str, Any] = {
    "Player": "Mohamed Salah",
    "Team": "Liverpool",
    "Market": "Player Shots On Target",
    "Threshold": 1.5,
    "market_direction": "over",
    "Odds": 2.10,
    "Match": "Liverpool vs Man City",
    "Date": "2024-03-10",
    "Time": "16:30",
    "fixture_id": 12345,
}


@dataclass
class Moving:
    """A clock that a test moves."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def wait(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class MadeBook:
    """A book with what it stands on."""

    store: BetStore = field(default_factory=MemoryBetStore)
    clock: Moving = field(default_factory=Moving)
    settler: Settler | None = None

    def __post_init__(self) -> None:
        numbers = count(1)
        rules = Rules(
            terms=Terms(catalogue=MarketCatalogue(policy().markets), zone=LONDON),
            pay=pay,
            now=self.clock.now,
            new_id=lambda: f"bet_{next(numbers):04}",
        )
        self.book = BetBook(self.store, rules)

    @property
    def opened(self) -> OpenedBets:
        at_once = AtOnce(self._settler, self.clock.now, after_kickoff=timedelta(minutes=105))
        return OpenedBets(book=self.book, settler=self._settler, at_once=at_once, close=self.store.close)

    def _settler(self) -> Settler:
        if self.settler is None:
            message = "no statistics in this test"
            raise ConfigError(message)
        return self.settler

    def tracked(self, owner: Owner = OWNER, *, stake: object = 10.0, unit: object = 10.0, **alert: Any) -> TrackedBet:
        """Track a bet a second later than the one before; the alert is ``ALERT`` with changes."""
        self.clock.wait(1)
        answer = self.book.track(owner, Request(alert=ALERT | alert, actual_stake=stake, unit_size=unit))
        assert answer.is_done, answer.message
        assert answer.bet is not None
        return answer.bet

    def stored(self, bet: TrackedBet) -> TrackedBet:
        found = self.store.bet(Owner(user_id=bet.user_id, bot_type=bet.bot_type), bet.bet_id)
        assert found is not None
        return found

    def heard_limits(self) -> list[int | None]:
        """Fills with the limit of each reading of bets from now on."""
        asked: list[int | None] = []
        read = self.store.bets

        def bets(owner: Owner, wanted: BetFilter | None = None, *, limit: int | None = None) -> Iterator[TrackedBet]:
            asked.append(limit)
            return read(owner, wanted, limit=limit)

        self.store.bets = bets  # type: ignore[method-assign]
        return asked


@cache
def policy() -> GradingSet:
    """The shipped rules."""
    return load_grading(Path(__file__).parent.parent / "rules" / "football")


def pay(bet: TrackedBet, outcome: Outcome) -> Payout:
    return payout(policy().grading.returns, outcome, bet.actual_stake, bet.odds, is_lay=bet.is_lay)
