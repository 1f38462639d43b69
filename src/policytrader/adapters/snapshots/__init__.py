"""Snapshot folders: rows read from files, and written back."""
