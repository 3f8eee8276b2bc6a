"""The immutable answer about one photo, and the reports it is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from visiqc.domain.colour import ColourReport
from visiqc.domain.defect_catalogue import CATALOGUE
from visiqc.domain.model_set import models_key
from visiqc.domain.outcome import Outcome
from visiqc.domain.reasons import Measurement, Reason
from visiqc.errors import InvalidRecord

Box = tuple[int, int, int, int]
"""`(x0, y0, x1, y1)` in pixels of the golden view's frame; x1 and y1 excluded."""

Warp = tuple[float, float, float, float, float, float, float, float, float]
"""Row-major 3×3 homography from upload pixels to golden-frame pixels."""

IDENTITY_WARP: Warp = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)

UNKNOWN: Final = "unknown"
"""The type of a region that looks like no defect of the catalogue, or like several alike."""
LEAST_SURE: Final = 0.5
"""Probability below which a type is not named: it would more likely be wrong than right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A connected part of the golden frame where the upload differs.

    Attributes:
        box: Bounding box in golden-frame pixels.
        area_px: Number of golden-frame pixels over the review threshold.
        peak: Highest score inside.
        p_value: Chance that a good piece scores this high anywhere, in (0, 1].
        type: What kind of defect it looks like: a code of the catalogue, `unknown`, or empty where nobody asked.
            It tells where to look and never clears an alarm.
        type_probability: How sure that is, in [0, 1]; None without a type, and where a region is `unknown` only
            because no type was likely enough to be named.
        likeliest_type: The likeliest code of the catalogue, whether it was named or not; empty where nobody asked,
            and in old verdicts. It measures the model, and is no answer.
        likeliest_probability: Of that code, in [0, 1]; None without one.
        golden_peak: Highest golden-map score inside, 1.0 being the golden's own tolerance; None in old verdicts.
        change_peak: Highest probability of change inside, by the defect model; None without one.
    """

    box: Box
    area_px: int
    peak: float
    p_value: float
    type: str = ""
    type_probability: float | None = None
    golden_peak: float | None = None
    change_peak: float | None = None
    likeliest_type: str = ""
    likeliest_probability: float | None = None

    def __post_init__(self) -> None:
        # Older verdicts kept, beside `unknown`, the probability of a type that was not likely enough to be named.
        if self.type == UNKNOWN and (self.type_probability or 0.0) < LEAST_SURE:
            object.__setattr__(self, "type_probability", None)

    @property
    def type_in_words(self) -> str:
        """The type for people, such as `scratch, nick, tool or file mark`; empty where it has none or is unknown."""
        return CATALOGUE[self.type].title if self.type in CATALOGUE else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityReport:
    """Is this the approved design at all?

    Attributes:
        similarity: Cosine similarity to the golden photos of the view, their mean, in [-1, 1].
        threshold: Similarity needed of a photo that lies over the view as this one does: the better, the less.
        accepted: Whether the design was accepted.
        rescued: Whether only its good alignment lets it pass.
    """

    similarity: float
    threshold: float
    accepted: bool
    rescued: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignmentReport:
    """How the upload was laid over the golden view.

    Attributes:
        method: `identity`, `texture`, `rotation-bank`, with `+ecc` when refined.
        inliers: Matches that agree with the warp; 0 where the method has none.
        residual_px: Median distance of the inliers after the warp, golden-frame pixels; None without inliers.
        similarity: Masked similarity after the warp, in [-1, 1].
        similarity_before: The same without any warp.
        warp: Homography from upload pixels to golden-frame pixels.
    """

    method: str
    inliers: int
    residual_px: float | None
    similarity: float
    similarity_before: float
    warp: Warp = IDENTITY_WARP


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationReport:
    """What the score was held against.

    Attributes:
        stage: 0 = provisional (fleet), 1 to 4 = order statistics of 29 / 59 / 149 / 299 specimens.
        n: Scores the p-value rests on: one of each accepted specimen; in stage 0 one of each comparison, for the fleet
            holds a good photo against several numbers of goldens.
        source: Digest of the fleet sidecar, or id of the SKU's calibration.
        score: The photo's score: the highest of its map.
        p_value: In (0, 1]; small = unlike a good piece.
        alpha_review: p at or below which the outcome is at least REVIEW.
        alpha_reject: p at or below which it may be REJECT.
        review_threshold: The score at which p reaches `alpha_review`.
        provisional: True in stage 0: a rank among other products, not a guarantee about this one.
    """

    stage: int
    n: int
    source: str
    score: float
    p_value: float
    alpha_review: float
    alpha_reject: float
    review_threshold: float
    provisional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One answer about one photo. Never edited: a second look is a second verdict.

    An upload has one verdict for each golden version, set of models and calibration it was scored with; the first is
    its verdict of record. Reports are None where the photo's way ended before that stage.
    """

    id: str  # of the upload it answers
    sku: str
    golden_version: int
    golden_view: str | None
    golden_frame: tuple[int, int] | None = None  # height, width of the frame that boxes and map are in
    photo_name: str
    photo_digest: str
    outcome: Outcome
    reasons: tuple[Reason, ...] = ()
    quality: tuple[Measurement, ...] = ()
    identity: IdentityReport | None = None
    alignment: AlignmentReport | None = None
    regions: tuple[Region, ...] = ()
    calibration: CalibrationReport | None = None
    colour: ColourReport | None = None
    score_map_digest: str | None = None
    model_digests: tuple[str, ...] = ()  # of every model that was asked, and of the fleet sidecar
    software: str = ""
    timings_ms: dict[str, float] = field(default_factory=dict)
    made_at: datetime

    def __post_init__(self) -> None:
        if self.made_at.utcoffset() != timedelta(0):
            raise InvalidRecord(f"made_at must be UTC, got {self.made_at.isoformat()}")
        if self.outcome is not Outcome.PASS and not self.reasons:
            raise InvalidRecord(f"a {self.outcome} verdict must say why")

    @property
    def models(self) -> str:
        """One name for the models and the fleet sidecar that made it."""
        return models_key(self.model_digests)

    @property
    def calibration_source(self) -> str:
        """What its score was held against, see `CalibrationReport`; empty where it was not compared."""
        return self.calibration.source if self.calibration else ""
