"""Recorded markets: files of past prices, read as snapshots."""
