"""Fibres of cloth, dust and thin fins: what lies or stands on the surface that the camera sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from visiqc.rendering.decals import directions
from visiqc.rendering.defects.damage import Damage, Rule, Subject
from visiqc.rendering.defects.spots import Spot, find, spot_at
from visiqc.rendering.defects.textures import grown
from visiqc.rendering.hits import FirstHits
from visiqc.rendering.mesh import Mesh, Points, unit
from visiqc.rendering.piece import Part, Piece, Role
from visiqc.rendering.surfaces import tube

LINT = ((0.42, 0.40, 0.37), (0.75, 0.73, 0.70), (0.03, 0.03, 0.035), (0.35, 0.03, 0.03), (0.04, 0.07, 0.22))
"""Linear RGB of grey dust, white cotton, black cloth, a red polishing cloth, blue overalls."""
_FACING = 0.5
_DROP_MM, _KNOWN_MM = 0.1, 0.5
"""Farthest that a line is brought back to the surface at one step, and that a known point stands for the surface."""


def stuck_fibre(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """Lint of a polishing cloth caught across a stone, or on metal where no stone is seen."""
    length = grown(1.2, 5.0, severity, rng)
    spot = _on_stone(subject, rng) or find(subject, 0.3, rng)
    if spot is None:
        return None
    across = directions(spot.normal, rng.uniform(0, 360))
    line, up = walked(surface_seen(subject.sight, subject.piece, spot.point, within_mm=length), spot, across, length)
    mesh = fibre(line, up, grown(0.017, 0.034, severity, rng), rng, lift_mm=0.04 * length)
    colour = LINT[int(rng.integers(len(LINT)))]
    part = Part(name="contamination", mesh=mesh, role=Role.FOREIGN, group="fibre", colour=colour)
    return Damage(
        kind="contamination",
        severity=severity,
        size_mm=length,
        piece=subject.piece.with_part(part),
        touched=frozenset({part.name}),
        rule=Rule.MOVED,
    )


def _on_stone(subject: Subject, rng: Generator) -> Spot | None:
    sight = subject.sight
    stones = sight.on(*(part.name for part in subject.piece.of(Role.STONE, Role.PEARL))) & (sight.facing > _FACING)
    if stones.sum() < 12:
        return None
    row, column = rng.choice(np.argwhere(stones))
    return spot_at(sight, int(row), int(column))


@dataclass(frozen=True, slots=True)
class Surface:
    """Points of a surface, dense against the steps of a line over it.

    Attributes:
        points: (N, 3) mm.
        normals: (N, 3) unit.
    """

    points: Points
    normals: Points


def surface_seen(sight: FirstHits, piece: Piece, point: Points, *, within_mm: float) -> Surface:
    """What the camera sees of the piece near a point."""
    on = sight.on(*(part.name for part in piece.parts.values() if part.role is not Role.FOREIGN))
    points = sight.point[on].astype(float)
    near = np.linalg.norm(points - point, axis=1) < within_mm
    return Surface(points[near], unit(sight.normal[on][near].astype(float)))


def walked(surface: Surface, spot: Spot, across: Points, length: float, *, steps: int = 24) -> tuple[Points, Points]:
    """A line over a surface, half of it to each side of a spot.

    Args:
        surface: What it lies on.
        spot: Its middle.
        across: (3,) its direction there.
        length: mm.
        steps: Points of the line on each side.

    Returns:
        Its points and the surface's normals at them, (2 · steps + 1, 3) each.
    """
    tree, step = cKDTree(surface.points), length / 2 / steps
    halves = []
    for direction in (-across, across):
        points, normals = [spot.point], [spot.normal]
        heading = direction
        for _ in range(steps):
            point, heading, normal = _stepped(surface, tree, points[-1] + step * heading, heading)
            points.append(point)
            normals.append(normal)
        halves.append((np.array(points), np.array(normals)))
    (back, back_normals), (ahead, ahead_normals) = halves
    return np.concatenate([back[:0:-1], ahead]), np.concatenate([back_normals[:0:-1], ahead_normals])


def _stepped(surface: Surface, tree: cKDTree, point: Points, direction: Points) -> tuple[Points, Points, Points]:
    """A point brought back to the surface, with the direction bent along it and the normal there."""
    apart, near = tree.query(point)
    normal = surface.normals[near]
    # never farther than that: beyond the edge of what is known, the line goes straight on
    drop = np.clip((point - surface.points[near]) @ normal, -_DROP_MM, _DROP_MM) if apart < _KNOWN_MM else 0.0
    return point - drop * normal, unit(direction - normal * (direction @ normal)), normal


def fibre(line: Points, up: Points, radius: float, rng: Generator, *, lift_mm: float) -> Mesh:
    """A springy fibre along a line on a surface.

    Args:
        line: (N, 3) on the surface.
        up: (N, 3) its normals.
        radius: Of the fibre, mm.
        rng: Draws its curls.
        lift_mm: How high its curls stand and how far they swing to the side.
    """
    smooth, normals = gaussian_filter1d(line, 2.0, axis=0), unit(gaussian_filter1d(up, 3.0, axis=0))
    beside = unit(np.cross(normals, np.gradient(smooth, axis=0)))
    s = np.linspace(-1, 1, len(line))
    swing = sum(rng.normal(0, 1.6 / k) * np.sin(k * np.pi * s + rng.uniform(0, 2 * np.pi)) for k in (1, 2, 3))
    rise = np.abs(np.sin(rng.uniform(1.0, 2.2) * np.pi * (s + rng.uniform(0, 1))))
    path = smooth + normals * (radius + lift_mm * rise)[:, None] + beside * (lift_mm * np.asarray(swing))[:, None]
    return tube(path, radius, sides=8)
