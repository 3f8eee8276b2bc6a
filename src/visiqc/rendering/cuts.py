"""Cut stones: convex bodies between facet planes, with a girdle of half-width 1 at z = 0 and the table up.

Every cut fills the square -1..1 in x and y; a long one is stretched by the size it is set at, and its points lie on x.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

import numpy as np
from scipy.spatial import ConvexHull, HalfspaceIntersection

from visiqc.errors import InputError
from visiqc.rendering.mesh import Mesh, Points, face_normals, unit
from visiqc.rendering.surfaces import revolved, sphere

Plane = tuple[Points, float]
"""Outward normal (3,) and distance: the stone is where normal · x ≤ distance."""

_GIRDLE = 0.03
"""Half the girdle's thickness."""
_OUTLINE = 256
"""Points of an outline."""


def facet(azimuth_deg: float, tilt_deg: float, radius: float, height: float, *, up: bool = True) -> Plane:
    """The plane `tilt_deg` from level that faces an azimuth, through (radius, height) at that azimuth."""
    azimuth, tilt = np.deg2rad(azimuth_deg), np.deg2rad(tilt_deg)
    level, rise = np.sin(tilt), np.cos(tilt) if up else -np.cos(tilt)
    normal = np.array([level * np.cos(azimuth), level * np.sin(azimuth), rise])
    point = np.array([radius * np.cos(azimuth), radius * np.sin(azimuth), height])
    return normal, float(normal @ point)


def between(planes: Sequence[Plane]) -> Mesh:
    """The convex body between planes, with flat facets; the origin lies inside."""
    rows = np.array([[*normal, -distance] for normal, distance in planes])
    corners = np.unique(np.round(HalfspaceIntersection(rows, np.zeros(3)).intersections, 7), axis=0)
    hull = ConvexHull(corners)
    faces = hull.simplices.astype(np.int64)
    inward = (face_normals(corners, faces) * hull.equations[:, :3]).sum(axis=1) < 0
    faces[inward] = faces[inward][:, ::-1]
    return Mesh(corners, faces)


def brilliant(
    *, table: float = 0.57, crown_deg: float = 34.5, pavilion_deg: float = 40.8, sides: int = 64
) -> list[Plane]:
    """The round brilliant: 57 facets and a girdle of `sides` planes (Tolkowsky's angles by default)."""
    top = _GIRDLE + (1 - table) * np.tan(np.deg2rad(crown_deg))
    depth = np.tan(np.deg2rad(pavilion_deg)) + _GIRDLE
    planes: list[Plane] = [(np.array([0.0, 0.0, 1.0]), top), (np.array([0.0, 0.0, -1.0]), 0.985 * depth)]
    for k in range(8):
        planes += [facet(45 * k, crown_deg, 1, _GIRDLE), facet(45 * k, pavilion_deg, 1, -_GIRDLE, up=False)]
        planes.append(facet(22.5 + 45 * k, 21, table * np.cos(np.pi / 8), top))
    for k in range(16):
        azimuth = 11.25 + 22.5 * k
        planes += [facet(azimuth, 41, 1, _GIRDLE), facet(azimuth, 42, 1, -_GIRDLE, up=False)]
    planes += [facet(360 * (k + 0.5) / sides, 90, 1, 0) for k in range(sides)]
    return planes


def fancy(outline: Points, *, table: float = 0.57, sides: int = 96) -> list[Plane]:
    """The brilliant's facets over another outline.

    Each facet keeps its girdle and table lines of the round stone, as far out as the outline reaches at its azimuth;
    over an ellipse that is exactly the stretched brilliant.

    Args:
        outline: (N, 2) convex, about the origin, half-width 1 in y.
        table: Table width over girdle width.
        sides: Planes of the girdle.
    """
    ahead, behind = float(outline[:, 0].max()), float(-outline[:, 0].min())
    planes: list[Plane] = []
    for normal, distance in brilliant(table=table, sides=sides):
        level = normal[:2] / (ahead if normal[0] > 0 else behind, 1.0)
        size = np.linalg.norm(level)
        if size < 1e-9:
            planes.append((normal, distance))
            continue
        reach = float((outline @ (level / size)).max())
        bent = np.array([*(level / size * np.hypot(*normal[:2]) / reach), normal[2]])
        planes.append((bent / np.linalg.norm(bent), distance / float(np.linalg.norm(bent))))
    return planes


