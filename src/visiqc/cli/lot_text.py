"""Lots in words, and as JSON; units are printed as they are read, so that a lot of any size needs no memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any

from visiqc import __version__
from visiqc.batch.imported import Imported, OddView
from visiqc.cli.lot_lines import CSV_NAME
from visiqc.domain.lot import Lot, Order, RepeatedFile
from visiqc.domain.lot_findings import findings
from visiqc.domain.lot_report import LotReport, MilestoneReport
from visiqc.domain.unit import UnitResult
from visiqc.inspection.lot_reports import lot_report
from visiqc.inspection.ports import Records

FORMAT = 1
"""Raised when a key of the JSON document changes its meaning or goes."""
UnitsOf = Callable[[str], Iterable[UnitResult]]
"""The units of a milestone, by its name."""


def describe_lot(report: LotReport, units_of: UnitsOf) -> Iterator[str]:
    """A lot with every unit that was photographed, line by line."""
    yield _lot_line(report)
    if report.progress.pending and not report.progress.put_off:  # of which a finding tells
        yield f"  {_photos(report.progress.pending)} still without a score"
    yield from describe_findings(report)
    for milestone in report.milestones:
        yield milestone_line(milestone)
        several = len(report.golden_versions) > 1
        for unit in units_of(milestone.name):
            yield _unit_line(unit, versions=several)
            yield from (f"           {file.photo}: {file}" for file in unit.repeated)


def describe_findings(report: LotReport) -> Iterator[str]:
    """What its report must not pass over, each with the remedy."""
    for finding in findings(report):
        yield f"  ! {finding.message}"
        yield f"    {finding.advice}"


def _lot_line(report: LotReport) -> str:
    lot = report.lot
    size = f", {lot.units} units" if lot.units else ""
    views = f", views {', '.join(lot.required_views)}" if lot.required_views else ""
    return f"{lot.order} {lot.code}: {lot.sku}{size}{views}{_judged_by(report)}; opened {opened(lot)}"


def opened(what: Order | Lot) -> str:
    """When an order or a lot was opened, and by whom."""
    by = f" by {what.made_by.name}" if what.made_by.name else ""
    return f"{what.made_at:%Y-%m-%d %H:%M} UTC{by}"


def _judged_by(report: LotReport) -> str:
    if report.golden_version is not None:
        return f", as golden version {report.golden_version} judged it"
    shares = [share for share in report.progress.goldens if share.judged]
    if len(shares) == 1:
        return f", judged by golden version {shares[0].version}"
    each = " and ".join(f"{share.version} ({_photos(share.judged)})" for share in shares)
    return f", judged by golden versions {each}" if shares else ""


def _photos(number: int) -> str:
    return "1 photo" if number == 1 else f"{number} photos"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"


def milestone_line(milestone: MilestoneReport) -> str:
    """How the units stand at one milestone."""
    if not milestone.units:
        return f"  {milestone.name}: no photo"
    counts = ", ".join(f"{count} {name}" for name, count in milestone.counts.items() if count) + _unseen(milestone)
    repeated = f"; {_files(milestone.repeated)} that came before" if milestone.repeated else ""
    return f"  {milestone.name}: {milestone.units} units, {_photos(milestone.photos)}: {counts}{repeated}"


def _unseen(milestone: MilestoneReport) -> str:
    if not milestone.unseen:
        return ""
    ranges = milestone.unseen_ranges
    names = ", ".join(f"{low}" if low == high else f"{low} to {high}" for low, high in ranges)
    more = "" if sum(high - low + 1 for low, high in ranges) == milestone.unseen else " and others"
    return f"; {milestone.unseen} never photographed: {names}{more}"


def _unit_line(unit: UnitResult, *, versions: bool) -> str:
    views = ", ".join(f"{view.view} {view.outcome or 'open'}" for view in unit.views if view.upload_ids)
    notes = [
        f"missing {', '.join(unit.missing)}" if unit.missing else "",
        f"{len(unit.pending)} pending" if unit.pending else "",
        f"{len(unit.failed)} could not be scored" if unit.failed else "",
        *(f"the photo sent as {photo.view} shows {photo.found_view}" for photo in unit.misnamed),
        f"golden version {' and '.join(map(str, unit.golden_versions))}" if versions and unit.golden_versions else "",
        "views judged by different golden versions" if unit.mixed else "",
    ]
    return f"    {unit.unit:>5}  {unit.outcome or 'open':<13} {'; '.join([views, *filter(None, notes)])}"


def lot_document(report: LotReport, units_of: UnitsOf) -> Iterator[str]:
    """A lot as one JSON document, in pieces: one line for each unit."""
    progress, lot = report.progress, report.lot
    head = {
        "format": FORMAT,
        "software": f"visiqc {__version__}",
        **{name: getattr(lot, name) for name in ("order", "code", "sku", "units", "required_views")},
        "made_at": lot.made_at.isoformat(),
        "made_by": lot.made_by.name,
        "golden_version": report.golden_version,
        "golden_versions": [{"version": e.version, "photos": e.judged} for e in progress.goldens if e.judged],
        "pending": progress.pending,
        "put_off": progress.put_off,
        "failed": progress.failed,
        "findings": [asdict(finding) for finding in findings(report)],
    }
    yield _open(head, "milestones")
    for nth, milestone in enumerate(report.milestones):
        yield (",\n" if nth else "\n") + _open(_milestone(milestone), "repeated_files")
        # Units are gone through twice where there is something to name, so that none of it is kept in memory.
        once = units_of(milestone.name) if milestone.repeated else ()
        yield from _listed(_repeated(file) for unit in once for file in unit.repeated)
        yield '], "units": ['
        yield from _listed(map(_unit, units_of(milestone.name)))
        yield "]}"
    yield "]}\n"


def _listed(documents: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The elements of a list, a line each."""
    for nth, document in enumerate(documents):
        yield (",\n" if nth else "\n") + _json(document)


