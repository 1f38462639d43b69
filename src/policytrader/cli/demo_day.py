"""The demo's day in words: what each tick of the daemon saw and did, as lines for a screen, as it happens.

Nothing is decided here. The trader is the daemon's own; this one only shows its ticks to somebody.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policytrader.authoring.load import policy_files
from policytrader.cli.report_words import signed_text
from policytrader.cli.words import counted
from policytrader.engine.closing import CancelOpen, Closed, Ending, Hedge, Wait
from policytrader.model.decision import Action
from policytrader.model.journal import BetSizes, Purpose
from policytrader.model.money import ZERO, floor_to_penny, half_up, money_text
from policytrader.model.orders import Fate
from policytrader.model.snapshot import RunnerStatus
from policytrader.model.times import london_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime, tzinfo
    from decimal import Decimal
    from pathlib import Path

    from policytrader.app.cash_out import Round
    from policytrader.app.execute import Executed
    from policytrader.app.tick import Tick
    from policytrader.model.position import Position
    from policytrader.model.records import StoredSelection
    from policytrader.ports.store import Store

SCHEDULE = """policy: schedule
version: 1
zone: Europe/London
intervals:
  - {from: "00:00", every: 20m}
  - {from: "11:00", every: 4m}
stop: after_last_race
end: schedule
"""
"""So coarse that a day is over in seconds."""
PACE = "every 4 minutes (20 before 11:00)"
_KIND = re.compile(r"^policy:[ \t]*[\"']?(\w+)", re.MULTILINE)
_ENDINGS = {
    Ending.FLAT: "it makes no difference any more who wins",
    Ending.RESIDUAL: "what is left is too small to bet",
    Ending.VOID: "the exchange voids its bets",
    Ending.MARKET_CLOSED: "the market is closed",
}


def coarser_rules(policy: Path) -> Mapping[str, bytes]:
    """The files of a policy by name, with the demo's schedule instead of their own. Raises ``PolicyError``.

    A file that holds more than the schedule stays as it is: then the day goes at the policy's own pace.
    """
    texts = {file.name: file.read_bytes() for file in policy_files(policy)}
    kinds = {name: _KIND.findall(text.decode("utf-8", "replace")) for name, text in texts.items()}
    return {name: SCHEDULE.encode() if kinds[name] == ["schedule"] else text for name, text in texts.items()}


class DayTeller:
    """Tells ticks, in the order of the day; remembers what was told."""

    def __init__(self, store: Store, zone: tzinfo) -> None:
        """Nothing was told yet."""
        self._store = store
        self._zone = zone
        self._picks: dict[str, StoredSelection] = {}
        self._removed: set[tuple[str, int]] = set()
        self._new: list[Executed] = []
        self._matched: dict[str, Decimal] = {}
        self._waits: dict[str, str] = {}
        self._held: set[str] = set()

    def told(self, tick: Tick) -> Iterator[str]:
        """The lines of a tick. Raises ``StoreError``."""
        for pick in self._store.selections(london_day(tick.at)):
            self._picks[pick.selection.selection_ref] = pick
        yield from self._matches(tick)
        yield from self._withdrawals(tick)
        for ref, reason in tick.invalidated:
            yield self._line(tick.at, "invalid", f"{self._name(ref)}: {reason}")
        yield from self._cash_outs(tick)
        yield from self._refusals(tick)
        self._new = [done for done in tick.executed if done.entry.intent.purpose is Purpose.OPENING]
        yield from self._results(tick)

    # --- Orders -------------------------------------------------------------------------------------------------------

    def _matches(self, tick: Tick) -> Iterator[str]:
        """The orders of the tick before, with what became of them; and what matched later of those that rested."""
        sizes = {found.ref: found.sizes for found in tick.findings if found.ref is not None}
        for done in self._new:
            intent = done.entry.intent
            found = sizes.get(intent.ref) or BetSizes()
            self._matched[intent.ref] = found.matched
            what = f"{self._name(intent.selection_ref)}  {money_text(intent.size)} @ {money_text(intent.price)}"
            yield self._line(intent.created_at, "order", f"{what}  {_fate(done, found)}")
        new = {done.entry.intent.ref for done in self._new}
        for ref, now in sizes.items():
            before = self._matched.get(ref)
            entry = self._store.intent(ref) if ref not in new else None
            if now is not None and before is not None and entry is not None and now.matched > before:
                self._matched[ref] = now.matched
                name = self._name(entry.intent.selection_ref)
                yield self._line(tick.at, "matched", f"{name}  {money_text(now.matched - before)} more")
        self._new = []

    def _refusals(self, tick: Tick) -> Iterator[str]:
        """What a protection held back, each one's first time."""
        codes = [(one.selection.selection_ref, one.code) for one in tick.plan if one.action is Action.BLOCKED]
        for ref, code in [*codes, *tick.refused]:
            if code not in self._held:
                self._held.add(code)
                yield self._line(tick.at, "held back", f"{self._name(ref)}, by {code}")

    # --- Withdrawals --------------------------------------------------------------------------------------------------

    def _withdrawals(self, tick: Tick) -> Iterator[str]:
        snapshot = tick.plan.snapshot
        races = {market.market_id: market.race_id for market in snapshot.markets}
        gone = {
            (races[runner.market_id], runner.selection_id): runner.runner_name
            for runner in snapshot.runners
            if runner.status is RunnerStatus.REMOVED
        }
        prices = {(row.race_id, row.selection_id): row.reference_price for row in snapshot.reference}
        for (race_id, selection_id), name in gone.items():
            if (race_id, selection_id) in self._removed:
                continue
            self._removed.add((race_id, selection_id))
            price = prices.get((race_id, selection_id))
            race = next(pick for pick in self._picks.values() if pick.selection.race_id == race_id)
            before = sum(one == race_id for one, _ in prices)
            left = before - sum(one == race_id for one, _ in self._removed)
            was = f", {price} this morning" if price is not None else ""
            text = f"{name or selection_id}, {self._race(race)}{was}; {before} runners this morning, {left} now"
            yield self._line(tick.at, "withdrawn", text)

    def _cash_outs(self, tick: Tick) -> Iterator[str]:
        for ref, rounds in tick.closing.items():
            for taken in rounds:
                text = _step(taken)
                # One that has to wait tries in every tick.
                if not isinstance(taken.step, Wait) or self._waits.get(ref) != text:
                    yield self._line(tick.at, "cash-out", f"{self._name(ref)}: {text}")
                self._waits[ref] = text

    # --- Results ------------------------------------------------------------------------------------------------------

    def _results(self, tick: Tick) -> Iterator[str]:
        if not tick.settled:
            return
        stored = self._store.live_results(london_day(tick.at))
        for bet in stored:
            if bet.selection_ref in tick.settled:
                what = (
                    f"{bet.outcome:<4}  {signed_text(bet.net):>7}" if bet.size_matched else f"{bet.outcome:<4}  no bet"
                )
                yield self._line(tick.at, "result", f"{self._name(bet.selection_ref)}  {what}")
        total = sum((bet.net for bet in stored), ZERO)
        yield self._line(tick.at, "so far", f"{len(stored)} settled, {signed_text(total)} after commission")

    # --- Words --------------------------------------------------------------------------------------------------------

    def _line(self, at: datetime, what: str, text: str) -> str:
        return f"{at.astimezone(self._zone):%H:%M}  {what:<9}  {text}"

    def _name(self, ref: str) -> str:
        pick = self._picks[ref]
        one = pick.selection
        return f"{one.side:<4} {one.market_type:<5}  {one.runner_name or one.selection_id}, {self._race(pick)}"

    def _race(self, pick: StoredSelection) -> str:
        return f"{pick.selection.race_time.astimezone(self._zone):%H:%M} {pick.course}"


