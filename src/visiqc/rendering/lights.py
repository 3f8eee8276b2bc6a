"""Kinds of light a factory has, each with its panels where they usually stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.random import Generator

from visiqc.errors import BadRecipe
from visiqc.rendering.light import Light, Panel


def draw_light(name: str, rng: Generator, *, camera_elevation_deg: float) -> Light:
    """A light of a kind, with its panels, powers and colours drawn.

    Args:
        name: Key in `LIGHTS`.
        rng: Where the numbers come from.
        camera_elevation_deg: Where the phone's own shadow is.

    Raises:
        BadRecipe: No such light.
    """
    if name not in LIGHTS:
        raise BadRecipe(f"no light {name!r}; known are {', '.join(LIGHTS)}")
    light = LIGHTS[name](rng)
    phone = Panel(
        azimuth_deg=rng.normal(0, 4),
        elevation_deg=camera_elevation_deg + 9 + rng.normal(0, 3),
        width_deg=9,
        height_deg=16,
        radiance=0.85,
        softness=0.03,
        card=True,
    )
    jittered = tuple(_jittered(panel, rng) for panel in light.panels)
    return replace(light, panels=(*_furniture(rng, light), *jittered, phone))


def _jittered(panel: Panel, rng: Generator) -> Panel:
    if panel.card:
        return replace(panel, azimuth_deg=panel.azimuth_deg + rng.normal(0, 5))
    return replace(
        panel,
        azimuth_deg=panel.azimuth_deg + rng.normal(0, 10),
        elevation_deg=panel.elevation_deg + rng.normal(0, 5),
        radiance=panel.radiance * float(np.exp(rng.normal(0, 0.18))),
        kelvin=panel.kelvin + rng.normal(0, 250),
        roll_deg=panel.roll_deg + rng.normal(0, 7),
    )


def _furniture(rng: Generator, light: Light) -> tuple[Panel, ...]:
    """What stands about in any room: shelves, doors, walls of another tint, somebody's shirt."""
    return tuple(
        Panel(
            azimuth_deg=rng.uniform(-180, 180),
            elevation_deg=rng.normal(12, 14),
            width_deg=rng.uniform(8, 50),
            height_deg=rng.uniform(8, 60),
            radiance=light.horizon * float(np.exp(rng.normal(-0.3, 0.7))),
            kelvin=light.kelvin + rng.normal(0, 900),
            softness=float(rng.uniform(0.02, 0.25)),
            roll_deg=rng.normal(0, 6),
        )
        for _ in range(int(rng.integers(9, 18)))
    )


def _card(azimuth: float, elevation: float, width: float, height: float, taken: float) -> Panel:
    return Panel(
        azimuth_deg=azimuth,
        elevation_deg=elevation,
        width_deg=width,
        height_deg=height,
        radiance=taken,
        softness=0.05,
        card=True,
    )


def _lamp(
    azimuth: float, elevation: float, size: tuple[float, float], radiance: float, kelvin: float, **more: Any
) -> Panel:
    return Panel(
        azimuth_deg=azimuth,
        elevation_deg=elevation,
        width_deg=size[0],
        height_deg=size[1],
        radiance=radiance,
        kelvin=kelvin,
        **more,
    )


def _soft_boxes(rng: Generator) -> Light:
    kelvin = rng.uniform(4800, 6200)
    lamps = (
        _lamp(-78, 36, (42, 58), 9.0, kelvin),
        _lamp(82, 34, (26, 54), 5.5, kelvin),
        _lamp(185, 58, (64, 30), 7.0, kelvin),
    )
    cards = (_card(-36, 22, 20, 80, 0.95), _card(40, 22, 24, 80, 0.94), _card(180, 14, 80, 18, 0.9))
    return Light(name="soft_boxes", panels=(*lamps, *cards), horizon=0.28, below=0.08, zenith=0.42, kelvin=kelvin)


