"""Which cash-out trigger says how a position is closed: the first that is true, not the first in the file."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from policytrader import load_policy, read_snapshot
from policytrader.engine.evaluate import Engine
from policytrader.model.decision import Action
from policytrader.model.snapshot import Side
from policytrader.policy.rules import AppliesTo
from policytrader.resources import resource

pytestmark = pytest.mark.engine

BACK_TO_CLOSE = Path(__file__).parents[2] / "golden" / "racing" / "25-cash-out-of-a-back"


@pytest.mark.parametrize("place", [0, 1])
def test_the_trigger_that_is_true_decides_how(place: int) -> None:
    shipped = load_policy(resource("rules"))
    (true,) = shipped.cash_out.triggers
    of_lays = true.model_copy(
        update={
            "id": "of-lays",
            "applies_to": AppliesTo(side=("LAY",)),
            "then": true.then.model_copy(update={"max_slippage_ticks": Decimal(1)}),
        }
    )
    triggers = (of_lays, of_lays)[:place] + (true, of_lays)[: 2 - place]
    policy = replace(shipped, cash_out=shipped.cash_out.model_copy(update={"triggers": triggers}))
    with Engine(policy) as engine:
        closing = [one for one in engine.evaluate(read_snapshot(BACK_TO_CLOSE)) if one.action is Action.CASH_OUT]
    assert [one.selection.side for one in closing].count(Side.BACK) == len(closing) > 0
    assert all(one.trigger is true for one in closing)
