"""The database: opened, brought up to date, and spoken to one transaction at a time."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, IntegrityError

from visiqc.errors import BadRecipe, Conflict, Unavailable, VisiQCError
from visiqc.storage.disk import disk_errors, make_folder
from visiqc.storage.faults import BUSY_TIMEOUT_MS, database_errors
from visiqc.storage.schema import HEAD

T = TypeVar("T")

WRITES = "visiqc_writes"
"""Execution option of a connection that is going to write."""
_RACES = 5
"""How often a write that lost a race for a number or a key is tried again before that is called a conflict."""

_PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA foreign_keys=ON",
    "PRAGMA synchronous=FULL",
)


class Database:
    """An open database. Every use is one transaction; what goes wrong in it is raised as one of our errors."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One snapshot to read from; it never waits for a writer on SQLite."""
        with database_errors(), self.engine.begin() as connection:
            yield connection

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in one transaction that is kept whole, flushed to the disk, or not at all.

        Args:
            work: Given the connection; called again from the start when another process took the same number or
                key meanwhile (PostgreSQL; SQLite lets one writer in at a time), so it must not do anything else.

        Raises:
            Conflict: The race was lost time after time.
            Unavailable: See `database_errors`.
        """
        with database_errors():
            for _ in range(_RACES):
                try:
                    with self.engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
                        return work(connection)
                except IntegrityError as err:
                    lost = err
        raise Conflict("another request changed the same record at the same moment; try again") from lost

    def close(self) -> None:
        """Close every connection; SQLite then folds its write-ahead log into the database file."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Open the database, making file and folder if absent, and migrate it when it is behind this code.

    Any number of processes may open the same new or old database at once: one migrates, the others wait.

    Args:
        url: SQLAlchemy URL, such as `sqlite:////var/lib/visiqc/visiqc.sqlite3`.

    Raises:
        BadRecipe: `url` is not a database URL, or names a database in memory.
        Unavailable: The database cannot be reached or written, or is newer than this code.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        with disk_errors("the folder of the database cannot be made"):
            make_folder(Path(parsed.database or "").absolute().parent)
    database = Database(_engine(parsed))
    with database.reading() as connection:
        version = version_of(connection)
    if version != HEAD:
        from visiqc.storage.migrate import migrate  # Alembic costs half a second, so only when there is work

        migrate(database.engine)
    return database


def existing_database(url: str) -> Database | None:
    """The database as it is, to read from: none is made, and none is migrated. None where there is none of ours.

    A training or a measurement only looks what is in force: it must not change the database under services of another
    release.

    Raises:
        BadRecipe: As `open_database`.
        Unavailable: The database cannot be reached, or is older or newer than this code.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        return None
    database = Database(_engine(parsed))
    try:
        with database.reading() as connection:
            version = version_of(connection)
        _require_current(version)
    except VisiQCError:
        database.close()
        raise
    if version is None:
        database.close()
        return None
    return database


def _require_current(version: str | None) -> None:
    """Raise `Unavailable` for a database of ours that only a migration, or another VisiQC, makes readable."""
    if version is None or version == HEAD:
        return
    older = "stop its services, make a backup and run `visiqc model list`, which migrates it"
    raise Unavailable(
        f"the database is at version {version[:40]!r}, wanted {HEAD!r}, and nothing is changed in it here; "
        f"{older if version < HEAD else 'upgrade VisiQC'}, or point VISIQC_HOME or VISIQC_DATABASE_URL at another"
    )


def version_of(connection: Connection) -> str | None:
    """The migration the database is at; None before the first one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as err:
        raise BadRecipe("VISIQC_DATABASE_URL is not a database URL; wanted one like sqlite:///visiqc.sqlite3") from err
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise BadRecipe("VISIQC_DATABASE_URL names a database in memory, which keeps nothing; name a file")
    return parsed


def _engine(url: URL) -> Engine:
    try:
        engine = create_engine(
            url,
            pool_pre_ping=url.get_backend_name() != "sqlite",
            hide_parameters=True,  # an error's text is logged, and tokens and hashes are among the parameters
        )
    except ArgumentError as err:
        raise BadRecipe(f"VISIQC_DATABASE_URL asks for an unknown kind of database: {url.drivername!r}") from err
    except ImportError as err:
        raise Unavailable(f"the driver of {url.drivername!r} databases is not installed: {err.name}") from err
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """Set up one SQLite connection.

    synchronous=FULL, because an accepted photo must survive a power cut, and WAL with NORMAL loses the last commits
    then. Measured on a virtual disk, a bare commit takes 0.13 ms with FULL (2.8 ms while others write) and 0.03 ms with
    NORMAL; `accept` takes 1.3 ms (3 to 6) against 1.1 ms (2). A photo itself costs several such flushes.
    """
    connection.isolation_level = None  # the driver would begin transactions of its own, too late and DEFERRED
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    _use_wal(connection)


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log; SQLite does not wait here while others open the new file, so we do."""
    give_up = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            break
        except sqlite3.OperationalError as err:
            if err.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > give_up:
                raise
            time.sleep(0.02)
    if mode != "wal":
        raise Unavailable(
            f"the database's file system supports only journal mode {mode!r}, not 'wal'; "
            "put it on a local disk, or use PostgreSQL"
        )


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at the start of a writing transaction, where SQLite waits its turn.

    A DEFERRED transaction that reads first and then writes fails at once when another has written in between.
    """
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
