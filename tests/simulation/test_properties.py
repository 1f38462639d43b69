"""What must hold whatever happens: random days of quotes, trades, orders, removals and the off on two small markets."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from policytrader.model.bets import BetTarget, OrderType, Persistence
from policytrader.model.price import PRICES
from policytrader.model.snapshot import RunnerStatus, Side
from policytrader.simulation.events import Quote, Settle, Suspend, TurnInPlay
from policytrader.simulation.exchange import SimulatedExchange, SimulationError
from policytrader.simulation.reports import CancelInstruction, PlaceInstruction, ReplaceInstruction
from tests.simulation.exchanges import PLACE, WIN, new_exchange, on_close, sums_up

if TYPE_CHECKING:
    from policytrader.simulation.bets import SimulatedBet
    from policytrader.simulation.market import Market

RUNNERS = 4
TICKS = st.integers(196, 206)  # 5.3 to 6.6: few prices, so that orders meet
PENNIES = st.integers(0, 40).map(lambda size: 50 * size)
LEVELS = st.none() | st.dictionaries(TICKS, PENNIES, max_size=4).map(lambda found: tuple(found.items()))
MARKETS, SELECTIONS = st.sampled_from([WIN, PLACE]), st.integers(11, 10 + RUNNERS)


@st.composite
def quotes(draw: st.DrawFn) -> tuple[Any, ...]:
    """A quote whose traded volume is told as increase; ``Day`` makes it cumulative."""
    return (draw(MARKETS), draw(SELECTIONS), draw(LEVELS), draw(LEVELS), draw(LEVELS), draw(st.booleans()))


@st.composite
def orders(draw: st.DrawFn) -> PlaceInstruction:
    side, selection_id = draw(st.sampled_from(Side)), draw(SELECTIONS)
    size = Decimal(draw(st.integers(200, 3000))).scaleb(-2)
    kind = draw(st.sampled_from(["plain", "plain", "plain", "kill", "target", "close"]))
    if kind == "close":
        return on_close(side, str(size + 10), draw(st.sampled_from([None, "5.5"])), selection_id)
    facts: dict[str, Any] = {"size": size, "persistence": draw(st.sampled_from(Persistence))}
    if kind == "kill":
        facts = {
            "size": size,
            "time_in_force": "FILL_OR_KILL",
            "min_fill_size": draw(st.sampled_from([None, Decimal(1)])),
        }
    elif kind == "target":
        facts = {"bet_target_type": draw(st.sampled_from(BetTarget)), "bet_target_size": 5 * size}
    return PlaceInstruction(selection_id, side, OrderType.LIMIT, price=PRICES[draw(TICKS)], **facts)


ACTIONS = st.one_of(
    st.tuples(st.just("quote"), quotes()),
    st.tuples(st.just("quote"), quotes()),
    st.tuples(st.just("place"), MARKETS, orders()),
    st.tuples(st.just("place"), MARKETS, orders()),
    st.tuples(st.just("cancel"), st.integers(0, 9), st.none() | st.integers(1, 500)),
    st.tuples(st.just("replace"), st.integers(0, 9), TICKS),
    st.tuples(st.just("withdraw"), st.integers(11, 9 + RUNNERS), st.sampled_from(["1.5", "2.41", "8.37", "30.01"])),
    st.tuples(st.just("off"), MARKETS),
    st.tuples(st.just("suspend"), MARKETS),
    st.tuples(st.just("wait"), st.integers(1, 6)),
)
SCRIPTS = st.lists(ACTIONS, min_size=4, max_size=30)


@dataclass
class Day:
    """Plays a script, counting what others offered."""

    exchange: SimulatedExchange = field(default_factory=lambda: new_exchange(runners=RUNNERS))
    offered: dict[tuple[str, int, Side], int] = field(default_factory=dict)
    mirror: dict[str, list[tuple[Decimal, int]]] = field(default_factory=dict)

    def profit_of_others(self, bet: SimulatedBet, finishers: tuple[int, ...], places: int) -> Decimal:
        """What the account on the other side of all matches of a bet comes to, from this day's own books."""
        runner = self.exchange.markets[bet.market_id].runner(bet.selection_id)
        assert runner is not None
        if runner.status is RunnerStatus.REMOVED:
            return Decimal(0)
        share = share_of(bet.selection_id, finishers, places)
        exact = sum(
            (pennies * (share * Fraction(price) - 1) for price, pennies in self.mirror[bet.bet_id]), Fraction(0)
        )
        pennies = int(abs(exact) + Fraction(1, 2)) * (1 if exact >= 0 else -1)
        return Decimal(pennies if bet.side is Side.LAY else -pennies).scaleb(-2)

    def play(self, action: tuple[Any, ...]) -> None:
        """One step of a script; what cannot be is refused and leaves everything as it is."""
        exchange = self.exchange
        removed = {one.selection_id for one in exchange.markets[WIN].definition.runners if one.removed_at}
        with suppress(SimulationError):
            self._act(*action)
        if action[0] == "withdraw" and action[1] not in removed:
            self._mirror_removal(action[1], Decimal(action[2]), removed)
        for bet in exchange.bets.values():
            seen = self.mirror.setdefault(bet.bet_id, [])
            seen += [(match.price, match.pennies) for match in bet.matches[len(seen) :]]

    def _act(self, kind: str, *facts: Any) -> None:
        exchange = self.exchange
        match kind:
            case "quote":
                self._quote(*facts[0])
            case "place":
                exchange.place(facts[0], [facts[1]])
            case "cancel" | "replace":
                self._change(kind, *facts)
            case "withdraw":
                exchange.withdraw(WIN, facts[0], Decimal(facts[1]))
            case "off":
                exchange.apply(TurnInPlay(exchange.now, facts[0]))
            case "suspend":
                exchange.apply(Suspend(exchange.now, facts[0]))
            case _:
                exchange.advance(exchange.now + timedelta(seconds=facts[0]))

    def _mirror_removal(self, selection_id: int, factor: Decimal, removed: set[int]) -> None:
        """The same removal in the books of the others."""
        for bet_id, matches in self.mirror.items():
            bet = self.exchange.bets[bet_id]
            if bet.selection_id != selection_id and bet.selection_id not in removed:
                matches[:] = [(reduced(price, factor, bet.market_id), pennies) for price, pennies in matches]

    def _change(self, kind: str, number: int, amount: int | None) -> None:
        bets = list(self.exchange.bets.values())
        if not bets:
            return
        bet = bets[number % len(bets)]
        if kind == "cancel":
            size = None if amount is None else Decimal(amount).scaleb(-2)
            self.exchange.cancel(bet.market_id, [CancelInstruction(bet.bet_id, size)])
        else:
            self.exchange.replace(bet.market_id, [ReplaceInstruction(bet.bet_id, PRICES[amount or 0])])

    def _quote(self, market_id: str, selection_id: int, back: Any, lay: Any, traded: Any, replaces: bool) -> None:  # noqa: FBT001
        market = self.exchange.markets[market_id]
        if market.definition.runners[selection_id - 11].status is RunnerStatus.REMOVED:
            return
        book = market.books[selection_id]
        for side, changes, levels in ((Side.BACK, back, book.back), (Side.LAY, lay, book.lay)):
            key = (market_id, selection_id, side)
            grown = sum(max(0, pennies - levels.get(tick, 0)) for tick, pennies in changes or ())
            self.offered[key] = self.offered.get(key, 0) + grown
        for side in Side:
            key = (market_id, selection_id, side)
            self.offered[key] = self.offered.get(key, 0) + sum(pennies // 2 for _, pennies in traded or ())
        total = None if traded is None else tuple((tick, book.volume.get(tick, 0) + more) for tick, more in traded)
        self.exchange._play_quote(
            Quote(self.exchange.now, market_id, selection_id, back, lay, total, replaces=replaces)
        )


def played(script: list[tuple[Any, ...]]) -> Day:
    day = Day()
    for action in script:
        day.play(action)
    return day


def limit_matches(bet: SimulatedBet) -> list[tuple[Decimal, int]]:
    return [(match.price, match.pennies) for match in bet.matches if match.tick is not None]


@given(SCRIPTS)
def test_the_parts_of_a_bet_always_add_up(script: list[tuple[Any, ...]]) -> None:
    day = Day()
    for action in script:
        day.play(action)
        for bet in day.exchange.bets.values():
            assert sums_up(bet)
            assert min(bet.pennies_matched, bet.pennies_remaining, bet.pennies_lapsed, bet.pennies_cancelled) >= 0
            assert bet.pennies_matched + bet.pennies_voided == sum(match.pennies for match in bet.matches)


@given(SCRIPTS)
def test_nothing_matches_worse_than_its_limit(script: list[tuple[Any, ...]]) -> None:
    for bet in played(script).exchange.bets.values():
        found = limit_matches(bet)
        if not found or bet.price is None:
            continue
        average = sum(price * size for price, size in found) / sum(size for _, size in found)
        worst = min(found)[0] if bet.side is Side.BACK else max(found)[0]
        price = average if bet.is_fill_or_kill else worst
        assert price >= bet.price if bet.side is Side.BACK else price <= bet.price


@given(SCRIPTS)
def test_no_liquidity_is_taken_twice(script: list[tuple[Any, ...]]) -> None:
    day = played(script)
    taken: dict[tuple[str, int, Side], int] = {}
    for bet in day.exchange.bets.values():
        key = (bet.market_id, bet.selection_id, bet.side)
        taken[key] = taken.get(key, 0) + sum(size for _, size in limit_matches(bet))
    for key, pennies in taken.items():
        assert pennies <= day.offered.get(key, 0)
    for market in day.exchange.markets.values():
        for book in market.books.values():
            assert all(book.taken_back[tick] <= book.back[tick] for tick in book.taken_back)
            assert all(book.taken_lay[tick] <= book.lay[tick] for tick in book.taken_lay)


@given(SCRIPTS)
def test_our_own_orders_never_stand_against_each_other(script: list[tuple[Any, ...]]) -> None:
    day = Day()
    for action in script:
        day.play(action)
        for market in day.exchange.markets.values():
            for book in market.books.values():
                backs, lays = ([bet.tick or 0 for bet in book.resting(side)] for side in (Side.BACK, Side.LAY))
                assert not backs or not lays or min(backs) > max(lays)


def worst_by_trying(market: Market) -> int:
    """The worst of all outcomes, each open order matched at its limit or not, whichever is worse."""
    left = [runner.selection_id for runner in market.definition.active_runners]
    count = min(max(1, market.definition.number_of_winners), len(left))
    results = []
    for winners in combinations(left, count):
        total = 0
        for bet in market.bets.values():
            sign = 1 if bet.side is Side.BACK else -1
            is_win = bet.selection_id in winners
            total += sign * ((bet.payout if is_win else 0) - 100 * bet.pennies_matched)
            total += min(0, open_result(bet, is_win=is_win))
        results.append(total)
    return min(0, *results)


def open_result(bet: SimulatedBet, *, is_win: bool) -> int:
    if bet.is_on_close_open:
        return -100 * bet.liability_pennies if is_win is (bet.side is Side.LAY) else 0
    if bet.price is None or not bet.pennies_remaining:
        return 0
    profit = int((bet.price - 1) * 100) * bet.pennies_remaining
    back = profit if is_win else -100 * bet.pennies_remaining
    return back if bet.side is Side.BACK else -back


@given(SCRIPTS)
def test_exposure_is_the_worst_that_can_be_reached(script: list[tuple[Any, ...]]) -> None:
    day = Day()
    for action in script:
        day.play(action)
        for market in day.exchange.markets.values():
            worst = worst_by_trying(market)
            has_target = any(bet.bet_target_type and bet.pennies_remaining for bet in market.bets.values())
            assert market.worst_units() <= worst
            # A target may reserve a little more: the size that its lay grows to is not known.
            assert has_target or market.worst_units() == worst
        assert day.exchange.account.exposure <= 0


@given(SCRIPTS, st.data())
def test_money_is_conserved_and_exposure_covers_every_loss(script: list[tuple[Any, ...]], data: st.DataObject) -> None:
    day = played(script)
    exchange = day.exchange
    before, worst = exchange.account.balance, {key: market.worst_units() for key, market in exchange.markets.items()}
    net = commission = Decimal(0)
    for market_id, market in exchange.markets.items():
        left = [runner.selection_id for runner in market.definition.active_runners]
        places = market.definition.number_of_winners
        count = data.draw(st.integers(min(places, len(left)), len(left)))
        finishers = tuple(data.draw(st.permutations(left)))[:count]
        exchange.apply(Settle(exchange.now, market_id, finishers))
        assert market.net is not None
        assert market.commission is not None
        others = sum((day.profit_of_others(bet, finishers, places) for bet in market.bets.values()), Decimal(0))
        assert market.net + others == 0
        assert market.net >= Decimal(worst[market_id]).scaleb(-4) - Decimal("0.005") * len(market.bets)
        assert market.commission >= 0
        net, commission = net + market.net, commission + market.commission
    # What we got, the others lost, less what the commission took.
    assert exchange.account.balance == before + net - commission
    assert exchange.account.commission == commission
    assert exchange.account.exposure == 0


@given(SCRIPTS)
def test_a_removal_adjusts_each_market_once(script: list[tuple[Any, ...]]) -> None:
    day = played(script)
    for bet in day.exchange.bets.values():
        adjusted = [(one.selection_id, one.size, one.new_price) for one in bet.adjustments]
        per_runner = {selection_id: 0 for selection_id, _, _ in adjusted}
        for selection_id, _, _ in adjusted:
            per_runner[selection_id] += 1
        assert all(count <= len(bet.matches) for count in per_runner.values())
        assert [(match.price_now, match.pennies) for match in bet.matches] == [
            (price, pennies) for price, pennies in day.mirror.get(bet.bet_id, [])
        ]


def share_of(selection_id: int, finishers: tuple[int, ...], places: int) -> Fraction:
    """The part of a stake that wins: those who came home with a place free win, those who tie share the last one."""
    if selection_id not in finishers:
        return Fraction(0)
    tied = len(finishers) - places + 1
    return Fraction(1) if tied <= 1 or finishers.index(selection_id) < places - 1 else Fraction(1, tied)


def reduced(price: Decimal, factor: Decimal, market_id: str) -> Decimal:
    """The exchange's rule once more, in its own words: on the price in WIN, on the winnings in PLACE."""
    if market_id == WIN and factor < Decimal("2.5"):
        return price
    part = Fraction(100 - factor) / 100
    exact = Fraction(price) * part if market_id == WIN else 1 + Fraction(price - 1) * part
    return max(Decimal("1.01"), Decimal(int(exact * 100 + Fraction(1, 2))).scaleb(-2))
