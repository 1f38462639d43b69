"""The outside world: one package per source or exchange. Only the wiring and the command line choose among them."""
