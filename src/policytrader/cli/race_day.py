"""What a generated race day may be asked for, wherever one is served."""

from __future__ import annotations

DEFAULT_RACES, MOST_RACES = 6, 60
MAX_SEED = 2**63 - 1
