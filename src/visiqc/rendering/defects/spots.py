"""Where on the metal that the camera sees a defect can sit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.random import Generator

from visiqc.rendering.defects.damage import Subject
from visiqc.rendering.hits import FirstHits
from visiqc.rendering.mesh import Mesh, Points, unit
from visiqc.rendering.piece import Piece, Role
from visiqc.vision.types import FloatArray, Mask

_FACING = 0.6
"""Least cosine towards the camera."""
_FEWEST = 40
"""Rays on metal below which nothing there would be seen."""
_INSIDE = 0.2
"""Weight of the inner side of a ring, which few look at, against the outer side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place on a part.

    Attributes:
        point: (3,) mm.
        normal: (3,) unit, out of the surface.
        part: The part's name.
        room: How far around it such metal is seen, mm.
    """

    point: Points
    normal: Points
    part: str
    room: float = np.inf


Preference = Callable[[Subject, float], FloatArray]
"""From the subject and the rays' spacing in mm: (h, w) weights of the rays' places, 0 to 1."""


def find(subject: Subject, radius_mm: float, rng: Generator, *, prefer: Preference | None = None) -> Spot | None:
    """A place on bare metal that the camera looks at, with `radius_mm` of such metal around it where there is any.

    Args:
        subject: The piece and what the camera sees of it.
        radius_mm: Of the defect.
        rng: Where the place is drawn from.
        prefer: What kind of place is likelier; None = any.

    Returns:
        The place; None where hardly any metal is seen.
    """
    sight, metal = subject.sight, bare_metal(subject.piece)
    seen = sight.on(*metal) & (sight.facing >= _FACING)
    seen[[0, -1]] = seen[:, [0, -1]] = False
    if seen.sum() < _FEWEST:
        return None
    step = spacing(sight, seen)
    room = step * cv2.distanceTransform(seen.astype(np.uint8), cv2.DIST_L2, 3)[seen]
    weights = np.where(room >= min(radius_mm, float(np.quantile(room, 0.8))), sight.facing[seen] ** 2, 0)
    weights *= np.where(_outer(subject.piece, sight.point[seen], sight.normal[seen]), 1, _INSIDE)
    if prefer is not None:
        weights *= prefer(subject, step)[seen]
    chosen = int(rng.choice(len(weights), p=weights / weights.sum()))
    row, column = np.argwhere(seen)[chosen]
    return replace(spot_at(sight, int(row), int(column)), room=float(room[chosen]))


def spot_at(sight: FirstHits, row: int, column: int) -> Spot:
    """The place that a ray hits."""
    return Spot(
        point=sight.point[row, column].astype(float),
        normal=unit(sight.normal[row, column].astype(float)),
        part=sight.names[sight.shape[row, column]],
    )


def bare_metal(piece: Piece) -> tuple[str, ...]:
    """Names of the metal parts that carry no decal yet."""
    return tuple(part.name for part in piece.of(Role.METAL) if part.decal is None)


def spacing(sight: FirstHits, seen: Mask) -> float:
    """Median distance between neighbouring rays on what is seen, mm."""
    both = seen[::2, 1:] & seen[::2, :-1]
    across = np.linalg.norm(sight.point[::2, 1:][both] - sight.point[::2, :-1][both], axis=1)
    return float(np.median(across)) if len(across) else 0.05


def _outer(piece: Piece, points: FloatArray, normals: FloatArray) -> Mask:
    bounds = [part.mesh.bounds for part in piece.of(Role.METAL)]
    low, high = np.min([low for low, _ in bounds], axis=0), np.max([high for _, high in bounds], axis=0)
    away = points - ((low + high) / 2).astype(np.float32)
    return np.asarray(np.einsum("ij,ij->i", away, normals) > 0)


def at_edges(subject: Subject, step: float) -> FloatArray:
    """Weights of rays' places by how much the metal curves there: corners, rims, claws."""
    metal = subject.sight.on(*bare_metal(subject.piece)).astype(np.float32)
    sigma = max(0.25 / step, 1.0)
    mean = cv2.GaussianBlur(subject.sight.normal * metal[..., None], (0, 0), sigma)
    share = cv2.GaussianBlur(metal, (0, 0), sigma)
    bent = np.clip(1 - np.linalg.norm(mean, axis=2) / np.maximum(share, 1e-3), 0, 1)
    top = float(np.quantile(bent[metal > 0], 0.95)) if metal.any() else 1.0
    return np.asarray(0.002 + np.clip(bent / max(top, 1e-6), 0, 1) ** 2, np.float32)


def at_stones(subject: Subject, step: float) -> FloatArray:
    """Weights of rays' places by how near a stone lies, where compound and dirt lodge."""
    stones = subject.sight.on(*(part.name for part in subject.piece.of(Role.STONE, Role.PEARL)))
    return _beside(stones, step, reach_mm=0.9)


def at_joints(subject: Subject, step: float) -> FloatArray:
    """Weights of rays' places by how near two metal parts meet, where they are soldered."""
    metal = subject.sight.on(*(part.name for part in subject.piece.of(Role.METAL)))
    base, joints = subject.sight.base_shape(), np.zeros(metal.shape, bool)
    for here, there in (((slice(1, None), ...), (slice(-1), ...)), ((..., slice(1, None)), (..., slice(-1)))):
        joints[here] |= metal[here] & metal[there] & (base[here] != base[there])
    return _beside(joints, step, reach_mm=0.6)


def _beside(places: Mask, step: float, *, reach_mm: float) -> FloatArray:
    if not places.any():
        return np.ones(places.shape, np.float32)
    away = step * cv2.distanceTransform((~places).astype(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(0.001 + np.exp(-((away / reach_mm) ** 2)), np.float32)


def least_curved(mesh: Mesh, spot: Spot, *, within_mm: float = 1.2) -> Points:
    """The direction (3,) on the surface along which it curves least: along a shank, a claw, a wire."""
    near = np.linalg.norm(mesh.vertices - spot.point, axis=1) < within_mm
    if mesh.normals is None or near.sum() < 8:
        return unit(np.cross(spot.normal, [0.31, 0.87, 0.38]))
    normals = mesh.normals[near]
    normals = normals[normals @ spot.normal > 0.3]
    across = normals - np.outer(normals @ spot.normal, spot.normal)
    # the surface's own normal is made the largest direction, so that the least lies in the surface
    spread = across.T @ across + len(across) * np.outer(spot.normal, spot.normal)
    least = np.linalg.eigh(spread)[1][:, 0]
    return unit(least - spot.normal * (least @ spot.normal))
