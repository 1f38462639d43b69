"""The files that travel with the package: rules, schemas, config, golden scenarios.

In a wheel they lie in ``policytrader/_data``; in a checkout at the project's root.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
_ROOT = _HERE.parent.parent


def resource(name: str) -> Path:
    """The folder ``rules``, ``schemas``, ``config`` or ``golden`` that came with this installation."""
    checkout = _ROOT / name
    return checkout if (_ROOT / "pyproject.toml").is_file() and checkout.is_dir() else _HERE / "_data" / name
