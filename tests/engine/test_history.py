"""Many snapshots judged together: as each of them alone, in every rule that can be written."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

from policytrader.authoring.load import load_policy
from policytrader.engine.compile import FIXED_COLUMNS
from policytrader.engine.evaluate import Engine
from policytrader.engine.history import KEPT, Captured, HistoryEngine, PickRows
from policytrader.engine.tables import PICKS, SELECTIONS, RunnersTable, SelectionsTable
from policytrader.resources import resource
from tests.oracle.policies import random_policy
from tests.oracle.snapshots import random_snapshot
from tests.oracle.written import policy_files, write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from policytrader.model.snapshot import Selection, Snapshot
    from policytrader.policy.policy_set import PolicySet

POLICIES, SNAPSHOTS = 25, 10
EPOCHS = 2
"""Each snapshot is shown as often: its captures hold in several epochs."""
JUDGEMENT, MEETS = FIXED_COLUMNS.index("judgement"), FIXED_COLUMNS.index("meets")
SAID = ("market_status", "in_play", "number_of_winners", "course", "adjustment_factor")


@pytest.mark.engine
def test_as_each_alone(tmp_path: Path) -> None:
    judgements: set[int | None] = set()
    for number in range(POLICIES):
        rng = Random(f"history-{number}")  # noqa: S311 - repeatable, not secret
        policy = load_policy(write(policy_files(random_policy(rng, is_calm=rng.random() < 0.5)), tmp_path / "policy"))
        snapshots = [_alone(random_snapshot(rng, is_calm=rng.random() < 0.5), place) for place in range(SNAPSHOTS)]
        with Engine(policy, protections=False) as engine:
            rows = [found for snapshot in snapshots for found in [engine.rows(snapshot)] * EPOCHS]
        expected = [(row[JUDGEMENT], bool(row[MEETS])) for found in rows for _, row in found]
        assert _together(policy, snapshots, [[one for one, _ in found] for found in rows]) == expected, number
        judgements |= {judgement for judgement, _ in expected}
    assert len(judgements) > 8


@pytest.mark.engine
@pytest.mark.parametrize("answered", [(), (0,), (0, 0), (0, 1, 1)])
def test_a_row_without_one_answer_is_refused(answered: Sequence[int]) -> None:
    snapshot = random_snapshot(Random(1), is_calm=True)  # noqa: S311 - repeatable, not secret
    policy = load_policy(resource("rules"))
    with HistoryEngine(policy) as history:
        rows = PickRows(snapshot.selections[:1], [2], np.zeros(2, np.int32), {})
        answers = "".join(f" UNION ALL SELECT {place}, 0, TRUE" for place in answered)
        none = 'SELECT 0 AS "row_no", 0 AS "judgement", TRUE AS "meets" WHERE FALSE'
        history._connection.execute(f"PREPARE judge AS {none}{answers}")
        with pytest.raises(AssertionError, match=f"{len(answered)} answers for 2 rows"):
            history.judge(rows, [Captured(snapshot.reference, 0, 1)], RunnersTable(frozenset())([], []))


def _alone(snapshot: Snapshot, place: int) -> Snapshot:
    """Without orders, and with captures that are nobody else's."""
    return replace(
        snapshot,
        orders=(),
        selections=tuple(
            one._replace(capture_id=one.capture_id and f"{place}-{one.capture_id}") for one in snapshot.selections
        ),
        reference=tuple(one._replace(capture_id=f"{place}-{one.capture_id}") for one in snapshot.reference),
    )


def _together(
    policy: PolicySet, snapshots: Sequence[Snapshot], picks: Sequence[Sequence[Selection]]
) -> list[tuple[int | None, bool]]:
    """Every pick a row of its own, in the order of the decisions."""
    shown = [snapshot for snapshot in snapshots for _ in range(EPOCHS)]
    with HistoryEngine(policy) as history:
        seen = SelectionsTable(history.wanted), RunnersTable(history.wanted)
        tables = [seen[0](tuple(of), snapshot) for of, snapshot in zip(picks, shown, strict=True)]
        runners = [
            seen[1](snapshot.runners, snapshot.markets).set_column(
                0, "snapshot_id", pa.array([epoch] * len(snapshot.runners), pa.int32())
            )
            for epoch, snapshot in enumerate(shown)
        ]
        moving = pa.concat_tables(tables).combine_chunks()
        names = ["race_time", *SELECTIONS.schema.names[len(PICKS.schema) :]]
        columns = {name: moving[name].combine_chunks() for name in names}
        columns |= {name: columns[name].dictionary_encode() for name in SAID}
        judged = history.judge(
            PickRows(
                [pick for of in picks for pick in of],
                [1 for of in picks for _ in of],
                np.repeat(np.arange(len(shown)), [len(of) for of in picks]),
                columns,
            ),
            [Captured(one.reference, place * EPOCHS, (place + 1) * EPOCHS) for place, one in enumerate(snapshots)],
            pa.concat_tables(runners),
        )
    answers = zip(judged.judgement.tolist(), judged.meets.tolist(), strict=True)
    return [(None if judgement == KEPT else judgement, meets) for judgement, meets in answers]
