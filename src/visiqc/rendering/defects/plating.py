"""What happens to the plating: a wrong colour, worn edges, blisters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from visiqc.rendering.decals import CHART, Overlay
from visiqc.rendering.defects.damage import Damage, Rule, Subject
from visiqc.rendering.defects.marks import Mark, damaged
from visiqc.rendering.defects.spots import at_edges, find, least_curved
from visiqc.rendering.defects.textures import Canvas, Texture, blot, grown
from visiqc.rendering.noise import octaves
from visiqc.rendering.piece import Role
from visiqc.vision.types import FloatArray

Triple = tuple[float, float, float]

_WHITE = ("rhodium", "white", "silver", "platinum", "steel")
_WHITE_SHIFTS: tuple[Triple, ...] = ((-1.0, 0.5, 8.0), (-5.0, 0.3, 4.0), (-2.0, -1.5, 5.0))
"""Rhodium too thin, tarnished bath, greenish."""
_YELLOW_SHIFTS: tuple[Triple, ...] = ((1.0, -4.5, -6.5), (-2.0, 5.5, -2.0), (0.0, -4.0, 3.0), (-4.0, 1.5, 6.5))
"""Pale, reddish with copper, greenish with silver, too rich."""
_LEAST_DELTA, _MOST_DELTA = 2.0, 10.0
"""CIE76 colour difference: just noticed side by side, and plain at arm's length."""
_COPPER: Triple = (0.93, 0.56, 0.44)
_BRASS: Triple = (0.86, 0.72, 0.36)
_SILVER: Triple = (0.95, 0.93, 0.88)
_NICKEL: Triple = (0.62, 0.58, 0.52)


def plating_colour(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """The whole piece plated in another shade than the sample."""
    metal = subject.piece.of(Role.METAL)
    if not metal:
        return None
    shifts = _WHITE_SHIFTS if _is_white(subject.design.look.metal) else _YELLOW_SHIFTS
    shift = np.array(shifts[rng.integers(len(shifts))])
    shift *= grown(_LEAST_DELTA, _MOST_DELTA, severity, rng, spread=0.05) / np.linalg.norm(shift)
    piece = subject.piece
    for part in metal:
        piece = piece.with_part(replace(part, lab_shift=_sum(part.lab_shift, shift)))
    low, high = np.min([part.mesh.bounds[0] for part in metal], 0), np.max([part.mesh.bounds[1] for part in metal], 0)
    return Damage(
        kind="plating_colour",
        severity=severity,
        size_mm=float((high - low).max()),
        piece=piece,
        touched=frozenset(part.name for part in metal),
        rule=Rule.WHOLE,
    )


def plating_worn(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """The plating rubbed through where the piece is handled most: on its edges."""
    radius = grown(0.4, 1.8, severity, rng)
    spot = find(subject, 0.2, rng, prefer=at_edges)
    if spot is None:
        return None
    size = 3.6 * radius
    mark = Mark(
        kind="plating_worn",
        texture=worn(size, radius, severity, rng),
        overlay=Overlay(kind="conductor", colour=_base(subject, rng), roughness=0.11),
        size_mm=size,
        across=least_curved(subject.piece.parts[spot.part].mesh, spot),
    )
    return damaged(subject, spot, mark, severity)


def worn(size_mm: float, radius: float, severity: float, rng: Generator) -> Texture:
    """A patch, longer along u, that frays into specks at its border."""
    canvas = Canvas(size_mm)
    area = blot(size_mm, radius, rng, rough=0.55, soft=0.9, squash=rng.uniform(0.45, 0.8))
    specks = octaves(rng, CHART, cells=32, count=4, persistence=0.8)
    through = np.clip((area + 0.16 * specks - 0.4) / 0.3, 0, 1)
    canvas.weight += np.float32(0.7 + 0.25 * severity) * through
    canvas.height -= 0.003 * through
    canvas.footprint |= (through > 0.25) | (area > 0.75)
    return canvas.texture()


def plating_blister(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """The plating lifted in small domes, some of them burst."""
    spread = grown(0.3, 0.8, severity, rng)
    spot = find(subject, spread, rng)
    if spot is None:
        return None
    size = 6.0 * spread
    mark = Mark(
        kind="plating_blister",
        texture=blistered(size, spread, severity, rng),
        overlay=Overlay(kind="conductor", colour=_base(subject, rng), roughness=0.3),
        size_mm=size,
    )
    return damaged(subject, spot, mark, severity)


def blistered(size_mm: float, spread: float, severity: float, rng: Generator) -> Texture:
    """Three to twenty domes; of the larger ones some are burst and show the base metal in a torn hole."""
    canvas, noise = Canvas(size_mm), octaves(rng, CHART, cells=32, count=4)
    for _ in range(3 + round(16 * severity * rng.uniform(0.7, 1.1))):
        u, v = np.clip(rng.normal(0, 0.75 * spread, 2), -0.4 * size_mm, 0.4 * size_mm)
        radius = 0.05 + (0.04 + 0.16 * severity) * rng.beta(1.2, 2.2)
        canvas.dome((float(u), float(v)), radius, radius * rng.uniform(0.22, 0.4), squash=rng.uniform(0.8, 1.2))
        if radius > 0.09 and rng.random() < 0.25 + 0.4 * severity:
            _burst(canvas, (float(u), float(v)), radius * rng.uniform(0.55, 0.85), noise)
    return canvas.texture()


def _burst(canvas: Canvas, centre: tuple[float, float], radius: float, noise: FloatArray) -> None:
    place, u, v = canvas.about(centre, 1.4 * radius)
    far = np.hypot(u, v) / np.float32(radius) + 0.14 * noise[place]
    hole = np.clip((1 - far) / 0.15 + 0.5, 0, 1)
    canvas.height[place] *= 1 - hole
    canvas.weight[place] = np.maximum(canvas.weight[place], hole)


def _base(subject: Subject, rng: Generator) -> Triple:
    """The metal under the plating, of another colour than it."""
    under = (_BRASS, _COPPER) if _is_white(subject.design.look.metal) else (_SILVER, _COPPER, _NICKEL)
    return under[rng.integers(len(under))]


def _is_white(metal: str) -> bool:
    return any(word in metal for word in _WHITE)


def _sum(shift: Triple, other: NDArray[np.float64]) -> Triple:
    first, second, third = (float(a + b) for a, b in zip(shift, other, strict=True))
    return first, second, third
