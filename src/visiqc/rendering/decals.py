"""A patch of changed surface laid on metal: a planar chart, so that it needs no unwrapping and survives booleans.

The faces under it become a part of their own with the chart's coordinates; the rest of the part is untouched.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visiqc.rendering.mesh import Mesh, Points, unit
from visiqc.vision.types import FloatArray, Mask

CHART = 1024
"""Texels along a chart's side."""
_FACING = 0.15
"""Faces turned further away than this cosine are not under the chart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """What the surface becomes where a decal's weight is 1.

    Attributes:
        kind: `metal` (the part's own, rougher), `conductor` (of `colour`), or `diffuse` (of `colour`).
        colour: Linear RGB reflectance in 0..1; unused for `metal`.
        roughness: GGX alpha of the conductors.
        lab_shift: CIE L*a*b* added to the part's own metal, for `metal`.
    """

    kind: str = "metal"
    colour: tuple[float, float, float] = (0.0, 0.0, 0.0)
    roughness: float = 0.22
    lab_shift: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decal:
    """One patch.

    Attributes:
        name: Such as `scratch`, `engraving`, `fingerprint`.
        centre: (3,) mm, on the surface.
        normal: (3,) unit vector out of the surface.
        across: (3,) unit vector in it, along the chart's columns (u).
        size_mm: Side of the square chart.
        weight: (CHART, CHART) float32 in 0..1: how much of the overlay; row = v, column = u.
        overlay: What it becomes.
        height: (CHART, CHART) float32, mm above the surface; None = flat.
        footprint: (CHART, CHART) bool: what of it is a defect; all False for what is harmless.
    """

    name: str
    centre: Points
    normal: Points
    across: Points
    size_mm: float
    weight: FloatArray
    overlay: Overlay
    height: FloatArray | None = None
    footprint: Mask


def chart(size_mm: float) -> tuple[FloatArray, FloatArray]:
    """Coordinates of a chart's texels, (CHART, CHART) float32 each: u·size and v·size in mm, 0 at the centre."""
    v, u = (np.mgrid[0:CHART, 0:CHART].astype(np.float32) + 0.5) / CHART - 0.5
    return u * np.float32(size_mm), v * np.float32(size_mm)


def directions(normal: Points, turn_deg: float) -> Points:
    """A unit vector (3,) in the plane of `normal`, turned by `turn_deg` from the level one."""
    level = np.cross([0.0, 0.0, 1.0], normal)
    level = unit(level) if np.linalg.norm(level) > 1e-3 else np.array([1.0, 0.0, 0.0])
    turn = np.deg2rad(turn_deg)
    return np.asarray(level * np.cos(turn) + np.cross(normal, level) * np.sin(turn))


def under(mesh: Mesh, decal: Decal) -> NDArray[np.bool_]:
    """Which faces, (K,) bool, a decal covers: near its square and turned towards it."""
    if mesh.normals is None:
        return np.zeros(len(mesh.faces), bool)
    offset = mesh.vertices - decal.centre
    beside = np.cross(decal.normal, decal.across)
    reach = np.abs(np.stack([offset @ decal.across, offset @ beside], axis=1)).max(axis=1) < 0.52 * decal.size_mm
    level = np.abs(offset @ decal.normal) < 0.5 * decal.size_mm
    turned = mesh.normals @ decal.normal > _FACING
    return np.asarray((reach & level)[mesh.faces].any(axis=1) & turned[mesh.faces].all(axis=1))


def charted(mesh: Mesh, decal: Decal) -> Mesh:
    """The mesh with the decal's coordinates as its uv: (0, 0) to (1, 1) over the chart."""
    offset = mesh.vertices - decal.centre
    beside = np.cross(decal.normal, decal.across)
    uv = np.stack([offset @ decal.across, offset @ beside], axis=1) / decal.size_mm + 0.5
    return Mesh(mesh.vertices, mesh.faces, mesh.normals, uv)
