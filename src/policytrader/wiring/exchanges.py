"""An exchange to trade on, with its prices and its clock: the one of a file, or a profile's account."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from policytrader.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import timedelta
    from pathlib import Path

    from policytrader.adapters.betfair.endpoints import Credentials, Endpoints
    from policytrader.adapters.betfair.stream import StreamFeed
    from policytrader.adapters.clocks import ExchangeClock, SystemClock
    from policytrader.config import RealAccount
    from policytrader.ports import Exchange, LiveFeed, PriceFeed


@dataclass(frozen=True, slots=True, kw_only=True)
class Trading:
    """An exchange to trade on: orders, prices, the clock to go by.

    ``is_simulated``: it is on this machine, and no real money. ``feed`` is its stream, where prices come from that.
    ``skew`` tells how far the clock is ahead of the exchange's (behind it: negative), at least, by the last answer;
    None before the first one, and always where the clock is the exchange's own. Where ``sends`` is False, ``exchange``
    can only read: to ask it for an order is a defect. ``follow`` subscribes to everything of some markets and passes
    the stream's messages on as they come.
    """

    exchange: Exchange
    prices: PriceFeed
    clock: SystemClock | ExchangeClock
    account: str
    is_simulated: bool
    feed: LiveFeed | None = None
    skew: Callable[[], timedelta | None] = lambda: None
    follow: Callable[[Sequence[str], Callable[[str], None]], StreamFeed]


@contextmanager
def open_exchange(
    file: Path,
    clock: str | None,
    is_stopping: Callable[[], bool] = lambda: False,
    *,
    sends: bool = False,
    streams: bool = False,
) -> Iterator[Trading]:
    """The exchange whose JSON line stands in a file; ``clock`` is system, exchange or step, None for what fits.

    ``step`` is the exchange's clock too, and whoever waits moves it on: nothing happens there meanwhile. The clock of
    the exchange is for a simulated one alone: a real one has none. Nothing is asked yet. Without
    ``sends`` it can only be read. Raises ``ConfigError`` for a broken line, ``UsageError`` for a clock that it does
    not have.
    """
    from policytrader.adapters.betfair.endpoints import read_exchange_line, with_stream_certificate
    from policytrader.adapters.clocks import ExchangeClock, SystemClock

    line = read_exchange_line(file)
    if streams:
        line = with_stream_certificate(line)
    wanted = clock or ("system" if line.control is None else "exchange")
    if wanted != "system" and line.control is None:
        message = f"--clock {wanted}: the exchange of {file} has no clock of its own; only a simulated one has"
        raise UsageError(message)
    chosen = None
    if wanted != "system" and line.control is not None:
        chosen = ExchangeClock(line.control, is_stopping, moves=wanted == "step")
    try:
        used = chosen or SystemClock(is_stopping)
        with _connected(line.endpoints, line.credentials, used, sends=sends, streams=streams) as trading:
            yield replace(trading, is_simulated=trading.is_simulated or line.control is not None)
    finally:
        if chosen is not None:
            chosen.close()


@contextmanager
def open_account(
    real: RealAccount,
    is_stopping: Callable[[], bool] = lambda: False,
    *,
    sends: bool = False,
    streams: bool | None = False,
) -> Iterator[Trading]:
    """A profile's account, by the machine's clock, with secrets from the environment. Nothing is asked yet.

    ``streams``: prices come from the Exchange Stream; None as the profile says.

    Raises ``ConfigError`` for secrets that are missing, that others may read, or an address that is not allowed.
    """
    from policytrader.adapters.clocks import SystemClock

    endpoints, credentials = _account_access(real)
    wanted = real.wants_stream if streams is None else streams
    with _connected(endpoints, credentials, SystemClock(is_stopping), sends=sends, streams=wanted) as trading:
        yield trading


def check_account(real: RealAccount) -> str:
    """How the account's login would go, in words; asks nobody. Raises ``ConfigError`` as ``open_account`` does."""
    _, credentials = _account_access(real)
    credentials.check_files()
    return "login by certificate" if credentials.certificate is not None else "interactive login, without certificate"


def _account_access(real: RealAccount) -> tuple[Endpoints, Credentials]:
    from policytrader.adapters.betfair import endpoints as places
    from policytrader.config import EXAMPLE_ACCOUNT
    from policytrader.config.secret_values import account_secrets

    if real.account == EXAMPLE_ACCOUNT:
        message = f"the profile's account is still the example's, {EXAMPLE_ACCOUNT}: put the account's user name there"
        raise ConfigError(message)
    secrets = account_secrets(os.environ, real.account)
    credentials = places.Credentials(
        username=real.account,
        password=secrets.password,
        app_key=secrets.app_key,
        certificate=secrets.certificate,
        certificate_key=secrets.certificate_key,
    )
    if real.addresses is not None:
        return places.local_endpoints(real.addresses), credentials
    return places.betfair_endpoints(real.country), credentials


def verifies_servers() -> bool:
    """Whether requests and the stream refuse a server whose certificate or name is wrong."""
    import ssl

    from policytrader.adapters.betfair.http import OneShotSession
    from policytrader.adapters.betfair.tls_stream import tls_context

    stream = tls_context(None)
    with OneShotSession() as http:
        is_verified = http.verify is True and not http.trust_env
    return is_verified and stream.verify_mode is ssl.CERT_REQUIRED and stream.check_hostname


@contextmanager
def _connected(
    endpoints: Endpoints, credentials: Credentials, clock: SystemClock | ExchangeClock, *, sends: bool, streams: bool
) -> Iterator[Trading]:
    from policytrader.adapters.betfair.dates import DateWatch
    from policytrader.adapters.betfair.exchange import BetfairExchange
    from policytrader.adapters.betfair.prices import BetfairPrices
    from policytrader.adapters.betfair.reads import ReadingExchange
    from policytrader.adapters.betfair.stream import RECORDED_FIELDS, StreamFeed
    from policytrader.adapters.betfair.streamed_prices import MOST_STREAMED, StreamedPrices
    from policytrader.adapters.betfair.wire import Wire
    from policytrader.adapters.clocks import SystemClock

    # Only a clock of our own can be wrong against the exchange's.
    dates = DateWatch(clock.now) if isinstance(clock, SystemClock) else None
    with ExitStack() as stack:
        wire = stack.enter_context(Wire(endpoints, credentials, clock, only_reads=not sends, dates=dates))
        prices = BetfairPrices(wire)
        feed = stack.enter_context(StreamedPrices(wire, prices)) if streams else None

        def follow(market_ids: Sequence[str], tap: Callable[[str], None]) -> StreamFeed:
            if len(market_ids) > MOST_STREAMED:
                message = f"{len(market_ids)} markets are more than one subscription takes, {MOST_STREAMED}: name fewer"
                raise UsageError(message)
            return StreamFeed(wire, {"marketIds": list(market_ids)}, fields=RECORDED_FIELDS, tap=tap)

        yield Trading(
            exchange=BetfairExchange(wire) if sends else ReadingExchange(wire),
            prices=feed or prices,
            feed=feed,
            clock=clock,
            follow=follow,
            account=credentials.username,
            is_simulated=endpoints.is_on_this_machine,
            skew=dates.skew if dates is not None else lambda: None,
        )
