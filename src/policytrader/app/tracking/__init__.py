"""The bets that users track: what they may do with them, and what comes of it all."""
