"""One photo against one golden version: gate, identify, align, compare. Pixels in, reports out; nothing is kept."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from visiqc.domain.colour import ColourReport
from visiqc.domain.reasons import Measurement, Reason, ReasonCode
from visiqc.domain.verdict import AlignmentReport, Box, IdentityReport, Warp
from visiqc.errors import IntegrityError
from visiqc.inspection.fleet import Fleet, alignment_says, closeness, sameness
from visiqc.inspection.parts import Models
from visiqc.inspection.stopwatch import Stopwatch
from visiqc.vision import change_map, dense, golden_map, rotation
from visiqc.vision.bank import GoldenBank
from visiqc.vision.colour_card import read_card
from visiqc.vision.colour_measure import Cards, measure_colour, reduced_mask
from visiqc.vision.fusion import Footing, fused
from visiqc.vision.golden_view import GoldenView, Laid, lay_over
from visiqc.vision.quality import measure_quality
from visiqc.vision.seen import Seen, see
from visiqc.vision.types import FeatureMaps, FloatArray, Mask, Matrix, Photo, ScoreMap
from visiqc.vision.warp import Size, between_sizes, corners, covered, transform

_SECOND_VIEW = 0.12  # a view whose identity is this close to the best one is tried as well
_LEAST_REACHED = 0.99  # share of the product the upload must show for the comparison to be safe ...
_LEAST_OF_CUT = 0.9  # ... and of one that meets the edge of its golden photo too: another pose cuts it elsewhere


@dataclass(slots=True, kw_only=True)
class Comparison:
    """What comparing one photo found; later fields stay None where its way ended earlier.

    Attributes:
        alike: Similarity after alignment, in units of what good photos of the view reach.
        golden_map: (h, w) float32 tolerated and calmed golden map, a cell for 8 × 8 pixels, NaN = not judged.
        change_map: (h, w) float32 log-odds of change; None without a defect model.
        footing: What the view's goldens say about the scale of the score; None without a defect model.
        types: (T, h, w) float32 type logits of the defect model; None without one.
        scores: (h, w) float32, what is decided on: both maps fused, or the golden map alone.
        score: The highest of `scores`.
        colour: How metal and stones differ in colour; nothing in it is judged yet.
    """

    quality: tuple[Measurement, ...] = ()
    complaints: tuple[Reason, ...] = ()
    view: GoldenView | None = None
    identity: IdentityReport | None = None
    identity_doubtful: bool = False
    alignment: AlignmentReport | None = None
    alike: float | None = None
    alignment_poor: bool = False
    golden_map: ScoreMap | None = None
    change_map: ScoreMap | None = None
    footing: Footing | None = None
    types: FloatArray | None = None
    scores: ScoreMap | None = None
    score: float | None = None
    colour: ColourReport | None = None
    timings_ms: dict[str, float] = field(default_factory=dict)


def compare(
    photo: Photo, original_size: Size, bank: GoldenBank, models: Models, fleet: Fleet, *, search: bool = True
) -> Comparison:
    """Compare one photo with a golden version.

    Args:
        photo: (H, W, 3) uint8 RGB working copy.
        original_size: Height and width of the photo as it was sent; warps in the reports start there.
        bank: The golden version's features.
        models: Trunk, identity model and, where there are, mask and defect model.
        fleet: Limits of identity and alignment.
        search: Lay the photo over the golden view; False = leave it as it lies, to measure what alignment is worth.
    """
    watch = Stopwatch()
    found = Comparison(timings_ms=watch.stages_ms)
    with watch.stage("mask"):
        seen = see(photo, models.find_product)
    with watch.stage("quality"):
        report = measure_quality(seen.small, seen.mask, bank.limits, original_size=original_size)
    found.quality, found.complaints = report.measurements, report.reasons
    if found.complaints:
        return found
    with watch.stage("identify"):
        similarities = _similarities(seen, bank, models)
    with watch.stage("align"):
        best, laid = _best_view(seen, bank, similarities, models, search=search)
    found.view = view = bank.views[best]
    found.alike = alike = _alike(laid, view)
    # What was not laid over the view says nothing by how it lies.
    found.identity, found.identity_doubtful = _identity(view, similarities[best], alike if search else 1.0, fleet)
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
        # The tiles the goldens' maps have, also where the upload ends: what lies beside a tile of zeros would differ.
        maps = dense.frame_maps(laid.frame, models.trunk.features, needed=view.judged)
    with watch.stage("match"):
        found.golden_map = golden_map.calmed(_score_map(dense.dense_features(maps), view, judged), fleet.usual)
    with watch.stage("change"):
        found.change_map, found.types = _changed(maps, view, judged, models)
        if found.change_map is not None:
            found.footing = _footing(view, fleet)
    with watch.stage("colour"):
        found.colour = _colour(laid, seen, view)
    found.scores = found.golden_map
    if found.change_map is not None and found.footing is not None and fleet.fusion is not None:
        found.scores = fused(found.golden_map, found.change_map, fleet.fusion, footing=found.footing)
    found.score = golden_map.photo_score(found.scores)
    return found


def _similarities(seen: Seen, bank: GoldenBank, models: Models) -> list[float]:
    """Identity similarity of the upload, at whatever rotation, to each view's goldens."""
    patch = rotation.turned_patches(seen.picture, seen.picture_mask, steps=1)
    vectors = models.identity.vectors(models.trunk.features(patch).stride16)
    return [float(closeness(view.turned, vectors)[0]) for view in bank.views]


