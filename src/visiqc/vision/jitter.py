"""Good photos that could have been: a golden under slightly other light, focus, noise and pose."""

from __future__ import annotations

import cv2
import numpy as np

from visiqc.vision.types import Photo
from visiqc.vision.warp import similarity, warp_photo

_TURN = 0.012  # radians, standard deviation: 0.7°
_ZOOM = 0.012  # log scale
_SHIFT = 0.004  # of the frame
_EXPOSURE = (0.85, 1.12)
_BALANCE = 0.03  # log gain of each channel
_GAMMA = 0.12  # log exponent


def jittered(photo: Photo, seed: int) -> Photo:
    """One simulated good photo, the same for the same seed.

    Args:
        photo: (H, W, 3) uint8 RGB golden frame.
        seed: Any non-negative number.

    Returns:
        (H, W, 3) uint8: the residual pose that alignment leaves, exposure, white balance, contrast, focus
        and sensor noise of another shot with the same phone.
    """
    rng = np.random.default_rng(seed)
    height, width = photo.shape[:2]
    centre = ((width - 1) / 2, (height - 1) / 2)
    target = (centre[0] + rng.normal(0, _SHIFT * width), centre[1] + rng.normal(0, _SHIFT * height))
    zoom = float(np.exp(rng.normal(0, _ZOOM)))
    pose = similarity(angle=rng.normal(0, _TURN), scale=zoom, source=centre, target=target)
    moved = warp_photo(photo, pose, (height, width))
    curve = _curves(rng)
    lit = np.stack([cv2.LUT(np.ascontiguousarray(moved[..., c]), curve[c]) for c in range(3)], axis=-1)
    if rng.random() < 0.5:
        lit = cv2.GaussianBlur(lit, (0, 0), float(rng.uniform(0.4, 1.1)))
    grain = rng.standard_normal(lit.shape, np.float32)
    grain *= rng.uniform(1.0, 4.0)
    grain += lit
    np.rint(grain, out=grain)
    return np.asarray(np.clip(grain, 0, 255, out=grain), np.uint8)


def _curves(rng: np.random.Generator) -> np.ndarray:
    """(3, 256) uint8 look-up tables of exposure, white balance and contrast."""
    gain = rng.uniform(*_EXPOSURE) * np.exp(rng.normal(0, _BALANCE, 3))
    gamma = float(np.exp(rng.normal(0, _GAMMA)))
    ramp = np.arange(256) / 255.0
    return np.clip(255.0 * np.clip(ramp * gain[:, None], 0, 1) ** gamma + 0.5, 0, 255).astype(np.uint8)
