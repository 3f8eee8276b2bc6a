"""Refinement of a warp by enhanced correlation (Evangelidis and Psarakis, PAMI 30(10), 2008)."""

from __future__ import annotations

import cv2
import numpy as np

from visiqc.vision.types import FloatArray, Mask, Matrix, Photo
from visiqc.vision.warp import Size, plausible, scaling, warp_photo

_ROUNDING = 0.01
"""A gradient below this is the blur's rounding on a flat surface, which the local mean would blow up."""


def structure(photo: Photo) -> FloatArray:
    """A picture of edges that survives a change of light.

    Args:
        photo: (H, W, 3) uint8.

    Returns:
        (H, W) float32: gradient magnitude, compressed by a square root and divided by its local mean.
    """
    grey = cv2.GaussianBlur(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1.0)
    gx, gy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    # Not cv2.magnitude: its last digit depends on where in memory the gradients lie, and the refinement, which stops
    # at a limit, made of that the third digit of a score.
    _, strength = cv2.threshold(np.sqrt(gx * gx + gy * gy), _ROUNDING, 0.0, cv2.THRESH_TOZERO)
    edges = np.sqrt(strength)
    around = cv2.blur(edges, (31, 31)) + 0.5 * float(edges.mean()) + 1e-3
    return np.asarray(cv2.GaussianBlur(edges / around, (0, 0), 1.2), np.float32)


def refine(
    golden: Photo, upload: Photo, warp: Matrix, *, mask: Mask, iterations: int = 30, affine: bool = False
) -> Matrix | None:
    """A warp near `warp` under which the two pictures' structures correlate more, or None when none is found.

    Args:
        golden: (h, w, 3) uint8 golden picture.
        upload: (H, W, 3) uint8.
        warp: Upload pixels to golden pixels, the start.
        mask: (h, w) bool where to look, in the golden frame.
        iterations: At most so many steps a level.
        affine: Refine six parameters instead of eight: for parts with little structure.
    """
    size: Size = (golden.shape[0], golden.shape[1])
    # The upload is brought near first: what is left to find is small, and both pictures have one scale.
    near = warp_photo(upload, warp, size)
    motion = cv2.MOTION_AFFINE if affine else cv2.MOTION_HOMOGRAPHY
    found: Matrix = np.eye(3)
    for level in (0.5, 1.0):
        step = _step(golden, near, mask, found, motion=motion, iterations=iterations, level=level)
        if step is None:
            return None
        found = step
    try:
        refined = np.linalg.inv(found) @ warp
    except np.linalg.LinAlgError:
        return None
    refined /= refined[2, 2]
    return refined if plausible(refined, (upload.shape[0], upload.shape[1])) else None


def _step(
    golden: Photo, near: Photo, mask: Mask, start: Matrix, *, motion: int, iterations: int, level: float
) -> Matrix | None:
    """One level of the pyramid; `start` and the result map golden pixels to `near` pixels at full size."""
    reduced = (round(golden.shape[1] * level), round(golden.shape[0] * level))
    pictures = [structure(_resized(picture, reduced)) for picture in (golden, near)]
    around = cv2.dilate(mask.astype(np.uint8) * 255, np.ones((15, 15), np.uint8))
    where = cv2.resize(around, reduced, interpolation=cv2.INTER_NEAREST)
    down = scaling(level)
    initial = (down @ start @ np.linalg.inv(down)).astype(np.float32)
    if motion == cv2.MOTION_AFFINE:
        initial = initial[:2]
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, iterations, 1e-4)
    everywhere = np.full_like(where, 255)
    try:
        _, found = cv2.findTransformECCWithMask(
            pictures[0], pictures[1], where, everywhere, initial, motion, criteria, 1
        )
    except cv2.error:  # it diverged or lost the overlap: there is nothing better near the start
        return None
    whole = np.vstack([found, [0, 0, 1]]) if motion == cv2.MOTION_AFFINE else found
    return np.linalg.inv(down) @ np.asarray(whole, np.float64) @ down


def _resized(photo: Photo, size: tuple[int, int]) -> Photo:
    if (photo.shape[1], photo.shape[0]) == size:
        return photo
    return np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
