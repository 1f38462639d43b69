"""Grading: the policy compiled to one statement, evaluated over bets and fixtures, explained."""
