"""The grading loop: which fixtures to look at and when, what the grades change in the store."""
