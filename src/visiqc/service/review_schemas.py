"""What the service says and is told about inspectors' reviews, and what they see of a photo."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict

from visiqc.domain.inspection_queue import QueueItem, Requeued
from visiqc.domain.lot import RepeatedFile
from visiqc.domain.outcome import Outcome
from visiqc.domain.review import Decision, Review, standing_review
from visiqc.domain.upload import Upload
from visiqc.domain.verdict import Verdict
from visiqc.inspection.reviewing import SaidRegion
from visiqc.inspection.side_by_side import SharedFrame
from visiqc.service.lot_schemas import SeenBeforeOut
from visiqc.service.queue_schemas import PlaceOut
from visiqc.service.schemas import CalibrationOut, IdentityOut, MeasurementOut, ReasonOut
from visiqc.vision.outlines import moved

Corner = tuple[float, float]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class SaidRegionIn(_In):
    """A place: `nth` names a region of the verdict, from 0; or `polygon` has the corners of a drawn one, in the frame
    of the sheet. `code` is of the defect catalogue or `unknown`; without it, the verdict's own.
    """

    nth: int | None = None
    polygon: list[Corner] = []
    code: str = ""
    dismissed: bool = False


class ReviewIn(_In):
    """A review. `supersedes` is the id of the newest one its author saw, empty where there was none."""

    decision: Decision
    supersedes: str = ""
    regions: list[SaidRegionIn] = []
    codes: list[str] = []
    note: str = ""

    def said(self) -> list[SaidRegion]:
        """What it says about places."""
        return [
            SaidRegion(nth=one.nth, polygon=tuple(one.polygon), code=one.code, dismissed=one.dismissed)
            for one in self.regions
        ]


class ReviewedRegionOut(_Out):
    """A place: `polygon` in upload pixels, upright and at full size, `shown` in the frame of the sheet."""

    polygon: list[Corner]
    shown: list[Corner]
    code: str
    origin: str
    dismissed: bool


class ReviewOut(_Out):
    """One review; `stands` until another one supersedes it."""

    id: str
    decision: Decision
    regions: list[ReviewedRegionOut]
    codes: list[str]
    note: str
    author: str
    made_at: datetime
    supersedes: str
    stands: bool

    @classmethod
    def of(cls, review: Review, frame: SharedFrame, *, stands: bool) -> Self:
        """One review, its places in both frames."""
        regions = [
            ReviewedRegionOut(
                polygon=list(region.polygon),
                shown=list(moved(region.polygon, frame.warp)),
                code=region.code,
                origin=region.origin,
                dismissed=region.dismissed,
            )
            for region in review.regions
        ]
        return cls(
            id=review.id,
            decision=review.decision,
            regions=regions,
            codes=list(review.codes),
            note=review.note,
            author=review.author_name,
            made_at=review.made_at,
            supersedes=review.supersedes,
            stands=stands,
        )


class ReviewsOut(_Out):
    """All reviews of a photo, oldest first; `newest` is what the next one supersedes."""

    newest: str
    reviews: list[ReviewOut]

    @classmethod
    def of(cls, reviews: Sequence[Review], frame: SharedFrame) -> Self:
        """The reviews of one photo."""
        stands = standing_review(reviews)
        return cls(
            newest=reviews[-1].id if reviews else "",
            reviews=[ReviewOut.of(review, frame, stands=review is stands) for review in reviews],
        )


class ShownRegionOut(_Out):
    """A region of the verdict, `box` in the sheet's frame; `type` is a code of the catalogue, `unknown` or empty."""

    nth: int
    box: tuple[int, int, int, int]
    area_px: int
    p_value: float
    type: str
    title: str


class FrameOut(_Out):
    """The frame in which everything is shown; `compared` where it is the golden view's."""

    width: int
    height: int
    compared: bool
    full: float


class PicturesOut(_Out):
    """Where the pictures are; `heat` is null for a photo that was not compared."""

    golden: str
    upload: str
    golden_full: str
    upload_full: str
    heat: str | None


