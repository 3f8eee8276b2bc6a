"""Alembic migrations; `visiqc.storage.migrate` runs them inside a transaction of its own."""
