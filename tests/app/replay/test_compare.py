"""Two replays side by side: totals that can be checked by hand, what differs and since when, and how sure it is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from policytrader.app.replay.bootstrap import SEED, Interval, Resamples
from policytrader.app.replay.compare import Part, compare, difference_of
from policytrader.app.replay.summary import beat_of, summarise
from policytrader.errors import UsageError
from policytrader.model.journal import Purpose
from policytrader.model.snapshot import Side
from tests.app.replay.replays import HOUR, invalid, money, order, pick, replay, season
from tests.one_day import MINUTE, OFF

# --- Totals ---------------------------------------------------------------------------------------------------------


def test_totals() -> None:
    lay = order("lay", 10 * MINUTE, "5.00", "20.00", side=Side.LAY, size_matched=money(10), profit=money(10))
    hedge = order("lay", 5 * MINUTE, "5.50", "9.00", side=Side.BACK, purpose=Purpose.HEDGE, profit=money(-9))
    won = order("won", 2 * HOUR, "8.00", "10.00", profit=money(70))
    none = order("none", 30 * MINUTE, "8.00", "5.00", size_matched=money(0), code="INVALID_BET_SIZE")
    found = summarise(
        replay(
            pick("won", won, commission=money("3.50")),
            pick("lay", lay, hedge, side=Side.LAY, race=2, starting_price=money(6)),
            invalid(pick("none", none, race=3), OFF, "Invalid Small Field", "small-field"),
            pick("idle", race=3),
        )
    )
    totals = found.totals
    assert (totals.picks, totals.picks_with_orders, totals.picks_matched, totals.invalidated) == (4, 3, 2, 1)
    assert (totals.orders, totals.hedges, totals.decisions) == (3, 1, 400)
    assert (totals.size_sent, totals.size_matched) == (money(35), money(20))
    # A lay risks its liability: 20 x 4, and 10 x 4 of it matched.
    assert (totals.risk_sent, totals.risk_matched) == (money(95), money(50))
    assert (totals.profit, totals.commission, totals.net) == (money(71), money("3.50"), money("67.50"))
    # Back 8.00 against 8.00: 0 %; lay 5.00 against 6.00: +20 %; 10 of stake each.
    assert (totals.beat_percent, totals.beat_picks) == (money(10), 2)
    assert found.reasons == (("Invalid Small Field", 1),)
    assert found.actions == {"WAIT": 396, "PLACE": 4}
    assert found.races == 3


def test_the_beat_is_weighted_by_the_size_matched() -> None:
    small = pick("a", order("a", HOUR, "10.00", "1.00"), starting_price=money(8))
    large = pick("b", order("b", HOUR, "8.00", "3.00"), starting_price=money(10))
    assert beat_of(small) == (Decimal("0.25"), money(1))
    assert beat_of(large) == (Decimal("-0.2"), money(3))
    assert summarise(replay(small, large)).totals.beat_percent == Decimal("-8.75")


@pytest.mark.parametrize("starting", [None, Decimal(0)])
def test_without_a_starting_price_there_is_no_beat(starting: Decimal | None) -> None:
    one = pick("a", order("a", HOUR, "10.00", "1.00"), starting_price=starting)
    assert beat_of(one) is None
    found = summarise(replay(one))
    assert (found.totals.beat_percent, found.totals.beat_picks, found.beat_interval) == (None, 0, None)


def test_the_hedge_says_nothing_of_the_starting_price() -> None:
    hedge = order("a", MINUTE, "2.00", "40.00", side=Side.LAY, purpose=Purpose.HEDGE)
    assert beat_of(pick("a", order("a", HOUR, "10.00", "1.00"), hedge)) == (Decimal("0.25"), money(1))


def test_drawdown_is_from_the_peak_and_by_the_off() -> None:
    """Picks of one off count together; the first loss falls from nothing."""
    nets = [(1, -10), (2, 30), (2, -5), (3, -15), (4, 2), (5, -20), (6, 100)]
    picks = [pick(f"p{place}", race=race, profit=money(net)) for place, (race, net) in enumerate(nets)]
    found = summarise(replay(*reversed(picks)))
    assert [(one.picks, int(one.net), int(one.total), int(one.drawdown)) for one in found.moments] == [
        (1, -10, -10, 10), (2, 25, 15, 0), (1, -15, 0, 15), (1, 2, 2, 13), (1, -20, -18, 33), (1, 100, 82, 0),
    ]  # fmt: skip
    assert found.totals.drawdown == 33


def test_a_drawdown_is_of_the_net_profit() -> None:
    found = summarise(replay(pick("a", profit=money(1), commission=money(3))))
    assert found.totals.drawdown == 2


def test_orders_by_the_time_that_was_left() -> None:
    times = [8 * HOUR, 8 * HOUR - MINUTE, 30 * MINUTE, 29 * MINUTE, 5 * MINUTE, MINUTE]
    orders = [order("a", before, "8.00", "2.00", size_matched=money(1)) for before in times]
    hedge = order("a", 2 * MINUTE, "8.00", "2.00", purpose=Purpose.HEDGE)
    found = summarise(replay(pick("a", *orders, hedge)))
    told = [(band.label, band.orders, int(band.risk_sent), int(band.risk_matched)) for band in found.bands]
    assert [one for one in told if one[1]] == [
        ("8h or more", 1, 2, 1), ("4h to 8h", 1, 2, 1), ("30m to 1h", 1, 2, 1), ("15m to 30m", 1, 2, 1),
        ("5m to 15m", 1, 2, 1), ("under 5m", 1, 2, 1),
    ]  # fmt: skip


def test_nothing_at_all() -> None:
    found = summarise(replay())
    assert (found.moments, found.net_interval) == ((), None)
    assert found.totals.net == found.totals.drawdown == 0


# --- What differs ---------------------------------------------------------------------------------------------------


def test_the_same_differ_in_nothing() -> None:
    one = season(60, stops=5)
    found = compare(one, season(60, stops=5))
    assert found.differences == ()
    assert found.net == 0
    assert found.same == 60
    assert found.net_interval == Interval(low=money(0), high=money(0))


def test_an_edit_known_by_construction() -> None:
    """B stakes ten pennies more in every race, and everything else follows from that."""
    before, after = season(60), season(60, shift=10)
    found = compare(before, after)
    assert len(found.differences) == 60
    assert {one.parts for one in found.differences} == {(Part.ORDERS,)}
    assert found.after.totals.size_sent - found.before.totals.size_sent == 6
    assert found.net == sum((one.net for one in found.differences), money(0))
    assert found.net_interval is not None
    assert found.net_interval.low < found.net < found.net_interval.high


def test_the_first_moment_at_which_they_differ() -> None:
    early, late = order("a", 2 * HOUR, "8.00", "2.00"), order("a", HOUR, "8.00", "3.00")
    other = order("a", 90 * MINUTE, "8.00", "3.00")
    found = difference_of(pick("a", early, late), pick("a", early, other, late))
    assert found is not None
    assert (found.parts, found.first, found.at) == ((Part.ORDERS,), Part.ORDERS, OFF - 90 * MINUTE)
    assert [did.orders for did in found.did] == [(), (other,)]


def test_an_invalidation_and_the_order_that_followed() -> None:
    late = order("a", HOUR, "8.00", "3.00")
    one = invalid(pick("a"), OFF - 2 * HOUR, "Invalid Small Field", "small-field")
    found = difference_of(one, pick("a", late))
    assert found is not None
    assert (found.first, found.at) == (Part.INVALIDATION, OFF - 2 * HOUR)
    assert set(found.parts) == {Part.INVALIDATION, Part.ORDERS}
    assert (found.did[0].invalidated, found.did[0].reason, found.did[0].rule) == (
        True, "Invalid Small Field", "small-field",
    )  # fmt: skip
    assert found.did[1] == ((), False, None, None)


def test_an_invalidation_for_another_reason() -> None:
    one, two = (invalid(pick("a"), OFF - HOUR, reason, "x") for reason in ("Invalid A", "Invalid B"))
    found = difference_of(one, two)
    assert found is not None
    assert [did.reason for did in found.did] == ["Invalid A", "Invalid B"]


def test_what_became_of_an_order_comes_first_only_where_nothing_else_differs() -> None:
    whole, half = (order("a", HOUR, "8.00", "3.00", size_matched=money(size)) for size in ("3.00", "1.50"))
    found = difference_of(pick("a", whole), pick("a", half))
    assert found is not None
    assert (found.parts, found.at) == ((Part.MATCHED,), OFF - HOUR)
    stopped = invalid(pick("a", half), OFF - 30 * MINUTE, "Invalid", "x")
    later = difference_of(pick("a", whole), stopped)
    assert later is not None
    assert (later.first, later.at) == (Part.INVALIDATION, OFF - 30 * MINUTE)
    assert set(later.parts) == {Part.INVALIDATION, Part.MATCHED}


def test_another_answer_of_the_exchange_is_another_order() -> None:
    taken, refused = (order("a", HOUR, "8.00", "3.00", size_matched=money(0), code=code) for code in ("SUCCESS", "X"))
    found = difference_of(pick("a", taken), pick("a", refused))
    assert found is not None
    assert found.parts == (Part.ORDERS,)


def test_a_share_of_commission_alone() -> None:
    same = order("a", HOUR, "8.00", "3.00", profit=money(21))
    found = difference_of(pick("a", same, commission=money(1)), pick("a", same, commission=money("0.50")))
    assert found is not None
    assert (found.parts, found.at, found.net) == ((Part.COMMISSION,), None, Decimal("0.50"))


def test_other_decisions_that_change_nothing_are_no_difference() -> None:
    one = pick("a")
    assert difference_of(one, replace(one, actions={"BLOCKED": 100}, refused={"max_order": 100}, decisions=99)) is None


def test_only_like_is_compared_with_like() -> None:
    one = season(3)
    with pytest.raises(UsageError, match="cadence"):
        compare(one, replace(one, cadence="change"))
    with pytest.raises(UsageError, match="pick-0003"):
        compare(one, season(2))
    moved = replace(one.selections[0], selection=one.selections[0].selection._replace(stake_points=money(2)))
    with pytest.raises(UsageError, match="pick-0001"):
        compare(one, replace(one, selections=(moved, *one.selections[1:])))


# --- How sure -------------------------------------------------------------------------------------------------------


def test_the_interval_is_that_of_the_textbook() -> None:
    """Against numpy's own percentiles, on draws made again here, one by one."""
    amounts = [Decimal(number * number % 97 - 40) for number in range(30)]
    raw = np.random.PCG64(SEED).random_raw(30 * 2000)
    sums = [
        sum(int(amounts[(int(word) >> 32) * 30 >> 32]) for word in raw[start * 30 : start * 30 + 30])
        for start in range(2000)
    ]
    low, high = np.percentile(sums, [2.5, 97.5])
    found = Resamples(30).of_sum(amounts)
    assert found is not None
    assert float(found.low) == pytest.approx(low, abs=0.006)
    assert float(found.high) == pytest.approx(high, abs=0.006)


