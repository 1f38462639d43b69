"""Two that change the same bet on a server without transactions, in every order of their three writes."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.mongo.steps import ByClaims, fresh
from policytrader.model.outcomes import Outcome
from tests.contracts.bet_store_contract import ANNA, a_bet, put, settled, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policytrader.adapters.mongo.steps import Step
    from policytrader.adapters.mongo.store import MongoBetStore

pytestmark = pytest.mark.xdist_group("mongo")
PARTS = 3
ORDERS = [
    "".join("A" if place in mine else "B" for place in range(2 * PARTS))
    for mine in combinations(range(2 * PARTS), PARTS)
]


def in_parts(steps: ByClaims, step: Step) -> Iterator[set[str]]:
    """Stops before each of the three writes, and gives what was changed after the last."""
    token = step[1].note
    yield set()
    found = fresh(steps._bets, [step])
    claims = steps._claim(found, token)
    yield set()
    written = steps._tell([one for one, _ in found if one[0].bet_id in claims], claims)
    yield set()
    yield steps._change(found, written, claims, token)


@pytest.mark.parametrize("order", ORDERS)
def test_one_of_two_wins_and_the_history_is_the_winners(order: str, store: MongoBetStore) -> None:
    put(store, a_bet())
    bets, history = store._bets, store._history
    changes = {"A": settled(a_bet(), note="A"), "B": settled(a_bet(), Outcome.LOST, note="B")}
    running = {name: in_parts(ByClaims(bets, history), (bet, told(bet, note=name))) for name, bet in changes.items()}
    done = {name: next(parts) for name, parts in running.items()}
    for name in order:
        done[name] = next(running[name])
    found = store.bet(ANNA, "b1")
    assert found is not None
    winners = [name for name, changed in done.items() if changed]
    entries = store.history(ANNA, "b1")
    assert [found.note] == [entry.note for entry in entries[1:]] == winners or (
        not winners and found == a_bet() and len(entries) == 1
    )
    # Whoever lost reads again and goes on.
    last = settled(found, note="last")
    assert store.replace(last, told(last, note="last"))
    assert [entry.note for entry in store.history(ANNA, "b1")] == ["", *winners, "last"]
