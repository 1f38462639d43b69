"""Errors of the control: one plain sentence that says what was wrong."""

from __future__ import annotations

from policytrader.errors import UsageError


class ControlError(UsageError):
    """A command that cannot be carried out as it stands."""
