"""Weights for fusing golden map and change map, fitted on photos of products the defect model never learned from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from visiqc.errors import InputError
from visiqc.evaluation.image_metrics import auroc
from visiqc.vision.fusion import Footing, Fusion, fused, weighed
from visiqc.vision.golden_map import photo_score
from visiqc.vision.types import FloatArray, ScoreMap

SHARES = tuple(round(0.1 * step, 1) for step in range(11))
"""Shares of the change map that are tried, after both were brought to one spread."""
VETO_MARGIN = 1.25
"""How far over the fleet's highest golden-map score the veto lies."""
STEADY = Footing(restless=0.0, single=False, side=512, likeness=1.0)
"""That of photos of which nothing is known: several goldens that show no change, in frames of 512 pixels."""
FEWEST = 20
"""Good photos that a scale of their own takes: one in twenty of them reaches 1.0."""
_LEAST = 1e-3
_ALIKE = 0.01  # of AUROC: less than chance makes of some hundred photos


@dataclass(frozen=True, slots=True, kw_only=True)
class MapPair:
    """Both maps of one photo.

    Attributes:
        golden: (h, w) float32 tolerated and calmed golden map.
        change: (h, w) float32 log-odds of change.
        defective: Whether the piece shows a defect.
        group: Photos are ranked within their group, such as a pose, and the groups count alike; those held against
            one golden apart from those held against several.
        footing: What the goldens it was held against say about the scale of its score.
    """

    golden: ScoreMap
    change: ScoreMap
    defective: bool
    group: str = ""
    footing: Footing = STEADY


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionFit:
    """What was fitted.

    Attributes:
        fusion: The weights.
        share: Of the change map, in [0, 1].
        aurocs: Mean image AUROC over the groups by share; empty where no defective photo was there to rank.
    """

    fusion: Fusion
    share: float
    aurocs: dict[float, float]


def fit_fusion(photos: Sequence[MapPair], *, alone: Sequence[float] = ()) -> FusionFit:
    """The weights that rank defective photos best, scaled so that 5 % of the good ones reach 1.0 and half of them 0.5:
    of those held against one golden, and of those held against several.

    Both maps are first brought to one spread over the good photos. Without defective photos both count alike.

    Args:
        photos: At least two good ones.
        alone: Scores that good photos reach by the golden map alone; empty = those of the good ones here.

    Raises:
        InputError: There are fewer than two good photos, or all of them score alike.
    """
    good = [photo for photo in photos if not photo.defective]
    if len(good) < 2:
        raise InputError(f"fusing two maps needs at least two good photos to scale them by, got {len(good)}")
    spreads = _spread([_log_peak(photo.golden) for photo in good]), _spread([_peak(photo.change) for photo in good])
    weights = {share: ((1 - share) / spreads[0], share / spreads[1]) for share in SHARES}
    aurocs = {share: found for share in SHARES if not math.isnan(found := _ranked(photos, *weights[share]))}
    # Of shares that rank alike, the one nearest the middle: neither map is all there is.
    alike = [share for share in aurocs if aurocs[share] >= max(aurocs.values()) - _ALIKE] or [0.5]
    share = min(alike, key=lambda one: abs(one - 0.5))
    logs = [_log_peak(photo.golden) for photo in good] if not len(alone) else list(np.log(np.maximum(alone, _LEAST)))
    return FusionFit(fusion=_scaled(good, *weights[share], alone=logs), share=share, aurocs=aurocs)


