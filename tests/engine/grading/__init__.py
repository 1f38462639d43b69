"""Grading: the engine."""