def _fate(done: Executed, found: BetSizes) -> str:
    if done.answer.fate is not Fate.SEEN:
        return f"{done.answer.fate}: {done.answer.code}"
    if not found.matched:
        return "not matched yet"
    average = half_up(found.average_price_matched or done.entry.intent.price)
    if found.matched == done.entry.intent.size:
        return f"matched at {money_text(average)}"
    return f"{money_text(found.matched)} matched at {money_text(average)}"


def _step(taken: Round) -> str:
    match taken.step:
        case CancelOpen(bet_ids):
            return f"what rests is cancelled, {counted(len(bet_ids), 'bet')}"
        case Hedge(side, price, size):
            said = "" if taken.placed is None or taken.placed.fate is Fate.SEEN else f" ({taken.placed.code})"
            return f"{_outcomes(taken.position)}; {side.lower()} {money_text(size)} @ {money_text(price)}{said}"
        case Wait(code):
            return f"waits: {code.replace('_', ' ')}"
        case Closed(ending):
            worst = floor_to_penny(min(taken.position))
            return f"closed, {signed_text(worst)} at worst: {_ENDINGS[ending]}"


def _outcomes(position: Position) -> str:
    return f"{signed_text(position.if_wins)} if it wins, {signed_text(position.if_loses)} if not"
