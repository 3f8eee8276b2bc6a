"""What a phone makes of light: exposure, white balance, lens, sensor noise, tone curve, sharpening, JPEG."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator

from visiqc.rendering.light import blackbody
from visiqc.rendering.shots import PoseLevel
from visiqc.vision.types import FloatArray, Photo

_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_SHOULDER = 0.80
"""Linear light above this is rolled off instead of clipped."""
_DAYLIGHT = 5500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """One phone's answer to one scene.

    Attributes:
        exposure_ev: Off from what its meter aims at.
        balance_k: The light's colour temperature it balances for.
        tint: Green over magenta its balance is off by, share.
        vignette: Light lost in the corners, share.
        blur_px: Sigma of the optics' blur, in pixels of a 512 px photo.
        shake_px: Length of motion blur, in the same pixels.
        shake_deg: Its direction.
        noise: Standard deviation of shot noise at full scale.
        contrast: Of the tone curve; 1 = plain sRGB.
        sharpening: Weight of unsharp masking.
        saturation: 1 = as it is.
        jpeg_quality: 1 to 100.
    """

    exposure_ev: float = 0.0
    balance_k: float = _DAYLIGHT
    tint: float = 0.0
    vignette: float = 0.0
    blur_px: float = 0.0
    shake_px: float = 0.0
    shake_deg: float = 0.0
    noise: float = 0.005
    contrast: float = 1.0
    sharpening: float = 0.0
    saturation: float = 1.0
    jpeg_quality: int = 90

    def record(self) -> dict[str, Any]:
        """The phone as JSON, rounded to a thousandth."""
        return {key: round(value, 3) if isinstance(value, float) else value for key, value in asdict(self).items()}


def draw_phone(rng: Generator, *, kelvin: float, level: PoseLevel) -> Phone:
    """A phone as factories have them, its white balance near the light's colour but not on it.

    Args:
        rng: Where the numbers come from.
        kelvin: Of the light.
        level: A jig holds the phone still; a hand does not.
    """
    shake = {PoseLevel.JIG: 0.0, PoseLevel.GUIDED: 0.5, PoseLevel.HANDHELD: 1.0}[level]
    return Phone(
        exposure_ev=float(rng.normal(0, 0.18)),
        balance_k=kelvin * float(np.exp(rng.normal(0, 0.055))),
        tint=float(rng.normal(0, 0.012)),
        vignette=float(rng.uniform(0, 0.18)),
        blur_px=float(rng.uniform(0.0, 0.5)),
        shake_px=float(rng.uniform(0, shake)),
        shake_deg=float(rng.uniform(0, 180)),
        noise=float(rng.uniform(0.004, 0.016)),
        contrast=float(rng.uniform(0.95, 1.25)),
        sharpening=float(rng.uniform(0.1, 0.8)),
        saturation=float(rng.uniform(0.94, 1.12)),
        jpeg_quality=int(rng.integers(86, 96)),
    )


def metered(radiance: FloatArray, grey: float) -> float:
    """Stops that bring the picture's median luminance to `grey`."""
    return float(np.log2(grey / max(float(np.median(radiance @ _LUMA)), 1e-5)))


def develop(radiance: FloatArray, phone: Phone, *, gain_ev: float, rng: Generator | None) -> Photo:
    """The photo, (H, W, 3) uint8 sRGB, before JPEG.

    Args:
        radiance: (H, W, 3) float32, linear.
        phone: How it is taken.
        gain_ev: The meter's exposure; the phone's own error comes on top.
        rng: Of the noise; None = a noiseless picture, to compare with another.
    """
    balance = np.array([1.0, 1 + phone.tint, 1.0]) / blackbody(phone.balance_k)
    balance /= _LUMA @ balance  # the meter's exposure stays
    light = (radiance * (2.0 ** (gain_ev + phone.exposure_ev) * balance)).astype(np.float32)
    light = _through_lens(light, phone)
    if rng is not None:
        light = _noisy(light, phone.noise, rng)
    light = np.maximum(light, 0)
    over = np.maximum(light - _SHOULDER, 0) / (1 - _SHOULDER)
    light = np.minimum(light, _SHOULDER) + (1 - _SHOULDER) * (1 - np.exp(-0.55 * over))
    grey = (light @ _LUMA)[..., None]
    light = np.clip(grey + phone.saturation * (light - grey), 0, None)
    shown = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.power(np.maximum(light, 1e-8), 1 / 2.4) - 0.055)
    shown = np.clip(shown, 0, 1)
    shown = shown + (phone.contrast - 1) * (shown - 0.5) * 2 * shown * (1 - shown)
    if phone.sharpening:
        shown = shown + phone.sharpening * (shown - cv2.GaussianBlur(shown, (0, 0), 1.1))
    return np.asarray(np.clip(shown, 0, 1) * 255 + 0.5, np.uint8)


def plain(phone: Phone) -> Phone:
    """The phone without what hides differences: no noise, shake or sharpening."""
    return replace(phone, noise=0.0, shake_px=0.0, sharpening=0.0)


def _through_lens(light: FloatArray, phone: Phone) -> FloatArray:
    height, width = light.shape[:2]
    if phone.vignette:
        y, x = np.mgrid[0:height, 0:width]
        off = 2 * ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2)
        light = light * (1 - phone.vignette * off)[..., None].astype(np.float32)
    unit = width / 512
    if phone.blur_px * unit > 0.15:
        light = np.asarray(cv2.GaussianBlur(light, (0, 0), phone.blur_px * unit), np.float32)
    if phone.shake_px * unit > 0.5:
        light = np.asarray(cv2.filter2D(light, -1, _streak(phone.shake_px * unit, phone.shake_deg)), np.float32)
    return light


def _streak(length: float, degrees: float) -> FloatArray:
    side = 2 * int(np.ceil(length / 2)) + 3
    middle = side / 2 - 0.5
    turn = np.deg2rad(degrees)
    y, x = np.mgrid[0:side, 0:side] - middle
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    kernel = np.clip(length / 2 + 0.5 - np.abs(along), 0, 1) * np.clip(1 - np.abs(across), 0, 1)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _noisy(light: FloatArray, noise: float, rng: Generator) -> FloatArray:
    """Shot and read noise, a third of it shared by neighbours as demosaicing leaves it."""
    grain = rng.standard_normal(light.shape, dtype=np.float32)
    grain = 0.75 * grain + 0.9 * cv2.GaussianBlur(grain, (0, 0), 0.9)
    level = np.sqrt(np.maximum(light, 0) * noise**2 + (0.25 * noise) ** 2)
    return np.asarray(light + grain * level, np.float32)
