"""The camera: the golden pose of a piece, how far a factory's phone misses it, and its lens."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.random import Generator

from visiqc.errors import InputError
from visiqc.rendering.light import towards
from visiqc.rendering.mesh import Points, unit
from visiqc.rendering.piece import Piece, Role
from visiqc.rendering.shots import PoseLevel

DISTANCE_MM = 180.0
"""From the lens to the piece in the golden pose."""
_REACH = {
    PoseLevel.JIG: (0.5, 0.005, 0.005),
    PoseLevel.GUIDED: (3.0, 0.04, 0.025),
    PoseLevel.HANDHELD: (10.0, 0.12, 0.05),
}
"""Largest error of each angle in degrees, of the distance and of the aim, both as shares."""
_FILL_BESIDE = 0.66  # of the frame by a piece and what is beside it
_FEWEST_MM = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A thin-lens camera that looks at the piece.

    Attributes:
        azimuth_deg: Of the lens, seen from the target; -90 looks along +y.
        elevation_deg: Of the lens above the ground.
        roll_deg: About the line of sight.
        distance_mm: From the lens to the target.
        target: (3,) mm, in the middle of the picture.
        field_deg: Field of view over the picture's side.
        aperture_mm: Radius of the lens opening.
        focus_mm: Distance of the plane in focus.
    """

    azimuth_deg: float
    elevation_deg: float
    roll_deg: float
    distance_mm: float
    target: tuple[float, float, float]
    field_deg: float
    aperture_mm: float = 0.0
    focus_mm: float = DISTANCE_MM

    @property
    def origin(self) -> Points:
        """(3,) mm, the middle of the lens."""
        return np.asarray(self.target) + self.distance_mm * towards(self.azimuth_deg, self.elevation_deg)

    def axes(self) -> tuple[Points, Points, Points]:
        """Unit vectors (3,) to the right of, up in and out of the picture towards the camera, without roll."""
        back = towards(self.azimuth_deg, self.elevation_deg)
        right = unit(np.cross([0.0, 0.0, 1.0], back))
        return right, np.cross(back, right), back

    def seen(self, points: Points) -> Points:
        """(N, 2) places of (N, 3) points, 0 at the picture's middle and ±1 at its edges, x right and y up; no roll."""
        right, up, back = self.axes()
        offset = points - self.origin
        depth = -(offset @ back)
        half = np.tan(np.deg2rad(self.field_deg / 2))
        return np.asarray(np.stack([offset @ right, offset @ up], axis=1) / (depth * half)[:, None])

    def record(self) -> dict[str, Any]:
        """The camera as JSON, rounded to a thousandth."""
        return {
            key: [round(float(part), 3) for part in value] if isinstance(value, tuple) else round(float(value), 3)
            for key, value in asdict(self).items()
        }


def golden_camera(piece: Piece, *, turn_deg: float = 0.0, beside: Points | None = None) -> Camera:
    """The pose of the golden photo: the piece in the middle, filling its view's share of the frame.

    Args:
        piece: What is photographed.
        turn_deg: How far the camera went around it, for a turntable set.
        beside: (N, 3) corners of something that is framed together with it: then both are in the middle, and fill a
            little less where the view alone would leave no room to miss the pose.

    Raises:
        InputError: The piece is smaller than 3 mm or has nothing to frame.
    """
    points = _framed(piece)
    if np.ptp(points, axis=0).max() < _FEWEST_MM:
        raise InputError(f"impossible geometry: the piece is smaller than {_FEWEST_MM:g} mm")
    fill = piece.view.fill
    if beside is not None:
        points, fill = np.concatenate([points, beside]), min(fill, _FILL_BESIDE)
    camera = Camera(
        azimuth_deg=-90 - piece.view.yaw_deg - turn_deg,
        elevation_deg=piece.view.elevation_deg,
        roll_deg=0.0,
        distance_mm=DISTANCE_MM,
        target=_triple(points.mean(axis=0)),
        field_deg=10.0,
    )
    for _ in range(3):  # aim and field change each other a little through perspective
        seen = camera.seen(points)
        low, high = seen.min(axis=0), seen.max(axis=0)
        half = np.tan(np.deg2rad(camera.field_deg / 2))
        right, up, _ = camera.axes()
        middle = (low + high) / 2 * half * camera.distance_mm
        target = _triple(np.asarray(camera.target) + right * middle[0] + up * middle[1])
        wanted = half * float((high - low).max()) / 2 / fill
        camera = replace(camera, target=target, field_deg=float(2 * np.rad2deg(np.arctan(wanted))))
    return camera


def missed(camera: Camera, level: PoseLevel, rng: Generator) -> Camera:
    """The golden pose as a factory meets it: every angle, the distance and the aim off by up to the level's reach."""
    angle, distance, aim = _REACH[level]
    right, up, _ = camera.axes()
    width = 2 * camera.distance_mm * np.tan(np.deg2rad(camera.field_deg / 2))
    off = rng.uniform(-aim, aim, 2) * width
    factor = 1 + float(rng.uniform(-distance, distance))
    return replace(
        camera,
        azimuth_deg=camera.azimuth_deg + float(rng.uniform(-angle, angle)),
        elevation_deg=float(np.clip(camera.elevation_deg + rng.uniform(-angle, angle), 8, 86)),
        roll_deg=camera.roll_deg + float(rng.uniform(-angle, angle)),
        distance_mm=camera.distance_mm * factor,
        target=_triple(np.asarray(camera.target) + right * off[0] + up * off[1]),
    )


def focused(camera: Camera, level: PoseLevel, rng: Generator) -> Camera:
    """The camera with a lens opening, focused on the front half of the piece, more or less well."""
    error = {PoseLevel.JIG: 0.8, PoseLevel.GUIDED: 1.4, PoseLevel.HANDHELD: 2.2}[level]
    width = 2 * camera.distance_mm * np.tan(np.deg2rad(camera.field_deg / 2))
    front = 0.08 * width
    return replace(
        camera,
        aperture_mm=float(np.exp(rng.uniform(np.log(0.3), np.log(0.95)))),
        focus_mm=camera.distance_mm - front + float(rng.normal(0, error)),
    )


def _framed(piece: Piece) -> Points:
    names = piece.focus or tuple(
        name for name, part in piece.parts.items() if part.role not in {Role.FOREIGN, Role.AIR}
    )
    chosen = [part.mesh.vertices for name, part in piece.parts.items() if name.partition("#")[0] in names]
    if not chosen:
        raise InputError("a piece needs at least one part to frame the photo on")
    return np.concatenate(chosen)


def _triple(values: Points) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z
