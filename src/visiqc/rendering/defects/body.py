"""What happens to the body of the metal: dents, pores, casting faults, solder that ran."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from visiqc.rendering.decals import CHART, Overlay
from visiqc.rendering.defects.damage import Damage, Subject
from visiqc.rendering.defects.marks import Mark, damaged
from visiqc.rendering.defects.spots import at_edges, at_joints, find, least_curved
from visiqc.rendering.defects.textures import Canvas, Texture, blot, grown
from visiqc.rendering.noise import octaves
from visiqc.rendering.piece import LinkOrigin, Part, ProngOrigin
from visiqc.vision.types import FloatArray, Mask

_PIT_METAL = (0.26, 0.21, 0.15)
"""The inside of a pore: oxide and compound."""
_CASTING_SKIN = Overlay(roughness=0.2, lab_shift=(-6.0, 0.3, -1.0))


def dent(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """A smooth hollow from a blow, with the metal it displaced around it."""
    radius = grown(0.4, 1.2, severity, rng)
    spot = find(subject, 0.7 * radius, rng)
    if spot is None:
        return None
    radius = min(radius, 1.6 * spot.room + 0.1)
    size = 3.8 * radius
    depth = min(grown(0.05, 0.19, severity, rng), 0.3 * radius, 0.3 * _thickness(subject.piece.parts[spot.part]))
    relief, inside = hollow(size, radius, depth, rng)
    canvas = Canvas(size)
    canvas.footprint |= inside
    mark = Mark(kind="dent", texture=canvas.texture(), overlay=Overlay(), size_mm=size, relief=relief)
    return damaged(subject, spot, mark, severity)


def hollow(size_mm: float, radius: float, depth: float, rng: Generator) -> tuple[FloatArray, Mask]:
    """A dent's relief in mm and where it is, (CHART, CHART) float32 and bool: as far as its rim reaches."""
    axis = (((np.arange(CHART) + 0.5) / CHART - 0.5) * size_mm).astype(np.float32)
    angle = np.arctan2(axis[:, None], axis[None])
    outline = 1 + 0.12 * np.sin(2 * angle + rng.uniform(0, 7)) + 0.05 * np.sin(3 * angle + rng.uniform(0, 7))
    q = np.hypot(axis[:, None], axis[None]) / (np.float32(radius) * outline)
    bowl = np.where(q < 1, (1 - q * q) ** 2, 0)
    rim = 0.1 * np.exp(-(((q - 1.08) / 0.16) ** 2))
    return (depth * np.where(q < 1.6, rim - bowl, 0)).astype(np.float32), q < 1.2


def _thickness(part: Part) -> float:
    """Roughly how thick a part is, mm: nothing can be pushed in farther."""
    match part.origin:
        case LinkOrigin() as link:
            return 2 * link.wire * min(link.flatness, 1.0)
        case ProngOrigin() as prong:
            return 2 * float(np.median(prong.radii))
        case _:
            return float(np.min(part.mesh.bounds[1] - part.mesh.bounds[0]))


def porosity(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """A cluster of gas pores that polishing opened."""
    spread = grown(0.3, 0.8, severity, rng)
    spot = find(subject, spread, rng)
    if spot is None:
        return None
    size = 6.0 * spread
    mark = Mark(
        kind="porosity",
        texture=pitted(size, spread, severity, rng),
        overlay=Overlay(kind="conductor", colour=_PIT_METAL, roughness=0.35),
        size_mm=size,
    )
    return damaged(subject, spot, mark, severity)


def pitted(size_mm: float, spread: float, severity: float, rng: Generator) -> Texture:
    """Five to sixty half-round pits, many small and few large."""
    canvas, count = Canvas(size_mm), round(5 + 50 * severity * rng.uniform(0.7, 1.1))
    largest = 0.055 + 0.085 * severity
    for centre in np.clip(rng.normal(0, 0.8 * spread, (count, 2)), -0.42 * size_mm, 0.42 * size_mm):
        radius = 0.02 + (largest - 0.02) * rng.beta(1.2, 2.5)
        canvas.pit((float(centre[0]), float(centre[1])), float(radius), squash=rng.uniform(0.8, 1.25))
    return canvas.texture()


def incomplete_fill(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """A bite out of an edge or a claw that the metal never filled, with the skin of the mould."""
    radius = grown(0.35, 0.95, severity, rng)
    spot = find(subject, 0.15, rng, prefer=at_edges)
    if spot is None:
        return None
    size = 3.4 * radius
    area = blot(size, radius, rng, rough=0.4, soft=1.0, squash=rng.uniform(0.6, 1.0), detail=3)
    # rounded shoulders: metal that froze before it reached the mould
    relief = Canvas(size)
    depth = min(grown(0.1, 0.28, severity, rng), 0.4 * _thickness(subject.piece.parts[spot.part]))
    relief.height -= depth * area * area * (3 - 2 * area)
    mark = Mark(
        kind="incomplete_fill",
        texture=_cast_skin(size, area, rng),
        overlay=_CASTING_SKIN,
        size_mm=size,
        across=least_curved(subject.piece.parts[spot.part].mesh, spot),
        relief=relief.texture().height,
    )
    return damaged(subject, spot, mark, severity)


def _cast_skin(size_mm: float, area: FloatArray, rng: Generator) -> Texture:
    canvas = Canvas(size_mm)
    lumps, grain = octaves(rng, CHART, cells=8, count=2), octaves(rng, CHART, cells=32, count=4, persistence=0.7)
    canvas.height += (0.016 * lumps + 0.004 * grain) * area
    canvas.weight += np.clip(1.3 * area + 0.1 * grain * (area > 0.05), 0, 0.9)
    canvas.footprint |= area > 0.12
    return canvas.texture()


def solder_mark(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """Solder that flowed out of its joint: a low mound, paler than the metal, with a few pinholes."""
    radius = grown(0.3, 1.1, severity, rng)
    spot = find(subject, 0.4 * radius, rng, prefer=at_joints)
    if spot is None:
        return None
    size = 3.4 * radius
    canvas = Canvas(size)
    flow = blot(size, radius, rng, rough=0.45, soft=0.8, squash=rng.uniform(0.5, 1.2), detail=2)
    canvas.weight += np.clip(1.4 * flow, 0, 0.9)
    canvas.footprint |= flow > 0.1
    waviness = 1 + 0.1 * octaves(rng, CHART, cells=4, count=3)
    canvas.height += grown(0.05, 0.1, severity, rng) * flow * flow * (3 - 2 * flow) * waviness
    for _ in range(round(2 + 6 * severity)):
        u, v = rng.normal(0, 0.4 * radius, 2)
        _pinhole(canvas, (float(u), float(v)), rng.uniform(0.015, 0.04))
    mark = Mark(
        kind="solder_mark",
        texture=canvas.texture(),
        overlay=Overlay(roughness=0.11, lab_shift=(-3.0, -1.0, -8.0 * (0.5 + 0.5 * severity))),
        size_mm=size,
        spreads=True,
    )
    return damaged(subject, spot, mark, severity)


def _pinhole(canvas: Canvas, centre: tuple[float, float], radius: float) -> None:
    place, u, v = canvas.about(centre, radius)
    canvas.height[place] -= 0.8 * np.sqrt(np.maximum(radius**2 - u * u - v * v, 0)).astype(np.float32)
