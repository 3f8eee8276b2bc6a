"""Claws that are bent, broken off, or not like the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from visiqc.rendering.defects.damage import Damage, Rule, Subject
from visiqc.rendering.defects.targets import drawn_prong, remade
from visiqc.rendering.mesh import Points, rotation, unit
from visiqc.rendering.piece import Part, ProngOrigin

_BEND_POINTS = 4
"""A claw does not fold at a point: the bend is spread over so many points of its path."""


def bent_prong(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """A claw bent away from its stone by 10 to 40°, from beside the girdle upwards."""
    chosen = _chosen(subject, rng)
    if chosen is None:
        return None
    part, origin = chosen
    along = unit(origin.path[origin.girdle] - origin.path[origin.girdle - 1])
    axis = np.cross(along, origin.outward)
    return _remade("bent_prong", severity, subject, part, bent(origin, axis, 10 + 30 * severity))


def missing_prong(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """A claw snapped off at 80 to 30 % of its length; the stub stays."""
    chosen = _chosen(subject, rng)
    if chosen is None:
        return None
    part, origin = chosen
    return _remade("missing_prong", severity, subject, part, shortened(origin, 0.8 - 0.5 * severity))


def uneven_prong(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """A claw too long, too short, too thick at its tip, or leaning to one side."""
    chosen = _chosen(subject, rng)
    if chosen is None:
        return None
    part, origin = chosen
    fault = str(rng.choice(["long", "short", "thick", "leaning"]))
    if fault == "long":
        uneven = lengthened(origin, (0.7 + 1.6 * severity) * float(origin.radii[-1]))
    elif fault == "short":
        tip = 1 - _lengths(origin.path)[origin.girdle] / _lengths(origin.path)[-1]
        uneven = shortened(origin, 1 - (0.3 + 0.55 * severity) * float(tip))
    elif fault == "thick":
        uneven = thickened(origin, 1.3 + 0.6 * severity)
    else:
        side = float(rng.choice([-1.0, 1.0]))
        uneven = bent(origin, origin.outward, side * (6 + 12 * severity))
    return _remade("uneven_prong", severity, subject, part, uneven)


def bent(origin: ProngOrigin, axis: Points, degrees: float) -> ProngOrigin:
    """The claw turned about an axis from beside the girdle upwards, in a soft bend."""
    steps = np.diff(origin.path, axis=0)
    first = min(max(origin.girdle - _BEND_POINTS // 2, 0), len(steps) - 1)
    for number in range(first, len(steps)):
        turn = degrees * min(1.0, (number - first + 1) / _BEND_POINTS)
        steps[number] = rotation(axis, turn) @ steps[number]
    path = np.concatenate([origin.path[:1], origin.path[0] + np.cumsum(steps, axis=0)])
    return replace(origin, path=path)


def shortened(origin: ProngOrigin, share: float) -> ProngOrigin:
    """The claw cut off at a share of its length, in 0..1; at least two points stay."""
    length = _lengths(origin.path)
    cut = share * length[-1]
    kept = length < cut - 1e-9
    kept[0] = True
    end = np.array([[np.interp(cut, length, origin.path[:, axis]) for axis in range(3)]])
    radius = np.interp(cut, length, origin.radii)
    path = np.concatenate([origin.path[kept], end])
    radii = np.append(origin.radii[kept], radius)
    return replace(origin, path=path, radii=radii, girdle=min(origin.girdle, len(path) - 1))


def lengthened(origin: ProngOrigin, by_mm: float) -> ProngOrigin:
    """The claw drawn out over the stone by so much, the way its tip points."""
    ahead = unit(origin.path[-1] - origin.path[-2])
    added = origin.path[-1] + ahead * (by_mm * np.linspace(0, 1, 5)[1:, None])
    radii = np.append(origin.radii, np.repeat(origin.radii[-1:], 4))
    return replace(origin, path=np.concatenate([origin.path, added]), radii=radii)


def thickened(origin: ProngOrigin, factor: float) -> ProngOrigin:
    """The claw with its tip thicker by a factor, growing from beside the girdle."""
    length = _lengths(origin.path)
    beyond = np.clip((length - length[origin.girdle]) / max(length[-1] - length[origin.girdle], 1e-9), 0, 1)
    swell = np.sin(np.pi / 2 * np.minimum(1.0, 1.6 * beyond))
    return replace(origin, radii=origin.radii * (1 + (factor - 1) * swell))


def _chosen(subject: Subject, rng: Generator) -> tuple[Part, ProngOrigin] | None:
    seen = drawn_prong(subject, rng)
    if seen is None or not isinstance(seen.part.origin, ProngOrigin):
        return None
    return seen.part, seen.part.origin


def _remade(kind: str, severity: float, subject: Subject, part: Part, origin: ProngOrigin) -> Damage:
    mesh = origin.mesh()
    return Damage(
        kind=kind,
        severity=severity,
        size_mm=_changed_mm(part.origin, origin),
        piece=remade(subject.piece, replace(part, mesh=mesh, origin=origin)),
        touched=frozenset({part.name}),
        rule=Rule.MOVED,
    )


def _changed_mm(good: object, wrong: ProngOrigin) -> float:
    """Length of the stretch of claw that is not as it was, plus its thickness, mm."""
    if not isinstance(good, ProngOrigin):
        return 0.0
    same = 0
    for before, after in zip(np.c_[good.path, good.radii], np.c_[wrong.path, wrong.radii], strict=False):
        if not np.allclose(before, after, atol=1e-6):
            break
        same += 1
    longer = max(_lengths(good.path)[-1], _lengths(wrong.path)[-1])
    return float(longer - _lengths(good.path)[max(same - 1, 0)] + 2 * wrong.radii[-1])


def _lengths(path: Points) -> Points:
    """(N,) mm along the path up to each point."""
    return np.append(0.0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1)))
