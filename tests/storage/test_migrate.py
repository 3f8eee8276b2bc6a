"""Databases of earlier releases, opened by this one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, create_engine, select, text

from builders import MOMENT, a_calibration, a_calibration_report, a_golden, a_model_set, a_verdict, an_upload, later
from visiqc.domain.inspection_queue import QueueFilter
from visiqc.domain.outcome import Outcome
from visiqc.domain.verdict import Verdict
from visiqc.errors import Unavailable
from visiqc.storage import schema
from visiqc.storage.database import Database, existing_database, open_database
from visiqc.storage.documents import to_document
from visiqc.storage.migrate import migration_config
from visiqc.storage.records import SqlRecords


def at_version(version: str, path: Path) -> Database:
    """A database as an earlier release left it."""
    old = Database(create_engine(f"sqlite:///{path}"))
    with old.engine.begin() as connection:
        config = migration_config()
        config.attributes["connection"] = connection
        command.upgrade(config, version)
    return old


def test_a_database_of_the_first_release_is_migrated_with_all_that_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "visiqc.sqlite3"
    records = SqlRecords(at_version("0001", path))
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


def keep_as_before(verdict: Verdict, connection: Connection) -> None:
    """Write a verdict as releases before 0003 did."""
    connection.execute(
        text("INSERT INTO verdicts VALUES (:upload, :sku, :version, :outcome, :made_at, :document)"),
        {
            "upload": verdict.id,
            "sku": verdict.sku,
            "version": verdict.golden_version,
            "outcome": verdict.outcome,
            "made_at": verdict.made_at.replace(tzinfo=None).isoformat(" "),
            "document": to_document(verdict),
        },
    )
    connection.execute(text(f"UPDATE uploads SET state = 'scored' WHERE id = '{verdict.id}'"))


def test_verdicts_of_earlier_releases_are_named_by_their_models(tmp_path: Path) -> None:
    path = tmp_path / "visiqc.sqlite3"
    records = SqlRecords(at_version("0002", path))
    records.add_golden(a_golden())
    uploads = records.accept([an_upload(id=f"{n}") for n in range(1201)])
    old = [a_verdict(id=upload.id, calibration=a_calibration_report(score=float("inf"))) for upload in uploads[:-1]]
    old[7] = a_verdict(id="7", outcome=Outcome.RETAKE, model_digests=("a", "b"), golden_view=None)
    with records._database.engine.begin() as connection:
        for verdict in old:
            keep_as_before(verdict, connection)
    records.close()

    records = SqlRecords(open_database(f"sqlite:///{path}"))
    assert [records.verdict(verdict.id) for verdict in old[::100]] == old[::100]
    assert records.verdict("7") == old[7] == records.verdict_under("7", 1, old[7].models)
    assert records.add_verdict(a_verdict(id="7", outcome=Outcome.PASS, model_digests=("a", "b"))) == old[7]
    assert [upload.id for upload in records.pending()] == ["1200"]
    with records._database.reading() as connection:
        sources = select(schema.verdicts.c.calibration).order_by(schema.verdicts.c.seq)
        assert [*connection.scalars(sources)][6:9] == [each.calibration_source for each in old[6:9]]
        made_at, views = schema.verdicts.c.made_at, schema.verdicts.c.golden_view
        assert set(connection.scalars(select(made_at))) == {MOMENT}
        assert [*connection.scalars(select(views).order_by(schema.verdicts.c.seq))][6:9] == ["front", None, "front"]
    records.close()


def test_photos_that_were_scored_before_there_was_a_queue_are_in_it(tmp_path: Path) -> None:
    path = tmp_path / "visiqc.sqlite3"
    old = at_version("0004", path)
    records = SqlRecords(old)
    records.add_golden(a_golden())
    records.accept([an_upload()])
    verdict = a_verdict()
    with old.engine.begin() as connection:
        connection.execute(
            schema.verdicts.insert().values(
                upload_id=verdict.id,
                sku=verdict.sku,
                golden_version=1,
                models=verdict.models,
                calibration=verdict.calibration_source,
                outcome=verdict.outcome,
                made_at=verdict.made_at,
                document=to_document(verdict),
            )
        )
    records.close()

    records = SqlRecords(open_database(f"sqlite:///{path}"))
    (item,) = records.queue(QueueFilter())
    assert (item.upload_id, item.outcome, item.place.p_value) == ("upload-1", Outcome.REJECT, 0.004)
    records.close()


def test_a_database_that_is_only_looked_at_is_neither_made_nor_migrated(tmp_path: Path) -> None:
    path = tmp_path / "home" / "visiqc.sqlite3"
    url = f"sqlite:///{path}"
    assert existing_database(url) is None
    assert not path.parent.exists()
    path.parent.mkdir()
    at_version("0005", path).close()
    with pytest.raises(
        Unavailable, match=r"at version '0005', wanted '\d{4}', .*run `visiqc model list`, which migrates"
    ):
        existing_database(url)
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchone() == ("0005",)
    open_database(url).close()
    looked = existing_database(url)
    assert looked is not None
    assert SqlRecords(looked).current_model_set() is None
    looked.close()
    raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.commit()
    raw.close()
    with pytest.raises(Unavailable, match=r"at version '9999', .*; upgrade VisiQC, or point"):
        existing_database(url)
