"""How well score maps find the defective pixels, in memory that does not grow with the number of maps.

Every pixel is sorted into one of some ten thousand score levels, and only counts per level are kept. The
levels are taken from the scores themselves: evenly over the good pixels' ranks, densely over their highest
5 %, evenly over the defective pixels' ranks. Curves are joined by straight lines between levels, so a level
that holds a share s of the good pixels can move an area by s / 2 at most: with 4096 levels over the good
ranks that is 1.3e-4, and well under 1e-3 in the tests. Where the maps hold no more distinct scores than
there are levels, the result is exact.

NaN pixels are left out. Masks: True = defective. Maps: higher = worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from visiqc.errors import InputError
from visiqc.vision.types import FloatArray, Mask, ScoreMap, require_same_size

RANK_LEVELS = 4096
"""Levels spread over the ranks of each of: all good pixels, their highest 5 %, the defective pixels."""
SAMPLE = 2_000_000
"""Pixels of either class that the levels are chosen from; beyond that a random sample stands for all."""


@dataclass(frozen=True, slots=True)
class PixelCounts:
    """What is known about a set of maps; sets are joined with `+`, so that types can be reported apart.

    Attributes:
        good: (L,) good pixels per score level, ascending.
        bad: (L,) defective pixels per score level.
        overlap: (L,) sum over regions of the share of the region at that level.
        regions: Number of connected defective regions.
    """

    good: NDArray[np.int64]
    bad: NDArray[np.int64]
    overlap: NDArray[np.float64]
    regions: int

    def __add__(self, other: PixelCounts) -> PixelCounts:
        return PixelCounts(
            self.good + other.good, self.bad + other.bad, self.overlap + other.overlap, self.regions + other.regions
        )

    def auroc(self) -> float:
        """Chance that a defective pixel outscores a good one, ties counting half, in [0, 1].

        Raises:
            InputError: There are no good or no defective pixels.
        """
        alarms, hits = self._share(self.good), self._share(self.bad)
        return float(np.trapezoid(hits, alarms))

    def au_pro(self, limit: float = 0.3) -> float:
        """Area under the per-region overlap over the false positive rate up to `limit`, divided by it.

        Every connected region counts the same, however small; the false positive rate is over all good pixels
        of all maps.

        Args:
            limit: False positive rate up to which is integrated, in (0, 1].

        Returns:
            In [0, 1]; chance is limit / 2.

        Raises:
            InputError: There are no good pixels or no regions, or the limit is out of range.

        Source:
            Bergmann, Batzner, Fauser, Sattlegger and Steger, IJCV 129 (2021) 1038–1059, section 5.3.
        """
        if not 0 < limit <= 1:
            raise InputError(f"the limit of the false positive rate lies in (0, 1], got {limit}")
        if self.regions == 0:
            raise InputError("no defective region in any mask; AU-PRO needs at least one")
        alarms = self._share(self.good)
        overlap = np.r_[0.0, np.cumsum(self.overlap[::-1])] / self.regions
        inside = alarms <= limit
        # At a vertical step of the curve np.interp may take either end; the last point inside is the upper one.
        end = np.interp(limit, alarms, overlap) if alarms[inside][-1] < limit else overlap[inside][-1]
        area = float(np.trapezoid(np.r_[overlap[inside], end], np.r_[alarms[inside], limit]))
        return min(1.0, area / limit)  # shares of a region add up to 1 only within rounding

    @staticmethod
    def _share(counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Share of the pixels at or above each level, from none (above all levels) to all, (L + 1,)."""
        total = int(counts.sum())
        if total == 0:
            raise InputError("good and defective pixels are both needed; the masks hold only one kind")
        return np.asarray(np.r_[0, np.cumsum(counts[::-1])] / total, np.float64)


