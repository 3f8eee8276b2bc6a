"""Marks that every honest photo has and no inspector minds: dust, lint, wiping hairlines, a fingerprint's grease."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from visiqc.rendering.decals import CHART, Decal, Overlay, directions
from visiqc.rendering.defects.fibres import LINT, Surface, fibre, walked
from visiqc.rendering.defects.spots import Spot, spot_at
from visiqc.rendering.defects.textures import Canvas
from visiqc.rendering.hits import CARD, GROUND, STAND, FirstHits
from visiqc.rendering.mesh import Mesh, frame_of, joined
from visiqc.rendering.noise import octaves
from visiqc.rendering.piece import Part, Piece, Role, laid
from visiqc.rendering.surfaces import sphere
from visiqc.vision.types import Mask

_NEAR_MM = 6.0
"""Dust on the ground lies within this distance of the piece's bounds; farther out it only costs."""
_RIDGE_MM = 0.46
"""Between the ridges of a fingertip."""
_FACING = 0.4


def dirt(piece: Piece, sight: FirstHits, rng: Generator, amount: float) -> Piece:
    """The piece with harmless marks on it and beside it; none has a footprint.

    Lay it after the defect: a decal takes only metal that carries none yet. It draws the same for equal `sight`.

    Args:
        piece: Good or damaged.
        sight: First hits on the good piece.
        rng: What is drawn.
        amount: 0 = just cleaned, 1 = a day on the bench.
    """
    if amount <= 0:
        return piece
    # Told by what the camera sees, not by `piece`: a damaged piece must get the very marks of its good twin.
    own = sight.on(*(name for name in sight.names if name not in {GROUND, STAND, CARD}))
    beside = _beside(sight, own)
    specks = _dust(sight, own, rng, 2 + 10 * amount) + _dust(sight, beside, rng, 3 + 14 * amount)
    fibres = _fibres(sight, own, rng, 0.7 * amount) + _fibres(sight, beside, rng, 2 * amount)
    lint = LINT[int(rng.integers(len(LINT)))]
    for name, meshes, colour in (("dust0", specks, LINT[0]), ("fibre0", fibres, lint)):
        if meshes:
            made = Part(name=name, mesh=joined(meshes), role=Role.FOREIGN, group="dust", colour=colour)
            piece = piece.with_part(made)
    for lay, likely in ((_micro, 0.5 + 0.5 * amount), (_fingerprint, 0.35 * amount)):
        spot, wanted = _drawn(sight, own & (sight.facing > 0.6), rng), rng.random() < likely
        decal = lay(spot, rng, amount) if spot is not None else None
        if decal is not None and wanted:
            piece = laid(piece, decal)
    return piece


def _beside(sight: FirstHits, own: Mask) -> Mask:
    if not own.any():
        return own
    low, high = sight.point[own].min(axis=0), sight.point[own].max(axis=0)
    flat = sight.point[..., :2]
    near = np.all((flat > low[:2] - _NEAR_MM) & (flat < high[:2] + _NEAR_MM), axis=-1)
    return np.asarray(sight.on(GROUND) & near & (np.abs(sight.point[..., 2]) < 0.05))


def _drawn(sight: FirstHits, where: Mask, rng: Generator) -> Spot | None:
    places = np.flatnonzero(where)
    if not len(places):
        return None
    row, column = divmod(int(rng.choice(places)), where.shape[1])
    return spot_at(sight, row, column)


def _dust(sight: FirstHits, where: Mask, rng: Generator, mean: float) -> list[Mesh]:
    """Specks, which lie where the surface looks up."""
    lying, meshes = where & (sight.normal[..., 2] > 0.25), []
    for _ in range(rng.poisson(mean)):
        spot = _drawn(sight, lying, rng)
        radii = rng.uniform(0.013, 0.033) * rng.uniform(0.6, 1.4, 3)
        turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
        if spot is not None:
            place = frame_of(turn * radii, spot.point + 0.7 * radii.min() * spot.normal)
            meshes.append(sphere(1.0, steps=6).placed(place))
    return meshes


