"""SportMonks: the recorded shape, made-up fixtures, the feed."""