def score_levels(maps: Sequence[ScoreMap], masks: Sequence[Mask]) -> FloatArray:
    """Score levels that suit a set of maps.

    Args:
        maps: Each (H, W) float32; sizes may differ from map to map.
        masks: Each (H, W) bool, True = defective, in the same order.

    Returns:
        (L,) float32 ascending: the lower ends of all levels but the lowest.

    Raises:
        InputError: There are no maps, or not as many masks.
        ShapeMismatch: A map and its mask differ in size.
    """
    if not maps or len(maps) != len(masks):
        raise InputError(f"wanted one mask for each of at least one map, got {len(maps)} maps and {len(masks)} masks")
    for score_map, mask in zip(maps, masks, strict=True):
        require_same_size(score_map=score_map, mask=mask)
    good, bad = _sample(maps, masks, defective=False), _sample(maps, masks, defective=True)
    distinct = np.unique(np.r_[good, bad])
    if distinct.size <= 2 * RANK_LEVELS:
        return distinct
    ranks = np.linspace(0, 1, RANK_LEVELS)
    return np.unique(np.r_[_at_ranks(good, ranks), _at_ranks(good, 0.95 + 0.05 * ranks), _at_ranks(bad, ranks)])


def count_pixels(score_map: ScoreMap, mask: Mask, levels: FloatArray) -> PixelCounts:
    """One map's pixels, counted by level.

    Args:
        score_map: (H, W) float32, NaN = left out.
        mask: (H, W) bool, True = defective; regions are 8-connected.
        levels: From `score_levels`.

    Raises:
        ShapeMismatch: Map and mask differ in size.
    """
    require_same_size(score_map=score_map, mask=mask)
    judged = ~np.isnan(score_map)
    level = np.searchsorted(levels, score_map[judged].astype(np.float32, copy=False), side="right")
    regions = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[1][judged]
    sizes = np.bincount(regions)
    inside = regions > 0
    slots = len(levels) + 1
    return PixelCounts(
        good=np.bincount(level[~inside], minlength=slots).astype(np.int64),
        bad=np.bincount(level[inside], minlength=slots).astype(np.int64),
        overlap=np.bincount(level[inside], 1 / sizes[regions[inside]], slots).astype(np.float64),
        regions=int(np.count_nonzero(sizes[1:])),
    )


def count_all(maps: Sequence[ScoreMap], masks: Sequence[Mask]) -> PixelCounts:
    """All maps counted together, by levels chosen for them; arguments and errors as `score_levels`."""
    levels = score_levels(maps, masks)
    counted = (count_pixels(score_map, mask, levels) for score_map, mask in zip(maps, masks, strict=True))
    total = next(counted)
    for counts in counted:
        total = total + counts
    return total


def pixel_auroc(maps: Sequence[ScoreMap], masks: Sequence[Mask]) -> float:
    """AUROC over all judged pixels of all maps; see `PixelCounts.auroc`."""
    return count_all(maps, masks).auroc()


def au_pro(maps: Sequence[ScoreMap], masks: Sequence[Mask], *, limit: float = 0.3) -> float:
    """AU-PRO over all maps; see `PixelCounts.au_pro`."""
    return count_all(maps, masks).au_pro(limit)


def _sample(maps: Sequence[ScoreMap], masks: Sequence[Mask], *, defective: bool) -> FloatArray:
    """Judged scores of one kind of pixels, ascending; a random sample of SAMPLE of them where there are more."""
    rng = np.random.default_rng(0)
    total = sum(int(np.count_nonzero(mask == defective)) for mask in masks)
    kept = []
    for score_map, mask in zip(maps, masks, strict=True):
        values = score_map[mask == defective]
        if total > SAMPLE:
            values = values[rng.random(values.size) < SAMPLE / total]
        kept.append(values[~np.isnan(values)])
    return np.sort(np.concatenate(kept).astype(np.float32))


def _at_ranks(ordered: FloatArray, ranks: NDArray[np.float64]) -> FloatArray:
    """Scores at ranks in [0, 1]: only scores that occur, so that equal scores always share a level."""
    return ordered[np.rint(ranks * (ordered.size - 1)).astype(np.intp)] if ordered.size else ordered
