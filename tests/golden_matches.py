"""The matches of ``golden/football``: how each ``match.json`` is made.

``python -m tests.golden_matches`` writes them anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fotmob_fixtures import (
    derived_abandoned,
    derived_cancelled,
    derived_corrected,
    derived_extra_time,
    derived_half_time,
    derived_live,
    derived_postponed,
    derived_unknown_word,
    derived_var_pending,
)
from tests.fotmob_minis import Document, mini

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FOLDER = Path("golden") / "football"
_WIDTH = 120
_MARIN_ON_TARGET = "content.lineup.lineup[0].players[1][0].stats[0].stats.Shot accuracy.value"

MATCHES: Mapping[str, Callable[[], Document]] = {
    "01-whole-page": lambda: mini("L3"),
    "02-whole-page-of-2025": lambda: mini("L4"),
    "03-whole-page-of-2023": lambda: mini("L2"),
    "04-whole-page-of-2020": lambda: mini("L1"),
    "05-must-start": lambda: mini("L3"),
    "06-other-terms": lambda: mini("L4"),
    "07-live": lambda: derived_live(mini("L3"), 60),
    "08-half-time": lambda: derived_half_time(mini("L3")),
    "09-var-pending": lambda: derived_var_pending(mini("L3")),
    "10-postponed-in-the-window": lambda: derived_postponed(mini("L3")),
    "11-postponed-for-too-long": lambda: derived_postponed(mini("L3")),
    "12-cancelled": lambda: derived_cancelled(mini("L2")),
    "13-abandoned": lambda: derived_abandoned(mini("L3"), 60),
    "14-extra-time": lambda: derived_extra_time(mini("L4")),
    "15-hidden-with-the-keeper": lambda: mini("L4"),
    "16-four-of-three": lambda: derived_corrected(mini("L2"), {_MARIN_ON_TARGET: "4/3 (133%)"}),
    "17-unknown-word": lambda: derived_unknown_word(mini("L3")),
    "18-unknown-layout": lambda: mini("L3") | {"content": {}},
    "19-bad-rows": lambda: mini("L3"),
    "20-live-unders-lose": lambda: derived_live(mini("L3"), 60),
}


def readable(value: Any, indent: int = 0, before: int = 0) -> str:
    """JSON with whatever fits into a line on one, ``before`` characters of which are taken."""
    flat = json.dumps(value, ensure_ascii=False)
    if indent + before + len(flat) < _WIDTH or not isinstance(value, dict | list) or not value:
        return flat
    inner = " " * (indent + 1)
    if isinstance(value, dict):
        names = [f"{json.dumps(key, ensure_ascii=False)}: " for key in value]
        parts = [name + readable(part, indent + 1, len(name)) for name, part in zip(names, value.values(), strict=True)]
        opening, closing = "{}"
    else:
        parts = [readable(part, indent + 1) for part in value]
        opening, closing = "[]"
    body = ",\n".join(inner + part for part in parts)
    return f"{opening}\n{body}\n{' ' * indent}{closing}"


if __name__ == "__main__":
    for name, make in MATCHES.items():
        folder = FOLDER / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "match.json").write_text(readable(make()) + "\n", "utf-8")
