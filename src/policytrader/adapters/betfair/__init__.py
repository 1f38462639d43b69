"""Betfair: wire (the client library), pure parsing, and the ports Exchange and PriceFeed."""