def _scaled(good: Sequence[MapPair], golden_weight: float, change_weight: float, *, alone: Sequence[float]) -> Fusion:
    several, single = _scales(good, golden_weight, change_weight)
    alone_scale, alone_unusual = scale_of(alone)
    highest = max(photo_score(photo.golden) for photo in good)
    own = [single if photo.footing.single else several for photo in good]
    peaks = [
        scale * (_weighed_peak(photo, golden_weight, change_weight) - unusual)
        for photo, (scale, unusual) in zip(good, own, strict=True)
    ]
    believed, doubted = _calm(good, single=False)
    single_believed, single_doubted = _calm(good, single=True)
    (scale, unusual), (single_scale, single_unusual) = several, single
    return Fusion(
        believed=believed,
        doubted=doubted,
        single_believed=single_believed,
        single_doubted=single_doubted,
        alone_weight=round(alone_scale, 6),
        alone_offset=round(-alone_unusual * alone_scale, 6),
        golden_weight=round(golden_weight * scale, 6),
        change_weight=round(change_weight * scale, 6),
        offset=round(-unusual * scale, 6),
        veto=round(VETO_MARGIN * highest, 4),
        # Over the highest of the good ones a rank is as small as the fleet can tell: the veto flags at any level.
        floor=round(1.01 * math.exp(max([0.0, *peaks])), 4),
        single_scale=round(single_scale / scale, 6),
        single_shift=round(single_scale * (unusual - single_unusual), 6),
    )


def _scales(
    good: Sequence[MapPair], golden_weight: float, change_weight: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """The scales, as `scale_of`, of photos held against several goldens and of those held against one."""
    kinds = [[photo for photo in good if photo.footing.single is single] for single in (False, True)]
    # Of too few, what 5 % reach says nothing: they share the scale of the others.
    parts = [kind for kind in kinds if len(kind) >= FEWEST] or [list(good)]
    scales = [scale_of([_weighed_peak(photo, golden_weight, change_weight) for photo in part]) for part in parts]
    return scales[0], scales[-1]


def _calm(good: Sequence[MapPair], *, single: bool) -> tuple[float, float]:
    """Restlessness that nine in ten do not exceed, and the highest; of all photos where none is of the kind."""
    mine = [photo.footing.restless for photo in good if photo.footing.single is single]
    mine = mine or [photo.footing.restless for photo in good]
    return round(float(np.quantile(mine, 0.9)), 4), round(max(mine), 4)


def scale_of(peaks: Sequence[float]) -> tuple[float, float]:
    """What logarithms are multiplied by so that 5 % are twice the median, and the one that 5 % reach."""
    usual, unusual = float(np.quantile(peaks, 0.5)), float(np.quantile(peaks, 0.95))
    if unusual <= usual:
        raise InputError("all good photos score alike; a scale needs photos that differ")
    return math.log(2.0) / (unusual - usual), unusual


def log_score(photo: MapPair, fusion: Fusion) -> float:
    """The logarithm of the photo's score by both maps, as if every view were believed and no map had a veto."""
    return _peak(weighed(photo.golden, photo.change, fusion, footing=photo.footing))


def fused_score(photo: MapPair, fusion: Fusion) -> float:
    """The photo's score under the weights."""
    return photo_score(fused(photo.golden, photo.change, fusion, footing=photo.footing))


def _ranked(photos: Sequence[MapPair], golden_weight: float, change_weight: float) -> float:
    """Image AUROC, mean over the groups, each of one golden and of several, that hold both kinds; NaN without any."""
    found = []
    for kind in {_kind(photo) for photo in photos}:
        mine = [photo for photo in photos if _kind(photo) == kind]
        labels = [photo.defective for photo in mine]
        if any(labels) and not all(labels):
            found.append(auroc([_weighed_peak(photo, golden_weight, change_weight) for photo in mine], labels))
    return float(np.mean(found)) if found else math.nan


def _kind(photo: MapPair) -> tuple[str, bool]:
    return photo.group, photo.footing.single


def _weighed_peak(photo: MapPair, golden_weight: float, change_weight: float) -> float:
    return _peak(golden_weight * _log(photo.golden) + change_weight * photo.change)


def _peak(scores: FloatArray) -> float:
    return float(np.nanmax(scores))


def _log_peak(scores: ScoreMap) -> float:
    return _peak(_log(scores))


def _log(scores: ScoreMap) -> FloatArray:
    return np.asarray(np.log(np.maximum(scores, _LEAST)), np.float32)


def _spread(values: Sequence[float]) -> float:
    return max(float(np.std(values)), 1e-6)
