"""The policy language: field catalogue, conditions, one file per rule kind, the PolicySet.

Pydantic models are the definition: the JSON Schemas, the documentation and the compiler come from them.
"""
