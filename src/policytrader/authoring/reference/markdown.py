"""Markdown that looks right as text as well: tables with straight columns, headings with a blank line around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def page(title: str, topic: str, *parts: str) -> str:
    """A whole page. ``topic`` is how `policytrader docs` prints it again."""
    renew = "change the source, then `policytrader docs --write docs/reference`"
    made = f"<!-- Made by `policytrader docs {topic}`: {renew}. -->"
    return "\n\n".join([f"# {title}", made, *(part for part in parts if part)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a bar inside a cell is escaped."""
    cells = [list(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head) - 1)]
    lines = [_line(row, widths) for row in cells]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
    return "| " + " | ".join([*padded, row[-1]]) + " |"


def code(text: object) -> str:
    """Text in backticks; nothing for nothing."""
    return f"`{text}`" if str(text) else ""


def codes(texts: Iterable[object]) -> str:
    """Several of them."""
    return ", ".join(code(text) for text in texts)
