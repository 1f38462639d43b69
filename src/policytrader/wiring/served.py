"""Simulated exchanges on this machine, to be served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from policytrader.adapters.exchange_server.server import ExchangeServer
    from policytrader.errors import Diagnostic


def serve_race_day(seed: int, races: int, *, speed: float = 0.0, port: int = 0, stream_port: int = 0) -> ExchangeServer:
    """A server, not yet started, of the race day that a seed generates. Raises ``UsageError`` for a port in use."""
    from policytrader.adapters.exchange_server.server import ExchangeServer
    from policytrader.simulation.exchange import SimulatedExchange
    from policytrader.simulation.race_day import generate_race_day

    day = generate_race_day(seed, races)
    exchange = SimulatedExchange(day.now, day.feed())
    return ExchangeServer(exchange, seed=str(seed), speed=speed, port=port, stream_port=stream_port)


def serve_recording(
    folder: Path,
    *,
    tell: Callable[[Diagnostic], None] | None = None,
    speed: float = 0.0,
    port: int = 0,
    stream_port: int = 0,
) -> ExchangeServer:
    """A server, not yet started, that plays a recording from its first event.

    ``tell`` hears of damage when it is met; the rest goes on. Raises ``RecordingError`` where nothing can be played,
    ``UsageError`` for a folder that is not there or a port in use.
    """
    from policytrader.adapters.exchange_server.server import ExchangeServer
    from policytrader.adapters.recordings.playback import first_time, read_events
    from policytrader.simulation.exchange import SimulatedExchange

    if not folder.exists():
        message = f"--recording {folder}: no such folder"
        raise UsageError(message)
    exchange = SimulatedExchange(first_time([folder]), read_events([folder], tell=tell))
    return ExchangeServer(exchange, seed="recording", speed=speed, port=port, stream_port=stream_port)
