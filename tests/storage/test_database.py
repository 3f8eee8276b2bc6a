"""The database as it is opened: durable, guarded, migrated, and plain about what is wrong."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, exc, inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from builders import (
    a_calibration,
    a_golden,
    a_lot,
    a_model_set,
    a_rescore,
    a_session,
    a_unit_photo,
    a_user,
    a_verdict,
    an_order,
    an_upload,
    later,
)
from visiqc.domain.lot_report import UnitPage
from visiqc.domain.rescore import RescoreResult
from visiqc.errors import BadRecipe, Conflict, InputError, Unavailable
from visiqc.storage import schema
from visiqc.storage.database import Database, open_database
from visiqc.storage.migrate import migration_config
from visiqc.storage.records import SqlRecords


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "folder" / "visiqc.sqlite3"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    database = open_database(f"sqlite:///{path}")
    yield database
    database.close()


def refusal(path: Path) -> str:
    """The message with which the database at `path` is refused; it never holds a machine path."""
    with pytest.raises(Unavailable) as caught:
        open_database(f"sqlite:///{path}")
    assert str(path.parent) not in str(caught.value)
    return str(caught.value)


# opened


def test_file_and_folder_are_made(database: Database, path: Path) -> None:
    assert path.is_file()


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 10_000)]
)
def test_every_connection_is_durable_and_guarded(database: Database, pragma: str, value: object) -> None:
    with database.reading() as first, database.reading() as second:
        assert [c.exec_driver_sql(f"PRAGMA {pragma}").scalar() for c in (first, second)] == [value, value]


def test_a_write_takes_the_lock_at_its_start(database: Database, path: Path) -> None:
    other = sqlite3.connect(path, timeout=0, isolation_level=None)

    def work(_: object) -> None:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")

    database.write(work)
    other.close()


def test_a_write_that_fails_leaves_nothing(database: Database) -> None:
    def work(connection: object) -> None:
        connection.execute(text("INSERT INTO requests VALUES ('a', 'b')"))
        raise Conflict("after all")

    with pytest.raises(Conflict):
        database.write(work)
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM requests")).scalar() == 0


def test_a_reader_neither_waits_for_a_writer_nor_sees_half_its_work(database: Database) -> None:
    def count() -> int:
        with database.reading() as connection:
            return connection.execute(text("SELECT count(*) FROM requests")).scalar()

    def work(connection: object) -> int:
        connection.execute(text("INSERT INTO requests VALUES ('a', 'b')"))
        return count()

    assert database.write(work) == 0
    assert count() == 1


def test_a_write_that_lost_a_race_is_done_again(database: Database) -> None:
    tries = []

    def work(_: object) -> int:
        tries.append(1)
        if len(tries) < 3:
            raise exc.IntegrityError("INSERT", {}, Exception("somebody was faster"))
        return len(tries)

    assert database.write(work) == 3


def test_a_race_lost_every_time_is_a_conflict(database: Database) -> None:
    with pytest.raises(Conflict, match="try again"):
        database.write(lambda connection: connection.execute(text("INSERT INTO requests VALUES ('a', NULL)")))


def test_an_error_says_nothing_of_the_values_since_it_is_logged(database: Database) -> None:
    insert = text("INSERT INTO requests VALUES (:key, NULL)")
    with pytest.raises(Conflict) as lost:
        database.write(lambda connection: connection.execute(insert, {"key": "a token"}))
    assert isinstance(lost.value.__cause__, exc.IntegrityError)
    assert "a token" not in str(lost.value.__cause__)


# migrated


def test_an_up_to_date_database_is_opened_without_alembic(database: Database, path: Path) -> None:
    program = (
        "import sys; from visiqc.storage.database import open_database; "
        f"open_database('sqlite:///{path}'); print('alembic' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory.from_config(migration_config()).get_heads() == [schema.HEAD]


def test_migrations_build_the_tables_the_code_uses(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, schema.metadata) == []


def test_migrations_build_the_same_checks_and_row_numbers(database: Database) -> None:
    with database.reading() as connection:
        kept = dict(connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")).all())
    for table in schema.metadata.sorted_tables:
        wanted = str(CreateTable(table).compile(database.engine))
        assert sorted(_parts(kept[table.name])) == sorted(_parts(wanted)), table.name


def _parts(sql: str) -> list[str]:
    return [line.strip().rstrip(",") for line in sql.strip().splitlines()]


def test_every_constraint_has_a_name(database: Database) -> None:
    looked = inspect(database.engine)
    for table in schema.metadata.tables:
        found = looked.get_foreign_keys(table) + looked.get_unique_constraints(table)
        found += looked.get_check_constraints(table)
        assert all(constraint["name"] for constraint in found), table


def test_the_tables_are_fit_for_postgresql_too() -> None:
    sql = "".join(str(CreateTable(t).compile(dialect=postgresql.dialect())) for t in schema.metadata.sorted_tables)
    assert sql.count("BIGSERIAL") == sum("seq" in table.c for table in schema.metadata.tables.values())
    assert "DATETIME" not in sql


def test_a_newer_database_is_refused_with_advice(database: Database, path: Path) -> None:
    database.write(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    assert "'9999'" in refusal(path)
    assert "upgrade VisiQC" in refusal(path)


def test_a_migration_that_fails_leaves_the_database_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade = command.upgrade

    def upgrade_and_lose_the_disk(*arguments: object) -> None:
        upgrade(*arguments)
        raise exc.OperationalError("COMMIT", {}, sqlite3.OperationalError("disk gone"))

    monkeypatch.setattr(command, "upgrade", upgrade_and_lose_the_disk)
    refusal(path)
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    raw.close()
    monkeypatch.undo()
    open_database(f"sqlite:///{path}").close()


def test_processes_that_open_a_new_database_at_once_all_succeed(path: Path) -> None:
    program = (
        "import sys; from visiqc.storage import database, migrate; print('up', flush=True); sys.stdin.readline(); "
        f"database.open_database('sqlite:///{path}').close(); print('open')"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    openers = [subprocess.Popen([sys.executable, "-c", program], **pipes) for _ in range(3)]
    for opener in openers:
        assert opener.stdout.readline() == "up\n"
    for opener in openers:
        opener.stdin.write("go\n")
        opener.stdin.flush()
    assert [opener.communicate(timeout=60) for opener in openers] == [("open\n", "")] * 3


# guarded


WRITTEN_ONCE = {
    **dict.fromkeys(("goldens", "approvals", "calibrations", "verdicts", "golden_features", "lots"), "sku"),
    **dict.fromkeys(("milestones", "unit_photos"), "order_code"),
    "model_sets": "id",
    "orders": "code",
    "rescores": "id",
    "rescore_ends": "rescore_id",
}
"""The tables, and a column of each."""


@pytest.mark.parametrize("table", WRITTEN_ONCE)
@pytest.mark.parametrize("statement", ["UPDATE {0} SET {1} = 'other'", "DELETE FROM {0}"])
def test_what_is_written_once_cannot_be_changed_behind_our_back(
    database: Database, path: Path, table: str, statement: str
) -> None:
    records = SqlRecords(database)
    records.add_golden(a_golden())
    records.approve_golden("halo-1", 1, by="lead", at=later(1))
    records.add_calibration(a_calibration())
    records.add_order(an_order())
    records.add_lot(a_lot())
    records.accept_unit_photos([an_upload()], [a_unit_photo()])
    records.add_verdict(a_verdict())
    records.add_model_set(a_model_set())
    records.add_features("halo-1", 1, ("a",), "b")
    records.begin_rescore(a_rescore())
    records.add_rescore_results("run-1", [RescoreResult(position=1, error="gone")])
    records.end_rescore("run-1", at=later(2))
    column = WRITTEN_ONCE[table]
    with sqlite3.connect(path) as raw, pytest.raises(sqlite3.IntegrityError, match=f"{table} are kept for good"):
        raw.execute(statement.format(table, column))
    raw.close()


@pytest.mark.parametrize(
    "statement", ["UPDATE logins SET address = 'other'", "DELETE FROM logins", "DELETE FROM users"]
)
def test_who_logged_in_stays_on_the_record(database: Database, path: Path, statement: str) -> None:
    records = SqlRecords(database)
    records.add_user(a_user())
    records.begin_session(a_session(), password_hash=a_user().password_hash, address="203.0.113.7")
    records.end_session(a_session().token_hash)
    with sqlite3.connect(path) as raw, pytest.raises(sqlite3.IntegrityError, match="kept for good"):
        raw.execute(statement)
    assert raw.execute("SELECT user_id, address FROM logins").fetchall() == [("user-1", "203.0.113.7")]
    raw.close()


def test_where_a_file_came_first_is_found_by_its_digest_and_not_by_reading_every_photo(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *found: said.append(found[2]))
    records = SqlRecords(database)
    records.first_photos(["a"])
    records.repeated_files("PO-7", "L1", UnitPage(milestone="pre-shipment"))
    records.repeated_counts("PO-7", "L1")
    for number, asked in enumerate(each for each in said if each.startswith("SELECT")):
        with database.reading() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", ("x",) * asked.count("?")).all()
        steps = [row[3] for row in plan]
        assert any("ix_unit_photos_photo_digest" in step for step in steps), (number, steps)
        assert not any(step.startswith("SCAN") for step in steps)


def test_an_accepted_upload_cannot_be_deleted(database: Database, path: Path) -> None:
    records = SqlRecords(database)
    records.add_golden(a_golden())
    records.accept([an_upload()])
    with sqlite3.connect(path) as raw, pytest.raises(sqlite3.IntegrityError, match="kept for good"):
        raw.execute("DELETE FROM uploads")
    raw.close()


# plain about what is wrong


def test_a_file_that_is_no_database_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database " * 500)
    assert "not a SQLite database" in refusal(tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "not a database " * 500


def test_a_folder_or_a_file_in_the_way_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert "file" in refusal(tmp_path / "file" / "visiqc.sqlite3")
    assert "file" in refusal(tmp_path / "file" / "deeper" / "visiqc.sqlite3")
    assert "cannot be opened" in refusal(tmp_path)


def test_a_damaged_file_is_explained(path: Path) -> None:
    records = SqlRecords(open_database(f"sqlite:///{path}"))
    records.add_golden(a_golden())
    records.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(Unavailable, match="damaged; restore it from a backup"):
        SqlRecords(open_database(f"sqlite:///{path}")).goldens()


def test_a_writer_that_never_ends_makes_the_next_give_up(database: Database, path: Path) -> None:
    with database.reading() as connection:  # the pool hands this one connection out again
        connection.exec_driver_sql("PRAGMA busy_timeout=20")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="busy"):
        SqlRecords(database).add_golden(a_golden())
    other.close()
    assert SqlRecords(database).add_golden(a_golden()).version == 1


def test_a_text_no_database_can_keep_is_the_senders_mistake(database: Database) -> None:
    with pytest.raises(InputError, match="UTF-8"):
        SqlRecords(database).golden("ring-\ud800", 1)


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("visiqc.sqlite3", "not a database URL"),
        ("", "not a database URL"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("nosuchdb://host/name", "unknown kind"),
    ],
)
def test_a_url_that_cannot_work_is_refused_with_advice(url: str, advice: str) -> None:
    with pytest.raises(BadRecipe, match=advice):
        open_database(url)


def test_a_missing_driver_is_named_and_the_password_is_not() -> None:
    with pytest.raises(Unavailable, match="MySQLdb") as caught:
        open_database("mysql+mysqldb://user:hunter2@host/name")
    assert "hunter2" not in str(caught.value)
