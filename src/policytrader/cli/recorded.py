"""Imported recordings as commands are given them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.cli.context import Context


def recording_folder(context: Context, name: str) -> Path:
    """The folder that an argument names. Raises ``UsageError``."""
    path = context.path(name)
    if not path.is_dir():
        message = f"{path}: no such folder; `policytrader recording import FILE --out {name}` makes one"
        raise UsageError(message)
    return path