def _fibres(sight: FirstHits, where: Mask, rng: Generator, mean: float) -> list[Mesh]:
    points, normals = sight.point[where].astype(float), sight.normal[where].astype(float)
    meshes = []
    for _ in range(rng.poisson(mean)):
        spot, length = _drawn(sight, where & (sight.facing > _FACING), rng), rng.uniform(0.4, 1.8)
        radius, turn = rng.uniform(0.0075, 0.014), rng.uniform(0, 360)
        if spot is None:
            continue
        near = np.linalg.norm(points - spot.point, axis=1) < length
        surface = Surface(points[near], normals[near])
        line, up = walked(surface, spot, directions(spot.normal, turn), length, steps=16)
        meshes.append(fibre(line, up, radius, rng, lift_mm=0.06 * length))
    return meshes


def _micro(spot: Spot, rng: Generator, amount: float) -> Decal:
    """Hairlines of a wiping cloth, which only a highlight shows."""
    size, picture = rng.uniform(4.0, 7.0), np.zeros((CHART, CHART), np.uint8)
    main = rng.uniform(0, np.pi)
    for _ in range(rng.integers(12, 40)):
        angle, length = main + rng.normal(0, 0.5), rng.uniform(0.05, 0.35) * CHART
        t = np.linspace(-0.5, 0.5, 9)
        bend = rng.normal(0, 0.12) * length * t * t
        u = rng.uniform(0.1, 0.9) * CHART + length * t * np.cos(angle) - bend * np.sin(angle)
        v = rng.uniform(0.1, 0.9) * CHART + length * t * np.sin(angle) + bend * np.cos(angle)
        line = np.round(16 * np.stack([u, v], axis=1)).astype(np.int32)
        shade, wide = int(rng.integers(60, 255)), int(rng.integers(1, 3))
        cv2.polylines(picture, [line], isClosed=False, color=shade, thickness=wide, lineType=cv2.LINE_AA, shift=4)
    weight = picture.astype(np.float32) / 255 * np.float32(0.16 + 0.26 * amount)
    return _harmless("micro", spot, _faint(size, weight), Overlay(roughness=0.12))


def _fingerprint(spot: Spot, rng: Generator, amount: float) -> Decal:
    """The whorl of a fingertip in thin grease."""
    size = rng.uniform(5.0, 7.0)
    axis = (((np.arange(CHART) + 0.5) / CHART - 0.5) * size).astype(np.float32)
    u, v = axis[None], axis[:, None]
    turn = rng.uniform(0, 2 * np.pi)
    u, v = u * np.cos(turn) + v * np.sin(turn), v * np.cos(turn) - u * np.sin(turn)
    far = np.hypot(u + 0.25 * np.float32(size), 0.8 * v) + 0.07 * octaves(rng, CHART, cells=4, count=4)
    ridges = np.clip(0.45 + 0.7 * np.sin(2 * np.pi / _RIDGE_MM * far), 0, 1)
    area = np.clip(2.3 - 2 * np.hypot(u / (0.34 * size), v / (0.42 * size)), 0, 1)
    patches = np.clip(0.75 + 0.4 * octaves(rng, CHART, cells=8, count=4), 0, 1.2)
    weight = np.float32(0.14 + 0.2 * amount) * area * patches * (0.35 + 0.65 * ridges)
    overlay = Overlay(roughness=0.3, lab_shift=(-2.0, 0.0, 0.5))
    return _harmless("fingerprint", spot, _faint(size, weight), overlay)


def _faint(size_mm: float, weight: NDArray[np.floating]) -> Canvas:
    canvas = Canvas(size_mm)
    canvas.weight += weight.astype(np.float32)
    return canvas


def _harmless(name: str, spot: Spot, canvas: Canvas, overlay: Overlay) -> Decal:
    texture = canvas.texture()
    return Decal(
        name=name,
        centre=spot.point,
        normal=spot.normal,
        across=directions(spot.normal, 0.0),
        size_mm=canvas.size_mm,
        weight=texture.weight,
        overlay=overlay,
        footprint=texture.footprint,
    )
