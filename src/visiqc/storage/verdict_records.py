"""Verdicts: one for each upload, golden version and set of models; the first of an upload is its verdict of record."""

from __future__ import annotations

from sqlalchemy import Connection, ScalarResult, insert, select

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
            document = documents_of(connection, upload_id).first()
            if document is None:
                state_of(connection, upload_id)  # raises for an upload that is unknown
        return None if document is None else from_document(Verdict, document)

    def verdict_under(self, upload_id: str, golden_version: int, models: str) -> Verdict | None:
        """The verdict by one golden version and one set of models; see `Records.verdict_under`."""
        with self._database.reading() as connection:
            state_of(connection, upload_id)
            return verdict_of_key(connection, upload_id, golden_version, models)

    def verdicts(self, upload_id: str) -> tuple[Verdict, ...]:
        """Every verdict of an upload, the one of record first; see `Records.verdicts`."""
        with self._database.reading() as connection:
            state_of(connection, upload_id)
            documents = documents_of(connection, upload_id).all()
        return tuple(from_document(Verdict, document) for document in documents)


def keep_verdict(connection: Connection, verdict: Verdict) -> Verdict:
    """Write a verdict, unless there is one of its key; returns the one that is kept."""
    state = state_of(connection, verdict.id)
    if earlier := verdict_of_key(connection, verdict.id, verdict.golden_version, verdict.models):
        return earlier
    row = {
        "upload_id": verdict.id,
        "sku": verdict.sku,
        "golden_version": verdict.golden_version,
        "models": verdict.models,
        "outcome": verdict.outcome,
        "golden_view": verdict.golden_view,
        "made_at": verdict.made_at,
        "document": to_document(verdict),
    }
    if documents_of(connection, verdict.id).first() is None:
        enqueue(connection, verdict)
    connection.execute(insert(schema.verdicts).values(row))
    if state != schema.SCORED:
        settle(connection, verdict.id, state=schema.SCORED, failure=None)
    return verdict


def documents_of(connection: Connection, upload_id: str) -> ScalarResult[str]:
    """Documents of every verdict of an upload, the one of record first."""
    c = schema.verdicts.c
    return connection.scalars(select(c.document).where(c.upload_id == upload_id).order_by(c.seq))


def verdict_of_key(connection: Connection, upload_id: str, golden_version: int, models: str) -> Verdict | None:
    """The verdict by one golden version and one set of models; None where there is none."""
    c = schema.verdicts.c
    same = (c.upload_id == upload_id) & (c.golden_version == golden_version) & (c.models == models)
    document = connection.scalar(select(c.document).where(same))
    return None if document is None else from_document(Verdict, document)
