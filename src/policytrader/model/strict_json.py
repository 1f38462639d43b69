"""What Python's JSON reader lets through and nobody can have meant; hooks for ``json.loads``."""

from __future__ import annotations

from typing import Any, NoReturn


def refuse_two_of_a_name(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """``ValueError`` for a name given twice: which of the two counts would be a guess; as ``object_pairs_hook``."""
    made = dict(pairs)
    if len(made) != len(pairs):
        message = "a name given twice in one object"
        raise ValueError(message)
    return made


def refuse_constant(name: str) -> NoReturn:
    """``ValueError`` for NaN and the infinities; as ``parse_constant``."""
    message = f"{name} is no JSON"
    raise ValueError(message)
