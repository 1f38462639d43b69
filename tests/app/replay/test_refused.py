"""Orders that were refused where the other policy sent one: for what, and whether the limit made the difference."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from policytrader.app.replay.causes import CauseKind
from policytrader.app.replay.compare import difference_of
from policytrader.app.replay.ledgers import DayLedgers
from policytrader.app.replay.why import explain_differences
from policytrader.model.journal import Purpose
from policytrader.model.snapshot import Side
from policytrader.resources import resource
from policytrader.wiring import read_snapshot
from tests.app.replay.replays import HOUR, invalid, money, order, pick
from tests.one_day import MINUTE, OFF
from tests.policy_edits import LARGER_ORDERS, MORE_EARLY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from policytrader.app.replay.why import Explained
    from policytrader.model.replay import ReplayedSelection
    from policytrader.policy.policy_set import PolicySet
    from tests.policy_edits import Edited


AT = OFF - HOUR
CODE = "max_daily_loss"
"""In the snapshot the pick `w` is worth a back of 36.00: with 20.00 at risk elsewhere that is 56.00."""


def loss(limit: int) -> tuple[str, str, str]:
    return "protection", "max_daily_loss: 300", f"max_daily_loss: {limit}"


def other(size: str, **more: object) -> ReplayedSelection:
    """Another pick, of another race, bet on two hours before."""
    return pick("x", order("x", 3 * HOUR, "8.00", size, market_id="1.2"), race=2, **more)


def refused(*codes: tuple[str, datetime, datetime], orders: Sequence[object] = ()) -> ReplayedSelection:
    """The pick of which everything was refused."""
    return pick("w", *orders, refused_at={code: (first, last) for code, first, last in codes})  # type: ignore[arg-type]


def explained(
    policies: tuple[PolicySet, PolicySet],
    before: Sequence[ReplayedSelection],
    after: Sequence[ReplayedSelection],
) -> Explained:
    """Of two replays in which `w` comes first."""
    (folder,) = (resource("golden") / "racing").glob("01-*")
    snapshot = read_snapshot(folder)
    found = difference_of(before[0], after[0])
    assert found is not None
    (one,) = explain_differences([found], policies, lambda _ref, _at: snapshot, traded=(before, after))
    return one


def sent() -> ReplayedSelection:
    return pick("w", order("w", HOUR, "8.00", "36.00"))


NOW = (CODE, AT, AT)


def test_the_limit_of_the_day_is_named_with_both_values(edited: Edited) -> None:
    """20.00 is at risk under both, and 36.00 more is too much for one of them: nothing else differs."""
    policies = edited(), edited(loss(55))
    found = explained(policies, [sent(), other("20.00")], [refused(NOW), other("20.00")])
    (cause,) = found.causes
    assert (cause.kind, cause.label) == (CauseKind.PROTECTION, "protection max_daily_loss")
    assert (cause.before, cause.after) == ("does not refuse (300)", "refuses (55)")
    assert found.refused == (None, CODE)
    back = explained((policies[1], policies[0]), [refused(NOW), other("20.00")], [sent(), other("20.00")])
    assert [cause.label for cause in back.causes] == ["protection max_daily_loss"]
    assert back.refused == (CODE, None)


def test_also_where_the_two_have_bet_otherwise_by_then(edited: Edited) -> None:
    """A has won what B never bet: on A's orders B's limit would let it through, on B's A's would."""
    policies = edited(), edited(loss(55))
    won = pick("x", race=2, profit=money(50), settled_at=AT - MINUTE)
    (cause,) = explained(policies, [sent(), won], [refused(NOW), other("20.00")]).causes
    assert cause.label == "protection max_daily_loss"


def test_with_the_same_limit_it_is_the_other_orders_through_it(edited: Edited) -> None:
    policies = edited(loss(55)), edited(loss(55), LARGER_ORDERS)
    found = explained(policies, [sent(), other("10.00")], [refused(NOW), other("20.00")])
    (cause,) = found.causes
    assert (cause.kind, cause.name) == (CauseKind.ELSEWHERE, CODE)
    assert cause.label == "orders of other selections through max_daily_loss"
    assert (cause.before, cause.after) == ("does not refuse (55)", "refuses (55)")
    assert found.refused == (None, CODE)


def test_another_limit_that_would_have_refused_as_well_is_not_the_cause(edited: Edited) -> None:
    """36.00 fits beside A's 10.00 under both limits, and beside B's 30.00 under neither."""
    policies = edited(loss(60)), edited(loss(55))
    (cause,) = explained(policies, [sent(), other("10.00")], [refused(NOW), other("30.00")]).causes
    assert cause.label == "orders of other selections through max_daily_loss"


def test_what_was_voided_may_have_counted_or_not(edited: Edited) -> None:
    """Under one limit A was not refused: whatever became of its orders, the limit is no cause."""
    policies = edited(loss(55)), edited(loss(55), LARGER_ORDERS)
    void = pick("x", order("x", 3 * HOUR, "8.00", "20.00", size_matched=money(0), size_voided=money(20)), race=2)
    (cause,) = explained(policies, [sent(), void], [refused(NOW), void]).causes
    assert cause.label == "orders of other selections through max_daily_loss"


def test_what_explains_that_nothing_was_done_comes_first(edited: Edited) -> None:
    """B's stake is 40.00: that differs too, and does not explain why A bet nothing."""
    policies = edited(loss(55)), edited(loss(55), MORE_EARLY)
    found = explained(policies, [refused(NOW), other("20.00")], [sent(), other("10.00")])
    assert found.names == ("orders of other selections through max_daily_loss", "staking step 1h")
    assert found.refused == (CODE, None)
    # The larger order is refused beside 17.00, and would not be beside 10.00.
    found = explained(policies[::-1], [refused(NOW), other("17.00")], [sent(), other("10.00")])
    assert found.names == ("orders of other selections through max_daily_loss", "staking step 1h")
    # On the same orders: 36.00 fits beside 17.00, 40.00 does not.
    found = explained(policies, [sent(), other("17.00")], [refused(NOW), other("17.00")])
    assert found.names == ("protection max_daily_loss", "staking step 1h")


