"""What the service says and is told about orders, lots and units."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from visiqc.domain.lot import MILESTONES, Lot, Order
from visiqc.domain.lot_report import LotReport
from visiqc.domain.outcome import Outcome
from visiqc.domain.unit import PhotoResult, UnitResult
from visiqc.service.admission import AdmittedUnitPhoto
from visiqc.service.schemas import ReasonOut, ScoreOut


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class OrderIn(_In):
    """An order to open; without milestones it gets the usual four."""

    code: str
    milestones: list[str] = list(MILESTONES)


class LotIn(_In):
    """A lot to open; without required views, units must show those of the golden version."""

    code: str
    sku: str
    units: int | None = None
    required_views: list[str] = []


class LotOut(_Out):
    """A lot; `units` is its size, null where nobody said."""

    order: str
    code: str
    sku: str
    units: int | None
    required_views: list[str]
    made_at: datetime


class OrderOut(_Out):
    """An order with its lots."""

    code: str
    milestones: list[str]
    made_at: datetime
    lots: list[LotOut]

    @classmethod
    def of(cls, order: Order, lots: tuple[Lot, ...]) -> Self:
        """One order."""
        return cls(
            code=order.code,
            milestones=list(order.milestones),
            made_at=order.made_at,
            lots=[LotOut.model_validate(lot) for lot in lots],
        )


class OrdersOut(_Out):
    """Every order, oldest first."""

    orders: list[OrderOut]


class ViewOut(_Out):
    """One view of a unit; `outcome` is null while nothing can be said, `upload_ids` are scores to ask for, and
    `outcomes` says what came of each.
    """

    view: str
    required: bool
    outcome: Outcome | None
    upload_ids: list[str]
    outcomes: list[Outcome | None]


class MisnamedOut(_Out):
    """A photo that shows another golden view than it claims."""

    upload_id: str
    view: str
    found_view: str | None

    @classmethod
    def of(cls, photo: PhotoResult) -> Self:
        """One photo."""
        return cls(upload_id=photo.upload_id, view=photo.view, found_view=photo.found_view)


class UnitOut(_Out):
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


class MilestoneOut(_Out):
    """The units that were photographed at one milestone; `counts` are units by outcome, and `open`.

    `unseen` are units without any photo, null where the size is not known; `unseen_ranges` the first runs of them.
    """

    name: str
    photos: int
    counts: dict[str, int]
    unseen: int | None
    unseen_ranges: list[tuple[int, int]]
    units: list[UnitOut]


class LotReportOut(_Out):
    """A lot with all that is known of its units."""

    lot: LotOut
    milestones: list[MilestoneOut]

    @classmethod
    def of(cls, report: LotReport) -> Self:
        """One lot."""
        milestones = [
            MilestoneOut(
                name=each.name,
                photos=each.photos,
                counts=each.counts,
                unseen=each.unseen,
                unseen_ranges=list(each.unseen_ranges()),
                units=[UnitOut.of(unit) for unit in each.units],
            )
            for each in report.milestones
        ]
        return cls(lot=LotOut.model_validate(report.lot), milestones=milestones)


class UnitPhotoOut(_Out):
    """One photo of a unit.

    `known` where the same file was there before. `quality` is what the quality gate has against it, said before it is
    scored: empty where nothing is, null where the score was there before.
    """

    unit: int
    view: str
    known: bool
    quality: list[ReasonOut] | None
    score: ScoreOut

    @classmethod
    def of(cls, admitted: AdmittedUnitPhoto, score: ScoreOut) -> Self:
        """One photo."""
        complaints = admitted.complaints
        return cls(
            unit=admitted.added.photo.unit,
            view=admitted.added.photo.view,
            known=not admitted.added.new,
            quality=None if complaints is None else [ReasonOut.model_validate(each) for each in complaints],
            score=score,
        )


class UnitPhotosOut(_Out):
    """The photos of one request, in the order sent."""

    photos: list[UnitPhotoOut]


def lot_path(order: str, lot: str) -> str:
    """The path of a lot; codes may hold letters of any script."""
    return f"/v1/orders/{quote(order, safe='')}/lots/{quote(lot, safe='')}"
