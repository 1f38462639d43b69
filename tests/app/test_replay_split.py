"""A replay in parts: by London day, and whatever the parts, the same replay."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytrader.app.replay.split import Part, RecordedMarket, merge_replays, split_replay
from policytrader.errors import UsageError
from policytrader.model.replay import Problem, Replay, ReplayedSelection
from policytrader.model.snapshot import MarketType, Selection, Side

FIRST = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


class Pick(NamedTuple):
    ref: str
    market_id: str


def market(market_id: str, start: datetime = FIRST) -> RecordedMarket:
    return RecordedMarket(market_id, start, Path(f"day={start:%Y-%m-%d}") / f"market={market_id}")


def test_a_day_is_londons() -> None:
    """In summer, half past eleven at night in UTC is the day after in London; in winter it is not."""
    summer, winter = datetime(2026, 6, 1, 23, 30, tzinfo=UTC), datetime(2026, 12, 1, 23, 30, tzinfo=UTC)
    split = split_replay([market("1.1", summer), market("1.2", winter)], [Pick("a", "1.1"), Pick("b", "1.2")])
    assert [part.days for part in split.parts] == [(date(2026, 6, 2),), (date(2026, 12, 1),)]


def test_a_part_has_all_markets_of_its_days_and_a_day_without_picks_is_none() -> None:
    days = [FIRST, FIRST + timedelta(days=1), FIRST + timedelta(days=2)]
    markets = [market(f"1.{number}{kind}", day) for number, day in enumerate(days) for kind in (1, 2)]
    split = split_replay(reversed(markets), [Pick("b", "1.22"), Pick("a", "1.02")])
    assert [(part.name, [one.market_id for one in part.markets], part.picks) for part in split.parts] == [
        ("2026-05-01", ["1.01", "1.02"], (Pick("a", "1.02"),)),
        ("2026-05-03", ["1.21", "1.22"], (Pick("b", "1.22"),)),
    ]


def test_picks_of_markets_that_were_not_recorded_are_told() -> None:
    split = split_replay([market("1.1")], [Pick("a", "1.9"), Pick("b", "1.1")])
    assert split.unknown == (Pick("a", "1.9"),)
    assert [part.picks for part in split.parts] == [(Pick("b", "1.1"),)]


def test_a_market_that_is_there_twice_is_refused() -> None:
    with pytest.raises(UsageError, match=r"market 1\.1 is there twice: .*name one of them"):
        split_replay([market("1.1"), market("1.1", FIRST + timedelta(days=1))], [Pick("a", "1.1")])


@given(st.lists(st.integers(1, 60), min_size=1, max_size=40), st.integers(1, 50))
def test_runs_of_days_are_in_order_and_about_even(sizes: list[int], count: int) -> None:
    markets = [
        market(f"1.{day}-{number}", FIRST + timedelta(days=day))
        for day, size in enumerate(sizes)
        for number in range(size)
    ]
    split = split_replay(markets, [Pick(f"{day}", f"1.{day}-0") for day in range(len(sizes))], count)
    assert [day for part in split.parts for day in part.days] == sorted({one.day for one in markets})
    assert Counter(one.market_id for part in split.parts for one in part.markets) == Counter(
        one.market_id for one in markets
    )
    assert len(split.parts) <= min(count, len(sizes))
    # No run holds more than its share and one day besides.
    assert all(len(part.markets) <= sum(sizes) / count + max(sizes) for part in split.parts)


# --- Merging --------------------------------------------------------------------------------------------------------


def replayed(part: Part[Pick]) -> Replay:
    """A replay that is a function of its part, as the real one is."""
    starts = {one.market_id: one.start for one in part.markets}
    selections = sorted((_selection(pick, starts[pick.market_id]) for pick in part.picks), key=str)
    return Replay(
        policy_hash="cafe",
        cadence="15s",
        selections=tuple(selections),
        markets=len(part.markets),
        ticks=7 * len(part.days),
        decisions=11 * len(part.picks),
        evaluated=3 * len(part.picks),
        problems=tuple(Problem(f"problem of {day}") for day in part.days),
    )


def _selection(pick: Pick, start: datetime) -> ReplayedSelection:
    selection = Selection(
        pick.ref, f"e@{start:%Y-%m-%d}", start, pick.market_id, MarketType.WIN, 11, "Blue Moon", Side.BACK, Decimal(5),
        Decimal(1), None, True, None, False,  # noqa: FBT003 - a row
    )  # fmt: skip
    return ReplayedSelection(
        selection=selection, course="Ascot", decisions=11, actions={}, refused={}, invalidated_at=None, reason=None,
        rule=None, orders=(), starting_price=None, outcome=None, profit=Decimal(0), commission=Decimal(0),
    )  # fmt: skip


@given(st.permutations(range(23)), st.integers(1, 9))
def test_whatever_the_parts_it_is_one_replay(order: list[int], markets_a_day: int) -> None:
    markets = [market(f"1.{one:02}", FIRST + timedelta(days=one // markets_a_day, minutes=one)) for one in range(23)]
    picks = [Pick(f"pick {one}", f"1.{one:02}") for one in order]
    by_day, *others = [
        merge_replays([replayed(part) for part in split_replay(markets, picks, parts).parts])
        for parts in (None, 1, 2, 7)
    ]
    assert [one.selection.market_id for one in by_day.selections] == [f"1.{one:02}" for one in range(23)]
    assert (by_day.markets, by_day.decisions, by_day.evaluated) == (23, 23 * 11, 23 * 3)
    for other in others:
        assert repr(other) == repr(by_day)


def test_parts_of_different_policies_do_not_mix() -> None:
    part = replayed(split_replay([market("1.1")], [Pick("a", "1.1")]).parts[0])
    for other in (replace(part, policy_hash="beef"), replace(part, cadence="change")):
        with pytest.raises(ValueError, match="one policy and one cadence"):
            merge_replays([part, other])
