"""Homographies between frames: built, combined, judged and applied."""

from __future__ import annotations

import cv2
import numpy as np

from visiqc.vision.types import FloatArray, Mask, Matrix, Photo

Size = tuple[int, int]
"""(height, width) in pixels."""


def scaling(x: float, y: float | None = None) -> Matrix:
    """The warp that scales by `x` (and `y`), pixel centres kept in place: corner (-0.5, -0.5) is fixed."""
    y = x if y is None else y
    return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]], np.float64)


def between_sizes(source: Size, target: Size) -> Matrix:
    """The warp from a picture to the same picture at another size."""
    return scaling(target[1] / source[1], target[0] / source[0])


def translation(x: float, y: float) -> Matrix:
    """The warp that moves by (x, y) pixels."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


def similarity(*, angle: float, scale: float, source: tuple[float, float], target: tuple[float, float]) -> Matrix:
    """Rotation by `angle` radians (x towards y) and scaling about `source`, which lands on `target`."""
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]], np.float64)
    return translation(*target) @ turn @ translation(-source[0], -source[1])


def transform(warp: Matrix, points: FloatArray) -> FloatArray:
    """Points (N, 2) float32 sent through `warp`."""
    return np.asarray(cv2.perspectiveTransform(points.reshape(-1, 1, 2).astype(np.float64), warp), np.float32).reshape(
        -1, 2
    )


def corners(size: Size) -> FloatArray:
    """The four corner pixels (4, 2) of a picture, clockwise from the top left."""
    height, width = size
    return np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float32)


def warp_photo(photo: Photo, warp: Matrix, size: Size, *, fill: tuple[int, int, int] | None = None) -> Photo:
    """The photo seen in another frame.

    Args:
        photo: (H, W, 3) uint8.
        warp: From photo pixels to target pixels.
        size: Height and width of the target.
        fill: Colour outside the photo; None repeats its edge, which raises no false edges.

    Returns:
        (height, width, 3) uint8. Strong reduction is averaged first, so that it does not alias.
    """
    shrink = local_scale(warp, photo.shape[:2])
    if shrink < 0.6:
        reduced = (max(1, round(photo.shape[0] * shrink * 1.2)), max(1, round(photo.shape[1] * shrink * 1.2)))
        small = cv2.resize(photo, reduced[::-1], interpolation=cv2.INTER_AREA)
        warp = warp @ between_sizes(reduced, photo.shape[:2])
        photo = np.asarray(small, np.uint8)
    border = cv2.BORDER_REPLICATE if fill is None else cv2.BORDER_CONSTANT
    seen = cv2.warpPerspective(
        photo, warp, size[::-1], flags=cv2.INTER_LINEAR, borderMode=border, borderValue=fill or (0, 0, 0)
    )
    return np.asarray(seen, np.uint8)


def covered(source: Size, warp: Matrix, size: Size) -> Mask:
    """Which pixels of the target frame the warped source reaches, (height, width) bool."""
    full = np.full(source, 255, np.uint8)
    reached = cv2.warpPerspective(full, warp, size[::-1], flags=cv2.INTER_NEAREST)
    return np.asarray(reached > 0)


def local_scale(warp: Matrix, source: Size) -> float:
    """Linear magnification of `warp` at the centre of the source."""
    height, width = source
    x, y = width / 2, height / 2
    near = transform(warp, np.array([[x, y], [x + 1, y], [x, y + 1]], np.float32))
    across, down = near[1] - near[0], near[2] - near[0]
    return float(np.sqrt(abs(across[0] * down[1] - across[1] * down[0]) + 1e-12))


def plausible(warp: Matrix, source: Size) -> bool:
    """Whether a camera could have made `warp`: no mirror, no fold, magnification within reason.

    Linear magnification of 0.3 to 3.3 is accepted; of a single row or column of pixels nothing can be said.
    """
    if min(source) < 2 or not np.isfinite(warp).all() or abs(warp[2, 2]) < 1e-9:
        return False
    quad = transform(warp, corners(source))
    if not np.isfinite(quad).all() or not cv2.isContourConvex(quad.reshape(-1, 1, 2)):
        return False
    area = cv2.contourArea(quad.reshape(-1, 1, 2), oriented=True)
    natural = (source[0] - 1) * (source[1] - 1)
    if not 0.09 < area / natural < 11.0:
        return False
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    opposite = max(sides[0] / sides[2], sides[2] / sides[0], sides[1] / sides[3], sides[3] / sides[1])
    return bool(opposite < 1.8 and anisotropy(warp, source) < 1.6)


def anisotropy(warp: Matrix, source: Size) -> float:
    """How much more `warp` stretches one direction than the other at the centre of the source, at least 1.

    A flat part tilted by t degrees is stretched by 1/cos t: 1.6 is 51°.
    """
    x, y = source[1] / 2, source[0] / 2
    near = transform(warp, np.array([[x, y], [x + 1, y], [x, y + 1]], np.float32))
    stretch = np.linalg.svd(np.stack([near[1] - near[0], near[2] - near[0]]), compute_uv=False)
    return float(stretch[0] / max(float(stretch[1]), 1e-9))
