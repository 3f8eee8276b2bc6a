"""Which photos of units are files that came before; each is found by its digest, however many photos there are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Row, ScalarSelect, Select, func, select

from visiqc.domain.lot import RepeatedFile, UnitPhoto
from visiqc.domain.lot_report import UnitPage
from visiqc.storage.database import Database
from visiqc.storage.lot_records import placed
from visiqc.storage.photo_results import on_page
from visiqc.storage.schema import unit_photos, uploads


class RepeatedFileRecords:
    """The part of `Records` that says where the bytes of a unit's photo came first."""

    _database: Database

    def first_photos(self, digests: Collection[str]) -> Mapping[str, UnitPhoto]:
        """Where bytes came first, by digest; see `LotRecords.first_photos`."""
        query = select(unit_photos).join_from(unit_photos, uploads, uploads.c.id == unit_photos.c.upload_id)
        first = query.order_by(uploads.c.seq).limit(1)
        found = {}
        with self._database.reading() as connection:
            for digest in dict.fromkeys(digests):
                row = connection.execute(first.where(unit_photos.c.photo_digest == digest)).one_or_none()
                if row is not None:
                    found[digest] = placed(row)
        return found

    def repeated_counts(self, order: str, lot: str) -> Mapping[str, int]:
        """How many photos are files that came before; see `LotReportRecords.repeated_counts`."""
        c = unit_photos.c
        query = (
            select(c.milestone, func.count().label("photos"))
            .join_from(unit_photos, uploads, uploads.c.id == c.upload_id)
            .where(c.order_code == order, c.lot_code == lot, uploads.c.seq > _earliest())
            .group_by(c.milestone)
        )
        with self._database.reading() as connection:
            return {row.milestone: row.photos for row in connection.execute(query)}

    def repeated_files(self, order: str, lot: str, page: UnitPage) -> tuple[RepeatedFile, ...]:
        """Photos of a page of units that are such files; see `LotReportRecords.repeated_files`."""
        query = _with_first().where(on_page(order, lot, page)).order_by(uploads.c.seq)
        with self._database.reading() as connection:
            return tuple(map(_repeated, connection.execute(query)))


def _earliest() -> ScalarSelect[Any]:
    """When the bytes of a photo of a unit came first."""
    same, of_same = unit_photos.alias("same"), uploads.alias("of_same")
    return (
        select(func.min(of_same.c.seq))
        .join_from(same, of_same, of_same.c.id == same.c.upload_id)
        .where(same.c.photo_digest == unit_photos.c.photo_digest)
        .correlate(unit_photos)
        .scalar_subquery()
    )


def _with_first() -> Select[Any]:
    """Photos whose bytes came before, each with the place where they came first."""
    first, of_first = unit_photos.alias("first"), uploads.alias("of_first")
    return (
        select(unit_photos, *(column.label(f"first_{column.name}") for column in first.c))
        .join_from(unit_photos, uploads, uploads.c.id == unit_photos.c.upload_id)
        .join(of_first, of_first.c.seq == _earliest())
        .join(first, first.c.upload_id == of_first.c.id)
        .where(of_first.c.seq < uploads.c.seq)
    )


def _repeated(row: Row[Any]) -> RepeatedFile:
    first = UnitPhoto(
        upload_id=row.first_upload_id,
        order=row.first_order_code,
        lot=row.first_lot_code,
        milestone=row.first_milestone,
        unit=row.first_unit,
        view=row.first_view,
    )
    return RepeatedFile(photo=placed(row), first=first)
