"""The change map: what the defect model finds that the goldens do not explain, in the cells of the golden map.

The model itself lies behind a seam; here is what is kept of a golden for it, and how its answers become maps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np

from visiqc.vision.dense import PackedMap, pack
from visiqc.vision.types import FeatureMaps, FloatArray, Mask, ScoreMap

PackedMaps = tuple[PackedMap, PackedMap, PackedMap]
"""An embedding at strides 4, 8 and 16, channels last, at one byte a number."""
MOST_GOLDENS = 6
"""Golden photos of a view that are embedded; each more costs time in every comparison and tells less."""
_RESTLESS = 0.9  # of the cells are calmer than the view is called
SMOOTHING = 1.0
"""Sigma, in cells of 4 pixels, of the smoothing of the change logits."""


class ChangeModel(Protocol):
    """The defect model, as a golden view needs it: see `inspection.ports.DefectModel`."""

    def encode(self, maps: FeatureMaps) -> FeatureMaps:
        """Embeddings of golden frames."""
        ...

    def compare(self, maps: FeatureMaps, goldens: Sequence[FeatureMaps]) -> tuple[FloatArray, FloatArray]:
        """Change logits (h4, w4) and type logits (T, h8, w8)."""
        ...


def pack_embedding(maps: FeatureMaps) -> PackedMaps:
    """An embedding of one frame, each (1, c, h, w) float32, at a quarter of its memory."""
    fine, middle, coarse = (pack(np.ascontiguousarray(level[0].transpose(1, 2, 0))) for level in maps)
    return fine, middle, coarse


def unpack_embedding(packed: PackedMaps) -> FeatureMaps:
    """The embedding, each (1, c, h, w) float32, to within half a step of each channel's range."""
    return FeatureMaps(*(np.ascontiguousarray(level.unpacked().transpose(2, 0, 1))[None] for level in packed))


def change_cells(logits: FloatArray, judged: Mask) -> ScoreMap:
    """The change map in cells of 8 pixels.

    Args:
        logits: (h4, w4) float32, one for 4 × 4 pixels.
        judged: (h, w) bool, cells of 8 × 8 pixels.

    Returns:
        (h, w) float32 log-odds of change, the higher of each cell's four after smoothing; NaN where not judged.
    """
    smooth = cv2.GaussianBlur(logits, (0, 0), SMOOTHING)
    height, width = judged.shape
    padded = np.pad(smooth, ((0, 2 * height - smooth.shape[0]), (0, 2 * width - smooth.shape[1])), mode="edge")
    highest = padded.reshape(height, 2, width, 2).max(axis=(1, 3))
    return np.where(judged, highest, np.nan).astype(np.float32)


def usual_change(maps: Sequence[ScoreMap]) -> FloatArray:
    """What log-odds of change are usual at every place, from goldens held against the other goldens.

    Args:
        maps: Change maps (h, w), one or more, NaN = not judged.

    Returns:
        (h, w) float32: the highest of them in the cell and those around it; the lowest there is where none was judged.
    """
    highest = np.fmax.reduce(np.stack(maps))
    least = float(np.nanmin(highest)) if np.isfinite(highest).any() else 0.0
    return np.asarray(cv2.dilate(np.nan_to_num(highest, nan=least), np.ones((3, 3), np.uint8)), np.float32)


def restlessness(usual: FloatArray, judged: Mask) -> float:
    """Log-odds of change that the goldens of a view show against each other in a tenth of its area.

    Not the highest: one stone that glitters differently in each photo says nothing about all the rest.

    Args:
        usual: From `usual_change`.
        judged: (h, w) bool, the view's cells, at least one.
    """
    return float(np.quantile(usual[judged], _RESTLESS))


def region_type(types: FloatArray, inside: Mask, weights: FloatArray, *, temperature: float) -> FloatArray:
    """Probability of each type class for one region.

    Args:
        types: (T, h, w) float32 type logits, in cells of 8 pixels.
        inside: (h, w) bool, cells of the region.
        weights: (h, w) float32, how much each cell counts; not negative.
        temperature: The logits are divided by it: 1 where they are calibrated (Guo et al., ICML 2017).

    Returns:
        (T,) float32, summing to 1.
    """
    share = np.where(inside, weights, 0.0)
    share = share / share.sum() if share.sum() > 0 else inside / max(int(inside.sum()), 1)
    logits = np.einsum("thw,hw->t", types, share) / temperature
    odds = np.exp(logits - logits.max())
    return np.asarray(odds / odds.sum(), np.float32)


def unpacked(goldens: Sequence[PackedMaps]) -> list[FeatureMaps]:
    """All embeddings of a view."""
    return [unpack_embedding(golden) for golden in goldens]
