"""What a stream message looks like, for whoever reads recordings: one set of rules for the import and for playback."""

from __future__ import annotations

import re
from enum import IntEnum

MARKET_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
LATE_TOLERANCE_MILLISECONDS = 60_000
"""How far a message may be dated before the one in front of it; more is not one recording in order."""
LATEST_PUBLISHED = 4_102_444_800_000
"""The year 2100, in milliseconds."""
WHOLE_IMAGE = (None, "SEG_START")
"""``segmentType`` of the message that begins an image."""


class Depth(IntEnum):
    """Which of the ladders that a stream may carry is read: the deepest that it has carried since its last image."""

    NONE = 0
    DISPLAYED = 1
    BEST = 2
    FULL = 3


LADDER_KEYS = {Depth.DISPLAYED: ("bdatb", "bdatl"), Depth.BEST: ("batb", "batl"), Depth.FULL: ("atb", "atl")}
"""Depth -> the keys of what is available to back and to lay."""