def _best_view(
    seen: Seen, bank: GoldenBank, similarities: list[float], models: Models, *, search: bool
) -> tuple[int, Laid]:
    """The number of the view the upload lies over best, of the two whose identity is closest."""
    first, *others = (int(index) for index in np.argsort(similarities)[::-1][:2])
    likely = [first, *(index for index in others if similarities[index] >= similarities[first] - _SECOND_VIEW)]
    laid = {index: _laid(seen, bank.views[index], models, search=search) for index in likely}
    best = max(likely, key=lambda index: _alike(laid[index], bank.views[index]))
    return best, laid[best]


def _footing(view: GoldenView, fleet: Fleet) -> Footing:
    return Footing(
        restless=change_map.restlessness(view.usual_change, view.judged),
        single=view.single,
        side=max(view.frame_size),
        likeness=fleet.identity_limit(view.turned),
    )


def _laid(seen: Seen, view: GoldenView, models: Models, *, search: bool) -> Laid:
    return lay_over(seen, view.target, view.frame_size, view.frame_to_align, models.trunk.features, search=search)


def _alike(laid: Laid, view: GoldenView) -> float:
    return laid.alignment.similarity / max(view.alikeness, 1e-3)


def _identity(view: GoldenView, similarity: float, alike: float, fleet: Fleet) -> tuple[IdentityReport, bool]:
    """Whether it is this design, and whether that is doubtful.

    How well the upload lies over the view counts beside its identity vector: light changes a vector more than it
    changes what lies where. What other designs reach more than rarely is doubtful: a person looks at it, whatever
    the comparison says.
    """
    limit = fleet.identity_limit(view.turned)
    same = sameness(similarity, limit, alike)
    accepted = same >= fleet.same_accepted
    report = IdentityReport(
        similarity=similarity,
        threshold=min(1.0, limit + fleet.same_accepted - alignment_says(alike)),
        accepted=accepted,
        rescued=accepted and similarity < limit + fleet.same_accepted,
    )
    return report, same < fleet.same_sure


def _score_map(features: FloatArray, view: GoldenView, judged: Mask) -> ScoreMap:
    goldens = [packed.unpacked() for packed in view.maps]
    query = view.basis.project_upload(features)
    distance = golden_map.nearest_distance(query, goldens)
    if view.moving:
        distance = golden_map.forgiven(distance, query, goldens, view.allowed, judged)
    return golden_map.tolerated_map(distance, view.allowed, judged=judged)


def _changed(
    maps: FeatureMaps, view: GoldenView, judged: Mask, models: Models
) -> tuple[ScoreMap | None, FloatArray | None]:
    """The defect model's change map and type logits, in cells; nothing without a defect model."""
    if models.defect is None or not view.embedded:
        return None, None
    logits, types = models.defect.compare(maps, change_map.unpacked(view.embedded))
    if not (np.isfinite(logits).all() and np.isfinite(types).all()):
        # NaN passes every comparison with a threshold: a photo that was judged by it would be a good one.
        raise IntegrityError("the defect model answered with numbers that are none; go back with visiqc model rollback")
    return change_map.change_cells(logits, judged), types


def _colour(laid: Laid, seen: Seen, view: GoldenView) -> ColourReport:
    """Colour of metal and stones against the golden's, box of its spot in golden-frame pixels."""
    size: Size = (view.pictures.shape[1], view.pictures.shape[2])
    upload = np.asarray(cv2.resize(laid.frame, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    # A card is looked for only where a golden photo shows one: without its twin a reading tells nothing.
    card = read_card(seen.photo) if any(view.cards) else None
    report = measure_colour(
        list(view.pictures),
        upload,
        product=reduced_mask(view.target.mask, size),
        surroundings=covered((seen.size[0], seen.size[1]), between_sizes(view.frame_size, size) @ laid.warp, size),
        cards=Cards(view.cards, card),
    )
    if report.spot is None:
        return report
    return replace(report, spot=replace(report.spot, box=_enlarged(report.spot.box, size, view.frame_size)))


def _enlarged(box: Box, size: Size, frame: Size) -> Box:
    x, y = frame[1] / size[1], frame[0] / size[0]
    x0, y0, x1, y1 = box
    return int(x0 * x), int(y0 * y), min(frame[1], math.ceil(x1 * x)), min(frame[0], math.ceil(y1 * y))


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
