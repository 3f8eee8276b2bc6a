"""Alembic runs this for every command, on the connection and in the transaction it is handed."""

from __future__ import annotations

from alembic import context

from visiqc.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a column: batch mode copies the table
)
with context.begin_transaction():
    context.run_migrations()
