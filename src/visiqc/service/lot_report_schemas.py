"""What the service says of orders and lots: lists and units page by page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from visiqc.domain.lot import Lot, Order, RepeatedFile
from visiqc.domain.lot_findings import FindingCode, findings
from visiqc.domain.lot_report import LotReport, MilestoneReport
from visiqc.domain.outcome import Outcome
from visiqc.domain.unit import PhotoResult, UnitResult
from visiqc.service.lot_schemas import LotOut, Out, SeenBeforeOut


class OrderOut(Out):
    """An order with its oldest lots; `lots_after` asks for those that follow, null where there are no others.

    `made_by` is who opened it, empty where nobody was recorded.
    """

    code: str
    milestones: list[str]
    made_at: datetime
    made_by: str
    lots: list[LotOut]
    lots_after: str | None

    @classmethod
    def of(cls, order: Order, lots: Sequence[Lot], *, limit: int) -> Self:
        """One order; `lots` may hold one more than `limit`, which tells that there are others."""
        page = LotsOut.of(lots, limit=limit)
        return cls(
            code=order.code,
            milestones=list(order.milestones),
            made_at=order.made_at,
            made_by=order.made_by.name,
            lots=page.lots,
            lots_after=page.after,
        )


class LotsOut(Out):
    """A page of an order's lots, oldest first; `after` asks for the next one, null at the end."""

    lots: list[LotOut]
    after: str | None

    @classmethod
    def of(cls, lots: Sequence[Lot], *, limit: int) -> Self:
        """One page; `lots` may hold one more than `limit`, which tells that there is a next page."""
        page = lots[:limit]
        after = page[-1].code if len(lots) > limit else None
        return cls(lots=[LotOut.of(lot) for lot in page], after=after)


class OrdersOut(Out):
    """A page of the orders, oldest first; `after` asks for the next one, null at the end."""

    orders: list[OrderOut]
    after: str | None


class ViewOut(Out):
    """One view of a unit; `outcome` is null while nothing can be said, `upload_ids` are scores to ask for, and
    `outcomes` says what came of each.
    """

    view: str
    required: bool
    outcome: Outcome | None
    upload_ids: list[str]
    outcomes: list[Outcome | None]


class MisnamedOut(Out):
    """A photo that shows another golden view than it claims."""

    upload_id: str
    view: str
    found_view: str | None

    @classmethod
    def of(cls, photo: PhotoResult) -> Self:
        """One photo."""
        return cls(upload_id=photo.upload_id, view=photo.view, found_view=photo.found_view)


class UnitOut(Out):
    """One unit: the worst over its views, null while nothing can be said; PASS only when no required view lacks.

    `golden_versions` judged its photos; `mixed` where its required views were compared with different ones.
    """

    unit: int
    outcome: Outcome | None
    views: list[ViewOut]
    missing: list[str]
    pending: list[str]
    failed: list[str]
    misnamed: list[MisnamedOut]
    golden_versions: list[int]
    mixed: bool

    @classmethod
    def of(cls, unit: UnitResult) -> Self:
        """One unit."""
        return cls(
            unit=unit.unit,
            outcome=unit.outcome,
            views=[ViewOut.model_validate(view) for view in unit.views],
            missing=list(unit.missing),
            pending=list(unit.pending),
            failed=list(unit.failed),
            misnamed=[MisnamedOut.of(photo) for photo in unit.misnamed],
            golden_versions=list(unit.golden_versions),
            mixed=unit.mixed,
        )


class RepeatedFileOut(Out):
    """A photo whose very file came before, at another milestone or in another lot."""

    upload_id: str
    unit: int
    view: str
    first: SeenBeforeOut

    @classmethod
    def of(cls, repeated: RepeatedFile) -> Self:
        """One photo."""
        photo = repeated.photo
        return cls(upload_id=photo.upload_id, unit=photo.unit, view=photo.view, first=SeenBeforeOut.of(repeated))


class MilestoneOut(Out):
    """The units that were photographed at one milestone; `counts` are units by outcome, and `open`.

    `mixed` are units whose required views were compared with different golden versions, `unseen` are units without any
    photo, null where the size is not known; `unseen_ranges` the first runs of them. `units` is a page of them by
    number; `after_unit` asks for the next one, null at the end. `repeated` photos are files that came before elsewhere;
    `repeated_files` are those of them that show the units of this page.
    """

    name: str
    photos: int
    counts: dict[str, int]
    mixed: int
    unseen: int | None
    unseen_ranges: list[tuple[int, int]]
    repeated: int
    repeated_files: list[RepeatedFileOut]
    units: list[UnitOut]
    after_unit: int | None

    @classmethod
    def of(cls, milestone: MilestoneReport, units: Sequence[UnitResult], *, limit: int) -> Self:
        """One milestone; `units` may hold one more than `limit`, which tells that there is a next page."""
        page = units[:limit]
        return cls(
            name=milestone.name,
            photos=milestone.photos,
            counts=dict(milestone.counts),
            mixed=milestone.mixed,
            unseen=milestone.unseen,
            unseen_ranges=list(milestone.unseen_ranges),
            repeated=milestone.repeated,
            repeated_files=[RepeatedFileOut.of(file) for unit in page for file in unit.repeated],
            units=[UnitOut.of(unit) for unit in page],
            after_unit=page[-1].unit if len(units) > limit else None,
        )


class GoldenShareOut(Out):
    """How many photos one golden version judged."""

    version: int
    photos: int


class FindingOut(Out):
    """What must not be passed over, and what to do about it."""

    code: FindingCode
    message: str
    advice: str


class LotReportOut(Out):
    """A lot with all that is known of its units.

    `golden_version` is null where the verdicts of record speak; `golden_versions` says which judged how many photos.
    `pending` photos wait for a score, something else than the photo kept `put_off` of them from it so far, and
    `failed` ones could not be scored.
    """

    lot: LotOut
    golden_version: int | None
    golden_versions: list[GoldenShareOut]
    pending: int
    put_off: int
    failed: int
    findings: list[FindingOut]
    milestones: list[MilestoneOut]

    @classmethod
    def of(cls, report: LotReport, milestones: Sequence[MilestoneOut]) -> Self:
        """One lot, with the milestones that were asked for."""
        progress = report.progress
        return cls(
            lot=LotOut.of(report.lot),
            golden_version=report.golden_version,
            golden_versions=[GoldenShareOut(version=e.version, photos=e.judged) for e in progress.goldens if e.judged],
            pending=progress.pending,
            put_off=progress.put_off,
            failed=progress.failed,
            findings=[FindingOut.model_validate(finding) for finding in findings(report)],
            milestones=list(milestones),
        )