def test_the_same_again_gives_the_same_and_another_seed_does_not() -> None:
    amounts = [Decimal(number) for number in range(40)]
    assert Resamples(40).of_sum(amounts) == Resamples(40).of_sum(amounts)
    assert Resamples(40).of_sum(amounts) != Resamples(40, seed=2).of_sum(amounts)


def test_many_races_are_drawn_a_part_at_a_time() -> None:
    """More than is held at once; half of the races make one, so the sum is within a few of the half."""
    races = 3000
    found = Resamples(races).of_sum([Decimal(number % 2) for number in range(races)])
    assert found is not None
    assert 1440 < found.low < 1460
    assert 1540 < found.high < 1560


def test_whole_races_are_drawn() -> None:
    """Two picks that always win and lose together are one race: not half as unsure."""
    single = [pick(f"a{race}", race=race, profit=money(10 if race % 2 else -10)) for race in range(1, 41)]
    double = [
        pick(f"{name}{race}", race=race, profit=money(5 if race % 2 else -5)) for race in range(1, 41) for name in "ab"
    ]
    assert summarise(replay(*single)).net_interval == summarise(replay(*double)).net_interval
    assert summarise(replay(*double)).net_interval != Interval(low=money(0), high=money(0))


def test_few_races_have_no_interval() -> None:
    one = season(1)
    found = compare(one, season(1, shift=10))
    assert (found.net_interval, found.before.net_interval, found.before.beat_interval) == (None, None, None)
    two = compare(season(2), season(2, shift=10))
    assert two.net_interval is not None
    assert two.before.beat_interval is not None


def test_the_interval_of_a_beat_is_that_of_a_ratio() -> None:
    """The same share in every race: whatever is drawn, it is that share; races without a bet weigh nothing."""
    picks = [
        pick(f"p{race}", order(f"p{race}", HOUR, "10.00", f"{race}.00"), race=race, starting_price=money(8))
        for race in range(1, 20)
    ]
    idle = [pick(f"i{race}", race=race) for race in range(20, 40)]
    found = summarise(replay(*picks, *idle))
    assert found.beat_interval == Interval(low=money(25), high=money(25))
    assert summarise(replay(picks[0], *idle)).beat_interval is None


def test_what_cannot_be_summed_is_refused() -> None:
    with pytest.raises(OverflowError):
        Resamples(2).of_sum([Decimal(10) ** 13, Decimal(0)])
    with pytest.raises(ValueError, match="resamples"):
        Resamples(2, resamples=0)


def test_a_third_of_a_penny_is_not_lost() -> None:
    """Shares of commission are no whole pennies: they are rounded once, at the end."""
    picks = [pick(f"p{race}", race=race, commission=Decimal(1) / 3) for race in range(1, 31)]
    found = summarise(replay(*picks))
    assert found.net_interval == Interval(low=money("-10.00"), high=money("-10.00"))
