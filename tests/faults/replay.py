"""Play seeds again and print their traces: ``python -m tests.faults.replay SEED [TICKS]``."""

from __future__ import annotations

import sys

from policytrader.engine.evaluate import Engine
from tests.faults.day import POLICY, TICKS, FaultyDay

if __name__ == "__main__":
    with Engine(POLICY) as engine:
        ticks = int(sys.argv[2]) if len(sys.argv) > 2 else TICKS
        outcome = FaultyDay(int(sys.argv[1]), engine).run(ticks)
    text = "\n".join((*outcome.trace, *outcome.violations, ""))
    sys.stdout.write(text.encode("ascii", "backslashreplace").decode())
    sys.exit(bool(outcome.violations))
