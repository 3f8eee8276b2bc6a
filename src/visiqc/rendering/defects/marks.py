"""Textures laid on a spot: the damage they make, and the metal they push in."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from visiqc.rendering.decals import CHART, Decal, Overlay, charted, directions
from visiqc.rendering.defects.damage import Damage, Rule, Subject
from visiqc.rendering.defects.spots import Spot
from visiqc.rendering.defects.textures import Texture
from visiqc.rendering.hits import FirstHits
from visiqc.rendering.mesh import Mesh, Points, unit
from visiqc.rendering.piece import Piece, base_name, laid
from visiqc.vision.types import FloatArray

_FEWEST = 6
"""Rays on a footprint below which the damage counts as out of sight."""
_EDGE_MM = 0.08
"""Longest edge, mostly, of a surface that is pushed in."""
_MOST_FACES = 150_000
_ANGLES = np.deg2rad(np.arange(0, 180, 11.25))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What is laid on a spot.

    Attributes:
        kind: The defect's kind, which is the decal's name.
        texture: What lies on the chart.
        overlay: What the surface becomes.
        size_mm: The chart's side.
        across: (3,) direction of the chart's columns; None = level.
        relief: (CHART, CHART) float32, mm by which the metal itself is raised; None = not at all.
        spreads: Whether it also lies on the parts beside the spot's: a film does, a dent does not.
    """

    kind: str
    texture: Texture
    overlay: Overlay
    size_mm: float
    across: Points | None = None
    relief: FloatArray | None = None
    spreads: bool = False


def damaged(subject: Subject, spot: Spot, mark: Mark, severity: float) -> Damage | None:
    """The subject with a mark at a spot; None where the camera sees hardly any of its footprint."""
    decal = _decal(spot, mark)
    piece = laid(subject.piece, decal, only=() if mark.spreads else (spot.part,))
    touched = frozenset(name for name, part in piece.parts.items() if part.decal is decal)
    seen, extent = visible(subject.sight, decal, touched)
    if seen < _FEWEST:
        return None
    if mark.relief is not None:
        piece = pressed(piece, decal, mark.relief)
    return Damage(kind=mark.kind, severity=severity, size_mm=extent, piece=piece, touched=touched, rule=Rule.FOOTPRINT)


def _decal(spot: Spot, mark: Mark) -> Decal:
    across = directions(spot.normal, 0.0) if mark.across is None else mark.across
    return Decal(
        name=mark.kind,
        centre=spot.point,
        normal=spot.normal,
        across=unit(across - spot.normal * (across @ spot.normal)),
        size_mm=mark.size_mm,
        weight=mark.texture.weight,
        overlay=mark.overlay,
        height=mark.texture.height,
        footprint=mark.texture.footprint,
    )


def visible(sight: FirstHits, decal: Decal, touched: frozenset[str]) -> tuple[int, float]:
    """How many rays hit a decal's footprint on the touched parts, and how far apart the farthest of them are, mm."""
    bases = {base_name(name) for name in touched}
    on = sight.on(*(name for name in sight.names if base_name(name) in bases))
    points = sight.point[on] - decal.centre.astype(np.float32)
    beside = np.cross(decal.normal, decal.across)
    u, v, away = (points @ axis.astype(np.float32) for axis in (decal.across, beside, decal.normal))
    column, row = (np.floor((along / decal.size_mm + 0.5) * CHART).astype(int) for along in (u, v))
    inside = (row >= 0) & (row < CHART) & (column >= 0) & (column < CHART) & (np.abs(away) < decal.size_mm / 2)
    inside &= sight.normal[on] @ decal.normal.astype(np.float32) > 0.15
    inside[inside] = decal.footprint[row[inside], column[inside]]
    if not inside.any():
        return 0, 0.0
    spread = np.outer(u[inside], np.cos(_ANGLES)) + np.outer(v[inside], np.sin(_ANGLES))
    return int(inside.sum()), float(np.ptp(spread, axis=0).max())


def pressed(piece: Piece, decal: Decal, relief: FloatArray) -> Piece:
    """The piece with the metal under a decal raised along the decal's normal.

    Args:
        piece: Which carries `decal`.
        decal: Its place.
        relief: (CHART, CHART) float32, mm; 0 at the border.
    """
    for part in piece.parts.values():
        if part.decal is decal:
            mesh = charted(_raised(_refined(part.mesh), decal, relief), decal)
            piece = piece.with_part(replace(part, mesh=mesh))
    return piece


def _refined(mesh: Mesh) -> Mesh:
    """The mesh with every face cut in four until it is fine enough to bend smoothly."""
    while len(mesh.faces) * 4 <= _MOST_FACES and mesh.normals is not None:
        corners = mesh.vertices[mesh.faces]
        edges = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
        if np.quantile(edges, 0.9) < _EDGE_MM:
            break
        vertices, normals = _quartered(corners), unit(_quartered(mesh.normals[mesh.faces]))
        mesh = Mesh(vertices, np.arange(len(vertices)).reshape(-1, 3), normals)
    return mesh


def _quartered(corners: Points) -> Points:
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
    return np.stack([a, ab, ca, ab, b, bc, ca, bc, c, ab, bc, ca], axis=1).reshape(-1, 3)


def _raised(mesh: Mesh, decal: Decal, relief: FloatArray) -> Mesh:
    normals = mesh.normals if mesh.normals is not None else np.zeros_like(mesh.vertices)
    offset, beside = mesh.vertices - decal.centre, np.cross(decal.normal, decal.across)
    at = np.stack([offset @ beside, offset @ decal.across]) / decal.size_mm * CHART + CHART / 2 - 0.5
    # what turns away joins faces that are not under the chart, and must not leave them
    turned = normals @ decal.normal
    hold = np.clip((turned - 0.2) / 0.25, 0, 1)
    rise = _sampled(relief, at) * hold
    slope = np.outer(_sampled(np.gradient(relief, axis=0), at), beside)
    slope += np.outer(_sampled(np.gradient(relief, axis=1), at), decal.across)
    slope *= (hold * CHART / decal.size_mm)[:, None]
    # the inverse transpose of x -> x + normal * relief(x), which is exact because the slope lies across the normal
    leaned = unit(normals - slope * turned[:, None])
    return Mesh(mesh.vertices + rise[:, None] * decal.normal, mesh.faces, leaned)


def _sampled(picture: NDArray[np.float32], at: Points) -> Points:
    return np.asarray(map_coordinates(picture, at, order=1, mode="nearest"), float)
