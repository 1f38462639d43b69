"""The last gate before an order: the limits once more, from the journal, independently of the rules.

The plan's protections read the snapshot, which was assembled from many sources. This gate reads the journal, as it is
at this moment, and what others have on the account. ``docs/promises.md`` I1, I2, I14, I16: counters are derived, so
that no restart resets them.
"""

from __future__ import annotations

from collections import defaultdict
from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Self

from policytrader.model.journal import NOT_SENT, ControlState, IntentState, Purpose
from policytrader.model.money import ZERO
from policytrader.model.position import exposure_of
from policytrader.model.price import is_on_ladder
from policytrader.model.snapshot import Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from decimal import Decimal

    from policytrader.model.bets import Bet
    from policytrader.model.journal import Intent, JournalEntry
    from policytrader.model.records import StoredBet
    from policytrader.policy.protection import Protections

MAX_UNKNOWN_IN_ALL = 3
"""So many orders of unknown fate, over all markets, close a latch: something is wrong with the way to the exchange."""

LATCH = "latch"
"""What refuses an order where a latch is closed."""

_MINUTE = timedelta(minutes=1)
_UNRESOLVED = frozenset({IntentState.RESERVED, IntentState.SENT, IntentState.UNKNOWN})
_UNKNOWN = frozenset({IntentState.SENT, IntentState.UNKNOWN})


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """What counts against the limits at this moment.

    ``entries`` are the journal's of the day, and whatever is open from before; ``foreign`` the bets of others on the
    account; ``settled`` the picks with a result, ``lost_today`` what these have lost since midnight in London, net of
    commission, never negative.
    """

    now: datetime
    entries: tuple[JournalEntry, ...]
    foreign: tuple[Bet, ...]
    controls: ControlState
    settled: frozenset[str] = frozenset()
    lost_today: Decimal = ZERO

    @classmethod
    def of(
        cls,
        now: datetime,
        entries: Sequence[JournalEntry],
        results: Iterable[StoredBet],
        *,
        foreign: Sequence[Bet] = (),
        controls: ControlState | None = None,
    ) -> Self:
        """From the journal and the day's results."""
        results = tuple(results)
        made = sum((bet.net for bet in results), ZERO)
        return cls(
            now=now,
            entries=tuple(entries),
            foreign=tuple(foreign),
            controls=controls or ControlState(),
            settled=frozenset(bet.selection_ref for bet in results),
            lost_today=max(ZERO, -made),
        )

    @property
    def open_risk(self) -> Decimal:
        """What everything without a result could lose, nothing netted; a bet that is over waits for its result here."""
        ours = sum((one.exposure for one in self.entries if one.is_open or not self._has_result(one)), ZERO)
        return ours + sum((exposure_of(bet.as_order(is_ours=False)) for bet in self.foreign), ZERO)

    @cached_property
    def exposures(self) -> Exposures:
        """Its sums, made once. Who adds to them takes a copy."""
        return Exposures(self)

    def _has_result(self, entry: JournalEntry) -> bool:
        return entry.intent.selection_ref in self.settled


class Exposures:
    """What the limits are asked of, from one ledger: by pick (market, runner, side), by market, in all, and at worst.

    Amounts in the pick's own unit, stake of a back and liability of a lay, exact.
    """

    def __init__(self, ledger: Ledger) -> None:
        """Make the sums."""
        self.by_selection: defaultdict[tuple[str, int, Side], Decimal] = defaultdict(lambda: ZERO)
        self.by_market: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        self.day = ZERO
        self.loss = ledger.lost_today + ledger.open_risk
        """What the day has lost, and would lose if everything without a result were lost."""
        for entry in ledger.entries:
            intent = entry.intent
            self._count((intent.market_id, intent.selection_id, intent.side), entry.exposure)
        for bet in ledger.foreign:
            self._count((bet.market_id, bet.selection_id, bet.side), exposure_of(bet.as_order(is_ours=False)))

    def copy(self) -> Exposures:
        """The same sums, to add to."""
        made = copy(self)
        made.by_selection, made.by_market = self.by_selection.copy(), self.by_market.copy()
        return made

    def add(self, intent: Intent) -> None:
        """Count an order that was reserved."""
        self._count(_key(intent), intent.reservation)
        self.loss += intent.reservation

    def passed_by(self, limits: Protections, market_id: str, risk: Decimal) -> str | None:
        """The id of the first limit over all orders, of a market or of the day, that one more of ``risk`` would pass.

        Until something is cancelled, voided or settled, these sums only grow.
        """
        market = limits.max_exposure_per_market
        if market is None or self.by_market[market_id] + risk > market:
            return "max_exposure_per_market"
        if limits.max_exposure_per_day is None or self.day + risk > limits.max_exposure_per_day:
            return "max_exposure_per_day"
        most = limits.max_daily_loss
        return "max_daily_loss" if most is None or self.loss + risk > most else None

    def _count(self, key: tuple[str, int, Side], amount: Decimal) -> None:
        self.by_selection[key] += amount
        self.by_market[key[0]] += amount
        self.day += amount


