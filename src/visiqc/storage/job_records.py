"""Who scores what: every pending upload is a job, and a lease keeps two workers from doing the same one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, or_, select, update

from visiqc.domain.upload import MAX_ATTEMPTS, PutOff, Upload, put_off_until
from visiqc.storage.database import Database
from visiqc.storage.schema import FAILED, PENDING, jobs, uploads
from visiqc.storage.upload_records import loaded, settle


class JobRecords:
    """The part of `Records` that hands pending uploads to workers."""

    _database: Database

    def lease(
        self, worker: str, *, now: datetime, until: datetime, limit: int = 1, upload_id: str | None = None
    ) -> tuple[Upload, ...]:
        """Take pending uploads that nobody holds, oldest first; see `JobRecords.lease`."""
        free = _free(now, upload_id)
        with self._database.reading() as connection:  # an idle worker asks often and must not keep others from writing
            if connection.execute(free.limit(1)).first() is None:
                return ()

        def work(connection: Connection) -> tuple[Upload, ...]:
            taken: list[Upload] = []
            while len(taken) < limit:
                # PostgreSQL steps over rows that another worker is taking at this moment; SQLite has one writer.
                found = free.limit(limit - len(taken)).with_for_update(of=uploads, skip_locked=True)
                rows = connection.execute(found).all()
                taken += [loaded(row) for row in rows if _take(connection, row, worker, until)]
                if not rows:
                    break
            return tuple(taken)

        return self._database.write(work)

    def renew(self, worker: str, upload_ids: Collection[str], *, until: datetime) -> None:
        """Hold for longer what is held; see `JobRecords.renew`."""
        held = jobs.c.worker == worker, jobs.c.upload_id.in_(list(upload_ids)), jobs.c.leased_until.is_not(None)
        self._database.write(
            lambda connection: connection.execute(update(jobs).where(*held).values(leased_until=until))
        )

    def release(self, worker: str, upload_id: str, *, put_off: PutOff | None = None) -> None:
        """Give a job back, as if it had not been tried; see `JobRecords.release`."""
        held = jobs.c.worker == worker, jobs.c.upload_id == upload_id, jobs.c.leased_until.is_not(None)

        def work(connection: Connection) -> None:
            times = connection.scalar(select(jobs.c.put_off).where(*held))
            if times is None:
                return
            back: dict[str, Any] = {"leased_until": None, "attempts": jobs.c.attempts - 1}
            if put_off is not None:
                back |= {"put_off": times + 1, "not_before": put_off_until(put_off.at, times)}
                back |= {"put_off_at": put_off.at, "put_off_why": put_off.why}
            connection.execute(update(jobs).where(*held).values(back))

        self._database.write(work)

    def unsettled(self, upload_ids: Collection[str]) -> frozenset[str]:
        """Those that still wait for their answer; see `JobRecords.unsettled`."""
        waiting = select(uploads.c.id).where(uploads.c.id.in_(list(upload_ids)), uploads.c.state == PENDING)
        with self._database.reading() as connection:
            return frozenset(connection.scalars(waiting))


def _free(now: datetime, upload_id: str | None) -> Select[Any]:
    """Pending uploads that no lease covers, oldest first."""
    columns = uploads.c.id, uploads.c.document, uploads.c.failure, jobs.c.attempts
    free = (
        select(*columns)
        .outerjoin_from(uploads, jobs, jobs.c.upload_id == uploads.c.id)
        .where(
            uploads.c.state == PENDING,
            or_(jobs.c.leased_until.is_(None), jobs.c.leased_until <= now),
            or_(jobs.c.not_before.is_(None), jobs.c.not_before <= now),
        )
        .order_by(uploads.c.seq)
    )
    return free if upload_id is None else free.where(uploads.c.id == upload_id)


def _take(connection: Connection, row: Row[Any], worker: str, until: datetime) -> bool:
    """Lease one job; or settle it as failed, where it ended every worker that tried it."""
    if row.attempts is None:
        new = {"upload_id": row.id, "worker": worker, "leased_until": until, "attempts": 1, "put_off": 0}
        connection.execute(insert(jobs).values(new))
    elif row.attempts >= MAX_ATTEMPTS:
        why = f"scoring it was begun {row.attempts} times and its worker ended each time; take another photo"
        settle(connection, row.id, state=FAILED, failure=why)
        return False
    else:
        mine = {"worker": worker, "leased_until": until, "attempts": row.attempts + 1}
        # PostgreSQL may have read the row before another worker's lease was there, and locked it after: not ours then.
        as_read = jobs.c.upload_id == row.id, jobs.c.attempts == row.attempts
        return connection.execute(update(jobs).where(*as_read).values(mine)).rowcount == 1
    return True
