"""One map of two: what the golden map measured and what the defect model found, weighed against each other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from visiqc.vision.types import FloatArray, ScoreMap

_LEAST = 1e-3  # tolerances below which a cell of the golden map is as the golden


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeScale:
    """What golden frames of one size do to scores by both maps and to restlessness.

    Attributes:
        side: Longer side of the golden frame, in pixels.
        scale: What the logarithm of the score by both maps is multiplied by there; positive.
        shift: What is added to that, so that 1.0 and 0.5 mean the same at every size.
        calm: What is taken off the restlessness (log-odds), so that the limits of belief mean the same.
    """

    side: float
    scale: float
    shift: float
    calm: float = 0.0

    @property
    def sound(self) -> bool:
        """Whether it keeps the order of scores, and every figure is one."""
        return min(self.side, self.scale) > 0 and all(
            map(math.isfinite, (self.side, self.scale, self.shift, self.calm))
        )


_AS_IT_IS = SizeScale(side=1.0, scale=1.0, shift=0.0)


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
        sizes: What larger and smaller golden frames do to scores against several goldens, ascending by side; empty =
            nothing.
        single_sizes: The same against one golden, whose simulated light changes small and large frames otherwise.
        known: Likeness to other designs of the fleet that nineteen in twenty of its photos' views have. Of views less
            alike restlessness counts as it is, whatever the size of the frame: of such kinds nobody knows how it grows.
        single_known: The same of views of one golden. Views less alike are judged by the golden map alone.
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
    sizes: tuple[SizeScale, ...] = ()
    single_sizes: tuple[SizeScale, ...] = ()
    known: float = -1.0
    single_known: float = -1.0

    @property
    def sound(self) -> bool:
        """Whether a higher score of either map can only raise the fused one, and every figure is one."""
        weights = (self.golden_weight, self.change_weight, self.alone_weight, self.single_scale)
        limits = (self.believed, self.doubted, self.single_believed, self.single_doubted)
        figures = (*weights, *limits, self.offset, self.alone_offset, self.single_shift, self.veto, self.floor)
        rising = min(weights) >= 0 and min(self.veto, self.floor) > 0
        ordered = self.believed <= self.doubted and self.single_believed <= self.single_doubted
        sized = all(map(_ascending, (self.sizes, self.single_sizes)))
        return rising and ordered and sized and all(map(math.isfinite, (*figures, self.known, self.single_known)))

    def size(self, footing: Footing) -> SizeScale:
        """What the size of the frame does: between known sizes by the logarithm of the side, beyond them as the
        nearest.
        """
        known = (self.single_sizes if footing.single else self.sizes) or (_AS_IT_IS,)
        at, sides = math.log(max(footing.side, 1.0)), [math.log(size.side) for size in known]
        scale, shift, calm = (
            float(np.interp(at, sides, [getattr(size, name) for size in known])) for name in ("scale", "shift", "calm")
        )
        return SizeScale(side=footing.side, scale=scale, shift=shift, calm=calm)


def _ascending(sizes: tuple[SizeScale, ...]) -> bool:
    sides = [size.side for size in sizes]
    return all(size.sound for size in sizes) and sides == sorted(set(sides))


class Footing(NamedTuple):
    """What a view's goldens say about the scale of the scores that photos reach against them.

    Attributes:
        restless: Log-odds of change that they show themselves, from `change_map.restlessness`.
        single: Whether it is one golden, held against itself under simulated light.
        side: Longer side of the golden frame, in pixels.
        likeness: Identity similarity to the goldens that 1 % of the fleet's cohort reaches: how much the product looks
            like the fleet at all.
    """

    restless: float
    single: bool
    side: float
    likeness: float


def belief(footing: Footing, fusion: Fusion) -> float:
    """How far the defect model is believed about a view, in [0, 1].

    Args:
        footing: Of the view.
        fusion: From when on its restlessness is more than the fleet knows.
    """
    limits = (fusion.single_believed, fusion.single_doubted), (fusion.believed, fusion.doubted)
    believed, doubted = limits[0] if footing.single else limits[1]
    known = footing.likeness >= (fusion.single_known if footing.single else fusion.known)
    if footing.single and not known:
        return 0.0  # held against itself, one golden says nothing of how pieces of its kind differ
    restless = footing.restless - (fusion.size(footing).calm if known else 0.0)
    if restless <= believed:
        return 1.0
    return max(0.0, doubted - restless) / max(doubted - believed, 1e-6)


def weighed(golden: ScoreMap, change: ScoreMap, fusion: Fusion, *, footing: Footing) -> FloatArray:
    """The logarithm of what both maps say, (h, w) float32: as if the view were believed and no map had a veto.

    Args:
        golden: (h, w) float32 tolerated and calmed golden map, NaN = not judged.
        change: (h, w) float32 log-odds of change, NaN = not judged.
        fusion: The weights.
        footing: Of the view; one golden and several, and each size, have scales of their own.
    """
    both = fusion.golden_weight * _log(golden) + fusion.change_weight * change + fusion.offset
    if footing.single:
        both = fusion.single_scale * both + fusion.single_shift
    size = fusion.size(footing)
    return np.asarray(size.scale * both + size.shift, np.float32)


def fused(golden: ScoreMap, change: ScoreMap, fusion: Fusion, *, footing: Footing) -> ScoreMap:
    """Both maps as one.

    Args:
        golden: (h, w) float32 tolerated and calmed golden map, NaN = not judged.
        change: (h, w) float32 log-odds of change, NaN = not judged.
        fusion: The weights.
        footing: Of the view; what is more restless than the fleet is judged by the golden map alone.

    Returns:
        (h, w) float32, positive; 1.0 is where a good photo begins to be unusual. NaN where either was not judged.
    """
    both, believed = weighed(golden, change, fusion, footing=footing), belief(footing, fusion)
    alone = fusion.alone_weight * _log(golden) + fusion.alone_offset
    scores = np.exp(np.clip(believed * both + (1.0 - believed) * alone, -20.0, 20.0))
    forced = np.where(golden >= fusion.veto, fusion.floor * golden / fusion.veto, 0.0)
    return np.asarray(np.maximum(scores, forced), np.float32)


def _log(golden: ScoreMap) -> FloatArray:
    return np.asarray(np.log(np.maximum(golden, _LEAST)), np.float32)
