"""Lots in words, and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from visiqc import __version__
from visiqc.batch.imported import Imported, OddView
from visiqc.cli.lot_lines import CSV_NAME
from visiqc.domain.lot import Lot, Order, RepeatedFile
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
    lines = [f"{lot.order} {lot.code}: {lot.sku}{size}{views}; opened {opened(lot)}"]
    for milestone in report.milestones:
        lines.append(_milestone_line(milestone))
        lines += [_unit_line(unit) for unit in milestone.units]
        lines += [f"    {each.photo}: {each}" for each in milestone.repeated]
    return "\n".join(lines)


def opened(what: Order | Lot) -> str:
    """When an order or a lot was opened, and by whom."""
    by = f" by {what.made_by.name}" if what.made_by.name else ""
    return f"{what.made_at:%Y-%m-%d %H:%M} UTC{by}"


def _milestone_line(milestone: MilestoneReport) -> str:
    if not milestone.units:
        return f"  {milestone.name}: no photo"
    counts = ", ".join(f"{count} {name}" for name, count in milestone.counts.items() if count) + _unseen(milestone)
    repeated = f"; {len(milestone.repeated)} files that came before" if milestone.repeated else ""
    return f"  {milestone.name}: {len(milestone.units)} units, {milestone.photos} photos: {counts}{repeated}"


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
    ]
    return f"    {unit.unit:>5}  {unit.outcome or 'open':<13} {'; '.join([views, *filter(None, notes)])}"


def lot_document(report: LotReport) -> str:
    """A lot as one JSON document."""
    return json.dumps(
        {
            "format": FORMAT,
            "software": f"visiqc {__version__}",
            **{name: getattr(report.lot, name) for name in ("order", "code", "sku", "units", "required_views")},
            "made_at": report.lot.made_at.isoformat(),
            "made_by": report.lot.made_by.name,
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
        "repeated_files": [_repeated(each) for each in milestone.repeated],
        "units": units,
    }


def _repeated(file: RepeatedFile) -> dict[str, Any]:
    photo = file.photo
    first = asdict(file.first) | {"message": str(file)}
    return {"upload_id": photo.upload_id, "unit": photo.unit, "view": photo.view, "first": first}


def _unit(unit: UnitResult) -> dict[str, Any]:
    plain = asdict(unit)
    plain["misnamed"] = [
        {"upload_id": photo.upload_id, "view": photo.view, "found_view": photo.found_view} for photo in unit.misnamed
    ]
    return plain


def describe_odd_view(odd: OddView, count: int) -> str:
    """What to do about photos of a view that nobody knows."""
    meant = f" (did you mean {odd.meant}?)" if odd.meant else ""
    return (
        f"{count} photos are named after the view {odd.view!r}, which version {odd.golden_version} of {odd.sku} does "
        f"not have{meant}; it has {', '.join(odd.views)}. They were left out: correct the name in the list or in their "
        "names and import again; or, if they show another view on purpose, import with --any-view"
    )


def describe_import(done: Imported, *, pending: int, records: Records) -> str:
    """What an import did, and how the lots stand that it touched. The counts of its first line add up."""
    counts = {
        "could not be used": done.refused,
        "left out for their view": done.odd_views.total(),
        "left out for their folder": done.misplaced,
        f"not in {CSV_NAME}": done.unlisted,
    }
    others = "".join(f", {count} {what}" for what, count in counts.items() if count)
    lines = [
        f"{done.found} photos found: {done.new} imported, {done.known} were there already{others}",
        f"{done.scored} photos scored here",
    ]
    if done.failed:
        lines.append(f"{done.failed} photos could not be scored; visiqc lot retry has them tried again")
    if done.repeated:
        lines.append(f"{done.repeated} photos are files that came before elsewhere; they are named above")
    if pending:
        lines.append(f"{pending} photos are being scored by another process")
    for order, lot in done.lots:
        lines.append(f"{order} {lot}:")
        report = lot_report(order, lot, records)
        lines += [_milestone_line(milestone) for milestone in report.milestones if milestone.units]
    return "\n".join(lines)
