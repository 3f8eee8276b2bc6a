"""Finger bands: a profile swept round the finger, with the shoulders that carry a setting.

A band is upright about the y axis, its centre at the origin, its top at +z. Angles count from the top, in radians.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import manifold3d
import numpy as np
from numpy.random import Generator
from scipy.spatial import cKDTree

from visiqc.errors import InputError
from visiqc.rendering.cuts import evenly
from visiqc.rendering.mesh import Mesh, Points, grid_faces, grid_normals, joined, outward
from visiqc.rendering.surfaces import bezier, tube

Along = Callable[[Points], Points]
"""A measure in mm by angle from the top."""

_COMFORT = 0.07
"""How far the inside curves away at its edges, share of the thickness."""


def _bevelled(u: Points) -> Points:
    return 1 - 0.38 * np.clip((np.abs(u) - 0.66) / 0.34, 0, 1)


def _stepped(u: Points) -> Points:
    return np.where(np.abs(u) < 0.62, 1.0, 0.8)


PROFILES: Mapping[str, Along] = {
    "flat": np.ones_like,
    "court": lambda u: 1 - 0.42 * np.abs(u) ** 2.6,
    "half_round": lambda u: 0.25 + 0.75 * np.sqrt(1 - 0.98 * u**2),
    "knife": lambda u: 1 - 0.5 * np.abs(u),
    "bevelled": _bevelled,
    "concave": lambda u: 0.8 + 0.2 * u**2,
    "stepped": _stepped,
}
"""Height of the outside over the band's width, u = -1..1, share of the thickness."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """A strand of metal round the finger.

    Attributes:
        inner_radius: Of the finger hole, mm.
        width: mm at the bottom.
        thickness: mm at the bottom.
        profile: Key in `PROFILES`.
        width_at: Width in mm by angle; None = `width` all round.
        thickness_at: Thickness in mm by angle; None = `thickness` all round.
        aside_at: How far the strand's middle lies off along y; None = nowhere.
        rise_at: How far its inside lies outside the finger hole; None = nowhere.
        grooves: Cut round the outside: each one's middle along y, width and depth, mm.
        soften: Radius of the profile's edges, mm.
        steps: Vertices round the finger.
        sides: Vertices round the profile.
    """

    inner_radius: float
    width: float
    thickness: float
    profile: str = "court"
    width_at: Along | None = None
    thickness_at: Along | None = None
    aside_at: Along | None = None
    rise_at: Along | None = None
    grooves: tuple[tuple[float, float, float], ...] = ()
    soften: float = 0.2
    steps: int = 720
    sides: int = 112

    def grid(self) -> tuple[Points, Points]:
        """(steps + 1, sides + 1, 3) points, and (sides + 1,) each one's height in the profile, 0 inside to 1."""
        section = section_of(self)
        around = np.linspace(-np.pi, np.pi, self.steps + 1)[:, None]
        none = np.zeros_like(around)
        width = self.width_at(around) if self.width_at else none + self.width
        thickness = self.thickness_at(around) if self.thickness_at else none + self.thickness
        radius = self.inner_radius + section[:, 1] * thickness + (self.rise_at(around) if self.rise_at else 0.0)
        y = section[:, 0] * width / 2 + (self.aside_at(around) if self.aside_at else 0.0)
        return np.stack([radius * np.sin(around), y, radius * np.cos(around)], axis=-1), section[:, 1]

    def mesh(self) -> Mesh:
        """The strand, with normals and uv = (angle, way round the profile)."""
        return gridded(self.grid()[0])

    def hammered(self, rng: Generator, *, dimple_mm: float, depth_mm: float) -> Mesh:
        """The strand with its outside struck by a ball hammer."""
        grid, height = self.grid()
        weight = np.clip((height - 0.35) / 0.25, 0, 1)[None, :]
        return gridded(grid + struck(grid, weight, rng, dimple_mm=dimple_mm, depth_mm=depth_mm))


def section_of(sweep: Sweep) -> Points:
    """(sides + 1, 2) closed loop of (-1..1 across, 0..1 outward) at even steps of a profile with softened edges."""
    width, thickness = sweep.width, sweep.thickness
    u = np.linspace(-1, 1, 97)
    top = np.stack([u * width / 2, PROFILES[sweep.profile](u) * thickness], axis=1)
    inside = np.stack([-u * width / 2, _COMFORT * thickness * np.abs(u) ** 3], axis=1)
    radius = min(sweep.soften, 0.2 * width, 0.3 * thickness)
    rough = manifold3d.CrossSection([np.concatenate([inside, top])], manifold3d.FillRule.NonZero)
    eased = rough.offset(-radius, manifold3d.JoinType.Round, 2, 96).offset(radius, manifold3d.JoinType.Round, 2, 96)
    for middle, wide, deep in sweep.grooves:
        floor = float(np.interp(middle, top[:, 0], top[:, 1])) - deep
        eased -= manifold3d.CrossSection.square((wide, 2 * thickness)).translate((middle - wide / 2, floor))
    loop = np.asarray(max(eased.to_polygons(), key=len), float)
    start = int(np.argmin(np.abs(loop[:, 0]) + 4 * np.maximum(loop[:, 1], 0)))
    even = evenly(np.roll(loop, -start, axis=0), sweep.sides)
    return np.concatenate([even, even[:1]]) / (width / 2, float(even[:, 1].max()))


def gridded(grid: Points) -> Mesh:
    """The mesh of a strand's grid, (R, C, 3), closed both ways."""
    normals = grid_normals(grid)
    normals *= np.sign((normals * (grid - grid.mean(axis=1, keepdims=True))).sum())
    rows, columns = grid.shape[:2]
    uv = np.stack(np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 1, columns), indexing="ij"), axis=-1)
    faces = grid_faces(rows, columns)
    return outward(Mesh(grid.reshape(-1, 3), faces, normals.reshape(-1, 3), uv.reshape(-1, 2)))


