"""A user's bets: track, correct, settle by hand, take back, delete. Every answer says what happened, and why not.

Whoever asks is told about a wrong id, a wrong value or a bet of somebody else's in the answer; only a store that fails
raises. Nothing is half-written: each step is a new version with its history entry, stored together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policytrader.app.tracking import changes, values
from policytrader.app.tracking.new_bet import Request, new_bet
from policytrader.app.tracking.values import Refusal
from policytrader.errors import StoreUnknownError
from policytrader.model.money import money_text
from policytrader.model.tracked import By, Change
from policytrader.model.tracked_checks import kept, kept_time

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from policytrader.app.tracking.changes import Pay, Step
    from policytrader.app.tracking.new_bet import Terms
    from policytrader.model.tracked import HistoryEntry, TrackedBet
    from policytrader.ports.bet_store import Added, BetStore, Owner

_ATTEMPTS = 5
"""How often a bet that others change at the same time is read and changed again."""
LONGEST_BET_ID = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request.

    ``bet`` is the bet as it stands now, for a duplicate the one that is there; None where there is none. ``message``
    is for a person: what was done, or why nothing was.
    """

    is_done: bool
    message: str
    bet: TrackedBet | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """By which policy bets are read and paid, and where ids and times come from. ``now`` is aware UTC."""

    terms: Terms
    pay: Pay
    now: Callable[[], datetime]
    new_id: Callable[[], str]


