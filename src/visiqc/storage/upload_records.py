"""Accepted uploads, the requests they came in, and their verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from visiqc.domain.upload import RequestKey, Upload
from visiqc.domain.verdict import Verdict
from visiqc.errors import Conflict, InvalidRecord, NotFound
from visiqc.storage import schema
from visiqc.storage.database import Database
from visiqc.storage.documents import from_document, to_document
from visiqc.storage.golden_records import require_golden


class UploadRecords:
    """The part of `Records` that is about photos and the answers to them.

    A verdict outranks a failure: an upload that was given up and then scored after all has a verdict and no failure.
    """

    _database: Database

    def accept(self, uploads: Sequence[Upload], request: RequestKey | None = None) -> tuple[Upload, ...]:
        """Keep all uploads or none; see `Records.accept`.

        Raises:
            Conflict: The request key was used for something else, or an upload of that id exists.
            NotFound: There is no such golden version to hold an upload against.
            InvalidRecord: There are no uploads, or two of one id.
        """
        if not uploads or len({upload.id for upload in uploads}) < len(uploads):
            raise InvalidRecord(f"wanted one or more uploads, each with an id of its own; got {len(uploads)}")
        kept = tuple(replace(upload, request_key=request.key if request else None) for upload in uploads)
        rows = [_row(upload) for upload in kept]

        def work(connection: Connection) -> tuple[Upload, ...]:
            if request and (earlier := _kept_under(connection, request)):
                return earlier
            _require_acceptable(connection, kept)
            if request:
                new = {"key": request.key, "fingerprint": request.fingerprint}
                connection.execute(insert(schema.requests).values(new))
            connection.execute(insert(schema.uploads), rows)
            return kept

        return self._database.write(work)

    def accepted(self, request: RequestKey) -> tuple[Upload, ...]:
        """Uploads kept under a request key before; see `Records.accepted`."""
        with self._database.reading() as connection:
            return _kept_under(connection, request)

    def upload(self, upload_id: str) -> Upload:
        """One upload; see `Records.upload`."""
        with self._database.reading() as connection:
            row = connection.execute(_uploads().where(schema.uploads.c.id == upload_id)).one_or_none()
        if row is None:
            raise _unknown(upload_id)
        return _loaded(row)

    def pending(self) -> tuple[Upload, ...]:
        """Uploads that still wait for their answer, in the order they were accepted; see `Records.pending`."""
        with self._database.reading() as connection:
            rows = connection.execute(_uploads().where(schema.uploads.c.state == schema.PENDING)).all()
        return tuple(map(_loaded, rows))

    def fail(self, upload_id: str, why: str) -> None:
        """Say why an upload cannot be scored; the first reason stands. See `Records.fail`."""

        def work(connection: Connection) -> None:
            if _state(connection, upload_id) == schema.PENDING:
                _settle(connection, upload_id, state=schema.FAILED, failure=why)

        self._database.write(work)

    def add_verdict(self, verdict: Verdict) -> Verdict:
        """Keep the one verdict of an upload; see `Records.add_verdict`."""
        row = {
            "upload_id": verdict.id,
            "sku": verdict.sku,
            "golden_version": verdict.golden_version,
            "outcome": verdict.outcome,
            "made_at": verdict.made_at,
            "document": to_document(verdict),
        }

        def work(connection: Connection) -> Verdict:
            if _state(connection, verdict.id) == schema.SCORED and (earlier := _verdict(connection, verdict.id)):
                return earlier
            connection.execute(insert(schema.verdicts).values(row))
            _settle(connection, verdict.id, state=schema.SCORED, failure=None)
            return verdict

        return self._database.write(work)

    def verdict(self, upload_id: str) -> Verdict | None:
        """The verdict, or None while there is none; see `Records.verdict`."""
        with self._database.reading() as connection:
            _state(connection, upload_id)
            return _verdict(connection, upload_id)


def _row(upload: Upload) -> dict[str, Any]:
    return {
        "id": upload.id,
        "sku": upload.sku,
        "golden_version": upload.golden_version,
        "photo_digest": upload.photo_digest,
        "received_at": upload.received_at,
        "request_key": upload.request_key,
        "state": schema.PENDING,
        "document": to_document(replace(upload, failure=None)),
    }


def _uploads() -> Select[Any]:
    return select(schema.uploads.c.document, schema.uploads.c.failure).order_by(schema.uploads.c.seq)


def _loaded(row: Row[Any]) -> Upload:
    return replace(from_document(Upload, row.document), failure=row.failure)


def _kept_under(connection: Connection, request: RequestKey) -> tuple[Upload, ...]:
    """Uploads of an earlier request of the same key and content; empty when the key is new."""
    c = schema.requests.c
    fingerprint = connection.scalar(select(c.fingerprint).where(c.key == request.key))
    if fingerprint is None:
        return ()
    if fingerprint != request.fingerprint:
        raise Conflict(
            f"idempotency key {request.key[:80]!r} was used before for a different request; send different content "
            "under a new key"
        )
    return tuple(map(_loaded, connection.execute(_uploads().where(schema.uploads.c.request_key == request.key))))


def _require_acceptable(connection: Connection, new: Sequence[Upload]) -> None:
    for sku, version in dict.fromkeys((upload.sku, upload.golden_version) for upload in new):
        require_golden(connection, sku, version)
    ids = select(schema.uploads.c.id).where(schema.uploads.c.id.in_([upload.id for upload in new]))
    if taken := connection.scalar(ids.limit(1)):
        raise Conflict(f"upload {taken!r} exists already; accept the photo under a new id")


def _state(connection: Connection, upload_id: str) -> str:
    state: str | None = connection.scalar(select(schema.uploads.c.state).where(schema.uploads.c.id == upload_id))
    if state is None:
        raise _unknown(upload_id)
    return state


def _settle(connection: Connection, upload_id: str, *, state: str, failure: str | None) -> None:
    row = schema.uploads
    connection.execute(update(row).where(row.c.id == upload_id).values(state=state, failure=failure))


def _verdict(connection: Connection, upload_id: str) -> Verdict | None:
    c = schema.verdicts.c
    document = connection.scalar(select(c.document).where(c.upload_id == upload_id))
    return document and from_document(Verdict, document)


def _unknown(upload_id: str) -> NotFound:
    return NotFound(f"no upload {upload_id[:80]!r}; check the id")
