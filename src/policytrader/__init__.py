"""Trading policy written as YAML, turned into decisions, and decisions into orders on a betting exchange."""

__version__ = "0.1.0"
