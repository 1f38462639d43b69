"""Starting prices beside the results."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

_TABLES = ("upcoming_bets", "live_results", "results_history")


def upgrade() -> None:
    """One column in each table; in PostgreSQL it may be there already, where a user made one."""
    is_sqlite = op.get_context().dialect.name == "sqlite"
    for table in _TABLES:
        if is_sqlite:
            op.execute(f"ALTER TABLE {table} ADD COLUMN starting_price TEXT")
        else:
            column = "ADD COLUMN IF NOT EXISTS starting_price NUMERIC(20, 8)"
            op.execute(f"ALTER TABLE live_betting.{table} {column}")


def downgrade() -> None:
    """Not offered: a journal is never thrown away by a program."""
    raise NotImplementedError
