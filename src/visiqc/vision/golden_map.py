"""The golden map: how far every place of an upload is from the same place in the goldens, in tolerances.

Training-free. A cell is compared with the cells around the same place in every golden of the view (Target
before Shooting, Li et al. 2023, argues for the narrow window), and the distance is divided by what the
goldens, and the goldens under simulated light, focus and pose, show to be normal at that place.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from visiqc.vision.types import FloatArray, Mask, ScoreMap

WINDOW = 2
"""Cells to each side in which the nearest golden vector is looked for: ± 16 golden-frame pixels."""
Cells = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Rows and columns of some cells."""
ELSEWHERE = 1.15
"""How much dearer a match at another place is, in views whose parts move."""
MOST_LOOKED_UP = 1500
"""Cells that are looked up elsewhere in one photo: bounds the time."""
_AT_ONCE = 128
MOST_CALM = 3.0
"""The most a calm photo's map is raised: beyond it lies the noise of the camera, not of the piece."""
SMOOTHING = 1.0
"""Sigma in cells of the smoothing of the tolerated map."""


def nearest_distance(query: FloatArray, goldens: Sequence[FloatArray], *, window: int = WINDOW) -> FloatArray:
    """Euclidean distance of every cell to the nearest golden cell in a window around the same place.

    Args:
        query: (h, w, D) float32.
        goldens: Each (h, w, D) float32, in the same frame.
        window: Cells to each side.

    Returns:
        (h, w) float32.
    """
    height, width, _ = query.shape
    length = np.einsum("hwd,hwd->hw", query, query)
    best = np.full((height, width), np.inf, np.float32)
    for golden in goldens:
        padded = np.pad(golden, ((window, window), (window, window), (0, 0)), mode="edge")
        norms = np.einsum("hwd,hwd->hw", padded, padded)
        for dy in range(2 * window + 1):  # over the 25 places of the window, each step one whole map
            for dx in range(2 * window + 1):
                there = padded[dy : dy + height, dx : dx + width]
                cross = np.einsum("hwd,hwd->hw", query, there)
                np.minimum(best, norms[dy : dy + height, dx : dx + width] - 2.0 * cross, out=best)
    return np.asarray(np.sqrt(np.maximum(best + length, 0.0)), np.float32)


def elsewhere_distance(query: FloatArray, goldens: Sequence[FloatArray], judged: Mask, cells: Cells) -> FloatArray:
    """Distance of chosen cells to the nearest golden cell anywhere on the product.

    Args:
        query: (h, w, D) float32.
        goldens: Each (h, w, D) float32.
        judged: (h, w) bool, the golden cells that count.
        cells: Rows and columns of the n cells asked about.

    Returns:
        (n,) float32.
    """
    vectors = query[cells]
    bank = np.concatenate([golden[judged] for golden in goldens])
    lengths = np.einsum("nd,nd->n", bank, bank)
    own = np.einsum("nd,nd->n", vectors, vectors)
    best = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), _AT_ONCE):
        block = slice(start, start + _AT_ONCE)
        best[block] = own[block] + (lengths - 2.0 * (vectors[block] @ bank.T)).min(axis=1)
    return np.asarray(np.sqrt(np.maximum(best, 0.0)), np.float32)


def worst_cells(ratio: FloatArray, judged: Mask, most: int) -> Cells:
    """Rows and columns of the `most` judged cells with the highest ratio."""
    flat = np.where(judged, ratio, -np.inf).ravel()
    count = min(most, int(judged.sum()))
    chosen = np.argpartition(-flat, max(count - 1, 0))[:count]
    rows, columns = np.unravel_index(chosen, ratio.shape)
    return rows, columns


def forgiven(
    distance: FloatArray, query: FloatArray, goldens: Sequence[FloatArray], allowed: FloatArray, judged: Mask
) -> FloatArray:
    """The distances where a part that moves is looked for elsewhere too: never more than `ELSEWHERE` times there.

    For views whose goldens show that parts move, such as a hook a plate hangs by. Only the worst cells are
    looked up; what is near its own place needs no other.
    """
    cells = worst_cells(distance / allowed, judged, MOST_LOOKED_UP)
    found = distance.copy()
    found[cells] = np.minimum(distance[cells], ELSEWHERE * elsewhere_distance(query, goldens, judged, cells))
    return found


def tolerance(samples: Sequence[FloatArray], judged: Mask) -> FloatArray:
    """What distance is normal at every place.

    Args:
        samples: Distance maps (h, w) of goldens against the other goldens and of simulated good photos.
        judged: (h, w) bool, the cells that will be judged.

    Returns:
        (h, w) float32, > 0: the mean of the samples at the worst neighbouring cell, plus its own median
        over the product. The median halves the say of a single place: a few goldens cannot vouch for
        "exactly this never changes".
    """
    mean = np.mean(np.stack(samples), axis=0).astype(np.float32)
    spread = cv2.blur(cv2.dilate(mean, np.ones((3, 3), np.uint8)), (5, 5))
    usual = float(np.median(spread[judged])) if judged.any() else float(np.median(spread))
    return np.asarray(spread + max(usual, 1e-3), np.float32)


def tolerated_map(distance: FloatArray, allowed: FloatArray, *, judged: Mask) -> ScoreMap:
    """Distances in units of tolerance, smoothed by a Gaussian of `SMOOTHING` cells.

    Args:
        distance: (h, w) float32 from `nearest_distance`.
        allowed: (h, w) float32 from `tolerance`.
        judged: (h, w) bool.

    Returns:
        (h, w) float32, NaN where not judged.
    """
    smooth = cv2.GaussianBlur(distance / allowed, (0, 0), SMOOTHING)
    return np.where(judged, smooth, np.nan).astype(np.float32)


def calmed(scores: ScoreMap, usual: float) -> ScoreMap:
    """The map of a photo that disturbs less than usual, held to a tighter scale.

    Another light or pose raises the whole map, a defect only a part of it. What is left of a photo in the
    golden's own light and pose is therefore worth more: its map is divided by how calm it is. A photo that
    disturbs more than usual stays as it is, so that damage all over the product cannot excuse itself.

    Args:
        scores: (h, w) float32 tolerated map, NaN = not judged.
        usual: Median of a usual good photo's map; 0 leaves the map as it is.

    Returns:
        `scores` times usual / median, that factor held within [1, `MOST_CALM`].
    """
    judged = scores[np.isfinite(scores)]
    if usual <= 0.0 or judged.size == 0:
        return scores
    factor = min(max(usual / max(float(np.median(judged)), 1e-6), 1.0), MOST_CALM)
    return np.asarray(scores * np.float32(factor), np.float32)


def photo_score(scores: ScoreMap) -> float:
    """The photo's score: the highest tolerated score anywhere; 0 when nothing was judged.

    The maximum, because a mean drowns a defect of a few cells (measured: DESIGN section 3).
    """
    return float(np.nanmax(scores)) if np.isfinite(scores).any() else 0.0
