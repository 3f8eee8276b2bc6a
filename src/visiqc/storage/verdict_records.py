"""Verdicts: one for each upload, golden version, set of models and calibration; an upload's first is of record."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, insert, select

from visiqc.domain.verdict import Verdict
from visiqc.storage import schema
from visiqc.storage.database import Database
from visiqc.storage.documents import from_document, to_document
from visiqc.storage.queue_records import enqueue
from visiqc.storage.upload_records import settle, state_of


class VerdictRecords:
    """The part of `Records` that is about answers.

    A verdict outranks a failure: an upload that was given up and then scored after all has a verdict and no failure.
    """

    _database: Database

    def add_verdict(self, verdict: Verdict) -> Verdict:
        """Keep a verdict, unless there is one of its key; see `Records.add_verdict`."""
        return self._database.write(lambda connection: keep_verdict(connection, verdict))

    def verdict(self, upload_id: str) -> Verdict | None:
        """The verdict of record, or None while there is none; see `Records.verdict`."""
        with self._database.reading() as connection:
            document = connection.scalars(documents_of(upload_id)).first()
            if document is None:
                state_of(connection, upload_id)  # raises for an upload that is unknown
        return None if document is None else from_document(Verdict, document)

    def verdict_under(self, upload_id: str, golden_version: int, models: str) -> Verdict | None:
        """The first verdict by one golden version and one set of models; see `Records.verdict_under`."""
        with self._database.reading() as connection:
            state_of(connection, upload_id)
            document = connection.scalars(documents_of(upload_id, golden_version=golden_version, models=models)).first()
        return None if document is None else from_document(Verdict, document)

    def verdicts(self, upload_id: str) -> tuple[Verdict, ...]:
        """Every verdict of an upload, the one of record first; see `Records.verdicts`."""
        with self._database.reading() as connection:
            state_of(connection, upload_id)
            documents = connection.scalars(documents_of(upload_id)).all()
        return tuple(from_document(Verdict, document) for document in documents)


def keep_verdict(connection: Connection, verdict: Verdict) -> Verdict:
    """Write a verdict, unless there is one of its key; returns the one that is kept."""
    state = state_of(connection, verdict.id)
    if earlier := connection.scalar(select(schema.verdicts.c.document).where(same_key(verdict))):
        return from_document(Verdict, earlier)
    row = {
        "upload_id": verdict.id,
        "sku": verdict.sku,
        "golden_version": verdict.golden_version,
        "models": verdict.models,
        "calibration": verdict.calibration_source,
        "outcome": verdict.outcome,
        "golden_view": verdict.golden_view,
        "made_at": verdict.made_at,
        "document": to_document(verdict),
    }
    if connection.scalars(documents_of(verdict.id)).first() is None:
        enqueue(connection, verdict)
    connection.execute(insert(schema.verdicts).values(row))
    if state != schema.SCORED:
        settle(connection, verdict.id, state=schema.SCORED, failure=None)
    return verdict


def documents_of(upload_id: str, **same: Any) -> Select[str]:
    """Documents of the verdicts of an upload, the one of record first; `same` holds columns to values."""
    c = schema.verdicts.c
    named = (c[name] == value for name, value in same.items())
    return select(c.document).where(c.upload_id == upload_id, *named).order_by(c.seq)


def same_key(verdict: Verdict) -> ColumnElement[bool]:
    """Whether a row is that of a verdict's key: upload, golden version, models, calibration."""
    c = schema.verdicts.c
    return and_(
        c.upload_id == verdict.id,
        c.golden_version == verdict.golden_version,
        c.models == verdict.models,
        c.calibration == verdict.calibration_source,
    )
