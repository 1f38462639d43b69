"""Reconciliation: what the exchange says of the account against what the journal knows (``docs/promises.md``).

The exchange wins, and every difference becomes an event. ``judge`` is pure: journal entries and complete readings in,
findings out. An intent is never found dead because it is absent; only a market that is closed, with its cleared orders
read, proves that there is no bet.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from policytrader.model.journal import BetSizes, IntentState
from policytrader.model.money import ZERO
from policytrader.model.snapshot import OrderStatus
from policytrader.ports import ClearedStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from policytrader.model.bets import Bet
    from policytrader.model.journal import JournalEntry
    from policytrader.ports import ClearedBet


class Found(StrEnum):
    """What a reconciliation finds about an intent, or about a bet that no intent explains."""

    SEEN = "seen"
    """The exchange lists a bet for an intent whose fate was open."""
    SIZES = "sizes"
    """The bet's sizes are not what the journal has."""
    FINISHED = "finished"
    """The bet is over."""
    DEAD = "dead"
    """The market is closed, cleared orders were read, and there is no bet."""
    LOST = "lost"
    """A bet that was seen is listed nowhere, in a market that is not closed: nothing more in that market."""
    ORPHAN = "orphan"
    """A bet carries our strategy's reference and no intent explains it: stop."""
    RISEN = "risen"
    """A bet exists for an intent that was found dead: stop."""
    OTHER_BET = "other_bet"
    """An intent has another bet than the one that was seen: stop."""


