"""Bet tracking as other programs use it: thin faces over the use cases.

::

    from policytrader.tracking import BetTrackingSystem, AlertReconstructionService

Neither needs the other, and neither connects anywhere before it is used: each is imported when first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from policytrader.tracking.alert_reconstruction import AlertReconstructionService
    from policytrader.tracking.bet_tracking_system import BetTrackingSystem, PendingBets

_HOMES = {
    "AlertReconstructionService": "policytrader.tracking.alert_reconstruction",
    "BetTrackingSystem": "policytrader.tracking.bet_tracking_system",
    "PendingBets": "policytrader.tracking.bet_tracking_system",
}

__all__ = ["AlertReconstructionService", "BetTrackingSystem", "PendingBets"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
