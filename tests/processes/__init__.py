"""The daemon as real processes: killed, stopped, robbed of its store, two at once."""
