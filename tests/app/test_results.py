"""What a selection made: its outcome, its profit, its share of the market's commission."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from policytrader.app.results import SettledMarket, results_of, split_commission
from policytrader.model.bets import ClearedStatus
from policytrader.model.money import ZERO
from policytrader.model.records import BetOutcome
from policytrader.model.snapshot import MarketType, Selection, Side
from policytrader.ports import ClearedBet

OFF = datetime(2026, 5, 2, 14, 0, tzinfo=UTC)
MARKET, WINNER, LOSER, GONE = "1.1", 11, 12, 13
OVER = SettledMarket(
    market_id=MARKET,
    winners=frozenset({WINNER}),
    removed=frozenset({GONE}),
    starting_prices={WINNER: Decimal("5.123456789")},
    commission=Decimal("0.55"),
)


def pick(selection_id: int, side: Side = Side.BACK) -> Selection:
    return Selection(
        selection_ref=f"{selection_id}-{side}",
        race_id=MARKET,
        race_time=OFF,
        market_id=MARKET,
        market_type=MarketType.WIN,
        selection_id=selection_id,
        runner_name=None,
        side=side,
        price_requested=Decimal(5),
        stake_points=Decimal(1),
        capture_id=None,
        valid=True,
        invalidated_reason=None,
        closed=False,
    )


def bet(side: Side, size: str, profit: str, price: str | None = "5", **changes: object) -> ClearedBet:
    facts: dict[str, object] = {
        "bet_id": "1", "market_id": MARKET, "selection_id": WINNER, "side": side, "status": ClearedStatus.SETTLED,
        "order_ref": "r", "strategy_ref": "pt", "size": Decimal(size), "profit": Decimal(profit), "outcome": None,
        "price": None if price is None else Decimal(price), "settled_at": None, "placed_at": None,
    }  # fmt: skip
    return ClearedBet(**facts | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("selection_id", "side", "outcome"),
    [
        (WINNER, Side.BACK, BetOutcome.WON),
        (WINNER, Side.LAY, BetOutcome.LOST),
        (LOSER, Side.BACK, BetOutcome.LOST),
        (LOSER, Side.LAY, BetOutcome.WON),
        (GONE, Side.BACK, BetOutcome.VOID),
        (GONE, Side.LAY, BetOutcome.VOID),
    ],
)
def test_how_a_pick_ends_on_which_nothing_was_matched(selection_id: int, side: Side, outcome: BetOutcome) -> None:
    (result,) = results_of([pick(selection_id, side)], {}, [OVER])
    assert (result.outcome, result.profit, result.size_matched) == (outcome, ZERO, ZERO)


def test_bets_that_were_annulled_are_void_and_one_that_stands_is_not() -> None:
    void = bet(Side.BACK, "2", "0", None, status=ClearedStatus.VOIDED)
    one = pick(WINNER)
    (result,) = results_of([one], {one.selection_ref: [void]}, [OVER])
    assert result.outcome is BetOutcome.VOID
    (result,) = results_of([one], {one.selection_ref: [void, bet(Side.BACK, "2", "8")]}, [OVER])
    assert (result.outcome, result.size_matched) == (BetOutcome.WON, Decimal(2))


def test_a_hedge_counts_in_the_profit_and_not_in_the_size() -> None:
    one = pick(WINNER)
    bets = [bet(Side.BACK, "2", "8"), bet(Side.BACK, "1", "5", "6"), bet(Side.LAY, "2", "-7", "4.5")]
    (result,) = results_of([one], {one.selection_ref: bets}, [OVER])
    assert (result.profit, result.commission, result.size_matched) == (Decimal(6), Decimal("0.55"), Decimal(3))
    assert result.average_price_matched == Decimal("5.33333333")
    assert result.starting_price == Decimal("5.12345679")


@pytest.mark.parametrize(
    ("profits", "commission", "shares"),
    [
        (("10", "20", "-5"), "1.00", ("0.33", "0.67", "0")),
        (("10", "10", "10"), "1.00", ("0.34", "0.33", "0.33")),
        (("-1", "-2"), "0.30", ("0.30", "0")),
        (("5",), "0", ("0",)),
        ((), "0.30", ()),
    ],
)
def test_commission_is_split_to_the_penny_and_sums_up(
    profits: tuple[str, ...], commission: str, shares: tuple[str, ...]
) -> None:
    split = split_commission({f"s{at}": Decimal(one) for at, one in enumerate(profits)}, Decimal(commission))
    assert list(split.values()) == [Decimal(share) for share in shares]
    assert sum(split.values()) == (Decimal(commission) if profits else 0)
