"""Light: a room around the piece, painted into an environment map of directions.

Metal shows nothing but its surroundings. So each light is a room with soft boxes, a window or tubes, with dark cards
and furniture between them, the dark of the phone itself, and never a point.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from visiqc.errors import BadRecipe
from visiqc.vision.types import FloatArray

_ROWS = 256
_REFERENCE_K = 5500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A rectangle seen from the piece; bright, or a dark card.

    Attributes:
        azimuth_deg: Of its middle, from the camera's own azimuth.
        elevation_deg: Of its middle.
        width_deg: Seen width.
        height_deg: Seen height.
        radiance: Of its middle, relative; for a card 0 to 1, the share of light it takes away.
        kelvin: Its colour temperature.
        softness: Width of its edge, tangent of the angle.
        roll_deg: Turned about its middle.
        card: Whether it darkens what is behind it.
        green: Excess of green, as fluorescent tubes have.
    """

    azimuth_deg: float
    elevation_deg: float
    width_deg: float
    height_deg: float
    radiance: float
    kelvin: float = _REFERENCE_K
    softness: float = 0.06
    roll_deg: float = 0.0
    card: bool = False
    green: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """All the light on one photo.

    Attributes:
        name: Key in `LIGHTS`.
        panels: Painted one over the other in this order.
        horizon: Radiance of the room at the horizon.
        below: Under it.
        zenith: Overhead.
        kelvin: Colour temperature of the room, and what the camera balances for before it errs.
    """

    name: str
    panels: tuple[Panel, ...]
    horizon: float
    below: float
    zenith: float
    kelvin: float

    def record(self) -> dict[str, Any]:
        """The light as JSON, angles to a hundredth."""
        rounded = [
            {key: round(value, 3) if isinstance(value, float) else value for key, value in asdict(panel).items()}
            for panel in self.panels
        ]
        return {"name": self.name, "kelvin": round(self.kelvin), "panels": rounded}


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


def environment(light: Light, *, camera_azimuth_deg: float) -> FloatArray:
    """(256, 512, 3) float32 radiance by direction, z up, in the layout of Mitsuba's `envmap` turned +90° about x.

    Args:
        light: What to paint.
        camera_azimuth_deg: The azimuth that the panels' own are counted from.
    """
    v, u = np.meshgrid((np.arange(_ROWS) + 0.5) / _ROWS, (np.arange(2 * _ROWS) + 0.5) / (2 * _ROWS), indexing="ij")
    polar, around = v * np.pi, u * 2 * np.pi
    directions = np.stack([np.sin(around) * np.sin(polar), np.cos(around) * np.sin(polar), np.cos(polar)], axis=-1)
    height = np.arcsin(np.clip(directions[..., 2], -1, 1)) / (np.pi / 2)
    above = light.horizon + (light.zenith - light.horizon) * np.clip(height, 0, 1) ** 1.3
    under = light.horizon + (light.below - light.horizon) * np.clip(-2 * height, 0, 1)
    picture = np.where(height > 0, above, under)[..., None] * blackbody(light.kelvin)
    for panel in light.panels:
        picture = _painted(picture, directions, panel, camera_azimuth_deg)
    return np.asarray(picture, np.float32)


def blackbody(kelvin: float) -> NDArray[np.float64]:
    """(3,) linear RGB of a black body relative to 5500 K, mean 1 (Planck's law at 610, 545 and 460 nm)."""
    wavelength = np.array([610e-9, 545e-9, 460e-9])

    def emitted(temperature: float) -> NDArray[np.float64]:
        return np.asarray(1 / (wavelength**5 * np.expm1(1.4388e-2 / (wavelength * temperature))))

    colour = emitted(kelvin) / emitted(_REFERENCE_K)
    return np.asarray(colour / colour.mean())


def towards(azimuth_deg: float, elevation_deg: float) -> NDArray[np.float64]:
    """(3,) unit vector, z up."""
    azimuth, elevation = np.deg2rad(azimuth_deg), np.deg2rad(elevation_deg)
    return np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)])


def _painted(
    picture: NDArray[np.float64], directions: NDArray[np.float64], panel: Panel, camera_azimuth_deg: float
) -> NDArray[np.float64]:
    middle = towards(camera_azimuth_deg + panel.azimuth_deg, panel.elevation_deg)
    right = np.cross([0.0, 0.0, 1.0], middle)
    right /= max(float(np.linalg.norm(right)), 1e-9)
    up = np.cross(middle, right)
    roll = np.deg2rad(panel.roll_deg)
    right, up = right * np.cos(roll) + up * np.sin(roll), up * np.cos(roll) - right * np.sin(roll)
    ahead = directions @ middle
    x, y = (directions @ axis / np.maximum(ahead, 1e-6) for axis in (right, up))
    half = np.tan(np.deg2rad([panel.width_deg / 2, panel.height_deg / 2]))
    cover = (_edge((half[0] - np.abs(x)) / panel.softness) * _edge((half[1] - np.abs(y)) / panel.softness)) * (
        ahead > 0
    )
    cover = cover[..., None]
    if panel.card:
        return picture * (1 - cover * panel.radiance)
    fall_off = np.clip(1 - 0.175 * ((x / half[0]) ** 2 + (y / half[1]) ** 2), 0.3, 1)[..., None]
    colour = blackbody(panel.kelvin) * np.array([1.0, 1 + panel.green, 1.0])
    return np.asarray(picture * (1 - cover) + cover * panel.radiance * fall_off * colour)


def _edge(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    step = np.clip(distance + 0.5, 0, 1)
    return np.asarray(step * step * (3 - 2 * step))


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
