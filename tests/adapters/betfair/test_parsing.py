"""Broken answers: each field that is used, made wrong, is refused with its path; nothing else is ever raised."""

from __future__ import annotations

import copy
import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytrader.adapters.betfair import parsing
from policytrader.adapters.betfair.fields import Node, loads
from policytrader.errors import ExchangeError
from policytrader.model.snapshot import OrderStatus, RunnerStatus
from policytrader.ports import ClearedStatus
from tests.adapters.betfair.test_reads import bet, market

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = datetime(2026, 5, 2, tzinfo=UTC)

BOOK: dict[str, Any] = {
    "marketId": "1.234",
    "isMarketDataDelayed": False,
    "status": "OPEN",
    "betDelay": 0,
    "inplay": False,
    "numberOfWinners": 1,
    "version": 5,
    "runners": [
        {
            "selectionId": 11,
            "status": "ACTIVE",
            "adjustmentFactor": 12.5,
            "lastPriceTraded": 3.05,
            "ex": {
                "availableToBack": [{"price": 3.05, "size": 10.5}, {"price": 3.0, "size": 2}],
                "availableToLay": [{"price": 3.1, "size": 7}, {"price": 3.15, "size": 2}],
            },
            "sp": {"actualSP": "NaN"},
        },
        {"selectionId": 12, "status": "REMOVED", "removalDate": "2026-05-02T11:00:00.000Z", "adjustmentFactor": 8.37},
    ],
}
CLEARED: dict[str, Any] = {
    "betId": "7",
    "marketId": "1.234",
    "selectionId": 11,
    "side": "BACK",
    "placedDate": "2026-05-02T12:00:00.000Z",
    "settledDate": "2026-05-02T14:00:00.000Z",
    "betOutcome": "WON",
    "priceMatched": 3.05,
    "priceReduced": False,
    "sizeSettled": 2.0,
    "profit": 4.1,
    "customerOrderRef": "o-1",
}
SUMS: dict[str, Any] = {"marketId": "1.234", "profit": -4.1, "commission": 0, "betCount": 2}
FUNDS: dict[str, Any] = {"availableToBetBalance": 100.0, "exposure": -5.5, "exposureLimit": -5000.0}


def parse_book(value: Any) -> object:
    return parsing.parse_books([value], NOW)


CASES: dict[str, tuple[Callable[[Any], object], dict[str, Any]]] = {
    "book": (parse_book, BOOK),
    "catalogue": (lambda value: parsing.parse_catalogue([value]), market(1, NOW)),
    "bet": (lambda value: parsing.parse_bet(Node(value, "bet")), bet(7, sizeMatched=1.5, averagePriceMatched=3.05)),
    "cleared bet": (lambda value: parsing.parse_cleared_bet(Node(value, "row"), ClearedStatus.SETTLED), CLEARED),
    "cleared market": (lambda value: parsing.parse_cleared_market(Node(value, "row")), SUMS),
    "funds": (parsing.parse_funds, FUNDS),
}
# Fields of the examples that nobody uses, or whose text is free.
UNUSED = {"handicap", "name"}
FREE_TEXT = {
    "marketName",
    "runnerName",
    "venue",
    "countryCode",
    "type",
    "marketType",
    "betOutcome",
    "customerOrderRef",
}


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))
    else:
        yield path


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    result = copy.deepcopy(value)
    inner = result
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = new
    return result


USED = [
    (name, path)
    for name, (_, example) in CASES.items()
    for path in leaves(example)
    if path[-1] not in UNUSED and not (name == "catalogue" and path[:2] == ("eventType", "name"))
]


@pytest.mark.parametrize("name", CASES)
def test_the_examples_are_good(name: str) -> None:
    parse, example = CASES[name]
    assert parse(example) is not None


WRONG: tuple[Any, ...] = (
    float("nan"),
    float("inf"),
    "NaN",
    "Infinity",
    "x",
    True,
    {},
    [],
    [1],
    Decimal("1e30"),
    -3,
    1e300,
    10**400,
)


def is_allowed(path: tuple[Any, ...], wrong: Any) -> bool:
    key = path[-1]
    if isinstance(wrong, str):
        # A text may be free; a starting price is documented to be no number.
        return key in FREE_TEXT or (key == "actualSP" and wrong != "x")
    if isinstance(wrong, bool):
        return key in {"inplay", "isMarketDataDelayed", "priceReduced"}
    if isinstance(wrong, float) and key == "actualSP":
        return not math.isfinite(wrong)
    return wrong == -3 and key in {"profit", "availableToBetBalance", "exposure", "exposureLimit"}


BROKEN = [(name, path, wrong) for name, path in USED for wrong in WRONG if not is_allowed(path, wrong)]


@pytest.mark.parametrize(("name", "path", "wrong"), BROKEN, ids=lambda value: repr(value)[:60])
def test_a_wrong_field_is_refused_with_its_path(name: str, path: tuple[Any, ...], wrong: Any) -> None:
    parse, example = CASES[name]
    with pytest.raises(ExchangeError) as raised:
        parse(changed(example, path, wrong))
    named = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    assert f"{named} = " in str(raised.value)


