"""The seed's tables and views, and ours beside them.

The statements stand as text beside this file, one text per database: they were made from ``tables.py`` as it was, and
stay when it changes.
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make, or in PostgreSQL take over, the tables."""
    script = Path(__file__).with_name(f"v0001_{op.get_context().dialect.name}.sql").read_text("utf-8")
    for statement in script.rstrip().removesuffix(";").split(";\n\n"):
        op.execute(statement)


def downgrade() -> None:
    """Not offered: a journal is never thrown away by a program."""
    raise NotImplementedError
