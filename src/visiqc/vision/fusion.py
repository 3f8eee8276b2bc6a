"""One map of two: what the golden map measured and what the defect model found, weighed against each other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from visiqc.vision.types import ScoreMap

_LEAST = 1e-3  # tolerances below which a cell of the golden map is as the golden


@dataclass(frozen=True, slots=True, kw_only=True)
class Fusion:
    """How the maps are weighed; fitted with the fleet sidecar, never typed.

    Attributes:
        golden_weight: Of the golden map's logarithm.
        change_weight: Of the change map's log-odds.
        offset: Added to both, so that 1.0 is the score that 5 % of the fleet's good photos reach, 0.5 their median.
        veto: Golden-map score that no good photo of the fleet comes near. From there on the golden map alone raises
            the score to `floor` and beyond, however sure the defect model is that nothing changed.
        floor: Score at the veto: more than any good photo of the fleet has.
        single_scale: What the logarithm of the score by both maps is multiplied by where a view has one golden: one
            explains less of what light does, and good photos score higher.
        single_shift: What is added to that then, so that 1.0 and 0.5 mean the same of one golden and of several.
        believed: Restlessness (log-odds of change that goldens show against each other) that nine in ten views of the
            fleet do not exceed. Up to there the defect model is believed.
        doubted: That of the most restless view of the fleet. Who goes beyond is of a kind the defect model does not
            know, and is judged by the golden map alone.
        single_believed: The same of views of one golden, which is held against itself under simulated light.
        single_doubted: Likewise.
        alone_weight: Of the golden map's logarithm where it is alone.
        alone_offset: Likewise; 1.0 is the score that 5 % of good photos reach by the golden map alone.
    """

    golden_weight: float
    change_weight: float
    offset: float
    veto: float
    believed: float
    doubted: float
    single_believed: float
    single_doubted: float
    alone_weight: float
    alone_offset: float
    floor: float = 1.0
    single_scale: float = 1.0
    single_shift: float = 0.0

    @property
    def sound(self) -> bool:
        """Whether a higher score of either map can only raise the fused one, and every figure is one."""
        weights = (self.golden_weight, self.change_weight, self.alone_weight, self.single_scale)
        limits = (self.believed, self.doubted, self.single_believed, self.single_doubted)
        figures = (*weights, *limits, self.offset, self.alone_offset, self.single_shift, self.veto, self.floor)
        rising = min(weights) >= 0 and min(self.veto, self.floor) > 0
        ordered = self.believed <= self.doubted and self.single_believed <= self.single_doubted
        return rising and ordered and all(map(math.isfinite, figures))


class Restless(NamedTuple):
    """How much change the goldens of a view show.

    Attributes:
        log_odds: From `change_map.restlessness`.
        single: Whether it is one golden, held against itself under simulated light.
    """

    log_odds: float
    single: bool


def belief(restless: Restless, fusion: Fusion) -> float:
    """How far the defect model is believed about a view, in [0, 1].

    Args:
        restless: Of the view.
        fusion: From when on that is more than the fleet knows.
    """
    limits = (fusion.single_believed, fusion.single_doubted), (fusion.believed, fusion.doubted)
    believed, doubted = limits[0] if restless.single else limits[1]
    if restless.log_odds <= believed:
        return 1.0
    return max(0.0, doubted - restless.log_odds) / max(doubted - believed, 1e-6)


def fused(golden: ScoreMap, change: ScoreMap, fusion: Fusion, *, restless: Restless) -> ScoreMap:
    """Both maps as one.

    Args:
        golden: (h, w) float32 tolerated and calmed golden map, NaN = not judged.
        change: (h, w) float32 log-odds of change, NaN = not judged.
        fusion: The weights.
        restless: Of the view; what is more so than the fleet is judged by the golden map alone.

    Returns:
        (h, w) float32, positive; 1.0 is where a good photo begins to be unusual. NaN where either was not judged.
    """
    tolerances, believed = np.log(np.maximum(golden, _LEAST)), belief(restless, fusion)
    both = fusion.golden_weight * tolerances + fusion.change_weight * change + fusion.offset
    if restless.single:
        both = fusion.single_scale * both + fusion.single_shift
    alone = fusion.alone_weight * tolerances + fusion.alone_offset
    weighed = np.exp(np.clip(believed * both + (1.0 - believed) * alone, -20.0, 20.0))
    forced = np.where(golden >= fusion.veto, fusion.floor * golden / fusion.veto, 0.0)
    return np.asarray(np.maximum(weighed, forced), np.float32)
