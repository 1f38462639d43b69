"""The fourteen numbers, the statistics as a dict, and the way of a bankroll."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policytrader.app.tracking import user_stats as module
from policytrader.app.tracking.changes import first_entry
from policytrader.app.tracking.curve import bankroll_curve, closing_line
from policytrader.app.tracking.filters import bet_filter
from policytrader.app.tracking.statistics import Statistics
from policytrader.app.tracking.user_stats import LazyStats, no_stats, user_stats
from policytrader.model.outcomes import Outcome
from policytrader.model.tracked import By, Change
from tests.tracked_bets import OTHER, OWNER, MadeBook

if TYPE_CHECKING:
    from collections.abc import Callable


KEYS = [
    "total_bets", "wins", "losses", "refunds", "pending", "half_wins", "half_losses", "total_staked_units",
    "total_returns_units", "settled_staked_units", "settled_returns_units", "pending_staked_units",
    "profit_loss_units", "roi_percentage", "bets",
]  # fmt: skip


def filled(*results: tuple[str, float, float, float]) -> MadeBook:
    """A bet for each: status, stake, unit, odds."""
    made = MadeBook()
    for number, (status, stake, unit, odds) in enumerate(results):
        bet = made.tracked(stake=stake, unit=unit, Odds=odds, message_id=number)
        made.book.set_result(OWNER, bet.bet_id, status, is_manual=True)
    return made


def test_each_formula() -> None:
    made = filled(
        ("won", 10, 10, 2.1), ("lost", 20, 10, 1.9), ("refund", 10, 5, 3.0), ("half_win", 10, 10, 2.0),
        ("half_loss", 10, 10, 2.0), ("pending", 30, 20, 5.0),
    )  # fmt: skip
    deleted = made.tracked(message_id="deleted")
    made.book.delete(OWNER, deleted.bet_id)
    made.tracked(OTHER)
    stats = user_stats(made.store, OWNER)
    assert list(stats) == KEYS
    numbers = {key: value for key, value in stats.items() if key != "bets"}
    assert numbers == {
        "total_bets": 6, "wins": 1, "losses": 1, "refunds": 1, "pending": 1, "half_wins": 1, "half_losses": 1,
        "total_staked_units": 8.5,  # 1 + 2 + 2 + 1 + 1 + 1.5
        "total_returns_units": 6.1, "settled_staked_units": 7.0,
        "settled_returns_units": 6.1,  # 2.1 + 0 + 2 + 1.5 + 0.5
        "pending_staked_units": 1.5, "profit_loss_units": -0.9, "roi_percentage": pytest.approx(-90 / 7),
    }  # fmt: skip
    assert [bet["odds"] for bet in stats["bets"]] == [5.0, 2.0, 2.0, 3.0, 1.9, 2.1]
    assert all(type(value) in {int, float} for value in numbers.values())


def test_nobody_has_nothing() -> None:
    assert no_stats() == user_stats(MadeBook().store, OWNER)
    assert list(no_stats()) == KEYS
    assert no_stats().pop("bets") == []
    assert {value for key, value in no_stats().items() if key != "bets"} == {0}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(Outcome)), st.decimals("0.01", "900", places=2), st.decimals("0.5", "90", places=1),
            st.decimals("1.01", "20", places=2),
        ),
        max_size=12,
    )
)  # fmt: skip
def test_statistics_add_up(results: list[tuple[Any, ...]]) -> None:
    made = filled(*results)
    stats, bets = user_stats(made.store, OWNER), list(made.store.bets(OWNER))
    assert stats["total_bets"] == len(bets) == sum(stats[key] for key in KEYS[1:7])
    assert stats["total_staked_units"] == pytest.approx(stats["settled_staked_units"] + stats["pending_staked_units"])
    assert stats["profit_loss_units"] == pytest.approx(
        float(sum(bet.profit_loss / bet.unit_size for bet in bets)), abs=1e-6
    )
    assert Statistics.of_bets(bets) == Statistics.of(made.store.totals(OWNER))
    assert bankroll_curve(bets).total_units == Statistics.of_bets(bets).profit


def test_the_win_rate_is_that_of_the_public_sample() -> None:
    counts = [("won", 28), ("half_win", 2), ("lost", 13), ("half_loss", 1), ("refund", 1)]
    made = filled(*((status, 1, 1, 2.0) for status, number in counts for _ in range(number)))
    found = Statistics.of(made.store.totals(OWNER))
    assert (found.settled_count, round(found.win_rate_percent, 1)) == (45, Decimal("64.4"))


def test_filtered_statistics() -> None:
    made = filled(("won", 10, 10, 2.0), ("lost", 10, 10, 2.0), ("pending", 10, 10, 2.0))
    made.book.set_labels(OWNER, "bet_0001", ["acca"])
    assert user_stats(made.store, OWNER, bet_filter(tags=["acca"]))["profit_loss_units"] == 1.0
    assert user_stats(made.store, OWNER, bet_filter(status=["lost", "pending"]))["total_bets"] == 2
    assert user_stats(made.store, OWNER, bet_filter(market="Corners"))["total_bets"] == 0
    assert bet_filter(status=None, tags=[]) is None


# --- very many bets ---------------------------------------------------------------------------------------------------

TOUCHES: dict[str, Callable[[Any], Any]] = {
    "[]": lambda stats: stats["bets"],
    "get": lambda stats: stats.get("bets"),
    "items": lambda stats: dict(stats.items())["bets"],
    "values": lambda stats: list(stats.values())[-1],
    "dict": lambda stats: dict(stats)["bets"],
    "unpacked": lambda stats: {**stats}["bets"],
    "updated": lambda stats: (found := {}, found.update(stats), found["bets"])[-1],
    "copy": lambda stats: stats.copy()["bets"],
    "copy.copy": lambda stats: copy.copy(stats)["bets"],
    "deepcopy": lambda stats: copy.deepcopy(stats)["bets"],
    "pickle": lambda stats: pickle.loads(pickle.dumps(stats))["bets"],  # noqa: S301 - our own
    "pop": lambda stats: stats.pop("bets"),
    "popitem": lambda stats: stats.popitem()[1],
    "setdefault": lambda stats: stats.setdefault("bets", []),
    "|": lambda stats: (stats | {})["bets"],
    "r|": lambda stats: ({} | stats)["bets"],
}


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> MadeBook:
    monkeypatch.setattr(module, "READ_AT_ONCE", 6)
    return filled(*(("won", 10, 10, 2.0),) * 7)


@pytest.fixture
def lazy(many: MadeBook) -> LazyStats:
    stats = user_stats(many.store, OWNER)
    assert isinstance(stats, LazyStats)
    return stats


@pytest.mark.parametrize("touch", TOUCHES.values(), ids=TOUCHES)
def test_however_the_bets_are_reached_they_are_a_plain_list(lazy: LazyStats, touch: Callable[[Any], Any]) -> None:
    found = touch(lazy)
    assert type(found) is list
    assert [bet["bet_id"] for bet in found] == [f"bet_{number:04}" for number in range(7, 0, -1)]
    assert type(found[0]) is dict


def test_as_a_dict(lazy: LazyStats, many: MadeBook) -> None:
    assert list(lazy) == KEYS
    assert (len(lazy), "bets" in lazy, lazy["wins"], lazy.get("nothing", 5)) == (15, True, 7, 5)
    fresh = user_stats(many.store, OWNER)
    assert not fresh != dict(lazy)  # noqa: SIM202 - it has an operator of its own
    assert lazy == dict(lazy) == user_stats(many.store, OWNER)
    assert lazy != {}
    assert repr(lazy) == repr(dict(lazy))
    with pytest.raises(TypeError):
        hash(lazy)


@pytest.mark.parametrize("indent", [None, 2])
def test_libraries_write_it(many: MadeBook, indent: int | None) -> None:
    plain = dict(user_stats(many.store, OWNER))
    assert type(plain) is dict
    written = json.dumps(user_stats(many.store, OWNER), default=str, indent=indent)
    assert written == json.dumps(plain, default=str, indent=indent)
    assert json.loads(written)["bets"][0]["bet_id"] == "bet_0007"
    assert bson.decode(bson.encode(plain))["bets"][6]["bet_id"] == "bet_0001"


def test_a_few_are_read_without_the_rest(lazy: LazyStats) -> None:
    assert [bet["bet_id"] for bet in lazy.newest(2)] == ["bet_0007", "bet_0006"]
    assert len(lazy["bets"]) == 7
    assert [bet["bet_id"] for bet in lazy.newest(1)] == ["bet_0007"]


def test_the_plain_call_reads_no_bet_of_very_many(many: MadeBook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(type(many.store), "bets")
    stats = user_stats(many.store, OWNER)
    assert (list(stats), stats["wins"], stats["profit_loss_units"]) == (KEYS, 7, 7.0)


def test_from_how_many_bets_they_are_read_later() -> None:
    made = filled(("won", 10, 10, 2.0))
    (bet,) = made.store.bets(OWNER)
    for number in range(1, module.READ_AT_ONCE):
        more = replace(bet, bet_id=f"more_{number}", dedup_key="", version=1)
        made.store.add(more, first_entry(more, By.IMPORT, Change.IMPORTED))
    assert type(user_stats(made.store, OWNER)) is dict
    made.tracked(message_id="one more")
    assert type(user_stats(made.store, OWNER)) is LazyStats
    assert type(user_stats(made.store, OWNER, limit=2)) is dict
    assert type(user_stats(made.store, OWNER, bet_filter(status=["won"]))) is dict


def test_it_is_a_plain_dict_that_any_library_can_write() -> None:
    made = filled(*(("won", 10, 10, 2.0),) * 3)
    stats = user_stats(made.store, OWNER)
    assert (type(stats), type(stats["bets"]), type(stats["bets"][0])) == (dict, list, dict)
    assert bson.decode(bson.encode(stats))["bets"][2]["bet_id"] == "bet_0001"
    assert list(bson.decode(bson.encode(stats))) == KEYS


def test_a_few_are_shown_and_all_are_counted() -> None:
    made = filled(*(("won", 10, 10, 2.0),) * 7)
    for wanted in (None, bet_filter(status=["won"])):
        stats = user_stats(made.store, OWNER, wanted, 2)
        assert [bet["bet_id"] for bet in stats["bets"]] == ["bet_0007", "bet_0006"]
        assert (stats["wins"], stats["profit_loss_units"]) == (7, 7.0)


def test_the_sums_ask_for_no_more_bets_than_are_shown() -> None:
    made = filled(*(("won", 10, 10, 2.0),) * 3)
    asked = made.heard_limits()
    assert user_stats(made.store, OWNER, limit=0)["wins"] == 3
    assert asked == [0]


# --- the curve --------------------------------------------------------------------------------------------------------


def test_the_curve_and_its_worst_fall() -> None:
    made = MadeBook()
    for number, status in enumerate(["lost", "won", "won", "lost", "lost", "refund", "won", "pending"]):
        bet = made.tracked(Odds=2.5, message_id=number)
        made.book.set_result(OWNER, bet.bet_id, status, is_manual=True)
    curve = bankroll_curve(made.store.bets(OWNER))
    assert [str(one.total_units.normalize()) for one in curve.points] == ["-1", "0.5", "2", "1", "0", "0", "1.5"]
    assert [one.drawdown_units for one in curve.points] == [1, 0, 0, 1, 2, 2, Decimal("0.5")]
    assert (curve.worst_drawdown_units, curve.total_units) == (Decimal(2), Decimal("1.5"))
    assert curve.yield_percent == Statistics.of(made.store.totals(OWNER)).roi_percent
    assert bankroll_curve([]).worst_drawdown_units == 0


def test_closing_prices_tell_how_many_they_are() -> None:
    made = MadeBook()
    bet = made.tracked(Odds=3.3)
    bets = [replace(bet, closing_odds=Decimal(one) if one else None) for one in ("3.2", "3.3", "4", None, "0")]
    line = closing_line(bets)
    assert (line.bet_count, line.known_count, line.better_count) == (5, 3, 1)
    assert line.mean == pytest.approx(Decimal("-0.0479166667"))
    assert closing_line([bets[0]]).mean == Decimal("0.03125")
    assert closing_line([bet]).mean is None
    assert closing_line([replace(bet, closing_odds=Decimal("1e-60"))]).known_count == 1  # of another program: no error
