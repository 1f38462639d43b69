"""Tracked bets: their store by its address, and the rules that read and pay them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING
from uuid import uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from policytrader.app.tracking.address import SQLITE, checked_address
from policytrader.app.tracking.at_once import AtOnce, RecentFixtures
from policytrader.app.tracking.book import BetBook, Rules
from policytrader.app.tracking.new_bet import Terms
from policytrader.app.tracking.opened import OpenedBets
from policytrader.errors import UsageError
from policytrader.resources import resource
from policytrader.wiring.clocks import system_clock
from policytrader.wiring.grading import SOMEBODY_WAITS, opened_feed, opened_settler, read_grading

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.app.tracking.auto_settle import Settler
    from policytrader.engine.grading.money import Payout
    from policytrader.model.outcomes import Outcome
    from policytrader.model.tracked import TrackedBet
    from policytrader.policy.grading.grading_set import GradingSet
    from policytrader.ports.bet_store import BetStore
    from policytrader.ports.clock import Clock


def open_bet_store(address: str, database: str) -> BetStore:
    """The bets at ``mongodb://HOST`` or in ``sqlite:///FILE``; connected to when first used. Raises ``UsageError``."""
    checked = checked_address(address)
    if checked.startswith(SQLITE):
        from policytrader.adapters.sql.bet_store import open_sqlite_bets

        return open_sqlite_bets(checked.removeprefix(SQLITE))
    from policytrader.adapters.mongo.store import open_mongo_bets

    return open_mongo_bets(checked, database)


def open_bets(
    address: str,
    database: str,
    *,
    alert_zone: str = "Europe/London",
    rules: Path | None = None,
    clock: Clock | None = None,
) -> OpenedBets:
    """Bets with everything that they are read, paid and settled by; nothing is asked of any server yet.

    ``rules`` is a folder of grading rules, else the shipped ones. Raises ``UsageError`` and ``PolicyError``.
    """
    from policytrader.app.tracking.market_catalogue import MarketCatalogue
    from policytrader.engine.grading.money import payout
    from policytrader.policy.values import duration

    policy = read_grading(rules if rules is not None else resource("rules"))
    used = clock or system_clock()
    store = open_bet_store(address, database)
    opened = ExitStack()
    opened.callback(store.close)

    def pay(bet: TrackedBet, outcome: Outcome) -> Payout:
        return payout(policy.grading.returns, outcome, bet.actual_stake, bet.odds, is_lay=bet.is_lay)

    terms = Terms(catalogue=MarketCatalogue(policy.markets), zone=_zone(alert_zone))
    book = BetBook(store, Rules(terms=terms, pay=pay, now=used.now, new_id=_new_id))
    settler = _Settling(opened, store, policy, used)
    first_look = duration(policy.grading.schedule.first_look)
    at_once = AtOnce(settler, used.now, after_kickoff=first_look)
    return OpenedBets(book=book, settler=settler, at_once=at_once, close=opened.close)


class _Settling:
    """Makes the settler when it is first needed: rules are compiled, and the feed is opened, only then."""

    def __init__(self, held: ExitStack, store: BetStore, policy: GradingSet, clock: Clock) -> None:
        """``held`` closes what was opened."""
        self._held = held
        self._store, self._policy, self._clock = store, policy, clock
        self._settler: Settler | None = None

    def __call__(self) -> Settler:
        if self._settler is None:
            feed = self._held.enter_context(opened_feed(self._policy, self._clock, SOMEBODY_WAITS))
            recent = RecentFixtures(feed, self._clock.now)
            opening = opened_settler(self._store, recent, feed, self._policy, self._clock)
            self._settler = self._held.enter_context(opening)
        return self._settler


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"alert_zone: {name} is no time zone; for example Europe/London"
        raise UsageError(message) from None


def _new_id() -> str:
    return f"bet_{uuid4().hex}"
