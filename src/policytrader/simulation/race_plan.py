"""What happens to a generated race beside prices: withdrawals, suspensions, a later start, the off.

Drawn before the day begins, from what was measured on recordings: a race goes off 52 s late in the median, 211 s at the
95th percentile, never early here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policytrader.simulation.race_chance import Chance

MINUTE = 60_000
"""Milliseconds; all times of a plan are milliseconds after the start of the day."""

_LATE_SECONDS = ((0.0, 4.0), (0.05, 19.0), (0.5, 52.0), (0.95, 211.0), (0.99, 420.0), (1.0, 713.0))
_BETWEEN_ACTS = 3 * MINUTE
_LAST_ACT = 90_000  # before the scheduled off
_SHORT_CHANCE = 0.14
_FEWEST_LEFT = 5


class Withdrawals(Enum):
    """What a race must show; ANY leaves it to chance."""

    ANY = "any"
    ONE = "one"
    SHORT_PRICE = "short price"


class Withdrawal(NamedTuple):
    """The runner at ``card_index`` on the card is withdrawn."""

    at: int
    card_index: int


class Interruption(NamedTuple):
    """Both markets are suspended for a while, and nothing comes of it."""

    at: int
    until: int


class LaterStart(NamedTuple):
    """The scheduled off is put back."""

    at: int
    start: int


Act = Withdrawal | Interruption | LaterStart


@dataclass(frozen=True, slots=True)
class Plan:
    """The acts in order of time, and when the race really goes off."""

    acts: tuple[Act, ...]
    off: int

    @property
    def withdrawals(self) -> tuple[Withdrawal, ...]:
        """The withdrawals in order of time."""
        return tuple(act for act in self.acts if isinstance(act, Withdrawal))


def plan_race(chance: Chance, start: int, chances: Sequence[float], wanted: Withdrawals) -> Plan:
    """Draw a race's plan. ``start`` in milliseconds, ``chances`` to win by runner."""
    acts: list[Act] = []
    for at, index in _withdrawals(chance, start, chances, wanted):
        _add(acts, Withdrawal(at, index), start)
    final_start = start
    if chance.happens(0.12):
        later = LaterStart(start - chance.whole(6, 45) * MINUTE, start + chance.whole(2, 10) * MINUTE)
        if _add(acts, later, start):
            final_start = later.start
    if chance.happens(0.25):
        at = start - chance.whole(3 * MINUTE, 150 * MINUTE)
        _add(acts, Interruption(at, at + chance.whole(900, 90_000)), start)
    off = final_start + int(chance.along(_LATE_SECONDS) * 1000)
    return Plan(tuple(sorted(acts, key=lambda act: act.at)), off)


def _add(acts: list[Act], act: Act, start: int) -> bool:
    """Add an act unless it comes too close to another or to the off."""
    is_free = act.at <= start - _LAST_ACT and all(abs(act.at - other.at) >= _BETWEEN_ACTS for other in acts)
    if is_free:
        acts.append(act)
    return is_free


def _withdrawals(chance: Chance, start: int, chances: Sequence[float], wanted: Withdrawals) -> list[tuple[int, int]]:
    """Times and runners. The first always fits: it is the first act of the plan."""
    if wanted is Withdrawals.SHORT_PRICE:
        short = [index for index, one in enumerate(chances) if one >= _SHORT_CHANCE]
        index = chance.pick(short) if short else max(range(len(chances)), key=chances.__getitem__)
        return [(start - chance.whole(20 * MINUTE, 110 * MINUTE), index)]
    if wanted is Withdrawals.ONE:
        count = 1
    else:
        spare = len(chances) - _FEWEST_LEFT
        count = min(max(0, spare), int(chance.happens(0.3)) + int(chance.happens(0.1)))
    # By lot, not by price: a horse goes lame whatever its chance.
    indices = chance.shuffled(range(len(chances)))[:count]
    return [(start - chance.whole(2 * MINUTE, 140 * MINUTE), index) for index in indices]
