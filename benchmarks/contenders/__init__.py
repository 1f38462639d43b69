"""The same decisions made by others: how much the engine costs beside them.

Each decides verdict, target, price check and action of every selection, sizes and minimum order included. ``agree``
compares them with the engine before anything is timed. What all of them leave out, and the engine does: missing values
(three-valued conditions, facts as bounds), the truth of every rule beside the first, hedges, protections, reasons,
and rules that can be changed without a programmer.
"""