STOPS = frozenset({Found.ORPHAN, Found.RISEN, Found.OTHER_BET})
"""Findings after which no bet is placed until a person has looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding. ``ref`` is the intent's, None for an orphan; ``sizes`` as read, where there are any."""

    found: Found
    market_id: str
    ref: str | None = None
    bet_id: str | None = None
    sizes: BetSizes | None = None
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read of the account, completely: current bets, and cleared ones of every status.

    ``closed_markets`` are those that the exchange says are CLOSED (or does not list any more) *before* the cleared bets
    were read.
    """

    current: tuple[Bet, ...]
    cleared: tuple[ClearedBet, ...]
    closed_markets: frozenset[str]

    def __post_init__(self) -> None:
        """Each bet counts once."""
        object.__setattr__(self, "current", each_once(self.current))


def each_once(bets: Iterable[Bet]) -> tuple[Bet, ...]:
    """Each bet once, in their order. Pages of a list that moves can show one twice: the later state of it counts."""
    newest: dict[str, Bet] = {}
    for bet in bets:
        known = newest.get(bet.bet_id)
        if known is None or bet.size_remaining <= known.size_remaining:
            newest[bet.bet_id] = bet
    return tuple(newest.values())


def lost_since(known: Iterable[Bet], bets: Iterable[Bet]) -> list[Bet]:
    """Bets, whoever placed them, of which this list shows less matched than was known before; as they were known.

    What has matched stays listed until its market is settled: the list is an older one, or has lost it.
    """
    shown = {bet.bet_id: bet.size_matched + bet.size_voided for bet in bets}
    return [bet for bet in known if bet.size_matched + bet.size_voided > shown.get(bet.bet_id, ZERO)]


def judge(entries: Iterable[JournalEntry], reading: Reading, strategy_ref: str) -> tuple[Finding, ...]:
    """The differences between the journal and the exchange.

    ``entries`` are all intents that may have a bet: the open ones of any day, and the day's dead and done ones.
    """
    current = {bet.order_ref: bet for bet in reading.current if bet.strategy_ref == strategy_ref}
    cleared: dict[str | None, list[ClearedBet]] = {}
    for over in reading.cleared:
        if over.strategy_ref == strategy_ref:
            cleared.setdefault(over.order_ref, []).append(over)
    found: list[Finding] = []
    known = set()
    for entry in entries:
        ref = entry.intent.ref
        known.add(ref)
        if ref in current:
            found += _listed(entry, current[ref])
        elif ref in cleared:
            found += _over(entry, cleared[ref])
        else:
            found += _absent(entry, reading.closed_markets)
    found += _orphans(known, reading, strategy_ref)
    return tuple(found)


def _listed(entry: JournalEntry, bet: Bet) -> Iterable[Finding]:
    sizes = BetSizes.of(bet)
    known = Finding(
        found=Found.SEEN, market_id=bet.market_id, ref=entry.intent.ref, bet_id=bet.bet_id, sizes=sizes, code="listed"
    )
    if entry.bet_id is not None and entry.bet_id != bet.bet_id:
        yield _as(known, Found.OTHER_BET)
        return
    match entry.state:
        case IntentState.DEAD:
            yield _as(known, Found.RISEN)
            return
        case IntentState.RESERVED | IntentState.SENT | IntentState.UNKNOWN:
            yield known
        case IntentState.SEEN if entry.sizes != sizes:
            yield _as(known, Found.SIZES)
        case _:
            pass
    is_over = bet.status is OrderStatus.EXECUTION_COMPLETE and sizes.matched == ZERO and sizes.remaining == ZERO
    if is_over and entry.state is not IntentState.DONE:
        # Nothing of it was matched and nothing can be: no settlement will come.
        yield _as(known, Found.FINISHED)


def _over(entry: JournalEntry, parts: list[ClearedBet]) -> Iterable[Finding]:
    """The bet is among the cleared ones, in one part for each way in which parts of it ended.

    The ways are read one after the other: where the market was settled in between, parts are missing, and what was
    matched would be lost for good; the exchange too may clear them one after the other. So it is over only when its
    parts add up to what was asked for.
    """
    first = parts[0]
    sizes = _sizes_of(parts)
    known = Finding(
        found=Found.SEEN,
        market_id=first.market_id,
        ref=entry.intent.ref,
        bet_id=first.bet_id,
        sizes=sizes,
        code="cleared",
    )
    if entry.bet_id is not None and entry.bet_id != first.bet_id:
        yield _as(known, Found.OTHER_BET)
        return
    if entry.state is IntentState.DEAD:
        yield _as(known, Found.RISEN)
        return
    if entry.state in {IntentState.RESERVED, IntentState.SENT, IntentState.UNKNOWN}:
        yield known
    is_whole = sum((part.size for part in parts), ZERO) >= entry.intent.size
    if entry.state is not IntentState.DONE and is_whole:
        yield _as(known, Found.FINISHED)


def _sizes_of(parts: list[ClearedBet]) -> BetSizes:
    sums = {status: sum((part.size for part in parts if part.status is status), ZERO) for status in ClearedStatus}
    settled = next((part for part in parts if part.status is ClearedStatus.SETTLED), None)
    return BetSizes(
        matched=sums[ClearedStatus.SETTLED],
        average_price_matched=settled.price if settled is not None else None,
        cancelled=sums[ClearedStatus.CANCELLED],
        lapsed=sums[ClearedStatus.LAPSED],
        voided=sums[ClearedStatus.VOIDED],
    )


def _absent(entry: JournalEntry, closed_markets: Collection[str]) -> Iterable[Finding]:
    intent = entry.intent
    is_closed = intent.market_id in closed_markets
    match entry.state:
        case IntentState.RESERVED | IntentState.SENT | IntentState.UNKNOWN if is_closed:
            yield Finding(found=Found.DEAD, market_id=intent.market_id, ref=intent.ref, code="market_closed")
        case IntentState.SEEN if not is_closed and entry.sizes is not None:
            # It was listed before; one that only an answer spoke of may be listed late.
            yield Finding(found=Found.LOST, market_id=intent.market_id, ref=intent.ref, bet_id=entry.bet_id)
        case _:
            # Seen in a market that is closed: settlement may take its time, and the bet be in neither list meanwhile.
            pass


def _orphans(known: set[str], reading: Reading, strategy_ref: str) -> Iterable[Finding]:
    bets = [(bet.order_ref, bet.bet_id, bet.market_id, bet.strategy_ref) for bet in reading.current]
    bets += [(bet.order_ref, bet.bet_id, bet.market_id, bet.strategy_ref) for bet in reading.cleared]
    reported = set()
    for order_ref, bet_id, market_id, strategy in bets:
        if strategy == strategy_ref and order_ref not in known and bet_id not in reported:
            reported.add(bet_id)
            yield Finding(found=Found.ORPHAN, market_id=market_id, ref=order_ref, bet_id=bet_id)


def _as(finding: Finding, found: Found) -> Finding:
    return Finding(
        found=found,
        market_id=finding.market_id,
        ref=finding.ref,
        bet_id=finding.bet_id,
        sizes=finding.sizes,
        code=finding.code,
    )
