"""Tests of what MongoDB does that SQLite does not: lost answers, killed servers, documents of other programs."""
