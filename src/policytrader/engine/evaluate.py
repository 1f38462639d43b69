"""Policy + snapshot -> plan: one prepared statement, then sizes, hedges and protections for what it selects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.engine.compile import FIXED_COLUMNS, Outcome, Statement, compile_members, compile_policy
from policytrader.engine.connection import ConnectionOwner
from policytrader.engine.hedge import plan_hedge
from policytrader.engine.plan import NO_REASON_STORED, Decision, Plan
from policytrader.engine.protect import Guard
from policytrader.engine.tables import (
    TABLES,
    RunnersTable,
    SelectionsTable,
    SnapshotSource,
    orders_table,
    reference_table,
)
from policytrader.errors import Diagnostic, Place, SnapshotError, UsageError
from policytrader.model.decision import Action, PlannedHedge
from policytrader.model.money import MINIMUM_SIZES, MinimumSize
from policytrader.model.position import position_of, risk_of

if TYPE_CHECKING:
    from policytrader.model.snapshot import Selection, Snapshot
    from policytrader.policy.policy_set import PolicySet

_SIMPLE: dict[int, tuple[Action, str]] = {
    Outcome.CLOSED: (Action.CLOSED, "cashed_out"),
    Outcome.CASH_OUT_WAITS: (Action.WAIT, "cash_out_waits"),
    Outcome.CANCEL_RESTED: (Action.CANCEL, "rested"),
    Outcome.AFTER_OFF: (Action.WAIT, "after_off"),
    Outcome.FULLY_MATCHED: (Action.DONE, "fully_matched"),
    Outcome.STEP_FILLED: (Action.WAIT, "step_filled"),
    Outcome.NO_PRICE: (Action.WAIT, "price"),
}
_BY_OUTCOME: dict[int, Action] = {
    Outcome.CANDIDATE: Action.PLACE,
    Outcome.CASH_OUT: Action.CASH_OUT,
    Outcome.HOLD: Action.HOLD,
    Outcome.CANCEL_INVALID: Action.CANCEL,
    Outcome.INVALID: Action.INVALID,
}
BELOW_MINIMUM = "below_minimum"
"""Why nothing is placed although the price is there: what is left, or offered, is less than the smallest order."""

_OUTCOME = FIXED_COLUMNS.index("outcome")
_ROW_NO = FIXED_COLUMNS.index("row_no")


def decision_order(selection: Selection) -> tuple[Any, ...]:
    """The order of decisions: off, race, market (as text), runner (as number), side, reference."""
    return (
        selection.race_time,
        selection.race_id,
        selection.market_id,
        selection.selection_id,
        selection.side,
        selection.selection_ref,
    )


class Engine(ConnectionOwner):
    """One policy, compiled and prepared once; evaluates any number of snapshots. Close it, or use it in ``with``."""

    def __init__(
        self,
        policy: PolicySet,
        *,
        protections: bool = True,
        explain: bool = False,
        minimum: MinimumSize = MINIMUM_SIZES["GBP"],
    ) -> None:
        """Compile and prepare. ``protections=False`` leaves them out, to look at the policy's own logic."""
        self.policy = policy
        self.statement: Statement = compile_policy(policy, explain=explain)
        self._protections = protections
        # The statement that shows the facts' members reads every price.
        wanted = self.statement.wanted | ({"runners.best_back", "runners.last_traded"} if explain else frozenset())
        self._runners_table = RunnersTable(wanted)
        self._selections_table = SelectionsTable(wanted)
        self._minimum = minimum
        self._sources = {table.name: SnapshotSource(table) for table in TABLES}
        self._ordered: tuple[tuple[Selection, ...], tuple[Selection, ...]] = ((), ())
        super().__init__(self._sources)
        self._connection.execute(f"PREPARE decide AS {self.statement.sql}")

    def evaluate(self, snapshot: Snapshot) -> Plan:
        """Decide every selection of the snapshot."""
        guard = Guard(self.policy.protection.protections, snapshot) if self._protections else None
        decider = Decider(self.policy, snapshot, guard, self._minimum)
        decisions = tuple(decider.decide(selection, row) for selection, row in self.rows(snapshot))
        return Plan(self.policy, snapshot, decisions, self.statement)

    def rows(self, snapshot: Snapshot) -> list[tuple[Selection, tuple[Any, ...]]]:
        """The selections in the order of decision, each with the statement's row; columns as in ``statement``."""
        selections = self._load(snapshot)
        rows: list[tuple[Any, ...]] = self._connection.execute("EXECUTE decide").fetchall()
        by_number = {row[_ROW_NO]: row for row in rows}
        # One row per selection is what the reader's uniqueness checks promise; anything else must not become orders.
        if len(rows) != len(selections) or len(by_number) != len(rows):
            message = f"{len(rows)} decisions for {len(selections)} selections"
            raise AssertionError(message)
        return [(selection, by_number[number]) for number, selection in enumerate(selections)]

    def members(self, snapshot: Snapshot) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """What each fact says of each runner of each captured race: column names and rows."""
        self._load(snapshot)
        result = self._connection.execute(compile_members(self.policy))
        return tuple(column[0] for column in result.description or ()), result.fetchall()

    def _load(self, snapshot: Snapshot) -> tuple[Selection, ...]:
        if self._ordered[0] is not snapshot.selections:
            _refuse_twice(snapshot.selections)
            self._ordered = (snapshot.selections, tuple(sorted(snapshot.selections, key=decision_order)))
        selections = self._ordered[1]
        sources = self._sources
        sources["selections"].fill(self._selections_table, selections, snapshot)
        sources["reference"].fill(reference_table, snapshot.reference)
        sources["runners"].fill(self._runners_table, snapshot.runners, snapshot.markets)
        sources["orders"].fill(orders_table, snapshot.orders)
        return selections


