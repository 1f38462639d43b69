"""The nouns: prices, money, times, the snapshot's rows, decisions. Standard library only, values frozen."""
