"""What is asked of every order and cancel before anything is sent: a wrong one is a defect of the caller.

The client library sends NaN, 0.30000000000000004, a size of 1e9 and an empty cancel (which cancels everything) without
complaint, so every implementation of the Exchange port asks here first.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, NoReturn

from policytrader.model.money import PENNY, ZERO, divide, floor_to_penny
from policytrader.model.price import is_on_ladder
from policytrader.model.snapshot import Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policytrader.model.orders import OrderRequest

REF_LENGTH = 32
STRATEGY_REF_LENGTH = 15
MAX_CANCELS = 60
"""Bets in one request to cancel."""
MAX_SIZE = Decimal(10_000_000)
"""Above anything that an account may hold; what is larger was computed wrongly."""

_VERSION_DIGITS = 12
_MARKET_ID = re.compile(r"\d{1,4}\.\d{1,18}", re.ASCII)
_BET_ID = re.compile(r"\d{1,32}", re.ASCII)
_REF = re.compile(r"[A-Za-z0-9:\-._+*;~]+", re.ASCII)


def check_order(order: OrderRequest) -> None:
    """Raise ``ValueError`` for an order that must not reach the exchange."""
    _check_market_id(order.market_id)
    _check_whole("selection_id", order.selection_id, 1, 10**18)
    _check_whole("market_version", order.market_version, 0, 10**_VERSION_DIGITS - 1)
    if not isinstance(order.side, Side):
        _refuse("side", order.side, "BACK or LAY")
    _check_amount("price", order.price)
    if not is_on_ladder(order.price):
        _refuse("price", order.price, "one of the 350 prices of the ladder")
    _check_amount("size", order.size)
    if order.payout is not None:
        _check_amount("payout", order.payout)
        if floor_to_penny(divide(order.payout, order.price)) > order.size:
            _refuse("payout", order.payout, "at most size x price: the exchange works the size out from it")
    _check_ref("order_ref", order.order_ref, REF_LENGTH)
    _check_ref("request_ref", order.request_ref, REF_LENGTH)
    _check_ref("strategy_ref", order.strategy_ref, STRATEGY_REF_LENGTH)


def is_bet_id(text: str) -> bool:
    """Whether it could be the exchange's name of a bet: digits."""
    return _BET_ID.fullmatch(text) is not None


def check_cancel(market_id: str, bet_ids: Sequence[str], request_ref: str) -> None:
    """Raise ``ValueError`` for a cancel that does not name its market and its bets, each once."""
    _check_market_id(market_id)
    _check_ref("request_ref", request_ref, REF_LENGTH)
    if isinstance(bet_ids, str) or not bet_ids:
        _refuse("bet_ids", bet_ids, "a list of bets: the exchange takes none for all of them")
    for bet_id in bet_ids:
        if not is_bet_id(bet_id):
            _refuse("bet_id", bet_id, "digits")
    if len(set(bet_ids)) != len(bet_ids):
        _refuse("bet_ids", bet_ids, "each bet once")


def cancel_requests(bet_ids: Sequence[str], request_ref: str) -> list[tuple[list[str], str]]:
    """The requests that a cancel takes: bets, and a reference for each, or the exchange takes them for the same one."""
    requests = []
    for number, start in enumerate(range(0, len(bet_ids), MAX_CANCELS)):
        suffix = f"~{number}" if number else ""
        requests.append((list(bet_ids[start : start + MAX_CANCELS]), request_ref[: REF_LENGTH - len(suffix)] + suffix))
    return requests


def _check_market_id(market_id: object) -> None:
    if not isinstance(market_id, str) or not _MARKET_ID.fullmatch(market_id):
        _refuse("market_id", market_id, "an exchange's market id such as 1.234567890")


def _check_whole(field: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        _refuse(field, value, f"a whole number from {low} to {high}")


def _check_amount(field: str, value: object) -> None:
    if not isinstance(value, Decimal) or not value.is_finite() or not ZERO < value <= MAX_SIZE:
        _refuse(field, value, f"a Decimal above 0, at most {MAX_SIZE}")
    if value % PENNY:
        _refuse(field, value, "at most two decimals")


def _check_ref(field: str, value: object, length: int) -> None:
    if not isinstance(value, str) or not _REF.fullmatch(value) or len(value) > length:
        _refuse(field, value, f"1 to {length} letters, digits and : - . _ + * ; ~")


def _refuse(field: str, value: object, wanted: str) -> NoReturn:
    message = f"{field} is {value!r}; it must be {wanted}"
    raise ValueError(message)
