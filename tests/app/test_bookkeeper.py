"""The books: what others have matched counts until it is over, also where a list has lost it."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from policytrader.app.bookkeeper import Bookkeeper, Books
from policytrader.app.reconcile import Reading, lost_since
from policytrader.model.journal import ControlState
from policytrader.policy.protection import Protections
from policytrader.ports import ClearedStatus
from tests.app.journal_rows import AT, MARKET, a_bet, cleared

THEIRS = a_bet("x7", matched="8", remaining="2", strategy_ref="bot")
OURS = a_bet("r1")
LIMITS = Protections.model_construct(reconcile_every_seconds=Decimal(60), kill_switch_file=None)


class Account:
    """What the account shows at each reading, and a store with nothing in it."""

    def __init__(self, *readings: Reading) -> None:
        self._readings = list(readings)
        store = SimpleNamespace(
            intents=lambda *_: (), open_intents=lambda *_: (), intent=lambda _: None, live_results=lambda _: (),
            control_state=ControlState,
        )  # fmt: skip
        terms = SimpleNamespace(strategy_ref="pt", account="paper")
        means: Any = SimpleNamespace(store=store, clock=SimpleNamespace(now=lambda: AT), terms=terms)
        world: Any = SimpleNamespace(read_account=lambda *_, **__: self._readings.pop(0))
        self._bookkeeper = Bookkeeper(means, world, None)

    def look(self) -> Books:
        traded: Any = SimpleNamespace(now=AT)
        return self._bookkeeper.reconcile(LIMITS, traded, records=False)


def reading(*current: Any, over: tuple[Any, ...] = (), closed: tuple[str, ...] = ()) -> Reading:
    return Reading(current=current, cleared=over, closed_markets=frozenset(closed))


def test_a_bet_of_others_that_a_list_has_lost_counts_on() -> None:
    account = Account(reading(THEIRS, OURS), reading(OURS), reading(), reading(THEIRS))
    risks = []
    for _ in range(4):
        books = account.look()
        assert books.account.bets.count(THEIRS) == 1
        risks.append(books.ledger.open_risk)
    # Ours too, as no intent explains it here; but of ours the journal knows, and nothing is remembered.
    assert risks == [20, 20, 10, 10]


def test_an_older_state_of_a_bet_of_others_is_not_believed() -> None:
    older = a_bet("x7", matched="3", remaining="7", strategy_ref="bot")
    newer = a_bet("x7", matched="9", remaining="1", strategy_ref="bot")
    account = Account(reading(THEIRS), reading(older), reading(newer), reading(THEIRS))
    assert [account.look().account.bets for _ in range(4)] == [(THEIRS,), (THEIRS,), (newer,), (newer,)]


@pytest.mark.parametrize(
    "last",
    [
        reading(over=(cleared("x7", strategy_ref="bot"),)),
        reading(over=(cleared("x7", ClearedStatus.VOIDED, strategy_ref="bot"),)),
        reading(closed=(MARKET,)),
        reading(a_bet("x7", matched="0", strategy_ref="bot", size_voided=Decimal(8))),
    ],
    ids=["settled", "cleared as void", "market closed", "voided"],
)
def test_a_bet_of_others_that_is_over_counts_no_more(last: Reading) -> None:
    account = Account(reading(THEIRS), last, reading())
    account.look()
    assert account.look().account.bets == last.current
    assert account.look().account.bets == ()


@pytest.mark.parametrize("status", [ClearedStatus.CANCELLED, ClearedStatus.LAPSED])
def test_a_rest_that_is_over_says_nothing_of_what_has_matched(status: ClearedStatus) -> None:
    rest = cleared("x7", status, strategy_ref="bot", size=Decimal(2))
    account = Account(reading(THEIRS), reading(over=(rest,)))
    account.look()
    assert account.look().account.bets == (THEIRS,)


def test_an_order_of_others_without_a_match_may_have_been_cancelled() -> None:
    account = Account(reading(a_bet("x7", matched="0", remaining="10", strategy_ref="bot")), reading())
    account.look()
    assert account.look().account.bets == ()


def test_what_is_lost_is_told_as_it_was_known() -> None:
    other = a_bet("x8", matched="1")
    assert lost_since([THEIRS, other], [other]) == [THEIRS]
    assert lost_since([THEIRS], [a_bet("x7", matched="7")]) == [THEIRS]
    assert lost_since([THEIRS], [a_bet("x7", matched="5", size_voided=Decimal(3))]) == []
    assert lost_since([a_bet("x7", matched="5", size_voided=Decimal(3))], [a_bet("x7", matched="5")]) != []
