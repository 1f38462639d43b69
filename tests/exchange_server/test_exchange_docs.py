"""``docs/exchange.md`` has every operation, command of the control and fault, and the first line's keys."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from policytrader.adapters.exchange_server.control import COMMANDS
from policytrader.adapters.exchange_server.faults import FaultKind
from policytrader.adapters.exchange_server.operations import METHODS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.exchange_server.http_world import Served


def test_everything_has_its_place_and_every_command_works(project_root: Path, served: Served) -> None:
    text = (project_root / "docs" / "exchange.md").read_text("utf-8")
    assert [name for name in sorted(METHODS) if f"`{name}`" not in text] == []
    assert [kind.value for kind in FaultKind if f"| `{kind.value}` |" not in text] == []
    assert re.findall(r'^\| `\{"(\w+)"', text, re.MULTILINE) == list(COMMANDS)
    shown = json.loads(text.split("```json\n")[1].split("```")[0])
    assert list(shown) == list(served.facts)
    listed = re.findall(r"^\| `(\w+)` \|", text.split("GET gives the ledger")[1].split("## Faults")[0], re.MULTILINE)
    assert listed == list(served.ledger())
