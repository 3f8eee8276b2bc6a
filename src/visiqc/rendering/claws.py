"""Claws: where they stand round a stone, the way they take over its crown, and the basket that ties them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from visiqc.errors import InputError
from visiqc.rendering.cuts import crown_height, culet, depth, evenly, outline
from visiqc.rendering.mesh import Frame, Mesh, Points, joined, unit
from visiqc.rendering.piece import ProngOrigin
from visiqc.rendering.surfaces import bezier, revolved, tube

_CORNERS: Mapping[str, int] = {"princess": 4, "emerald": 4, "asscher": 4, "pear": 1, "marquise": 2}
"""Corners or points of a cut, each of which needs a claw."""
_MOST_PRONGS = 12
RAIL = 0.44
"""How deep the upper rail runs, share of the basket's depth."""
_FOOT = 0.5
"""Where the claws stand on the base, share of the stone's half-width."""


def head_depth(cut: str, *, length: float, width: float) -> float:
    """How far the basket of a claw setting reaches below the girdle, mm; its base lies `base_height` deeper."""
    half = min(length, width) / 2
    return half * max(0.8, depth(cut) + 0.08) + 0.2


def base_height(*, length: float, width: float) -> float:
    """Height in mm of the foot below the basket that a claw setting is soldered on."""
    return min(1.0, 0.25 + 0.16 * min(length, width))


def neck_radius(*, length: float, width: float, prong_radius: float) -> float:
    """Radius of the foot's lower end, mm."""
    return 0.8 * (_FOOT * min(length, width) / 2 + 0.9 * prong_radius)


def prong_places(cut: str, prongs: int) -> list[int]:
    """Points of `outline(cut)` at which claws stand: on every corner, the others spread between them."""
    points = outline(cut)
    corners = _corner_points(cut)
    if not corners:
        return [round(len(points) * (k + 0.5) / prongs) % len(points) for k in range(prongs)]
    sides = [side for side in (0, 2, 1, 3) if side < len(corners)]
    between = [0] * len(corners)
    for k in range(prongs - len(corners)):
        between[sides[k % len(sides)]] += 1
    places: list[int] = []
    for start, end, claws in zip(corners, corners[1:] + corners[:1], between, strict=True):
        span = (end - start) % len(points) or len(points)
        places += [(start + round(span * step / (claws + 1))) % len(points) for step in range(claws + 1)]
    return places


