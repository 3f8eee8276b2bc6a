"""Pieces of a few parts and what a camera sees of them, without a renderer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.random import Generator

from visiqc.rendering.decals import CHART, Decal, Overlay
from visiqc.rendering.defects.damage import Subject
from visiqc.rendering.design import Design, Look
from visiqc.rendering.hits import FirstHits
from visiqc.rendering.mesh import Points, face_normals, facing, frame_of, unit
from visiqc.rendering.piece import LinkOrigin, Part, Piece, ProngOrigin, Role, StoneOrigin, View, laid, piece_of
from visiqc.rendering.surfaces import bezier, sphere

FROM_ABOVE = (0.0, -0.45, 1.0)
"""Direction to the camera."""


def a_stone(name: str = "centre.stone", *, radius: float = 2.0, at: tuple[float, float, float] = (0, 0, 2)) -> Part:
    origin = StoneOrigin(cut="round", size=(radius, radius, radius), seat=frame_of(shift=at))
    return Part(name=name, mesh=origin.mesh(), role=Role.STONE, group="centre", gem="ruby", origin=origin)


def a_prong(number: int = 0, *, azimuth_deg: float = 0.0) -> Part:
    out = np.array([np.cos(np.deg2rad(azimuth_deg)), np.sin(np.deg2rad(azimuth_deg)), 0.0])
    up = np.array([0.0, 0.0, 1.0])
    foot, girdle, tip = out * 1.4, out * 2.15 + 2 * up, out * 1.6 + 2.7 * up
    path = np.concatenate([np.linspace(foot, girdle, 10), bezier([girdle, girdle + 0.6 * up, tip], 10)[1:]])
    origin = ProngOrigin(path=path, radii=np.full(len(path), 0.25), girdle=9, outward=out, stone="centre.stone")
    return Part(name=f"centre.prong{number}", mesh=origin.mesh(), group="centre", origin=origin)


def a_link(name: str = "link1") -> Part:
    origin = LinkOrigin(radius=1.2, wire=0.25, stretch=1.4, place=frame_of(shift=(5, 0, 0.25)))
    return Part(name=name, mesh=origin.mesh(), group="chain", origin=origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainShape:
    """A stone in three prongs beside a link, and a disc that may be engraved."""

    text: str = ""
    clasp: str = ""

    @classmethod
    def draw(cls, rng: Generator) -> Self:
        return cls()

    def build(self, look: Look) -> Piece:
        parts = [a_stone(), *(a_prong(k, azimuth_deg=90 + 120 * k) for k in range(3)), a_link()]
        if self.text:
            parts.append(Part(name="plate", mesh=sphere(3.0, steps=14).moved((-8, 0, 0)), group="plate"))
        if self.clasp:
            width = {"lobster": 1.0, "toggle": 0.8, "spring_ring": 0.6}[self.clasp]
            parts.append(Part(name="clasp", mesh=sphere(width, steps=8).moved((9, 0, 1)), group="clasp"))
        piece = piece_of(parts, view=View())
        return laid(piece, an_engraving(self.text), only=("plate",)) if self.text else piece


def an_engraving(text: str) -> Decal:
    """A bar for each letter, as long as the letter is late in the alphabet."""
    weight = np.zeros((CHART, CHART), np.float32)
    for place, letter in enumerate(text):
        weight[200 : 300 + 20 * (ord(letter) - 64), 100 + 200 * place : 200 + 200 * place] = 1
    return Decal(
        name="engraving",
        centre=np.array([-8.0, 0.0, 3.0]),
        normal=np.array([0.0, 0.0, 1.0]),
        across=np.array([1.0, 0.0, 0.0]),
        size_mm=3.0,
        weight=weight,
        overlay=Overlay(),
        footprint=np.zeros((CHART, CHART), bool),
    )


def a_design(**fields: Any) -> Design:
    return Design(family="plain", look=Look(metal="gold18"), shape=PlainShape(**fields))


def a_subject(piece: Piece | None = None, *, design: Design | None = None, side: int = 96) -> Subject:
    design = design or a_design()
    piece = piece or design.build()
    return Subject(design=design, piece=piece, sight=sight_of(piece, side=side))


def sight_of(piece: Piece, *, towards: tuple[float, float, float] = FROM_ABOVE, side: int = 96) -> FirstHits:
    """First hits of parallel rays, side × side of them over (-11..11) mm, by a depth buffer; void parts are unseen."""
    axes = facing(towards, (1, 0, 0))
    depth, shape = np.full((side, side), -np.inf), np.full((side, side), -1, np.int32)
    uv = np.zeros((side, side, 2), np.float32)
    normal = np.zeros((side, side, 3), np.float32)
    seen = [part for part in piece.parts.values() if part.role is not Role.AIR]
    for number, part in enumerate(seen):
        flat = unit(face_normals(part.mesh.vertices, part.mesh.faces))
        local = part.mesh.vertices @ axes
        for face, corners in enumerate(part.mesh.faces):
            if flat[face] @ axes[:, 2] <= 0:
                continue
            rows, columns, weights = _covered(local[corners, :2], side)
            here = weights @ local[corners, 2]
            nearer = here > depth[rows, columns]
            rows, columns, weights = rows[nearer], columns[nearer], weights[nearer]
            depth[rows, columns], shape[rows, columns] = here[nearer], number
            normal[rows, columns] = flat[face]
            if part.mesh.uv is not None:
                uv[rows, columns] = weights @ part.mesh.uv[corners]
    x, y = _grid(side)
    point = np.stack([x, y, np.where(np.isfinite(depth), depth, 0)], axis=-1) @ axes.T
    return FirstHits(
        names=tuple(part.name for part in seen),
        shape=shape,
        point=point.astype(np.float32),
        normal=normal,
        facing=(normal @ axes[:, 2]).astype(np.float32),
        uv=uv,
        per_pixel=2,
    )


def resighted(subject: Subject, piece: Piece) -> FirstHits:
    """The same rays on another piece."""
    return sight_of(piece, side=subject.sight.shape.shape[0])


def _grid(side: int) -> tuple[Points, Points]:
    at = ((np.arange(side) + 0.5) / side - 0.5) * 22.0
    x, y = np.meshgrid(at, -at)
    return x, y


def _covered(corners: Points, side: int) -> tuple[Any, Any, Points]:
    """Rows, columns and barycentric weights of the rays through a triangle."""
    (ax, ay), (bx, by), (cx, cy) = corners
    low, high = corners.min(axis=0), corners.max(axis=0)
    step = 22.0 / side
    first, last = int(np.floor((low[0] + 11) / step - 0.5)), int(np.ceil((high[0] + 11) / step - 0.5))
    top, bottom = int(np.floor((11 - high[1]) / step - 0.5)), int(np.ceil((11 - low[1]) / step - 0.5))
    columns, rows = np.meshgrid(
        np.arange(max(first, 0), min(last + 1, side)), np.arange(max(top, 0), min(bottom + 1, side))
    )
    x, y = (columns + 0.5) * step - 11, 11 - (rows + 0.5) * step
    area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    if abs(area) < 1e-12 or not columns.size:
        return np.zeros(0, int), np.zeros(0, int), np.zeros((0, 3))
    second = ((x - ax) * (cy - ay) - (cx - ax) * (y - ay)) / area
    third = ((bx - ax) * (y - ay) - (x - ax) * (by - ay)) / area
    weights = np.stack([1 - second - third, second, third], axis=-1)
    inside = (weights >= -1e-9).all(axis=-1)
    return rows[inside], columns[inside], weights[inside]
