"""Stones that are broken: a flake off the girdle, a crack inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.random import Generator
from scipy.spatial import cKDTree

from visiqc.rendering.booleans import drilled
from visiqc.rendering.cuts import CUTS, Plane
from visiqc.rendering.defects.damage import Damage, Rule, Subject
from visiqc.rendering.defects.stones import EDGED, gem_of
from visiqc.rendering.defects.targets import drawn_stone, rays_on, remade, stone_of, towards_camera
from visiqc.rendering.materials import GEMS
from visiqc.rendering.mesh import Frame, Mesh, Points, facing, frame_of, rotation, unit
from visiqc.rendering.piece import Part, Role, StoneOrigin
from visiqc.rendering.surfaces import revolved

_RIM = (-0.06, 0.14)
"""Heights in the unit stone between which a point counts as on the girdle's edge."""
_CHIP_DEPTH = (0.045, 0.30)
"""Of the girdle radius."""
_LEAST_CHIP_MM = 0.06
_CRACK_RADIUS = (0.2, 0.68)
_CRACK_HALF_WIDTH = 0.004
_CRACK_RINGS, _CRACK_SPOKES = 14, 48


def chipped_stone(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """A flake broken off the girdle where the camera sees it: one shell-shaped hollow, or two that meet."""
    seen = drawn_stone(subject, rng, small_share=0.4, cuts=EDGED)
    if seen is None:
        return None
    part, origin = seen.part, stone_of(seen.part)
    place = _seen_rim(subject, part, rng)
    if place is None:
        return None
    from_above = _in_unit(origin, towards_camera(subject.sight, part.name))[2] > 0
    depth = _CHIP_DEPTH[0] * (_CHIP_DEPTH[1] / _CHIP_DEPTH[0]) ** severity
    depth = max(depth, _LEAST_CHIP_MM / min(origin.size))
    bites = _bites(place, depth, rng, rise_deg=float(rng.uniform(15, 50)) * (1 if from_above else -1))
    frame = _unit_frame(origin)
    left = drilled(part.mesh, [bite.placed(frame) for bite in bites], crease_deg=30)
    broken = left if part.mesh.normals is not None else Mesh(left.vertices, left.faces)
    return Damage(
        kind="chipped_stone",
        severity=severity,
        size_mm=_new_extent(part.mesh, left),
        piece=remade(subject.piece, replace(part, mesh=broken)),
        touched=frozenset({part.name}),
        rule=Rule.MOVED,
    )


def cracked_stone(subject: Subject, severity: float, rng: Generator) -> Damage | None:
    """A feather: a thin wavy film of air inside the stone, seen through its facets."""
    seen = drawn_stone(subject, rng, small_share=0.15, cuts=tuple(CUTS))
    if seen is None or GEMS[gem_of(subject, seen.part)].opaque is not None:
        return None
    origin, stone = stone_of(seen.part), seen.part
    radius = _CRACK_RADIUS[0] + (_CRACK_RADIUS[1] - _CRACK_RADIUS[0]) * severity
    across = _in_unit(origin, towards_camera(subject.sight, stone.name))
    lean = rotation(rng.normal(size=3), float(rng.uniform(30, 60)))
    film = _film(radius, rng).placed(frame_of(facing(lean @ across, rng.normal(size=3))))
    film = _kept_inside(film, CUTS[origin.cut](), at=np.array([0.0, 0.0, -0.08]))
    name = f"{stone.name}.crack"
    crack = replace(
        stone, name=name, mesh=film.placed(_unit_frame(origin)), role=Role.AIR, origin=None, metal="", tint=0.0
    )
    return Damage(
        kind="cracked_stone",
        severity=severity,
        size_mm=_length(film.vertices * origin.size),
        piece=subject.piece.with_part(crack),
        touched=frozenset({name}),
        rule=Rule.SEEN_THROUGH,
    )


def _seen_rim(subject: Subject, part: Part, rng: Generator) -> Points | None:
    """A point of the girdle's edge, (3,) in the unit stone, amid many others that the camera sees; None = unseen."""
    origin = stone_of(part)
    points = subject.sight.point[rays_on(subject.sight, part.name)].astype(float)
    local = (np.c_[points, np.ones(len(points))] @ np.linalg.inv(_unit_frame(origin)).T)[:, :3]
    rim = local[(local[:, 2] > _RIM[0]) & (local[:, 2] < _RIM[1])]
    if len(rim) < 3:
        return None
    tried = rim[rng.integers(0, len(rim), 8)]
    beside = (np.linalg.norm(tried[:, None] - rim[None], axis=-1) < 0.35).sum(axis=1)
    return np.asarray(tried[int(beside.argmax())])


def _bites(place: Points, depth: float, rng: Generator, *, rise_deg: float) -> list[Mesh]:
    """What breaks out of a unit stone at a point of its rim: lumps whose inner ends lie `depth` below the surface."""
    around = np.arctan2(place[1], place[0])
    bites = []
    for number in range(1 + int(rng.random() < 0.6)):
        turn = around + number * rng.choice([-1.0, 1.0]) * 1.1 * depth
        rise = np.deg2rad(rise_deg + number * rng.uniform(-15, 15))
        inward = -np.array([np.cos(rise) * np.cos(turn), np.cos(rise) * np.sin(turn), np.sin(rise)])
        deep = depth * (1.0 if number == 0 else rng.uniform(0.5, 0.9))
        axes = deep * np.array([rng.uniform(1.5, 2.4), rng.uniform(1.2, 1.7), rng.uniform(1.4, 1.8)])
        along = np.array([-np.sin(turn), np.cos(turn), 0.0])
        rim = np.array([*(np.hypot(*place[:2]) * np.array([np.cos(turn), np.sin(turn)])), place[2]])
        linear = facing(inward, along) @ np.diag(axes)
        bites.append(_lump(rng).placed(frame_of(linear, rim + inward * (deep - axes[2]))))
    return bites


def _lump(rng: Generator) -> Mesh:
    """A ball of radius about 1 with the low waves of a shell-shaped fracture."""
    polar = np.linspace(0, np.pi, 25)
    profile = np.stack([np.sin(polar), -np.cos(polar)], axis=1)
    profile[[0, -1], 0] = 0.0
    ball = revolved(profile, sides=48)
    swell = np.ones(len(ball.vertices))
    for _ in range(5):
        swell += rng.normal(0, 0.05) * np.sin(ball.vertices @ rng.normal(0, 3.0, 3) + rng.uniform(0, 6))
    return Mesh(ball.vertices * swell[:, None], ball.faces)


def _new_extent(whole: Mesh, left: Mesh) -> float:
    """Largest extent of the corners that the broken stone has and the whole one had not, mm."""
    apart, _ = cKDTree(whole.vertices).query(left.vertices)
    return _length(left.vertices[apart > 1e-3])


def _film(radius: float, rng: Generator) -> Mesh:
    """A closed wavy sheet about the origin, thin towards its ragged rim, nearly level."""
    angle = np.linspace(0, 2 * np.pi, _CRACK_SPOKES, endpoint=False)
    knots = rng.uniform(0, 1, 8)
    ragged = radius * (0.7 + 0.3 * np.interp(angle, np.linspace(0, 2 * np.pi, 9), [*knots, knots[0]]))
    out = np.linspace(0, 1, _CRACK_RINGS + 1)[1:, None]
    x, y = out * ragged * np.cos(angle), 0.6 * out * ragged * np.sin(angle)
    x, y = np.append(x.ravel(), 0.0), np.append(y.ravel(), 0.0)
    wave = np.zeros_like(x)
    for _ in range(7):
        along, beside = rng.uniform(2, 9, 2)
        wave += rng.normal(0, 0.035) * np.sin(along * x + beside * y + rng.uniform(0, 6))
    half = np.append(np.repeat(_CRACK_HALF_WIDTH * np.sqrt(np.maximum(1 - out**2, 1e-3)), _CRACK_SPOKES), 0.0)
    half[-1] = _CRACK_HALF_WIDTH
    upper, lower = np.stack([x, y, wave + half], axis=1), np.stack([x, y, wave - half], axis=1)
    faces = _disc_faces()
    rim = np.arange(_CRACK_SPOKES) + (_CRACK_RINGS - 1) * _CRACK_SPOKES
    after, below = np.roll(rim, -1), len(x)
    edge = np.concatenate(
        [np.stack([rim, rim + below, after], axis=1), np.stack([after, rim + below, after + below], axis=1)]
    )
    return Mesh(np.concatenate([upper, lower]), np.concatenate([faces, faces[:, ::-1] + below, edge]))


def _disc_faces() -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Faces, seen from above, of rings of spokes, from the innermost ring outwards, with the centre last."""
    spoke = np.arange(_CRACK_SPOKES)
    after = (spoke + 1) % _CRACK_SPOKES
    centre = np.full(_CRACK_SPOKES, _CRACK_RINGS * _CRACK_SPOKES)
    faces = [np.stack([centre, spoke, after], axis=1)]
    for ring in range(_CRACK_RINGS - 1):
        a, b = spoke + ring * _CRACK_SPOKES, after + ring * _CRACK_SPOKES
        c, d = a + _CRACK_SPOKES, b + _CRACK_SPOKES
        faces += [np.stack([a, c, d], axis=1), np.stack([a, d, b], axis=1)]
    return np.concatenate(faces).astype(np.int64)


def _kept_inside(film: Mesh, planes: Sequence[Plane], *, at: Points) -> Mesh:
    """The film about a point inside a convex stone, made smaller where it would come through a facet."""
    room = min(
        (distance - normal @ at) / max(float((film.vertices @ normal).max()), 1e-9) for normal, distance in planes
    )
    return film.placed(frame_of(np.eye(3) * min(1.0, 0.96 * float(room)), at))


def _unit_frame(origin: StoneOrigin) -> Frame:
    """The place of the unit stone."""
    return np.asarray(origin.seat @ frame_of(np.diag(origin.size)))


def _in_unit(origin: StoneOrigin, direction: Points) -> Points:
    """A direction of the piece's frame in the unit stone's."""
    return unit(np.linalg.inv(_unit_frame(origin)[:3, :3]) @ direction)


def _length(points: Points) -> float:
    """The largest extent of points, mm."""
    return float(np.linalg.norm(np.ptp(points, axis=0))) if len(points) else 0.0
