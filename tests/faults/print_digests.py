"""Print the digest of each seed's trace, for a comparison between processes."""

from __future__ import annotations

import sys

from policytrader.engine.evaluate import Engine
from tests.faults.day import POLICY, FaultyDay

if __name__ == "__main__":
    with Engine(POLICY) as engine:
        for argument in sys.argv[1:]:
            sys.stdout.write(FaultyDay(int(argument), engine).run(60).digest + "\n")
