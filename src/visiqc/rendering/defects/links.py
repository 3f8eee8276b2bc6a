"""Jump rings and chain links that stand open."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from visiqc.rendering.defects.damage import Damage, Rule, Subject
from visiqc.rendering.defects.targets import Seen, drawn, in_sight, rays_on, remade
from visiqc.rendering.piece import LinkOrigin

_STEPS = 72
"""Straight pieces of a link's centre line. An opened link keeps those that stay, so that nothing but the gap moves."""
_CLEAR_DEG = (4.0, 60.0)
"""Between the ends of the wire, of the link's circle."""
_WIDEST_DEG = 140.0


def open_link(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """A link whose ends stand apart by 4 to 60° of its circle, where the camera sees the gap."""
    seen = drawn([each for each in in_sight(subject, LinkOrigin) if not _origin(each).gap_deg], rng)
    if seen is None:
        return None
    origin, step = _origin(seen), 360.0 / _STEPS
    clear = _CLEAR_DEG[0] + (_CLEAR_DEG[1] - _CLEAR_DEG[0]) * severity
    rounding = np.rad2deg(2 * origin.wire / origin.radius)  # the rounded ends reach into the gap
    left_out = max(1, round(min(clear + rounding, _WIDEST_DEG) / step))
    end = origin.gap_at_deg + step * round((_seen_angle(subject, seen, rng) - origin.gap_at_deg) / step - left_out / 2)
    opened = replace(origin, gap_deg=left_out * step, gap_at_deg=float(end + left_out * step / 2))
    mesh = opened.mesh(steps=_STEPS + 1 - left_out)
    return Damage(
        kind="open_link",
        severity=severity,
        size_mm=float(np.deg2rad(left_out * step) * origin.radius - 2 * origin.wire),
        piece=remade(subject.piece, replace(seen.part, mesh=mesh, origin=opened)),
        touched=frozenset({seen.part.name}),
        rule=Rule.MOVED,
    )


def _origin(seen: Seen) -> LinkOrigin:
    if not isinstance(seen.part.origin, LinkOrigin):
        raise TypeError(f"{seen.part.name} is not a link")
    return seen.part.origin


def _seen_angle(subject: Subject, seen: Seen, rng: Generator) -> float:
    """A place on the link's circle, degrees, where the camera sees more of the wire than elsewhere."""
    origin = _origin(seen)
    points = subject.sight.point[rays_on(subject.sight, seen.part.name)].astype(float)
    path = origin.path(_STEPS + 1)[:-1] @ origin.place[:3, :3].T + origin.place[:3, 3]
    nearest = np.linalg.norm(points[:, None] - path[None], axis=-1).argmin(axis=1)
    rays = np.bincount(nearest, minlength=_STEPS).astype(float)
    around = sum(np.roll(rays, shift) for shift in range(-3, 4))
    likely = np.where(around >= 0.6 * np.max(around), around, 0.0)
    return origin.gap_at_deg + float(rng.choice(_STEPS, p=likely / likely.sum())) * 360.0 / _STEPS
