"""Accepted uploads, the requests they came in, and their verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from visiqc.domain.upload import RequestKey, Upload
from visiqc.errors import Conflict, InvalidRecord, NotFound
from visiqc.storage import schema
from visiqc.storage.database import Database
from visiqc.storage.documents import from_document, to_document
from visiqc.storage.golden_records import require_golden


class UploadRecords:
    """The part of `Records` that is about photos."""

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

        def work(connection: Connection) -> tuple[Upload, ...]:
            if request and (earlier := _kept_under(connection, request)):
                return earlier
            if request:
                keep_request(connection, request)
            keep_uploads(connection, kept)
            return kept

        return self._database.write(work)

    def accepted(self, request: RequestKey) -> tuple[Upload, ...]:
        """Uploads kept under a request key before; see `Records.accepted`."""
        with self._database.reading() as connection:
            return _kept_under(connection, request)

    def replays(self, request: RequestKey) -> bool:
        """Whether a request came before; see `Records.replays`."""
        with self._database.reading() as connection:
            return _came_before(connection, request)

    def upload(self, upload_id: str) -> Upload:
        """One upload; see `Records.upload`."""
        with self._database.reading() as connection:
            row = connection.execute(_uploads().where(schema.uploads.c.id == upload_id)).one_or_none()
        if row is None:
            raise _unknown(upload_id)
        return loaded(row)

    def pending(self) -> tuple[Upload, ...]:
        """Uploads that still wait for their answer, in the order they were accepted; see `Records.pending`."""
        with self._database.reading() as connection:
            rows = connection.execute(_uploads().where(schema.uploads.c.state == schema.PENDING)).all()
        return tuple(map(loaded, rows))

    def fail(self, upload_id: str, why: str) -> None:
        """Say why an upload cannot be scored; the first reason stands. See `Records.fail`."""

        def work(connection: Connection) -> None:
            if state_of(connection, upload_id) == schema.PENDING:
                settle(connection, upload_id, state=schema.FAILED, failure=why)

        self._database.write(work)

    def keep_key(self, request: RequestKey) -> bool:
        """Keep the key of a request that brought nothing new; see `Records.keep_key`."""
        return self._database.write(lambda connection: keep_request(connection, request))

    def retry(self, upload_id: str) -> bool:
        """Let an upload that failed wait for its score again; see `Records.retry`."""

        def work(connection: Connection) -> bool:
            failed = state_of(connection, upload_id) == schema.FAILED
            if failed:
                settle(connection, upload_id, state=schema.PENDING, failure=None)
            return failed

        return self._database.write(work)


def keep_uploads(connection: Connection, new: Sequence[Upload]) -> None:
    """Write uploads, which are then pending; raises as `accept`."""
    rows = [_row(upload) for upload in new]
    _require_acceptable(connection, new)
    connection.execute(insert(schema.uploads), rows)


def keep_request(connection: Connection, request: RequestKey) -> bool:
    """Write a request key, unless it was written before; returns whether it is new.

    Raises:
        Conflict: It was used before for something else.
    """
    new = not _came_before(connection, request)
    if new:
        connection.execute(insert(schema.requests).values(key=request.key, fingerprint=request.fingerprint))
    return new


def _came_before(connection: Connection, request: RequestKey) -> bool:
    c = schema.requests.c
    fingerprint = connection.scalar(select(c.fingerprint).where(c.key == request.key))
    if fingerprint not in {None, request.fingerprint}:
        raise Conflict(
            f"idempotency key {request.key[:80]!r} was used before for a different request; send different content "
            "under a new key"
        )
    return fingerprint is not None


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


def loaded(row: Row[Any]) -> Upload:
    """An upload from its document and its failure."""
    return replace(from_document(Upload, row.document), failure=row.failure)


def _kept_under(connection: Connection, request: RequestKey) -> tuple[Upload, ...]:
    """Uploads of an earlier request of the same key and content; empty when the key is new."""
    if not _came_before(connection, request):
        return ()
    return tuple(map(loaded, connection.execute(_uploads().where(schema.uploads.c.request_key == request.key))))


def _require_acceptable(connection: Connection, new: Sequence[Upload]) -> None:
    for sku, version in dict.fromkeys((upload.sku, upload.golden_version) for upload in new):
        require_golden(connection, sku, version)
    ids = select(schema.uploads.c.id).where(schema.uploads.c.id.in_([upload.id for upload in new]))
    if taken := connection.scalar(ids.limit(1)):
        raise Conflict(f"upload {taken!r} exists already; accept the photo under a new id")


def state_of(connection: Connection, upload_id: str) -> str:
    """The state of an upload; `NotFound` without such an upload."""
    state: str | None = connection.scalar(select(schema.uploads.c.state).where(schema.uploads.c.id == upload_id))
    if state is None:
        raise _unknown(upload_id)
    return state


def settle(connection: Connection, upload_id: str, *, state: str, failure: str | None) -> None:
    """Write what became of an upload; it is nobody's job from then on."""
    row = schema.uploads
    connection.execute(update(row).where(row.c.id == upload_id).values(state=state, failure=failure))
    connection.execute(delete(schema.jobs).where(schema.jobs.c.upload_id == upload_id))


def _unknown(upload_id: str) -> NotFound:
    return NotFound(f"no upload {upload_id[:80]!r}; check the id")
