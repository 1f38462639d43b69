"""The world as protocols: what use cases ask of a clock, an exchange, a price feed and a store.

Adapters implement them; each port's contract suite (``tests/contracts``) runs on every implementation.
"""

from policytrader.model.bets import ClearedStatus
from policytrader.ports.clock import Clock, DaemonClock
from policytrader.ports.exchange import ClearedBet, ClearedMarket, Exchange, Funds, LiveFeed, PriceFeed
from policytrader.ports.log import Say
from policytrader.ports.store import ControlStore, JournalStore, RuleStore, SelectionStore, Store

__all__ = [
    "ClearedBet",
    "ClearedMarket",
    "ClearedStatus",
    "Clock",
    "ControlStore",
    "DaemonClock",
    "Exchange",
    "Funds",
    "JournalStore",
    "LiveFeed",
    "PriceFeed",
    "RuleStore",
    "Say",
    "SelectionStore",
    "Store",
]
