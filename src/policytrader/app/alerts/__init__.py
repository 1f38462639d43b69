"""Rebuilding alerts: from ids, from messages, from what is stored."""
