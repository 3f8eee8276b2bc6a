"""One map of two: what the golden map measured and what the defect model found, weighed against each other."""

from __future__ import annotations

import math
from dataclasses import dataclass

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
    """

    golden_weight: float
    change_weight: float
    offset: float
    veto: float
    floor: float = 1.0

    @property
    def sound(self) -> bool:
        """Whether a higher score of either map can only raise the fused one, and every figure is one."""
        figures = (self.golden_weight, self.change_weight, self.offset, self.veto, self.floor)
        rising = min(self.golden_weight, self.change_weight) >= 0 and min(self.veto, self.floor) > 0
        return rising and all(map(math.isfinite, figures))


def fused(golden: ScoreMap, change: ScoreMap, fusion: Fusion) -> ScoreMap:
    """Both maps as one.

    Args:
        golden: (h, w) float32 tolerated and calmed golden map, NaN = not judged.
        change: (h, w) float32 log-odds of change, NaN = not judged.
        fusion: The weights.

    Returns:
        (h, w) float32, positive; 1.0 is where a good photo begins to be unusual. NaN where either was not judged.
    """
    tolerances = np.maximum(golden, _LEAST)
    logarithm = fusion.golden_weight * np.log(tolerances) + fusion.change_weight * change + fusion.offset
    weighed = np.exp(np.clip(logarithm, -20.0, 20.0))
    forced = np.where(golden >= fusion.veto, fusion.floor * golden / fusion.veto, 0.0)
    return np.asarray(np.maximum(weighed, forced), np.float32)
