"""The golden frame: where it lies around the product, which of its cells are judged, and what of it a photo shows."""

from __future__ import annotations

import cv2
import numpy as np

from visiqc.vision import dense
from visiqc.vision.types import Mask, Matrix
from visiqc.vision.warp import Size, covered, scaling, translation, warp_photo

_MARGIN = 0.06  # room around the product, share of its longer side: a stub of flash must still be seen
_LEAST_SIDE = 64  # shorter side of a golden frame, pixels
_SLIMMEST = 10  # a frame is at most this many times longer than wide: its align frame must not be stretched
_JUDGED_SHARE = 0.2  # a cell is judged when this share of it is product


def frame_around(mask: Mask, long_side: int) -> tuple[Matrix, Size]:
    """The warp to, and size of, a frame around the product."""
    height, width = mask.shape
    ys, xs = np.nonzero(mask)
    margin = _MARGIN * max(float(np.ptp(xs)), float(np.ptp(ys))) + 2.0
    left, top = max(0.0, xs.min() - margin), max(0.0, ys.min() - margin)
    right, bottom = min(float(width), xs.max() + 1 + margin), min(float(height), ys.max() + 1 + margin)
    scale = min(1.0, long_side / max(right - left, bottom - top))
    wanted = (round((bottom - top) * scale), round((right - left) * scale))
    least = max(_LEAST_SIDE, -(-max(wanted) // _SLIMMEST))
    return scaling(scale) @ translation(-left, -top), (max(least, wanted[0]), max(least, wanted[1]))


def warped_mask(mask: Mask, warp: Matrix, size: Size) -> Mask:
    """A mask in another frame, (size) bool; all of it where nothing of the mask arrives."""
    ink = np.repeat(mask[..., None].astype(np.uint8) * 255, 3, axis=2)
    seen = warp_photo(ink, warp, size, fill=(0, 0, 0))[..., 0]
    highest = int(seen.max())
    found = np.asarray(seen > (127 if highest > 127 else highest // 2))  # a wire thinner than a pixel is still there
    return found if found.any() else np.ones(size, bool)


def judged_cells(frame_mask: Mask, reached: Mask) -> Mask:
    """The product's cells and those around them, as far as the golden photo itself goes."""
    cells = cells_of(frame_mask, _JUDGED_SHARE)
    if not cells.any():  # a wire that covers less of every cell
        cells = cells_of(frame_mask, 1.0 / dense.CELL**2)
    grown = np.asarray(cv2.dilate(cells.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    return grown & reached if (grown & reached).any() else grown


def reached(source: Size, warp: Matrix, frame_size: Size) -> Mask:
    """Cells that the warped photo shows and that border on none it does not show.

    A cell's vector is an average over 3 × 3 cells: beside the photo's end it is made of repeated pixels.
    """
    cells = cells_of(covered(source, warp, frame_size), 0.5).astype(np.uint8)
    return np.asarray(cv2.erode(cells, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE) > 0)


def cells_of(mask: Mask, share: float) -> Mask:
    """(H, W) pixels to (ceil(H/8), ceil(W/8)) cells that are at least `share` covered."""
    height, width = mask.shape
    padded = np.pad(mask, ((0, -height % dense.CELL), (0, -width % dense.CELL)), mode="edge")
    blocks = padded.reshape(padded.shape[0] // dense.CELL, dense.CELL, -1, dense.CELL)
    return np.asarray(blocks.mean(axis=(1, 3)) >= share)
