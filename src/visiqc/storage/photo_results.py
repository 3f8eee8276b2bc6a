"""What came of the photos of a lot, in SQL: each with its verdict of record, or the first by one golden version."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, literal, select

from visiqc.domain.lot_report import UnitPage
from visiqc.domain.outcome import Outcome
from visiqc.domain.unit import PhotoResult
from visiqc.storage.lot_records import in_milestone, placed
from visiqc.storage.schema import unit_photos, uploads, verdicts


def results(order: str, lot: str, golden_version: int | None) -> Select[Any]:
    """Every photo of a lot with its upload's state and the verdict that is asked for, if there is one.

    Args:
        order: Code of the order.
        lot: Code of the lot.
        golden_version: Whose first verdict; None = the verdict of record.
    """
    first = _first_verdict(golden_version)
    version: ColumnElement[int] = (
        func.coalesce(verdicts.c.golden_version, uploads.c.golden_version)
        if golden_version is None
        else literal(golden_version)
    )
    return (
        select(
            unit_photos,
            uploads.c.seq,
            uploads.c.state,
            uploads.c.failure,
            version.label("version"),
            verdicts.c.outcome,
            verdicts.c.golden_view,
        )
        .join_from(unit_photos, uploads, uploads.c.id == unit_photos.c.upload_id)
        .outerjoin(verdicts, verdicts.c.seq == first)
        .where(unit_photos.c.order_code == order, unit_photos.c.lot_code == lot)
    )


def _first_verdict(golden_version: int | None) -> Any:
    row = verdicts.alias("first_of_photo")
    first = select(func.min(row.c.seq)).where(row.c.upload_id == unit_photos.c.upload_id)
    if golden_version is not None:
        first = first.where(row.c.golden_version == golden_version)
    return first.correlate(unit_photos).scalar_subquery()


def on_page(order: str, lot: str, page: UnitPage) -> ColumnElement[bool]:
    """Photos of the units of a page."""
    here = in_milestone(order, lot, page.milestone)
    c = unit_photos.alias("of_page").c
    units = (
        select(c.unit)
        .where(c.order_code == order, c.lot_code == lot, c.milestone == page.milestone, c.unit > page.after)
        .distinct()
        .order_by(c.unit)
        .limit(page.limit)
    )
    return here & unit_photos.c.unit.in_(units)


def result(row: Row[Any]) -> PhotoResult:
    """What came of one photo, from a row of `results`."""
    return PhotoResult(
        photo=placed(row),
        golden_version=row.version,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        failure=row.failure,
        found_view=row.golden_view,
    )
