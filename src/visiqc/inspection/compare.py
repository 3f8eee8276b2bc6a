"""One photo against one golden version: gate, identify, align, compare. Pixels in, reports out; nothing is kept."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from visiqc.domain.reasons import Measurement, Reason, ReasonCode
from visiqc.domain.verdict import AlignmentReport, IdentityReport, Warp
from visiqc.inspection.fleet import Fleet
from visiqc.inspection.parts import Models
from visiqc.inspection.stopwatch import Stopwatch
from visiqc.vision import dense, golden_map, rotation
from visiqc.vision.bank import GoldenBank
from visiqc.vision.golden_view import GoldenView, Laid, lay_over
from visiqc.vision.quality import measure_quality
from visiqc.vision.seen import Seen, see
from visiqc.vision.types import FloatArray, Mask, Matrix, Photo, ScoreMap
from visiqc.vision.warp import Size, between_sizes, corners, transform

_SECOND_VIEW = 0.12  # a view whose identity is this close to the best one is tried as well
_LEAST_REACHED = 0.99  # share of the product the upload must show for the comparison to be safe ...
_LEAST_OF_CUT = 0.9  # ... and of one that meets the edge of its golden photo too: another pose cuts it elsewhere


@dataclass(slots=True, kw_only=True)
class Comparison:
    """What comparing one photo found; later fields stay None where its way ended earlier."""

    quality: tuple[Measurement, ...] = ()
    complaints: tuple[Reason, ...] = ()
    view: GoldenView | None = None
    identity: IdentityReport | None = None
    identity_doubtful: bool = False
    alignment: AlignmentReport | None = None
    alike: float | None = None  # similarity after alignment, in units of what good photos of the view reach
    alignment_poor: bool = False
    scores: ScoreMap | None = None
    score: float | None = None
    timings_ms: dict[str, float] = field(default_factory=dict)


def compare(photo: Photo, original_size: Size, bank: GoldenBank, models: Models, fleet: Fleet) -> Comparison:
    """Compare one photo with a golden version.

    Args:
        photo: (H, W, 3) uint8 RGB working copy.
        original_size: Height and width of the photo as it was sent; warps in the reports start there.
        bank: The golden version's features.
        models: Trunk and identity model.
        fleet: Limits of identity and alignment.
    """
    watch = Stopwatch()
    found = Comparison(timings_ms=watch.stages_ms)
    with watch.stage("mask"):
        seen = see(photo)
    with watch.stage("quality"):
        report = measure_quality(seen.small, seen.mask, bank.limits, original_size=original_size)
    found.quality, found.complaints = report.measurements, report.reasons
    if found.complaints:
        return found
    with watch.stage("identify"):
        closeness = _closeness(seen, bank, models)
    with watch.stage("align"):
        best, laid = _best_view(seen, bank, closeness, models)
    found.view = view = bank.views[best]
    found.alike = alike = _alike(laid, view)
    found.identity, found.identity_doubtful = _identity(view, closeness[best], alike, fleet)
    found.alignment = _alignment_report(laid, seen.size, original_size, view)
    found.alignment_poor = alike < fleet.alike_poor
    if not found.identity.accepted:
        return found
    judged = view.judged & laid.reached
    reached, least = float(judged.sum()) / float(view.judged.sum()), _least_reached(view)
    if reached < least and not found.alignment_poor:
        found.complaints = (_cut(reached, least),)
        return found
    with watch.stage("trunk"):
        features = dense.dense_features(laid.frame, models.trunk.features, needed=judged)
    with watch.stage("match"):
        found.scores = golden_map.calmed(_score_map(features, view, judged), fleet.usual)
        found.score = golden_map.photo_score(found.scores)
    return found


def _closeness(seen: Seen, bank: GoldenBank, models: Models) -> list[float]:
    """Identity similarity of the upload, at whatever rotation, to each view's reference."""
    patch = rotation.turned_patches(seen.picture, seen.picture_mask, steps=1)
    vector = models.identity.vectors(models.trunk.features(patch).stride16)[0]
    return [float((view.turned @ vector).max()) for view in bank.views]


def _best_view(seen: Seen, bank: GoldenBank, closeness: list[float], models: Models) -> tuple[int, Laid]:
    """The number of the view the upload lies over best, of the two whose identity is closest."""
    first, *others = (int(index) for index in np.argsort(closeness)[::-1][:2])
    likely = [first, *(index for index in others if closeness[index] >= closeness[first] - _SECOND_VIEW)]
    laid = {index: _laid(seen, bank.views[index], models) for index in likely}
    best = max(likely, key=lambda index: _alike(laid[index], bank.views[index]))
    return best, laid[best]


def _laid(seen: Seen, view: GoldenView, models: Models) -> Laid:
    return lay_over(seen, view.target, view.frame_size, view.frame_to_align, models.trunk.features)


def _alike(laid: Laid, view: GoldenView) -> float:
    return laid.alignment.similarity / max(view.alikeness, 1e-3)


def _identity(view: GoldenView, closeness: float, alike: float, fleet: Fleet) -> tuple[IdentityReport, bool]:
    """Whether it is this design, and whether that is doubtful.

    An upload that lies over the golden as hardly any other design does is this design, however its light
    changes its look. One that lies somewhat worse, or whose identity some other design reaches too, is doubtful:
    a person looks at it, whatever the comparison says.
    """
    limit, sure = fleet.identity_limits(view.turned)
    rescued = closeness < limit and alike >= fleet.alike_far5
    report = IdentityReport(
        similarity=closeness, threshold=limit, accepted=closeness >= limit or rescued, rescued=rescued
    )
    return report, closeness < sure and alike < fleet.alike_far1


def _score_map(features: FloatArray, view: GoldenView, judged: Mask) -> ScoreMap:
    goldens = [packed.unpacked() for packed in view.maps]
    query = view.basis.project_upload(features)
    distance = golden_map.nearest_distance(query, goldens)
    if view.moving:
        distance = golden_map.forgiven(distance, query, goldens, view.allowed, judged)
    return golden_map.tolerated_map(distance, view.allowed, judged=judged)


def _alignment_report(laid: Laid, size: Size, original_size: Size, view: GoldenView) -> AlignmentReport:
    alignment = laid.alignment
    to_frame = 1.0 / float(view.frame_to_align[0, 0])
    return AlignmentReport(
        method=alignment.method,
        inliers=alignment.inliers,
        residual_px=None if alignment.residual_px is None else alignment.residual_px * to_frame,
        similarity=alignment.similarity,
        similarity_before=alignment.similarity_before,
        warp=as_warp(laid.warp @ between_sizes(original_size, size)),
    )


def as_warp(matrix: Matrix) -> Warp:
    """A (3, 3) homography as the nine numbers verdicts keep."""
    values = (matrix / matrix[2, 2]).ravel()
    return tuple(float(value) for value in values)  # type: ignore[return-value]  # nine, by its shape


def _least_reached(view: GoldenView) -> float:
    """What an upload must show: nearly all, unless the golden photo itself ends at the product."""
    (left, top), _, (right, bottom), _ = transform(view.photo_to_frame, corners(view.target.photo_size))
    height, width = view.frame_size
    whole = left < -1 and top < -1 and right > width and bottom > height
    return _LEAST_REACHED if whole else _LEAST_OF_CUT


def _cut(reached: float, least: float) -> Reason:
    return Reason(
        code=ReasonCode.PRODUCT_CUT,
        message=f"only {reached:.0%} of the piece is well inside the photo; the comparison needs {least:.0%}",
        advice="Move back or centre the piece so that all of it is in the photo, as in the golden photo.",
        value=reached,
        limit=least,
    )