def _light_tent(rng: Generator) -> Light:
    kelvin = rng.uniform(5000, 6500)
    panels = (
        _lamp(20, 78, (70, 56), 6.0, kelvin),
        _lamp(110, 30, (60, 60), 3.4, kelvin, softness=0.2),
        _lamp(-110, 30, (60, 60), 3.0, kelvin, softness=0.2),
        _card(-40, 15, 24, 60, 0.9),
        _card(45, 15, 16, 60, 0.85),
        _card(0, 25, 16, 30, 0.9),
        _card(180, 22, 60, 14, 0.8),
    )
    return Light(name="light_tent", panels=panels, horizon=0.8, below=0.15, zenith=1.2, kelvin=kelvin)


def _window(rng: Generator) -> Light:
    side = float(rng.choice([-1, 1]))
    kelvin = rng.uniform(5400, 7200)
    panels = (
        _lamp(95 * side, 30, (60, 62), 8.0, kelvin + 600, softness=0.03),
        _card(95 * side, 30, 4, 64, 0.8),
        _card(95 * side, 30, 62, 3, 0.8),
        _lamp(-150 * side, 62, (12, 12), 14.0, 3600),
        _lamp(-70 * side, 25, (20, 30), 1.6, kelvin - 500),
        _card(-20 * side, 15, 40, 50, 0.75),
    )
    return Light(name="window", panels=panels, horizon=0.2, below=0.08, zenith=0.22, kelvin=kelvin - 300)


def _fluorescent(rng: Generator) -> Light:
    kelvin = rng.uniform(3900, 4900)
    green = rng.uniform(0.02, 0.10)
    turn = rng.uniform(-50, 50)
    tubes = tuple(
        _lamp(azimuth, elevation, (86, 4.5), 26.0, kelvin, green=green, softness=0.02, roll_deg=turn)
        for azimuth, elevation in ((10.0, 62.0), (175.0, 70.0), (100.0, 44.0))
    )
    cards = (_card(-45, 15, 30, 50, 0.7), _card(60, 12, 26, 40, 0.7))
    return Light(name="fluorescent", panels=(*tubes, *cards), horizon=0.26, below=0.10, zenith=0.40, kelvin=kelvin)


def _flash(rng: Generator) -> Light:
    kelvin = rng.uniform(5200, 6000)
    panels = (
        _lamp(rng.uniform(-5, 5), rng.uniform(36, 48), (3.2, 3.2), 420.0, kelvin, softness=0.015),
        _lamp(170, 66, (40, 30), 1.6, rng.uniform(2900, 4200)),
        _card(-60, 10, 50, 40, 0.5),
    )
    return Light(name="flash", panels=panels, horizon=0.30, below=0.12, zenith=0.40, kelvin=kelvin)


def _desk_lamp(rng: Generator) -> Light:
    kelvin = rng.uniform(2900, 4100)
    side = float(rng.choice([-1, 1]))
    panels = (
        _lamp(60 * side, 52, (16, 16), 60.0, kelvin, softness=0.05),
        _lamp(-120 * side, 35, (44, 40), 1.6, kelvin + 1500),
        _card(-30 * side, 18, 24, 60, 0.8),
        _card(140, 14, 60, 20, 0.7),
    )
    return Light(name="desk_lamp", panels=panels, horizon=0.26, below=0.08, zenith=0.30, kelvin=kelvin)


LIGHTS: Mapping[str, Callable[[Generator], Light]] = {
    "soft_boxes": _soft_boxes,
    "light_tent": _light_tent,
    "window": _window,
    "fluorescent": _fluorescent,
    "flash": _flash,
    "desk_lamp": _desk_lamp,
}
"""Kinds of light by name."""
STUDIO_LIGHTS = ("soft_boxes", "light_tent", "window")
"""Those a brand photographs its golden sample under first."""
OTHER_LIGHTS = tuple(name for name in LIGHTS if name not in STUDIO_LIGHTS)
"""What a factory has besides."""
