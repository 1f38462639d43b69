"""The schema's history: Alembic revisions, run from the package."""
