"""Lamps, shadows, shine and sensor noise for training photos, drawn fast."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.random import Generator

from visiqc.vision.types import FloatArray, Photo

_FIELD = 24
"""Side of the coarse field of light, which is enlarged: shadows and shine are soft."""
_BANK = 1 << 19


def lit(photo: Photo, *, strength: float, rng: Generator) -> Photo:
    """The photo under another lamp: exposure, a slope or vignette, a shadow, a shine, a cast.

    Args:
        photo: (H, W, 3) uint8 RGB.
        strength: 0 nothing, 1 as factories do.
        rng: Draws the lamp.

    Returns:
        (H, W, 3) uint8; light is multiplied or added in linear light, so that white clips as it does in a phone.
    """
    exposure = min(float(np.exp(rng.normal(0, 0.16 * strength))), _headroom(photo))
    balance = np.exp(rng.normal(0, 0.035 * strength, 3))
    gain = _field(strength, rng) * exposure
    shine = _shine(strength, rng) if rng.random() < 0.3 else None
    size = (photo.shape[1], photo.shape[0])
    # Gains in linear light are powers of gains of the coded values: one multiplication instead of two curves.
    coded = np.power(np.maximum(gain, 1e-3)[..., None] * balance, 1 / 2.2).astype(np.float32)
    seen = cv2.multiply(photo, cv2.resize(coded, size, interpolation=cv2.INTER_LINEAR), dtype=cv2.CV_8U)
    if shine is not None:
        soft = cv2.resize(np.repeat(shine[..., None], 3, axis=2), size, interpolation=cv2.INTER_CUBIC)
        seen = cv2.add(seen, soft, dtype=cv2.CV_8U)
    return np.asarray(seen, np.uint8)


def noisy(photo: Photo, *, strength: float, rng: Generator) -> Photo:
    """The photo with a sensor's noise: finer or coarser grain, mostly grey, on a third of the photos none."""
    sigma = float(rng.uniform(-1.5, 4.0)) * strength
    if sigma <= 0.2:
        return photo
    height, width = photo.shape[:2]
    if rng.random() < 0.6:
        noise = _draw((height, width), rng)
    else:
        coarse = _draw((-(-height // 2), -(-width // 2)), rng)
        noise = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
        sigma *= 1.5
    return np.asarray(cv2.addWeighted(photo, 1.0, noise, sigma, 0.0, dtype=cv2.CV_8U), np.uint8)


def _headroom(photo: Photo) -> float:
    """How much brighter a phone would expose at most: it keeps all but a few of the pixels under white."""
    bright = float(np.percentile(photo[::7, ::7, 1], 85))
    return float(max(1.0, (250 / max(bright, 1.0)) ** 2.2))


def _field(strength: float, rng: Generator) -> FloatArray:
    """(24, 24) float32 gain in linear light: a slope, a vignette, a shadow's edge."""
    y, x = np.mgrid[-1 : 1 : _FIELD * 1j, -1 : 1 : _FIELD * 1j].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    across = x * np.cos(angle) + y * np.sin(angle)
    field = 1 + rng.normal(0, 0.12 * strength) * across
    if rng.random() < 0.4:
        field *= 1 - rng.uniform(0, 0.22) * strength * (x**2 + y**2) / 2
    if rng.random() < 0.35:
        edge, softness = rng.uniform(-0.7, 0.7), rng.uniform(0.08, 0.5)
        field *= 1 - rng.uniform(0.08, 0.45) * min(strength, 1.5) / (1 + np.exp(-(across - edge) / softness))
    return np.asarray(field, np.float32)


def _shine(strength: float, rng: Generator) -> FloatArray:
    """(24, 24) float32 grey levels of a soft highlight, lying anywhere."""
    y, x = np.mgrid[-1 : 1 : _FIELD * 1j, -1 : 1 : _FIELD * 1j].astype(np.float32)
    angle, long, wide = rng.uniform(0, np.pi), rng.uniform(0.2, 0.6), rng.uniform(0.1, 0.3)
    x, y = x - rng.uniform(-0.8, 0.8), y - rng.uniform(-0.8, 0.8)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    peak = rng.uniform(8, 45) * strength
    return np.asarray(peak * np.exp(-((along / long) ** 2) - (across / wide) ** 2), np.float32)


@cache
def _bank() -> FloatArray:
    """(2 ** 19, 3) float32: noise mostly alike in the three channels, as a phone's is after it was developed."""
    rng = np.random.default_rng(0)
    grey = rng.standard_normal((_BANK, 1), np.float32)
    return np.asarray(grey + 0.5 * rng.standard_normal((_BANK, 3), np.float32), np.float32)


def _draw(size: tuple[int, int], rng: Generator) -> FloatArray:
    """(H, W, 3) float32 of noise, cut from a bank at a random place: ten times as fast as drawing it."""
    wanted, start = size[0] * size[1], int(rng.integers(_BANK))
    bank = _bank()
    if start + wanted <= _BANK:
        return bank[start : start + wanted].reshape(*size, 3)
    return np.resize(np.roll(bank, -start, axis=0), (wanted, 3)).reshape(*size, 3)
