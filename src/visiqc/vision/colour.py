"""CIE colour: sRGB to L*a*b* and back, linear light, and the colour difference ΔE00."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from visiqc.errors import ShapeMismatch
from visiqc.vision.types import FloatArray, Photo

_KNEE = 0.04045  # of the sRGB curve, IEC 61966-2-1
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = _TO_XYZ.sum(axis=1)  # D65 as sRGB has it, so that equal R, G and B are exactly neutral
_EPSILON, _KAPPA = 216 / 24389, 24389 / 27  # CIE 015:2018
_LINEAR = np.where((_codes := np.arange(256) / 255) <= _KNEE, _codes / 12.92, ((_codes + 0.055) / 1.055) ** 2.4).astype(
    np.float32
)


def linear_light(photo: Photo) -> FloatArray:
    """Linear light of an sRGB photo.

    Args:
        photo: (..., 3) uint8 sRGB.

    Returns:
        (..., 3) float32 in [0, 1].

    Source:
        IEC 61966-2-1:1999.
    """
    return np.asarray(cv2.LUT(photo, _LINEAR) if photo.ndim == 3 else _LINEAR[photo], np.float32)


def lab_of_linear(rgb: ArrayLike) -> NDArray[np.float64]:
    """CIE L*a*b* (D65/2°) of linear sRGB.

    Args:
        rgb: (..., 3) linear light, 1 = white; may lie outside [0, 1].

    Returns:
        (..., 3) float64, L* in [0, 100] for light in [0, 1].

    Source:
        CIE 015:2018, Colorimetry, 4th ed.
    """
    ratio = np.asarray(rgb, np.float64) @ _TO_XYZ.T / _WHITE
    f = np.where(ratio > _EPSILON, np.cbrt(ratio), (_KAPPA * ratio + 16) / 116)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])],
        axis=-1,
    )


def delta_e00(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Colour difference ΔE00 with kL = kC = kH = 1.

    Args:
        first: (..., 3) CIE L*a*b*.
        second: The same shape, or one that broadcasts against it.

    Returns:
        (...) float64; 0 = same colour, about 1 = just noticed side by side.

    Raises:
        ShapeMismatch: The last axis of either is not L*, a*, b*.

    Source:
        CIE 142-2001, in the form of Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula:
        implementation notes, supplementary test data, and mathematical observations", Color Res. Appl. 30 (2005).
    """
    one, two = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if one.shape[-1:] != (3,) or two.shape[-1:] != (3,):
        raise ShapeMismatch(f"ΔE00 compares L*, a*, b* on the last axis; got shapes {one.shape} and {two.shape}")
    mean_chroma = (np.hypot(one[..., 1], one[..., 2]) + np.hypot(two[..., 1], two[..., 2])) / 2
    stretch = 1.5 - 0.5 * _saturating(mean_chroma)
    (c1, h1), (c2, h2) = _chroma_and_hue(one, stretch), _chroma_and_hue(two, stretch)
    coloured = c1 * c2 != 0
    turn = np.where(coloured, (h2 - h1 + 180) % 360 - 180, 0.0)
    # Opposite hues: the formula keeps the sign of h2 - h1, which the remainder above loses at exactly +180.
    turn = np.where((turn == -180) & (h2 > h1), 180.0, turn)
    d_l, d_c = two[..., 0] - one[..., 0], c2 - c1
    d_h = 2 * np.sqrt(c1 * c2) * np.sin(np.deg2rad(turn) / 2)
    lightness, chroma = (one[..., 0] + two[..., 0]) / 2, (c1 + c2) / 2
    hue = np.where(coloured, _mean_hue(h1, h2), h1 + h2)
    s_l = 1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2)
    s_c, s_h = 1 + 0.045 * chroma, 1 + 0.015 * chroma * _hue_weight(hue)
    bend = -np.sin(np.deg2rad(60 * np.exp(-(((hue - 275) / 25) ** 2)))) * 2 * _saturating(chroma)
    x, y, z = d_l / s_l, d_c / s_c, d_h / s_h
    return np.asarray(np.sqrt(np.maximum(x**2 + y**2 + z**2 + bend * y * z, 0)))


def _saturating(chroma: NDArray[np.float64]) -> NDArray[np.float64]:
    power = chroma**7
    return np.asarray(np.sqrt(power / (power + 25.0**7)))


def _chroma_and_hue(
    lab: NDArray[np.float64], stretch: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b = lab[..., 1] * stretch, lab[..., 2]
    return np.hypot(a, b), np.rad2deg(np.arctan2(b, a)) % 360


def _mean_hue(h1: NDArray[np.float64], h2: NDArray[np.float64]) -> NDArray[np.float64]:
    total = h1 + h2
    near = np.abs(h1 - h2) <= 180
    return np.asarray(np.where(near, total, np.where(total < 360, total + 360, total - 360)) / 2)


def _hue_weight(hue: NDArray[np.float64]) -> NDArray[np.float64]:
    def cosine(times: float, degrees: float) -> NDArray[np.float64]:
        return np.asarray(np.cos(np.deg2rad(times * hue + degrees)))

    return 1 - 0.17 * cosine(1, -30) + 0.24 * cosine(2, 0) + 0.32 * cosine(3, 6) - 0.20 * cosine(4, -63)
