"""The command line: parses arguments, draws tables; takes no decision."""
