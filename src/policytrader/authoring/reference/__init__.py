"""The reference, made from what it describes: fields, operators, kinds, errors, reasons, protections.

``policytrader docs`` prints it, and it is committed in ``docs/reference``; the list of commands joins it in ``cli``.
"""
