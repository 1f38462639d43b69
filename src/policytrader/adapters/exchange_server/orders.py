"""The operations on orders: place, cancel, replace, update. Their form is checked here; the exchange has the rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from policytrader.adapters.exchange_server import order_forms
from policytrader.adapters.exchange_server.api_errors import refuse_input
from policytrader.model.bets import BetTarget, OrderType, Persistence
from policytrader.model.money import ZERO
from policytrader.model.snapshot import Side
from policytrader.simulation.reports import (
    CancelInstruction,
    PlaceInstruction,
    ReplaceInstruction,
    UpdateInstruction,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from policytrader.adapters.exchange_server.host import Host
    from policytrader.adapters.exchange_server.wire import Fields

MAX_REFERENCE, MAX_STRATEGY_REFERENCE = 32, 15
_REFERENCE = re.compile(r"[A-Za-z0-9:\-._+*;~]*")
_MARKET_ID = re.compile(r"\d{1,3}\.\d{1,15}")


class TimeInForce(StrEnum):
    """How long an order stands."""

    FILL_OR_KILL = "FILL_OR_KILL"


@dataclass(frozen=True, slots=True)
class OrderCall:
    """A request on orders whose form is right: ``run`` processes it, ``timeout`` is what a TIMEOUT answers instead."""

    instructions: int
    run: Callable[[], dict[str, Any]]
    timeout: Callable[[], dict[str, Any]]


def place_orders(host: Host, fields: Fields) -> OrderCall:
    """``placeOrders``: orders in one market."""
    market_id = _market_id(fields)
    instructions = [_place_instruction(part) for part in _instructions(fields)]
    customer_ref = _reference(fields, "customerRef", MAX_REFERENCE)
    strategy_ref = _reference(fields, "customerStrategyRef", MAX_STRATEGY_REFERENCE)
    version = _market_version(fields)
    as_async = fields.flag("async")

    def run() -> dict[str, Any]:
        report = host.exchange.place(
            market_id,
            instructions,
            customer_ref=customer_ref,
            market_version=version,
            strategy_ref=strategy_ref,
            as_async=as_async,
        )
        return order_forms.place_report(report)

    def timeout() -> dict[str, Any]:
        parts = [
            {"status": order_forms.TIMEOUT, "instruction": order_forms.place_instruction(one)} for one in instructions
        ]
        return order_forms.timeout_report(market_id, customer_ref, parts)

    return OrderCall(len(instructions), run, timeout)


def cancel_orders(host: Host, fields: Fields) -> OrderCall:
    """``cancelOrders``: bets of one market, a whole market, or without any market every bet of the account."""
    market_id = _market_id(fields) if fields.has("marketId") else None
    parts = _instructions(fields) if fields.has("instructions") else []
    if parts and market_id is None:
        refuse_input("instructions need their marketId")
    instructions = [
        CancelInstruction(part.require("betId", part.text("betId")), part.number("sizeReduction")) for part in parts
    ]
    customer_ref = _reference(fields, "customerRef", MAX_REFERENCE)

    def run() -> dict[str, Any]:
        report = host.exchange.cancel(market_id, instructions, customer_ref=customer_ref)
        return order_forms.cancel_report(report)

    def timeout() -> dict[str, Any]:
        told = [
            {"status": order_forms.TIMEOUT, "instruction": order_forms.cancel_instruction(one)} for one in instructions
        ]
        return order_forms.timeout_report(market_id, customer_ref, told)

    return OrderCall(len(instructions), run, timeout)


def replace_orders(host: Host, fields: Fields) -> OrderCall:
    """``replaceOrders``: cancel, then place anew at another price; the cancellation is not taken back."""
    market_id = _market_id(fields)
    instructions = [
        ReplaceInstruction(part.require("betId", part.text("betId")), part.require("newPrice", part.number("newPrice")))
        for part in _instructions(fields)
    ]
    customer_ref = _reference(fields, "customerRef", MAX_REFERENCE)
    version = _market_version(fields)
    fields.flag("async")

    def run() -> dict[str, Any]:
        report = host.exchange.replace(market_id, instructions, customer_ref=customer_ref, market_version=version)
        return order_forms.replace_report(report)

    def timeout() -> dict[str, Any]:
        parts = [order_forms.replace_timeout(one) for one in instructions]
        return order_forms.timeout_report(market_id, customer_ref, parts)

    return OrderCall(len(instructions), run, timeout)


def update_orders(host: Host, fields: Fields) -> OrderCall:
    """``updateOrders``: what becomes of unmatched bets when the market turns in-play."""
    market_id = _market_id(fields)
    instructions = [
        UpdateInstruction(
            part.require("betId", part.text("betId")),
            part.require("newPersistenceType", part.choice("newPersistenceType", Persistence)),
        )
        for part in _instructions(fields)
    ]
    customer_ref = _reference(fields, "customerRef", MAX_REFERENCE)

    def run() -> dict[str, Any]:
        report = host.exchange.update(market_id, instructions, customer_ref=customer_ref)
        return order_forms.update_report(report)

    def timeout() -> dict[str, Any]:
        told = [
            {"status": order_forms.TIMEOUT, "instruction": order_forms.update_instruction(one)} for one in instructions
        ]
        return order_forms.timeout_report(market_id, customer_ref, told)

    return OrderCall(len(instructions), run, timeout)


def _market_id(fields: Fields) -> str:
    market_id = fields.require("marketId", fields.text("marketId"))
    if not _MARKET_ID.fullmatch(market_id):
        refuse_input("market id passed is invalid")
    return market_id


def _instructions(fields: Fields) -> list[Fields]:
    return fields.require("instructions", fields.parts("instructions"))


def _reference(fields: Fields, name: str, longest: int) -> str | None:
    reference = fields.text(name)
    if reference is None or reference == "":
        return None
    if len(reference) > longest:
        refuse_input(f"The {name} is too long ({longest} character limit)")
    if not _REFERENCE.fullmatch(reference):
        fields.refuse(name, "has characters other than A-Z a-z 0-9 : - . _ + * ; ~")
    return reference


def _market_version(fields: Fields) -> int | None:
    part = fields.part("marketVersion")
    return None if part is None else part.whole("version")


def _place_instruction(part: Fields) -> PlaceInstruction:
    selection_id = part.require("selectionId", part.whole("selectionId"))
    side = part.require("side", part.choice("side", Side))
    order_type = part.require("orderType", part.choice("orderType", OrderType))
    handicap = part.number("handicap") or ZERO
    order_ref = part.text("customerOrderRef")
    match order_type:
        case OrderType.LIMIT:
            limit = part.require("limitOrder", part.part("limitOrder"))
            return PlaceInstruction(
                selection_id,
                side,
                order_type,
                handicap=handicap,
                size=limit.number("size"),
                price=limit.require("price", limit.number("price")),
                persistence=limit.choice("persistenceType", Persistence),
                time_in_force="FILL_OR_KILL" if limit.choice("timeInForce", TimeInForce) else None,
                min_fill_size=limit.number("minFillSize"),
                bet_target_type=limit.choice("betTargetType", BetTarget),
                bet_target_size=limit.number("betTargetSize"),
                order_ref=order_ref,
            )
        case OrderType.LIMIT_ON_CLOSE:
            on_close = part.require("limitOnCloseOrder", part.part("limitOnCloseOrder"))
            return PlaceInstruction(
                selection_id,
                side,
                order_type,
                handicap=handicap,
                price=on_close.require("price", on_close.number("price")),
                liability=on_close.require("liability", on_close.number("liability")),
                order_ref=order_ref,
            )
        case OrderType.MARKET_ON_CLOSE:
            on_close = part.require("marketOnCloseOrder", part.part("marketOnCloseOrder"))
            return PlaceInstruction(
                selection_id,
                side,
                order_type,
                handicap=handicap,
                liability=on_close.require("liability", on_close.number("liability")),
                order_ref=order_ref,
            )
