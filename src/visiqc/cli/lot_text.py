"""Lots in words, and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from visiqc import __version__
from visiqc.batch.lot_import import Imported
from visiqc.domain.lot_report import LotReport, MilestoneReport
from visiqc.domain.unit import UnitResult
from visiqc.inspection.lots import lot_report
from visiqc.inspection.ports import Records

FORMAT = 1
"""Raised when a key of the JSON document changes its meaning or goes."""


def describe_lot(report: LotReport) -> str:
    """A lot with every unit that was photographed."""
    lot = report.lot
    size = f", {lot.units} units" if lot.units else ""
    views = f", views {', '.join(lot.required_views)}" if lot.required_views else ""
    lines = [f"{lot.order} {lot.code}: {lot.sku}{size}{views}"]
    for milestone in report.milestones:
        lines.append(_milestone_line(milestone))
        lines += [_unit_line(unit) for unit in milestone.units]
    return "\n".join(lines)


def _milestone_line(milestone: MilestoneReport) -> str:
    if not milestone.units:
        return f"  {milestone.name}: no photo"
    counts = ", ".join(f"{count} {name}" for name, count in milestone.counts.items() if count) + _unseen(milestone)
    return f"  {milestone.name}: {len(milestone.units)} units, {milestone.photos} photos: {counts}"


def _unseen(milestone: MilestoneReport) -> str:
    if not milestone.unseen:
        return ""
    ranges = milestone.unseen_ranges()
    names = ", ".join(f"{low}" if low == high else f"{low} to {high}" for low, high in ranges)
    more = "" if sum(high - low + 1 for low, high in ranges) == milestone.unseen else " and others"
    return f"; {milestone.unseen} never photographed: {names}{more}"


def _unit_line(unit: UnitResult) -> str:
    views = ", ".join(f"{view.view} {view.outcome or 'open'}" for view in unit.views if view.upload_ids)
    notes = [
        f"missing {', '.join(unit.missing)}" if unit.missing else "",
        f"{len(unit.pending)} pending" if unit.pending else "",
        f"{len(unit.failed)} could not be scored" if unit.failed else "",
        *(f"the photo sent as {photo.view} shows {photo.found_view}" for photo in unit.misnamed),
        f"judged by golden versions {' and '.join(map(str, unit.golden_versions))}" if unit.mixed else "",
    ]
    return f"    {unit.unit:>5}  {unit.outcome or 'open':<13} {'; '.join([views, *filter(None, notes)])}"


def lot_document(report: LotReport) -> str:
    """A lot as one JSON document."""
    return json.dumps(
        {
            "format": FORMAT,
            "software": f"visiqc {__version__}",
            **{name: getattr(report.lot, name) for name in ("order", "code", "sku", "units", "required_views")},
            "milestones": [_milestone(milestone) for milestone in report.milestones],
        },
        indent=2,
        ensure_ascii=False,
    )


def _milestone(milestone: MilestoneReport) -> dict[str, Any]:
    units = [_unit(unit) for unit in milestone.units]
    return {
        "name": milestone.name,
        "photos": milestone.photos,
        "counts": milestone.counts,
        "unseen": milestone.unseen,
        "unseen_ranges": milestone.unseen_ranges(),
        "units": units,
    }


def _unit(unit: UnitResult) -> dict[str, Any]:
    plain = asdict(unit)
    plain["misnamed"] = [
        {"upload_id": photo.upload_id, "view": photo.view, "found_view": photo.found_view} for photo in unit.misnamed
    ]
    return plain


def describe_import(done: Imported, *, broken: int, pending: int, records: Records) -> str:
    """What an import did, and how the lots stand that it touched."""
    lines = [f"{done.new} photos imported, {done.known} were there already, {done.scored} scored here"]
    if done.failed:
        lines.append(f"{done.failed} photos could not be scored; visiqc lot retry has them tried again")
    if broken:
        lines.append(f"{broken} lines could not be used; they are named above")
    if pending:
        lines.append(f"{pending} photos are being scored by another process")
    for order, lot in done.lots:
        lines.append(f"{order} {lot}:")
        report = lot_report(order, lot, records)
        lines += [_milestone_line(milestone) for milestone in report.milestones if milestone.units]
    return "\n".join(lines)
