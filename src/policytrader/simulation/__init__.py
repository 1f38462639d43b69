"""An exchange in memory with Betfair's rules: pure, seeded, no clock of its own (``docs/exchange-rules.md``)."""
