"""One generated race from the morning to its result, as events."""

from __future__ import annotations

from datetime import timedelta
from math import fsum, sqrt
from typing import TYPE_CHECKING

from policytrader.model.price import PRICES
from policytrader.simulation.events import (
    Event,
    Quote,
    Remove,
    Reopen,
    Reschedule,
    Settle,
    Suspend,
    TurnInPlay,
)
from policytrader.simulation.race_chance import Chance, interpolated
from policytrader.simulation.race_plan import MINUTE, Act, Interruption, LaterStart, Withdrawal
from policytrader.simulation.race_prices import Mood, Move, RunnerPrices, place_chances

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from datetime import datetime

    from policytrader.simulation.definition import MarketDefinition
    from policytrader.simulation.race_card import Race

_HOUR = 60 * MINUTE
# How long a runner keeps its price (milliseconds), and how thick the market is, by time to the off.
_PACE = (
    (0, 8_000),
    (10 * MINUTE, 10_000),
    (30 * MINUTE, 60_000),
    (_HOUR, 150_000),
    (3 * _HOUR, 700_000),
    (8 * _HOUR, 1_100_000),
)
_THICKNESS = ((0, 1.0), (5 * MINUTE, 0.85), (20 * MINUTE, 0.6), (_HOUR, 0.4), (3 * _HOUR, 0.2), (10 * _HOUR, 0.05))
_MOVES = 0.6
"""The part of the runners that move at each step."""

_MONEY = {"WIN": 110_000.0, "PLACE": 28_000.0}
"""What stands at the best price of an even chance at the off, in pennies, about half."""
_BIG_FACTOR = {"WIN": 2.5, "PLACE": 4.0}
"""From here on a removal cancels unmatched lays (``docs/exchange-rules.md`` section 6)."""

_LEAST, _MOST = 0.0015, 0.985
_WIDEST_DRIFT = (0.45, 2.2)
_IN_PLAY_STEPS = 28
_FINISHES = (0.93, 0.05, 0.015, 0.004)
"""Chances to win at the line by place, so that prices there tell the result."""


class _Market:
    """One of the two markets of the race, with its runners' prices in the order of the card."""

    def __init__(self, definition: MarketDefinition, seed: int, number: int) -> None:
        self.market_id = definition.market_id
        self.factors = [float(runner.adjustment_factor or 0) for runner in definition.runners]
        self.big_factor = _BIG_FACTOR[definition.market_type]
        money = _MONEY[definition.market_type]
        chance = Chance("race prices", seed, number, definition.market_type)
        self.prices = [RunnerPrices(chance, money) for _ in definition.runners]
        self.no_backs_until = 0


