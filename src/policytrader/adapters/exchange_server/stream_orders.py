"""Orders on the stream: the account's bets and positions, and the images and deltas that a subscription is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.adapters.exchange_server.stream_cells import Cells
from policytrader.adapters.exchange_server.stream_definition import is_closed
from policytrader.model.bets import OrderType, Persistence
from policytrader.model.snapshot import OrderStatus, Side
from policytrader.model.times import EPOCH, microseconds_between

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from policytrader.adapters.exchange_server.stream_filters import OrderFilter
    from policytrader.simulation.bets import SimulatedBet
    from policytrader.simulation.exchange import Change, SimulatedExchange

_ORDER_TYPES = {OrderType.LIMIT: "L", OrderType.LIMIT_ON_CLOSE: "LOC", OrderType.MARKET_ON_CLOSE: "MOC"}
_PERSISTENCES = {Persistence.LAPSE: "L", Persistence.PERSIST: "P", Persistence.MARKET_ON_CLOSE: "MOC"}
_EXECUTABLE, _COMPLETE = "E", "EC"


class Position:
    """The account's bets on one runner (or those of one strategy): matched sizes by matched price."""

    __slots__ = ("backs", "lays")

    def __init__(self) -> None:
        self.backs: Cells[float, float] = Cells()
        self.lays: Cells[float, float] = Cells()

    def update(self, bets: list[SimulatedBet], step: int) -> bool:
        """Take the matched prices as they are now, after what removals did to them."""
        changes = [
            cells.update(_matched(bet for bet in bets if bet.side is side), step)
            for cells, side in ((self.backs, Side.BACK), (self.lays, Side.LAY))
        ]
        return any(changes)

    def since(self, step: int) -> dict[str, Any]:
        """What changed after ``step``: ``mb`` and ``ml``; size 0 takes a price away."""
        ladders = (("mb", self.backs), ("ml", self.lays))
        return {
            key: [[price, size or 0] for price, size in levels]
            for key, cells in ladders
            if (levels := cells.since(step))
        }


class RunnerOrders:
    """All bets on one runner of one market. ``created_at`` is the step of the first of them."""

    def __init__(self, created_at: int) -> None:
        self.created_at = self.changed_at = created_at
        self.bets: dict[str, SimulatedBet] = {}
        self.orders: dict[str, tuple[int, dict[str, Any]]] = {}
        self.overall = Position()
        self.strategies: dict[str, Position] = {}

    def update(self, bet_ids: Iterable[str], step: int) -> bool:
        """Take those bets as they are now."""
        is_changed = False
        for bet_id in bet_ids:
            _, before = self.orders.get(bet_id, (0, {}))
            order = _write_order(self.bets[bet_id])
            if order != before:
                self.orders[bet_id] = (step, order)
                is_changed = True
        bets = list(self.bets.values())
        is_changed |= self.overall.update(bets, step)
        for strategy in {bet.strategy_ref or "" for bet in bets}:
            own = [bet for bet in bets if (bet.strategy_ref or "") == strategy]
            is_changed |= self.strategies.setdefault(strategy, Position()).update(own, step)
        if is_changed:
            self.changed_at = step
        return is_changed

    def change_since(self, step: int, wanted: OrderFilter) -> dict[str, Any]:
        """The runner's part of a message: what changed after ``step``; empty when nothing did."""
        if self.changed_at <= step:
            return {}
        orders = [
            order
            for changed_at, order in self.orders.values()
            if changed_at > step and wanted.includes(order.get("rfs"))
        ]
        return self._write(orders, step, wanted)

    def image(self, wanted: OrderFilter) -> dict[str, Any]:
        """The whole runner: orders that can still match, and the position that all orders made."""
        orders = [
            order
            for _, order in self.orders.values()
            if order["status"] == _EXECUTABLE and wanted.includes(order.get("rfs"))
        ]
        return self._write(orders, -1, wanted)

    def _write(self, orders: list[dict[str, Any]], step: int, wanted: OrderFilter) -> dict[str, Any]:
        change: dict[str, Any] = {"uo": orders} if orders else {}
        is_image = step < 0
        if wanted.has_overall_position:
            change |= _held(self.overall.since(step), is_image=is_image)
        if wanted.has_strategy_positions:
            positions = {
                strategy: found
                for strategy, position in self.strategies.items()
                if wanted.includes(strategy) and (found := _held(position.since(step), is_image=is_image))
            }
            if positions:
                change["smc"] = positions
        return change


class MarketOrders:
    """All bets in one market."""

    def __init__(self) -> None:
        self.closed_at = 0
        self.runners: dict[int, RunnerOrders] = {}

    @property
    def created_at(self) -> int:
        """The step of the first bet."""
        return min((runner.created_at for runner in self.runners.values()), default=0)

    def change_since(self, market_id: str, step: int, wanted: OrderFilter) -> dict[str, Any] | None:
        """The market's part of a message: what changed after ``step``; None when nothing did."""
        change: dict[str, Any] = {"id": market_id}
        if self.closed_at:
            change["closed"] = True
        runners = []
        for selection_id, runner in self.runners.items():
            delta = runner.change_since(step, wanted)
            if delta:
                is_new = {"fullImage": True} if runner.created_at > step else {}
                runners.append({**is_new, "id": selection_id, **delta})
        if runners and self.created_at > step:
            change["fullImage"] = True
        if runners:
            change["orc"] = runners
        return change if runners or self.closed_at > step else None

    def image(self, market_id: str, wanted: OrderFilter) -> dict[str, Any] | None:
        """The whole market; None where the account holds nothing."""
        runners = [
            {"fullImage": True, "id": selection_id, **found}
            for selection_id, runner in self.runners.items()
            if (found := runner.image(wanted))
        ]
        closed = {"closed": True} if self.closed_at else {}
        return {"fullImage": True, "id": market_id, **closed, "orc": runners} if runners else None


