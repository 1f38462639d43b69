"""The PriceFeed port with everything that can be wrong with what it shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from policytrader.errors import ExchangeError
from policytrader.model.books import PriceSize
from policytrader.model.snapshot import RunnerStatus
from tests.faults.injected import Crash, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policytrader.model.books import CatalogueMarket, LiveMarket, LiveRunner, MarketFilter
    from tests.faults.day import FaultyDay

_BAD_PRICES = tuple(
    map(Decimal, ("NaN", "sNaN", "Infinity", "-1", "0", "1", "1.00", "1e308", "8.23", "1001", "4.3000001"))
)
_BAD_SIZES = tuple(map(Decimal, ("0", "0.00", "-5.00", "NaN", "Infinity")))
_SESSION_CODES = ("NO_SESSION", "INVALID_SESSION_INFORMATION")
_TOO_MANY_CODES = ("TOO_MANY_REQUESTS", "TOO_MUCH_DATA")
_BAN_MINUTES = (3, 20)
ORDERS = frozenset({"place", "cancel"})
NAMES = (
    "O'Brien'; DROP TABLE selections; --",
    '"); DELETE FROM journal; --',
    "%s %n %(ref)s {0} {ref.__class__}",
    "*bold* _[link](http://x)_ `code`",
    "!!python/object:os.system {a: [b, *c]}",
    '{"json": "yes", "x": [1',
    "Ünïcödé \u202e\u0301 horse",
)


class Wire:
    """What every call to the exchange has: it takes time, may fail, and the process may end at it."""

    def __init__(self, day: FaultyDay) -> None:
        self._day = day
        self._faults = day.faults

    def _travel(self) -> None:
        day, faults = self._day, self._faults
        day.let_pass(faults.chance.between(0.01, 0.4))
        if faults.hits(Fault.SLOW_ANSWER):
            day.let_pass(faults.chance.between(16, 40))

    def _read(self, name: str, *, is_closing: bool = False) -> None:
        self._maybe_crash(f"before {name}", self._crash_of(name, is_closing=is_closing))
        self._travel()
        day, faults = self._day, self._faults
        if faults.is_on and day.world.now < day.banned_until:
            self._refuse(name, "TEMPORARY_BAN_TOO_MANY_REQUESTS")
        if faults.hits(Fault.READ_FAILS):
            self._refuse(name, "READ_TIMEOUT")
        if faults.hits(Fault.SESSION_ENDS):
            self._refuse(name, faults.chance.pick(_SESSION_CODES))
        if faults.hits(Fault.TOO_MANY):
            self._refuse(name, faults.chance.pick(_TOO_MANY_CODES))
        if faults.hits(Fault.LOGIN_REFUSED):
            day.banned_until = day.world.now + timedelta(minutes=faults.chance.between(*_BAN_MINUTES))
            self._refuse(name, "TEMPORARY_BAN_TOO_MANY_REQUESTS")

    def _refuse(self, name: str, code: str) -> NoReturn:
        self._day.note(f"{name}: {code}")
        message = f"{name}: {code}"
        raise ExchangeError(message, code)

    @staticmethod
    def _crash_of(name: str, *, is_closing: bool) -> Fault:
        if is_closing:
            return Fault.CRASH_CLOSING
        return Fault.CRASH_ORDER if name in ORDERS else Fault.CRASH_EXCHANGE

    def _maybe_crash(self, where: str, fault: Fault) -> None:
        if self._faults.checkpoint(where) or self._faults.hits(fault):
            self._day.note(f"crash {where}")
            raise Crash


class FaultyPrices(Wire):
    """The PriceFeed port."""

    def catalogue(self, wanted: MarketFilter) -> tuple[CatalogueMarket, ...]:
        self._read("catalogue")
        listed = self._day.listed(wanted)
        self._day.checks.on_catalogue(listed)
        self._maybe_crash("after catalogue", Fault.CRASH_EXCHANGE)
        return listed

    def books(self, market_ids: Sequence[str]) -> tuple[LiveMarket, ...]:
        # A cash-out asks for its one market as a tuple, a tick for a list of all.
        is_closing = isinstance(market_ids, tuple)
        self._read("books", is_closing=is_closing)
        self._day.checks.on_reading(is_closing=is_closing)
        shown = tuple(self._disturbed(book, is_closing=is_closing) for book in self._day.prices.books(market_ids))
        self._day.checks.on_books(shown, is_closing=is_closing)
        self._maybe_crash("after books", Fault.CRASH_CLOSING if is_closing else Fault.CRASH_EXCHANGE)
        return shown

    def starting_prices(self, market_ids: Sequence[str]) -> Mapping[tuple[str, int], Decimal]:
        self._read("starting_prices")
        prices: Any = self._day.prices
        found: Mapping[tuple[str, int], Decimal] = prices.starting_prices(market_ids)
        return found

    # --- What is shown ------------------------------------------------------------------------------------------------

    def _disturbed(self, book: LiveMarket, *, is_closing: bool) -> LiveMarket:
        faults, chance = self._faults, self._faults.chance
        if not faults.is_on:
            return book
        if faults.hits(Fault.STALE_PRICES):
            book = replace(book, published_at=book.published_at - timedelta(seconds=60))
        if faults.hits(Fault.HIDDEN_RUNNER):
            at = chance.whole(0, len(book.runners) - 1)
            book = _with(book, at, status=RunnerStatus.HIDDEN, back=(), lay=(), last_traded=None)
        removed = [at for at, one in enumerate(book.runners) if one.status is RunnerStatus.REMOVED]
        if removed and faults.hits(Fault.REINSTATED):
            offer = (PriceSize(Decimal("5.00"), Decimal(50)),), (PriceSize(Decimal("5.10"), Decimal(50)),)
            back, lay = offer
            book = _with(
                book, chance.pick(removed), status=RunnerStatus.ACTIVE, removed_at=None, back=back, lay=lay,
                last_traded=Decimal("5.00"),
            )  # fmt: skip
        if faults.hits(Fault.EMPTY_BACKS):
            book = replace(book, runners=tuple(replace(one, back=()) for one in book.runners))
        return self._with_bad_prices(book, is_closing=is_closing)

    def _with_bad_prices(self, book: LiveMarket, *, is_closing: bool) -> LiveMarket:
        """One of the picks' runners, or any, with prices that cannot be."""
        fault = self._faults.first_of(Fault.BAD_PRICE, Fault.BAD_SIZE, Fault.CROSSED_BOOK)
        if fault is None:
            return book
        chance = self._faults.chance
        picked = {pick.selection_id for pick in self._day.picks if pick.market_id == book.market_id}
        at = chance.pick([number for number, one in enumerate(book.runners) if one.selection_id in picked] or [0])
        runner = book.runners[at]
        if fault is Fault.CROSSED_BOOK:
            changed = _crossed(runner)
        else:
            is_price = fault is Fault.BAD_PRICE
            bad = chance.pick(_BAD_PRICES if is_price else _BAD_SIZES)
            sides = chance.pick(("back", "lay", "last_traded" if is_price else "lay"))
            changed = _with_bad(runner, sides, bad, is_price=is_price)
        self._day.note(f"{book.market_id} {runner.selection_id}: {fault}")
        self._day.checks.on_bad_prices(book.market_id, runner, changed, is_closing=is_closing)
        return replace(book, runners=(*book.runners[:at], changed, *book.runners[at + 1 :]))


def _with(book: LiveMarket, at: int, **changes: Any) -> LiveMarket:
    changed = replace(book.runners[at], **changes)
    return replace(book, runners=(*book.runners[:at], changed, *book.runners[at + 1 :]))


def _crossed(runner: LiveRunner) -> LiveRunner:
    """Back and lay swapped: whoever backs gets more than whoever lays pays."""
    return replace(runner, back=runner.lay, lay=runner.back)


def _with_bad(runner: LiveRunner, side: str, bad: Decimal, *, is_price: bool) -> LiveRunner:
    if side == "last_traded":
        return replace(runner, last_traded=bad)
    levels = runner.back if side == "back" else runner.lay
    if not levels:
        return runner
    first = levels[0]._replace(price=bad) if is_price else levels[0]._replace(size=bad)
    changes: dict[str, Any] = {side: (first, *levels[1:])}
    return replace(runner, **changes)
