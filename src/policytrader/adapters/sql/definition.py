"""The definition as SQL text: what the first migration was made from, and what the tests compare migrations with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from policytrader.adapters.sql.tables import METADATA, SCHEMA, SEED_TABLES, market_state, views

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Table
    from sqlalchemy.engine import Dialect

_DIALECTS = {"postgresql": postgresql.dialect, "sqlite": sqlite.dialect}
FIRST_OF_OURS = {
    "selections": "selection_ref",
    "market_state": "selection_ref",
    "updated_price_data": "race_id",
    "upcoming_bets": "selection_ref",
    "live_results": "selection_ref",
    "contender_selections": "race_id",
}
"""Seed's table -> the first of the columns that are ours: they stand behind the seed's own.

The seed does not tell the columns of its ``contender_selections``: any of ours may be missing there.
"""


def statements(dialect: str) -> Iterator[str]:
    """Every statement that makes an empty database into a store, in order.

    PostgreSQL's also take over a schema that has the seed's tables already: tables and rows stay, our columns are
    added, and views that exist stay as they are.
    """
    if dialect == "sqlite":
        yield from (statement.replace(f"{SCHEMA}.", "") for statement in _statements(dialect))
    else:
        yield from _statements(dialect)


def _statements(dialect: str) -> Iterator[str]:
    compiler = _DIALECTS[dialect]()
    for table in METADATA.sorted_tables:
        yield _trimmed(str(CreateTable(table, if_not_exists=dialect == "postgresql").compile(dialect=compiler)))
        if dialect == "postgresql" and table in SEED_TABLES:
            yield from _taken_over(table, compiler)
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            yield _trimmed(str(CreateIndex(index).compile(dialect=compiler)))
    for name, select in views(dialect).items():
        yield _view(dialect, name, select)


def script(dialect: str) -> str:
    """The statements as one text, each ended by a semicolon and an empty line."""
    return "".join(f"{statement};\n\n" for statement in statements(dialect)).rstrip("\n") + "\n"


def _trimmed(text: str) -> str:
    lines = (line.rstrip().replace("\t", "    ") for line in text.strip().splitlines())
    return "\n".join(lines).replace("\n)\n ", "\n) ")


def _taken_over(table: Table, dialect: Dialect) -> Iterator[str]:
    first = FIRST_OF_OURS.get(table.name)
    columns = list(table.columns)
    ours = columns[[column.name for column in columns].index(first) :] if first else []
    for column in ours:
        kind = column.type.compile(dialect=dialect)
        yield f"ALTER TABLE {SCHEMA}.{table.name} ADD COLUMN IF NOT EXISTS {column.name} {kind}"
    if table is market_state:
        yield f"ALTER TABLE {SCHEMA}.{table.name} ALTER COLUMN back_price_win DROP NOT NULL"


def _view(dialect: str, name: str, select: str) -> str:
    if dialect == "sqlite":
        return f"CREATE VIEW {name} AS\n{select}"
    # A view of that name is a user's own, and others may stand on it.
    return (
        f"DO $$ BEGIN\nIF to_regclass('{SCHEMA}.{name}') IS NULL THEN\n"
        f"CREATE VIEW {SCHEMA}.{name} AS\n{select};\nEND IF;\nEND $$"
    )
