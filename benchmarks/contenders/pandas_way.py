"""The shipped rules the way the seed worked: one wide frame per runner with ``_win`` and ``_place`` columns.

WIN and PLACE prices are merged with suffixes, counted and flagged per race, merged onto the picks together with market,
capture and orders, split into the picks of either market, and put together again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmarks.contenders.answers import Answer
from policytrader.model.snapshot import Market, Order, ReferenceRunner, Runner, Selection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policytrader.model.snapshot import Snapshot

    Frame = Any

TAKING_PART = ["ACTIVE", "WINNER", "PLACED", "LOSER"]
CASHED_OUT = ["Invalid Short Price Removed", "Invalid 8 to 7 Place"]
LADDER = ((1800.0, 50, 75), (3600.0, 36, 55), (7200.0, 20, 35), (14400.0, 8, 16))
PRICES = ["best_back", "best_back_size", "best_lay", "best_lay_size"]
PENNY_DUST = 1e-9
"""A float of pennies this close below a whole number is that number."""


def decide(snapshot: Snapshot) -> list[Answer]:
    """Decide every selection."""
    prices = _prices_by_race(snapshot)
    requests = _merge_requests(snapshot, _flag_races(snapshot, prices), _positions(snapshot))
    requests["available"], requests["depth"], requests["own_status"] = None, None, None
    win = _take_market(requests[requests["market_type"] == "WIN"], "win")
    place = _take_market(requests[requests["market_type"] == "PLACE"], "place")
    requests = pd.concat([win, place])
    _judge(requests)
    _stake(requests)
    _act(requests)
    columns = [requests[name].tolist() for name in ("selection_ref", "verdict", "target", "meets", "action")]
    return [Answer(*row) for row in zip(*columns, strict=True)]


def _frame(rows: Sequence[tuple[Any, ...]], fields: tuple[str, ...], numbers: Sequence[str]) -> Frame:
    frame = pd.DataFrame.from_records(rows, columns=list(fields))
    for name in numbers:
        frame[name] = frame[name].astype(float)
    return frame


def _prices_by_race(snapshot: Snapshot) -> Frame:
    """One row per runner of a race, the columns of both markets beside each other."""
    markets = _frame(snapshot.markets, Market._fields, ())
    markets["is_open"] = (markets["status"] == "OPEN") & ~markets["in_play"].astype(bool)
    runners = _frame(snapshot.runners, Runner._fields, PRICES)
    runners = runners.merge(markets[["market_id", "race_id", "market_type", "is_open"]], on="market_id")
    runners = runners[["race_id", "market_type", "selection_id", "status", "removed_at", "is_open", *PRICES]]
    by_type = [runners[runners["market_type"] == kind].drop(columns="market_type") for kind in ("WIN", "PLACE")]
    prices = by_type[0].merge(by_type[1], on=["race_id", "selection_id"], how="outer", suffixes=("_win", "_place"))
    is_out = (prices["status_win"] == "REMOVED") | (prices["status_place"] == "REMOVED")
    prices["status"] = prices["status_win"].fillna(prices["status_place"]).mask(is_out, "REMOVED")
    prices["removed_at"] = pd.to_datetime(prices["removed_at_win"].fillna(prices["removed_at_place"]), utc=True)
    return prices


def _flag_races(snapshot: Snapshot, prices: Frame) -> Frame:
    """The prices, with runners left and fancied runners removed, per race and capture."""
    reference = _frame(snapshot.reference, ReferenceRunner._fields, ["reference_price"])
    reference = reference.rename(columns={"status": "captured_status"}).drop(columns="runner_name")
    reference["captured_at"] = pd.to_datetime(reference["captured_at"], utc=True)
    left = prices["status"].isin(TAKING_PART).groupby(prices["race_id"]).sum().rename("runners_now").reset_index()
    both = reference.merge(prices[["race_id", "selection_id", "status", "removed_at"]], on=["race_id", "selection_id"])
    both["short_removed"] = (
        (both["status"] == "REMOVED")
        & (both["captured_status"] == "ACTIVE")
        & (both["removed_at"] >= both["captured_at"])
        & (both["reference_price"] < 12)
    )
    captures = both.groupby(["race_id", "capture_id"], as_index=False).agg(
        runners_then=("number_of_runners", "first"), short_removed=("short_removed", "any")
    )
    return prices.merge(captures.merge(left, on="race_id"), on="race_id")


def _positions(snapshot: Snapshot) -> Frame:
    numbers = ["price", "size_matched", "average_price_matched", "size_remaining"]
    orders = _frame(snapshot.orders, Order._fields, numbers)
    is_back = orders["side"] == "BACK"
    average = orders["average_price_matched"].fillna(1.0)
    laid = orders["size_matched"] * (average - 1) + orders["size_remaining"] * (orders["price"] - 1)
    orders["exposure"] = (orders["size_matched"] + orders["size_remaining"]).where(is_back, laid)
    is_resting = (orders["status"] == "EXECUTABLE") & (orders["size_remaining"] > 0) & orders["order_ref"].notna()
    placed_at = pd.to_datetime(orders["placed_at"], utc=True)
    orders["rests_seconds"] = (snapshot.now - placed_at).dt.total_seconds().where(is_resting)
    return orders.groupby(["market_id", "selection_id", "side"], as_index=False).agg(
        matched=("size_matched", "sum"), exposure=("exposure", "sum"), rests_seconds=("rests_seconds", "max")
    )


def _merge_requests(snapshot: Snapshot, races: Frame, positions: Frame) -> Frame:
    selections = _frame(snapshot.selections, Selection._fields, ["price_requested", "stake_points"])
    requests = selections.merge(races, on=["race_id", "capture_id", "selection_id"], how="left")
    requests = requests.merge(positions, on=["market_id", "selection_id", "side"], how="left")
    requests[["matched", "exposure"]] = requests[["matched", "exposure"]].fillna(0.0)
    race_time = pd.to_datetime(requests["race_time"], utc=True)
    requests["seconds_to_off"] = (race_time - snapshot.now).dt.total_seconds()
    requests["is_back"] = requests["side"] == "BACK"
    return requests


def _take_market(requests: Frame, market: str) -> Frame:
    """The picks of one market, its prices without the suffix."""
    requests = requests.copy()
    is_back = requests["is_back"]
    requests["available"] = requests[f"best_back_{market}"].where(is_back, requests[f"best_lay_{market}"])
    requests["depth"] = requests[f"best_back_size_{market}"].where(is_back, requests[f"best_lay_size_{market}"])
    requests["own_status"] = requests["status"]
    requests["is_open"] = requests[f"is_open_{market}"].astype(bool)
    return requests.drop(columns=[name for name in requests if name.endswith(("_win", "_place"))])


def _judge(requests: Frame) -> None:
    no_rule = pd.Series("", index=requests.index)
    requests["reason"] = no_rule.case_when(
        [
            (~requests["valid"].astype(bool), requests["invalidated_reason"]),
            (requests["own_status"] == "REMOVED", "Invalid Runner Removed"),
            (requests["is_back"] & requests["short_removed"].astype(bool), "Invalid Short Price Removed"),
            (
                (requests["market_type"] == "PLACE") & (requests["runners_then"] >= 8) & (requests["runners_now"] <= 7),
                "Invalid 8 to 7 Place",
            ),
            (~requests["is_open"], "Market not open"),
        ]
    )
    requests["verdict"] = pd.Series("invalidate", index=requests.index).case_when(
        [(requests["reason"] == "", "keep"), (requests["reason"] == "Market not open", "hold")]
    )


def _stake(requests: Frame) -> None:
    seconds, is_back = requests["seconds_to_off"], requests["is_back"]
    requests["target"] = 0.0
    steps = [(seconds <= 0, 0.0)]
    steps += [(seconds <= start, is_back.map({True: back, False: lay}).astype(float)) for start, back, lay in LADDER]
    amounts = is_back.map({True: 2.0, False: 5.0}).case_when(steps)
    requests["target"] = amounts * requests["stake_points"]
    requests["cap"] = is_back.map({True: 50.0, False: 75.0}) * requests["stake_points"]
    better = requests["available"] - requests["price_requested"]
    requests["meets"] = (is_back & (better >= 0)) | (~is_back & (better <= 0))
    room = requests["target"] - requests["exposure"]
    wanted = room.where(is_back, room / (requests["available"] - 1))
    pennies = wanted.clip(upper=requests["depth"]) * 100
    requests["size"] = (pennies + PENNY_DUST) // 1 / 100
    enough = (requests["size"] >= 1) | ((requests["size"] > 0) & (requests["size"] * requests["available"] >= 10))
    requests["enough"] = enough


def _act(requests: Frame) -> None:
    is_invalid = requests["verdict"] == "invalidate"
    closing = (
        is_invalid
        & (requests["matched"] > 0)
        & (requests["own_status"] != "REMOVED")
        & requests["reason"].isin(CASHED_OUT)
    )
    requests["action"] = pd.Series("PLACE", index=requests.index).case_when(
        [
            (requests["verdict"] == "hold", "HOLD"),
            (requests["closed"].astype(bool), "CLOSED"),
            (closing & requests["is_open"] & (requests["own_status"] == "ACTIVE"), "CASH_OUT"),
            (closing, "WAIT"),
            (is_invalid & requests["rests_seconds"].notna(), "CANCEL"),
            (is_invalid, "INVALID"),
            (requests["rests_seconds"] > 300, "CANCEL"),
            (requests["seconds_to_off"] <= 0, "WAIT"),
            (requests["cap"] - requests["exposure"] < 1, "DONE"),
            ((requests["exposure"] >= requests["target"]) | ~requests["meets"] | ~requests["enough"], "WAIT"),
        ]
    )
