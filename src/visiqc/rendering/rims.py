"""Metal that follows a stone's outline: collets, halo plates, galleries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visiqc.rendering.mesh import Mesh, Points, grid_faces, smoothed, unit


def fanned(rim: Points, reach: float, *, count: int = 288) -> tuple[Points, Points]:
    """An outline with normals that turn evenly round its corners.

    Args:
        rim: (N, 2) mm, convex, counter-clockwise.
        reach: How far outside the outline its points stand at even steps, mm.
        count: Of points.

    Returns:
        (count, 2) points, repeated at corners, and (count, 2) unit normals.
    """
    edge = np.roll(rim, -1, axis=0) - rim
    after = np.unwrap(np.arctan2(edge[:, 1], edge[:, 0])) - np.pi / 2
    before = np.roll(after, 1)
    before[0] -= 2 * np.pi
    turns = [np.linspace(low, high, 2 + int((high - low) / 0.05)) for low, high in zip(before, after, strict=True)]
    points = np.repeat(rim, [len(turn) for turn in turns], axis=0)
    angle = np.concatenate(turns)
    normals = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    closed = np.concatenate([points, points[:1]]), np.concatenate([normals, normals[:1]])
    outside = closed[0] + reach * closed[1]
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(outside, axis=0), axis=1))])
    steps = np.arange(count) / count * along[-1]
    rim, normals = (np.stack([np.interp(steps, along, column) for column in side.T], axis=1) for side in closed)
    return rim, unit(normals)


def lofted(rim: Points, sections: Sequence[tuple[float, float, float]], *, crease_deg: float = 32.0) -> Mesh:
    """A closed ring of sections along an outline.

    Args:
        rim: (N, 2) mm, convex, counter-clockwise.
        sections: A loop round the ring's profile: mm outside the outline, height in mm, scale of the outline.
        crease_deg: Edges sharper than this stay sharp.
    """
    points, normals = fanned(rim, max(0.05, *(out for out, _, _ in sections)))
    points, normals = np.concatenate([points, points[:1]]), np.concatenate([normals, normals[:1]])
    grid = np.stack(
        [
            np.concatenate([points * scale + normals * out, np.full((len(points), 1), height)], axis=1)
            for out, height, scale in [*sections, sections[0]]
        ]
    )
    vertices, faces = grid.reshape(-1, 3), grid_faces(*grid.shape[:2])
    first, second, third = (vertices[faces[:, corner]] for corner in range(3))
    if (first * np.cross(second, third)).sum() < 0:
        faces = faces[:, ::-1]
    return smoothed(vertices, faces, crease_deg=crease_deg)