def stepped(stretch: float, corner: float) -> list[Plane]:
    """The emerald cut: an octagon of half-sizes `stretch` × 1 with three steps above and three below the girdle.

    Args:
        stretch: Length over width; 1 is the asscher.
        corner: What is cut off at each corner, along both sides, in half-widths.
    """
    reach = (stretch + 1 - corner) / np.sqrt(2)
    around = [(0, stretch), (90, 1.0), (180, stretch), (270, 1.0), *((45 + 90 * k, reach) for k in range(4))]
    planes = [facet(azimuth, 90, out, 0) for azimuth, out in around]
    for up, steps in ((True, ((46, 0.10), (37, 0.12), (27, 0.12))), (False, ((54, 0.3), (45, 0.32), (35, 0.38)))):
        inset, height = 0.0, _GIRDLE
        for tilt, run in steps:
            side = height if up else -height
            planes += [facet(azimuth, tilt, out - inset, side, up=up) for azimuth, out in around]
            inset, height = inset + run, height + run * np.tan(np.deg2rad(tilt))
        if up:
            planes.append((np.array([0.0, 0.0, 1.0]), float(height)))
    return planes


def princess() -> list[Plane]:
    """The square brilliant: a low crown of two steps over a pavilion of chevrons, its corners just broken."""
    planes: list[Plane] = [(np.array([0.0, 0.0, 1.0]), _GIRDLE + 0.21)]
    for k in range(4):
        side, corner = 90.0 * k, 90.0 * k + 45
        planes += [facet(side, 90, 1, 0), facet(corner, 90, 1.36, 0)]
        planes += [facet(side, 38, 1, _GIRDLE), facet(side, 24, 0.86, _GIRDLE + 0.11)]
        planes += [facet(corner, 28, 1.36, _GIRDLE), facet(side, 58, 1, -_GIRDLE, up=False)]
        for turn, tilt in ((13.0, 51.0), (24.0, 46.0), (34.0, 42.5)):
            planes += [facet(side + way * turn, tilt, 1.0, -_GIRDLE - 0.14, up=False) for way in (-1, 1)]
    return planes


def pear_outline() -> Points:
    """(N, 2): a round head of radius 1 about the origin whose sides run tangent into a point at x = 2."""
    head = np.linspace(np.pi / 2, 3 * np.pi / 2, 65)
    length = 2.0
    radius = (length**2 + 1) / 2
    side = np.linspace(0, np.arcsin(length / radius), 49)
    upper = np.stack([radius * np.sin(side), 1 - radius * (1 - np.cos(side))], axis=1)
    lower = upper[::-1] * (1, -1)
    return np.concatenate([np.stack([np.cos(head), np.sin(head)], axis=1), lower[::-1], upper[::-1]])


def marquise_outline() -> Points:
    """(N, 2): two arcs that meet in points at x = ±2."""
    radius = (2.0**2 + 1) / 2
    side = np.linspace(-1, 1, 97) * np.arcsin(2.0 / radius)
    upper = np.stack([radius * np.sin(side), 1 - radius * (1 - np.cos(side))], axis=1)
    return np.concatenate([upper, -upper])


def cushion_outline() -> Points:
    """(N, 2): a square with bowed sides and round corners."""
    angle = np.linspace(0, 2 * np.pi, 257)[:-1]
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([np.sign(c) * np.abs(c) ** (2 / 3.4), np.sign(s) * np.abs(s) ** (2 / 3.4)], axis=1)


def _squared(planes: Sequence[Plane], low: float, high: float) -> list[Plane]:
    """Planes of a stone that reaches from x = low to high, moved and pressed into -1..1."""
    half, middle = (high - low) / 2, (high + low) / 2
    squared = []
    for normal, distance in planes:
        pressed = normal * (half, 1.0, 1.0)
        size = float(np.linalg.norm(pressed))
        squared.append((pressed / size, (distance - float(normal[0]) * middle) / size))
    return squared


def _circle() -> Points:
    angle = np.linspace(0, 2 * np.pi, 721)[:-1]
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


