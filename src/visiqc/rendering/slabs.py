"""Flat metal bodies cut from an outline: discs, bars and hearts, with a rounded edge and a face fine enough to dent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from scipy.ndimage import gaussian_filter1d

from visiqc.errors import InputError
from visiqc.rendering.cuts import evenly
from visiqc.rendering.mesh import Faces, Mesh, Points, face_normals, grid_faces, unit, welded

_AROUND = 240
_INWARD = 28


def disc_outline() -> Points:
    """(N, 2) a circle of radius 1."""
    angle = np.linspace(0, 2 * np.pi, _AROUND + 1)[:-1]
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def heart_outline() -> Points:
    """(N, 2) a heart within -1..1, its point down, its middle at the origin."""
    angle = np.linspace(0, 2 * np.pi, _AROUND + 1)[:-1]
    x = 16 * np.sin(angle) ** 3
    y = 13 * np.cos(angle) - 5 * np.cos(2 * angle) - 2 * np.cos(3 * angle) - np.cos(4 * angle)
    even = evenly(np.stack([x, y + 2.5], axis=1)[::-1] / 16, _AROUND)
    return np.asarray(gaussian_filter1d(even, 4.5, axis=0, mode="wrap"))


def bar_outline(slender: float) -> Points:
    """(N, 2) a bar from -1 to 1 along x with round ends, `slender` times longer than wide."""
    half = 1 / slender
    turn = np.linspace(-np.pi / 2, np.pi / 2, _AROUND // 4)
    right = np.stack([1 - half + half * np.cos(turn), half * np.sin(turn)], axis=1)
    upper = np.stack([np.linspace(1 - half, half - 1, _AROUND // 4 + 2)[1:-1], np.full(_AROUND // 4, half)], axis=1)
    side = np.concatenate([right, upper])
    return np.concatenate([side, -side])


OUTLINES: Mapping[str, Callable[[], Points]] = MappingProxyType(
    {"disc": disc_outline, "heart": heart_outline, "bar": lambda: bar_outline(5.5)}
)
"""Outlines by name, half as wide as 1."""


def slab(outline: Points, *, thickness: float, rounding: float = 0.3, dome: float = 0.0, inward: int = _INWARD) -> Mesh:
    """A body of an outline lying on z = 0.

    Args:
        outline: (N, 2) mm, counter-clockwise, star-shaped about the origin.
        thickness: mm.
        rounding: Radius of its edges, mm.
        dome: How far the middle of the upper face stands above its outermost edge, mm.
        inward: Rings of vertices from the middle of a face to its edge.

    Raises:
        InputError: The edges are rounder than half the thickness.
    """
    if 2 * rounding > thickness:
        raise InputError(
            f"impossible geometry: edges rounded by {rounding:.2f} mm on a body {thickness:.2f} mm thick; at "
            "most half of it"
        )
    tangent = np.roll(outline, -1, axis=0) - np.roll(outline, 1, axis=0)
    inside = -unit(np.stack([tangent[:, 1], -tangent[:, 0]], axis=1))
    turn = np.linspace(0, np.pi / 2, 7)
    edge = [(rounding * (1 - np.cos(angle)), thickness - rounding * (1 - np.sin(angle))) for angle in turn]
    shrink = np.linspace(1, 0, inward)[1:]
    upper = [outline + inside * inset for inset, _ in edge]
    rings = upper + [upper[-1] * share for share in shrink]
    closed = np.array([np.concatenate([ring, ring[:1]]) for ring in rings])
    heights = np.array([height for _, height in edge] + [thickness] * len(shrink))
    above = _lifted(closed, heights)
    away = (closed**2).sum(axis=2)
    above[..., 2] += dome * (1 - away / away.max())
    below = _lifted(closed, thickness - heights)
    grid = np.concatenate([above[::-1], below])
    vertices, faces = grid.reshape(-1, 3), grid_faces(*grid.shape[:2])
    faces = faces[np.linalg.norm(face_normals(vertices, faces), axis=1) > 1e-12]
    first, second, third = (vertices[faces[:, corner]] for corner in range(3))
    if (first * np.cross(second, third)).sum() < 0:
        faces = faces[:, ::-1]
    return _soft(vertices, faces)


def _lifted(rings: Points, heights: Points) -> Points:
    """Rings, (R, C, 2), each at its height: (R, C, 3)."""
    return np.concatenate([rings, np.broadcast_to(heights[:, None, None], (*rings.shape[:2], 1))], axis=2)


def _soft(vertices: Points, faces: Faces) -> Mesh:
    """A mesh without creases: each place has one normal, weighted by area."""
    first, place = welded(vertices)
    total = np.zeros((len(first), 3))
    np.add.at(total, place[faces].ravel(), np.repeat(face_normals(vertices, faces), 3, axis=0))
    return Mesh(vertices, faces, unit(total)[place])
