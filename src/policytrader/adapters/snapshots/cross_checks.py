"""What single cells cannot show: values that follow from others, keys that repeat, rows that disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.adapters.snapshots import codes
from policytrader.adapters.snapshots.problems import CellError, Problems, show
from policytrader.model.money import ZERO
from policytrader.model.snapshot import Market, MarketStatus, Order, OrderStatus, Runner, RunnerStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from policytrader.adapters.snapshots.rows import TableRows

_ONE_CASE = "Write it everywhere in the same letters."
_AGREE = "Correct one of the two."
_NONE = (0, None)


def complete_orders(orders: TableRows, problems: Problems) -> None:
    """Put in the remaining sizes that were left empty, and check what is matched against its size and average."""
    for index, order in orders.whole_rows():
        if problems.stop_if_full():
            return
        found = _find_order_fault(order)
        if found is not None:
            orders.add_problem(problems, index, *found)
        elif order.size_remaining is None:
            is_open = order.status is OrderStatus.EXECUTABLE
            orders.rows[index] = order._replace(size_remaining=order.size - order.size_matched if is_open else ZERO)


def _find_order_fault(order: Order) -> tuple[str, CellError] | None:
    if order.size_matched > order.size:
        message = f"{order.size_matched} is more than the order's size of {order.size}"
        return "size_matched", CellError(codes.DISAGREEING, message, _AGREE)
    is_open = order.status is OrderStatus.EXECUTABLE
    # A remaining size that is still empty follows from the other two.
    if is_open and order.size_matched + (order.size_remaining or ZERO) > order.size:
        message = f"{order.size_remaining} beside {order.size_matched} matched is more than the size of {order.size}"
        return "size_remaining", CellError(codes.DISAGREEING, message, _AGREE)
    if order.size_matched > ZERO and order.average_price_matched is None and order.status is not OrderStatus.UNKNOWN:
        message = f"the cell is empty although {order.size_matched} is matched"
        return "average_price_matched", CellError(codes.MISSING_VALUE, message, "Say at which average price.")
    if order.size_matched == ZERO and order.average_price_matched is not None:
        message = f"an average of {order.average_price_matched.normalize():f} although nothing is matched"
        return "average_price_matched", CellError(
            codes.DISAGREEING, message, "Say how much in size_matched, or leave this empty."
        )
    return None


def check_across(tables: Mapping[str, TableRows], problems: Problems) -> None:
    """Check keys and references; a table that could not be read is left out of what is compared."""
    _refuse_other_case(tables, problems, "market_id", ("markets", "selections", "runners", "orders"))
    _refuse_other_case(tables, problems, "race_id", ("markets", "selections", "reference"))
    for name, check in _CHECKS.items():
        if name in tables:
            check(tables, problems)


def _check_selections(tables: Mapping[str, TableRows], problems: Problems) -> None:
    selections = tables["selections"]
    _refuse_repeated(selections, problems, "selection_ref", lambda row: row.selection_ref, "selection_ref")
    _refuse_repeated(
        selections,
        problems,
        "selection_id",
        lambda row: (row.market_id, row.selection_id, row.side),
        "market, runner and side",
    )
    markets = _first_by(tables, "markets", lambda row: row.market_id)
    captures = _first_by(tables, "reference", lambda row: row.capture_id)
    for index, row in selections.whole_rows():
        if problems.stop_if_full():
            return
        _, market = markets.get(row.market_id, _NONE)
        if market is not None and _differ(market.race_id, row.race_id):
            message = f"{row.race_id} is not the race of market {row.market_id}, which is {market.race_id}"
            selections.add_problem(problems, index, "race_id", CellError(codes.DISAGREEING, message, _AGREE))
        if market is not None and market.market_type is not row.market_type:
            message = f"market {row.market_id} is a {market.market_type} market, not {row.market_type}"
            selections.add_problem(problems, index, "market_type", CellError(codes.DISAGREEING, message, _AGREE))
        _, capture = captures.get(row.capture_id, _NONE)
        if capture is not None and _differ(capture.race_id, row.race_id):
            message = f"capture {row.capture_id} is of race {capture.race_id}, not {row.race_id}"
            selections.add_problem(problems, index, "capture_id", CellError(codes.DISAGREEING, message, _AGREE))


def _check_reference(tables: Mapping[str, TableRows], problems: Problems) -> None:
    reference = tables["reference"]
    _refuse_repeated(
        reference, problems, "selection_id", lambda row: (row.capture_id, row.selection_id), "capture and runner"
    )
    first = _first_by(tables, "reference", lambda row: row.capture_id)
    for index, row in reference.whole_rows():
        if problems.stop_if_full():
            return
        first_index, model = first[row.capture_id]
        for column in ("race_id", "captured_at", "number_of_runners"):
            if _differ(getattr(row, column), getattr(model, column)):
                where = reference.source.name_row(reference.source.row_numbers[first_index])
                message = f"another value than in {where} of the same capture"
                reference.add_problem(
                    problems, index, column, CellError(codes.DISAGREEING, message, "A capture has one for all.")
                )


def _check_markets(tables: Mapping[str, TableRows], problems: Problems) -> None:
    _refuse_repeated(tables["markets"], problems, "market_id", lambda row: row.market_id, "market_id")


def _check_runners(tables: Mapping[str, TableRows], problems: Problems) -> None:
    runners = tables["runners"]
    _refuse_repeated(
        runners, problems, "selection_id", lambda row: (row.market_id, row.selection_id), "market and runner"
    )
    markets = _first_by(tables, "markets", lambda row: row.market_id)
    # A market whose row is broken is listed all the same: its own problem is told there.
    ids = {row.market_id for row in tables["markets"].rows} if "markets" in tables else {None}
    is_complete = None not in ids and tables["markets"].source.complete
    listed = {one.casefold() for one in ids if one is not None}
    for index, row in runners.whole_rows():
        if problems.stop_if_full():
            return
        if is_complete and row.market_id.casefold() not in listed:
            message = f"market {row.market_id} is not listed in markets"
            runners.add_problem(
                problems, index, "market_id", CellError(codes.DISAGREEING, message, "List it there, or correct it.")
            )
        if _is_crossed(row, markets.get(row.market_id, _NONE)[1]):
            message = f"the book is crossed: best_back {row.best_back} is not below best_lay {row.best_lay}"
            remedy = "Back and lay may be swapped, or the two were read at different moments."
            runners.add_problem(problems, index, "best_lay", CellError(codes.CROSSED_BOOK, message, remedy))


def _is_crossed(runner: Runner, market: Market | None) -> bool:
    """Whether somebody would give more than somebody asks, in a market that could be bet in."""
    if runner.best_back is None or runner.best_lay is None or runner.best_back < runner.best_lay:
        return False
    # A missing status forbids nothing by itself, so it excuses nothing. A market that is not there is told elsewhere.
    may_run = runner.status in {RunnerStatus.ACTIVE, None}
    return may_run and market is not None and market.status in {MarketStatus.OPEN, None}


def _check_orders(tables: Mapping[str, TableRows], problems: Problems) -> None:
    _refuse_repeated(tables["orders"], problems, "order_ref", lambda row: row.order_ref, "order_ref")


def _differ(one: object, other: object) -> bool:
    """Whether two values differ in more than the case of letters, which is told for all tables at once."""
    if isinstance(one, str) and isinstance(other, str):
        return one.casefold() != other.casefold()
    return one != other


def _refuse_other_case(
    tables: Mapping[str, TableRows], problems: Problems, column: str, names: tuple[str, ...]
) -> None:
    """Refuse an identifier that another row or table writes in other letters.

    Were "m1" and "M1" two markets, one position would have two caps, and an order would escape both.
    """
    spelled: dict[str, str] = {}
    for name in names:
        found = tables.get(name)
        if found is None:
            continue
        for index, row in found.whole_rows():
            value = getattr(row, column)
            other = spelled.setdefault(value.casefold(), value)
            if other != value:
                message = f"{show(value)} differs from {show(other)} only in case"
                found.add_problem(problems, index, column, CellError(codes.DISAGREEING, message, _ONE_CASE))
                if problems.stop_if_full():
                    return


def _refuse_repeated(
    found: TableRows, problems: Problems, column: str, key: Callable[[Any], object], words: str
) -> None:
    """Refuse the second row of the same ``key``, at ``column``; a key of None is no key."""
    first: dict[object, int] = {}
    for index, row in found.whole_rows():
        value = key(row)
        if value is None:
            continue
        other = first.setdefault(value, index)
        if other != index:
            where = found.source.name_row(found.source.row_numbers[other])
            error = CellError(codes.REPEATED, f"the same {words} as in {where}", "Delete one of the two rows.")
            found.add_problem(problems, index, column, error)
            if problems.stop_if_full():
                return


def _whole_rows(tables: Mapping[str, TableRows], name: str) -> list[tuple[int, Any]]:
    return tables[name].whole_rows() if name in tables else []


def _first_by(tables: Mapping[str, TableRows], name: str, key: Callable[[Any], str]) -> dict[str, tuple[int, Any]]:
    """The first whole row of each key, with its index."""
    first: dict[str, tuple[int, Any]] = {}
    for index, row in _whole_rows(tables, name):
        first.setdefault(key(row), (index, row))
    return first


_CHECKS: dict[str, Callable[[Mapping[str, TableRows], Problems], None]] = {
    "selections": _check_selections,
    "reference": _check_reference,
    "markets": _check_markets,
    "runners": _check_runners,
    "orders": _check_orders,
}