CUTS: Mapping[str, Callable[[], list[Plane]]] = {
    "round": brilliant,
    "melee": partial(brilliant, sides=24),
    "oval": partial(brilliant, table=0.58, sides=96),
    "cushion": lambda: fancy(cushion_outline(), table=0.6),
    "pear": lambda: _squared(fancy(pear_outline()), -1, 2),
    "marquise": lambda: _squared(fancy(marquise_outline()), -2, 2),
    "princess": princess,
    "emerald": lambda: _squared(stepped(1.4, 0.32), -1.4, 1.4),
    "asscher": lambda: stepped(1.0, 0.5),
}
"""Facet planes of each faceted cut, by name."""

_CURVES: Mapping[str, Callable[[], Points]] = {
    **dict.fromkeys(("round", "melee", "oval", "cabochon", "pearl"), _circle),
    "cushion": cushion_outline,
    "pear": lambda: (pear_outline() - (0.5, 0.0)) / (1.5, 1.0),
    "marquise": lambda: marquise_outline() / (2.0, 1.0),
}
"""Outlines that are curves; the others' are the polygon of their girdle."""

PROPORTION: Mapping[str, float] = {"oval": 1.35, "pear": 1.5, "marquise": 2.0, "emerald": 1.4, "cushion": 1.08}
"""Length over width a cut is usually made in; 1 where not named."""


def _cabochon() -> Mesh:
    rise = np.linspace(0, np.pi / 2, 25)
    dome = np.stack([np.cos(rise) ** 0.85, 0.04 + 0.62 * np.sin(rise)], axis=1)
    dome[-1, 0] = 0.0
    return revolved([[0, -0.14], [0.9, -0.14], [1, -0.04], *dome], sides=96, crease_deg=30)


SMOOTH: Mapping[str, Callable[[], Mesh]] = {"cabochon": _cabochon, "pearl": partial(sphere, 1.0, steps=48)}
"""Stones without facets, by name: meshes with normals."""


@cache
def cut_stone(cut: str) -> Mesh:
    """The stone of a cut; kept, so its arrays must not be changed.

    Raises:
        InputError: No such cut.
    """
    if cut in SMOOTH:
        return SMOOTH[cut]()
    if cut not in CUTS:
        raise InputError(f"unknown cut {cut!r}; known are {', '.join(sorted([*CUTS, *SMOOTH]))}")
    return between(CUTS[cut]())


@cache
def outline(cut: str) -> Points:
    """The girdle seen from above.

    Returns:
        (256, 2) points at even steps, counter-clockwise from (1, 0), in the unit stone's frame.

    Raises:
        InputError: No such cut.
    """
    cut_stone(cut)
    around = _CURVES[cut]() if cut in _CURVES else _girdle_corners(cut)
    around = around[np.argsort(np.round(np.arctan2(around[:, 1], around[:, 0]), 9) % (2 * np.pi))]
    below, above = around[-1], around[0]
    start = below + (above - below) * below[1] / (below[1] - above[1])
    return evenly(np.concatenate([start[None], around]), _OUTLINE)


def _girdle_corners(cut: str) -> Points:
    flat = cut_stone(cut).vertices[:, :2]
    return np.asarray(flat[ConvexHull(flat).vertices])


def culet(cut: str) -> float:
    """Where along x the unit stone is deepest."""
    return -1 / 3 if cut == "pear" else 0.0


def evenly(loop: Points, count: int) -> Points:
    """(count, D) points at even steps along a loop of points, (N, D), that does not repeat its first."""
    closed = np.concatenate([loop, loop[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    steps = np.arange(count) / count * along[-1]
    return np.stack([np.interp(steps, along, column) for column in closed.T], axis=1)


@cache
def _crown_planes(cut: str) -> Points:
    mesh = cut_stone(cut)
    normals = unit(face_normals(mesh.vertices, mesh.faces))
    distance = (normals * mesh.vertices[mesh.faces[:, 0]]).sum(axis=1)
    up = normals[:, 2] > 1e-3
    return np.concatenate([normals[up], distance[up, None]], axis=1)


def crown_height(cut: str, x: float, y: float) -> float:
    """Height of the unit stone's upper surface above the girdle plane at (x, y)."""
    planes = _crown_planes(cut)
    return float(((planes[:, 3] - planes[:, 0] * x - planes[:, 1] * y) / planes[:, 2]).min())


def depth(cut: str) -> float:
    """How deep the unit stone reaches below its girdle plane."""
    return -float(cut_stone(cut).vertices[:, 2].min())
