"""The inspectors' queue: a narrow table beside the verdicts of record, so that ten thousand photos page in no time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, case, func, insert, select, tuple_

from visiqc.domain.inspection_queue import (
    RISK,
    Answered,
    Place,
    QueueCount,
    QueueFilter,
    QueueItem,
    risk_of,
)
from visiqc.domain.outcome import Outcome
from visiqc.domain.verdict import Verdict
from visiqc.storage.database import Database
from visiqc.storage.lot_records import placed
from visiqc.storage.schema import queue, unit_photos, uploads

_PASSED = RISK.index(Outcome.PASS)


class QueueRecords:
    """The part of `Records` that says what inspectors should look at next."""

    _database: Database

    def queue(self, wanted: QueueFilter, *, after: Place | None = None, limit: int = 50) -> tuple[QueueItem, ...]:
        """Photos in the order of their risk; see `ReviewRecords.queue`."""
        c = queue.c
        query = _items().where(*_in_place(wanted), *_answered(wanted), *_of_outcome(wanted))
        if after:
            query = query.where(tuple_(c.rank, c.p_value, c.upload_seq) > (after.rank, after.p_value, after.seq))
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(c.rank, c.p_value, c.upload_seq).limit(limit)).all()
        return tuple(map(_item, rows))

    def queue_item(self, upload_id: str) -> QueueItem | None:
        """Where one photo stands; see `ReviewRecords.queue_item`."""
        with self._database.reading() as connection:
            row = connection.execute(_items().where(queue.c.upload_id == upload_id)).one_or_none()
        return None if row is None else _item(row)

    def queue_counts(self, wanted: QueueFilter) -> Sequence[QueueCount]:
        """How many photos there are by outcome; see `ReviewRecords.queue_counts`."""
        c = queue.c
        opened = func.sum(case((c.is_open, 1), else_=0))
        query = select(c.rank, opened, func.count()).where(*_in_place(wanted)).group_by(c.rank)
        with self._database.reading() as connection:
            found = {rank: (waiting, total - waiting) for rank, waiting, total in connection.execute(query)}
        counts = [(outcome, *found.get(rank, (0, 0))) for rank, outcome in enumerate(RISK)]
        return [QueueCount(outcome=outcome, open=waiting, done=done) for outcome, waiting, done in counts]

    def reviewed(self, wanted: QueueFilter, *, after: int = 0, limit: int = 200) -> tuple[tuple[int, str], ...]:
        """Uploads whose review stands; see `ReviewRecords.reviewed`."""
        c = queue.c
        query = select(c.upload_seq, c.upload_id).where(c.is_open.is_(False), c.upload_seq > after, *_in_place(wanted))
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(c.upload_seq).limit(limit)).all()
        return tuple((row.upload_seq, row.upload_id) for row in rows)


def enqueue(connection: Connection, verdict: Verdict) -> None:
    """Put the photo of a verdict of record in the queue."""
    rank, p_value = risk_of(verdict)
    seq = connection.scalar(select(uploads.c.seq).where(uploads.c.id == verdict.id))
    place = connection.execute(select(unit_photos).where(unit_photos.c.upload_id == verdict.id)).one_or_none()
    row = {
        "upload_id": verdict.id,
        "upload_seq": seq,
        "rank": rank,
        "p_value": p_value,
        "sku": verdict.sku,
        "is_open": True,
    }
    row |= {"decision": "", "decided_by": ""}
    where = {"order_code": place.order_code, "lot_code": place.lot_code, "milestone": place.milestone} if place else {}
    connection.execute(insert(queue).values(row | where))


def _items() -> Select[Any]:
    return select(queue, unit_photos.c.unit, unit_photos.c.view).outerjoin(
        unit_photos, unit_photos.c.upload_id == queue.c.upload_id
    )


def _in_place(wanted: QueueFilter) -> list[Any]:
    c = queue.c
    named = ((c.order_code, wanted.order), (c.lot_code, wanted.lot), (c.milestone, wanted.milestone))
    return [column == value for column, value in named if value]


def _answered(wanted: QueueFilter) -> list[Any]:
    return [] if wanted.answered is Answered.ALL else [queue.c.is_open.is_(wanted.answered is Answered.OPEN)]


def _of_outcome(wanted: QueueFilter) -> list[Any]:
    rank = queue.c.rank
    return [rank < _PASSED if wanted.outcome is None else rank == RISK.index(wanted.outcome)]


def _item(row: Row[Any]) -> QueueItem:
    return QueueItem(
        upload_id=row.upload_id,
        place=Place(row.rank, row.p_value, row.upload_seq),
        sku=row.sku,
        outcome=RISK[row.rank],
        unit_photo=None if row.unit is None else placed(row),
        decision=row.decision,
        decided_by=row.decided_by,
        rescored=row.rescore_id is not None,
    )
