"""SportMonks v3, deprecated: read into the same fixtures where somebody still has a token."""