def test_a_latch_is_named_by_what_closed_it(edited: Edited) -> None:
    """60.00 were lost for a while, and won back: a latch stays closed."""
    policies = edited(), edited(loss(55))
    lost = pick("x", race=2, profit=money(-60), settled_at=AT - 2 * MINUTE)
    won = pick("y", race=3, profit=money(50), settled_at=AT - MINUTE)
    latched = refused(("latch", AT, AT))
    found = explained(policies, [sent(), lost, won], [latched, lost, won])
    (cause,) = found.causes
    assert cause.label == "protection max_daily_loss"
    assert (cause.before, cause.after) == ("does not refuse (300)", "refuses (55)")
    assert found.refused == (None, "latch")


def test_a_refusal_counts_where_it_was_still_the_last_word(edited: Edited) -> None:
    policies = edited(), edited(loss(55))

    def names(*codes: tuple[str, datetime, datetime]) -> tuple[str | None, str | None]:
        return explained(policies, [sent(), other("20.00")], [refused(*codes), other("20.00")]).refused

    assert names((CODE, AT - HOUR, AT - MINUTE)) == (None, CODE)
    assert names((CODE, AT - HOUR, AT + MINUTE)) == (None, CODE)
    assert names((CODE, AT + MINUTE, AT + HOUR)) == (None, None)
    # Of two the one that refuses again when it is asked, whichever was the last.
    assert names((CODE, AT - HOUR, AT + MINUTE), ("max_spread_ticks", AT - MINUTE, AT + MINUTE)) == (None, CODE)
    both = order("w", 2 * HOUR, "8.00", "20.00")
    early = refused((CODE, AT - 2 * HOUR, AT - 2 * HOUR), orders=[both])
    went_on = replace(sent(), orders=(both, *sent().orders))
    assert explained(policies, [went_on], [early]).refused == (None, None)


def test_who_invalidated_was_not_refused(edited: Edited) -> None:
    gone = invalid(refused(NOW), AT, "Invalid Small Field", "small-field")
    assert explained((edited(), edited(loss(55))), [sent()], [gone]).refused == (None, None)


# --- Ledgers --------------------------------------------------------------------------------------------------------


def test_what_counts_is_what_was_sent_and_settled_before_the_turn(edited: Edited) -> None:
    limits = edited().protection.protections
    mine = sent()
    earlier = pick("a", order("a", HOUR, "8.00", "1.00", market_id="1.0"), race=0)
    later = pick("z", order("z", HOUR, "8.00", "2.00", market_id="1.2"), race=2)
    hedge = pick("h", order("h", HOUR, "8.00", "4.00", market_id="1.3", purpose=Purpose.HEDGE), race=3)
    yesterday = pick("d", order("d", 24 * HOUR, "8.00", "8.00", market_id="1.4"), race=4)
    dead = pick("e", order("e", 2 * HOUR, "8.00", "16.00", market_id="1.5", code="INVALID_ODDS"), race=5)
    over = pick("o", order("o", 2 * HOUR, "8.00", "32.00", market_id="1.6"), race=6, settled_at=AT - MINUTE)
    now = pick("n", order("n", 2 * HOUR, "8.00", "64.00", market_id="1.7"), race=7, settled_at=AT)
    ledgers = DayLedgers([later, mine, hedge, yesterday, dead, over, now, earlier])
    ledger = ledgers.ledger(mine.selection, AT, limits, most=True)
    # In the same tick only hedges, and what comes first in the order of decision.
    assert ledger.open_risk == money(1 + 4 + 64)
    assert ledger.lost_today == money(32)
    assert ledger.exposures.loss == money(1 + 4 + 64 + 32)
    assert ledger.exposures.day == money(1 + 4 + 32 + 64)
    assert ledger.controls.may_open


def test_an_order_counts_as_sent_at_the_most_and_as_ended_at_the_least(edited: Edited) -> None:
    limits = edited().protection.protections
    void = order("a", 2 * HOUR, "8.00", "3.00", size_matched=money(0), size_voided=money(3))
    reduced = order("b", 2 * HOUR, "5.00", "4.00", side=Side.LAY, average_price_matched=money(3), market_id="1.2")
    ledgers = DayLedgers([pick("a", void), pick("b", reduced, race=2, side=Side.LAY)])
    mine = sent().selection
    assert ledgers.ledger(mine, AT, limits, most=True).open_risk == money(3 + 16)
    assert ledgers.ledger(mine, AT, limits, most=False).open_risk == money(8)
