"""Light: a room around the piece, painted into an environment map of directions.

Metal shows nothing but its surroundings. So each light is a room with soft boxes, a window or tubes, with dark cards
and furniture between them, the dark of the phone itself, and never a point.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
