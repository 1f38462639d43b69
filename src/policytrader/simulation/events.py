"""What happens in the world while the simulated exchange's time runs: a feed is an iterator of these, in order of time.

A recording tells whole definitions (``Redefine``); a generated race day tells acts (``Suspend``, ``Remove`` ...), so
that a person can interfere and the day goes on from what the market then is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from policytrader.simulation.definition import MarketDefinition


class Quote(NamedTuple):
    """New prices of one runner. Levels are (tick on the ladder, size in pennies); size 0 deletes a level.

    ``replaces`` says that ``back`` and ``lay`` are the whole ladders (of the others), else they are what changed; None
    leaves a side alone. ``back`` is what is available to back, ``lay`` what is available to lay. ``traded`` is the
    cumulative volume per tick, both sides counted as the exchange does, only the ticks that changed. ``near`` and
    ``far`` are the projected starting prices. ``is_repriced`` says that ``traded`` only moves volume to the prices that
    a removal reduced it to, as recordings show: nobody has traded.
    """

    at: datetime
    market_id: str
    selection_id: int
    back: tuple[tuple[int, int], ...] | None = None
    lay: tuple[tuple[int, int], ...] | None = None
    traded: tuple[tuple[int, int], ...] | None = None
    last_traded: Decimal | None = None
    replaces: bool = False
    near: Decimal | None = None
    far: Decimal | None = None
    is_repriced: bool = False


class Redefine(NamedTuple):
    """The market as a recording defines it from now on; also how a new market appears."""

    at: datetime
    definition: MarketDefinition


class Suspend(NamedTuple):
    """The market stops taking orders; ``is_new_version`` before a removal or the off."""

    at: datetime
    market_id: str
    is_new_version: bool = True


class Reopen(NamedTuple):
    """A suspended market takes orders again, with a newer version."""

    at: datetime
    market_id: str


class Remove(NamedTuple):
    """A runner is withdrawn from one (suspended) market. Without a ``factor`` the one that it carries counts."""

    at: datetime
    market_id: str
    selection_id: int
    factor: Decimal | None = None


class Reschedule(NamedTuple):
    """A new scheduled off; raises the version without rejecting orders."""

    at: datetime
    market_id: str
    start: datetime


class TurnInPlay(NamedTuple):
    """The off: starting prices are reconciled, orders lapse or persist, the market opens in play."""

    at: datetime
    market_id: str


class Settle(NamedTuple):
    """The result: the runners in the order they finished; those that are left in the market share its places."""

    at: datetime
    market_id: str
    finishers: tuple[int, ...]


Event = Quote | Redefine | Suspend | Reopen | Remove | Reschedule | TurnInPlay | Settle