@given(data=st.data())
def test_nothing_but_the_error_is_ever_raised(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(CASES)))
    parse, example = CASES[name]
    path = data.draw(st.sampled_from(list(leaves(example))))
    cut = path[: data.draw(st.integers(1, len(path)))]
    junk = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.decimals(),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
        max_leaves=5,
    )
    told = ""
    try:
        parse(changed(example, cut, data.draw(junk)))
    except ExchangeError as error:
        told = str(error)
    assert not told or (" = " in told and len(told) < 400)


def test_numbers_are_read_from_their_text() -> None:
    text = '[{"availableToBetBalance": 0.10000000000000000001, "exposure": -0.1, "exposureLimit": null}]'
    funds = parsing.parse_funds(loads(text)[0])
    assert funds.available == Decimal("0.10000000000000000001")
    assert funds.exposure_limit is None
    assert parsing.parse_funds({"availableToBetBalance": 0.1, "exposure": 0}).available == Decimal("0.1")


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "{", "[1,]", "[" * 100_000, "9" * 5000])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        loads(text)


def runner(**changes: Any) -> Any:
    value = BOOK["runners"][0] | changes
    (book,) = parsing.parse_books([BOOK | {"runners": [value]}], NOW)
    return book.runners[0]


def test_missing_ladders_are_empty() -> None:
    absent: tuple[Any, ...] = (None, {}, {"availableToBack": None}, {"availableToBack": []})
    for missing in absent:
        assert (runner(ex=missing).back, runner(ex=missing).lay) == ((), ())


def test_a_hidden_runner_has_no_prices() -> None:
    for hidden in (runner(status="HIDDEN", lastPriceTraded=1.0), runner(status=None, lastPriceTraded=1.0)):
        assert hidden.status is RunnerStatus.HIDDEN
        assert (hidden.back, hidden.lay, hidden.last_traded) == ((), (), None)
    assert runner(lastPriceTraded=1.0).last_traded is None


def test_a_vacant_trap_is_removed() -> None:
    assert runner(status="REMOVED_VACANT").status is RunnerStatus.REMOVED


@pytest.mark.parametrize(
    ("prices", "told"),
    [
        ([3.01], r"availableToBack\[0\]\.price = 3\.01, which is not a price on the ladder"),
        ([3.05, 3.05], r"availableToBack\[1\]\.price"),
        ([3.0, 3.05], r"availableToBack\[1\]\.price"),
    ],
)
def test_a_ladder_that_cannot_be_is_refused(prices: list[float], told: str) -> None:
    with pytest.raises(ExchangeError, match=told):
        runner(ex={"availableToBack": [{"price": price, "size": 2} for price in prices]})


def test_an_empty_level_is_no_level() -> None:
    assert runner(ex={"availableToLay": [{"price": 3.1, "size": 0}, {"price": 3.15, "size": 1}]}).lay == (
        (Decimal("3.15"), Decimal(1)),
    )


@pytest.mark.parametrize("value", ["NaN", "Infinity", "INF", float("nan"), float("inf"), 0, None])
def test_a_starting_price_may_be_none(value: object) -> None:
    assert runner(sp={"actualSP": value}).starting_price is None


def test_ids_given_twice_are_refused() -> None:
    twice = BOOK | {"runners": [BOOK["runners"][0], BOOK["runners"][0]]}
    with pytest.raises(ExchangeError, match=r"listMarketBook\[0\]\.runners\[1\] = 11"):
        parsing.parse_books([twice], NOW)
    with pytest.raises(ExchangeError, match=r"listMarketBook\[1\] = '1\.234'"):
        parsing.parse_books([BOOK, BOOK], NOW)
    with pytest.raises(ExchangeError, match=r"listMarketCatalogue\[1\] = '1\.1'"):
        parsing.parse_catalogue([market(1, NOW), market(1, NOW)])


@pytest.mark.parametrize(
    ("status", "wanted"), [("EXPIRED", OrderStatus.EXECUTION_COMPLETE), ("PENDING", OrderStatus.UNKNOWN)]
)
def test_statuses_that_have_no_word_of_ours(status: str, wanted: OrderStatus) -> None:
    assert parsing.parse_bet(Node(bet(7, status=status), "bet")).status is wanted


def test_our_own_word_is_not_the_exchanges() -> None:
    with pytest.raises(ExchangeError, match=r"bet\.status = 'UNKNOWN'"):
        parsing.parse_bet(Node(bet(7, status="UNKNOWN"), "bet"))


def test_a_foreign_bet_on_another_ladder_hides_no_other() -> None:
    found = parsing.parse_bet(Node(bet(7, priceSize={"price": 3.01, "size": 2}), "bet"))
    assert found.price == Decimal("3.01")


def test_a_starting_price_order_has_no_price() -> None:
    order = bet(7, orderType="MARKET_ON_CLOSE", bspLiability=10, persistenceType="MARKET_ON_CLOSE")
    del order["priceSize"]
    found = parsing.parse_bet(Node(order, "bet"))
    assert (found.price, found.size, found.bsp_liability) == (None, Decimal(0), Decimal(10))


def test_an_exposure_above_nothing_is_refused() -> None:
    with pytest.raises(ExchangeError, match=r"getAccountFunds\.exposure = 5, which is not zero or negative"):
        parsing.parse_funds(FUNDS | {"exposure": 5})
