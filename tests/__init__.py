"""Tests: beside unit tests, properties, contracts and goldens that share the fixtures of ``conftest``."""
