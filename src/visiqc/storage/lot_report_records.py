"""Lots counted and read page by page."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, func, literal, select, union

from visiqc.domain.lot import Lot
from visiqc.domain.lot_report import GoldenShare, LotProgress, Ranges, UnitPage, UnitTally, Views
from visiqc.domain.unit import PhotoResult
from visiqc.domain.upload import PutOff
from visiqc.storage.database import Database
from visiqc.storage.lot_records import in_milestone
from visiqc.storage.photo_results import on_page, result, results
from visiqc.storage.schema import FAILED, PENDING, jobs, unit_photos, uploads
from visiqc.storage.unit_tallies import tallies_of, tally


class LotReportRecords:
    """The part of `Records` that says how lots stand."""

    _database: Database

    def lot_progress(self, order: str, lot: str, *, golden_version: int | None = None) -> LotProgress:
        """How far the photos of a lot are; see `LotReportRecords.lot_progress`."""
        with self._database.reading() as connection:
            shares = connection.execute(_shares(order, lot, golden_version)).all()
            put_off, last = _put_off(connection, order, lot)
        return LotProgress(
            goldens=tuple(GoldenShare(version=row.version, photos=row.photos, judged=row.judged) for row in shares),
            pending=sum(row.pending for row in shares),
            put_off=put_off,
            last_put_off=last,
            failed=sum(row.failed for row in shares),
        )

    def unit_tallies(self, lot: Lot, views: Views, *, golden_version: int | None = None) -> tuple[UnitTally, ...]:
        """Its units counted; see `LotReportRecords.unit_tallies`."""
        if not views:
            return ()  # no photo yet
        with self._database.reading() as connection:
            return tuple(map(tally, connection.execute(tallies_of(lot, views, golden_version))))

    def unseen_units(self, lot: Lot, milestone: str, *, most: int) -> Ranges:
        """The first runs of units without a photo; see `LotReportRecords.unseen_units`."""
        if lot.units is None:
            return ()
        with self._database.reading() as connection:
            return tuple(map(_between, connection.execute(_gaps(lot, milestone, lot.units).limit(most))))

    def photo_results(
        self, order: str, lot: str, *, page: UnitPage | None = None, golden_version: int | None = None
    ) -> tuple[PhotoResult, ...]:
        """What came of the photos of a lot; see `LotReportRecords.photo_results`."""
        query = results(order, lot, golden_version).order_by(uploads.c.seq)
        if page is not None:
            query = query.where(on_page(order, lot, page))
        with self._database.reading() as connection:
            return tuple(map(result, connection.execute(query)))


def _shares(order: str, lot: str, golden_version: int | None) -> Select[Any]:
    """By golden version, how many photos it judged or will, and how many of these wait or failed."""
    c = results(order, lot, golden_version).subquery("result").c
    return (
        select(
            c.version,
            func.count().label("photos"),
            func.count(c.outcome).label("judged"),
            func.sum(case((c.state == PENDING, 1), else_=0)).label("pending"),
            func.sum(case((c.state == FAILED, 1), else_=0)).label("failed"),
        )
        .group_by(c.version)
        .order_by(c.version)
    )


def _put_off(connection: Connection, order: str, lot: str) -> tuple[int, PutOff | None]:
    here = and_(unit_photos.c.order_code == order, unit_photos.c.lot_code == lot, jobs.c.put_off > 0)
    late = jobs.join(unit_photos, unit_photos.c.upload_id == jobs.c.upload_id)
    number = connection.scalar(select(func.count()).select_from(late).where(here)) or 0
    newest = select(jobs.c.put_off_at, jobs.c.put_off_why).select_from(late).where(here)
    row = connection.execute(newest.order_by(jobs.c.put_off_at.desc()).limit(1)).one_or_none()
    return number, None if row is None else PutOff(row.put_off_at, row.put_off_why)


def _gaps(lot: Lot, milestone: str, size: int) -> Select[Any]:
    """Units with a photo after which numbers are missing, and the next unit that has one, or would follow the last."""
    here = in_milestone(lot.order, lot.code, milestone)
    seen = union(select(literal(0).label("unit")), select(unit_photos.c.unit).where(here)).subquery("seen")
    following = func.lead(seen.c.unit, 1, size + 1).over(order_by=seen.c.unit)
    c = select(seen.c.unit, following.label("following")).subquery("gap").c
    return select(c.unit, c.following).where(c.following - c.unit > 1).order_by(c.unit)


def _between(gap: Row[Any]) -> tuple[int, int]:
    return (gap.unit + 1, gap.following - 1)
