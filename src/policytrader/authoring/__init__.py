"""YAML to PolicySet: load, check, lint, diff, schema."""
