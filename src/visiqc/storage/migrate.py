"""Bring a database up to date. Importing this imports Alembic (half a second), so it is done only when needed.

A new migration: copy the shape of the newest file in `migrations/versions`, change `schema.py`, move `schema.HEAD`;
a test compares what the migrations build with `schema.metadata`.
"""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, func, select

from visiqc.errors import Unavailable
from visiqc.storage.database import WRITES, version_of
from visiqc.storage.faults import database_errors
from visiqc.storage.schema import HEAD

_WAIT_MS = 120_000
"""How long one process waits while another migrates years of records."""
_LOCK = 0x5615_0C01
"""Any number, the same for every VisiQC: the PostgreSQL lock that one migrating process holds."""


def migration_config() -> Config:
    """Alembic's configuration, with the migrations that ship inside the package."""
    config = Config()
    config.set_main_option("script_location", "visiqc.storage:migrations")
    return config


def migrate(engine: Engine) -> None:
    """Bring the database to `schema.HEAD` in one transaction: a kill in the middle leaves it as it was.

    Raises:
        Unavailable: It cannot be written, or is newer than this code.
    """
    with database_errors(), engine.connect().execution_options(**{WRITES: True}) as connection:
        _set_apart(connection)
        with connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            _upgrade(connection)


def _set_apart(connection: Connection) -> None:
    """Give a SQLite connection the time a migration takes, and keep the pool from using it afterwards.

    Foreign keys are off while tables are rebuilt (batch mode drops the old one) and checked at the end instead.
    """
    if connection.dialect.name == "sqlite":
        driver = connection.connection.dbapi_connection
        driver.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
        driver.execute(f"PRAGMA busy_timeout={_WAIT_MS}")  # type: ignore[union-attr]
        connection.detach()


def _upgrade(connection: Connection) -> None:
    found = version_of(connection)  # again: another process may have migrated while this one waited
    if found == HEAD:
        return
    config = migration_config()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise Unavailable(
            f"the database is at version {found[:40]!r}, which this VisiQC does not know (it knows up to {HEAD!r}); "
            "upgrade VisiQC, or point VISIQC_DATABASE_URL at a database of this version"
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise Unavailable("the migration was taken back: rows of the old database name rows that are missing")
