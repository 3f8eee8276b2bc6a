"""What the service says, field by field: the wire contract, kept apart from the records it is filled from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from visiqc.domain.golden import GoldenVersion
from visiqc.domain.outcome import Outcome, worst
from visiqc.domain.reasons import ReasonCode
from visiqc.domain.upload import Upload
from visiqc.domain.verdict import Verdict


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class ReasonOut(_Out):
    """One reason for a verdict."""

    code: ReasonCode
    message: str
    advice: str
    value: float | None
    limit: float | None


class MeasurementOut(_Out):
    """One number of the quality gate."""

    name: str
    value: float
    limit: float | None
    passed: bool


class IdentityOut(_Out):
    """Whether this is the approved design at all."""

    similarity: float
    threshold: float
    accepted: bool
    rescued: bool


class AlignmentOut(_Out):
    """How the photo was laid over the golden view; `warp` maps its pixels to the golden frame, row by row."""

    method: str
    inliers: int
    residual_px: float | None
    similarity: float
    similarity_before: float
    warp: tuple[float, ...]


class RegionOut(_Out):
    """A part that differs; `box` is x0, y0, x1, y1 in golden-frame pixels, x1 and y1 excluded.

    `type` is a code of the defect catalogue, `unknown`, or empty where no model was asked. `likeliest_type` is the
    code that comes first, named or not; `type_probability` is null where none was likely enough to be named.
    """

    box: tuple[int, int, int, int]
    area_px: int
    peak: float
    p_value: float
    type: str
    type_probability: float | None
    golden_peak: float | None
    change_peak: float | None
    likeliest_type: str
    likeliest_probability: float | None


class CalibrationOut(_Out):
    """What the score was held against."""

    stage: int
    n: int
    source: str
    score: float
    p_value: float
    alpha_review: float
    alpha_reject: float
    review_threshold: float
    provisional: bool


class PartColourOut(_Out):
    """The colour of one part, light and white balance taken out; `limit` and `p_value` are null where not judged."""

    part: str
    delta_e00: float
    delta_a: float
    delta_b: float
    delta_chroma: float
    uncertainty: float
    evidence: float
    share: float
    limit: float | None
    p_value: float | None


class ColourSpotOut(_Out):
    """Where colour differs most, a stone perhaps; `box` as a region's."""

    box: tuple[int, int, int, int]
    delta: float
    limit: float | None
    p_value: float | None


class ColourOut(_Out):
    """Colours against the golden's; `basis` is what told light from piece: `card`, `ground` or `none`."""

    basis: str
    shared_ground: float | None
    parts: list[PartColourOut]
    spot: ColourSpotOut | None


class VerdictOut(_Out):
    """The answer about one photo. Reports are null where the photo's way ended before that stage.

    Boxes and heatmap live in the golden view's frame, whose height and width are `golden_frame`.
    """

    outcome: Outcome
    reasons: list[ReasonOut]
    golden_view: str | None
    golden_frame: tuple[int, int] | None
    quality: list[MeasurementOut]
    identity: IdentityOut | None
    alignment: AlignmentOut | None
    regions: list[RegionOut]
    calibration: CalibrationOut | None
    colour: ColourOut | None
    model_digests: list[str]
    software: str
    timings_ms: dict[str, float]
    made_at: datetime


class LinksOut(_Out):
    """Where the rest is, as paths of this service; `heatmap` is null where there is none."""

    self: str
    photo: str
    heatmap: str | None


class ScoreOut(_Out):
    """One accepted photo: `pending`, `done` with its verdict, or `failed` with the failure. `sent_by` is empty where
    nobody was recorded.
    """

    id: str
    status: Literal["pending", "done", "failed"]
    sku: str
    golden_version: int
    photo_name: str
    photo_digest: str
    received_at: datetime
    sent_by: str
    verdict: VerdictOut | None
    failure: str | None
    links: LinksOut

    @classmethod
    def of(cls, upload: Upload, verdict: Verdict | None) -> Self:
        """The present state of one upload."""
        here = f"/v1/scores/{upload.id}"
        has_map = verdict is not None and verdict.score_map_digest is not None
        return cls(
            id=upload.id,
            status="done" if verdict else "failed" if upload.failure is not None else "pending",
            sku=upload.sku,
            golden_version=upload.golden_version,
            photo_name=upload.photo_name,
            photo_digest=upload.photo_digest,
            received_at=upload.received_at,
            sent_by=upload.sent_by.name,
            verdict=VerdictOut.model_validate(verdict) if verdict else None,
            failure=None if verdict else upload.failure,
            links=LinksOut(self=here, photo=f"{here}/photo", heatmap=f"{here}/heatmap" if has_map else None),
        )


class ScoresOut(_Out):
    """The answer to one request; `outcome` is the worst of its photos, null until every photo has a verdict."""

    outcome: Outcome | None
    scores: list[ScoreOut]

    @classmethod
    def of(cls, scores: Sequence[ScoreOut]) -> Self:
        """The scores of one request, in the order its photos were sent."""
        outcomes = [score.verdict.outcome for score in scores if score.verdict]
        return cls(outcome=worst(outcomes) if len(outcomes) == len(scores) else None, scores=list(scores))


class PolicyOut(_Out):
    """How photos are judged against a golden version."""

    alpha_review: float
    alpha_reject: float
    min_region_px: int
    long_side: int


class GoldenPhotoOut(_Out):
    """One photo of a golden sample."""

    name: str
    digest: str
    view: str
    width: int
    height: int


class GoldenOut(_Out):
    """One version of a golden sample."""

    sku: str
    version: int
    approved: bool
    approved_at: datetime | None
    approved_by: str | None
    made_at: datetime
    views: list[str]
    photos: list[GoldenPhotoOut]
    policy: PolicyOut
    model_digests: list[str]


class ProductOut(_Out):
    """All golden versions of one product; `current` is the one photos are held against, null without approval."""

    sku: str
    current: int | None
    versions: list[GoldenOut]

    @classmethod
    def of(cls, versions: Sequence[GoldenVersion]) -> Self:
        """One product from its versions, at least one."""
        approved = [(golden.approved_at, golden.version) for golden in versions if golden.approved_at]
        return cls(
            sku=versions[0].sku,
            current=max(approved)[1] if approved else None,
            versions=[GoldenOut.model_validate(golden) for golden in versions],
        )


class ProductsOut(_Out):
    """Every product that has a golden sample."""

    products: list[ProductOut]


class HealthOut(_Out):
    """The process is alive."""

    status: Literal["ok"] = "ok"
    version: str


class ReadyOut(_Out):
    """Whether requests can be served, and what each part says."""

    ready: bool
    checks: dict[str, Literal["ok", "behind", "failing"]]


class FieldErrorOut(_Out):
    """One field that did not fit."""

    field: str
    message: str


class ProblemOut(_Out):
    """RFC 9457 problem document; test `code`, show `detail`."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: list[FieldErrorOut] | None = None
