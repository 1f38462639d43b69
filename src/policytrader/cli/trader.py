"""What trades, and what only looks: a trader on an exchange and a store, and the day's selections at this moment."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from policytrader.cli.trading import STRATEGY_REF

if TYPE_CHECKING:
    from collections.abc import Callable

    from policytrader.app.trader import Trader
    from policytrader.cli.context import Context
    from policytrader.config import Profile
    from policytrader.model.snapshot import Snapshot
    from policytrader.ports.store import Store
    from policytrader.wiring import Trading


def _by_chance() -> str:
    return secrets.token_hex(16)


def make_trader(
    context: Context, trading: Trading, store: Store, profile: Profile, new_ref: Callable[[], str] = _by_chance
) -> Trader:
    """A trader on this exchange and store; nothing is read yet."""
    from policytrader.app.tick import TraderTerms
    from policytrader.app.trader import Trader

    return Trader(
        exchange=trading.exchange,
        prices=trading.prices,
        store=store,
        clock=trading.clock,
        new_ref=new_ref,
        terms=TraderTerms(
            account=trading.account, mode=profile.mode, strategy_ref=STRATEGY_REF, minimum=profile.minimum
        ),
        kill_file=profile.kill_path(context.project),
    )


def snapshot_now(trading: Trading, store: Store) -> Snapshot:
    """Today's selections with the prices and orders of this moment; reads, and writes nothing."""
    from policytrader.app.look import live_snapshot

    return live_snapshot(
        trading.exchange, trading.prices, store, trading.clock, account=trading.account, strategy_ref=STRATEGY_REF
    )
