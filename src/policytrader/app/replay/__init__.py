"""Replay: a policy over recorded races, by the daemon's own statement, desk and gate, without its waiting."""
