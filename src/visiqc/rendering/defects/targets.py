"""Which part a defect happens to: one that the camera sees, and where on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from visiqc.rendering.defects.damage import Subject
from visiqc.rendering.hits import FirstHits
from visiqc.rendering.mesh import Points, unit
from visiqc.rendering.piece import LinkOrigin, Part, Piece, ProngOrigin, Role, StoneOrigin, base_name, laid

_LEAST_SHARE = 4e-4
"""Of the rays on the piece: a part that takes fewer cannot be judged in the photo."""
_LEAST_RAYS = 4
_SMALL = 0.6
"""A stone below this share of the largest one's size is a side stone."""
_NEAR_MM = 4.0
"""Surfaces within this distance of a part tell where its camera is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A part in sight.

    Attributes:
        part: Whole, under its name before decals split it.
        rays: How many of the camera's rays hit it first.
    """

    part: Part
    rays: int


def rays_by_part(sight: FirstHits) -> dict[str, int]:
    """How many rays hit each shape first, by the shape's name before decals split it."""
    counts = np.bincount(sight.shape[sight.shape >= 0], minlength=len(sight.names))
    total: dict[str, int] = {}
    for name, rays in zip(sight.base_names, counts, strict=True):
        total[name] = total.get(name, 0) + int(rays)
    return total


def in_sight(subject: Subject, origin: type[StoneOrigin | ProngOrigin | LinkOrigin]) -> list[Seen]:
    """The parts made from an origin of this type that the camera sees enough of, in the piece's order."""
    rays = rays_by_part(subject.sight)
    least = max(_LEAST_RAYS, _LEAST_SHARE * sum(rays.get(name, 0) for name in _base_names(subject.piece)))
    whole: dict[str, Part] = {}
    for part in subject.piece.parts.values():
        name = base_name(part.name)
        if isinstance(part.origin, origin) and rays.get(name, 0) >= least:
            whole.setdefault(name, replace(part, name=name, decal=None))
    return [Seen(part=part, rays=rays[name]) for name, part in whole.items()]


def drawn(seen: Sequence[Seen], rng: Generator) -> Seen | None:
    """One of the parts; a larger visible area makes it likelier, though less than in proportion. None of none."""
    if not seen:
        return None
    weights = np.sqrt([each.rays for each in seen])
    return seen[int(rng.choice(len(seen), p=weights / weights.sum()))]


def drawn_stone(subject: Subject, rng: Generator, *, small_share: float, cuts: Sequence[str] = ()) -> Seen | None:
    """A stone in sight.

    Args:
        subject: The piece and its camera.
        rng: Draws it.
        small_share: Probability of a side stone where the piece has main and side stones.
        cuts: Cuts it may have; empty = any, pearls included.
    """
    stones = [each for each in in_sight(subject, StoneOrigin) if not cuts or stone_of(each.part).cut in cuts]
    if not stones:
        return None
    largest = max(girdle_mm(each.part) for each in stones)
    small = [each for each in stones if girdle_mm(each.part) < _SMALL * largest]
    main = [each for each in stones if each not in small]
    return drawn(small if small and rng.random() < small_share else main, rng)


def drawn_prong(subject: Subject, rng: Generator) -> Seen | None:
    """A claw that shows at least half as much as the one that shows most."""
    prongs = in_sight(subject, ProngOrigin)
    most = max((each.rays for each in prongs), default=0)
    return drawn([each for each in prongs if 2 * each.rays >= most], rng)


def stone_of(part: Part) -> StoneOrigin:
    """The origin of a stone.

    Raises:
        TypeError: The part was not made from one.
    """
    if not isinstance(part.origin, StoneOrigin):
        raise TypeError(f"{part.name} is not a stone")
    return part.origin


def girdle_mm(part: Part) -> float:
    """A stone's mean width at the girdle, mm."""
    length, width, _ = stone_of(part).size
    return length + width


def rays_on(sight: FirstHits, name: str) -> NDArray[np.bool_]:
    """(h, w) bool: rays that hit the part first, split by decals or not."""
    return sight.on(*(each for each in sight.names if base_name(each) == name))


def towards_camera(sight: FirstHits, name: str) -> Points:
    """(3,) unit vector from a part to the camera, from the surfaces around it and how far each is turned away.

    With n · d = facing at every hit, d is their least-squares solution.
    """
    on_part, struck = rays_on(sight, name), sight.shape >= 0
    if not struck.any():
        return np.array([0.0, 0.0, 1.0])
    if on_part.any():
        distance = np.linalg.norm(sight.point - sight.point[on_part].mean(axis=0), axis=-1)
        struck &= (distance < _NEAR_MM) | on_part
    normals, cosines = sight.normal[struck].astype(float), sight.facing[struck].astype(float)
    return unit(np.asarray(np.linalg.lstsq(normals, cosines, rcond=1e-3)[0]))


def remade(piece: Piece, part: Part) -> Piece:
    """The piece with a part in the place of the one of its name, under the decals that lay on that one."""
    old = [each for each in piece.parts.values() if base_name(each.name) == part.name]
    made = removed(piece, part.name).with_part(part)
    for decal in (each.decal for each in old if each.decal is not None):
        made = laid(made, decal, only=(part.name,))
    return made


def removed(piece: Piece, name: str) -> Piece:
    """The piece without a part, split by decals or not."""
    return piece.without(*(each for each in piece.parts if base_name(each) == name))


def _base_names(piece: Piece) -> set[str]:
    return {base_name(part.name) for part in piece.parts.values() if part.role is not Role.FOREIGN}
