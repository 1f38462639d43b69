"""Tracked bets in MongoDB, one document a bet, with the field names of the seed's.

What another program wrote there is read tolerantly (``reading``); what is written is strict (``documents``).
"""