def _open(document: dict[str, Any], name: str) -> str:
    """The text of a document up to the first element of one more list in it."""
    return f'{_json(document).removesuffix("}")}, "{name}": ['


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False)


def _milestone(milestone: MilestoneReport) -> dict[str, Any]:
    names = ("name", "photos", "counts", "mixed", "unseen", "unseen_ranges", "repeated")
    return {name: getattr(milestone, name) for name in names}


def _repeated(file: RepeatedFile) -> dict[str, Any]:
    photo = file.photo
    first = asdict(file.first) | {"message": str(file)}
    return {"upload_id": photo.upload_id, "unit": photo.unit, "view": photo.view, "first": first}


def _unit(unit: UnitResult) -> dict[str, Any]:
    plain = asdict(unit)
    del plain["repeated"]  # the milestone lists them
    plain["misnamed"] = [
        {"upload_id": photo.upload_id, "view": photo.view, "found_view": photo.found_view} for photo in unit.misnamed
    ]
    return plain


def describe_odd_view(odd: OddView, count: int) -> str:
    """What to do about photos of a view that nobody knows."""
    meant = f" (did you mean {odd.meant}?)" if odd.meant else ""
    return (
        f"{_photos(count)} {_are(count)} named after the view {odd.view!r}, which version {odd.golden_version} of "
        f"{odd.sku} does not have{meant}; it has {', '.join(odd.views)}. They were left out: correct the name in the "
        "list or in their names and import again; or, if they show another view on purpose, import with --any-view"
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
        f"{_photos(done.found)} found: {done.new} imported, {done.known} were there already{others}",
        f"{_photos(done.scored)} scored here",
    ]
    if done.failed:
        lines.append(f"{_photos(done.failed)} could not be scored; visiqc lot retry has them tried again")
    if done.repeated:
        lines.append(f"{_photos(done.repeated)} came before elsewhere as the same file, as named above")
    if pending:
        lines.append(f"{_photos(pending)} {_are(pending)} being scored by another process")
    for order, lot in done.lots:
        lines.append(f"{order} {lot}:")
        report = lot_report(order, lot, records)
        lines += describe_findings(report)
        lines += [milestone_line(milestone) for milestone in report.milestones if milestone.units]
    return "\n".join(lines)
