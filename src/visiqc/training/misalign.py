"""What alignment leaves: the upload a little turned, tilted and bent against its goldens, labels in step."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from visiqc.training.datasets.labels import LabelImage
from visiqc.vision.types import FloatArray, Photo

Boxes = tuple[tuple[float, float, float, float], ...]
_GRID = 5
"""Nodes a side of the field that bends: a piece turned out of the plane bends slowly, never locally."""
_SEEN = 0.2
"""Share of a box that must stay in the photo."""


def misaligned(
    upload: Photo, labels: LabelImage, boxes: Boxes, *, strength: float, rng: Generator
) -> tuple[Photo, LabelImage, Boxes]:
    """The upload moved by up to about `strength` of its side anywhere.

    Args:
        upload: (H, W, 3) uint8 RGB.
        labels: (H, W) uint8 label image.
        boxes: Of its defects.
        strength: How far all but 5 % of the pixels are moved at most, as a share of the longer side; 0 = not at all.
        rng: Draws the movement. How far is drawn too: a jig leaves less than a hand.

    Returns:
        Photo, labels and boxes, moved by one field: interpolated once, labels by the nearest pixel.
    """
    if strength == 0:
        return upload, labels, boxes
    height, width = upload.shape[:2]
    # From lying exactly over each other to as far off as alignment leaves it, all alike often.
    reach = strength * max(height, width) * float(rng.random())
    moves = _moves((height, width), reach, rng)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    from_x, from_y = x + moves[..., 0], y + moves[..., 1]
    photo = cv2.remap(upload, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    moved = cv2.remap(labels, from_x, from_y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101)
    kept = (_moved_box(box, moves) for box in boxes)
    return np.asarray(photo, np.uint8), np.asarray(moved, np.uint8), tuple(box for box in kept if box is not None)


def _moves(size: tuple[int, int], reach: float, rng: Generator) -> FloatArray:
    """(H, W, 2) float32: where each pixel is taken from, less its own place; a plane part and a bent part."""
    height, width = size
    y, x = np.mgrid[-1 : 1 : 9 * 1j, -1 : 1 : 9 * 1j].astype(np.float32)
    terms = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=-1)
    # Shift, then turn, scale and shear, then tilt: each smaller than the one before.
    weights = np.array([0.6, 0.5, 0.5, 0.15, 0.15, 0.15])[:, None] * rng.normal(0, 1, (6, 2))
    plane = terms @ weights
    bent = np.asarray(cv2.resize(rng.normal(0, 1, (_GRID, _GRID, 2)), (9, 9), interpolation=cv2.INTER_CUBIC))
    field = plane + rng.uniform(0, 0.4) * bent
    far = float(np.percentile(np.linalg.norm(field, axis=-1), 95))
    coarse = (field * (reach / max(far, 1e-6))).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def _moved_box(box: tuple[float, float, float, float], moves: FloatArray) -> tuple[float, float, float, float] | None:
    """The box around where the border of a box goes, cut to the photo; None where most of it leaves."""
    height, width = moves.shape[:2]
    x0, y0, x1, y1 = box
    share = np.linspace(0, 1, 9)
    along_x, along_y = x0 + share * (x1 - x0), y0 + share * (y1 - y0)
    border = np.concatenate(
        [
            np.stack([along_x, np.full(9, y0)], -1),
            np.stack([along_x, np.full(9, y1)], -1),
            np.stack([np.full(9, x0), along_y], -1),
            np.stack([np.full(9, x1), along_y], -1),
        ]
    )
    # The field says where a pixel comes from; where it goes is found by going back and forth, the field being smooth.
    there = border.copy()
    for _ in range(4):
        at_x = np.clip(there[:, 0] - 0.5, 0, width - 1).astype(int)
        at_y = np.clip(there[:, 1] - 0.5, 0, height - 1).astype(int)
        there = border - moves[at_y, at_x]
    low, high = there.min(0), there.max(0)
    inside = (max(low[0], 0.0), max(low[1], 0.0), min(high[0], float(width)), min(high[1], float(height)))
    area = max(0.0, inside[2] - inside[0]) * max(0.0, inside[3] - inside[1])
    if area < _SEEN * (high[0] - low[0]) * (high[1] - low[1]) or area == 0:
        return None
    return (float(inside[0]), float(inside[1]), float(inside[2]), float(inside[3]))