class BetBook:
    """The bets of a store, and what their owners may do with them."""

    def __init__(self, store: BetStore, rules: Rules) -> None:
        """Asks nothing of the store yet."""
        self.store = store
        self.rules = rules

    def track(self, owner: Owner, request: Request, *, allow_duplicate: object = False) -> Answer:
        """Store a new bet; one that is there already only where a duplicate is meant, and then linked to the first."""
        try:
            may_repeat = values.flag("allow_duplicate", allow_duplicate)
            bet = new_bet(owner, self.rules.new_id(), request, self.rules.terms, self.rules.now())
        except Refusal as refusal:
            return Answer(is_done=False, message=str(refusal))
        added = self.add(bet, changes.first_entry(bet, By.PERSON, Change.TRACKED))
        if added.existing is not None and may_repeat:
            bet = replace(bet, duplicate_of=added.existing.bet_id)
            added = self.add(bet, changes.first_entry(bet, By.PERSON, Change.TRACKED))
        if added.existing is not None:
            return Answer(is_done=False, message=_already(added.existing), bet=added.existing)
        return Answer(is_done=True, message=_tracked(bet, request), bet=bet)

    def find(self, owner: Owner, bet_id: object) -> TrackedBet | None:
        """The owner's bet, unless it is deleted; None also for what is no bet id."""
        if not isinstance(bet_id, str) or not 0 < len(bet_id) <= LONGEST_BET_ID or not bet_id.isprintable():
            return None
        bet = self.store.bet(owner, bet_id)
        return None if bet is None or bet.deleted_at is not None else bet

    def history(self, owner: Owner, bet_id: object) -> tuple[HistoryEntry, ...]:
        """Everything that happened to the bet, oldest first; nothing for an unknown one."""
        bet = self.find(owner, bet_id)
        return () if bet is None else self.store.history(owner, bet.bet_id)

    def set_result(
        self,
        owner: Owner,
        bet_id: object,
        status: object,
        actual: object = None,
        *,
        is_manual: object = False,
        note: object = "",
    ) -> Answer:
        """A result that the owner says; ``pending`` resets the bet. See ``changes.with_result``."""

        def step(bet: TrackedBet, at: datetime) -> Step | None:
            outcome = values.outcome("result_status", status)
            value = None if actual is None else values.count("actual_value", actual)
            manual = values.flag("manual_override", is_manual)
            remark = values.note("note", note)
            return changes.with_result(bet, outcome, value, at, self.rules.pay, is_manual=manual, note=remark)

        return self.change(owner, bet_id, step)

    def take_back(self, owner: Owner, bet_id: object, why: object) -> Answer:
        """Take the standing result back, for a reason, which is kept."""

        def step(bet: TrackedBet, at: datetime) -> Step:
            reason = values.note("reason", why)
            if not reason:
                message = "reason: is needed; it is kept with the bet"
                raise Refusal(message)
            return changes.taken_back(bet, at, reason)

        return self.change(owner, bet_id, step)

    def set_stake(self, owner: Owner, bet_id: object, stake: object) -> Answer:
        """Correct the stake; the money of a settled bet follows."""
        return self.change(
            owner, bet_id, lambda bet, at: changes.with_stake(bet, values.stake("stake", stake), at, self.rules.pay)
        )

    def set_odds(self, owner: Owner, bet_id: object, odds: object) -> Answer:
        """Correct the odds; the money of a settled bet follows."""
        return self.change(
            owner, bet_id, lambda bet, at: changes.with_odds(bet, values.odds("odds", odds), at, self.rules.pay)
        )

    def set_closing_odds(self, owner: Owner, bet_id: object, closing: object) -> Answer:
        """Note the last price before kick-off; None takes it away."""
        return self.change(
            owner,
            bet_id,
            lambda bet, at: changes.with_closing_odds(
                bet, None if closing is None else values.odds("closing_odds", closing), at
            ),
        )

    def set_labels(self, owner: Owner, bet_id: object, tags: object = None, note: object = None) -> Answer:
        """Set tags, or the note; None leaves them as they are."""
        return self.change(
            owner,
            bet_id,
            lambda bet, at: changes.with_labels(
                bet,
                None if tags is None else values.tags("tags", tags),
                None if note is None else values.note("note", note),
                at,
            ),
        )

    def delete(self, owner: Owner, bet_id: object) -> Answer:
        """Leave a tombstone in the bet's place."""
        return self.change(owner, bet_id, changes.deleted)

    def mark_graded_immediately(self, owner: Owner, bet_id: str) -> Answer:
        """Note that the bet had its result when it was tracked."""
        return self.change(owner, bet_id, changes.graded_immediately)

    def add(self, bet: TrackedBet, entry: HistoryEntry) -> Added:
        """Store a new bet; where the answer is lost, the same step again tells what became of it."""
        try:
            return self.store.add(bet, entry)
        except StoreUnknownError:
            return self.store.add(bet, entry)

    def replace_all(self, steps: Sequence[tuple[TrackedBet, HistoryEntry]]) -> tuple[bool, ...]:
        """The same for changes."""
        try:
            return self.store.replace_all(steps)
        except StoreUnknownError:
            return self.store.replace_all(steps)

    def change(self, owner: Owner, bet_id: object, step: Callable[[TrackedBet, datetime], Step | None]) -> Answer:
        """Make a step on the bet as it stands; again where others changed it meanwhile. A refusal is in the answer."""
        for _ in range(_ATTEMPTS):
            bet = self.find(owner, bet_id)
            if bet is None:
                return Answer(is_done=False, message="no such bet")
            try:
                made = step(bet, kept_time(self.rules.now()))
                if made is None:
                    return Answer(is_done=True, message="it is so already", bet=bet)
                changed, entry = kept(made[0]), made[1]
            except ValueError as refusal:  # a Refusal, or a store's own limits
                return Answer(is_done=False, message=str(refusal), bet=bet)
            if self.replace_all([(changed, entry)])[0]:
                return Answer(is_done=True, message="done", bet=changed)
        return Answer(is_done=False, message="others are changing this bet; try again")


def _tracked(bet: TrackedBet, request: Request) -> str:
    is_rounded = values.number("actual_stake", request.actual_stake) != bet.actual_stake
    return f"tracked as {bet.bet_id}" + (f"; the stake counts as {money_text(bet.actual_stake)}" if is_rounded else "")


def _already(existing: TrackedBet) -> str:
    if existing.deleted_at is not None:
        return f"already tracked as {existing.bet_id}, and deleted since; allow_duplicate tracks it again"
    return f"already tracked as {existing.bet_id}; allow_duplicate tracks it a second time"
