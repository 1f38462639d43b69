"""The ports Exchange and PriceFeed straight over the simulated exchange, in memory."""
