"""What happens to a surface: scratches, tool marks, tarnish, spots, residue, dirt that sticks."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from visiqc.rendering.decals import CHART, Overlay, directions
from visiqc.rendering.defects.damage import Damage, Subject
from visiqc.rendering.defects.fibres import stuck_fibre
from visiqc.rendering.defects.marks import Mark, damaged
from visiqc.rendering.defects.spots import Spot, at_stones, find, least_curved
from visiqc.rendering.defects.textures import Canvas, Groove, Texture, blot, grown
from visiqc.rendering.mesh import Points
from visiqc.rendering.noise import octaves

_TARNISH = ((0.20, 0.115, 0.075), (0.34, 0.21, 0.09), (0.13, 0.10, 0.16), (0.10, 0.085, 0.075))
"""Brown, straw, violet and black sulphide films, by growing thickness."""
_COMPOUND = ((0.10, 0.17, 0.11), (0.26, 0.075, 0.05), (0.62, 0.60, 0.55))
"""Chromium green, rouge, white alumina."""


def scratch(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """One to three burnished grooves, as from a tweezer's point or another piece."""
    length = grown(1.0, 5.5, severity, rng)
    spot = find(subject, min(0.4 * length, 1.2), rng)
    if spot is None:
        return None
    size = 1.35 * length + 0.4
    mark = Mark(
        kind="scratch",
        texture=scratched(size, length, severity, rng),
        overlay=Overlay(roughness=0.22),
        size_mm=size,
        across=_run(subject, spot, rng, spread_deg=35.0),
    )
    return damaged(subject, spot, mark, severity)


def scratched(size_mm: float, length: float, severity: float, rng: Generator) -> Texture:
    """Up to three strokes roughly along u, the longest of `length` mm."""
    canvas = Canvas(size_mm)
    count = 1 + int(rng.random() < 0.2 + 0.5 * severity) + int(rng.random() < 0.5 * severity)
    for stroke in range(count):
        half_width = grown(0.018, 0.055, severity, rng)
        groove = Groove(
            centre=_near(rng, 0.04 * size_mm),
            angle=rng.normal(0, 0.2),
            length=length * (rng.uniform(0.45, 0.9) if stroke else 1.0),
            bend=rng.normal(0, 0.12),
            half_width=half_width,
            depth=half_width * rng.uniform(0.3, 0.42),
        )
        canvas.groove(groove, weight=0.6 + 0.2 * severity)
    return canvas.texture()


