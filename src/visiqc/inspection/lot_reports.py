"""What is known of orders and lots: lists and units page by page, and a lot's counts."""

from __future__ import annotations

from collections.abc import Iterator

from visiqc.domain.lot import Lot, Order
from visiqc.domain.lot_report import (
    MOST_RANGES,
    MOST_UNITS,
    LotReport,
    UnitPage,
    Views,
    milestone_report,
    units_of,
)
from visiqc.domain.unit import UnitResult
from visiqc.errors import NotApproved, NotFound
from visiqc.inspection.ports import Records


def every_order(records: Records) -> Iterator[Order]:
    """Every order, oldest first; a page at a time is in memory."""
    after = ""
    while orders := records.orders(after=after):
        yield from orders
        after = orders[-1].code


def every_lot(order: str, records: Records) -> Iterator[Lot]:
    """Every lot of an order, oldest first; a page at a time is in memory."""
    after = ""
    while lots := records.lots(order, after=after):
        yield from lots
        after = lots[-1].code


def lot_report(order: str, lot: str, records: Records, *, golden_version: int | None = None) -> LotReport:
    """How a lot stands at each milestone of its order.

    Args:
        order: Code of an order.
        lot: Code of one of its lots.
        records: The written record.
        golden_version: Show it as this golden version judged it; None = by the verdicts of record.

    Raises:
        NotFound: No such order or lot, or its product has no such golden version.
    """
    inside = records.lot(order, lot)
    progress = records.lot_progress(order, lot, golden_version=golden_version)
    views = _views(inside, (share.version for share in progress.goldens), records)
    if golden_version is not None:
        records.golden(inside.sku, golden_version)
    tallies = records.unit_tallies(inside, views, golden_version=golden_version)
    repeated = records.repeated_counts(order, lot)
    return LotReport(
        lot=inside,
        milestones=tuple(
            milestone_report(
                name,
                inside,
                tallies,
                unseen=records.unseen_units(inside, name, most=MOST_RANGES),
                repeated=repeated.get(name, 0),
            )
            for name in records.order(order).milestones
        ),
        progress=progress,
        golden_version=golden_version,
        current_golden=_current_golden(inside.sku, records),
    )


def page_of_units(
    lot: Lot, page: UnitPage, records: Records, *, golden_version: int | None = None
) -> tuple[UnitResult, ...]:
    """What is known of some units at one milestone, by number.

    Args:
        lot: The lot.
        page: Which of its units.
        records: The written record.
        golden_version: As `lot_report`.
    """
    photos = records.photo_results(lot.order, lot.code, page=page, golden_version=golden_version)
    views = _views(lot, (photo.golden_version for photo in photos), records)
    return units_of(photos, lot, views, repeated=records.repeated_files(lot.order, lot.code, page))


def every_unit(
    lot: Lot, milestone: str, records: Records, *, golden_version: int | None = None
) -> Iterator[UnitResult]:
    """Every unit at a milestone, by number; a page at a time is in memory."""
    after = 0
    while units := page_of_units(
        lot, UnitPage(milestone=milestone, after=after), records, golden_version=golden_version
    ):
        yield from units
        if len(units) < MOST_UNITS:
            return
        after = units[-1].unit


def _views(lot: Lot, versions: Iterator[int], records: Records) -> Views:
    return {version: records.golden(lot.sku, version).views for version in sorted(set(versions))}


def _current_golden(sku: str, records: Records) -> int | None:
    try:
        return records.current_golden(sku).version
    except (NotFound, NotApproved):  # a lot may be opened before its golden sample
        return None