class OrderJournal:
    """Every bet of the account, as last seen. Used under the host's lock only."""

    def __init__(self, exchange: SimulatedExchange, is_visible: Callable[[str], bool]) -> None:
        """``is_visible`` tells whether a bet is shown yet: a fault can keep it back for a while."""
        self.step = 0
        self.markets: dict[str, MarketOrders] = {}
        self._exchange = exchange
        self._is_visible = is_visible
        self._stale: dict[str, None] = dict.fromkeys(exchange.bets)
        self._redefined: set[str] = set()
        self._shown: set[str] = set()

    @property
    def is_waiting(self) -> bool:
        """Whether there is something to look at: changes, or bets that were not shown yet."""
        return bool(self._stale)

    def note(self, change: Change) -> None:
        """Remember which bets may have changed, to be looked at when somebody wants to know."""
        self._stale.update(dict.fromkeys(change.bets))
        if change.is_definition:
            self._redefined.add(change.market_id)

    def refresh(self, *, is_step_over: bool) -> None:
        """Look at everything that may have changed.

        A bet that is new waits until the step that made it is over: only then is it known whether it is shown at once.
        """
        step = self.step + 1
        is_changed = False
        hidden: dict[str, None] = {}
        groups: dict[tuple[str, int], list[SimulatedBet]] = {}
        for bet_id in self._stale:
            bet = self._exchange.bets[bet_id]
            if bet_id in self._shown or (is_step_over and self._is_visible(bet_id)):
                self._shown.add(bet_id)
                groups.setdefault((bet.market_id, bet.selection_id), []).append(bet)
            else:
                hidden[bet_id] = None
        for (market_id, selection_id), bets in groups.items():
            market = self.markets.setdefault(market_id, MarketOrders())
            runner = market.runners.setdefault(selection_id, RunnerOrders(step))
            runner.bets.update({bet.bet_id: bet for bet in bets})
            is_changed |= runner.update([bet.bet_id for bet in bets], step)
            self._redefined.add(market_id)
        is_changed |= self._close(step)
        self._stale, self._redefined = hidden, set()
        if is_changed:
            self.step = step

    def _close(self, step: int) -> bool:
        is_changed = False
        for market_id in self._redefined & self.markets.keys():
            orders = self.markets[market_id]
            if not orders.closed_at and is_closed(self._exchange.markets[market_id].definition):
                orders.closed_at, is_changed = step, True
        return is_changed


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970, as the stream counts time."""
    return microseconds_between(EPOCH, moment) // 1000


def _held(delta: dict[str, Any], *, is_image: bool) -> dict[str, Any]:
    """An image has no news of what is gone."""
    if not is_image:
        return delta
    held = {key: [level for level in levels if level[1]] for key, levels in delta.items()}
    return {key: levels for key, levels in held.items() if levels}


def _matched(bets: Iterable[SimulatedBet]) -> dict[float, float]:
    """Matched size by price, at the prices of today. What is void is no position."""
    pennies: dict[int, int] = {}
    for bet in bets:
        if bet.pennies_matched:
            for match in bet.matches:
                pennies[match.hundredths] = pennies.get(match.hundredths, 0) + match.pennies
    return {hundredths / 100: size / 100 for hundredths, size in pennies.items()}


def _write_order(bet: SimulatedBet) -> dict[str, Any]:
    """One order in the stream's names."""
    order: dict[str, Any] = {
        "id": bet.bet_id,
        "p": float(bet.price or 0),
        "s": bet.pennies / 100,
        "bsp": bet.liability_pennies / 100 or None,
        "side": "B" if bet.side is Side.BACK else "L",
        "status": _EXECUTABLE if bet.status is OrderStatus.EXECUTABLE else _COMPLETE,
        "pt": _PERSISTENCES[bet.persistence] if bet.persistence else None,
        "ot": _ORDER_TYPES[bet.order_type],
        "pd": milliseconds(bet.placed_at),
        "md": _milliseconds(bet.matched_at),
        "avp": None if bet.average_price_matched is None else float(bet.average_price_matched),
        "sm": bet.pennies_matched / 100,
        "sr": bet.pennies_remaining / 100,
        "sl": bet.pennies_lapsed / 100,
        "sc": bet.pennies_cancelled / 100,
        "sv": bet.pennies_voided / 100,
        "rac": "",
        "rc": "REG_GGC",
        "rfo": bet.order_ref or "",
        "rfs": bet.strategy_ref or "",
        "ld": _milliseconds(bet.lapsed_at),
        "lsrc": bet.lapse_code.value if bet.lapse_code else None,
        "cd": _milliseconds(bet.cancelled_at),
    }
    return {key: value for key, value in order.items() if value is not None}


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else milliseconds(moment)
