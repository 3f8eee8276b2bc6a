"""What all finger rings share: the finger, the band and the way they stand before the camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator

from visiqc.errors import InputError
from visiqc.rendering.design import Look
from visiqc.rendering.mesh import Frame, Mesh, facing, frame_of, joined
from visiqc.rendering.piece import Part, Piece, View, piece_of
from visiqc.rendering.shanks import PROFILES, Sweep, check_band


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerRing:
    """The band's numbers.

    Attributes:
        inner_radius: Half the ring size's diameter, mm.
        width: Of the band at the bottom, mm.
        thickness: mm.
        profile: Key in `shanks.PROFILES`.
        blows: Decides where the hammer falls on a hammered band.
        dimple_mm: Distance between the hammer's blows.
        elevation_deg: Of the camera for the golden photo.
        yaw_deg: How far the ring is turned for it.
    """

    inner_radius: float = 8.5
    width: float = 2.2
    thickness: float = 1.7
    profile: str = "court"
    blows: int = 0
    dimple_mm: float = 1.2
    elevation_deg: float = 28.0
    yaw_deg: float = 25.0

    def check_band(self) -> None:
        """Refuse a band nobody could wear or cast."""
        check_band(inner_radius=self.inner_radius, width=self.width, thickness=self.thickness, profile=self.profile)

    @property
    def outer_radius(self) -> float:
        """Of the band at the bottom, mm; the finger's axis lies that high above the ground."""
        return self.inner_radius + self.thickness

    def sweep(self, **changes: Any) -> Sweep:
        """The band as it is swept, with fields of `Sweep` changed."""
        given: dict[str, Any] = {
            "inner_radius": self.inner_radius,
            "width": self.width,
            "thickness": self.thickness,
            "profile": self.profile,
        }
        return Sweep(**{**given, **changes})

    def forged(self, sweeps: Sequence[Sweep], look: Look) -> Mesh:
        """The strands in the look's finish, about the origin."""
        if look.finish != "hammered":
            return joined(sweep.mesh() for sweep in sweeps)
        rng = np.random.default_rng(self.blows)
        depth = 0.045 * self.dimple_mm
        return joined(sweep.hammered(rng, dimple_mm=self.dimple_mm, depth_mm=depth) for sweep in sweeps)

    def shank(self, mesh: Mesh) -> Part:
        """The band's part, from a mesh about the origin."""
        return Part(name="shank", mesh=mesh.moved((0, 0, self.outer_radius)), group="shank")

    def at_top(self, height: float, *, along_finger: bool = True, shift: float = 0.0) -> Frame:
        """A frame facing up, `height` mm above the finger's axis, x along the finger or round it.

        `shift` moves it along its own x.
        """
        linear = facing((0, 0, 1), (0, 1, 0) if along_finger else (1, 0, 0))
        return np.asarray(frame_of(linear, (0, 0, self.outer_radius + height)) @ frame_of(None, (shift, 0, 0)))

    def on_band(self, angle: float, radius: float, aside: float = 0.0) -> Frame:
        """A frame facing out of the band at an angle from its top (radians), x along the band."""
        out = np.array([np.sin(angle), 0.0, np.cos(angle)])
        ahead = np.array([np.cos(angle), 0.0, -np.sin(angle)])
        return frame_of(facing(out, ahead), out * radius + (0, aside, self.outer_radius))

    def along_band(self, angles: Sequence[float], radius: float, aside: float = 0.0) -> list[Frame]:
        """Frames as `on_band` gives them, one for each angle."""
        return [self.on_band(angle, radius, aside) for angle in angles]

    def on_surface(self, angle: float, aside: float, *, sunk: float = 0.0) -> Frame:
        """A frame square to the profile's outside at an angle from the top (radians), `sunk` mm below it."""
        u = np.clip(np.array([aside - 0.05, aside, aside + 0.05]) / (self.width / 2), -1, 1)
        low, height, high = PROFILES[self.profile](u) * self.thickness
        slope = (high - low) / 0.1
        flat = self.on_band(angle, self.inner_radius + float(height), aside)
        out = flat[:3, 2] - slope * np.array([0.0, 1.0, 0.0])
        tilted = frame_of(facing(out, flat[:3, 0]), flat[:3, 3])
        return np.asarray(tilted @ frame_of(None, (0, 0, -sunk)))

    @property
    def seen_angle(self) -> float:
        """Angle from the top, radians, at which the band's outside faces the camera most."""
        elevation, yaw = np.deg2rad(self.elevation_deg), np.deg2rad(self.yaw_deg)
        return float(np.arctan2(-np.sin(yaw) * np.cos(elevation), np.sin(elevation)))

    def photographed(self, parts: list[Part], *, fill: float = 0.62) -> Piece:
        """The ring on its edge."""
        view = View(elevation_deg=self.elevation_deg, yaw_deg=self.yaw_deg, fill=fill)
        return piece_of(parts, view=view, standing=True)


def drawn_band(
    rng: Generator, *, width: tuple[float, float], thickness: tuple[float, float], profiles: Sequence[str]
) -> dict[str, Any]:
    """Fields of `FingerRing`, with width and thickness from ranges in mm and one of some profiles."""
    return {
        "inner_radius": round(float(rng.uniform(7.5, 10.2)), 2),
        "width": round(float(rng.uniform(*width)), 2),
        "thickness": round(float(rng.uniform(*thickness)), 2),
        "profile": str(rng.choice(list(profiles))),
        "blows": int(rng.integers(1 << 31)),
        "dimple_mm": round(float(rng.uniform(0.9, 1.9)), 2),
        "elevation_deg": round(float(rng.uniform(22, 40)), 1),
        "yaw_deg": round(float(rng.uniform(15, 40)), 1),
    }


def check_carried(stone_mm: float, ring: FingerRing) -> None:
    """Refuse a stone too large for its band.

    Raises:
        InputError: It is longer than the finger is wide, or than seven times the band.
    """
    most = min(2 * ring.inner_radius, 7 * ring.width)
    if not 1.5 <= stone_mm <= most:
        raise InputError(
            f"impossible geometry: a stone of {stone_mm:.2f} mm on a band {ring.width:.2f} mm wide for a finger of "
            f"{2 * ring.inner_radius:.2f} mm; it carries 1.5 to {most:.2f} mm"
        )
