"""The promises, counted after a day: what the exchange holds against what the journal says."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from policytrader import load_policy
from policytrader.model.position import risk_of
from policytrader.model.snapshot import MarketType, RunnerStatus, Side
from policytrader.model.times import LONDON, parse_utc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policytrader.policy.staking import Ladder
    from tests.processes.daemons import Daemons

ZERO = Decimal(0)
_MOST_EVENTS = 1000


@dataclass(kw_only=True)
class Counted:
    """Numbers, and each broken promise by name: who broke it."""

    orders: int
    intents: int
    hedges: int
    states: dict[str, int]
    picks: int
    invalidated: int
    profit: Decimal
    account: Decimal
    without_intent: list[str] = field(default_factory=list)
    sent_twice: list[str] = field(default_factory=list)
    over_cap: list[str] = field(default_factory=list)
    after_invalid: list[str] = field(default_factory=list)
    other_sizes: list[str] = field(default_factory=list)

    @property
    def broken(self) -> dict[str, list[str]]:
        found = {
            "orders without an intent": self.without_intent,
            "intents sent twice": self.sent_twice,
            "over the cap": self.over_cap,
            "bet after it became invalid": self.after_invalid,
            "sizes that the journal has not": self.other_sizes,
        }
        return {name: whose for name, whose in found.items() if whose}

    def rows(self) -> list[tuple[str, object]]:
        return [
            ("orders at the exchange", self.orders),
            ("  of these hedges", self.hedges),
            ("intents in the journal", self.intents),
            ("  by state", " ".join(f"{state} {count}" for state, count in sorted(self.states.items()))),
            ("orders without an intent", len(self.without_intent)),
            ("intents sent twice", len(self.sent_twice)),
            ("orders over their pick's cap or step", len(self.over_cap)),
            ("picks / invalidated", f"{self.picks} / {self.invalidated}"),
            ("bets on a pick after it was invalid", len(self.after_invalid)),
            ("bets whose matched size the journal has not", len(self.other_sizes)),
            ("results in the store / the account's change", f"{self.profit} / {self.account}"),
        ]


def count_promises(daemons: Daemons, balance_before: Decimal) -> Counted:
    """Read journal, events, results and the exchange, when everything is over."""
    day = daemons.day
    ledger = day.ledger()
    at_exchange: list[dict[str, Any]] = ledger["orders"]
    journal = {order["ref"]: order for order in daemons.ask("orders")["orders"]}
    picks = {pick["selection_ref"]: pick for pick in daemons.ask("select", "list")["selections"]}
    with daemons.opened() as store:
        results = store.live_results(day.server.host.now().astimezone(LONDON).date())
    counted = Counted(
        orders=len(at_exchange),
        intents=len(journal),
        hedges=sum(order["purpose"] == "hedge" for order in journal.values()),
        states=Counter(order["state"] for order in journal.values()),
        picks=len(picks),
        invalidated=sum(not pick["valid"] for pick in picks.values()),
        profit=sum(((one.profit or ZERO) - (one.commission or ZERO) for one in results), ZERO),
        account=balance_of(daemons) - balance_before,
    )
    refs = [one["customerOrderRef"] for one in at_exchange]
    counted.without_intent = [str(ref) for ref in refs if ref not in journal]
    counted.sent_twice = [str(ref) for ref, times in Counter(refs).items() if times > 1]
    counted.sent_twice += _marked_twice(daemons)
    known = [(one, journal[one["customerOrderRef"]]) for one in at_exchange if one["customerOrderRef"] in journal]
    counted.other_sizes = [
        order["ref"] for one, order in known if Decimal(str(one["sizeMatched"])) != Decimal(order["size_matched"])
    ]
    openings = [(one, order) for one, order in known if order["purpose"] == "opening"]
    counted.over_cap = list(_over_cap(daemons, openings, picks))
    counted.after_invalid = list(_after_invalid(daemons, openings, picks))
    return counted


def balance_of(daemons: Daemons) -> Decimal:
    """What the account holds at the exchange: it moves when a market is settled."""
    return daemons.day.server.host.exchange.account.balance


def _marked_twice(daemons: Daemons) -> list[str]:
    """Intents that the journal saw sent more than once: an event each time."""
    sent: Counter[str] = Counter()
    with daemons.opened() as store:
        last = 0
        while events := store.events(after=last, limit=_MOST_EVENTS):
            sent.update(event.ref for event in events if event.kind == "sent" and event.ref is not None)
            last = events[-1].seq
    return [ref for ref, times in sent.items() if times > 1]


def _over_cap(
    daemons: Daemons, openings: Iterable[tuple[dict[str, Any], dict[str, Any]]], picks: dict[str, Any]
) -> Iterable[str]:
    """Each order as it was placed: what the pick had matched until then and the whole of it, against its step."""
    policy = load_policy(daemons.day.folder / "rules")
    held: dict[str, Decimal] = defaultdict(Decimal)
    for one, order in sorted(openings, key=lambda pair: str(pair[0]["placedDate"])):
        ref = order["selection_ref"]
        pick, side = picks[ref], Side(order["side"])
        ladder = policy.staking.ladder_for(side, MarketType(pick["market_type"]))
        points = Decimal(pick["stake_points"])
        target = step_amount(ladder, side, parse_utc(pick["race_time"]) - _placed(one)) * points
        asked = risk_of(side, Decimal(order["price"]), Decimal(order["size"]))
        cap = ladder.limits.amount(side) * points
        if held[ref] + asked > min(target, cap):
            yield f"{order['ref']} on {ref}: {held[ref]} + {asked} of {target}, cap {cap}"
        size, average = Decimal(str(one["sizeMatched"])), Decimal(str(one["averagePriceMatched"]))
        held[ref] += risk_of(side, average, size) if size else ZERO


def step_amount(ladder: Ladder, side: Side, to_off: timedelta) -> Decimal:
    """What the ladder allows with so much time left."""
    left = to_off / timedelta(microseconds=1)
    begun = [step for step in ladder.steps if step.microseconds is None or step.microseconds >= left]
    return begun[-1].amount(side)


def _after_invalid(
    daemons: Daemons, openings: Iterable[tuple[dict[str, Any], dict[str, Any]]], picks: dict[str, Any]
) -> Iterable[str]:
    """Orders placed after their pick was stored as invalid, and bets made after the withdrawal that made it so.

    Between a withdrawal and the tick that sees it an order may be sent, by the version of the market from before: the
    exchange must not have matched any of it.
    """
    markets = daemons.day.server.host.exchange.markets
    for one, order in openings:
        pick = picks[order["selection_ref"]]
        if pick["invalidated_at"] is None:
            continue
        placed, invalid = _placed(one), parse_utc(pick["invalidated_at"])
        removed = {
            runner.selection_id: runner.removed_at
            for runner in markets[pick["market_id"]].definition.runners
            if runner.status is RunnerStatus.REMOVED and runner.removed_at is not None
        }
        # A tick is dated when it begins, and what it then reads may be younger: its own runner's withdrawal is the
        # one that counts where there was one, however it is dated beside the tick.
        own = removed.get(pick["selection_id"])
        withdrawals = [at for at in removed.values() if at <= invalid] if own is None else [own]
        has_bet = bool(one["sizeMatched"]) or bool(one["sizeVoided"])
        if placed > invalid or (has_bet and withdrawals and placed > max(withdrawals)):
            yield f"{order['ref']} placed {placed}, invalid {invalid}, withdrawals {withdrawals}"


def _placed(order: dict[str, Any]) -> datetime:
    return parse_utc(str(order["placedDate"]))