class RescoredOut(_Out):
    """What a re-score said that put the photo in the queue; `said` is that in one sentence."""

    outcome: Outcome
    scored_at: datetime
    models: str
    reasons: list[ReasonOut]
    said: str

    @classmethod
    def of(cls, found: Requeued) -> Self:
        """What the re-score said."""
        return cls(
            outcome=found.now.outcome,
            scored_at=found.now.made_at,
            models=found.models,
            reasons=[ReasonOut.model_validate(reason) for reason in found.now.reasons],
            said=str(found),
        )


class SheetOut(_Out):
    """All that an inspector needs to answer one photo; `next` is the photo after it in the same queue. `rescored` is
    null unless a re-score put it there; `repeats` says where its very file came before.
    """

    id: str
    sku: str
    golden_version: int
    golden_view: str | None
    photo_name: str
    received_at: datetime
    sent_by: str
    outcome: Outcome | None
    reasons: list[ReasonOut]
    rescored: RescoredOut | None
    place: PlaceOut | None
    repeats: SeenBeforeOut | None
    frame: FrameOut
    regions: list[ShownRegionOut]
    quality: list[MeasurementOut]
    identity: IdentityOut | None
    calibration: CalibrationOut | None
    threshold_from: str
    pictures: PicturesOut
    reviews: ReviewsOut
    next: str | None
    waiting: int


class ViewersOut(_Out):
    """Who else has the photo open, and its newest review."""

    others: list[str]
    newest: str
    newest_by: str
    newest_decision: str


def sheet_of(
    upload: Upload,
    verdict: Verdict | None,
    frame: SharedFrame,
    item: QueueItem | None,
    reviews: Sequence[Review],
    *,
    rescored: Requeued | None,
    repeats: RepeatedFile | None,
    following: str | None,
    waiting: int,
) -> SheetOut:
    """The sheet of one photo."""
    here = f"/v1/scores/{upload.id}"
    return SheetOut(
        id=upload.id,
        sku=upload.sku,
        golden_version=upload.golden_version,
        golden_view=verdict.golden_view if verdict else None,
        photo_name=upload.photo_name,
        received_at=upload.received_at,
        sent_by=upload.sent_by.name,
        outcome=verdict.outcome if verdict else None,
        reasons=[ReasonOut.model_validate(reason) for reason in verdict.reasons] if verdict else [],
        rescored=RescoredOut.of(rescored) if rescored else None,
        place=PlaceOut.model_validate(item.unit_photo) if item and item.unit_photo else None,
        repeats=SeenBeforeOut.of(repeats) if repeats else None,
        frame=FrameOut(
            width=frame.size[1], height=frame.size[0], compared=frame.compared, full=round(frame.magnification, 3)
        ),
        regions=_regions(verdict),
        quality=[MeasurementOut.model_validate(each) for each in verdict.quality] if verdict else [],
        identity=IdentityOut.model_validate(verdict.identity) if verdict and verdict.identity else None,
        calibration=CalibrationOut.model_validate(verdict.calibration) if verdict and verdict.calibration else None,
        threshold_from=_threshold_from(verdict),
        pictures=PicturesOut(
            golden=f"{here}/sides/golden",
            upload=f"{here}/sides/upload",
            golden_full=f"{here}/sides/golden?detail=full",
            upload_full=f"{here}/sides/upload?detail=full",
            heat=f"{here}/heatmap?layer=heat" if verdict and verdict.score_map_digest else None,
        ),
        reviews=ReviewsOut.of(reviews, frame),
        next=following,
        waiting=waiting,
    )


def _regions(verdict: Verdict | None) -> list[ShownRegionOut]:
    return [
        ShownRegionOut(
            nth=n,
            box=region.box,
            area_px=region.area_px,
            p_value=region.p_value,
            type=region.type,
            title=region.type_in_words,
        )
        for n, region in enumerate(verdict.regions if verdict else ())
    ]


def _threshold_from(verdict: Verdict | None) -> str:
    """Where the threshold came from, in words."""
    if verdict is None or verdict.calibration is None:
        return ""
    held = verdict.calibration
    if held.provisional:
        return f"Provisional: a rank among {held.n} comparisons of good photos of other products, none of this one"
    return f"From {held.n} accepted pieces of this product (stage {held.stage})"
