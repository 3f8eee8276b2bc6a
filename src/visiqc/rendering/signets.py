"""The body of a signet ring: a band that swells into a flat table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from visiqc.rendering.mesh import Mesh, Points, grid_faces, grid_normals, outward
from visiqc.rendering.shanks import Sweep, section_of, smoothstep, struck

_SHOULDER_DEG = 125.0
"""How far down from the top the band is wider than at the bottom."""


def _round_gauge(x: Points, y: Points) -> Points:
    return np.hypot(x, y)


def _cushion_gauge(x: Points, y: Points) -> Points:
    return np.asarray((np.abs(x) ** 3.6 + np.abs(y) ** 3.6) ** (1 / 3.6))


def _octagon_gauge(x: Points, y: Points) -> Points:
    return np.asarray(np.maximum(np.maximum(np.abs(x), np.abs(y)), (np.abs(x) + np.abs(y)) / 1.48))


def _shield_gauge(x: Points, y: Points) -> Points:
    """A straight upper edge with round corners and a point below, towards -y."""
    t = np.linspace(0, np.pi / 2, 40)
    corner = np.stack([0.82 + 0.18 * np.cos(t), 0.82 + 0.18 * np.sin(t)], axis=1)
    side = np.stack([np.cos(t) ** 0.8, 0.1 - 1.1 * np.sin(t)], axis=1)
    edge = np.stack([np.ones(30), np.linspace(0.1, 0.82, 30)], axis=1)[1:-1]
    right = np.concatenate([side[::-1], edge, corner])
    reach, angle = np.hypot(*right.T), np.arctan2(right[:, 1], right[:, 0])
    top = np.linspace(angle[-1], np.pi / 2, 30)[1:]
    reach, angle = np.concatenate([reach, 1 / np.sin(top)]), np.concatenate([angle, top])
    return np.asarray(np.hypot(x, y) / np.interp(np.arctan2(y, np.abs(x)), angle, reach))


GAUGES: Mapping[str, Callable[[Points, Points], Points]] = {
    "round": _round_gauge,
    "oval": _round_gauge,
    "cushion": _cushion_gauge,
    "octagon": _octagon_gauge,
    "shield": _shield_gauge,
}
"""Of each table: 1 on its outline, less inside, over coordinates in half-lengths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignetBody:
    """The measures of a signet ring.

    Attributes:
        inner_radius: Of the finger hole, mm.
        width: Of the band at the bottom, mm.
        thickness: Of the band at the bottom, mm.
        table: Key in `GAUGES`.
        across: Table's size round the finger, mm.
        along: Its size along the finger, mm.
        rise: How much thicker the ring is under the table than at the bottom, mm.
        flank: How steeply it falls off beside the table; 1.2 soft to 3 steep.
        steps: Vertices round the finger, most of them round the table.
        sides: Vertices round the profile.
    """

    inner_radius: float
    width: float
    thickness: float
    table: str
    across: float
    along: float
    rise: float
    flank: float = 1.8
    steps: int = 720
    sides: int = 232

    @property
    def table_height(self) -> float:
        """Of the table above the finger's axis, mm."""
        return self.inner_radius + self.thickness + self.rise

    def mesh(self, hammer: Generator | None = None, *, dimple_mm: float = 1.2) -> Mesh:
        """The body about the origin; `hammer` strikes everything but the table."""
        grid, height, table = self._surface()
        if hammer is not None:
            weight = np.clip((height - 0.35) / 0.25, 0, 1) * smoothstep((table - 1.08) / 0.25)
            grid = grid + struck(grid, weight, hammer, dimple_mm=dimple_mm, depth_mm=0.045 * dimple_mm)
        normals = grid_normals(grid)
        normals *= np.sign((normals * (grid - grid.mean(axis=1, keepdims=True))).sum())
        flat = (table <= 1) & (height > 0.5)
        grid[..., 2] = np.where(flat, self.table_height, grid[..., 2])
        normals[flat] = (0.0, 0.0, 1.0)
        rows, columns = grid.shape[:2]
        uv = np.stack(np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 1, columns), indexing="ij"), axis=-1)
        faces = grid_faces(rows, columns)
        return outward(Mesh(grid.reshape(-1, 3), faces, normals.reshape(-1, 3), uv.reshape(-1, 2)))

    def _surface(self) -> tuple[Points, Points, Points]:
        """(R, C, 3) points that bulge over the table's plane, (R, C) height in the profile, (R, C) table gauge."""
        angle = self._angles()[:, None]
        swell = smoothstep(1 - np.abs(angle) / np.deg2rad(_SHOULDER_DEG)) ** 1.2
        section = self._section(swell)
        half = self.width / 2 + (self.along / 2 + 0.55 - self.width / 2) * swell
        y, height = section[..., 0] * half, section[..., 1]
        x = self.table_height * np.tan(np.clip(angle, -1.55, 1.55))
        gauge = GAUGES[self.table](x / (self.across / 2), y / (self.along / 2)) + 0 * y
        radius = self.inner_radius + height * (self._outside(angle, x, gauge) - self.inner_radius)
        return np.stack([radius * np.sin(angle), y, radius * np.cos(angle)], axis=-1), height, gauge

    def _outside(self, angle: Points, x: Points, gauge: Points) -> Points:
        """(R, C) distance of the outside from the finger's axis, falling from the table's edge to the band."""
        edge = np.hypot(self.table_height, x / np.maximum(gauge, 1.0))
        band = self.inner_radius + self.thickness * (1 + 0.2 * smoothstep(1 - np.abs(angle) / 2.4))
        begins, ends = np.arctan(self.across / 2 / self.table_height), np.pi / 2
        down = np.arctan(gauge * self.across / 2 / self.table_height)
        fall = (1 - np.clip((down - begins) / (ends - begins), 0, 1)) ** self.flank
        plane = self.table_height / np.maximum(np.cos(angle), 0.2)
        return np.where(gauge <= 1, plane, band + (edge - band) * fall)

    def _angles(self) -> Points:
        """(steps + 1,) angles, three quarters of them within 60° of the top."""
        t = np.linspace(-1, 1, self.steps + 1)
        return np.asarray(np.pi * (0.4 * t + 0.6 * t**3))

    def _section(self, swell: Points) -> Points:
        """(R, C, 2) the profile: a court band below, upright sides under the table."""
        sweep = Sweep(inner_radius=self.inner_radius, width=self.width, thickness=self.thickness, sides=self.sides)
        court = section_of(sweep)
        broad = replace(sweep, profile="flat", width=self.along, thickness=self.thickness + self.rise, soften=0.45)
        weight = smoothstep(1.6 * swell)[..., None]
        return np.asarray(court * (1 - weight) + section_of(broad) * weight)