class Decider:
    """From the statement's row of a selection to its decision: sizes, hedges and protections, in order of decision."""

    def __init__(self, policy: PolicySet, snapshot: Snapshot, guard: Guard | None, minimum: MinimumSize) -> None:
        """``guard`` None leaves the protections out; it remembers what was planned before."""
        self._basis = (policy, snapshot)
        self._guard = guard
        self._minimum = minimum

    def decide(self, selection: Selection, row: tuple[Any, ...]) -> Decision:
        """Decide one selection. ``row`` begins with ``FIXED_COLUMNS``."""
        outcome = row[_OUTCOME]
        if (simple := _SIMPLE.get(outcome)) is not None:
            return Decision(selection, *simple, None, None, row, self._basis)
        decision = Decision(selection, _BY_OUTCOME[outcome], "ladder", None, None, row, self._basis)
        if outcome == Outcome.CANDIDATE:
            self._place(decision)
            return decision
        if outcome == Outcome.CASH_OUT:
            decision.cash_out = _hedge(selection, self._basis[1])
        decision.code = decision.reason or NO_REASON_STORED
        return decision

    def _place(self, decision: Decision) -> None:
        """Work out the order; settle for WAIT or BLOCKED where there is none."""
        selection, guard = decision.selection, self._guard
        stake = decision.stake
        order = decision.candidate(stake)
        if not self._minimum.allows(order.size, order.price):
            decision.action, decision.code = Action.WAIT, BELOW_MINIMUM
            return
        # Whatever the ladder, the statement or the sizes come to: never past the cap.
        assert stake.exposure + risk_of(*order) <= stake.cap, f"{selection.selection_ref} would pass its cap"
        if guard is not None and (refused_by := guard.refuse(selection, order)) is not None:
            decision.action, decision.code = Action.BLOCKED, refused_by
            return
        if guard is not None:
            guard.count_in(selection, order)
        decision.order = order


def _refuse_twice(selections: tuple[Selection, ...]) -> None:
    """One market, runner and side has one cap: two picks on it would bet twice."""
    seen: dict[tuple[str, int, str], str] = {}
    for selection in selections:
        key = (selection.market_id, selection.selection_id, selection.side)
        if key in seen:
            message = f"{selection.selection_ref} is about the same market, runner and side as {seen[key]}"
            raise SnapshotError([Diagnostic(Place("selections"), "S109", message, "Keep one of the two.")])
        seen[key] = selection.selection_ref


def _hedge(selection: Selection, snapshot: Snapshot) -> PlannedHedge:
    key = (selection.market_id, selection.selection_id)
    runner = snapshot.runners_by_id.get(key)
    best_back, best_lay = (runner.best_back, runner.best_lay) if runner else (None, None)
    return plan_hedge(*position_of(snapshot.orders_by_runner.get(key, [])), best_back, best_lay)


def evaluate(
    policy: PolicySet, snapshot: Snapshot, *, protections: bool = True, explain: bool = False, currency: str = "GBP"
) -> Plan:
    """What the policy would do about every selection of the snapshot, and why: a pure function of both.

    ``protections=False`` leaves the protections out. ``currency`` chooses the exchange's minimum order size. For many
    snapshots keep an ``Engine``: it compiles once.
    """
    if currency not in MINIMUM_SIZES:
        message = f"no minimum order size is known for {currency}; known: {', '.join(MINIMUM_SIZES)}"
        raise UsageError(message)
    with Engine(policy, protections=protections, explain=explain, minimum=MINIMUM_SIZES[currency]) as engine:
        return engine.evaluate(snapshot)