def tool_mark(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """Strokes of a file that were never polished out, or the teeth of pliers."""
    length = grown(0.8, 2.4, severity, rng)
    spot = find(subject, 0.4 * length, rng)
    if spot is None:
        return None
    size = 2.0 * length + 0.8
    drawn = filed if rng.random() < 0.6 else bitten
    mark = Mark(
        kind="tool_mark",
        texture=drawn(size, length, severity, rng),
        overlay=Overlay(roughness=0.24),
        size_mm=size,
        across=_run(subject, spot, rng, spread_deg=60.0),
    )
    return damaged(subject, spot, mark, severity)


def filed(size_mm: float, length: float, severity: float, rng: Generator) -> Texture:
    """Two to eight nearly parallel strokes of uneven spacing."""
    canvas, count = Canvas(size_mm), 2 + round(6 * severity * rng.uniform(0.8, 1.0))
    beside = np.cumsum(rng.uniform(0.1, 0.3, count)) * min(1.0, 0.8 * size_mm / (0.3 * count))
    for offset in beside - beside.mean():
        half_width = grown(0.018, 0.04, severity, rng, spread=0.35)
        groove = Groove(
            centre=(rng.normal(0, 0.08 * length), float(offset)),
            angle=rng.normal(0, 0.05),
            length=length * rng.uniform(0.55, 1.0),
            bend=0.0,
            half_width=half_width,
            depth=0.3 * half_width,
            taper=0.85,
        )
        canvas.groove(groove, weight=0.7)
    return canvas.texture()


def bitten(size_mm: float, length: float, severity: float, rng: Generator) -> Texture:
    """The even row of notches that serrated jaws leave."""
    canvas, count = Canvas(size_mm), 3 + round(4 * severity)
    pitch, half_width = grown(0.2, 0.28, severity, rng), grown(0.035, 0.075, severity, rng)
    for tooth in range(count):
        groove = Groove(
            centre=((tooth - (count - 1) / 2) * pitch, rng.normal(0, 0.02)),
            angle=np.pi / 2 + rng.normal(0, 0.03),
            length=0.5 * length * rng.uniform(0.8, 1.0),
            bend=0.0,
            half_width=half_width,
            depth=half_width * rng.uniform(0.25, 0.5),
            taper=0.3,
            lips=0.2,
        )
        canvas.groove(groove, weight=0.35)
    return canvas.texture()


def tarnish(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """A film of sulphide with a ragged edge."""
    radius = grown(0.6, 2.4, severity, rng)
    spot = find(subject, 0.6 * radius, rng)
    if spot is None:
        return None
    size, depth = 3.4 * radius, grown(0.45, 1.0, severity, rng, spread=0.03)
    film = blot(size, radius, rng, rough=0.6, soft=0.6, squash=rng.uniform(0.7, 1.4))
    weight = depth * film * np.clip(0.78 + 0.2 * octaves(rng, CHART, cells=8, count=5), 0.2, 1.1)
    colour = _TARNISH[rng.integers(len(_TARNISH))]
    mark = Mark(
        kind="tarnish",
        texture=_film(size, weight, seen=0.15),
        overlay=Overlay(kind="conductor", colour=colour, roughness=0.2),
        size_mm=size,
        spreads=True,
    )
    return damaged(subject, spot, mark, severity)


def water_spots(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """Lime rings that drops left where they dried."""
    radius = grown(0.4, 1.1, severity, rng)
    spot = find(subject, 0.7 * radius, rng)
    if spot is None:
        return None
    size = 7.0 * radius
    mark = Mark(
        kind="water_spots",
        texture=ringed(size, radius, severity, rng),
        overlay=Overlay(kind="diffuse", colour=(0.72, 0.72, 0.70)),
        size_mm=size,
        spreads=True,
    )
    return damaged(subject, spot, mark, severity)


def ringed(size_mm: float, radius: float, severity: float, rng: Generator) -> Texture:
    """One to four rings, whitest at the rim, the first in the middle."""
    canvas, noise = Canvas(size_mm), octaves(rng, CHART, cells=8, count=6)
    strength = grown(0.28, 0.62, severity, rng, spread=0.05)
    for drop in range(1 + round(3 * severity * rng.uniform(0.5, 1.0))):
        size = radius * (rng.uniform(0.3, 0.8) if drop else 1.0)
        place, u, v = canvas.about(_near(rng, 0.25 * size_mm) if drop else (0.0, 0.0), 1.25 * size)
        far = np.hypot(u, v * rng.uniform(0.85, 1.15)) / size + 0.06 * noise[place]
        rim = np.exp(-(((far - 0.93) / 0.055) ** 2)) + 0.35 * np.exp(-(((far - 0.78) / 0.04) ** 2))
        film = strength * (rim * np.clip(1 + 0.3 * noise[place], 0.4, 1.5) + 0.16 * (far < 0.93))
        canvas.weight[place] = np.maximum(canvas.weight[place], film.astype(np.float32))
        canvas.footprint[place] |= far < 1.02
    return canvas.texture()


def polishing_residue(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """Polishing compound left in the corners beside a setting."""
    radius = grown(0.3, 1.0, severity, rng)
    spot = find(subject, 0.15, rng, prefer=at_stones)
    if spot is None:
        return None
    size = 3.0 * radius
    area = blot(size, radius, rng, rough=0.7, soft=0.9)
    crumbs = octaves(rng, CHART, cells=16, count=6, persistence=0.85)
    weight = np.clip(1.6 * (area + 0.35 * crumbs - 0.85) + 0.3 * area, 0, 1) * (area > 0.02)
    height = 0.05 * radius * np.clip(weight - 0.2, 0, 1) * np.clip(1 + 0.3 * crumbs, 0, 2)
    mark = Mark(
        kind="polishing_residue",
        texture=_film(size, weight, seen=0.2, height=height),
        overlay=Overlay(kind="diffuse", colour=_COMPOUND[rng.integers(len(_COMPOUND))]),
        size_mm=size,
        spreads=True,
    )
    return damaged(subject, spot, mark, severity)


def contamination(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """Glue, grease, or a fibre caught on a stone or in a setting."""
    drawn = rng.random()
    if drawn < 0.35:
        return stuck_fibre(subject, severity, rng)
    radius = grown(0.4, 1.7, severity, rng)
    spot = find(subject, 0.5 * radius, rng)
    if spot is None:
        return None
    return damaged(subject, spot, _glue(radius, rng) if drawn < 0.7 else _grease(radius, severity, rng), severity)


def _glue(radius: float, rng: Generator) -> Mark:
    size = 3.6 * radius
    film = blot(size, radius, rng, rough=0.35, soft=0.5, squash=rng.uniform(0.5, 1.0), detail=3)
    # surface tension draws glue up to a bead along its edge
    height = 0.04 * radius * film * (2 - film) * (1 + 0.25 * octaves(rng, CHART, cells=4, count=3))
    overlay = Overlay(roughness=0.09, lab_shift=(-7.0, 0.5, 11.0))
    return Mark(
        kind="contamination",
        texture=_film(size, np.clip(0.75 * film + 0.12 * (film > 0.02), 0, 0.8), seen=0.1, height=height),
        overlay=overlay,
        size_mm=size,
        spreads=True,
    )


def _grease(radius: float, severity: float, rng: Generator) -> Mark:
    size = 3.4 * radius
    film = blot(size, radius, rng, rough=0.4, soft=0.8, squash=rng.uniform(0.6, 1.4))
    streaks = np.clip(0.85 + 0.2 * octaves(rng, CHART, cells=8, count=5), 0.3, 1.1)
    overlay = Overlay(roughness=0.34, lab_shift=(-20.0, 0.0, 4.0))
    return Mark(
        kind="contamination",
        texture=_film(size, (0.45 + 0.45 * severity) * film * streaks, seen=0.12),
        overlay=overlay,
        size_mm=size,
        spreads=True,
    )


def _film(
    size_mm: float, weight: NDArray[np.floating], *, seen: float, height: NDArray[np.floating] | None = None
) -> Texture:
    canvas = Canvas(size_mm)
    canvas.weight += weight.astype(np.float32)
    canvas.footprint |= weight > seen
    if height is not None:
        canvas.height += height.astype(np.float32)
    return canvas.texture()


def _near(rng: Generator, spread: float) -> tuple[float, float]:
    u, v = rng.uniform(-spread, spread, 2)
    return float(u), float(v)


def _run(subject: Subject, spot: Spot, rng: Generator, *, spread_deg: float) -> Points:
    """Mostly along the part, as things slide and tools work, sometimes any way."""
    if rng.random() < 0.25:
        return directions(spot.normal, rng.uniform(0, 360))
    along = least_curved(subject.piece.parts[spot.part].mesh, spot)
    turn = np.deg2rad(rng.normal(0, spread_deg))
    return np.asarray(along * np.cos(turn) + np.cross(spot.normal, along) * np.sin(turn))
