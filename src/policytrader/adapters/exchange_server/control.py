"""The control: one command per request, for people and tests that want something to happen in the exchange."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from policytrader.adapters.exchange_server.control_faults import read_faults
from policytrader.adapters.exchange_server.problems import ControlError
from policytrader.adapters.exchange_server.wire import parse_json
from policytrader.model.price import PRICES, TICK_OF
from policytrader.model.snapshot import MarketStatus, RunnerStatus
from policytrader.model.times import format_utc
from policytrader.simulation.events import Quote, Reopen, Settle, Suspend, TurnInPlay

if TYPE_CHECKING:
    from policytrader.adapters.exchange_server.host import Host
    from policytrader.simulation.market import Market

MAX_ADVANCE = timedelta(days=31)
MAX_LEVELS = len(PRICES)
_MAX_SIZE = Decimal("1e9")
_PENNIES = 2


def command(host: Host, body: bytes) -> dict[str, Any]:
    """Carry out one command. Raises ``PolicytraderError``: a sentence, and nothing has happened."""
    try:
        document = parse_json(body, are_keys_unique=True)
    except ValueError:
        _refuse("the body is not JSON, or names a key twice")
    if not isinstance(document, dict) or len(document) != 1:
        _refuse(f"give one object with one command of: {', '.join(COMMANDS)}")
    ((name, argument),) = document.items()
    if name not in COMMANDS:
        _refuse(f"no command `{name}`; the commands: {', '.join(COMMANDS)}")
    with host.lock:
        COMMANDS[name](host, argument)
        return {"now": format_utc(host.now())}


def _advance(host: Host, argument: Any) -> None:
    seconds = _number("advance", argument)
    if not 0 <= seconds <= MAX_ADVANCE.total_seconds():
        _refuse(f"`advance` takes 0 to {int(MAX_ADVANCE.total_seconds())} seconds, not {seconds}")
    host.advance(timedelta(microseconds=int(seconds * 1_000_000)))


def _suspend(host: Host, argument: Any) -> None:
    host.exchange.apply(Suspend(host.now(), _market(host, "suspend", argument).definition.market_id))


def _reopen(host: Host, argument: Any) -> None:
    host.exchange.apply(Reopen(host.now(), _market(host, "reopen", argument).definition.market_id))


def _turn_in_play(host: Host, argument: Any) -> None:
    host.exchange.apply(TurnInPlay(host.now(), _market(host, "turn_in_play", argument).definition.market_id))


def _remove(host: Host, argument: Any) -> None:
    parts = _object("remove", argument, {"market", "selection"}, {"factor"})
    market = _market(host, "remove.market", parts["market"])
    selection_id = _selection("remove.selection", parts["selection"], market)
    factor = None if parts.get("factor") is None else _number("remove.factor", parts["factor"])
    host.exchange.withdraw(market.definition.market_id, selection_id, factor)


def _settle(host: Host, argument: Any) -> None:
    parts = _object("settle", argument, {"market", "winners"})
    market = _market(host, "settle.market", parts["market"])
    winners = parts["winners"]
    if not isinstance(winners, list) or not winners:
        _refuse("`settle.winners` takes a list of at least one selection id")
    ids = tuple(_selection("settle.winners", one, market) for one in winners)
    for runner in market.definition.runners:
        if runner.selection_id in ids and runner.status is RunnerStatus.REMOVED:
            _refuse(
                f"runner {runner.selection_id} was removed from market {market.definition.market_id}: it cannot win"
            )
    host.exchange.apply(Settle(host.now(), market.definition.market_id, ids))


def _book(host: Host, argument: Any) -> None:
    parts = _object("book", argument, {"market", "selection"}, {"back", "lay", "traded"})
    market = _market(host, "book.market", parts["market"])
    selection_id = _selection("book.selection", parts["selection"], market)
    definition = market.definition
    if definition.status is MarketStatus.CLOSED:
        _refuse(f"market {definition.market_id} is closed: it has no prices")
    runner = market.runner(selection_id)
    if runner is not None and runner.status is RunnerStatus.REMOVED:
        _refuse(f"runner {selection_id} was removed from market {definition.market_id}: it has no prices")
    back, lay, traded = (_levels(f"book.{name}", parts.get(name)) for name in ("back", "lay", "traded"))
    if back is None and lay is None and traded is None:
        _refuse("`book` takes at least one of back, lay and traded")
    if back and lay and max(back)[0] >= min(lay)[0]:
        _refuse("the best price to back must be lower than the best price to lay: these would have matched")
    host.exchange.apply(
        Quote(
            host.now(),
            definition.market_id,
            selection_id,
            back=back,
            lay=lay,
            traded=traded,
            last_traded=PRICES[traded[-1][0]] if traded else None,
            replaces=True,
        )
    )


def _faults(host: Host, argument: Any) -> None:
    host.faults.ask(read_faults(argument))


COMMANDS = {
    "advance": _advance,
    "suspend": _suspend,
    "reopen": _reopen,
    "remove": _remove,
    "turn_in_play": _turn_in_play,
    "settle": _settle,
    "book": _book,
    "faults": _faults,
}
"""Every command, by its name."""


def _refuse(sentence: str) -> NoReturn:
    raise ControlError(sentence)


def _number(name: str, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        _refuse(f"`{name}` takes a number")
    number = Decimal(value)
    if not number.is_finite() or abs(number) > _MAX_SIZE:
        _refuse(f"`{name}` takes a finite number of ordinary size")
    return number


def _object(name: str, value: Any, needed: set[str], optional: set[str] | None = None) -> dict[str, Any]:
    known = needed | (optional or set())
    if not isinstance(value, dict) or not needed <= value.keys() <= known:
        may = f", and may have {', '.join(sorted(optional))}" if optional else ""
        wrong = sorted(set(value) - known) if isinstance(value, dict) else ()
        not_known = f"; there is no {', '.join(f'`{key}`' for key in wrong)}" if wrong else ""
        _refuse(f"`{name}` takes an object with {', '.join(sorted(needed))}{may}{not_known}")
    return value


def _market(host: Host, name: str, value: Any) -> Market:
    market = host.exchange.markets.get(value) if isinstance(value, str) else None
    if market is None:
        _refuse(f'`{name}` takes the id of a market, such as "1.100000001"; there is no market {value}')
    return market


def _selection(name: str, value: Any, market: Market) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        _refuse(f"`{name}` takes a selection id as a whole number, without quotes")
    if value not in market.books:
        _refuse(f"`{name}`: there is no runner {value} in market {market.definition.market_id}")
    return value


def _levels(name: str, value: Any) -> tuple[tuple[int, int], ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > MAX_LEVELS:
        _refuse(f"`{name}` takes a list of [price, size]")
    levels: dict[int, int] = {}
    for level in value:
        if not isinstance(level, list) or len(level) != _PENNIES:
            _refuse(f"`{name}` takes a list of [price, size]")
        price, size = (_number(name, one) for one in level)
        tick = TICK_OF.get(price)
        if tick is None:
            _refuse(f"`{name}`: {price} is not a price of the ladder")
        pennies = size.scaleb(_PENNIES)
        if size < 0 or pennies != pennies.to_integral_value():
            _refuse(f"`{name}`: {size} is not a size in pounds and pence")
        if tick in levels:
            _refuse(f"`{name}` has the price {price} twice")
        levels[tick] = int(pennies)
    return tuple(levels.items())
