"""The simulated exchange as a server: the exchange's own protocols on loopback, and a control for people and tests."""
