"""Stones that are missing, tilted, or not the ones ordered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from visiqc.rendering.cuts import CUTS
from visiqc.rendering.defects.damage import Damage, Rule, Subject
from visiqc.rendering.defects.targets import (
    drawn_stone,
    girdle_mm,
    remade,
    removed,
    stone_of,
)
from visiqc.rendering.materials import GEMS
from visiqc.rendering.mesh import frame_of, unit
from visiqc.rendering.piece import Part, ProngOrigin, StoneOrigin, turned

EDGED = (*CUTS, "cabochon")
"""Cuts with an edge and an axis: all but the pearl."""


def missing_stone(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """A stone that fell out or was never set; its seat and claws stay. Side stones go most often."""
    seen = drawn_stone(subject, rng, small_share=0.85 - 0.25 * severity)
    if seen is None:
        return None
    name = seen.part.name
    return Damage(
        kind="missing_stone",
        severity=severity,
        size_mm=girdle_mm(seen.part),
        piece=removed(subject.piece, name),
        touched=frozenset({name}),
        rule=Rule.MOVED,
    )


def tilted_stone(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """A stone that sits askew and stands a little out of its seat."""
    seen = drawn_stone(subject, rng, small_share=0.55, cuts=EDGED)
    if seen is None:
        return None
    origin = stone_of(seen.part)
    around = float(rng.uniform(0, 2 * np.pi))
    lift = float(rng.uniform(0.02, 0.05) + 0.07 * severity) * min(origin.size)
    seat = origin.seat @ frame_of(shift=(0.0, 0.0, lift))
    seat = turned(seat, (float(np.cos(around)), float(np.sin(around)), 0.0), _between((4.0, 20.0), severity))
    tilted = replace(origin, seat=seat)
    return _remade("tilted_stone", severity, subject, seen.part, origin=tilted, size_mm=girdle_mm(seen.part))


def wrong_size_stone(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """A stone smaller than ordered by 8 to 20 %, or in claws, which can be bent to it, larger."""
    seen = drawn_stone(subject, rng, small_share=0.55)
    if seen is None:
        return None
    part, origin = seen.part, stone_of(seen.part)
    claws = [each for each in subject.piece.parts.values() if _holds(each, part.name)]
    change = _between((0.08, 0.20), severity) * (float(rng.choice([-1.0, 1.0])) if claws else -1.0)
    length, width, height = (extent * (1 + change) for extent in origin.size)
    other = replace(origin, size=(length, width, height))
    piece = remade(subject.piece, replace(part, mesh=other.mesh(), origin=other))
    for claw in claws:
        piece = remade(piece, _fitted(claw, origin, change))
    return Damage(
        kind="wrong_size_stone",
        severity=severity,
        size_mm=max(length + width, girdle_mm(part)),
        piece=piece,
        touched=frozenset({part.name}),
        rule=Rule.WHOLE,
    )


def _holds(part: Part, stone: str) -> bool:
    return isinstance(part.origin, ProngOrigin) and part.origin.stone == stone and part.decal is None


def _fitted(claw: Part, stone: StoneOrigin, change: float) -> Part:
    """A claw bent open or closed for a stone that is larger or smaller by a share: from its foot on, more and more."""
    if not isinstance(claw.origin, ProngOrigin):
        return claw
    offset = claw.origin.path - stone.seat[:3, 3]
    axis = unit(stone.seat[:3, 2])
    rise = np.clip(np.arange(len(offset)) / max(claw.origin.girdle, 1), 0, 1)[:, None]
    level = offset - np.outer(offset @ axis, axis)
    above = np.outer(np.maximum(offset @ axis, 0), axis)
    fitted = replace(claw.origin, path=claw.origin.path + change * (rise * level + above))
    return replace(claw, mesh=fitted.mesh(), origin=fitted)


def wrong_colour_stone(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """A stone of another colour: a paler or deeper shade below severity 0.5, another gem above."""
    seen = drawn_stone(subject, rng, small_share=0.6)
    if seen is None or GEMS[gem_of(subject, seen.part)].opaque is not None:
        return None
    gem, tint = other_colour(gem_of(subject, seen.part), severity, rng)
    return Damage(
        kind="wrong_colour_stone",
        severity=severity,
        size_mm=girdle_mm(seen.part),
        piece=remade(subject.piece, replace(seen.part, gem=gem, tint=tint)),
        touched=frozenset({seen.part.name}),
        rule=Rule.WHOLE,
    )


def other_colour(gem: str, severity: float, rng: Generator) -> tuple[str, float]:
    """A gem and its tint that look different from a transparent gem: the more severe, the more different.

    A colourless gem has no shade of its own, so its near misses are pale stones of another gem.
    """
    distances = {
        name: _colour_distance(gem, name)
        for name, other in GEMS.items()
        if other.opaque is None and _colour_distance(gem, name) > 0.2
    }
    by_likeness = sorted(distances, key=lambda name: distances[name])
    if severity >= 0.5:
        middle = (severity - 0.5) * 2 * (len(by_likeness) - 1)
        return by_likeness[int(np.clip(round(middle + rng.normal(0, 1.2)), 0, len(by_likeness) - 1))], 0.0
    if min(GEMS[gem].crossing) > 0.95:
        return by_likeness[int(rng.integers(0, min(5, len(by_likeness))))], 0.93 - 0.8 * severity
    shade = 0.3 + 0.7 * severity
    return gem, shade if rng.random() < 0.7 else -1.5 * shade


def gem_of(subject: Subject, part: Part) -> str:
    """Key in `materials.GEMS` of a stone."""
    return part.gem or subject.design.look.gem


def _colour_distance(one: str, other: str) -> float:
    """Between the colours of two gems, linear RGB after two crossings and a reflection, as the eye compresses it."""
    first, second = (np.cbrt(np.square(GEMS[gem].crossing) * GEMS[gem].bounce) for gem in (one, other))
    return float(np.linalg.norm(first - second))


def _remade(kind: str, severity: float, subject: Subject, part: Part, *, origin: StoneOrigin, size_mm: float) -> Damage:
    return Damage(
        kind=kind,
        severity=severity,
        size_mm=size_mm,
        piece=remade(subject.piece, replace(part, mesh=origin.mesh(), origin=origin)),
        touched=frozenset({part.name}),
        rule=Rule.WHOLE,
    )


def _between(limits: tuple[float, float], severity: float) -> float:
    """From the first limit at severity 0 to the second at 1."""
    return limits[0] + (limits[1] - limits[0]) * severity
