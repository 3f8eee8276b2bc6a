"""What makes a photo of a good piece unusable, done with the camera as a hasty hand does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.random import Generator

from visiqc.errors import BadRecipe
from visiqc.rendering.camera import Camera
from visiqc.rendering.develop import Phone

T = TypeVar("T")


def _as_it_is(value: T) -> T:
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoiled:
    """How one fault changes a photo.

    Attributes:
        camera: The camera to the one that takes the bad photo.
        phone: The phone likewise.
        light: Key in `lights.LIGHTS` that the fault needs; empty = any.
    """

    camera: Callable[[Camera], Camera] = _as_it_is
    phone: Callable[[Phone], Phone] = _as_it_is
    light: str = ""


def spoiled(fault: str, rng: Generator) -> Spoiled:
    """How a fault changes a photo; an empty one changes nothing.

    Raises:
        BadRecipe: No such fault.
    """
    if not fault:
        return Spoiled()
    if fault not in FAULTS:
        raise BadRecipe(f"no fault {fault!r}; known are {', '.join(FAULTS)}")
    return FAULTS[fault](rng)


def _blurred(rng: Generator) -> Spoiled:
    off, opening, shake = rng.uniform(14, 30), rng.uniform(1.6, 2.4), rng.uniform(4, 9)
    return Spoiled(
        camera=lambda camera: replace(camera, aperture_mm=opening, focus_mm=camera.focus_mm + off),
        phone=lambda phone: replace(phone, shake_px=shake, sharpening=0.0),
    )


def _exposed(low: float, high: float) -> Callable[[Generator], Spoiled]:
    def fault(rng: Generator) -> Spoiled:
        off = rng.uniform(low, high)
        return Spoiled(phone=lambda phone: replace(phone, exposure_ev=off))

    return fault


def _cut_off(rng: Generator) -> Spoiled:
    share, around = rng.uniform(0.42, 0.6), rng.uniform(0, 2 * np.pi)

    def aimed(camera: Camera) -> Camera:
        right, up, _ = camera.axes()
        width = 2 * camera.distance_mm * np.tan(np.deg2rad(camera.field_deg / 2))
        x, y, z = np.asarray(camera.target) + share * width * (right * np.cos(around) + up * np.sin(around))
        return replace(camera, target=(float(x), float(y), float(z)))

    return Spoiled(camera=aimed)


def _too_small(rng: Generator) -> Spoiled:
    factor = rng.uniform(4.0, 6.0)
    return Spoiled(camera=lambda camera: replace(camera, field_deg=min(60.0, camera.field_deg * factor)))


def _glare(rng: Generator) -> Spoiled:
    off = rng.uniform(1.2, 1.8)
    return Spoiled(phone=lambda phone: replace(phone, exposure_ev=off, contrast=1.3), light="flash")


FAULTS: Mapping[str, Callable[[Generator], Spoiled]] = {
    "blurred": _blurred,
    "overexposed": _exposed(2.2, 3.2),
    "too_dark": _exposed(-4.5, -3.2),
    "cut_off": _cut_off,
    "too_small": _too_small,
    "glare": _glare,
}
"""Faults by name."""