def struck(grid: Points, weight: Points, rng: Generator, *, dimple_mm: float, depth_mm: float) -> Points:
    """What a ball hammer does to a surface: shallow dishes that meet in ridges.

    Args:
        grid: (R, C, 3) points of a strand, closed both ways.
        weight: Broadcast to (R, C), 0 where it is not struck.
        rng: Decides where the blows fall.
        dimple_mm: Distance between blows.
        depth_mm: Of a dish.

    Returns:
        (R, C, 3) mm to be added to the points.
    """
    normals = grid_normals(grid)
    normals *= np.sign((normals * (grid - grid.mean(axis=1, keepdims=True))).sum())
    points = grid.reshape(-1, 3)
    blows = points[rng.permutation(len(points))[: 60 * round(len(points) ** 0.5)]]
    kept = _apart(blows, 0.72 * dimple_mm)
    reach = cKDTree(kept).query(points)[0].reshape(grid.shape[:2])
    dish = np.clip(1 - (reach / (0.75 * dimple_mm)) ** 2, 0, 1) * depth_mm
    return np.asarray(-normals * (dish * weight)[..., None])


def _apart(points: Points, least: float) -> Points:
    """The first points of which no two are nearer than `least`."""
    near = cKDTree(points).query_ball_point(points, least)
    free = np.ones(len(points), bool)
    kept = []
    for number, others in enumerate(near):
        if free[number]:
            kept.append(number)
            free[others] = False
    return points[kept]


def smoothstep(x: Points) -> Points:
    """0 below 0, 1 above 1, smooth between."""
    held = np.clip(x, 0, 1)
    return np.asarray(held * held * (3 - 2 * held))


def tapered(bottom: float, top: float, *, power: float = 1.0) -> Along:
    """A measure that runs from `bottom` to `top` mm up the band."""
    return lambda angle: bottom + (top - bottom) * ((1 + np.cos(angle)) / 2) ** power


def split_strands(sweep: Sweep, spread: float, *, from_deg: float) -> list[Sweep]:
    """A band that parts into two strands `spread` mm apart at the top: the band, and the strands that leave it."""
    start = np.deg2rad(from_deg)

    def parting(angle: Points) -> Points:
        return smoothstep(1 - np.abs(angle) / start)

    slim = 0.52 * sweep.width
    base = replace(
        sweep,
        width_at=lambda angle: np.maximum(sweep.width * (1 - 1.4 * parting(angle)), 0.02),
        thickness_at=lambda angle: sweep.thickness * (1 - 0.5 * smoothstep(2 * parting(angle))),
    )

    def strand(way: float) -> Sweep:
        return replace(
            sweep,
            width=slim,
            width_at=lambda angle: slim * (0.9 + 0.1 * parting(angle)),
            thickness_at=lambda angle: sweep.thickness * (0.93 + 0.05 * parting(angle)),
            aside_at=lambda angle: way * (0.2 * sweep.width + (spread / 2 - 0.2 * sweep.width) * parting(angle)),
            steps=560,
            sides=64,
        )

    return [replace(base, steps=560), strand(-1.0), strand(1.0)]


def twisted(inner_radius: float, width: float, *, turns: int, strands: int = 2) -> Mesh:
    """Round wires laid round one another, `width` mm over all."""
    wire = width / 4 if strands == 2 else width / 4.3
    angle = np.linspace(-np.pi, np.pi, 721)
    made = []
    for k in range(strands):
        turn = turns * angle + 2 * np.pi * k / strands
        radius = inner_radius + 2 * wire + (width / 2 - wire) * np.cos(turn)
        y = (width / 2 - wire) * np.sin(turn)
        path = np.stack([radius * np.sin(angle), y, radius * np.cos(angle)], axis=1)
        made.append(tube(path, wire, sides=32, closed=True))
    return joined(made)


def cathedral(
    outer_radius: float, width: float, *, from_deg: float, top: tuple[float, float], thick: float
) -> list[Mesh]:
    """Two arms that leave the band at an angle from its top and rise to (x, z) = `top` at either side of the head."""
    start = np.deg2rad(from_deg)
    foot = (outer_radius - 0.72 * thick) * np.array([np.sin(start), np.cos(start)])
    ahead = np.array([-np.cos(start), np.sin(start)])
    reach = float(np.linalg.norm(np.array(top) - foot))
    line = bezier([[*foot], [*(foot + ahead * 0.5 * reach)], [*top]], 48)
    arms = []
    for way in (-1.0, 1.0):
        path = np.stack([way * line[:, 0], 0 * line[:, 0], line[:, 1]], axis=1)
        radii = thick / 2 * np.linspace(1.0, 0.8, len(path))
        arms.append(tube(path, radii, sides=32, flatness=width / thick))
    return arms


def check_band(*, inner_radius: float, width: float, thickness: float, profile: str) -> None:
    """Refuse a band nobody could wear or cast.

    Raises:
        InputError: No such profile, or measures outside what a band can have.
    """
    if profile not in PROFILES:
        raise InputError(f"unknown band profile {profile!r}; known are {', '.join(PROFILES)}")
    if not (5.5 <= inner_radius <= 13 and 0.9 <= width <= 16 and 0.8 <= thickness <= 4.5):
        raise InputError(
            f"impossible geometry: a band {width:.2f} mm wide and {thickness:.2f} mm thick for a finger of "
            f"{2 * inner_radius:.2f} mm; it takes 0.9-16 mm by 0.8-4.5 mm round 11-26 mm"
        )
