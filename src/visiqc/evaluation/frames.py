"""From the golden frame, where maps and boxes live, back to upload pixels, where ground truth lives.

Everything is brought to one bounded size, so that hundreds of photos fit into memory; pixel metrics are
therefore those at that size, and it is named beside them. Pixel centres have whole coordinates, as in
`vision.warp`.
"""

from __future__ import annotations

import cv2
import numpy as np

from visiqc.domain.verdict import Box, Warp
from visiqc.errors import InputError
from visiqc.evaluation import box_metrics
from visiqc.vision.types import Mask, Matrix, ScoreMap
from visiqc.vision.warp import Size, between_sizes, local_scale, transform


def bounded_size(size: Size, long_side: int) -> Size:
    """`size` reduced, where needed, to at most `long_side` pixels on its longer side; never enlarged."""
    scale = min(1.0, long_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def matrix_of(warp: Warp) -> Matrix:
    """The warp as a matrix, upload pixels to golden-frame pixels.

    Raises:
        InputError: It holds NaN or infinity, or cannot be inverted.
    """
    matrix = np.asarray(warp, np.float64).reshape(3, 3)
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-12:
        raise InputError(f"a warp must be finite and invertible, got {tuple(round(v, 4) for v in warp)}")
    return matrix


def map_in_upload(score_map: ScoreMap, warp: Warp, *, golden_size: Size, upload_size: Size, target: Size) -> ScoreMap:
    """A score map as it lies on the upload, at the size `target`.

    What nobody judged is what nobody flagged: pixels outside the golden frame and NaN pixels score 0 and count
    as such. Leaving them out would reward a mask or a warp that hides a defect.

    Args:
        score_map: (h, w) float32 of the whole golden frame, at whatever resolution; higher = worse, 0 = as the golden.
        warp: Upload pixels to golden-frame pixels.
        golden_size: Height and width of the golden frame that the warp leads to.
        upload_size: Height and width of the upload that the warp starts from.
        target: Height and width wanted, usually `bounded_size` of the ground truth.

    Returns:
        (target) float32 without NaN.

    Raises:
        InputError: As `matrix_of`.
    """
    size: Size = (score_map.shape[0], score_map.shape[1])
    back = between_sizes(golden_size, size) @ matrix_of(warp) @ between_sizes(target, upload_size)
    values = np.nan_to_num(score_map, nan=0.0).astype(np.float32, copy=False)
    step = local_scale(back, target)
    if step > 1:  # map pixels per target pixel: average first, or a narrow peak falls between two samples
        reduced = (max(1, round(size[0] / step)), max(1, round(size[1] / step)))
        values = np.asarray(cv2.resize(values, reduced[::-1], interpolation=cv2.INTER_AREA), np.float32)
        back = between_sizes(size, reduced) @ back
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpPerspective(values, back, target[::-1], flags=flags), np.float32)


def mask_at(mask: Mask, target: Size) -> Mask:
    """Ground truth at another size: what is at least half covered, and never less than a pixel of any region.

    Args:
        mask: (H, W) bool, True = defective.
        target: Height and width wanted, not larger.

    Returns:
        (target) bool.
    """
    if mask.shape == target:
        return mask
    share = cv2.resize(mask.astype(np.float32), target[::-1], interpolation=cv2.INTER_AREA)
    small = np.asarray(share >= 0.5)
    count, regions, _, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    nearest = cv2.resize(regions.astype(np.int32), target[::-1], interpolation=cv2.INTER_NEAREST)
    kept = np.unique(np.r_[0, nearest[small]])
    lost = np.setdiff1d(np.arange(count), kept)
    if lost.size:
        places = transform(between_sizes((mask.shape[0], mask.shape[1]), target), centres[lost].astype(np.float32))
        x, y = np.rint(places).astype(int).T
        small[np.clip(y, 0, target[0] - 1), np.clip(x, 0, target[1] - 1)] = True
    return small


def box_in_upload(box: Box, warp: Warp) -> box_metrics.Box:
    """The upright box in upload pixels that encloses a box of the golden frame.

    Args:
        box: `(x0, y0, x1, y1)`, x1 and y1 excluded: it covers the plane from x0 - ½ to x1 - ½.
        warp: Upload pixels to golden-frame pixels.

    Raises:
        InputError: As `matrix_of`.
    """
    x0, y0, x1, y1 = (edge - 0.5 for edge in box)
    back = np.linalg.inv(matrix_of(warp)).astype(np.float64)
    edges = transform(back, np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32))
    (left, top), (right, bottom) = edges.min(axis=0) + 0.5, edges.max(axis=0) + 0.5
    return float(left), float(top), float(right), float(bottom)
