"""The language of grading: what a tracked bet came to."""
