"""What a run measured: photo by photo, seed by seed, and over all seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from visiqc.domain.outcome import Outcome
from visiqc.errors import InputError
from visiqc.evaluation.image_metrics import (
    DecisionRates,
    F1Max,
    Uniformity,
    auroc,
    average_precision,
    bootstrap_auroc,
    decision_rates,
    f1_max,
    ks_uniform,
)
from visiqc.evaluation.intervals import Interval
from visiqc.evaluation.pixel_metrics import PixelCounts, count_pixels, score_levels
from visiqc.vision.types import Mask, ScoreMap

ALL = "all"
"""Stands for all defect types together."""
NOT_COMPARED = (Outcome.RETAKE, Outcome.WRONG_SAMPLE)
"""Outcomes that are given without a comparison: no score, no map."""


class LaidMap(NamedTuple):
    """One photo's score map laid on its ground truth, both in upload pixels of a bounded size."""

    kind: str
    score_map: ScoreMap
    mask: Mask


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoResult:
    """What became of one test photo.

    Attributes:
        seed: Of the choice of goldens.
        name: Path inside the data set.
        kind: `good` or the defect type.
        defective: The truth.
        specimen: The piece it shows.
        outcome: The answer; None where scoring failed.
        score: Its score; None where it was not compared.
        p_value: Its p-value, where one was given.
        seconds: Time it took.
        failure: Why it could not be scored, else None.
    """

    seed: int
    name: str
    kind: str
    defective: bool
    specimen: str
    outcome: Outcome | None
    score: float | None = None
    p_value: float | None = None
    seconds: float = 0.0
    failure: str | None = None

    @property
    def flagged(self) -> bool:
        """Whether the piece was kept from passing, for whatever reason."""
        return self.outcome is not None and self.outcome is not Outcome.PASS

    @property
    def missed(self) -> bool:
        """Whether it was answered without a comparison: RETAKE or WRONG_SAMPLE."""
        return self.outcome in NOT_COMPARED


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """One defect type (or all) against all good photos, for one seed.

    Attributes:
        defective, good: Photos that were answered.
        image_auroc, image_auroc_interval, average_precision, f1_max: Of the scores; see `image_metrics`.
        flagged: TPR and FPR at the deployed threshold: every outcome but PASS counts as flagged.
        rejected: The same for the outcome REJECT alone.
        pixel_auroc, au_pro_30, au_pro_05: See `pixel_metrics`; None where there is no mask.
    """

    defective: int
    good: int
    image_auroc: float
    image_auroc_interval: Interval
    average_precision: float
    f1_max: F1Max
    flagged: DecisionRates
    rejected: DecisionRates
    pixel_auroc: float | None = None
    au_pro_30: float | None = None
    au_pro_05: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedResult:
    """One choice of goldens, measured.

    Attributes:
        seed: Of the choice.
        goldens: Names of the golden photos.
        photos: Every test photo, failures among them.
        metrics: By defect type, with `ALL` first; types of which no photo was answered are absent.
        p_uniformity: Of the good photos' p-values; None where none was given.
    """

    seed: int
    goldens: tuple[str, ...]
    photos: tuple[PhotoResult, ...]
    metrics: Mapping[str, Metrics]
    p_uniformity: Uniformity | None = None

    def count(self, outcome: Outcome, *, defective: bool) -> int:
        """How many good or defective photos got this outcome."""
        return sum(photo.outcome is outcome and photo.defective == defective for photo in self.photos)


def rank_scores(photos: Sequence[PhotoResult]) -> list[float]:
    """Scores to rank answered photos by, in their order.

    A photo that was answered without a comparison (RETAKE, WRONG_SAMPLE) was flagged as surely as can be: it
    takes the highest score any photo of the run has. A good one therefore costs as much as a false alarm can.
    """
    judged = [photo.score for photo in photos if photo.score is not None and not photo.missed]
    top = max(judged, default=1.0)
    return [top if photo.missed or photo.score is None else photo.score for photo in photos]


def measure_seed(
    seed: int,
    goldens: tuple[str, ...],
    photos: Sequence[PhotoResult],
    maps: Sequence[LaidMap],
    *,
    resamples: int,
) -> SeedResult:
    """All metrics of one seed.

    Args:
        seed: Of the choice of goldens.
        goldens: Names of the golden photos.
        photos: Every test photo; those that failed are listed, not measured.
        maps: Maps of the photos that have ground truth, and of good photos.
        resamples: Draws of the bootstrap.

    Raises:
        InputError: No good or no defective photo was answered.
    """
    answered = [photo for photo in photos if photo.failure is None]
    ranks = dict(zip((photo.name for photo in answered), rank_scores(answered), strict=True))
    pixels = _pixels_by_kind(maps)
    kinds = [ALL, *sorted({photo.kind for photo in answered if photo.defective})]
    p_values = [photo.p_value for photo in answered if not photo.defective and photo.p_value is not None]
    return SeedResult(
        seed=seed,
        goldens=goldens,
        photos=tuple(photos),
        metrics={kind: _measure(of_kind(answered, kind), ranks, pixels.get(kind), resamples) for kind in kinds},
        p_uniformity=ks_uniform(p_values) if p_values else None,
    )


def of_kind(photos: Sequence[PhotoResult], kind: str) -> list[PhotoResult]:
    """The photos of one defect type (or `ALL`) and all good ones."""
    return [photo for photo in photos if kind in (ALL, photo.kind) or not photo.defective]


def _measure(
    photos: Sequence[PhotoResult], ranks: Mapping[str, float], pixels: PixelCounts | None, resamples: int
) -> Metrics:
    scores = [ranks[photo.name] for photo in photos]
    labels = [photo.defective for photo in photos]
    return Metrics(
        defective=sum(labels),
        good=len(labels) - sum(labels),
        image_auroc=auroc(scores, labels),
        image_auroc_interval=bootstrap_auroc(
            scores, labels, specimens=[photo.specimen for photo in photos], resamples=resamples
        ),
        average_precision=average_precision(scores, labels),
        f1_max=f1_max(scores, labels),
        flagged=decision_rates([photo.flagged for photo in photos], labels),
        rejected=decision_rates([photo.outcome is Outcome.REJECT for photo in photos], labels),
        pixel_auroc=_where_possible(pixels, PixelCounts.auroc),
        au_pro_30=_where_possible(pixels, lambda counts: counts.au_pro(0.3)),
        au_pro_05=_where_possible(pixels, lambda counts: counts.au_pro(0.05)),
    )


def _where_possible(pixels: PixelCounts | None, metric: Callable[[PixelCounts], float]) -> float | None:
    """None without ground truth, or where no pixel of one of the kinds is left."""
    try:
        return None if pixels is None else metric(pixels)
    except InputError:
        return None


def _pixels_by_kind(maps: Sequence[LaidMap]) -> dict[str, PixelCounts]:
    """Pixel counts of every defect type together with all good photos, and of `ALL`."""
    if not any(laid.mask.any() for laid in maps):
        return {}
    levels = score_levels([laid.score_map for laid in maps], [laid.mask for laid in maps])
    slots = len(levels) + 1
    nothing = PixelCounts(np.zeros(slots, np.int64), np.zeros(slots, np.int64), np.zeros(slots), 0)
    good, bad = nothing, dict[str, PixelCounts]()
    for laid in maps:
        counts = count_pixels(laid.score_map, laid.mask, levels)
        if laid.mask.any():
            bad[laid.kind] = bad.get(laid.kind, nothing) + counts
        else:
            good += counts
    by_kind = {kind: good + counts for kind, counts in bad.items()}
    return {ALL: sum(bad.values(), start=good), **by_kind}
