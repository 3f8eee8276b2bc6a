"""The golden frame: where it lies around the product, what of it is judged, and what of it a photo shows."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from visiqc.vision import dense
from visiqc.vision.seen import Seen
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


def whole_mask(seen: Seen) -> Mask:
    """(H, W) bool, the product in the photo itself."""
    large = cv2.resize(seen.mask.astype(np.float32), seen.photo.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(large > 0.5)


def agreed_product(reference: Mask, others: Sequence[tuple[Seen, Matrix]]) -> Mask:
    """The product in the frame, as most golden photos tell it: of three or more, a card that one shows is outvoted.

    Args:
        reference: (H, W) bool, what the reference photo tells, in the frame.
        others: The other golden photos, and the warp of each to the frame.

    Returns:
        (H, W) bool: what at least half of the photos that show the place take for product. A photo in which no product
        was told from its ground has no vote; where none has one, the reference's.
    """
    size = (reference.shape[0], reference.shape[1])
    votes, voters = np.zeros(size, np.int32), np.zeros(size, np.int32)
    ballots = [] if reference.all() else [(reference, np.ones(size, bool))]
    for seen, warp in others:
        told = warped_mask(whole_mask(seen), warp, size)
        if not (seen.mask.all() or told.all()):  # all of it: no product was told, or it lies outside of the frame
            ballots.append((told, covered(seen.size, warp, size)))
    for told, shown in ballots:
        votes += told & shown
        voters += shown
    agreed = np.asarray((voters > 0) & (2 * votes >= voters))
    return agreed if agreed.any() else reference


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
