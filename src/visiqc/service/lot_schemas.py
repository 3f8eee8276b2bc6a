"""What the service says and is told about orders, lots and units."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Self
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict

from visiqc.domain.lot import MILESTONES, Lot, Order, RepeatedFile
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
    """A lot; `units` is its size, null where nobody said, `made_by` who opened it, empty where nobody was recorded."""

    order: str
    code: str
    sku: str
    units: int | None
    required_views: list[str]
    made_at: datetime
    made_by: str

    @classmethod
    def of(cls, lot: Lot) -> Self:
        """One lot."""
        return cls(
            order=lot.order,
            code=lot.code,
            sku=lot.sku,
            units=lot.units,
            required_views=list(lot.required_views),
            made_at=lot.made_at,
            made_by=lot.made_by.name,
        )


class OrderOut(_Out):
    """An order with its lots."""

    code: str
    milestones: list[str]
    made_at: datetime
    made_by: str
    lots: list[LotOut]

    @classmethod
    def of(cls, order: Order, lots: tuple[Lot, ...]) -> Self:
        """One order."""
        return cls(
            code=order.code,
            milestones=list(order.milestones),
            made_at=order.made_at,
            made_by=order.made_by.name,
            lots=[LotOut.of(lot) for lot in lots],
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
    """One unit: the worst over its views, null while nothing can be said; PASS only when no required view lacks."""

    unit: int
    outcome: Outcome | None
    views: list[ViewOut]
    missing: list[str]
    pending: list[str]
    failed: list[str]
    misnamed: list[MisnamedOut]

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
        )


class SeenBeforeOut(_Out):
    """Where the very file of a photo came first; `message` says it in words."""

    upload_id: str
    order: str
    lot: str
    milestone: str
    unit: int
    view: str
    message: str

    @classmethod
    def of(cls, repeated: RepeatedFile) -> Self:
        """The first photo that had these bytes."""
        return cls(**asdict(repeated.first), message=str(repeated))


class RepeatedFileOut(_Out):
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


class MilestoneOut(_Out):
    """The units that were photographed at one milestone; `counts` are units by outcome, and `open`.

    `unseen` are units without any photo, null where the size is not known; `unseen_ranges` the first runs of them.
    `repeated_files` are photos whose very file came before elsewhere.
    """

    name: str
    photos: int
    counts: dict[str, int]
    unseen: int | None
    unseen_ranges: list[tuple[int, int]]
    repeated_files: list[RepeatedFileOut]
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
                repeated_files=[RepeatedFileOut.of(one) for one in each.repeated],
                units=[UnitOut.of(unit) for unit in each.units],
            )
            for each in report.milestones
        ]
        return cls(lot=LotOut.of(report.lot), milestones=milestones)


class UnitPhotoOut(_Out):
    """One photo of a unit.

    `known` where the same file was there before this request. `repeats` says where it came before at another milestone
    or in another lot, null where it did not. `quality` is what the quality gate has against it, said before it is
    scored: empty where nothing is, null where the score was there before.
    """

    unit: int
    view: str
    known: bool
    repeats: SeenBeforeOut | None
    quality: list[ReasonOut] | None
    score: ScoreOut

    @classmethod
    def of(cls, admitted: AdmittedUnitPhoto, score: ScoreOut) -> Self:
        """One photo."""
        complaints, repeats = admitted.complaints, admitted.added.repeats
        return cls(
            unit=admitted.added.photo.unit,
            view=admitted.added.photo.view,
            known=admitted.known,
            repeats=None if repeats is None else SeenBeforeOut.of(repeats),
            quality=None if complaints is None else [ReasonOut.model_validate(each) for each in complaints],
            score=score,
        )


class UnitPhotosOut(_Out):
    """The photos of one request, in the order sent."""

    photos: list[UnitPhotoOut]


def lot_path(order: str, lot: str) -> str:
    """The path of a lot; codes may hold letters of any script."""
    return f"/v1/orders/{quote(order, safe='')}/lots/{quote(lot, safe='')}"
