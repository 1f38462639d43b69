"""Policy and snapshot in, decisions out: tables, the compiled statement, sizes, hedges, protections, explanations."""