class Timeline:
    """The events of one race. Made for one passage: it remembers prices."""

    def __init__(self, seed: int, race: Race, now: datetime) -> None:
        self._race = race
        self._now = now
        self._chance = Chance("race timeline", seed, race.number)
        self._selections = [runner.selection_id for runner in race.win.runners]
        self._places = race.place.number_of_winners
        self._opening = race.chances
        self._weights = list(race.chances)
        self._markets = (_Market(race.win, seed, race.number), _Market(race.place, seed, race.number))
        self._win: list[float] = []
        self._placed: list[float] = []

    def events(self) -> Iterator[Event]:
        """All of them in order of time; the first are one quote of each runner at the start of the day."""
        plan = self._race.plan
        self._price()
        yield from self._opening_quotes()
        clock = 1
        for act in plan.acts:
            yield from self._before_off(clock, act.at)
            clock = yield from self._act(act)
        yield from self._before_off(clock, plan.off)
        yield from self._run()

    # --- Before the off ---------------------------------------------------------------------------------------------

    def _before_off(self, begin: int, end: int) -> Iterator[Event]:
        """Quotes from ``begin`` until before ``end``."""
        chance, off = self._chance, self._race.plan.off
        clock = begin
        while True:
            step = int(interpolated(_PACE, off - clock) * _MOVES * (0.6 + 0.8 * chance.draw()))
            if clock + step >= end:
                return
            thickness = interpolated(_THICKNESS, off - clock)
            self._drift(thickness, step)
            yield from self._quotes(clock, step, thickness)
            clock += step

    def _drift(self, thickness: float, step: int) -> None:
        """A step of each chance's random walk: faster as the money comes."""
        spread = (0.001 + 0.0035 * thickness * thickness) * sqrt(step / 1000.0)
        bell = self._chance.bell
        low, high = _WIDEST_DRIFT
        for index, weight in enumerate(self._weights):
            if weight > 0:
                opening = self._opening[index]
                self._weights[index] = max(low * opening, min(high * opening, weight * (1.0 + spread * bell())))
        self._price()

    def _price(self) -> None:
        total = fsum(self._weights)
        self._win = [weight / total for weight in self._weights]
        self._placed = place_chances(self._win, self._places)

    def _quotes(self, begin: int, length: int, thickness: float, *, is_in_play: bool = False) -> Iterator[Quote]:
        """Some runners of both markets move, one after the other, within ``length`` milliseconds."""
        chance = self._chance
        draw = chance.draw
        moving = [
            (market, index)
            for market in self._markets
            for index, weight in enumerate(self._weights)
            if weight > 0 and draw() < _MOVES
        ]
        times = sorted(begin + int(length * draw()) for _ in moving)
        for at, (market, index) in zip(times, chance.shuffled(moving), strict=True):
            mood = Mood(thickness, has_back=at >= market.no_backs_until, is_in_play=is_in_play)
            probability = self._chances(market)[index]
            yield self._quote(at, market, index, market.prices[index].move(_within(probability), mood))

    def _opening_quotes(self) -> Iterator[Quote]:
        mood = Mood(interpolated(_THICKNESS, self._race.plan.off))
        for market in self._markets:
            for index, probability in enumerate(self._chances(market)):
                yield self._quote(0, market, index, market.prices[index].open(_within(probability), mood))

    def _quote(self, at: int, market: _Market, index: int, move: Move) -> Quote:
        return Quote(
            at=self._time(at),
            market_id=market.market_id,
            selection_id=self._selections[index],
            back=move.back,
            lay=move.lay,
            traded=move.traded or None,
            last_traded=None if move.last is None else PRICES[move.last],
            replaces=True,
            near=move.near,
            far=move.far,
        )

    def _chances(self, market: _Market) -> list[float]:
        return self._win if market is self._markets[0] else self._placed

    def _time(self, at: int) -> datetime:
        return self._now + timedelta(milliseconds=at)

    # --- Acts -------------------------------------------------------------------------------------------------------

    def _act(self, act: Act) -> Generator[Event, None, int]:
        """The act's events; returns when it is over."""
        match act:
            case Withdrawal():
                return (yield from self._withdraw(act))
            case Interruption(at, until):
                for market in self._markets:
                    yield Suspend(self._time(at), market.market_id)
                for market in self._markets:
                    yield Reopen(self._time(until), market.market_id)
                return until + 1
            case LaterStart(at, start):
                # At one instant: both markets of a race always have one start.
                for market in self._markets:
                    yield Reschedule(self._time(at), market.market_id, self._time(start))
                return at + 1

    def _withdraw(self, act: Withdrawal) -> Generator[Event, None, int]:
        """As recorded: suspended with a new version, removed, open again after 0.3 to 1.3 s."""
        chance, selection_id = self._chance, self._selections[act.card_index]
        self._weights[act.card_index] = 0.0
        events: list[Event] = []
        for market in self._markets:
            suspended = act.at + chance.whole(0, 20)
            removed = suspended + chance.whole(270, 720)
            reopened = removed + chance.whole(30, 520)
            events += [
                Suspend(self._time(suspended), market.market_id),
                Remove(self._time(removed), market.market_id, selection_id),
                Reopen(self._time(reopened), market.market_id),
            ]
        over = act.at + 1300
        yield from sorted(events, key=lambda event: event.at)
        for market in self._markets:
            if market.factors[act.card_index] >= market.big_factor:
                most = max(0, self._race.plan.off - over) * 6 // 10
                market.no_backs_until = over + min(most, chance.whole(4 * MINUTE, 16 * MINUTE))
                yield from self._without_backs(market, over)
        self._price()
        return over + 1

    def _without_backs(self, market: _Market, at: int) -> Iterator[Quote]:
        """Unmatched lays are cancelled: nothing to back, while the lay side stays as it was."""
        for index, weight in enumerate(self._weights):
            if weight > 0:
                probability = self._chances(market)[index]
                yield self._quote(at, market, index, market.prices[index].cancel_backs(_within(probability)))

    # --- The race ---------------------------------------------------------------------------------------------------

    def _run(self) -> Iterator[Event]:
        """The off, prices in play, the finish and the result."""
        chance, off = self._chance, self._race.plan.off
        opened = off + chance.whole(350, 700)
        for market in self._markets:
            yield Suspend(self._time(off), market.market_id)
        for market in self._markets:
            yield TurnInPlay(self._time(opened), market.market_id)
        seconds = self._race.furlongs * (15 if self._race.is_over_jumps else 12.5) * chance.between(0.96, 1.06)
        finish = opened + int(seconds * 1000)
        order = self._finishing_order()
        yield from self._in_play(opened + 200, finish, order)
        for market in self._markets:
            yield Suspend(self._time(finish), market.market_id)
        settled = finish + chance.whole(90_000, 6 * MINUTE)
        finishers = tuple(self._selections[index] for index in order)
        for market in self._markets:
            yield Settle(self._time(settled), market.market_id, finishers)
            settled += chance.whole(1_000, 20_000)

    def _finishing_order(self) -> list[int]:
        """Winner by chance, then the next by what is left, to the last."""
        left = list(self._win)
        order = []
        for _ in range(sum(one > 0 for one in left)):
            index = self._chance.weighted(left)
            left[index] = 0.0
            order.append(index)
        return order

    def _in_play(self, begin: int, finish: int, order: list[int]) -> Iterator[Event]:
        """Prices run from the market's opinion to the result."""
        chance = self._chance
        step = (finish - begin) // _IN_PLAY_STEPS
        opinion = list(self._weights)
        places = {index: place for place, index in enumerate(order)}
        for number in range(_IN_PLAY_STEPS):
            done = (number + 1) / _IN_PLAY_STEPS
            known = 0.98 * done * done * done
            for index, weight in enumerate(opinion):
                opinion[index] = max(0.2 * weight, weight * (1.0 + 0.2 * chance.bell()))
            self._weights = opinion
            self._price()
            for index, place in places.items():
                at_line = _FINISHES[place] if place < len(_FINISHES) else 0.0
                self._win[index] += known * (at_line - self._win[index])
                self._placed[index] += known * ((place < self._places) - self._placed[index])
            yield from self._quotes(begin + number * step, step, 0.45, is_in_play=True)


def _within(probability: float) -> float:
    """A chance that the ladder's prices can tell."""
    return min(_MOST, max(_LEAST, probability))
