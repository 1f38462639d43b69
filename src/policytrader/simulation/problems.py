"""The error of an act that cannot be: a market or runner that is not there, a second removal, a closed market."""

from __future__ import annotations

from policytrader.errors import PolicytraderError


class SimulationError(PolicytraderError):
    """What was asked of the simulated exchange cannot be; one plain sentence, and nothing has happened."""