class Gate:
    """The limits of one policy over one ledger; ``count_in`` remembers what is let through."""

    def __init__(self, limits: Protections, ledger: Ledger) -> None:
        """Nothing was let through yet."""
        self._limits = limits
        self._ledger = ledger
        self._exposures = ledger.exposures.copy()
        self._fresh: dict[str, JournalEntry] = {}
        self._sent: list[Intent] = [entry.intent for entry in ledger.entries if entry.state is not IntentState.DECIDED]

    @property
    def is_killed(self) -> bool:
        """Nothing at all is placed, hedges included."""
        return self._ledger.controls.kill is not None

    @property
    def cancels_open(self) -> bool:
        """Whoever killed also wants nothing of ours to rest at the exchange."""
        kill = self._ledger.controls.kill
        return kill is not None and kill.cancels_open

    def refuse(self, intent: Intent, cap: Decimal | None) -> str | None:
        """The id of what forbids this order; None when nothing does.

        ``cap`` is the ladder's amount for the pick at this moment, in the order's own unit: what an opening order and
        all before it on the same market, runner and side may come to. Hedges have none: they skip what limits stakes
        and rates, and the levers, which close the way in and not the way out.
        """
        if not is_on_ladder(intent.price) or intent.size <= ZERO:
            return "price"
        if intent.purpose is Purpose.HEDGE:
            return self._refuse_hedge(intent)
        return self._refuse_state(intent) or self._refuse_amount(intent, cap) or self._refuse_rate(intent)

    def latest(self, purpose: Purpose) -> datetime | None:
        """Until when an order may leave: the prices it was decided on grow old. A hedge reads its own just before."""
        age = self._limits.max_price_age_seconds
        if purpose is Purpose.HEDGE or age is None:
            return None
        return self._ledger.now + timedelta(seconds=int(age))

    def count_in(self, intent: Intent) -> None:
        """Remember an order that was reserved."""
        self._exposures.add(intent)
        self._sent.append(intent)

    def learn(self, entry: JournalEntry) -> None:
        """What became of an order that was counted in: the ledger was read before it."""
        self._fresh[entry.intent.ref] = entry

    def _refuse_hedge(self, intent: Intent) -> str | None:
        """One hedge at a time: a second one for a first of unknown fate would be a bet of its own."""
        unresolved = any(
            entry.state in _UNRESOLVED for entry in self._on_runner(intent) if entry.intent.ref != intent.ref
        )
        return "max_unknown_intents" if unresolved else None

    def _refuse_state(self, intent: Intent) -> str | None:
        controls = self._ledger.controls
        if controls.kill is not None:
            return "kill"
        if controls.pause is not None:
            return "pause"
        subjects = {"", intent.account, intent.market_id, subject_of(intent)}
        if any(latch.subject in subjects for latch in controls.latches):
            return LATCH
        if any(entry.is_open and entry.intent.purpose is Purpose.HEDGE for entry in self._on_runner(intent)):
            return "cash_out_waits"
        # A slow answer between the reading and this order: what was decided on is too old by now.
        age = self._limits.max_price_age_seconds
        if age is not None and intent.created_at - self._ledger.now > timedelta(seconds=int(age)):
            return "max_price_age_seconds"
        limit = self._limits.max_unknown_intents
        unknown = sum(
            entry.state in _UNRESOLVED and entry.intent.market_id == intent.market_id for entry in self._entries()
        )
        return "max_unknown_intents" if limit is None or unknown >= limit else None

    def _refuse_amount(self, intent: Intent, cap: Decimal | None) -> str | None:
        limits, risk, held_now = self._limits, intent.reservation, self._exposures
        is_back = intent.side is Side.BACK
        held = held_now.by_selection[_key(intent)] + risk
        if cap is None or held > cap:
            return "ladder_cap"
        order, selection = limits.max_order, limits.max_exposure_per_selection
        if order is None or risk > (order.stake if is_back else order.liability):
            return "max_order"
        if selection is None or held > (selection.back_stake if is_back else selection.lay_liability):
            return "max_exposure_per_selection"
        return held_now.passed_by(limits, intent.market_id, risk)

    def _refuse_rate(self, intent: Intent) -> str | None:
        limits = self._limits
        openings = [sent for sent in self._sent if sent.purpose is Purpose.OPENING]
        recent = sum(sent.created_at > intent.created_at - _MINUTE for sent in openings)
        if limits.max_orders_per_minute is None or recent >= limits.max_orders_per_minute:
            return "max_orders_per_minute"
        same = sum(_key(sent) == _key(intent) for sent in openings)
        if limits.max_orders_per_selection is None or same >= limits.max_orders_per_selection:
            return "max_orders_per_selection"
        return None

    def _entries(self) -> Iterable[JournalEntry]:
        """The ledger's, and those of this tick."""
        return (*self._ledger.entries, *self._fresh.values())

    def _on_runner(self, intent: Intent) -> list[JournalEntry]:
        return [
            entry
            for entry in self._entries()
            if (entry.intent.market_id, entry.intent.selection_id) == (intent.market_id, intent.selection_id)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a latch closes: the protection, the newest intent that was counted, and what it stops ("" is everything)."""

    protection: str
    evidence: str
    why: str
    subject: str = ""


def latches_due(limits: Protections, entries: Sequence[JournalEntry], lost_today: Decimal) -> Iterable[Cause]:
    """The latches that the day's journal calls for; each stays closed until a person resumes."""
    unknown = [entry for entry in entries if entry.state in _UNKNOWN]
    if len(unknown) >= MAX_UNKNOWN_IN_ALL:
        why = f"{len(unknown)} orders of unknown fate"
        yield Cause(protection="max_unknown_intents", evidence=unknown[-1].intent.ref, why=why)
    if limits.max_daily_loss is not None and lost_today >= limits.max_daily_loss:
        yield Cause(protection="max_daily_loss", evidence=str(lost_today), why=f"{lost_today} lost today")
    rejected = _rejects_in_a_row(entries)
    if limits.max_rejects_in_a_row is not None and len(rejected) >= limits.max_rejects_in_a_row:
        why = f"{len(rejected)} orders refused in a row, the last for {rejected[0].code}"
        yield Cause(protection="max_rejects_in_a_row", evidence=rejected[0].intent.ref, why=why)
    if limits.max_orders_per_selection is not None:
        yield from _too_many(entries, int(limits.max_orders_per_selection))


def _too_many(entries: Sequence[JournalEntry], most: int) -> Iterable[Cause]:
    counts: dict[tuple[str, int, Side], list[str]] = defaultdict(list)
    for entry in entries:
        if entry.intent.purpose is Purpose.OPENING:
            counts[_key(entry.intent)].append(entry.intent.ref)
    for (market_id, selection_id, side), refs in counts.items():
        if len(refs) >= most:
            why = f"{len(refs)} orders to {side} {selection_id} in {market_id}"
            subject = f"{market_id}/{selection_id}/{side}"
            yield Cause(protection="max_orders_per_selection", evidence=refs[-1], why=why, subject=subject)


def _rejects_in_a_row(entries: Sequence[JournalEntry]) -> list[JournalEntry]:
    """The newest entries that the exchange refused, newest first, up to the first that it did not."""
    refused = []
    for entry in reversed(entries):
        if entry.state is not IntentState.DEAD:
            break
        if entry.sent_at is not None and entry.code != NOT_SENT:
            refused.append(entry)
    return refused


def subject_of(intent: Intent) -> str:
    """What a latch on one pick is about: its market, runner and side."""
    return "/".join(map(str, _key(intent)))


def _key(intent: Intent) -> tuple[str, int, Side]:
    return intent.market_id, intent.selection_id, intent.side
