"""Metal that stands off the surface and should have been taken off: stubs of sprues, fins of the mould's joint."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from visiqc.rendering.decals import directions
from visiqc.rendering.defects.damage import Damage, Rule, Subject
from visiqc.rendering.defects.fibres import Surface, walked
from visiqc.rendering.defects.spots import Spot, find, least_curved
from visiqc.rendering.defects.textures import grown
from visiqc.rendering.mesh import Frame, Mesh, facing, frame_of, grid_faces, smoothed, unit
from visiqc.rendering.piece import Part, Role
from visiqc.rendering.surfaces import revolved

_SUNK_MM = 0.35
"""How far a stub reaches into the metal it stands on."""


def flash(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """Metal that should have been taken off: the stub of a sprue, or a fin where the mould's halves met."""
    spot = find(subject, 0.35, rng)
    if spot is None:
        return None
    host = subject.piece.parts[spot.part]
    if rng.random() < 0.5:
        mesh, size = _stub(spot, severity, rng)
    else:
        mesh, size = _fin(host.mesh, spot, severity, rng)
    part = Part(name="flash", mesh=mesh, role=Role.METAL, group="flash", metal=host.metal, lab_shift=host.lab_shift)
    return Damage(
        kind="flash",
        severity=severity,
        size_mm=size,
        piece=subject.piece.with_part(part),
        touched=frozenset({part.name}),
        rule=Rule.MOVED,
    )


def _stub(spot: Spot, severity: float, rng: Generator) -> tuple[Mesh, float]:
    """A sawn-off sprue; the saw leaves a slanted end with the marks of its strokes."""
    radius, height = grown(0.25, 0.55, severity, rng), grown(0.14, 0.7, severity, rng)
    foot = np.linspace(0, 1, 8)[:-1]
    flare = np.stack([radius * (1.35 - 0.35 * np.sin(np.pi / 2 * foot)), 0.3 * height * foot**1.5], axis=1)
    side = np.stack([np.full(5, radius), np.linspace(0.3, 1.0, 5) * height], axis=1)
    edge = min(0.04, 0.2 * radius)
    top = np.stack([np.linspace(radius - edge, 0, 28), np.full(28, height)], axis=1)
    profile = np.concatenate([[[0, -_SUNK_MM], [1.35 * radius, -_SUNK_MM]], flare, side, top])
    made = revolved(profile, sides=72)
    x, y, z = made.vertices.T
    sawn = np.clip((z - 0.6 * height) / (0.4 * height), 0, 1)
    strokes = 0.012 * np.sin(2 * np.pi * x / 0.09 + 1.5 * np.sin(9 * y)) + rng.normal(0, 0.12) * x
    vertices = np.stack([x, y, z + sawn * (strokes + rng.normal(0, 0.12) * y)], axis=1)
    place: Frame = frame_of(facing(spot.normal, directions(spot.normal, rng.uniform(0, 360))), spot.point)
    return smoothed(vertices, made.faces, crease_deg=30).placed(place), 2 * radius


def _fin(mesh: Mesh, spot: Spot, severity: float, rng: Generator) -> tuple[Mesh, float]:
    """A ragged fin along the part, as thin as the gap between the mould's halves."""
    length, tall = grown(0.9, 3.8, severity, rng), grown(0.07, 0.32, severity, rng)
    near = np.linalg.norm(mesh.vertices - spot.point, axis=1) < length
    normals = mesh.normals if mesh.normals is not None else np.tile(spot.normal, (len(mesh.vertices), 1))
    line, up = walked(Surface(mesh.vertices[near], normals[near]), spot, least_curved(mesh, spot), length, steps=40)
    s = np.linspace(0, 1, len(line))
    ragged = np.interp(s, np.linspace(0, 1, 24), rng.uniform(0.55, 1.0, 24))
    top = tall * np.sin(np.pi * s) ** 0.35 * ragged - 0.03
    beside = unit(np.cross(up, np.gradient(line, axis=0)))
    half = np.array([-0.045, -0.035, -0.02, 0.02, 0.035, 0.045, -0.045])
    rise = np.stack([np.full_like(s, -0.15), 0 * s, top, top, 0 * s, np.full_like(s, -0.15), np.full_like(s, -0.15)])
    grid = line[:, None] + beside[:, None] * half[None, :, None] + up[:, None] * rise.T[..., None]
    return smoothed(grid.reshape(-1, 3), grid_faces(len(line), len(half)), crease_deg=50), length
