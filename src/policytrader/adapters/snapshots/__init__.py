"""Snapshot folders: rows read from files, and written back (``docs/snapshot.md``)."""

from policytrader.adapters.snapshots.reader import read_snapshot
from policytrader.adapters.snapshots.writer import write_snapshot

__all__ = ["read_snapshot", "write_snapshot"]
