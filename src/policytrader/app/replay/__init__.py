"""Replay: what a policy would have done over recorded races, and what two of them do differently, and why."""
