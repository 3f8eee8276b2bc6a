"""Surfaces from a few numbers: tubes along a path, rings, spheres, bodies of revolution, finger bands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import ArrayLike

from visiqc.rendering.mesh import Mesh, Points, face_normals, grid_faces, grid_normals, outward, smoothed, unit

_CAP_STEPS = 8


def bezier(points: ArrayLike, steps: int = 40) -> Points:
    """(steps, 3) points along the Bézier curve of the given control points."""
    control = np.asarray(points, float)
    degree, t = len(control) - 1, np.linspace(0, 1, steps)[:, None]
    return np.asarray(sum(comb(degree, i) * (1 - t) ** (degree - i) * t**i * control[i] for i in range(degree + 1)))


def tube(
    path: ArrayLike,
    radius: ArrayLike,
    *,
    sides: int = 28,
    capped: bool = True,
    closed: bool = False,
    flatness: float = 1.0,
) -> Mesh:
    """A round wire along a path, by parallel-transport frames.

    Args:
        path: (N, 3); a closed path repeats its first point last.
        radius: mm, one number or one a point.
        sides: Vertices around.
        capped: Whether open ends are rounded.
        closed: Whether the path is a loop.
        flatness: Second axis of the section over the first; 1 = round.
    """
    centre = np.asarray(path, float)
    radii = np.broadcast_to(np.asarray(radius, float), (len(centre),)).copy()
    along = np.gradient(centre, axis=0)
    if closed:
        along[0] = along[-1] = centre[1] - centre[-2]
    along = unit(along)
    if capped and not closed:
        centre, radii, along = _with_caps(centre, radii, along)
    across, beside = _transported(along, closed=closed)
    angle = np.linspace(0, 2 * np.pi, sides + 1)[None, :, None]
    offset = across[:, None] * np.cos(angle) + flatness * beside[:, None] * np.sin(angle)
    grid = centre[:, None] + radii[:, None, None] * offset
    normals = grid_normals(grid, closed_rows=closed)
    normals *= np.sign((normals * (grid - centre[:, None])).sum())
    s = np.linspace(0, 1, len(centre))
    uv = np.stack(np.meshgrid(s, angle.ravel() / (2 * np.pi), indexing="ij"), axis=-1)
    mesh = Mesh(grid.reshape(-1, 3), grid_faces(len(centre), sides + 1), normals.reshape(-1, 3), uv.reshape(-1, 2))
    return outward(mesh)


def _with_caps(centre: Points, radii: Points, along: Points) -> tuple[Points, Points, Points]:
    turn = np.linspace(0, np.pi / 2, _CAP_STEPS + 1)[:-1]
    back, rise = np.cos(turn), np.maximum(np.sin(turn), 1e-3)
    head = centre[0] - along[0] * (radii[0] * back)[:, None]
    tail = (centre[-1] + along[-1] * (radii[-1] * back)[:, None])[::-1]
    return (
        np.concatenate([head, centre, tail]),
        np.concatenate([radii[0] * rise, radii, (radii[-1] * rise)[::-1]]),
        np.concatenate([np.repeat(along[:1], _CAP_STEPS, 0), along, np.repeat(along[-1:], _CAP_STEPS, 0)]),
    )


def _transported(along: Points, *, closed: bool) -> tuple[Points, Points]:
    """Two unit vectors across the path at each point, without twist; on a loop the rest is spread evenly."""
    start = np.array([0.0, 0.0, 1.0]) if abs(along[0][2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    frames = [unit(start - along[0] * (start @ along[0]))]
    for direction in along[1:]:
        frames.append(unit(frames[-1] - direction * (frames[-1] @ direction)))
    across = np.array(frames)
    beside = np.cross(along, across)
    if closed:
        rest = np.arctan2(across[-1] @ beside[0], across[-1] @ across[0])
        turn = np.linspace(0, 1, len(along))[:, None] * -rest
        across, beside = (
            across * np.cos(turn) + beside * np.sin(turn),
            beside * np.cos(turn) - across * np.sin(turn),
        )
    return across, beside


def torus(
    radius: float,
    wire: float,
    *,
    steps: int = 160,
    sides: int = 28,
    stretch: tuple[float, float] = (1.0, 1.0),
    flatness: float = 1.0,
) -> Mesh:
    """A ring of wire in the plane z = 0, its circle stretched in x and y."""
    angle = np.linspace(0, 2 * np.pi, steps + 1)
    path = np.stack([radius * stretch[0] * np.cos(angle), radius * stretch[1] * np.sin(angle), 0 * angle], axis=1)
    return tube(path, wire, sides=sides, closed=True, flatness=flatness)


def sphere(radius: float, *, steps: int = 32) -> Mesh:
    """A sphere about the origin."""
    polar = np.linspace(1e-3, np.pi - 1e-3, steps)  # not 0: its ends close to a thousandth
    path = np.stack([0 * polar, 0 * polar, -radius * np.cos(polar)], axis=1)
    mesh = tube(path, radius * np.sin(polar), sides=2 * steps, capped=False)
    return Mesh(mesh.vertices, mesh.faces, unit(mesh.vertices), mesh.uv)


def revolved(profile: ArrayLike, *, sides: int = 128, crease_deg: float = 30.0) -> Mesh:
    """The surface that a polyline of (radius, height), (N, 2), sweeps about the z axis."""
    line = np.asarray(profile, float)
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    grid = np.stack(
        [line[:, :1] * np.cos(angle), line[:, :1] * np.sin(angle), np.repeat(line[:, 1:], sides + 1, axis=1)], axis=-1
    )
    vertices, faces = grid.reshape(-1, 3), grid_faces(len(line), sides + 1)
    faces = faces[np.linalg.norm(face_normals(vertices, faces), axis=1) > 1e-12]
    first, second, third = (vertices[faces[:, corner]] for corner in range(3))
    if (first * np.cross(second, third)).sum() < 0:
        faces = faces[:, ::-1]
    return smoothed(vertices, faces, crease_deg=crease_deg)


@dataclass(frozen=True, slots=True, kw_only=True)
class BandShape:
    """A finger band.

    Attributes:
        inner_radius: mm, half the ring size's diameter.
        width: mm at the bottom.
        thickness: mm.
        taper: How much narrower the top is, share of the width.
        squareness: Exponent of the super-ellipse profile: 2 round, 4 flat.
        width_at: Width by angle from the top in radians, (…) to (…); None = by width and taper.
        crown: mm the top is raised by.
        flat_above: Height above the centre that is cut flat, mm; None = nothing.
        steps: Vertices around the finger.
        sides: Vertices around the profile.
    """

    inner_radius: float = 8.5
    width: float = 2.2
    thickness: float = 1.7
    taper: float = 0.25
    squareness: float = 2.5
    width_at: Callable[[Points], Points] | None = None
    crown: float = 0.0
    flat_above: float | None = None
    steps: int = 1440
    sides: int = 160


def band(shape: BandShape) -> Mesh:
    """An upright finger band about the y axis, centre at the origin, its top at +z; uv = (angle, profile angle)."""
    around, profile = np.meshgrid(
        np.linspace(-np.pi, np.pi, shape.steps + 1), np.linspace(0, 2 * np.pi, shape.sides + 1), indexing="ij"
    )
    topness = (1 + np.cos(around)) / 2
    width = shape.width_at(around) if shape.width_at else shape.width * (1 - shape.taper * topness)
    rise = np.clip((np.cos(around) - 0.2) / 0.8, 0, 1) ** 1.5
    thickness = shape.thickness * (1 - 0.12 * shape.taper * topness) + shape.crown * rise
    c, s, power = np.cos(profile), np.sin(profile), 2 / shape.squareness
    y = width / 2 * np.sign(c) * np.abs(c) ** power
    depth = np.sign(s) * np.abs(s) ** power
    radius = shape.inner_radius + thickness / 2 * (1 + np.where(depth < 0, 0.93, 1.0) * depth)
    grid = np.stack([radius * np.sin(around), y, radius * np.cos(around)], axis=-1)
    if shape.flat_above is not None:
        grid[..., 2] = np.minimum(grid[..., 2], shape.flat_above)
    normals = grid_normals(grid)
    out = np.stack([np.sin(around) * s, c, np.cos(around) * s], axis=-1)
    normals *= np.sign((normals * out).sum())
    uv = np.stack([around / (2 * np.pi) + 0.5, profile / (2 * np.pi)], axis=-1)
    faces = grid_faces(shape.steps + 1, shape.sides + 1)
    mesh = outward(Mesh(grid.reshape(-1, 3), faces, normals.reshape(-1, 3), uv.reshape(-1, 2)))
    if shape.flat_above is None:
        return mesh
    creased = smoothed(mesh.vertices, mesh.faces, crease_deg=22)
    return Mesh(creased.vertices, creased.faces, creased.normals, uv.reshape(-1, 2)[mesh.faces.ravel()])
