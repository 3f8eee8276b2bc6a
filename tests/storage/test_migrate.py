"""Databases of earlier releases, opened by this one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from alembic import command
from sqlalchemy import create_engine

from builders import a_calibration, a_golden, a_model_set, later
from visiqc.storage import schema
from visiqc.storage.database import Database, open_database
from visiqc.storage.migrate import migration_config
from visiqc.storage.records import SqlRecords


def test_a_database_of_the_first_release_is_migrated_with_all_that_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "visiqc.sqlite3"
    old = Database(create_engine(f"sqlite:///{path}"))
    with old.engine.begin() as connection:
        config = migration_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    records = SqlRecords(old)
    golden = records.add_golden(a_golden())
    records.approve_golden("halo-1", 1, by="lead", at=later(1))
    calibration = records.add_calibration(a_calibration())
    records.close()

    records = SqlRecords(open_database(f"sqlite:///{path}"))
    assert records.golden("halo-1", 1).photos == golden.photos
    assert records.calibration("halo-1", 1) == calibration
    assert records.current_model_set() is None
    assert records.add_model_set(a_model_set()) == records.current_model_set()
    records.close()
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchone() == (schema.HEAD,)
    raw.close()