def _corner_points(cut: str) -> list[int]:
    points, count = outline(cut), _CORNERS.get(cut, 0)
    if count < 4:
        return [len(points) * k // count for k in range(count)]
    diagonals = (points @ np.array(way) for way in ((1, 1), (-1, 1), (-1, -1), (1, -1)))
    outermost = (np.flatnonzero(along > along.max() - 1e-6) for along in diagonals)
    return [int(top[len(top) // 2]) for top in outermost]


def check_prongs(cut: str, prongs: int, prong_radius: float, *, length: float, width: float) -> None:
    """Refuse claws that do not hold the stone or have no room.

    Raises:
        InputError: Fewer claws than hold the cut, or more than stand beside one another.
    """
    fewest = max(3, _CORNERS.get(cut, 0))
    if not fewest <= prongs <= _MOST_PRONGS:
        raise InputError(
            f"impossible geometry: {prongs} claws on a stone cut {cut}; it takes {fewest} to {_MOST_PRONGS}"
        )
    around = float(np.linalg.norm(np.diff(outline(cut) * (length / 2, width / 2), axis=0), axis=1).sum())
    if prongs * 2.6 * prong_radius > around:
        raise InputError(
            f"impossible geometry: {prongs} claws of {2 * prong_radius:.2f} mm stand side by side on a girdle of "
            f"{around:.1f} mm; use fewer or thinner ones"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClawSetting:
    """The measures of a claw setting, in the stone's frame."""

    cut: str
    length: float
    width: float
    prong_radius: float
    base: bool
    outset: float

    @property
    def half(self) -> float:
        """Half the stone's narrower size, mm."""
        return min(self.length, self.width) / 2

    @property
    def below(self) -> float:
        """How far the basket reaches below the girdle, mm."""
        return head_depth(self.cut, length=self.length, width=self.width)

    @property
    def rim(self) -> Points:
        """(256, 2) the girdle's outline, mm."""
        return outline(self.cut) * (self.length / 2, self.width / 2)

    @property
    def middle(self) -> Points:
        """(2,) what the claws run together to: below the stone's deepest point."""
        return np.array([culet(self.cut) * self.length / 2, 0.0])

    def scale(self, height: float) -> Points:
        """(2,) how far in the claws stand at a height below the girdle, share of the outline in x and y."""
        sunk = min(-height / self.below, 1.0)
        foot = _FOOT * self.half / (np.array([self.length, self.width]) / 2) if self.base else np.full(2, 0.62)
        return np.asarray(1 - (1 - foot) * sunk**1.15)

    def claw(self, at: int, *, stone: str, place: Frame) -> ProngOrigin:
        """The claw at a point of the outline."""
        rim, radius = self.rim, self.prong_radius
        tangent = rim[(at + 3) % len(rim)] - rim[at - 3]
        out = unit(np.array([tangent[1], -tangent[0]]))
        rise = np.linspace(-self.below, 0, 24)
        level = np.array([self.middle + (rim[at] - self.middle) * self.scale(height) for height in rise])
        level += out * (self.outset * radius * np.linspace(0, 1, 24)[:, None] ** 0.5)
        lower = np.concatenate([level, rise[:, None]], axis=1)
        path = np.concatenate([lower, self._over_crown(rim[at], out)])
        radii = radius * np.interp(np.linspace(0, 1, len(path)), [0, 0.5, 0.8, 1], [1.12, 1.0, 0.96, 0.85])
        ends = path @ place[:3, :3].T + place[:3, 3]
        return ProngOrigin(path=ends, radii=radii, girdle=23, outward=place[:3, :3] @ [*out, 0.0], stone=stone)

    def _over_crown(self, foot: Points, out: Points) -> Points:
        """(23, 3) from beside the girdle over the crown's edge to the tip that lies on the crown."""
        radius = self.prong_radius
        reach = min(max(1.3 * radius, 0.2 * self.half), 0.55 * self.half)
        inside = foot - out * reach
        unit_xy = inside / (self.length / 2, self.width / 2)
        crown = self.half * crown_height(self.cut, float(unit_xy[0]), float(unit_xy[1]))
        beside, edge = foot + out * self.outset * radius, 0.04 * self.half
        control = [
            [*beside, 0.0],
            [*(beside + out * 0.05 * radius), edge + 0.7 * radius],
            [*(foot + out * 0.1 * radius), edge + 1.25 * radius],
            [*inside, crown + 0.5 * radius],
        ]
        return bezier(control, 24)[1:]

    def basket(self) -> Mesh:
        """The rails that tie the claws, and the foot they stand in."""
        rails = [self._rail(RAIL, 0.8), self._rail(0.8 if self.base else 1.0, 0.9)]
        if self.base:
            rails.append(self._foot())
        return joined(rails)

    def _rail(self, sunk: float, share: float) -> Mesh:
        height = -sunk * self.below
        loop = evenly(self.middle + (self.rim - self.middle) * self.scale(height), 160)
        path = np.concatenate([loop, loop[:1]])
        flat = tube(
            np.concatenate([path, np.full((161, 1), height)], axis=1), share * self.prong_radius, sides=16, closed=True
        )
        return Mesh(flat.vertices, flat.faces, flat.normals)

    def _foot(self) -> Mesh:
        top, low = -self.below, -self.below - base_height(length=self.length, width=self.width)
        neck = neck_radius(length=self.length, width=self.width, prong_radius=self.prong_radius)
        wide = neck / 0.8
        profile = [[0, low], [neck, low], [0.92 * neck, low + 0.35 * (top - low)], [wide, top - 0.02 * self.half]]
        profile += [[wide, top + 0.12], [wide - 0.12, top + 0.16], [0.7 * wide, top + 0.1], [0, top - 0.1]]
        return revolved(profile, sides=96, crease_deg=38).moved((*self.middle, 0.0))
